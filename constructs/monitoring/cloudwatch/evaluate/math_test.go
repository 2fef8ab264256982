package evaluate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// compute evaluates an expression over series of five points that begin at noon.
func compute(t *testing.T, expression string, series map[string][]float64) ([]float64, error) {
	t.Helper()
	p := &program{points: 5, period: minute}
	s := &scope{program: p, operands: map[string]*operand{}}
	for _, id := range sortedKeys(series) {
		s.operands[id] = &operand{kind: one, series: [][]float64{series[id]}, metric: true}
		s.metrics = append(s.metrics, id)
	}
	s.band = func() (*operand, error) {
		return &operand{kind: array, series: [][]float64{{9, 9, 9, 9, 9}, {1, 1, 1, 1, 1}}}, nil
	}
	e, err := parseMath(expression)
	if err != nil {
		return nil, err
	}
	o, err := s.compile(e)
	if err != nil {
		return nil, err
	}
	if err := p.run(noon.Add(5 * minute).UnixNano()); err != nil {
		return nil, err
	}
	switch o.kind {
	case scalar:
		return []float64{o.number}, nil
	case one:
		return o.series[0], nil
	}
	return nil, fmt.Errorf("is %s", o.kind)
}

func show(values []float64) string {
	var words []string
	for _, v := range values {
		if math.IsNaN(v) {
			words = append(words, "-")
			continue
		}
		words = append(words, number(v))
	}
	return strings.Join(words, " ")
}

