package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// program computes the expressions of one alarm at one evaluation. Everything it
// needs is allocated when it is compiled.
type program struct {
	steps []func()
	// points is how many data points a series has.
	points int
	// at is where the newest data point ends, and period the distance of data points.
	at     int64
	period time.Duration
	// err is what went wrong in the current evaluation.
	err error
}

// operand is a value of an expression: a scalar, a time series or an array of
// them.
type operand struct {
	kind   operandKind
	number float64
	series [][]float64
	// metric: it is a metric itself, of which PERIOD may be asked.
	metric bool
}

type operandKind string

const (
	scalar operandKind = "a number"
	one    operandKind = "a time series"
	array  operandKind = "an array of time series"
)

func (p *program) run(at int64) error {
	p.at, p.err = at, nil
	for _, step := range p.steps {
		step()
	}
	return p.err
}

func (p *program) fail(e *expression, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s at %s: %s", e.text, clock(time.Unix(0, p.at)), fmt.Sprintf(format, args...))
	}
}

// newOperand makes the result of a step.
func (p *program) newOperand(kind operandKind, n int) *operand {
	o := &operand{kind: kind}
	if kind == scalar {
		return o
	}
	for range n {
		o.series = append(o.series, make([]float64, p.points))
	}
	return o
}

// start is when the period of a data point begins.
func (p *program) start(i int) time.Time {
	return time.Unix(0, p.at-int64(p.points-i)*int64(p.period)).UTC()
}

// scope is what an expression can name.
type scope struct {
	*program
	// operands are the queries by id.
	operands map[string]*operand
	// metrics are the ids of the metrics, in the order of the queries.
	metrics []string
	// band gives the anomaly band: its upper and its lower limit.
	band func() (*operand, error)
}

func (s *scope) compile(e *expression) (*operand, error) {
	switch e.kind {
	case numberExpression:
		return &operand{kind: scalar, number: e.number}, nil
	case idExpression:
		if o, ok := s.operands[e.text]; ok {
			return o, nil
		}
		return nil, e.errorf("there is no query with the id %q", e.text)
	case callExpression:
		return s.call(e)
	case textExpression, wordExpression:
		return nil, e.errorf("%s is no value here", e.text)
	}
	args, err := s.operandsOf(e)
	if err != nil {
		return nil, err
	}
	switch e.kind {
	case negation:
		return s.each(args[0], func(v float64) float64 { return -v }), nil
	case listExpression:
		return s.list(e, args)
	}
	return s.operator(e, args[0], args[1])
}

func (e *expression) errorf(format string, args ...any) error {
	return fmt.Errorf("at %d: %s", e.at+1, fmt.Sprintf(format, args...))
}

func (s *scope) operandsOf(e *expression) ([]*operand, error) {
	operands := make([]*operand, len(e.args))
	for i, arg := range e.args {
		var err error
		if operands[i], err = s.compile(arg); err != nil {
			return nil, err
		}
	}
	return operands, nil
}

func (s *scope) list(e *expression, args []*operand) (*operand, error) {
	o := &operand{kind: array}
	for _, arg := range args {
		if arg.kind == scalar {
			return nil, e.errorf("an array has time series, not numbers")
		}
		o.series = append(o.series, arg.series...)
	}
	if len(o.series) == 0 {
		return nil, e.errorf("an array without time series")
	}
	return o, nil
}

// each applies a function to a number or to each data point.
func (s *scope) each(in *operand, f func(float64) float64) *operand {
	out := s.newOperand(in.kind, len(in.series))
	s.steps = append(s.steps, func() {
		if in.kind == scalar {
			out.number = f(in.number)
		}
		for k, series := range in.series {
			for i, v := range series {
				out.series[k][i] = f(v) // NaN, missing data, stays NaN
			}
		}
	})
	return out
}

