package alarmtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Mutant is an alarm with one thing changed, and whether a scenario tells the
// difference: whether somebody would notice if the alarm were wrong.
type Mutant struct {
	// Alarm is the alarm's key.
	Alarm string
	// Field is what was changed, with CloudWatch's name: Threshold, Period,
	// EvaluationPeriods, DatapointsToAlarm or TreatMissingData of a metric alarm; AlarmRule,
	// ActionsSuppressor, ActionsSuppressorWaitPeriod or ActionsSuppressorExtensionPeriod of a
	// composite one, or of one that sends the messages of another.
	Field string
	// From and To say what it was and what it is.
	From, To string
	// NoticedBy is a scenario that fails. Default: none does.
	NoticedBy string
}

// Mutate changes each alarm in turn, and says which changes the scenarios notice: of metric
// alarms the threshold, the period (twice and a third of it), the window and, where it
// matters, the treatment of missing data; of composite alarms, those included that send the
// messages of others, the rule (and for or, the opposite), the suppressor (none), and how
// long it is waited for and how long it lasts (twice and a third). All scenarios have to
// pass without a change.
func Mutate(cfg monitoring.Config, scenarios []Scenario) ([]Mutant, error) {
	told := newTeller(cfg)
	stories := make([]story, len(scenarios))
	var errs []error
	for i, s := range scenarios {
		var err error
		if stories[i], err = s.story(cfg); err != nil {
			errs = append(errs, err)
		} else if rows := match(s.Want, told.events(stories[i].in, stories[i].history)); !same(rows) {
			errs = append(errs, fmt.Errorf("scenario %q fails before anything is changed:\n%s", s.Name, sideBySide(rows)))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	var mutants []Mutant
	try := func(mutant Mutant, notices func(story) (bool, error)) error {
		for _, s := range likely(stories, mutant.Alarm, told) {
			noticed, err := notices(s)
			if err != nil {
				return fmt.Errorf("%s: %s %s instead of %s: %w", mutant.Alarm, mutant.Field, mutant.To, mutant.From, err)
			}
			if noticed {
				mutant.NoticedBy = s.Name
				break
			}
		}
		mutants = append(mutants, mutant)
		return nil
	}
	alarms, composites := cfg.Definitions()
	for _, alarm := range alarms {
		for _, m := range mutations(alarm) {
			mutant := Mutant{Alarm: keyOf(cfg, alarm.Name), Field: m.field, From: m.from, To: m.to}
			if err := try(mutant, func(s story) (bool, error) { return s.notices(told, m.alarm) }); err != nil {
				return nil, err
			}
		}
	}
	for _, alarm := range composites {
		for _, m := range compositeMutations(alarm) {
			mutant := Mutant{Alarm: keyOf(cfg, alarm.Name), Field: m.field, From: m.from, To: m.to}
			if err := try(mutant, func(s story) (bool, error) { return s.noticesComposite(told, m.alarm) }); err != nil {
				return nil, err
			}
		}
	}
	return mutants, nil
}

// likely are the stories, those first in which something happens to an alarm: they are the
// first to notice that it is another one.
func likely(stories []story, alarm string, told teller) []story {
	alarm = told.subject(nameOf(told.cfg, alarm))
	happens := func(s story) bool {
		return slices.ContainsFunc(s.Want, func(e Event) bool { return e.Alarm == alarm })
	}
	var first, others []story
	for _, s := range stories {
		if happens(s) {
			first = append(first, s)
		} else {
			others = append(others, s)
		}
	}
	return append(first, others...)
}

// story is a scenario, what it is evaluated on, and what happens.
type story struct {
	Scenario
	in      evaluate.Input
	history evaluate.History
	// metric is what the metric alarms do, and told whom they tell themselves.
	metric map[string][]evaluate.Change
	told   []evaluate.Notification
}

func (s Scenario) story(cfg monitoring.Config) (story, error) {
	in, err := s.input(cfg)
	if err != nil {
		return story{}, err
	}
	history, err := evaluate.Run(in)
	if err != nil {
		return story{}, fmt.Errorf("scenario %q: %w", s.Name, err)
	}
	played := story{Scenario: s, in: in, history: history, metric: map[string][]evaluate.Change{}}
	for _, a := range in.Alarms {
		played.metric[a.Name] = nil
	}
	for _, c := range history.Changes {
		if _, ok := played.metric[c.Alarm]; ok {
			played.metric[c.Alarm] = append(played.metric[c.Alarm], c)
		}
	}
	for _, n := range history.Notifications {
		if _, ok := played.metric[n.Alarm]; ok {
			played.told = append(played.told, n)
		}
	}
	return played, nil
}

// notices plays a scenario on the changed alarm alone: what it wants of others does
// not matter.
func (s story) notices(told teller, alarm cloudwatch.MetricAlarm) (bool, error) {
	data := evaluate.Data{}
	for _, q := range alarm.Queries {
		if q.Expression == "" {
			id := evaluate.ID(q.Metric)
			data[id] = s.in.Data[id]
		}
	}
	alone := evaluate.Input{
		Alarms: []cloudwatch.MetricAlarm{alarm}, Data: data, From: s.in.From, To: s.in.To,
		Start: map[string]cloudwatch.State{alarm.Name: s.in.Start[alarm.Name]},
	}
	if band, ok := s.in.Bands[alarm.Name]; ok {
		alone.Bands = map[string]evaluate.Band{alarm.Name: band}
	}
	history, err := evaluate.Run(alone)
	if err != nil {
		return false, err
	}
	var want []Event
	for _, e := range s.Want {
		if nameOf(told.cfg, e.Alarm) == alarm.Name && !e.Held {
			e.Tells = nil // which other alarms decide, too
			want = append(want, e)
		}
	}
	return !same(match(want, told.events(alone, history))), nil
}

// noticesComposite plays a scenario with the changed alarm among the others. What the
// metric alarms do is known.
func (s story) noticesComposite(told teller, alarm cloudwatch.CompositeAlarm) (bool, error) {
	in := evaluate.Input{Start: s.in.Start, From: s.in.From, To: s.in.To, Given: s.metric}
	for _, a := range s.in.Composites {
		if a.Name == alarm.Name {
			a = alarm
		}
		in.Composites = append(in.Composites, a)
	}
	history, err := evaluate.Run(in)
	if err != nil {
		return false, err
	}
	history.Notifications = append(history.Notifications, s.told...)
	slices.SortStableFunc(history.Notifications, func(a, b evaluate.Notification) int { return a.At.Compare(b.At) })
	return !same(match(s.Want, told.events(in, history))), nil
}

// mutation is an alarm with another value in one field.
type mutation[A any] struct {
	field, from, to string
	alarm           A
}

func mutations(a cloudwatch.MetricAlarm) []mutation[cloudwatch.MetricAlarm] {
	var list []mutation[cloudwatch.MetricAlarm]
	add := func(field string, from, to any, change func(*cloudwatch.MetricAlarm)) {
		changed := a
		changed.Queries = slices.Clone(a.Queries)
		change(&changed)
		list = append(list, mutation[cloudwatch.MetricAlarm]{field, fmt.Sprint(from), fmt.Sprint(to), changed})
	}
	if a.ThresholdMetricID == "" {
		thresholds := []float64{a.Threshold * 0.8, a.Threshold * 1.2}
		q, _ := a.Judged()
		switch {
		case a.Threshold == 0:
			thresholds = []float64{-1, 1}
		case q.Expression == "" && q.Metric.Stat == cloudwatch.SampleCount:
			// Samples are whole, and a period with none has no data.
			thresholds = []float64{a.Threshold + 1}
			if a.Threshold > 1 {
				thresholds = append(thresholds, a.Threshold-1)
			}
		}
		for _, v := range thresholds {
			add("Threshold", a.Threshold, v, func(c *cloudwatch.MetricAlarm) { c.Threshold = v })
		}
	}
	for _, change := range []func(time.Duration) time.Duration{twice, third} {
		if p := change(a.Period()); p != a.Period() && lasts(a, p) {
			add("Period", a.Period(), p, func(c *cloudwatch.MetricAlarm) {
				for i, q := range c.Queries {
					c.Queries[i].Period, c.Queries[i].Metric.Period = change(q.Period), change(q.Metric.Period)
				}
			})
		}
	}
	n, m := a.EvaluationPeriods, a.DatapointsToAlarm
	for _, v := range []int{n - 1, n + 1} {
		if v > 0 && v >= m {
			add("EvaluationPeriods", n, v, func(c *cloudwatch.MetricAlarm) { c.EvaluationPeriods = v })
		}
	}
	if m > 0 {
		for _, v := range []int{m - 1, m + 1} {
			if v > 0 && v <= n {
				add("DatapointsToAlarm", m, v, func(c *cloudwatch.MetricAlarm) { c.DatapointsToAlarm = v })
			}
		}
	}
	if hasValueWithoutData(a) {
		return list
	}
	for _, v := range []cloudwatch.MissingData{cloudwatch.Missing, cloudwatch.NotBreaching, cloudwatch.Breaching, cloudwatch.Ignore} {
		if v != a.TreatMissingData {
			add("TreatMissingData", a.TreatMissingData, v, func(c *cloudwatch.MetricAlarm) { c.TreatMissingData = v })
		}
	}
	return list
}

// hasValueWithoutData reports whether the expression of an alarm fills in all that is
// missing, so that it makes no difference what missing data counts as.
func hasValueWithoutData(a cloudwatch.MetricAlarm) bool {
	a.TreatMissingData = cloudwatch.Missing
	empty := evaluate.Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: evaluate.Data{}, From: midnight, To: midnight}
	for _, q := range a.Queries {
		if q.Expression == "" {
			empty.Data.Add(q.Metric, evaluate.Series{Start: midnight, Period: time.Minute})
		}
	}
	history, err := evaluate.Run(empty)
	return err == nil && history.End[a.Name] != cloudwatch.InsufficientData
}

func twice(p time.Duration) time.Duration { return 2 * p }

// third is a third of a period in whole minutes, of which scenarios are made.
func third(p time.Duration) time.Duration {
	if p == 0 {
		return 0
	}
	return max(time.Minute, (p / 3).Truncate(time.Minute))
}

// lasts reports whether CloudWatch lets an alarm look back over its window with periods of
// that length: a day, or seven with periods of an hour or more.
func lasts(a cloudwatch.MetricAlarm, period time.Duration) bool {
	most := 24 * time.Hour
	if period >= time.Hour {
		most *= 7
	}
	return time.Duration(a.EvaluationPeriods)*period <= most
}

func compositeMutations(a cloudwatch.CompositeAlarm) []mutation[cloudwatch.CompositeAlarm] {
	var list []mutation[cloudwatch.CompositeAlarm]
	add := func(field string, from, to any, change func(*cloudwatch.CompositeAlarm)) {
		changed := a
		change(&changed)
		list = append(list, mutation[cloudwatch.CompositeAlarm]{field, fmt.Sprint(from), fmt.Sprint(to), changed})
	}
	rules := []string{"NOT (" + a.AlarmRule + ")"}
	if swapped := strings.NewReplacer(" AND ", " OR ", " OR ", " AND ").Replace(a.AlarmRule); swapped != a.AlarmRule {
		rules = append(rules, swapped)
	}
	for _, rule := range rules {
		add("AlarmRule", a.AlarmRule, rule, func(c *cloudwatch.CompositeAlarm) { c.AlarmRule = rule })
	}
	if a.ActionsSuppressor == "" {
		return list
	}
	add("ActionsSuppressor", a.ActionsSuppressor, "none", func(c *cloudwatch.CompositeAlarm) {
		c.ActionsSuppressor, c.ActionsSuppressorWaitPeriod, c.ActionsSuppressorExtensionPeriod = "", 0, 0
	})
	for _, change := range []func(time.Duration) time.Duration{twice, func(d time.Duration) time.Duration { return (d / 3).Truncate(time.Second) }} {
		wait, extension := change(a.ActionsSuppressorWaitPeriod), change(a.ActionsSuppressorExtensionPeriod)
		if wait != a.ActionsSuppressorWaitPeriod {
			add("ActionsSuppressorWaitPeriod", a.ActionsSuppressorWaitPeriod, wait, func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressorWaitPeriod = wait })
		}
		if extension != a.ActionsSuppressorExtensionPeriod {
			add("ActionsSuppressorExtensionPeriod", a.ActionsSuppressorExtensionPeriod, extension, func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressorExtensionPeriod = extension })
		}
	}
	return list
}
