package evaluate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// window gives an alarm the data points of one metric at each evaluation. A data
// point is the statistic over one period; the newest period ends at the moment of
// the evaluation.
type window struct {
	series *Series
	stat   statistic
	period time.Duration
	grid   grid
	// complete has the data points of the periods that end at each unit of the grid,
	// with everything that ever arrives in them.
	complete []float64
	// counts has the number of samples of the same periods, where the alarm needs it.
	counts []float64
	// late is how many of the newest periods may not be complete yet.
	late int
	// points are the data points at the current evaluation, oldest first.
	points  []float64
	scratch samples
}

// grid is when an alarm is evaluated, and which periods it sees. Both the step
// from one evaluation to the next and the period are whole units.
type grid struct {
	first     int64 // nanoseconds since 1970
	unit      time.Duration
	stride    int // units from one evaluation to the next
	steps     int // evaluations
	count     int // periods that an evaluation sees
	perPeriod int // units in a period
	// clock: periods begin on the clock, so that the newest one may have ended before
	// the evaluation.
	clock bool
}

// at is the moment of an evaluation.
func (g grid) at(j int) int64 { return g.first + int64(j*g.stride)*int64(g.unit) }

// end is where the newest period ends that an evaluation sees.
func (g grid) end(j int) int64 {
	at := g.at(j)
	if g.clock {
		at -= at % (int64(g.perPeriod) * int64(g.unit))
	}
	return at
}

// before is how many units the newest period of the first evaluation is behind the
// first period of all.
func (g grid) before() int {
	n := (g.count - 1) * g.perPeriod
	if g.clock {
		n += g.perPeriod
	}
	return n
}

// oldest is the unit of the grid at which the oldest period ends that an evaluation
// sees.
func (g grid) oldest(j int) int {
	return g.before() + int((g.end(j)-g.first)/int64(g.unit)) - (g.count-1)*g.perPeriod
}

func (g grid) time(j int) time.Time { return time.Unix(0, g.at(j)).UTC() }

// newGrid lays out the evaluations of an alarm on data of some resolutions.
func newGrid(in Input, a cloudwatch.MetricAlarm, period time.Duration, resolutions []time.Duration) (grid, error) {
	step := time.Minute
	switch {
	case in.step > 0:
		step = in.step
	case period < time.Minute:
		step = 10 * time.Second
	case time.Duration(a.EvaluationPeriods)*period > 24*time.Hour:
		step = time.Hour
	}
	for _, r := range resolutions {
		step = lcm(step, r)
	}
	first := in.From.UnixNano()
	if rest := first % int64(step); rest != 0 {
		first += int64(step) - rest
	}
	unit := gcd(step, period)
	g := grid{
		first: first, unit: unit, stride: int(step / unit),
		count: a.EvaluationPeriods + in.ExtraPeriods, perPeriod: int(period / unit), clock: a.WallClock != "",
	}
	if last := in.To.UnixNano(); last >= first {
		g.steps = int((last-first)/int64(step)) + 1
	}
	if g.steps > maxEntries {
		return grid{}, fmt.Errorf("is evaluated %d times from From to To, want at most %d", g.steps, maxEntries)
	}
	return g, nil
}

