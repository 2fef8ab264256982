package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// world is an alarm and what its metrics really are: samples, which the evaluator gets in
// one of the forms that there are.
type world struct {
	in      Input
	samples [][][]float64 // of each metric, each entry
	math    int           // which of expressions is judged, or -1
}

// expressions are metric math over two metrics, and the same in Go.
var expressions = []struct {
	text  string
	value func(a, b float64) float64
}{
	{"m1 + m2", func(a, b float64) float64 { a, b = two(a, b); return a + b }},
	{"m1 - m2 / 2", func(a, b float64) float64 { a, b = two(a, b/2); return a - b }},
	{"100 * m1 / (m1 + m2 + 1)", func(a, b float64) float64 {
		x, y := two(a, b)
		x, y = two(100*a, x+y+1)
		return x / y
	}},
	{"FILL(m1, 10) + m2", func(a, b float64) float64 { a, b = two(filled(a, 10), b); return a + b }},
	{"FILL(m1, 0) * FILL(m2, 1)", func(a, b float64) float64 { return filled(a, 0) * filled(b, 1) }},
	{"IF(FILL(m1, 0) > 50, 90, FILL(m2, 20))", func(a, b float64) float64 {
		if filled(a, 0) > 50 {
			return 90
		}
		return filled(b, 20)
	}},
}

// two are the data points of two series: where only one is there, the other counts as 0.
func two(a, b float64) (float64, float64) {
	if math.IsNaN(a) && math.IsNaN(b) {
		return a, b
	}
	return filled(a, 0), filled(b, 0)
}

