package cloudwatch

import (
	"fmt"
	"time"
)

// Ids of the queries that compiled alarms have besides those in [Math.Using].
// [Math] may not use them.
const (
	valueID   = "value"   // the metric that is judged, where more than it is looked at
	samplesID = "samples" // how many samples it has
	resultID  = "result"  // the expression that is judged
	bandID    = "band"    // the band of an anomaly
)

// Alarm is what an alarm is besides its name and what it does: when it goes off.
type Alarm struct {
	// When is the condition: a [Threshold], an [Anomaly], a [Heartbeat] or a [Composite].
	When Condition
	// Window is how many of the latest periods count. [Composite] has none.
	Window Window
	// Missing says what a period without data counts as. Only [Heartbeat] and
	// [Composite] may leave it out.
	Missing MissingData
	// MinSamples is how many samples a period must have; with fewer it counts as a
	// period without data, so that one slow request at night wakes nobody up. For
	// [Math] the samples are the value of its metric Math.Samples. Default: no
	// minimum.
	MinSamples int
}

// Metric returns the alarm as CloudWatch's PutMetricAlarm takes it, without a name
// and without actions. The alarm must be valid and not be a [Composite].
func (a Alarm) Metric() MetricAlarm {
	compiled := MetricAlarm{
		EvaluationPeriods: a.Window.EvaluationPeriods,
		DatapointsToAlarm: a.Window.DatapointsToAlarm,
		TreatMissingData:  a.Missing,
	}
	if compiled.DatapointsToAlarm == compiled.EvaluationPeriods {
		compiled.DatapointsToAlarm = 0 // the default, written in one way
	}
	switch c := a.When.(type) {
	case Threshold:
		compiled.ComparisonOperator, compiled.Threshold = c.Op, c.Value
		compiled.Queries = queries(c.Of, a.MinSamples)
	case Anomaly:
		compiled.ComparisonOperator, compiled.ThresholdMetricID = c.Op, bandID
		compiled.Queries = []Query{
			{ID: valueID, Metric: c.Of, ReturnData: true},
			{ID: bandID, Expression: fmt.Sprintf("ANOMALY_DETECTION_BAND(%s, %s)", valueID, number(c.Band)), Label: LabelOf(c.Of) + " (expected)", ReturnData: true},
		}
	case Heartbeat:
		compiled.ComparisonOperator, compiled.Threshold = LessThan, 1
		compiled.TreatMissingData = Breaching
		compiled.Queries = []Query{{Metric: c.Of.WithStat(SampleCount), ReturnData: true}}
	}
	return compiled
}

// queries returns what an alarm on a series looks at.
func queries(s Series, minSamples int) []Query {
	var list []Query
	var expression, samples string
	switch s := s.(type) {
	case Metric:
		if minSamples == 0 {
			return []Query{{Metric: s, ReturnData: true}}
		}
		list = []Query{{ID: valueID, Metric: s}, {ID: samplesID, Metric: s.WithStat(SampleCount)}}
		expression, samples = valueID, samplesID
	case Math:
		for _, id := range ids(s.Using) {
			list = append(list, Query{ID: id, Metric: s.Using[id]})
		}
		expression, samples = s.Expression, s.Samples
	}
	if minSamples > 0 {
		// Without a value for "else" IF leaves the data point out (user guide, "Using
		// metric math", "Using IF expressions").
		expression = fmt.Sprintf("IF(%s >= %d, %s)", samples, minSamples, expression)
	}
	return append(list, Query{ID: resultID, Expression: expression, Label: LabelOf(s), Unit: UnitOf(s), ReturnData: true})
}

// Composite returns the alarm as CloudWatch's PutCompositeAlarm takes it, without
// a name and without actions. name returns the name of the alarm with a key. The
// alarm must be valid and be a [Composite].
func (a Alarm) Composite(name func(key string) string) CompositeAlarm {
	c, _ := a.When.(Composite)
	compiled := CompositeAlarm{AlarmRule: alarmRule(c.Rule, name)}
	if c.Suppressor != "" {
		compiled.ActionsSuppressor = name(c.Suppressor)
		compiled.ActionsSuppressorWaitPeriod = orDefault(c.Wait, defaultSuppression)
		compiled.ActionsSuppressorExtensionPeriod = orDefault(c.Extension, defaultSuppression)
	}
	return compiled
}

func orDefault(d, byDefault time.Duration) time.Duration {
	if d == 0 {
		return byDefault
	}
	return d
}

// Words says when the alarm goes off. See the function [Words].
func (a Alarm) Words() string { return Words(a.When, a.Window, a.MinSamples) }

// Judged returns the query whose values the alarm compares with its threshold or
// its band.
func (a MetricAlarm) Judged() (Query, bool) {
	for _, q := range a.Queries {
		if q.ReturnData && (a.ThresholdMetricID == "" || q.ID != a.ThresholdMetricID) {
			return q, true
		}
	}
	return Query{}, false
}

// Period returns the length of one period: that of the metrics that are looked at.
func (a MetricAlarm) Period() time.Duration {
	for _, q := range a.Queries {
		switch {
		case q.Metric.Period != 0:
			return q.Metric.Period
		case q.Period != 0:
			return q.Period
		}
	}
	return 0
}

// IsSimple reports whether the alarm looks at a single metric and nothing else, so
// that PutMetricAlarm takes it without a list of queries.
func (a MetricAlarm) IsSimple() bool {
	return len(a.Queries) == 1 && a.Queries[0].Expression == "" && a.Queries[0].ID == ""
}
