package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The statistics that CloudWatch calls by a name. Percentiles and trimmed
// statistics have theirs: "p99", "tm90", "TM(10%:90%)", "PR(:0.5)". See the user
// guide, "CloudWatch statistics definitions".
const (
	Average     = "Average"
	Sum         = "Sum"
	Minimum     = "Minimum"
	Maximum     = "Maximum"
	SampleCount = "SampleCount"
)

// GiB is 2^30 bytes, for thresholds of storage: 20 * GiB.
const GiB = 1 << 30

// WithStat returns the metric with another statistic:
//
//	latency.WithStat("p99")
//
// SampleCount counts data points, so that its unit is [Count].
func (m Metric) WithStat(stat string) Metric {
	m.Stat = stat
	return m
}

// WithPeriod returns the metric with another length of a data point.
func (m Metric) WithPeriod(period time.Duration) Metric {
	m.Period = period
	return m
}

// Above is the condition that the metric is greater than a value.
func (m Metric) Above(value float64) Threshold { return Threshold{m, GreaterThan, value} }

// AtLeast is the condition that the metric is a value or more.
func (m Metric) AtLeast(value float64) Threshold { return Threshold{m, GreaterThanOrEqual, value} }

// Below is the condition that the metric is less than a value.
func (m Metric) Below(value float64) Threshold { return Threshold{m, LessThan, value} }

// AtMost is the condition that the metric is a value or less.
func (m Metric) AtMost(value float64) Threshold { return Threshold{m, LessThanOrEqual, value} }

// Above is the condition that the result is greater than a value.
func (m Math) Above(value float64) Threshold { return Threshold{m, GreaterThan, value} }

// AtLeast is the condition that the result is a value or more.
func (m Math) AtLeast(value float64) Threshold { return Threshold{m, GreaterThanOrEqual, value} }

// Below is the condition that the result is less than a value.
func (m Math) Below(value float64) Threshold { return Threshold{m, LessThan, value} }

// AtMost is the condition that the result is a value or less.
func (m Math) AtMost(value float64) Threshold { return Threshold{m, LessThanOrEqual, value} }

// String names the metric and its statistic: "AWS/RDS CPUUtilization, Average".
func (m Metric) String() string { return fmt.Sprintf("%s %s, %s", m.Namespace, m.Name, m.Stat) }

// String is the expression.
func (m Math) String() string { return m.Expression }

// UnitOf returns what values of a series are measured in. The number of samples
// of a metric is a [Count], whatever the metric is.
func UnitOf(s Series) Unit {
	switch s := s.(type) {
	case Metric:
		if s.Stat == SampleCount {
			return Count
		}
		return s.Unit
	case Math:
		return s.Unit
	}
	return None
}

// PeriodOf returns the length of one value of a series; that of [Math] is the
// period of its metrics.
func PeriodOf(s Series) time.Duration {
	switch s := s.(type) {
	case Metric:
		return s.Period
	case Math:
		for _, id := range ids(s.Using) {
			return s.Using[id].Period
		}
	}
	return 0
}

// LabelOf returns what a graph calls a series.
func LabelOf(s Series) string {
	switch s := s.(type) {
	case Metric:
		if s.Label == "" {
			return s.Name
		}
		return s.Label
	case Math:
		if s.Label == "" {
			return s.Expression
		}
		return s.Label
	}
	return ""
}

// Metrics returns the metrics that a series is made of.
func Metrics(s Series) []Metric {
	switch s := s.(type) {
	case Metric:
		return []Metric{s}
	case Math:
		var list []Metric
		for _, id := range ids(s.Using) {
			list = append(list, s.Using[id])
		}
		return list
	}
	return nil
}

// accumulates reports whether a value is a total of its period, so that it is
// reached "in" a time instead of lasting "for" it.
func accumulates(s Series) bool {
	switch s := s.(type) {
	case Metric:
		return s.Stat == Sum || s.Stat == SampleCount
	case Math:
		return s.Unit == Count && len(s.Using) > 0 && !slices.ContainsFunc(Metrics(s), func(m Metric) bool { return !accumulates(m) })
	}
	return false
}

func ids(using map[string]Metric) []string {
	list := make([]string, 0, len(using))
	for id := range using {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

var (
	quoted     = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// uses returns the ids of metrics that an expression names: they begin with a
// lower case letter, functions and keywords with a capital.
func uses(expression string) []string {
	var list []string
	for _, word := range identifier.FindAllString(quoted.ReplaceAllString(expression, ""), -1) {
		if first := word[0]; first >= 'a' && first <= 'z' && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return list
}

// usesAll reports whether an expression takes every metric there is.
func usesAll(expression string) bool { return strings.Contains(expression, "METRICS(") }