func filled(v, with float64) float64 {
	if math.IsNaN(v) {
		return with
	}
	return v
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// series hides samples, whole numbers, in one of the forms that there are.
func (w *world) series(r *rand.Rand, resolution time.Duration, entries int, same bool) Series {
	s := Series{Start: noon, Period: resolution}
	form := r.IntN(3)
	var all [][]float64
	values := []float64{50}
	for range entries {
		if r.IntN(4) == 0 {
			values = nil
			for range r.IntN(9) {
				values = append(values, pick(r, 20.0, 50, 79, 80, 81, 95))
			}
		}
		now := slices.Clone(values)
		switch {
		case form == 0 && len(now) > 1:
			now = now[:1]
		case form == 2 && same:
			for i := range now {
				now[i] = now[0]
			}
		}
		all = append(all, now)
	}
	for _, now := range all {
		switch form {
		case 0:
			s.Values = append(s.Values, naiveOne(now))
		case 1:
			s.Samples = append(s.Samples, now)
		case 2:
			set := StatisticSet{}
			if len(now) > 0 {
				set = StatisticSet{SampleCount: float64(len(now)), Minimum: slices.Min(now), Maximum: slices.Max(now)}
				for _, v := range now {
					set.Sum += v
				}
			}
			s.Sets = append(s.Sets, set)
		}
	}
	if r.IntN(3) == 0 {
		s.Delay = time.Duration(r.IntN(400)) * time.Second
	}
	w.samples = append(w.samples, all)
	return s
}

func naiveOne(samples []float64) float64 {
	if len(samples) == 0 {
		return nan
	}
	return samples[0]
}

// randomWorld is any kind of alarm on any kind of data.
func randomWorld(r *rand.Rand) world {
	w := world{math: -1}
	a := high(1 + r.IntN(6))
	a.DatapointsToAlarm = 1 + r.IntN(a.EvaluationPeriods)
	a.TreatMissingData = pick(r, cloudwatch.Missing, cloudwatch.Ignore, cloudwatch.Breaching, cloudwatch.NotBreaching)
	a.ComparisonOperator = pick(r, cloudwatch.GreaterThan, cloudwatch.GreaterThanOrEqual, cloudwatch.LessThan, cloudwatch.LessThanOrEqual)
	period := pick(r, 10*time.Second, 30*time.Second, minute, 2*minute, 5*minute)
	resolution, length := minute, 120*minute
	if period < minute {
		resolution, length = 10*time.Second, 20*minute
	}
	stat := pick(r, "Average", "Sum", "Maximum", "Minimum", "SampleCount", "p50", "p90", "tm90")
	a.Threshold = map[string]float64{"Sum": 250, "SampleCount": 4}[stat]
	if a.Threshold == 0 {
		a.Threshold = pick(r, 50.0, 79, 80)
	}
	m1 := metric(stat, period)
	w.in = Input{
		From: noon.Add(-3 * minute), To: noon.Add(length + 20*minute), Data: Data{},
		Start: map[string]cloudwatch.State{"high": states[r.IntN(3)]}, ExtraPeriods: 1 + r.IntN(4),
	}
	if slices.Contains(wallClockPeriods, period) && r.IntN(4) == 0 {
		a.WallClock = "UTC"
	}
	entries := int(length / resolution)
	same := slices.Contains([]string{"p50", "p90", "tm90"}, stat)
	w.in.Data.Add(m1, w.series(r, resolution, entries, same))
	a.Queries = []cloudwatch.Query{{ID: "m1", Metric: m1, ReturnData: true}}
	switch kind := r.IntN(4); {
	case kind == 0: // metric math
		m2 := m1
		m2.Name = "Other"
		w.in.Data.Add(m2, w.series(r, resolution, entries, same))
		w.math = r.IntN(len(expressions))
		a.Queries = []cloudwatch.Query{{ID: "m1", Metric: m1}, {ID: "m2", Metric: m2}, {ID: "e1", Expression: expressions[w.math].text, ReturnData: true}}
	case kind == 1: // a band
		a.ComparisonOperator = pick(r, cloudwatch.OutsideBand, cloudwatch.AboveBand, cloudwatch.BelowBand)
		a.Queries = append(a.Queries, cloudwatch.Query{ID: "band", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", ReturnData: true})
		a.ThresholdMetricID, a.Threshold = "band", 0
		band := Band{Lower: Series{Start: noon, Period: resolution}, Upper: Series{Start: noon, Period: resolution}}
		for range entries {
			low := float64(10 + r.IntN(60))
			band.Lower.Values, band.Upper.Values = append(band.Lower.Values, low), append(band.Upper.Values, low+20)
		}
		w.in.Bands = map[string]Band{"high": band}
	case stat == "p50" || stat == "p90":
		a.EvaluateLowSampleCountPercentile = pick(r, "evaluate", "ignore")
	}
	w.in.Alarms = []cloudwatch.MetricAlarm{a}
	return w
}

// seen are the samples of a metric in the period before end that are visible now.
func (w world) seen(metric int, s Series, end, now time.Time, period time.Duration) []float64 {
	var all []float64
	start, left := s.Start.Sub(end), now.Sub(end)
	for i, samples := range w.samples[metric] {
		begin := start + time.Duration(i)*s.Period // as seen from end
		if begin >= -period && begin < 0 && begin+s.Period+s.Delay <= left {
			all = append(all, samples...)
		}
	}
	return all
}

// naive evaluates the alarm straight from the rules and the samples.
func (w world) naive() map[time.Time]cloudwatch.State {
	a := w.in.Alarms[0]
	period := a.Queries[0].Metric.Period
	var series []Series
	for _, q := range a.Queries {
		if q.Expression == "" {
			series = append(series, w.in.Data[ID(q.Metric)][0])
		}
	}
	step := minute
	if period < minute {
		step = 10 * time.Second
	}
	state := w.in.start("high")
	all := map[time.Time]cloudwatch.State{}
	for now := w.in.From; !now.After(w.in.To); now = now.Add(10 * time.Second) {
		if now.Unix()%int64(step.Seconds()) == 0 {
			state = w.evaluate(a, series, period, now, state)
		}
		all[now] = state
	}
	return all
}

func (w world) evaluate(a cloudwatch.MetricAlarm, series []Series, period time.Duration, now time.Time, state cloudwatch.State) cloudwatch.State {
	var found []bool
	var ages []int
	samples := 0
	newest := now
	if a.WallClock != "" {
		newest = now.Truncate(period)
	}
	for age := range a.EvaluationPeriods + w.in.ExtraPeriods {
		end := newest.Add(-time.Duration(age) * period)
		values := []float64{nan, nan}
		for i, s := range series {
			if seen := w.seen(i, s, end, now, period); len(seen) > 0 {
				if age < a.EvaluationPeriods {
					samples += len(seen)
				}
				values[i] = wideStatistic(a.Queries[i].Metric.Stat, seen)
			}
		}
		v := values[0]
		if w.math >= 0 {
			v = expressions[w.math].value(values[0], values[1])
		}
		if math.IsNaN(v) {
			continue
		}
		low, high := a.Threshold, a.Threshold
		if band, ok := w.in.Bands["high"]; ok {
			low, high = average(band.Lower, end, period), average(band.Upper, end, period)
		}
		breaches := map[cloudwatch.Operator]bool{
			cloudwatch.GreaterThan: v > high, cloudwatch.GreaterThanOrEqual: v >= high,
			cloudwatch.LessThan: v < low, cloudwatch.LessThanOrEqual: v <= low,
			cloudwatch.AboveBand: v > high, cloudwatch.BelowBand: v < low, cloudwatch.OutsideBand: v > high || v < low,
		}[a.ComparisonOperator]
		found, ages = append(found, breaches), append(ages, age+1)
	}
	if a.EvaluateLowSampleCountPercentile == "ignore" && samples < map[string]int{"p50": 20, "p90": 100}[a.Queries[0].Metric.Stat] {
		return state
	}
	return naiveState(a, found, ages, state)
}

func wideStatistic(stat string, samples []float64) float64 {
	if stat == "p50" {
		slices.Sort(samples)
		return samples[(len(samples)+1)/2-1]
	}
	return naiveStatistic(stat, samples)
}

// average is what a limit of a band is over a period.
func average(s Series, end time.Time, period time.Duration) float64 {
	total, n := 0.0, 0.0
	start := s.Start.Sub(end)
	for i, v := range s.Values {
		if begin := start + time.Duration(i)*s.Period; begin >= -period && begin < 0 {
			total, n = total+v, n+1
		}
	}
	return total / n
}

// TestAgreesWithANaiveImplementationOnEverything: every comparison, metric math, values,
// samples and statistic sets, percentiles of few samples, periods from ten seconds to five
// minutes, bands.
func TestAgreesWithANaiveImplementationOnEverything(t *testing.T) {
	const worlds = 600
	changes, tried := 0, map[string]int{}
	for seed := range uint64(worlds) {
		w := randomWorld(rand.New(rand.NewPCG(seed, 7)))
		a := w.in.Alarms[0]
		h := history(t, w.in)
		changes += len(h.Changes)
		for _, what := range []string{string(a.ComparisonOperator), a.Queries[0].Metric.Stat, a.Queries[0].Metric.Period.String(), a.EvaluateLowSampleCountPercentile, "clock " + a.WallClock, fmt.Sprint("expression ", w.math)} {
			tried[what]++
		}
		left, state := h.Changes, w.in.start("high")
		want := w.naive()
		for now := w.in.From; !now.After(w.in.To); now = now.Add(10 * time.Second) {
			for ; len(left) > 0 && !left[0].At.After(now); left = left[1:] {
				state = left[0].To
			}
			if state != want[now] {
				t.Fatalf("seed %d at %s: got %s, want %s\n%+v", seed, now.Format("15:04:05"), state, want[now], a)
			}
		}
	}
	if changes < 5*worlds {
		t.Errorf("%d changes of state in %d inputs: the inputs do not try much", changes, worlds)
	}
	for what, n := range tried {
		if n < 10 {
			t.Errorf("%q is tried %d times, want 10 or more", what, n)
		}
	}
	if want := 7 + 8 + 5 + 3 + 2 + 1 + len(expressions); len(tried) != want {
		t.Errorf("%d things are tried, want %d: %v", len(tried), want, tried)
	}
}
