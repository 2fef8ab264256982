package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Series is the data of one metric: one entry for each period from Start on, in
// exactly one of Values, Samples and Sets. None of them: the metric has no data.
type Series struct {
	// Start is when the first period begins: a multiple of Period since 1970.
	Start time.Time
	// Period is the distance of two entries: 1, 5, 10, 20 or 30 seconds, or whole
	// minutes. The periods of the alarms are multiples of it.
	Period time.Duration
	// Values has one number for each period; NaN where there is none. See Stat.
	Values []float64
	// Stat is the statistic that Values hold, as GetMetricData returns it: "p99".
	// Default: each value is one sample, from which every statistic follows.
	Stat string
	// Counts has the number of samples behind each of Values. Only with Stat.
	// Default: unknown, which some statistics and alarms on percentiles need.
	Counts []float64
	// Samples has the samples of each period.
	Samples [][]float64
	// Sets has a statistic set for each period; an empty one where there is none.
	Sets []StatisticSet
	// Delay is how long after the end of its period an entry is there for alarms to
	// see. Default: at once.
	Delay time.Duration
	// Late is the delay of single entries, by their index, instead of Delay.
	Late map[int]time.Duration
}

// StatisticSet sums up samples, as PutMetricData takes it (API reference, StatisticSet).
type StatisticSet struct {
	// SampleCount is how many samples there are. 0: none, and the others are 0, too.
	SampleCount float64
	// Sum, Minimum and Maximum are in the unit of the metric.
	Sum, Minimum, Maximum float64
}

// Band is an anomaly band: the limits that ANOMALY_DETECTION_BAND has. Each is a
// series of Values.
type Band struct {
	// Lower and Upper are where it begins and ends, in the unit of the metric.
	Lower, Upper Series
}

// Point is a value at the begin of a period.
type Point struct {
	// Time is when the period begins.
	Time time.Time
	// Value is in the unit of the metric.
	Value float64
}

// FromPoints makes a series of points in order of time, such as the values of
// GetMetricData: their stat, or "" where each is one sample. Periods without a
// point are missing data.
func FromPoints(period time.Duration, stat string, points []Point) (Series, error) {
	s := Series{Period: period, Stat: stat}
	if err := validatePeriod(period); err != nil {
		return Series{}, fmt.Errorf("period: %w", err)
	}
	if len(points) == 0 {
		return s, nil
	}
	var errs []error
	var before time.Time
	for i, p := range points {
		switch {
		case i > 0 && p.Time.Equal(before):
			errs = append(errs, fmt.Errorf("points[%d]: %s is there twice", i, clock(p.Time)))
		case i > 0 && p.Time.Before(before):
			errs = append(errs, fmt.Errorf("points[%d]: %s comes after %s, want points in order of time", i, clock(p.Time), clock(before)))
		}
		before = p.Time
		if !aligned(p.Time, period) {
			errs = append(errs, fmt.Errorf("points[%d]: %s is not the begin of a period of %s", i, p.Time.UTC().Format(time.RFC3339Nano), period))
		}
		if !finite(p.Value) {
			errs = append(errs, fmt.Errorf("points[%d]: is %v at %s, want a number; leave the point out where data is missing", i, p.Value, clock(p.Time)))
		}
	}
	if len(errs) > 0 {
		return Series{}, errors.Join(errs...)
	}
	s.Start = points[0].Time
	n := points[len(points)-1].Time.Sub(s.Start)/period + 1
	if n > maxEntries {
		return Series{}, fmt.Errorf("points: from %s to %s are %d periods of %s, want at most %d", clock(s.Start), clock(points[len(points)-1].Time), n, period, maxEntries)
	}
	s.Values = slices.Repeat([]float64{math.NaN()}, int(n))
	for _, p := range points {
		s.Values[p.Time.Sub(s.Start)/period] = p.Value
	}
	return s, nil
}

// maxEntries keeps a typing error in a date from filling the memory: it is ten
// times 455 days of minutes, the longest that CloudWatch keeps anything.
const maxEntries = 10 * 455 * 24 * 60

// Data holds the series of metrics by [ID]. One metric may have several, of
// several statistics or resolutions; an alarm uses the finest that gives its
// statistic.
type Data map[string][]Series

// Add adds a series of a metric. Period, stat and label of the metric do not
// matter.
func (d Data) Add(m cloudwatch.Metric, s Series) { d[ID(m)] = append(d[ID(m)], s) }

// ID names a metric: its namespace, name and dimensions, in any order, and the only
// unit of which values count.
func ID(m cloudwatch.Metric) string {
	dimensions := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		dimensions[i] = d.Name + "=" + d.Value
	}
	slices.Sort(dimensions)
	id := m.Namespace + " " + m.Name + " {" + strings.Join(dimensions, ", ") + "}"
	if m.OnlyUnit != "" {
		id += " in " + string(m.OnlyUnit)
	}
	return id
}