var operators = map[string]func(a, b float64) float64{
	"+":   func(a, b float64) float64 { return a + b },
	"-":   func(a, b float64) float64 { return a - b },
	"*":   func(a, b float64) float64 { return a * b },
	"/":   func(a, b float64) float64 { return a / b },
	"^":   math.Pow,
	"==":  func(a, b float64) float64 { return truth(a == b) },
	"!=":  func(a, b float64) float64 { return truth(a != b) },
	"<":   func(a, b float64) float64 { return truth(a < b) },
	"<=":  func(a, b float64) float64 { return truth(a <= b) },
	">":   func(a, b float64) float64 { return truth(a > b) },
	">=":  func(a, b float64) float64 { return truth(a >= b) },
	"AND": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"OR":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// operator computes a pair of numbers, of series, or of both. Where only one of
// two series has a data point, the other counts as 0. What is divided by zero is
// dropped.
func (s *scope) operator(e *expression, a, b *operand) (*operand, error) {
	arithmetic := strings.Contains("+-*/^", e.text)
	kind := scalar
	switch {
	case a.kind == array && b.kind == array:
		return nil, e.errorf("%s of two arrays", e.text)
	case (a.kind == array || b.kind == array) && !arithmetic:
		return nil, e.errorf("%s of an array: it compares numbers and time series", e.text)
	case a.kind == array || b.kind == array:
		kind = array
	case a.kind == one || b.kind == one:
		kind = one
	}
	f, divides := operators[e.text], e.text == "/"
	out := s.newOperand(kind, max(len(a.series), len(b.series)))
	of := func(x, y float64) float64 {
		if math.IsNaN(x) || math.IsNaN(y) || divides && y == 0 {
			return withoutValue
		}
		v := f(x, y)
		if !arithmetic {
			return v
		}
		if !finite(v) {
			s.fail(e, "%v %s %v is %v, and AWS does not say what becomes of it", x, e.text, y, v)
		}
		return v
	}
	s.steps = append(s.steps, func() {
		if kind == scalar {
			if divides && b.number == 0 {
				s.fail(e, "%v / 0, and AWS does not say what a number divided by zero is", a.number)
			}
			out.number = of(a.number, b.number)
			return
		}
		for k, to := range out.series {
			switch x, y := a.nth(k), b.nth(k); {
			case x == nil:
				for i := range to {
					to[i] = of(a.number, y[i])
				}
			case y == nil:
				for i := range to {
					to[i] = of(x[i], b.number)
				}
			default:
				for i := range to {
					to[i] = withoutValue
					if !math.IsNaN(x[i]) || !math.IsNaN(y[i]) {
						to[i] = of(orZero(x[i]), orZero(y[i]))
					}
				}
			}
		}
	})
	return out, nil
}

// nth is a time series of an array, or the one that goes with all of them; nil for
// a number.
func (o *operand) nth(k int) []float64 {
	switch o.kind {
	case scalar:
		return nil
	case one:
		return o.series[0]
	}
	return o.series[k]
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// function is how a function of metric math is compiled.
type function func(s *scope, e *expression) (*operand, error)

var functions map[string]function

func init() { // functions refer to themselves through call
	functions = map[string]function{
		"ABS":                    pointwise(math.Abs),
		"CEIL":                   pointwise(math.Ceil),
		"FLOOR":                  pointwise(math.Floor),
		"LOG":                    logarithm(math.Log),
		"LOG10":                  logarithm(math.Log10),
		"SUM":                    reduction(sumOf, true),
		"AVG":                    reduction(func(v []float64) float64 { return sumOf(v) / float64(len(v)) }, true),
		"MIN":                    reduction(minOf, true),
		"MAX":                    reduction(maxOf, true),
		"DATAPOINT_COUNT":        reduction(countOf, false),
		"DIFF":                   change(func(dv, _ float64) float64 { return dv }),
		"DIFF_TIME":              change(func(_, dt float64) float64 { return dt }),
		"RATE":                   change(func(dv, dt float64) float64 { return dv / dt }),
		"RUNNING_SUM":            runningSum,
		"FILL":                   fill,
		"IF":                     condition,
		"METRICS":                metrics,
		"METRIC_COUNT":           metricCount,
		"PERIOD":                 period,
		"TIME_SERIES":            timeSeries,
		"FIRST":                  element(func(int) int { return 0 }),
		"LAST":                   element(func(n int) int { return n - 1 }),
		"MINUTE":                 calendar(func(t time.Time) int { return t.Minute() }),
		"HOUR":                   calendar(func(t time.Time) int { return t.Hour() }),
		"DAY":                    calendar(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }),
		"DATE":                   calendar(func(t time.Time) int { return t.Day() }),
		"MONTH":                  calendar(func(t time.Time) int { return int(t.Month()) }),
		"YEAR":                   calendar(func(t time.Time) int { return t.Year() }),
		"EPOCH":                  calendar(func(t time.Time) int { return int(t.Unix()) }),
		"ANOMALY_DETECTION_BAND": band,
	}
}

// refused are functions of metric math that cannot be evaluated, and why.
var refused = map[string]string{
	"SEARCH":              "CloudWatch refuses alarms on it, too",
	"STDDEV":              "AWS does not say which deviation it computes",
	"SORT":                "its order depends on the data",
	"SLICE":               "its order depends on the data",
	"REMOVE_EMPTY":        "its length depends on the data",
	"INSIGHT_RULE_METRIC": "its data comes from Contributor Insights",
	"SERVICE_QUOTA":       "its data comes from Service Quotas",
	"DB_PERF_INSIGHTS":    "its data comes from Performance Insights",
	"LAMBDA":              "its data comes from a function",
}

func (s *scope) call(e *expression) (*operand, error) {
	if f, ok := functions[e.text]; ok {
		return f(s, e)
	}
	if why, ok := refused[e.text]; ok {
		return nil, e.errorf("%s cannot be evaluated: %s", e.text, why)
	}
	if upper := strings.ToUpper(e.text); functions[upper] != nil {
		return nil, e.errorf("unknown function %s, want %s: functions are in upper case", e.text, upper)
	}
	return nil, e.errorf("unknown function %s, want one of %s", e.text, strings.Join(sortedKeys(functions), ", "))
}

// arguments compiles the arguments of a call and checks their kinds.
func (s *scope) arguments(e *expression, kinds ...[]operandKind) ([]*operand, error) {
	if len(e.args) != len(kinds) {
		return nil, e.errorf("%s has %d arguments, want %d", e.text, len(e.args), len(kinds))
	}
	args, err := s.operandsOf(e)
	if err != nil {
		return nil, err
	}
	for i, want := range kinds {
		if !slices.Contains(want, args[i].kind) {
			return nil, e.args[i].errorf("%s is given %s, want %s", e.text, args[i].kind, wanted(want))
		}
	}
	return args, nil
}

func wanted(kinds []operandKind) string {
	var words []string
	for _, k := range kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, " or ")
}

