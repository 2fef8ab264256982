// Package cloudwatch describes CloudWatch in plain Go: metrics, metric math,
// alarms and what they say in words. It makes no AWS calls and knows nothing of
// cdktf, so that constructs, the evaluator and command lines share one model.
//
// Names are CloudWatch's own; the API reference (PutMetricAlarm,
// PutCompositeAlarm, MetricDataQuery) says what each one does.
package cloudwatch

import "time"

// Unit is what a series is measured in, with CloudWatch's names. Words and axes
// come from it, never from the name of a metric.
type Unit string

// Units of the metrics that AWS publishes.
const (
	None           Unit = "None"
	Percent        Unit = "Percent"
	Count          Unit = "Count"
	Bytes          Unit = "Bytes"
	Seconds        Unit = "Seconds"
	Milliseconds   Unit = "Milliseconds"
	Microseconds   Unit = "Microseconds"
	CountPerSecond Unit = "Count/Second"
	BytesPerSecond Unit = "Bytes/Second"
)

// Dimension is a name and a value that tell metrics of one name apart. See the API
// reference, Dimension.
type Dimension struct {
	// Name is that under which the metric is published: 1 to 255 ASCII characters, no colon
	// first.
	Name string
	// Value is 1 to 1,024 ASCII characters.
	Value string
}

// Metric is a statistic of a metric over periods of time. See the API reference, MetricStat
// and Metric.
type Metric struct {
	// Namespace and Name are AWS's, or those of a metric of your own: 1 to 255 characters
	// each.
	Namespace, Name string
	// Dimensions are the exact set under which the metric is published, in order: at most
	// 30. Default: none.
	Dimensions []Dimension
	// Stat is the statistic: "Average", "Sum", "SampleCount", "p99", "TM(10%:90%)".
	Stat string
	// Period is the length of one data point: 1, 5, 10, 20 or 30 seconds, or whole
	// minutes up to a day. Alarms do not take 1 and 5 seconds.
	Period time.Duration
	// Unit is what values are measured in. CloudWatch is not asked to filter by it.
	// Default: None.
	Unit Unit
	// OnlyUnit leaves out values that were sent in another unit, as an alarm's Unit
	// does; AWS advises against it. A graph shows all. Default: every unit counts.
	OnlyUnit Unit
	// Label is what a graph calls the series. Default: the metric's name.
	Label string
}

// Math is an expression over metrics. See CloudWatch's user guide, "Using metric
// math".
type Math struct {
	// Expression uses the ids in Using: "100 * errors / requests".
	Expression string
	// Using holds the metrics by their ids, which begin with a lower case letter.
	// They share one period. An alarm takes 10 at most, and none is called "result".
	Using map[string]Metric
	// Samples is the id of the metric in Using that counts what an alarm wants a
	// minimum of, such as the requests of an error rate. Default: none, and then an
	// alarm cannot have a minimum.
	Samples string
	// Unit is what the result is measured in.
	Unit Unit
	// Label is what a graph calls the series. Default: the expression.
	Label string
}

// Series is something that has one value a period: a [Metric] or [Math].
type Series interface {
	series()
	// Validate returns everything that AWS would refuse, joined, or nil.
	Validate() error
}

func (Metric) series() {}
func (Math) series()   {}

// Operator compares a value with a threshold, or with the band of an [Anomaly].
type Operator string

// The operators, with CloudWatch's names.
const (
	GreaterThan        Operator = "GreaterThanThreshold"
	GreaterThanOrEqual Operator = "GreaterThanOrEqualToThreshold"
	LessThan           Operator = "LessThanThreshold"
	LessThanOrEqual    Operator = "LessThanOrEqualToThreshold"
	OutsideBand        Operator = "LessThanLowerOrGreaterThanUpperThreshold"
	AboveBand          Operator = "GreaterThanUpperThreshold"
	BelowBand          Operator = "LessThanLowerThreshold"
)

// MissingData says what a period without data counts as. It has no default:
// whoever makes an alarm has to think of it.
type MissingData string

