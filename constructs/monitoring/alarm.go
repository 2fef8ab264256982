package monitoring

import (
	"fmt"

	"github.com/ohmycoins/infra/internal/alarm"
)

// Severity says how soon somebody has to act.
type Severity string

// The severities, most urgent first.
const (
	// Critical means that customers are affected, or soon will be: act now.
	Critical Severity = "critical"
	// Warning means that something needs attention during working hours.
	Warning Severity = "warning"
)

var severities = []Severity{Critical, Warning}

// GiB is 2^30 bytes, for thresholds of storage: Tuning{Threshold: 20 * GiB}.
const GiB = alarm.GiB

// Alarm is one alarm as CloudWatch will have it. The fields carry CloudWatch's
// own terms (API reference, PutMetricAlarm).
type Alarm struct {
	// ResourceKey is the key of the resource that is watched: "backend".
	ResourceKey string
	// ID is the alarm's id among the alarms of its resource: "cpu-high".
	ID         string
	Severity   Severity
	Namespace  string
	Metric     string
	Dimensions map[string]string
	Statistic  string
	Comparison string
	// Threshold is in the unit of the metric.
	Threshold float64
	// PeriodSeconds is the length of one period. Periods are evaluated, and all of
	// them must breach.
	PeriodSeconds, Periods int
	// MissingData says what a period without data counts as.
	MissingData string
	// FirstStep says what to do first when the alarm goes off.
	FirstStep string
	// Section is the anchor of the alarm's section in the runbook.
	Section string
}

// Key is the alarm's key in Config.Tune: "backend/cpu-high".
func (a Alarm) Key() string { return a.ResourceKey + "/" + a.ID }

// Condition says in words when the alarm goes off: "> 80 % for 5 minutes".
func (a Alarm) Condition() string { return a.condition().String() }

func (a Alarm) condition() alarm.Condition {
	return alarm.Condition{
		Metric: a.Metric, Statistic: a.Statistic, Comparison: a.Comparison,
		Threshold: a.Threshold, PeriodSeconds: a.PeriodSeconds, Periods: a.Periods,
	}
}

func (a Alarm) isPercentage() bool { return alarm.UnitOf(a.Metric) == alarm.Percent }

func (a Alarm) description(runbookURL string) string {
	return fmt.Sprintf("%s Runbook: %s#%s", a.FirstStep, runbookURL, a.Section)
}

// What a period without data counts as.
const (
	missing      = "missing"      // keeps the state, and INSUFFICIENT_DATA in the end
	notBreaching = "notBreaching" // counts as good: the metric is absent when nothing happens
)

const (
	above = "GreaterThanThreshold"
	below = "LessThanThreshold"
)

// row is one line of the alarm table of a kind of resource.
type row struct {
	id        string
	severity  Severity
	metric    string
	statistic string
	condition string
	threshold float64
	seconds   int
	periods   int
	missing   string
	firstStep string
}

// alarms turns the alarm table of a kind of resource into the alarms of one.
func (s series) alarms(kind string, table ...row) []Alarm {
	var alarms []Alarm
	for _, r := range table {
		alarms = append(alarms, Alarm{
			ResourceKey:   s.key,
			ID:            r.id,
			Severity:      r.severity,
			Namespace:     s.namespace,
			Metric:        r.metric,
			Dimensions:    s.dimensions.asMap(),
			Statistic:     r.statistic,
			Comparison:    r.condition,
			Threshold:     r.threshold,
			PeriodSeconds: r.seconds,
			Periods:       r.periods,
			MissingData:   r.missing,
			FirstStep:     r.firstStep,
			Section:       kind + "-" + r.id,
		})
	}
	return alarms
}