var (
	scalars      = []operandKind{scalar}
	ones         = []operandKind{one}
	arrays       = []operandKind{array}
	seriesKinds  = []operandKind{one, array}
	scalarOrOne  = []operandKind{scalar, one}
	withoutValue = math.NaN()
)

func pointwise(f func(float64) float64) function {
	return func(s *scope, e *expression) (*operand, error) {
		args, err := s.arguments(e, seriesKinds)
		if err != nil {
			return nil, err
		}
		return s.each(args[0], f), nil
	}
}

func logarithm(f func(float64) float64) function {
	return func(s *scope, e *expression) (*operand, error) {
		args, err := s.arguments(e, seriesKinds)
		if err != nil {
			return nil, err
		}
		return s.each(args[0], func(v float64) float64 {
			if v <= 0 {
				s.fail(e, "of %v, and AWS does not say what that is", v)
			}
			return f(v)
		}), nil
	}
}

// reduction makes a number of a time series, and a time series of an array.
// Missing data is left out; a data point that no series has stays missing.
func reduction(f func([]float64) float64, needsData bool) function {
	return func(s *scope, e *expression) (*operand, error) {
		args, err := s.arguments(e, seriesKinds)
		if err != nil {
			return nil, err
		}
		in := args[0]
		if in.kind == one {
			out := s.newOperand(scalar, 0)
			s.steps = append(s.steps, func() {
				out.number = f(in.series[0])
				if needsData && countOf(in.series[0]) == 0 {
					s.fail(e, "its time series has no data, and AWS does not say what that gives")
				}
			})
			return out, nil
		}
		out, column := s.newOperand(one, 1), make([]float64, len(in.series))
		s.steps = append(s.steps, func() {
			for i := range out.series[0] {
				for k, series := range in.series {
					column[k] = series[i]
				}
				out.series[0][i] = withoutValue
				if countOf(column) > 0 {
					out.series[0][i] = f(column)
				}
			}
		})
		return out, nil
	}
}