func TestMath(t *testing.T) {
	series := map[string][]float64{
		// The examples of the user guide: metric1 and metric2 of comparisons, and
		// those of IF.
		"metric1": {30, 20, 0, 0, nan}, "metric2": {20, nan, 20, nan, nan},
		"if1": {1, 1, 0, 0, nan}, "if2": {30, nan, 0, 0, 30}, "if3": {0, 0, 20, nan, 20},
		"m1": {1, 2, nan, 4, 5}, "m2": {2, 0, 4, nan, 5}, "none": {nan, nan, nan, nan, nan},
		"errors4xx": {1, 1, 1, 1, 1}, "errors5xx": {2, 2, 2, nan, 2},
	}
	for expression, want := range map[string]string{
		"metric1 < metric2":             "0 0 1 0 -",
		"metric1 >= 30":                 "1 0 0 0 -",
		"metric1 > 15 AND metric2 > 15": "1 0 0 0 -",
		"IF(if1, if2, if3)":             "30 0 20 - -",
		"IF(if1, 5, if3)":               "5 5 20 - -",
		"IF(if1, if2, 5)":               "30 0 5 5 -",

		// Operators: the missing half of a pair is 0, what is divided by 0 is dropped.
		"m1 + m2": "3 2 4 4 10", "m1 - m2": "-1 2 -4 4 0", "m1 * m2": "2 0 0 0 25", "m1 / m2": "0.5 - 0 - 1",
		"m1 + 1": "2 3 - 5 6", "1 - m1": "0 -1 - -3 -4", "10 / m2": "5 - 2.5 - 2", "m1 ^ 2": "1 4 - 16 25",
		"m1 / 0": "- - - - -", "-m1": "-1 -2 - -4 -5", "--m1": "1 2 - 4 5", "-5*m1": "-5 -10 - -20 -25",
		"m1 == m2": "0 0 0 0 1", "m1 != m2": "1 1 1 1 0", "m1 <= 2": "1 1 - 0 0", "m1 < 2": "1 0 - 0 0", "m1 > 4": "0 0 - 0 1",
		"m1 > 1 && m2 > 1": "0 0 0 0 1", "m1 > 4 || m2 > 3": "0 0 1 0 1", "m1 > 4 OR m2 > 3": "0 0 1 0 1",

		// What binds tighter comes first.
		"m1 + 2 * 3": "7 8 - 10 11", "(m1 + 2) * 3": "9 12 - 18 21", "2 * m1 ^ 2": "2 8 - 32 50", "10 - 3 - m1": "6 5 - 3 2",
		"8 / 2 / m1": "4 2 - 1 0.8", "m1 + 1 > 2 AND m2 + 1 > 2 OR m1 == 2": "0 1 0 0 1", "m1 > 1 OR m1 > 4 AND m2 > 1": "0 1 0 1 1",
		"(-m1) ^ 2": "1 4 - 16 25", "m1*.5": "0.5 1 - 2 2.5", "1 + 1 + TIME_SERIES(1)": "3 3 3 3 3",

		// Functions.
		"ABS(-m1)": "1 2 - 4 5", "CEIL(m1 / 2)": "1 1 - 2 3", "FLOOR(m1 / 2)": "0 1 - 2 2",
		"LOG(m1)": "0 0.6931 - 1.3863 1.6094", "LOG10(m1 * 10)": "1 1.301 - 1.6021 1.699",
		"SUM([m1, m2])": "3 2 4 4 10", "AVG([m1, m2])": "1.5 1 2 2 5", "MIN([m1, m2])": "1 0 4 4 5", "MAX([m1, m2])": "2 2 4 4 5",
		"SUM([m1, none])": "1 2 - 4 5", "DATAPOINT_COUNT([m1, m2])": "2 2 1 1 2", "SUM(100 / [m1, m2])": "150 50 25 25 40",
		"AVG([m1, m2] / m2)": "0.75 - 0.5 - 1", "SUM(-[m1, m2])": "-3 -2 -4 -4 -10", "SUM([[m1, m2], m1])": "4 4 4 8 15",
		"m1 - MIN(m1)": "0 1 - 3 4", "m1 / MAX(m1)": "0.2 0.4 - 0.8 1", "m1 * 0 + SUM(m1)": "12 12 - 12 12", "m1 * 0 + AVG(m1)": "2.4 2.4 - 2.4 2.4",
		"SUM(m1) / DATAPOINT_COUNT(m1) * TIME_SERIES(1)": "3 3 3 3 3", "m1 * 0 + DATAPOINT_COUNT(none)": "0 0 - 0 0",
		"DIFF(m1)": "- 1 - 2 1", "DIFF_TIME(m1)": "- 60 - 120 60", "RATE(m1 * 60)": "- 1 - 1 1", "RUNNING_SUM(m1)": "1 3 - 7 12",
		"FILL(m1, 0)": "1 2 0 4 5", "FILL(m1, REPEAT)": "1 2 2 4 5", "FILL(m1, LINEAR)": "1 2 3 4 5", "FILL(m1, MIN(m1))": "1 2 1 4 5",
		"FILL(none, 7)": "7 7 7 7 7", "FILL(none, REPEAT)": "- - - - -", "FILL(metric2, LINEAR)": "20 20 20 - -", "FILL(metric1, LINEAR)": "30 20 0 0 -",
		"SUM(FILL([m1, m2], m2))": "3 2 8 4 10", "SUM(FILL([m1, m2], 1))": "3 2 5 5 10",
		"IF(m1 < 4, m1)": "1 2 - - -", "IF(m1 < 4, 10, 2)": "10 10 - 2 2", "IF(m1 < 4, m2, m1)": "2 0 - 4 5", "IF(1, m1, m2)": "1 2 - 4 5",
		"IF(0, m1, m2)": "2 0 4 - 5", "IF(0, m1)": "- - - - -", "IF(m1, 1, 0)": "1 1 - 1 1", "IF(SUM(m1) > 11, m1)": "1 2 - 4 5",
		"m1 * 0 + METRIC_COUNT(METRICS())": "10 10 - 10 10", `SUM(METRICS("errors"))`: "3 3 3 1 3", "SUM(METRICS('5xx'))": "2 2 2 - 2",
		"m1 / PERIOD(m1) * 60": "1 2 - 4 5", "TIME_SERIES(MAX(m1))": "5 5 5 5 5",
		"FIRST([m1, m2])": "1 2 - 4 5", "LAST([m1, m2])": "2 0 4 - 5",
		"LAST(ANOMALY_DETECTION_BAND(m1))": "1 1 1 1 1", "FIRST(ANOMALY_DETECTION_BAND(m1, 3))": "9 9 9 9 9",
		"MINUTE(none)": "0 1 2 3 4", "HOUR(m1)": "12 12 12 12 12", "DAY(m1)": "1 1 1 1 1", "DATE(m1)": "2 2 2 2 2", "MONTH(m1)": "3 3 3 3 3",
		"YEAR(m1)": "2026 2026 2026 2026 2026", "EPOCH(m1) - 1772452800": "0 60 120 180 240", "IF(DAY(m1) < 6, m1)": "1 2 0 4 5",
	} {
		got, err := compute(t, expression, series)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if show(got) != want {
			t.Errorf("%s: got %s, want %s", expression, show(got), want)
		}
	}
}

