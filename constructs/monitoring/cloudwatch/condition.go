package cloudwatch

import (
	"fmt"
	"strings"
	"time"
)

// Condition is when an alarm goes off: [Threshold], [Anomaly], [Heartbeat] or
// [Composite]. AWS defines them, so that there are no others.
type Condition interface{ condition() }

func (Threshold) condition() {}
func (Anomaly) condition()   {}
func (Heartbeat) condition() {}
func (Composite) condition() {}

// Threshold compares a series with a number:
//
//	Threshold{Of: cpu, Op: GreaterThan, Value: 80}
//
// [Metric.Above] and its like are shorter. See CloudWatch's user guide, "Create a
// CloudWatch alarm based on a static threshold".
type Threshold struct {
	// Of is a metric with any statistic, or metric math.
	Of Series
	// Op is GreaterThan, GreaterThanOrEqual, LessThan or LessThanOrEqual.
	Op Operator
	// Value is in the unit of the series.
	Value float64
}

// Anomaly compares a metric with the band of values that CloudWatch expects of it
// after two weeks of learning. See the user guide, "Using CloudWatch anomaly
// detection".
type Anomaly struct {
	// Of is the metric whose band is learned, with any statistic.
	Of Metric
	// Op is OutsideBand, AboveBand or BelowBand.
	Op Operator
	// Band is the width of the band in standard deviations: above 0, usually 2 to 4.
	Band float64
}

// Heartbeat goes off when a metric has no data. Its alarm counts missing data as
// breaching, whatever else is said.
type Heartbeat struct {
	// Of is the metric; its statistic does not matter.
	Of Metric
}

// Composite goes off by the states of other alarms. It can say one thing for many
// ("the shop is down") and keep alarms back that follow from another one. See the
// user guide, "Create a composite alarm".
type Composite struct {
	// Rule says which states of which alarms: AnyOf("alb/5xx-high", "web/no-tasks").
	// It names at most 100 alarms.
	Rule Rule
	// Suppressor is the key of an alarm that holds the actions back while it is in
	// ALARM. Default: none.
	Suppressor string
	// Wait is how long actions wait for the suppressor to go off, Extension how long
	// they are still held back after it is over: whole seconds. Default: a minute
	// each, where there is a suppressor.
	Wait, Extension time.Duration
}

// defaultSuppression is what Wait and Extension are by default.
const defaultSuppression = time.Minute

// Rule is a rule over alarms by their keys, "<resource key>/<alarm id>": [Is],
// [All], [Any], [Not], and what [AnyOf] and [AllOf] make.
type Rule interface{ rule() }

// Is holds while an alarm is in a state: Is{"web/cpu-high", OK}.
type Is struct {
	// Alarm is the alarm's key: "web/cpu-high".
	Alarm string
	// State is the one that it has to be in.
	State State
}

// All holds while each of several rules holds.
type All []Rule

// Any holds while one of several rules holds.
type Any []Rule

// Not holds while a rule does not.
type Not struct {
	// Rule is the one that must not hold.
	Rule Rule
}

func (Is) rule()  {}
func (All) rule() {}
func (Any) rule() {}
func (Not) rule() {}

// AnyOf holds while one of the alarms is in ALARM.
func AnyOf(alarms ...string) Rule { return Any(inAlarm(alarms)) }

// AllOf holds while all the alarms are in ALARM.
func AllOf(alarms ...string) Rule { return All(inAlarm(alarms)) }

func inAlarm(alarms []string) []Rule {
	rules := make([]Rule, len(alarms))
	for i, alarm := range alarms {
		rules[i] = Is{alarm, InAlarm}
	}
	return rules
}

// Alarms returns the keys of the alarms that the condition names, its suppressor
// included, in the order of first mention.
func (c Composite) Alarms() []string {
	var keys []string
	seen := map[string]bool{}
	add := func(key string) {
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	walk(c.Rule, func(r Rule) {
		if is, ok := r.(Is); ok {
			add(is.Alarm)
		}
	})
	if c.Suppressor != "" {
		add(c.Suppressor)
	}
	return keys
}

// walk calls visit for a rule and for every rule in it.
func walk(r Rule, visit func(Rule)) {
	visit(r)
	switch r := r.(type) {
	case All:
		for _, part := range r {
			walk(part, visit)
		}
	case Any:
		for _, part := range r {
			walk(part, visit)
		}
	case Not:
		walk(r.Rule, visit)
	}
}

// render writes a rule: leaf says how a state of an alarm is written, and the
// words are those between and before the parts.
func render(r Rule, leaf func(Is) string, and, or, not string) string {
	list := func(rules []Rule, word string) string {
		var parts []string
		for _, part := range rules {
			text := render(part, leaf, and, or, not)
			if parenthesized(part) && len(rules) > 1 {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, word)
	}
	switch r := r.(type) {
	case Is:
		return leaf(r)
	case All:
		return list(r, and)
	case Any:
		return list(r, or)
	case Not:
		text := render(r.Rule, leaf, and, or, not)
		if parenthesized(r.Rule) {
			text = "(" + text + ")"
		}
		return not + text
	}
	return ""
}

// parenthesized reports whether a rule inside another one needs parentheses.
func parenthesized(r Rule) bool {
	switch r := r.(type) {
	case All:
		return len(r) > 1
	case Any:
		return len(r) > 1
	}
	return false
}

// alarmRule returns a rule in CloudWatch's grammar. name turns a key into the name
// of the alarm.
func alarmRule(r Rule, name func(key string) string) string {
	return render(r, func(is Is) string {
		return fmt.Sprintf(`%s("%s")`, is.State, name(is.Alarm))
	}, " AND ", " OR ", "NOT ")
}

// Window is how many of the latest periods count. See the user guide, "Alarm evaluation".
type Window struct {
	// EvaluationPeriods are looked at: at least 1. Together they last at most a day,
	// or seven days with periods of an hour or more.
	EvaluationPeriods int
	// DatapointsToAlarm of them have to breach. Default: all.
	DatapointsToAlarm int
}

// datapoints is DatapointsToAlarm with its default.
func (w Window) datapoints() int {
	if w.DatapointsToAlarm == 0 {
		return w.EvaluationPeriods
	}
	return w.DatapointsToAlarm
}
