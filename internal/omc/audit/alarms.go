package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// checkActions wants each alarm to do something, and to say when it is over. An alarm
// that only feeds a composite one, or holds its actions back, need not.
func (w *World) checkActions(r *report) {
	fed := w.feeding()
	for a := range w.alarms {
		switch {
		case a.actions.Disabled:
			r.add(a.subject(), "actions-disabled", "its actions are switched off: it tells nobody", "aws cloudwatch enable-alarm-actions --alarm-names '"+a.name+"'")
		case len(a.actions.Alarm) == 0 && fed[a.name]:
		case len(a.actions.Alarm) == 0:
			r.add(a.subject(), "no-actions", "it has no action when it goes off: it tells nobody", "give it a topic, or delete it")
		case len(a.actions.OK) == 0 && slices.ContainsFunc(a.actions.Alarm, isTopic):
			r.add(a.subject(), "no-ok-actions", "it tells when it goes off and never that it is over", "give it the topic as OK action, too")
		}
	}
}

// feeding returns the names of alarms that reach somebody through a composite with
// actions, at once or through composites between, or that hold actions of one back.
func (w *World) feeding() map[string]bool {
	rules := map[string]evaluate.Rule{}
	var open []string
	names := map[string]bool{}
	feed := func(reference string) {
		if name := evaluate.NameOf(reference); name != "" && !names[name] {
			names[name] = true
			open = append(open, name)
		}
	}
	watch := func(rule evaluate.Rule) {
		for _, reference := range rule.Alarms {
			feed(reference)
		}
	}
	for _, c := range w.Composites {
		rules[c.Name], _ = evaluate.ParseRule(c.AlarmRule) // checkComposites says what is wrong
		feed(c.ActionsSuppressor)
		if len(c.Actions.Alarm) > 0 && !c.Actions.Disabled {
			watch(rules[c.Name])
		}
	}
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		watch(rules[name])
	}
	return names
}

// checkStates wants no alarm in ALARM, and none that has lacked data for longer than it
// looks back.
func (w *World) checkStates(r *report) {
	for a := range w.alarms {
		lasted := w.Now.Sub(a.Since)
		if a.Evaluation != "" {
			r.add(a.subject(), "evaluation", "CloudWatch does not evaluate it as it should, "+a.Evaluation+because(a.Reason), "correct its definition; with EVALUATION_FAILURE, which is CloudWatch's own, look again later")
		}
		since := fmt.Sprintf("since %s (%s)", a.Since.UTC().Format("2006-01-02 15:04 MST"), span(lasted))
		switch {
		case a.State == cloudwatch.InAlarm:
			r.add(a.subject(), "in-alarm", "it is in ALARM "+since+because(a.Reason), "do what its description says first; when nobody has to act, change the threshold: an alarm that is always on hides the next trouble")
		case a.State == cloudwatch.InsufficientData && lasted > a.window:
			r.add(a.subject(), "insufficient-data", "it is in INSUFFICIENT_DATA "+since+because(a.Reason), "find out why its metric has no data: until then it cannot go off")
		}
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// span writes a length of time in its largest unit: "3 days".
func span(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / unit.size; n == 1 {
			return "1 " + unit.name
		} else if n > 1 {
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return "less than a minute"
}

// checkDuplicates wants no two alarms that go off together, always.
func (w *World) checkDuplicates(r *report) {
	first := map[string]string{}
	same := func(name, what string) {
		other, exists := first[what]
		if !exists {
			first[what] = name
			return
		}
		if strings.HasPrefix(name, w.Prefix) || strings.HasPrefix(other, w.Prefix) {
			r.add("alarm "+name, "duplicate", "it goes off exactly when "+other+" does", "delete one of them")
		}
	}
	for _, a := range w.Metrics {
		same(a.Name, condition(a.MetricAlarm))
	}
	for _, a := range w.Composites {
		same(a.Name, "rule "+a.AlarmRule)
	}
}

// condition writes when an alarm goes off, so that alarms can be compared.
func condition(a cloudwatch.MetricAlarm) string {
	a.Queries = slices.Clone(a.Queries)
	for i := range a.Queries {
		q := &a.Queries[i]
		q.Label, q.Metric.Label, q.Unit, q.Metric.Unit = "", "", "", ""
		q.Metric.Dimensions = sortedDimensions(q.Metric.Dimensions)
	}
	if a.DatapointsToAlarm == 0 {
		a.DatapointsToAlarm = a.EvaluationPeriods
	}
	text, _ := json.Marshal([]any{ // it has no type that JSON lacks
		a.Queries, a.ThresholdMetricID, a.Threshold, a.ComparisonOperator, a.EvaluationPeriods, a.DatapointsToAlarm,
		missing(a), a.EvaluateLowSampleCountPercentile, a.WallClock,
	})
	return string(text)
}

func missing(a cloudwatch.MetricAlarm) cloudwatch.MissingData {
	if a.TreatMissingData == "" {
		return cloudwatch.Missing
	}
	return a.TreatMissingData
}

// checkComposites wants the alarms that composite ones name to be there.
func (w *World) checkComposites(r *report) {
	for a := range w.composites {
		subject := "alarm " + a.Name
		rule, err := evaluate.ParseRule(a.AlarmRule)
		if err != nil {
			r.add(subject, "rule", "its rule cannot be read: "+err.Error(), "correct the rule: "+a.AlarmRule)
		}
		for _, reference := range rule.Alarms {
			if !w.index.names[evaluate.NameOf(reference)] {
				r.add(subject, "missing-alarm", "its rule names "+reference+", which does not exist: that part never holds", "create the alarm, or take it out of the rule")
			}
		}
		if s := a.ActionsSuppressor; s != "" && !w.index.names[evaluate.NameOf(s)] {
			r.add(subject, "missing-alarm", "its suppressor "+s+" does not exist", "create the alarm, or take the suppressor out")
		}
	}
}

// checkOthers says which alarms were not judged. Their actions and states were.
func (w *World) checkOthers(r *report) {
	for a := range w.others {
		r.note("alarm %s is a %s: whether its query finds anything was not looked into", a.Name, a.Type)
	}
	for a := range w.metrics {
		if len(a.Unread) > 0 {
			r.note("alarm %s has %s: what that does was not looked into", a.Name, strings.Join(a.Unread, " and "))
		}
	}
}