func TestMathThatIsRefused(t *testing.T) {
	series := map[string][]float64{"m1": {1, 2, nan, 4, 5}, "m2": {2, 0, 4, nan, 5}, "none": {nan, nan, nan, nan, nan}}
	for expression, want := range map[string]string{
		"":                        "at 1: is the end, want a number, an id or a function",
		"m1 +":                    "at 5: is the end",
		"m1 m2":                   `at 4: is "m2", want an operator or the end`,
		"m1 + * m2":               `at 6: is "*"`,
		"(m1":                     `at 4: is the end, want ")"`,
		"m1)":                     `at 3: is ")", want an operator or the end`,
		"[m1, m2":                 `want "," or "]"`,
		"SUM(m1 m2)":              `want "," or ")"`,
		"m1 $ 2":                  `at 4: '$' is not part`,
		"m1 + é":                  `'é' is not part`,
		`METRICS("x)`:             "has no end",
		"1.2.3":                   `is "1.2.3", want a number`,
		"M1":                      "want an id, which begins with a lower case letter",
		"m3":                      `there is no query with the id "m3"`,
		"m1 < m2 < 3":             "a second \"<\", want parentheses",
		"m1 ^ m2 ^ 2":             "a second \"^\", want parentheses",
		"-m1 ^ 2":                 "- beside ^, want parentheses",
		"m1 ^ -2":                 "- beside ^, want parentheses",
		"[m1] + [m2]":             "+ of two arrays",
		"[m1] > 3":                "> of an array",
		"[1, m1]":                 "an array has time series, not numbers",
		"[]":                      "an array without time series",
		`"text"`:                  "text is no value here",
		"REPEAT":                  "REPEAT is no value here",
		"FOO(m1)":                 "unknown function FOO, want one of ABS, ",
		"sum(m1)":                 "unknown function sum, want SUM",
		"SEARCH('x', 'y')":        "SEARCH cannot be evaluated: CloudWatch refuses alarms on it, too",
		"STDDEV(m1)":              "STDDEV cannot be evaluated: AWS does not say",
		"ABS(1)":                  "ABS is given a number, want a time series or an array of time series",
		"ABS(m1, m2)":             "ABS has 2 arguments, want 1",
		"ABS()":                   "ABS has 0 arguments, want 1",
		"SUM(1)":                  "SUM is given a number",
		"PERIOD(m1 + 1)":          "PERIOD of an expression",
		"PERIOD(5)":               "PERIOD is given a number",
		"FILL(m1)":                "FILL has 1 arguments",
		"FILL(m1, m2)":            "FILL of a time series with a time series",
		"FILL(m1, [m2])":          "FILL of a time series with an array",
		"FILL(1, 2)":              "FILL is given a number",
		"FILL(m1, LAST)":          `is "LAST"`,
		"IF(m1)":                  "IF has 1 arguments",
		"IF(1, 2, 3)":             "IF with a number as its condition is given a number",
		"IF(1, m1, 3)":            "IF with a number as its condition is given a number",
		"IF([m1], 1, 2)":          "IF is given an array of time series, want a number or a time series",
		"METRICS(m1)":             "METRICS takes nothing, or one text",
		`METRICS("5xx")`:          `no metric has "5xx" in its id; there are m1, m2`,
		"METRIC_COUNT(m1)":        "METRIC_COUNT is given a time series",
		"TIME_SERIES(m1)":         "TIME_SERIES is given a time series",
		"FIRST(m1)":               "FIRST is given a time series",
		"HOUR([m1])":              "HOUR is given an array",
		"m1 + SUM(none)":          "SUM at 2026-03-02 12:05:00: its time series has no data",
		"LOG(m1 - 1)":             "LOG at 2026-03-02 12:05:00: of 0, and AWS does not say",
		"1 / 0 + m1":              "1 / 0, and AWS does not say",
		"(0 - m1) ^ 0.5":          "-1 ^ 0.5 is NaN, and AWS does not say",
		"m1 * 9 ^ 999":            "9 ^ 999 is +Inf",
		strings.Repeat("(", 1000): "nested more than 200 deep",
		strings.Repeat("-", 1000): "nested more than 200 deep",
	} {
		if got, err := compute(t, expression, series); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %s, %v, want %q", expression, show(got), err, want)
		}
	}
}

