// Package alarm puts CloudWatch alarms into words.
package alarm

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// Unit is what a metric is measured in.
type Unit string

// Units of the metrics that are used here.
const (
	Percent Unit = "Percent"
	Bytes   Unit = "Bytes"
	Seconds Unit = "Seconds"
	Count   Unit = "Count"
)

// GiB is 2^30 bytes.
const GiB = 1 << 30

// UnitOf returns what a metric is measured in.
func UnitOf(metric string) Unit {
	switch {
	case strings.HasSuffix(metric, "Utilization"), metric == "CacheHitRate":
		return Percent
	case metric == "FreeStorageSpace":
		return Bytes
	case metric == "TargetResponseTime":
		return Seconds
	default:
		return Count
	}
}

// Condition is when an alarm goes off.
type Condition struct {
	Metric string
	// Statistic is CloudWatch's name: "Average", "Sum".
	Statistic string
	// Comparison is CloudWatch's name: "GreaterThanThreshold".
	Comparison string
	Threshold  float64
	// PeriodSeconds is the length of one period, Periods how many are looked at.
	PeriodSeconds, Periods int
}

// String returns the condition in words: "> 80 % for 5 minutes".
func (c Condition) String() string {
	during := "for"
	if c.Statistic == "Sum" {
		during = "in"
	}
	return fmt.Sprintf("%s %s %s", c.Limit(), during, duration(c.PeriodSeconds*c.Periods))
}

// Limit returns the comparison alone: "> 80 %".
func (c Condition) Limit() string {
	return comparisonSign(c.Comparison) + " " + quantity(c.Threshold, UnitOf(c.Metric))
}

func comparisonSign(comparison string) string {
	sign, ok := map[string]string{
		"GreaterThanThreshold":          ">",
		"GreaterThanOrEqualToThreshold": ">=",
		"LessThanThreshold":             "<",
		"LessThanOrEqualToThreshold":    "<=",
	}[comparison]
	if !ok {
		return comparison
	}
	return sign
}

func quantity(v float64, unit Unit) string {
	if token.IsNumber(v) {
		return "the threshold"
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch unit {
	case Percent:
		return number(v) + " %"
	case Seconds:
		return number(v) + " s"
	case Bytes:
		if v >= GiB {
			return strconv.FormatFloat(v/GiB, 'g', 4, 64) + " GiB"
		}
		return number(v) + " bytes"
	default:
		return number(v)
	}
}

func duration(seconds int) string {
	n, unit := seconds, "second"
	if seconds%60 == 0 {
		n, unit = seconds/60, "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
