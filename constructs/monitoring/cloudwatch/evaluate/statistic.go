package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// statistic is a parsed statistic. See "CloudWatch statistics definitions" in the
// user guide.
type statistic struct {
	name string
	kind statisticKind
	// low and high are the limits of a trimmed statistic or percentile rank, the
	// infinities where there is none. Percent: they are percentages of the samples.
	low, high float64
	percent   bool
}

type statisticKind int

const (
	sampleCount statisticKind = iota
	sum
	average
	minimum
	maximum
	percentile
	trimmedMean
	trimmedCount
	trimmedSum
	winsorizedMean
	percentileRank
)

var simpleStatistics = map[string]statistic{
	"SampleCount": {kind: sampleCount},
	"Sum":         {kind: sum},
	"Average":     {kind: average},
	"Minimum":     {kind: minimum},
	"Maximum":     {kind: maximum},
	"IQM":         {kind: trimmedMean, low: 25, high: 75, percent: true},
}

var (
	shortStatistic = regexp.MustCompile(`^(p|tm|tc|ts|wm)([0-9]{1,3}(?:\.[0-9]{1,10})?)$`)
	longStatistic  = regexp.MustCompile(`^(TM|TC|TS|WM|PR)\(([0-9.]*)(%?):([0-9.]*)(%?)\)$`)
	statisticKinds = map[string]statisticKind{
		"p": percentile, "tm": trimmedMean, "tc": trimmedCount, "ts": trimmedSum, "wm": winsorizedMean, "pr": percentileRank,
	}
)

func parseStatistic(name string) (statistic, error) {
	bad := fmt.Errorf(`is %q, want Average, Sum, Minimum, Maximum, SampleCount, IQM, a percentile ("p99"), a trimmed statistic ("tm99", "TM(10%%:90%%)", TC, TS, WM) or a percentile rank ("PR(:300)")`, name)
	if s, ok := simpleStatistics[name]; ok {
		s.name = name
		return s, nil
	}
	if m := shortStatistic.FindStringSubmatch(name); m != nil {
		high, err := strconv.ParseFloat(m[2], 64)
		if err != nil || high > 100 {
			return statistic{}, bad
		}
		return statistic{name: name, kind: statisticKinds[m[1]], low: math.Inf(-1), high: high, percent: true}, nil
	}
	m := longStatistic.FindStringSubmatch(name)
	if m == nil {
		return statistic{}, bad
	}
	s := statistic{name: name, kind: statisticKinds[strings.ToLower(m[1])], low: math.Inf(-1), high: math.Inf(1), percent: m[3] == "%" || m[5] == "%"}
	for _, limit := range []struct {
		to            *float64
		text, percent string
	}{{&s.low, m[2], m[3]}, {&s.high, m[4], m[5]}} {
		if limit.text == "" {
			if limit.percent != "" {
				return statistic{}, bad
			}
			continue
		}
		v, err := strconv.ParseFloat(limit.text, 64)
		if err != nil || (limit.percent == "%") != s.percent || s.percent && v > 100 {
			return statistic{}, bad
		}
		*limit.to = v
	}
	if m[2] == "" && m[4] == "" || s.low >= s.high || s.kind == percentileRank && s.percent {
		return statistic{}, bad
	}
	return s, nil
}

// needsSamples says whether the statistic depends on more than count, sum and
// extremes.
func (s statistic) needsSamples() bool { return s.kind >= percentile }

// fewSamples is the number of samples below which a percentile is not
// significant, and EvaluateLowSampleCountPercentile counts; 0 for other
// statistics.
func (s statistic) fewSamples() float64 {
	switch p := s.high / 100; {
	case s.kind != percentile || p <= 0 || p >= 1:
		return 0
	case p >= 0.5:
		return 10 * 100 / (100 - s.high)
	default:
		return 10 / p
	}
}

// samples gathers what statistics are computed of.
type samples struct {
	count, sum, min, max float64
	// each has the samples themselves, with how often they occur; only where the
	// statistic needs them.
	each []sample
}

type sample struct{ value, count float64 }

func (s *samples) reset() { *s = samples{each: s.each[:0], min: math.Inf(1), max: math.Inf(-1)} }

func (s *samples) add(count, sum, low, high float64) {
	s.count += count
	s.sum += sum
	s.min = min(s.min, low)
	s.max = max(s.max, high)
}

// of is the statistic of the samples, NaN where there are none.
func (s statistic) of(in *samples) float64 {
	if in.count == 0 {
		return math.NaN()
	}
	switch s.kind {
	case sampleCount:
		return in.count
	case sum:
		return in.sum
	case average:
		return in.sum / in.count
	case minimum:
		return in.min
	case maximum:
		return in.max
	}
	slices.SortFunc(in.each, func(a, b sample) int { return cmp.Compare(a.value, b.value) })
	if s.kind == percentile {
		return in.at(rank(s.high, in.count) - 1)
	}
	count, total := s.within(in)
	switch s.kind {
	case trimmedCount:
		return count
	case trimmedSum:
		return total
	case percentileRank:
		return 100 * count / in.count
	case winsorizedMean:
		return s.winsorized(in, count, total)
	}
	if count == 0 {
		return math.NaN()
	}
	return total / count
}

// rank is how many of the samples are in the lowest percentage of them: enough
// that what is left out is at most the rest.
func rank(percentage, count float64) float64 {
	return max(1, math.Ceil(percentage*count/100-1e-9))
}

// ranks are the first and the last place, counted from 0 and exclusive, of the
// samples between two percentages.
func (s statistic) ranks(count float64) (from, to float64) {
	to = count
	if !math.IsInf(s.low, 0) {
		from = math.Floor(s.low*count/100 + 1e-9)
	}
	if !math.IsInf(s.high, 0) {
		to = rank(s.high, count)
	}
	return from, to
}

// at is the sample in a place of the order, counted from 0.
func (s *samples) at(place float64) float64 {
	before := 0.0
	for _, e := range s.each {
		before += e.count
		if place < before {
			return e.value
		}
	}
	return s.max
}

// within counts and adds up the samples inside the limits. A lower limit that is
// a value is exclusive, an upper one inclusive.
func (s statistic) within(in *samples) (count, total float64) {
	from, to := s.ranks(in.count)
	before := 0.0
	for _, e := range in.each {
		n := e.count
		if s.percent {
			n = max(0, min(before+e.count, to)-max(before, from))
		} else if e.value <= s.low || e.value > s.high {
			n = 0
		}
		before += e.count
		count += n
		total += n * e.value
	}
	return count, total
}

// winsorized is the mean with the samples outside the limits moved to the limits.
func (s statistic) winsorized(in *samples, count, total float64) float64 {
	low, high := s.low, s.high
	below, above := 0.0, 0.0
	if s.percent {
		from, to := s.ranks(in.count)
		below, above = from, in.count-to
		low, high = in.at(from), in.at(to-1)
	} else {
		for _, e := range in.each {
			switch {
			case e.value <= s.low:
				below += e.count
			case e.value > s.high:
				above += e.count
			}
		}
	}
	if below > 0 {
		total += below * low
	}
	if above > 0 {
		total += above * high
	}
	return total / (count + below + above)
}
