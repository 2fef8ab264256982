package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// run is one metric alarm, ready to be evaluated.
type run struct {
	alarm   cloudwatch.MetricAlarm
	toAlarm int
	treat   cloudwatch.MissingData
	state   cloudwatch.State
	grid    grid
	period  time.Duration
	windows []*window
	program *program
	// judged is what is compared: with the threshold, or with the band.
	judged       []float64
	upper, lower []float64
	breaches     func(v, low, high float64) bool
	// few is the window that has to have fewSamples samples for the alarm to be
	// evaluated, or nil.
	few        *window
	fewSamples float64
}

// comparison is how an operator compares a value: with low, the threshold, or with
// both limits of a band.
type comparison struct {
	breaches func(v, low, high float64) bool
	words    string
	band     bool
}

var comparisons = map[cloudwatch.Operator]comparison{
	cloudwatch.GreaterThan:        {func(v, t, _ float64) bool { return v > t }, "above", false},
	cloudwatch.GreaterThanOrEqual: {func(v, t, _ float64) bool { return v >= t }, "at or above", false},
	cloudwatch.LessThan:           {func(v, t, _ float64) bool { return v < t }, "below", false},
	cloudwatch.LessThanOrEqual:    {func(v, t, _ float64) bool { return v <= t }, "at or below", false},
	cloudwatch.OutsideBand:        {func(v, low, high float64) bool { return v < low || v > high }, "outside", true},
	cloudwatch.AboveBand:          {func(v, _, high float64) bool { return v > high }, "above", true},
	cloudwatch.BelowBand:          {func(v, low, _ float64) bool { return v < low }, "below", true},
}

// newRun prepares an alarm that is valid.
func newRun(in Input, a cloudwatch.MetricAlarm) (*run, error) {
	r := &run{
		alarm:    a,
		toAlarm:  cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods),
		treat:    cmp.Or(a.TreatMissingData, cloudwatch.Missing),
		state:    in.start(a.Name),
		breaches: comparisons[a.ComparisonOperator].breaches,
	}
	sources, err := in.sources(a)
	if err != nil {
		return nil, err
	}
	var resolutions []time.Duration
	for _, s := range sources {
		r.period = s.metric.Period
		if s.metric.Namespace == "AWS/DynamoDB" {
			r.treat = cloudwatch.Ignore // whatever the alarm says
		}
		resolutions = append(resolutions, s.series.Period)
	}
	band, hasBand := in.Bands[a.Name]
	if hasBand {
		if err := band.validate(r.period); err != nil {
			return nil, err
		}
		resolutions = append(resolutions, band.Lower.Period, band.Upper.Period)
	}
	if r.grid, err = newGrid(in, a, r.period, resolutions); err != nil {
		return nil, err
	}
	r.program = &program{points: r.grid.count, period: r.period}
	scope := &scope{program: r.program, operands: map[string]*operand{}, band: func() (*operand, error) {
		if !hasBand {
			return nil, errors.New("the band of ANOMALY_DETECTION_BAND is AWS's; give it in Bands")
		}
		upper, lower := r.limit(&band.Upper), r.limit(&band.Lower)
		return &operand{kind: array, series: [][]float64{upper.points, lower.points}}, nil
	}}
	for _, s := range sources {
		w := newWindow(s.series, s.stat, r.period, r.grid, s.counts)
		if s.counts {
			r.few, r.fewSamples = w, s.stat.fewSamples()
		}
		r.windows = append(r.windows, w)
		scope.metrics = append(scope.metrics, s.id)
		scope.operands[s.id] = &operand{kind: one, series: [][]float64{w.points}, metric: true}
	}
	return r, r.compile(scope)
}

// source is where the data of a query comes from.
type source struct {
	id     string
	metric cloudwatch.Metric
	series *Series
	stat   statistic
	counts bool // the number of samples matters
}

// sources finds the series of an alarm's metrics.
func (in Input) sources(a cloudwatch.MetricAlarm) ([]source, error) {
	var sources []source
	var errs []error
	for _, q := range a.Queries {
		if q.Expression != "" {
			continue
		}
		s := source{id: q.ID, metric: q.Metric}
		var err error
		if s.stat, err = parseStatistic(q.Metric.Stat); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field("Stat", q.ID), err))
			continue
		}
		s.counts = a.EvaluateLowSampleCountPercentile == "ignore" && s.stat.fewSamples() > 0
		if s.series, err = in.Data.find(q.Metric, s.stat, s.counts); err != nil {
			errs = append(errs, err)
		}
		sources = append(sources, s)
	}
	return sources, errors.Join(errs...)
}

// limit adds the window of a limit of the band.
func (r *run) limit(s *Series) *window {
	w := newWindow(s, statistic{cloudwatch.Statistic{Name: cloudwatch.Average, Kind: cloudwatch.KindAverage}}, r.period, r.grid, false)
	r.windows = append(r.windows, w)
	return w
}

// field names a field of a query.
func field(name, id string) string {
	if id == "" {
		return name
	}
	return name + " of " + id
}

