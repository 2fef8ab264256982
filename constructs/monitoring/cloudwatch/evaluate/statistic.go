package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// statistic computes a statistic of samples.
type statistic struct{ cloudwatch.Statistic }

func parseStatistic(name string) (statistic, error) {
	s, err := cloudwatch.ParseStatistic(name)
	return statistic{s}, err
}

// needsSamples says whether the statistic depends on more than count, sum and
// extremes.
func (s statistic) needsSamples() bool { return s.Kind >= cloudwatch.KindPercentile }

// fewSamples is the number of samples below which a percentile is not
// significant, and EvaluateLowSampleCountPercentile counts; 0 for other
// statistics.
func (s statistic) fewSamples() float64 {
	switch p := s.High / 100; {
	case s.Kind != cloudwatch.KindPercentile || p <= 0 || p >= 1:
		return 0
	case p >= 0.5:
		return 10 * 100 / (100 - s.High)
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

// addSets adds the samples of sets for a statistic. Where it needs the samples
// themselves, those of a set are the same.
func (s *samples) addSets(stat statistic, sets []StatisticSet) {
	count, sum := s.count, s.sum
	for i := range sets { // an empty one adds nothing
		count += sets[i].SampleCount
		sum += sets[i].Sum
	}
	s.count, s.sum = count, sum
	switch {
	case stat.needsSamples():
		for i := range sets {
			if sets[i].SampleCount > 0 {
				s.each = append(s.each, sample{sets[i].Minimum, sets[i].SampleCount})
			}
		}
	case stat.Kind == cloudwatch.KindMinimum || stat.Kind == cloudwatch.KindMaximum:
		low, high := s.min, s.max
		for i := range sets {
			if sets[i].SampleCount > 0 {
				low, high = min(low, sets[i].Minimum), max(high, sets[i].Maximum)
			}
		}
		s.min, s.max = low, high
	}
}

// of is the statistic of the samples, NaN where there are none.
func (s statistic) of(in *samples) float64 {
	if in.count == 0 {
		return math.NaN()
	}
	switch s.Kind {
	case cloudwatch.KindSampleCount:
		return in.count
	case cloudwatch.KindSum:
		return in.sum
	case cloudwatch.KindAverage:
		return in.sum / in.count
	case cloudwatch.KindMinimum:
		return in.min
	case cloudwatch.KindMaximum:
		return in.max
	}
	if s.Percent { // limits that are values need no order
		slices.SortFunc(in.each, func(a, b sample) int { return cmp.Compare(a.value, b.value) })
	}
	if s.Kind == cloudwatch.KindPercentile {
		return in.at(rank(s.High, in.count) - 1)
	}
	count, total := s.within(in)
	switch s.Kind {
	case cloudwatch.KindTrimmedCount:
		return count
	case cloudwatch.KindTrimmedSum:
		return total
	case cloudwatch.KindPercentileRank:
		return 100 * count / in.count
	case cloudwatch.KindWinsorizedMean:
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
	if !math.IsInf(s.Low, 0) {
		from = math.Floor(s.Low*count/100 + 1e-9)
	}
	if !math.IsInf(s.High, 0) {
		to = rank(s.High, count)
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
	return s.each[len(s.each)-1].value
}

// within counts and adds up the samples inside the limits. A lower limit that is
// a value is exclusive, an upper one inclusive.
func (s statistic) within(in *samples) (count, total float64) {
	from, to := s.ranks(in.count)
	before := 0.0
	for _, e := range in.each {
		n := e.count
		if s.Percent {
			n = max(0, min(before+e.count, to)-max(before, from))
		} else if e.value <= s.Low || e.value > s.High {
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
	low, high := s.Low, s.High
	below, above := 0.0, 0.0
	if s.Percent {
		from, to := s.ranks(in.count)
		below, above = from, in.count-to
		low, high = in.at(from), in.at(to-1)
	} else {
		for _, e := range in.each {
			switch {
			case e.value <= s.Low:
				below += e.count
			case e.value > s.High:
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