func gcd(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func lcm(a, b time.Duration) time.Duration { return a / gcd(a, b) * b }

// find picks the finest series that gives the statistic of a metric.
func (d Data) find(m cloudwatch.Metric, stat statistic, needsCounts bool) (*Series, error) {
	all, ok := d[ID(m)]
	if !ok {
		return nil, fmt.Errorf("no series of %s; give one without values if it has no data", ID(m))
	}
	var best *Series
	var errs []error
	for i := range all {
		err := all[i].gives(stat, m.Period, needsCounts)
		switch {
		case err != nil:
			errs = append(errs, err)
		case best == nil || all[i].Period < best.Period:
			best = &all[i]
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s over %s of %s: %w", stat.Name, m.Period, ID(m), errors.Join(errs...))
	}
	return best, nil
}

// gives says why the statistic over a period cannot be computed of the series,
// or nil.
func (s *Series) gives(stat statistic, period time.Duration, needsCounts bool) error {
	if period%s.Period != 0 {
		return fmt.Errorf("the series has periods of %s, want a part of %s", s.Period, period)
	}
	if s.Stat != "" {
		if needsCounts && len(s.Counts) == 0 {
			return fmt.Errorf("the series has %s without Counts, and the alarm ignores low sample counts", s.Stat)
		}
		own, err := parseStatistic(s.Stat)
		if err != nil {
			return err
		}
		adds := own.Kind <= cloudwatch.KindSum || own.Kind == cloudwatch.KindMinimum || own.Kind == cloudwatch.KindMaximum || own.Kind == cloudwatch.KindAverage && len(s.Counts) > 0
		switch {
		case own.Name != stat.Name:
			return fmt.Errorf("the series has %s", s.Stat)
		case period != s.Period && !adds:
			return fmt.Errorf("the series has %s over %s, which does not add up to longer periods; want samples, or %s over %s", s.Stat, s.Period, s.Stat, period)
		}
		return nil
	}
	if !stat.needsSamples() {
		return nil
	}
	for i, set := range s.Sets {
		switch {
		case !set.same():
			return fmt.Errorf("the statistic set at %s has different samples, of which CloudWatch computes no %s", clock(s.Start.Add(time.Duration(i)*s.Period)), stat.Name)
		case set.Minimum < 0:
			return s.negative(i, stat)
		}
	}
	for i, samples := range s.Samples {
		if len(samples) > 0 && slices.Min(samples) < 0 {
			return s.negative(i, stat)
		}
	}
	for i, v := range s.Values {
		if v < 0 {
			return s.negative(i, stat)
		}
	}
	return nil
}

func (s *Series) negative(i int, stat statistic) error {
	return fmt.Errorf("a sample at %s is negative, and CloudWatch computes no %s then", clock(s.Start.Add(time.Duration(i)*s.Period)), stat.Name)
}

func newWindow(s *Series, stat statistic, period time.Duration, g grid, counts bool) *window {
	w := &window{series: s, stat: stat, period: period, grid: g, points: make([]float64, g.count)}
	before := g.before()
	n := before
	if g.steps > 0 {
		n += (g.steps-1)*g.stride + 1
	}
	w.complete = make([]float64, n)
	if counts {
		w.counts = make([]float64, n)
	}
	for i := range n {
		w.gather(g.first+int64(i-before)*int64(g.unit), math.MaxInt64)
		w.complete[i] = w.value()
		if counts {
			w.counts[i] = w.scratch.count
		}
	}
	if delay := s.maxDelay(); delay > 0 {
		w.late = min(g.count, int((delay+period-1)/period))
	}
	return w
}

// look fills points with what the alarm sees at an evaluation.
func (w *window) look(j int) {
	oldest := w.grid.oldest(j)
	for i := range w.points {
		w.points[i] = w.complete[oldest+i*w.grid.perPeriod]
	}
	for age := range w.late {
		w.gather(w.grid.end(j)-int64(age)*int64(w.period), w.grid.at(j))
		w.points[len(w.points)-1-age] = w.value()
	}
}

// samplesIn counts the samples of the newest periods that the alarm sees.
func (w *window) samplesIn(j, periods int) float64 {
	total, oldest := 0.0, w.grid.oldest(j)
	for age := range periods {
		if age < w.late {
			w.gather(w.grid.end(j)-int64(age)*int64(w.period), w.grid.at(j))
			total += w.scratch.count
			continue
		}
		total += w.counts[oldest+(len(w.points)-1-age)*w.grid.perPeriod]
	}
	return total
}

// gather collects the samples of the period that ends at a time, as far as they
// are visible at another.
func (w *window) gather(end, now int64) {
	s := w.series
	w.scratch.reset()
	past := (end - s.Start.UnixNano()) / int64(s.Period)
	from := int(max(0, past-int64(w.period/s.Period)))
	to := int(min(past, int64(s.len())))
	if now == math.MaxInt64 && s.Sets != nil && from < to {
		w.scratch.addSets(w.stat, s.Sets[from:to])
		return
	}
	for i := from; i < to; i++ {
		if now != math.MaxInt64 && s.visible(i) > now {
			continue
		}
		switch {
		case s.Values != nil:
			w.addValue(i)
		case s.Samples != nil:
			for _, v := range s.Samples[i] {
				w.add(v, 1)
			}
		default:
			w.scratch.addSets(w.stat, s.Sets[i:i+1])
		}
	}
}

func (w *window) addValue(i int) {
	v := w.series.Values[i]
	switch {
	case math.IsNaN(v):
	case w.series.Stat == "":
		w.add(v, 1)
	case w.series.Counts == nil:
		w.scratch.add(1, v, v, v)
	case w.stat.Kind == cloudwatch.KindAverage:
		w.scratch.add(w.series.Counts[i], v*w.series.Counts[i], v, v)
	default:
		w.scratch.add(w.series.Counts[i], v, v, v)
	}
}

func (w *window) add(v, count float64) {
	w.scratch.add(count, v*count, v, v)
	if w.stat.needsSamples() {
		w.scratch.each = append(w.scratch.each, sample{v, count})
	}
}

// value is the statistic of what was gathered. Values that are the statistic
// already are put together; see [Series.gives] for those that can be.
func (w *window) value() float64 {
	switch {
	case w.series.Stat == "" || w.stat.Kind == cloudwatch.KindMinimum || w.stat.Kind == cloudwatch.KindMaximum:
		return w.stat.of(&w.scratch)
	case w.scratch.min > w.scratch.max: // nothing
		return math.NaN()
	case w.stat.Kind == cloudwatch.KindAverage && w.series.Counts != nil:
		return w.scratch.sum / w.scratch.count
	}
	return w.scratch.sum
}