func TestAlarmOnMath(t *testing.T) {
	errorRate := func() cloudwatch.MetricAlarm {
		errors, requests := metric("Sum", minute), metric("Sum", minute)
		errors.Name, requests.Name = "Errors", "Requests"
		return cloudwatch.MetricAlarm{
			Name: "errors",
			Queries: []cloudwatch.Query{
				{ID: "judged", Expression: "IF(requests >= 20, rate)", ReturnData: true},
				{ID: "rate", Expression: "100 * errors / requests", Period: minute},
				{ID: "errors", Metric: errors},
				{ID: "requests", Metric: requests},
			},
			Threshold: 5, ComparisonOperator: cloudwatch.GreaterThan, EvaluationPeriods: 1, TreatMissingData: cloudwatch.NotBreaching,
		}
	}
	a := errorRate()
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{a},
		Data: Data{
			ID(a.Queries[2].Metric): {minutes(nan, 5, 5, nan, 1, 20, nan, nan, nan)},
			ID(a.Queries[3].Metric): {minutes(100, 10, 50, 50, 100, 100, nan, nan, nan)},
		},
		Start: map[string]cloudwatch.State{"errors": cloudwatch.OK}, To: noon.Add(9 * minute),
	}
	// 10 requests are too few to judge, and 1 % is not above 5 %. Once requests stop,
	// three periods without data have to pass.
	same(t, timeline(t, in), []string{"12:03 errors ALARM", "12:04 errors OK", "12:06 errors ALARM", "12:09 errors OK"})

	for name, test := range map[string]struct {
		change func(*cloudwatch.MetricAlarm)
		want   string
	}{
		"syntax":     {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Expression = "100 *" }, "Expression of rate: 100 *: at 6: is the end"},
		"circle":     {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Expression = "judged" }, "is part of a circle"},
		"itself":     {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Expression = "rate" }, "is part of a circle"},
		"unknown id": {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Expression = "e / r" }, `no query with the id "e"`},
		"number":     {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Expression = "SUM(errors)" }, "is a number, and an alarm watches one time series"},
		"array":      {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Expression = "METRICS()" }, "is an array of time series, and an alarm watches one"},
		"search":     {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Expression = "SUM(SEARCH('x','Sum'))" }, "SEARCH cannot be evaluated"},
		"id":         {func(a *cloudwatch.MetricAlarm) { a.Queries[2].ID = "Errors" }, `Queries[2].ID: is "Errors"`},
		"id twice":   {func(a *cloudwatch.MetricAlarm) { a.Queries[2].ID = "requests" }, `"requests" is there twice`},
		"nothing":    {func(a *cloudwatch.MetricAlarm) { a.Queries[0].ReturnData = false }, "0 of them have ReturnData"},
		"two":        {func(a *cloudwatch.MetricAlarm) { a.Queries[1].ReturnData = true }, "2 of them have ReturnData"},
		"periods":    {func(a *cloudwatch.MetricAlarm) { a.Queries[2].Metric.Period = 5 * minute }, "share one period"},
		"own period": {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Period = 5 * minute }, "Queries[1].Period: is 5m0s, want that of the metrics, 1m0s"},
		"bad period": {func(a *cloudwatch.MetricAlarm) { a.Queries[1].Period = 7 }, "Queries[1].Period: is 7ns"},
		"both":       {func(a *cloudwatch.MetricAlarm) { a.Queries[2].Expression = "requests" }, "has a Metric and an Expression"},
		"many metrics": {func(a *cloudwatch.MetricAlarm) {
			for i := range 9 {
				a.Queries = append(a.Queries, cloudwatch.Query{ID: fmt.Sprint("m", i), Metric: a.Queries[2].Metric})
			}
		}, "have 11 metrics, want at most 10"},
		"low samples": {func(a *cloudwatch.MetricAlarm) { a.EvaluateLowSampleCountPercentile = "ignore" }, "want an alarm on one percentile"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := errorRate()
			test.change(&bad)
			in.Alarms = []cloudwatch.MetricAlarm{bad}
			wantError(t, in, test.want)
		})
	}
}

func FuzzMath(f *testing.F) {
	for _, seed := range []string{"IF(m1 > 2 AND m2 < 3, FILL(m1, REPEAT), -m2 ^ 2)", `SUM(METRICS("m")) / PERIOD(m1)`, "[m1, [m2]] * 3", "(((", "1e5", "m1 ^ .5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		// Whatever it is: a value or an error, never a panic.
		if _, err := compute(t, expression, map[string][]float64{"m1": {1, 2, nan, 4, 5}, "m2": {2, 0, 4, nan, 5}}); err != nil && err.Error() == "" {
			t.Error("an error without a message")
		}
	})
}
