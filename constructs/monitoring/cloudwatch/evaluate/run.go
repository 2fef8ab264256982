package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/cdk/token"
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

const maxMetrics = 10 // in a math alarm

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

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

func newRun(in Input, a cloudwatch.MetricAlarm) (*run, error) {
	if err := validateAlarm(a); err != nil {
		return nil, err
	}
	r := &run{
		alarm:    a,
		toAlarm:  cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods),
		treat:    cmp.Or(a.TreatMissingData, cloudwatch.Missing),
		state:    in.start(a.Name),
		breaches: comparisons[a.ComparisonOperator].breaches,
	}
	metrics := map[string]*operand{}
	var ids []string
	var windows []func() *window
	var resolutions []time.Duration
	var errs []error
	for _, q := range a.Queries {
		if q.Expression != "" {
			continue
		}
		r.period = q.Metric.Period
		if q.Metric.Namespace == "AWS/DynamoDB" {
			r.treat = cloudwatch.Ignore // whatever the alarm says
		}
		stat, err := parseStatistic(q.Metric.Stat)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field("Stat", q.ID), err))
			continue
		}
		counts := a.EvaluateLowSampleCountPercentile == "ignore" && stat.fewSamples() > 0
		s, err := in.Data.find(q.Metric, stat, counts)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		resolutions = append(resolutions, s.Period)
		ids = append(ids, q.ID)
		windows = append(windows, func() *window {
			w := newWindow(s, stat, q.Metric.Period, r.grid, counts)
			metrics[q.ID] = &operand{kind: one, series: [][]float64{w.points}, metric: true}
			if counts {
				r.few, r.fewSamples = w, stat.fewSamples()
			}
			return w
		})
	}
	anomaly, hasBand := in.Bands[a.Name]
	if hasBand {
		for _, s := range []Series{anomaly.Lower, anomaly.Upper} {
			if err := validateBand(s, r.period); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", field("Bands", ""), err))
				continue
			}
			resolutions = append(resolutions, s.Period)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	var err error
	if r.grid, err = newGrid(in, r.period, a.EvaluationPeriods, resolutions); err != nil {
		return nil, err
	}
	for _, w := range windows {
		r.windows = append(r.windows, w())
	}
	r.program = &program{points: r.grid.count, period: r.period}
	return r, r.compile(&scope{
		program: r.program, operands: metrics, metrics: ids,
		band: func() (*operand, error) {
			if !hasBand {
				return nil, errors.New("the band of ANOMALY_DETECTION_BAND is AWS's; give it in Bands")
			}
			upper, lower := r.limit(&anomaly.Upper), r.limit(&anomaly.Lower)
			return &operand{kind: array, series: [][]float64{upper.points, lower.points}}, nil
		},
	})
}

// limit adds the window of a limit of the band.
func (r *run) limit(s *Series) *window {
	w := newWindow(s, statistic{cloudwatch.Statistic{Name: cloudwatch.Average, Kind: cloudwatch.KindAverage}}, r.period, r.grid, false)
	r.windows = append(r.windows, w)
	return w
}

func validateBand(s Series, period time.Duration) error {
	if err := s.validate(); err != nil {
		return err
	}
	if len(s.Values) == 0 || period%s.Period != 0 {
		return fmt.Errorf("has %d Values of %s, want some, with the alarm's period, %s, or a part of it", len(s.Values), s.Period, period)
	}
	return nil
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

func validateAlarm(a cloudwatch.MetricAlarm) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if a.EvaluationPeriods < 1 {
		fail("EvaluationPeriods: is %d, want 1 or more", a.EvaluationPeriods)
	}
	if m := a.DatapointsToAlarm; m < 0 || m > a.EvaluationPeriods {
		fail("DatapointsToAlarm: is %d, want 1 to EvaluationPeriods, %d", m, a.EvaluationPeriods)
	}
	switch a.TreatMissingData {
	case "", cloudwatch.Missing, cloudwatch.Ignore, cloudwatch.Breaching, cloudwatch.NotBreaching:
	default:
		fail("TreatMissingData: is %q, want missing, ignore, breaching or notBreaching", a.TreatMissingData)
	}
	c, known := comparisons[a.ComparisonOperator]
	switch {
	case !known:
		fail("ComparisonOperator: is %q, want one of %v", a.ComparisonOperator, sortedKeys(comparisons))
	case c.band && a.ThresholdMetricID == "":
		fail("ThresholdMetricID: is empty, want the id of the band that %s compares with", a.ComparisonOperator)
	case !c.band && a.ThresholdMetricID != "":
		fail("ThresholdMetricID: is %q, want none with %s", a.ThresholdMetricID, a.ComparisonOperator)
	}
	switch {
	case token.IsNumber(a.Threshold):
		fail("Threshold: is a Terraform reference, want a number")
	case !finite(a.Threshold):
		fail("Threshold: is %v, want a number", a.Threshold)
	}
	errs = append(errs, validateQueries(a)...)
	return errors.Join(errs...)
}