// The treatments of missing data, with CloudWatch's names.
const (
	// Missing leaves missing periods out; without any data the state is
	// INSUFFICIENT_DATA.
	Missing MissingData = "missing"
	// NotBreaching counts a missing period as good.
	NotBreaching MissingData = "notBreaching"
	// Breaching counts a missing period as bad.
	Breaching MissingData = "breaching"
	// Ignore keeps the state that the alarm has.
	Ignore MissingData = "ignore"
)

// Query is one row of what an alarm looks at: a metric, or an expression over
// other rows.
type Query struct {
	// ID is what expressions call the row: a lower case letter, then letters,
	// digits and underscores. An alarm on a single metric may leave it out.
	ID string
	// Metric is the row's metric. It is the zero value where Expression is set.
	Metric Metric
	// Expression is metric math, or "".
	Expression string
	// Period is the period of an expression. Default: that of the metrics in it.
	Period time.Duration
	// Label is what a graph calls the row. Default: CloudWatch chooses one.
	Label string
	// Unit is what the result of an expression is measured in. CloudWatch is not told;
	// words come from it.
	Unit Unit
	// ReturnData marks the one row that the alarm judges, and the band of an anomaly.
	ReturnData bool
}

// Actions are what an alarm notifies: ARNs of topics and of other actions.
type Actions struct {
	// Disabled keeps an alarm from doing anything when its state changes.
	Disabled bool
	// Alarm, OK and InsufficientData are done when the alarm enters the state.
	Alarm, OK, InsufficientData []string
}

// MetricAlarm is an alarm on a metric or on metric math as CloudWatch holds it. See the API
// reference, PutMetricAlarm.
type MetricAlarm struct {
	// Name is the alarm's name, the only one in its account and region: 1 to 255 characters.
	Name string
	// Description is what messages say: at most 1,024 characters. Default: none.
	Description string
	// Queries are what the alarm looks at; a single metric is one query.
	Queries []Query
	// ThresholdMetricID is the id of the query with the anomaly band, or "".
	ThresholdMetricID string
	// Threshold is in the unit of the series. An anomaly alarm has none.
	Threshold float64
	// ComparisonOperator says which values breach.
	ComparisonOperator Operator
	// EvaluationPeriods are looked at; DatapointsToAlarm of them have to breach.
	// Default of DatapointsToAlarm: all.
	EvaluationPeriods, DatapointsToAlarm int
	// TreatMissingData is what a period without data counts as. Default: missing.
	TreatMissingData MissingData
	// EvaluateLowSampleCountPercentile is "evaluate" or "ignore" for alarms on
	// percentiles. Default: "evaluate".
	EvaluateLowSampleCountPercentile string
	// WallClock is the time zone on whose clock the periods begin, such as "UTC": the
	// alarm looks at whole hours, say, as with EvaluationWindow's WallClockWindow. No
	// construct makes such alarms. Default: "", a window that slides.
	WallClock string
	// Actions are what the alarm does: at most 5 for each state. Default: nothing.
	Actions Actions
	// Tags are the alarm's tags: at most 50. Default: none.
	Tags map[string]string
}

// CompositeAlarm is an alarm on the states of other alarms as CloudWatch holds it. See the
// API reference, PutCompositeAlarm.
type CompositeAlarm struct {
	// Name is the alarm's name, the only one in its account and region: 1 to 255 characters.
	Name string
	// Description is what messages say: at most 1,024 characters. Default: none.
	Description string
	// AlarmRule is in CloudWatch's grammar: `ALARM("a") OR ALARM("b")`.
	AlarmRule string
	// ActionsSuppressor is the name or ARN of an alarm that holds the actions back
	// while it is in ALARM, or "".
	ActionsSuppressor string
	// ActionsSuppressorWaitPeriod is how long the composite waits for its
	// suppressor, ActionsSuppressorExtensionPeriod how long it stays quiet after it.
	ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod time.Duration
	// Actions are what the alarm does: at most 5 for each state, and none of EC2 or Auto
	// Scaling. Default: nothing.
	Actions Actions
	// Tags are the alarm's tags: at most 50. Default: none.
	Tags map[string]string
}

// State is the state of an alarm.
type State string

// The states, with CloudWatch's names.
const (
	OK               State = "OK"
	InAlarm          State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)
