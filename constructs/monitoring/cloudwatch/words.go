package cloudwatch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// Words says when an alarm goes off:
//
//	> 80 % for 5 minutes
//	> 10 in each of 3 periods of 5 minutes
//	> 5 % in 3 of 5 periods of 1 minute, with at least 100 samples
//	outside the band of 2 standard deviations for 10 minutes
//	no data for 15 minutes
//	alb/5xx-high or web/no-tasks
//
// Quantities are in the unit of the series. minSamples is 0 where there is no
// minimum.
func Words(c Condition, w Window, minSamples int) string {
	text := ""
	switch c := c.(type) {
	case Threshold:
		text = Limit(c) + " " + duringWords(accumulates(c.Of), w, PeriodOf(c.Of))
	case Anomaly:
		text = Limit(c) + " " + duringWords(accumulates(c.Of), w, c.Of.Period)
	case Heartbeat:
		text = "no data " + duringWords(false, w, c.Of.Period)
	case Composite:
		return render(c.Rule, func(is Is) string {
			if is.State == InAlarm {
				return is.Alarm
			}
			return fmt.Sprintf("%s in %s", is.Alarm, is.State)
		}, " and ", " or ", "not ")
	}
	if minSamples > 0 {
		text += fmt.Sprintf(", with at least %d samples", minSamples)
	}
	return text
}

// Limit says what a condition compares with, without the time: "> 80 %".
func Limit(c Condition) string {
	switch c := c.(type) {
	case Threshold:
		return sign(c.Op) + " " + Quantity(c.Value, UnitOf(c.Of))
	case Anomaly:
		return sign(c.Op) + " the band of " + number(c.Band) + " standard deviations"
	case Heartbeat:
		return "no data"
	}
	return ""
}

// Words says when the alarm goes off, in the same words as [Words]. What its
// queries compute has no words: the expression stands for it.
func (a MetricAlarm) Words() string {
	window := Window{a.EvaluationPeriods, a.DatapointsToAlarm}
	q, ok := a.Judged()
	if !ok {
		return ""
	}
	if q.Expression != "" {
		limit := Limit(Threshold{Math{Unit: q.Unit}, a.ComparisonOperator, a.Threshold})
		return fmt.Sprintf("%s %s %s", q.Expression, limit, duringWords(false, window, a.Period()))
	}
	switch {
	case a.ThresholdMetricID != "":
		return sign(a.ComparisonOperator) + " the expected band " + duringWords(accumulates(q.Metric), window, q.Metric.Period)
	case a.isHeartbeat(q.Metric):
		return Words(Heartbeat{q.Metric}, window, 0)
	}
	return Words(Threshold{q.Metric, a.ComparisonOperator, a.Threshold}, window, 0)
}

func (a MetricAlarm) isHeartbeat(m Metric) bool {
	return m.Stat == SampleCount && a.ComparisonOperator == LessThan && a.Threshold == 1 && a.TreatMissingData == Breaching
}

// duringWords says for how long, or in what time, values have to breach. Totals of
// several periods are said as they are: each period has its own.
func duringWords(accumulates bool, w Window, period time.Duration) string {
	switch m, n := w.datapoints(), w.EvaluationPeriods; {
	case m < n:
		return fmt.Sprintf("in %d of %d periods of %s", m, n, duration(period))
	case !accumulates:
		return "for " + duration(time.Duration(n)*period)
	case n > 1:
		return fmt.Sprintf("in each of %d periods of %s", n, duration(period))
	default:
		return "in " + duration(period)
	}
}

var signs = map[Operator]string{
	GreaterThan:        ">",
	GreaterThanOrEqual: ">=",
	LessThan:           "<",
	LessThanOrEqual:    "<=",
	OutsideBand:        "outside",
	AboveBand:          "above",
	BelowBand:          "below",
}

func sign(op Operator) string {
	if s, ok := signs[op]; ok {
		return s
	}
	return string(op)
}

// symbols are the units that are written behind a number.
var symbols = map[Unit]string{
	Percent:        "%",
	Seconds:        "s",
	Milliseconds:   "ms",
	Microseconds:   "µs",
	CountPerSecond: "per second",
}

// Quantity writes a value with its unit: "80 %", "10 GiB", "0.5 s".
func Quantity(v float64, unit Unit) string {
	if token.IsNumber(v) {
		return "the threshold"
	}
	switch unit {
	case Bytes:
		return bytes(v)
	case BytesPerSecond:
		return bytes(v) + " per second"
	}
	if symbol, ok := symbols[unit]; ok {
		return number(v) + " " + symbol
	}
	return number(v)
}

func bytes(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}} {
		if v >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + " " + unit.name
		}
	}
	return number(v) + " bytes"
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func duration(d time.Duration) string {
	seconds := int(d / time.Second)
	n, unit := seconds, "second"
	switch {
	case seconds >= 2*86400 && seconds%86400 == 0:
		n, unit = seconds/86400, "day"
	case seconds >= 2*3600 && seconds%3600 == 0:
		n, unit = seconds/3600, "hour"
	case seconds%60 == 0:
		n, unit = seconds/60, "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
