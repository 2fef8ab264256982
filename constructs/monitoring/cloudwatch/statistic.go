package cloudwatch

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Statistic is a parsed statistic. See the user guide, "CloudWatch statistics
// definitions".
type Statistic struct {
	// Name is how it is written: "TM(10%:90%)".
	Name string
	// Kind is what it computes.
	Kind StatisticKind
	// Low and High are the limits of what begins with Percentile in the list of kinds:
	// values, or with Percent percentages of the samples. An infinity where there is
	// no limit. A percentile has only High.
	Low, High float64
	// Percent says that Low and High are percentages of the samples.
	Percent bool
}

// StatisticKind is what a [Statistic] computes.
type StatisticKind int

// The kinds of statistics. From KindPercentile on, they need the samples themselves.
const (
	KindSampleCount StatisticKind = iota
	KindSum
	KindAverage
	KindMinimum
	KindMaximum
	KindPercentile
	KindTrimmedMean
	KindTrimmedCount
	KindTrimmedSum
	KindWinsorizedMean
	KindPercentileRank
)

var (
	simpleStatistics = map[string]StatisticKind{
		SampleCount: KindSampleCount, Sum: KindSum, Average: KindAverage, Minimum: KindMinimum, Maximum: KindMaximum,
	}
	statisticKinds = map[string]StatisticKind{
		"p": KindPercentile, "tm": KindTrimmedMean, "tc": KindTrimmedCount, "ts": KindTrimmedSum, "wm": KindWinsorizedMean,
		"pr": KindPercentileRank,
	}
	plainStatistic = regexp.MustCompile(`^(p|tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100)$`)
	rangeStatistic = regexp.MustCompile(`^(TM|TC|TS|WM|PR)\((?:([0-9.]+)(%?))?:(?:([0-9.]+)(%?))?\)$`)
)

// ParseStatistic parses what is in [Metric].Stat.
func ParseStatistic(name string) (Statistic, error) {
	if kind, ok := simpleStatistics[name]; ok {
		return Statistic{Name: name, Kind: kind}, nil
	}
	if name == "IQM" {
		return Statistic{Name: name, Kind: KindTrimmedMean, Low: 25, High: 75, Percent: true}, nil
	}
	s := Statistic{Name: name, Low: math.Inf(-1), High: math.Inf(1)}
	valid := false
	if m := plainStatistic.FindStringSubmatch(name); m != nil {
		s.Kind, s.Percent = statisticKinds[m[1]], true
		valid = number64(m[2], &s.High)
	} else if m := rangeStatistic.FindStringSubmatch(name); m != nil {
		s.Kind, s.Percent = statisticKinds[strings.ToLower(m[1])], m[3]+m[5] != ""
		valid = s.limits(m[2], m[3], &s.Low) && s.limits(m[4], m[5], &s.High) && m[2]+m[4] != "" && s.Low < s.High &&
			(!s.Percent || s.Kind != KindPercentileRank) // shares of percentiles are what the others are for
	}
	if !valid {
		return Statistic{}, fmt.Errorf("is %q, want %s", name, wantStatistic)
	}
	return s, nil
}

const wantStatistic = `a statistic: Average, Sum, Minimum, Maximum, SampleCount, IQM, or one like "p99", "tm90", "TM(10%:90%)", "PR(:0.5)"`

// limits parses a limit, which may be missing.
func (s Statistic) limits(text, percent string, to *float64) bool {
	if text == "" {
		return true
	}
	return number64(text, to) && (percent == "%") == s.Percent && (!s.Percent || *to <= 100)
}

func number64(text string, to *float64) bool {
	v, err := strconv.ParseFloat(text, 64)
	*to = v
	return err == nil
}

// IsStatistic reports whether CloudWatch has a statistic.
func IsStatistic(name string) bool {
	_, err := ParseStatistic(name)
	return err == nil
}