// compile compiles the expressions, each after those that it uses, and finds what
// is judged.
func (r *run) compile(s *scope) error {
	var left []cloudwatch.Query
	parsed := map[string]*expression{}
	var errs []error
	for _, q := range r.alarm.Queries {
		if q.Expression == "" {
			continue
		}
		e, err := parseMath(q.Expression)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", field("Expression", q.ID), q.Expression, err))
			continue
		}
		parsed[q.ID] = e
		left = append(left, q)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for len(left) > 0 {
		waiting := left[:0:0]
		for _, q := range left {
			if uses := parsed[q.ID].uses(left); len(uses) > 0 {
				waiting = append(waiting, q)
				continue
			}
			o, err := s.compile(parsed[q.ID])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", field("Expression", q.ID), q.Expression, err)
			}
			if o.metric { // a name for a metric is no metric
				o = &operand{kind: o.kind, series: o.series}
			}
			s.operands[q.ID] = o
		}
		if len(waiting) == len(left) {
			return fmt.Errorf("%s: %s: is part of a circle of expressions", field("Expression", left[0].ID), left[0].Expression)
		}
		left = waiting
	}
	return r.judge(s.operands)
}

// uses are the queries that an expression names.
func (e *expression) uses(queries []cloudwatch.Query) []string {
	var ids []string
	if e.kind == idExpression && slices.ContainsFunc(queries, func(q cloudwatch.Query) bool { return q.ID == e.text }) {
		ids = append(ids, e.text)
	}
	for _, arg := range e.args {
		ids = append(ids, arg.uses(queries)...)
	}
	return ids
}

func (r *run) judge(operands map[string]*operand) error {
	limits := r.alarm.ThresholdMetricID
	if limits != "" {
		o := operands[limits]
		if o.kind != array || len(o.series) != 2 {
			return fmt.Errorf("ThresholdMetricID: %q is %s, want ANOMALY_DETECTION_BAND", limits, o.kind)
		}
		r.upper, r.lower = o.series[0], o.series[1]
	}
	for _, q := range r.alarm.Queries {
		if limits != "" && q.ID == limits || !returns(r.alarm, q) {
			continue
		}
		o := operands[q.ID]
		if o.kind != one {
			return fmt.Errorf("%s: %s: is %s, and an alarm watches one time series", field("Expression", q.ID), q.Expression, o.kind)
		}
		r.judged = o.series[0]
	}
	return nil
}

// returns says whether the alarm judges a query: the only one, or the one that is
// marked.
func returns(a cloudwatch.MetricAlarm, q cloudwatch.Query) bool {
	return q.ReturnData || len(a.Queries) == 1
}

// evaluate appends the changes of the alarm's state.
func (r *run) evaluate(changes []Change) ([]Change, error) {
	points := make([]datapoint, r.grid.count)
	for j := range r.grid.steps {
		for _, w := range r.windows {
			w.look(j)
		}
		if err := r.program.run(r.grid.end(j)); err != nil {
			return nil, fmt.Errorf("alarm %q: %w", r.alarm.Name, err)
		}
		if r.few != nil && r.few.samplesIn(j, r.alarm.EvaluationPeriods) < r.fewSamples {
			continue
		}
		if err := r.classify(points); err != nil {
			return nil, fmt.Errorf("alarm %q: %w", r.alarm.Name, err)
		}
		v := decide(points, r.alarm.EvaluationPeriods, r.toAlarm, r.treat, r.state)
		if v.state == r.state {
			continue
		}
		changes = append(changes, Change{
			At: r.grid.time(j), Alarm: r.alarm.Name, From: r.state, To: v.state, Reason: r.reason(v),
		})
		r.state = v.state
	}
	return changes, nil
}

func (r *run) classify(points []datapoint) error {
	low, high := r.alarm.Threshold, r.alarm.Threshold
	for i, v := range r.judged {
		if r.upper != nil {
			low, high = r.lower[i], r.upper[i]
		}
		switch {
		case math.IsNaN(v):
			points[i] = missing
		case math.IsNaN(low) || math.IsNaN(high):
			return fmt.Errorf("the band has no limits for the period from %s, which has data", clock(r.program.start(i)))
		case r.breaches(v, low, high):
			points[i] = breaching
		default:
			points[i] = good
		}
	}
	return nil
}

// reason says in words what the alarm saw.
func (r *run) reason(v verdict) string {
	var values []string
	for i := len(r.judged) - 1; i >= 0 && len(values) < v.evaluated-v.filled; i-- {
		if !math.IsNaN(r.judged[i]) {
			values = append(values, number(r.judged[i])+" at "+r.program.start(i).Format("15:04:05"))
		}
	}
	c := comparisons[r.alarm.ComparisonOperator]
	limit := number(r.alarm.Threshold)
	if c.band {
		limit = "the band"
	}
	text := fmt.Sprintf("%d of %d data points %s %s", v.breaching, v.evaluated, c.words, limit)
	switch v.why {
	case noData:
		return fmt.Sprintf("no data in %d periods", r.grid.count)
	case premature:
		text += fmt.Sprintf(", none of the others there, and the oldest is %d or more periods old", r.toAlarm)
	case counted:
		if v.filled > 0 {
			text += fmt.Sprintf(", with %d missing as %s", v.filled, r.treat)
		}
	}
	if len(values) == 0 {
		return text
	}
	const most = 5
	if len(values) > most {
		values = append(values[:most], "…")
	}
	return text + ": " + strings.Join(values, ", ")
}

// number writes a value as people do.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}