func sumOf(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += orZero(v)
	}
	return total
}

func countOf(values []float64) float64 {
	n := 0.0
	for _, v := range values {
		n += truth(!math.IsNaN(v))
	}
	return n
}

func minOf(values []float64) float64 {
	least := math.Inf(1)
	for _, v := range values {
		if v < least {
			least = v
		}
	}
	return least
}

func maxOf(values []float64) float64 {
	most := math.Inf(-1)
	for _, v := range values {
		if v > most {
			most = v
		}
	}
	return most
}

// change compares each data point with the one before it, however long ago: f
// gets the difference of their values and of their times in seconds. The first
// one has none before it.
func change(f func(dv, dt float64) float64) function {
	return func(s *scope, e *expression) (*operand, error) {
		args, err := s.arguments(e, seriesKinds)
		if err != nil {
			return nil, err
		}
		in, out := args[0], s.newOperand(args[0].kind, len(args[0].series))
		s.steps = append(s.steps, func() {
			for k, series := range in.series {
				before := -1
				for i, v := range series {
					out.series[k][i] = withoutValue
					if math.IsNaN(v) {
						continue
					}
					if before >= 0 {
						out.series[k][i] = f(v-series[before], float64(i-before)*s.period.Seconds())
					}
					before = i
				}
			}
		})
		return out, nil
	}
}

func runningSum(s *scope, e *expression) (*operand, error) {
	args, err := s.arguments(e, seriesKinds)
	if err != nil {
		return nil, err
	}
	in, out := args[0], s.newOperand(args[0].kind, len(args[0].series))
	s.steps = append(s.steps, func() {
		for k, series := range in.series {
			total := 0.0
			for i, v := range series {
				total += orZero(v)
				out.series[k][i] = withoutValue
				if !math.IsNaN(v) {
					out.series[k][i] = total
				}
			}
		}
	})
	return out, nil
}

// fill is FILL(series, number | REPEAT | LINEAR), and FILL(array, …) with a time
// series, too.
func fill(s *scope, e *expression) (*operand, error) {
	if len(e.args) != 2 {
		return nil, e.errorf("FILL has %d arguments, want a time series and what it is filled with", len(e.args))
	}
	in, err := s.compile(e.args[0])
	if err != nil {
		return nil, err
	}
	if in.kind == scalar {
		return nil, e.args[0].errorf("FILL is given %s, want %s", in.kind, wanted(seriesKinds))
	}
	out := s.newOperand(in.kind, len(in.series))
	filler := map[string]func(out []float64){"REPEAT": repeat, "LINEAR": interpolate}[e.args[1].text]
	if e.args[1].kind != wordExpression {
		with, err := s.compile(e.args[1])
		switch {
		case err != nil:
			return nil, err
		case with.kind == array || with.kind == one && in.kind == one:
			return nil, e.args[1].errorf("FILL of %s with %s, want a number, REPEAT or LINEAR", in.kind, with.kind)
		}
		filler = func(out []float64) {
			for i, v := range out {
				switch {
				case !math.IsNaN(v):
				case with.kind == scalar:
					out[i] = with.number
				default:
					out[i] = with.series[0][i]
				}
			}
		}
	}
	s.steps = append(s.steps, func() {
		for k, series := range in.series {
			copy(out.series[k], series)
			filler(out.series[k])
		}
	})
	return out, nil
}

// repeat fills with the value before the gap.
func repeat(values []float64) {
	last := withoutValue
	for i, v := range values {
		if math.IsNaN(v) {
			values[i] = last
		} else {
			last = v
		}
	}
}

// interpolate fills with the line between the values around the gap.
func interpolate(values []float64) {
	before := -1
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if before >= 0 {
			for k := before + 1; k < i; k++ {
				values[k] = values[before] + (v-values[before])*float64(k-before)/float64(i-before)
			}
		}
		before = i
	}
}