func validateQueries(a cloudwatch.MetricAlarm) []error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ids := map[string]bool{}
	metrics, judged, percentiles := 0, 0, 0
	var period time.Duration
	for i, q := range a.Queries {
		at := fmt.Sprintf("Queries[%d]", i)
		if q.ID == "" && len(a.Queries) == 1 && q.Expression == "" {
			// The only metric needs no name.
		} else if !queryID.MatchString(q.ID) {
			fail("%s.ID: is %q, want a lower case letter, then letters, digits and _", at, q.ID)
		} else if ids[q.ID] {
			fail("%s.ID: %q is there twice", at, q.ID)
		}
		ids[q.ID] = true
		if returns(a, q) && (q.ID != a.ThresholdMetricID || q.ID == "") {
			judged++
		}
		if q.Expression != "" {
			if q.Metric.Name != "" {
				fail("%s: has a Metric and an Expression, want one of them", at)
			}
			if err := validatePeriod(q.Period); q.Period != 0 && err != nil {
				fail("%s.Period: %w", at, err)
			}
			continue
		}
		metrics++
		m := q.Metric
		if m.Namespace == "" || m.Name == "" {
			fail("%s.Metric: is %q %q, want a namespace and a name", at, m.Namespace, m.Name)
		}
		if s, err := parseStatistic(m.Stat); err == nil && s.Kind == cloudwatch.KindPercentile {
			percentiles++
		}
		if err := validatePeriod(m.Period); err != nil || m.Period == time.Second || m.Period == 5*time.Second {
			fail("%s.Metric.Period: is %s, want 10, 20 or 30 seconds, or whole minutes", at, m.Period)
		} else if period != 0 && m.Period != period {
			fail("%s.Metric.Period: is %s, want %s: the metrics of an alarm share one period", at, m.Period, period)
		}
		period = m.Period
	}
	for i, q := range a.Queries {
		if q.Expression != "" && q.Period != 0 && q.Period != period {
			fail("Queries[%d].Period: is %s, want that of the metrics, %s", i, q.Period, period)
		}
	}
	switch total := time.Duration(a.EvaluationPeriods) * period; {
	case period < time.Hour && total > 24*time.Hour:
		fail("EvaluationPeriods: %d periods of %s are more than a day, the longest with a period under an hour", a.EvaluationPeriods, period)
	case total > 7*24*time.Hour:
		fail("EvaluationPeriods: %d periods of %s are more than seven days", a.EvaluationPeriods, period)
	}
	switch {
	case metrics == 0:
		fail("Queries: have no metric, want at least one")
	case metrics > maxMetrics:
		fail("Queries: have %d metrics, want at most %d", metrics, maxMetrics)
	}
	if len(a.Queries) > 0 && judged != 1 {
		fail("Queries: %d of them have ReturnData, want one that the alarm judges", judged)
	}
	if a.ThresholdMetricID != "" && !ids[a.ThresholdMetricID] {
		fail("ThresholdMetricID: there is no query with the id %q", a.ThresholdMetricID)
	}
	switch few := a.EvaluateLowSampleCountPercentile; {
	case few != "" && few != "evaluate" && few != "ignore":
		fail("EvaluateLowSampleCountPercentile: is %q, want evaluate or ignore", few)
	case few == "ignore" && (percentiles != 1 || len(a.Queries) != 1):
		fail("EvaluateLowSampleCountPercentile: is ignore, want an alarm on one percentile: AWS says what it does only there")
	}
	return errs
}

// evaluate appends the changes of the alarm's state.
func (r *run) evaluate(changes []Change) ([]Change, error) {
	points := make([]datapoint, r.grid.count)
	for j := range r.grid.steps {
		for _, w := range r.windows {
			w.look(j)
		}
		if err := r.program.run(r.grid.at(j)); err != nil {
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
	case counted, kept:
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