func (d Data) validate() []error {
	var errs []error
	for _, id := range sortedKeys(d) {
		for i, s := range d[id] {
			if err := s.validate(); err != nil {
				errs = append(errs, fmt.Errorf("series %d of %s: %w", i, id, err))
			}
		}
	}
	return errs
}

func (s *Series) len() int { return max(len(s.Values), len(s.Samples), len(s.Sets)) }

func (s Series) validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := validatePeriod(s.Period); err != nil {
		fail("Period: %w", err)
		return errors.Join(errs...)
	}
	kinds := 0
	for _, n := range []int{len(s.Values), len(s.Samples), len(s.Sets)} {
		if n > 0 {
			kinds++
		}
	}
	if kinds > 1 {
		fail("has more than one of Values, Samples and Sets")
	}
	if s.len() > maxEntries {
		fail("has %d entries, want at most %d", s.len(), maxEntries)
	}
	if s.len() > 0 && !aligned(s.Start, s.Period) {
		fail("Start: is %s, want the begin of a period of %s", s.Start.UTC().Format(time.RFC3339Nano), s.Period)
	}
	if s.Stat != "" {
		if _, err := parseStatistic(s.Stat); err != nil {
			fail("Stat: %w", err)
		}
		if len(s.Samples) > 0 || len(s.Sets) > 0 {
			fail("Stat: is %q, want none: only Values have one", s.Stat)
		}
	}
	if len(s.Counts) > 0 && (s.Stat == "" || len(s.Counts) != len(s.Values)) {
		fail("Counts: has %d entries, want one for each of Values, with Stat", len(s.Counts))
	}
	if s.Delay < 0 {
		fail("Delay: is %s, want 0 or more", s.Delay)
	}
	for _, i := range slices.Sorted(maps.Keys(s.Late)) {
		if i < 0 || i >= s.len() || s.Late[i] < 0 {
			fail("Late[%d]: is %s, want 0 or more for one of the %d entries", i, s.Late[i], s.len())
		}
	}
	for i, v := range s.Values {
		if math.IsInf(v, 0) {
			fail("Values[%d]: is %v, want a number, or NaN for missing data", i, v)
		}
	}
	for i, n := range s.Counts {
		if !finite(n) || n < 0 {
			fail("Counts[%d]: is %v, want 0 or more", i, n)
		}
	}
	for i, samples := range s.Samples {
		for _, v := range samples {
			if !finite(v) {
				fail("Samples[%d]: has %v, want numbers, or none for missing data", i, v)
			}
		}
	}
	for i, set := range s.Sets {
		if !set.possible() {
			fail("Sets[%d]: %+v cannot be of any samples", i, set)
		}
	}
	return errors.Join(errs...)
}

func (s StatisticSet) possible() bool {
	if s.SampleCount == 0 {
		return s == StatisticSet{}
	}
	for _, v := range []float64{s.SampleCount, s.Sum, s.Minimum, s.Maximum} {
		if !finite(v) {
			return false
		}
	}
	average := s.Sum / s.SampleCount
	tolerance := 1e-9 * max(math.Abs(s.Minimum), math.Abs(s.Maximum))
	return s.SampleCount > 0 && s.Minimum <= s.Maximum && average >= s.Minimum-tolerance && average <= s.Maximum+tolerance
}

// same says whether all samples of the set are the same: then CloudWatch can
// compute percentiles of it.
func (s StatisticSet) same() bool {
	return s.Minimum == s.Maximum
}

// visible is when entry i is there for alarms to see, in nanoseconds since 1970.
func (s *Series) visible(i int) int64 {
	delay, late := s.Late[i]
	if !late {
		delay = s.Delay
	}
	return s.Start.UnixNano() + int64(i+1)*int64(s.Period) + int64(delay)
}

func (s *Series) maxDelay() time.Duration {
	longest := s.Delay
	for _, delay := range s.Late {
		longest = max(longest, delay)
	}
	return longest
}

// validatePeriod says whether CloudWatch has periods of that length.
func validatePeriod(p time.Duration) error {
	switch {
	case p == time.Second, p == 5*time.Second, p == 10*time.Second, p == 20*time.Second, p == 30*time.Second:
		return nil
	case p > 0 && p%time.Minute == 0:
		return nil
	}
	return fmt.Errorf("is %s, want 1, 5, 10, 20 or 30 seconds, or whole minutes", p)
}

func aligned(t time.Time, period time.Duration) bool { return t.UnixNano()%int64(period) == 0 }

func finite(v float64) bool { return math.Abs(v) <= math.MaxFloat64 }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