// condition is IF(condition, value[, otherwise]). A data point whose condition is
// missing, or that has no other value, is dropped; the value of a true condition
// that is missing is 0.
func condition(s *scope, e *expression) (*operand, error) {
	if len(e.args) != 2 && len(e.args) != 3 {
		return nil, e.errorf("IF has %d arguments, want 2 or 3", len(e.args))
	}
	kinds := [][]operandKind{scalarOrOne, scalarOrOne, scalarOrOne}[:len(e.args)]
	args, err := s.arguments(e, kinds...)
	if err != nil {
		return nil, err
	}
	when, then, otherwise := args[0], args[1], &operand{kind: scalar, number: withoutValue}
	if len(args) == 3 {
		otherwise = args[2]
	}
	if when.kind == scalar && (then.kind == scalar || len(args) == 3 && otherwise.kind == scalar) {
		return nil, e.errorf("IF with a number as its condition is given a number, want time series")
	}
	out := s.newOperand(one, 1)
	s.steps = append(s.steps, func() {
		for i := range out.series[0] {
			out.series[0][i] = choose(when, then, otherwise, i)
		}
	})
	return out, nil
}

func choose(when, then, otherwise *operand, i int) float64 {
	c := when.point(i)
	switch {
	case math.IsNaN(c):
		return withoutValue
	case c == 0:
		return otherwise.point(i)
	case when.kind == one:
		return orZero(then.point(i))
	}
	return then.point(i)
}

func (o *operand) point(i int) float64 {
	if o.kind == scalar {
		return o.number
	}
	return o.series[0][i]
}

// metrics is METRICS() and METRICS("part of the id").
func metrics(s *scope, e *expression) (*operand, error) {
	part := ""
	switch {
	case len(e.args) == 1 && e.args[0].kind == textExpression:
		part = e.args[0].text
	case len(e.args) != 0:
		return nil, e.errorf("METRICS takes nothing, or one text in quotation marks")
	}
	out := &operand{kind: array}
	for _, id := range s.metrics {
		if strings.Contains(id, part) {
			out.series = append(out.series, s.operands[id].series[0])
		}
	}
	if len(out.series) == 0 {
		return nil, e.errorf("no metric has %q in its id; there are %s", part, strings.Join(s.metrics, ", "))
	}
	return out, nil
}

func metricCount(s *scope, e *expression) (*operand, error) {
	args, err := s.arguments(e, arrays)
	if err != nil {
		return nil, err
	}
	return &operand{kind: scalar, number: float64(len(args[0].series))}, nil
}

func period(s *scope, e *expression) (*operand, error) {
	args, err := s.arguments(e, ones)
	if err != nil {
		return nil, err
	}
	if !args[0].metric {
		return nil, e.errorf("PERIOD of an expression, want the id of a metric")
	}
	return &operand{kind: scalar, number: s.period.Seconds()}, nil
}

func timeSeries(s *scope, e *expression) (*operand, error) {
	args, err := s.arguments(e, scalars)
	if err != nil {
		return nil, err
	}
	out := s.newOperand(one, 1)
	s.steps = append(s.steps, func() {
		for i := range out.series[0] {
			out.series[0][i] = args[0].number
		}
	})
	return out, nil
}

// element is a time series of an array.
func element(index func(n int) int) function {
	return func(s *scope, e *expression) (*operand, error) {
		args, err := s.arguments(e, arrays)
		if err != nil {
			return nil, err
		}
		return &operand{kind: one, series: args[0].series[index(len(args[0].series)):][:1]}, nil
	}
}

// calendar is a part of the time, in UTC, of each data point.
func calendar(f func(time.Time) int) function {
	return func(s *scope, e *expression) (*operand, error) {
		if _, err := s.arguments(e, ones); err != nil {
			return nil, err
		}
		out := s.newOperand(one, 1)
		s.steps = append(s.steps, func() {
			for i := range out.series[0] {
				out.series[0][i] = float64(f(s.start(i)))
			}
		})
		return out, nil
	}
}

// band is ANOMALY_DETECTION_BAND(id[, deviations]): the upper and the lower limit.
func band(s *scope, e *expression) (*operand, error) {
	kinds := [][]operandKind{ones, scalars}
	if len(e.args) == 1 {
		kinds = kinds[:1]
	}
	if _, err := s.arguments(e, kinds...); err != nil {
		return nil, err
	}
	o, err := s.band()
	if err != nil {
		return nil, e.errorf("%v", err)
	}
	return o, nil
}
