package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

var (
	noon   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday
	nan    = math.NaN()
	minute = time.Minute
)

func metric(stat string, period time.Duration) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "Test", Name: "Load", Stat: stat, Period: period,
		Dimensions: []cloudwatch.Dimension{{Name: "Service", Value: "backend"}},
	}
}

// high is an alarm on values above 80, all of n periods of a minute.
func high(n int) cloudwatch.MetricAlarm {
	return cloudwatch.MetricAlarm{
		Name: "high", Queries: []cloudwatch.Query{{Metric: metric("Average", minute)}},
		Threshold: 80, ComparisonOperator: cloudwatch.GreaterThan, EvaluationPeriods: n, TreatMissingData: cloudwatch.Missing,
	}
}

// minutes is a series from noon on.
func minutes(values ...float64) Series { return Series{Start: noon, Period: minute, Values: values} }

func dataOf(series ...Series) Data { return Data{ID(metric("", 0)): series} }

// timeline evaluates alarms from 12:01, where the first minute ends, to 13:00, and
// returns the changes as "12:05 high ALARM".
func timeline(t *testing.T, in Input) []string {
	t.Helper()
	h := history(t, in)
	var lines []string
	for _, c := range h.Changes {
		line := c.At.Format("15:04") + " " + c.Alarm + " " + string(c.To)
		if c.At.Second() != 0 {
			line = c.At.Format("15:04:05") + " " + c.Alarm + " " + string(c.To)
		}
		if c.SuppressedBy != "" {
			line += " (" + c.SuppressedBy + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func history(t *testing.T, in Input) History {
	t.Helper()
	if in.From.IsZero() {
		in.From, in.To = noon.Add(minute), cmp.Or(in.To, noon.Add(time.Hour))
	}
	h, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestThreePeriodsAboveTheThreshold(t *testing.T) {
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{high(3)},
		Data:   dataOf(minutes(50, 90, 90, 50, 90, 91, 92, 93, 50, 50)),
		Start:  map[string]cloudwatch.State{"high": cloudwatch.OK},
		To:     noon.Add(10 * minute),
	}
	same(t, timeline(t, in), []string{"12:07 high ALARM", "12:09 high OK"})

	reason := history(t, in).Changes[0].Reason
	if want := "3 of 3 data points above 80: 92 at 12:06:00, 91 at 12:05:00, 90 at 12:04:00"; reason != want {
		t.Errorf("reason: got %q, want %q", reason, want)
	}
}

func TestEveryOperator(t *testing.T) {
	tests := map[cloudwatch.Operator][]string{
		cloudwatch.GreaterThan:        {"12:03 high ALARM"},
		cloudwatch.GreaterThanOrEqual: {"12:02 high ALARM"},
		cloudwatch.LessThan:           {"12:01 high ALARM", "12:02 high OK"},
		cloudwatch.LessThanOrEqual:    {"12:01 high ALARM", "12:03 high OK"},
	}
	for operator, want := range tests {
		a := high(1)
		a.ComparisonOperator = operator
		same(t, timeline(t, Input{
			Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(79, 80, 81)),
			Start: map[string]cloudwatch.State{"high": cloudwatch.OK}, To: noon.Add(3 * minute),
		}), want)
	}
}

func TestMOfN(t *testing.T) {
	a := high(5)
	a.DatapointsToAlarm = 2
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a},
		Data:   dataOf(minutes(90, 1, 1, 90, 1, 1, 1, 1, 1, 1)),
		Start:  map[string]cloudwatch.State{"high": cloudwatch.OK},
		To:     noon.Add(10 * minute),
	}), []string{"12:04 high ALARM", "12:06 high OK"})
}

// Where a metric stops, the alarm goes on seeing its last data points as long as
// they are in the evaluation range, and only then the missing ones.
func TestMetricStops(t *testing.T) {
	values := slices.Repeat([]float64{50}, 10) // until 12:10
	tests := map[cloudwatch.MissingData][]string{
		cloudwatch.Missing:      {"12:01 high OK", "12:15 high INSUFFICIENT_DATA"},
		cloudwatch.Breaching:    {"12:01 high OK", "12:15 high ALARM"},
		cloudwatch.NotBreaching: {"12:01 high OK"},
		cloudwatch.Ignore:       {"12:01 high OK"},
	}
	for treat, want := range tests {
		a := high(3)
		a.TreatMissingData = treat
		same(t, timeline(t, Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(values...))}), want)
	}
}

func TestExtraPeriodsChangeWhenMissingDataCounts(t *testing.T) {
	a := high(3)
	in := Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(50, 50, 50)), ExtraPeriods: 7}
	same(t, timeline(t, in), []string{"12:01 high OK", "12:13 high INSUFFICIENT_DATA"})
}

func TestDynamoDBAlwaysIgnoresMissingData(t *testing.T) {
	a := high(1)
	a.TreatMissingData = cloudwatch.Breaching
	a.Queries[0].Metric.Namespace = "AWS/DynamoDB"
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a},
		Data:   Data{ID(a.Queries[0].Metric): {minutes(90, nan, nan, nan, nan, nan, nan, 50, nan, nan, nan, nan)}},
		To:     noon.Add(12 * minute),
	}), []string{"12:01 high ALARM", "12:08 high OK"})
}

// A period of five minutes ends at each minute of the clock: a burst that no
// aligned period holds is seen.
func TestWindowSlides(t *testing.T) {
	a := high(1)
	a.Queries[0].Metric = metric("Sum", 5*minute)
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{a},
		Data:   dataOf(minutes(0, 0, 0, 0, 45, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
		Start:  map[string]cloudwatch.State{"high": cloudwatch.OK},
		To:     noon.Add(15 * minute),
	}
	same(t, timeline(t, in), []string{"12:06 high ALARM", "12:10 high OK"})

	// 12:00 to 12:05 has 45, and so has 12:05 to 12:10.
	in.Alarms[0].WallClock, in.From = "UTC", noon.Add(5*minute)
	same(t, timeline(t, in), nil)
	late := minutes(0, 0, 0, 45, 45, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	in.Data = dataOf(late)
	same(t, timeline(t, in), []string{"12:05 high ALARM", "12:10 high OK"})
	// It is evaluated every minute, so that what comes late is not seen a period later.
	late.Delay = 3 * minute
	in.Data = dataOf(late)
	same(t, timeline(t, in), []string{"12:08 high ALARM", "12:10 high OK"})
}

// Data as coarse as the period is evaluated when there is a new value.
func TestCoarseDataIsEvaluatedOnItsOwnClock(t *testing.T) {
	a := high(2)
	a.Queries[0].Metric = metric("p99", 5*minute)
	s := Series{Start: noon, Period: 5 * minute, Stat: "p99", Values: []float64{90, 90, 50, 50}}
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), From: noon.Add(3 * minute), To: noon.Add(20 * minute),
		Start: map[string]cloudwatch.State{"high": cloudwatch.OK},
	}), []string{"12:10 high ALARM", "12:15 high OK"})
}

func TestHighResolutionAlarmIsEvaluatedEveryTenSeconds(t *testing.T) {
	a := high(2)
	a.Queries[0].Metric = metric("Average", 30*time.Second)
	s := Series{Start: noon, Period: 10 * time.Second, Values: []float64{50, 50, 50, 95, 95, 95, 95, 95, 95, 50, 50, 50}}
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), From: noon.Add(30 * time.Second), To: noon.Add(2 * minute),
		Start: map[string]cloudwatch.State{"high": cloudwatch.OK},
	}), []string{"12:01:30 high ALARM", "12:01:40 high OK"})
}

// An alarm that looks back more than a day is evaluated every hour.
func TestMultiDayAlarmIsEvaluatedHourly(t *testing.T) {
	a := high(2)
	a.Queries[0].Metric = metric("Sum", 24*time.Hour)
	s := Series{Start: noon, Period: minute, Values: slices.Repeat([]float64{1}, 3*24*60)}
	h := history(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), From: noon.Add(30 * minute), To: noon.Add(72 * time.Hour),
		Start: map[string]cloudwatch.State{"high": cloudwatch.OK},
	})
	// Two days of more than 80: the second one has 120 by 14:00 of the third.
	if len(h.Changes) != 1 || !h.Changes[0].At.Equal(noon.Add(26*time.Hour)) {
		t.Errorf("got %v, want ALARM at 14:00 of the next day", h.Changes)
	}
}

func TestDelayedDataIsMissingUntilItArrives(t *testing.T) {
	a := high(1)
	a.TreatMissingData = cloudwatch.Breaching
	s := minutes(slices.Repeat([]float64{50}, 20)...)
	s.Delay = 2 * minute
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), To: noon.Add(20 * minute),
		Start: map[string]cloudwatch.State{"high": cloudwatch.OK},
	}
	// Three periods are looked at, so that two missing ones do no harm, …
	same(t, timeline(t, in), []string{"12:01 high ALARM", "12:03 high OK"})
	// … and one that comes five minutes late does.
	s.Late = map[int]time.Duration{9: 7 * minute, 10: 6 * minute, 11: 5 * minute}
	in.Data = dataOf(s)
	same(t, timeline(t, in), []string{"12:01 high ALARM", "12:03 high OK", "12:12 high ALARM", "12:15 high OK"})
}

// The newest period of a sum is not complete while its data is on the way.
func TestDelayedDataIsAddedUpAsFarAsItIsThere(t *testing.T) {
	a := high(1)
	a.Queries[0].Metric, a.ComparisonOperator = metric("Sum", 5*minute), cloudwatch.LessThan
	s := minutes(slices.Repeat([]float64{20}, 20)...) // 100 in five minutes, 60 in three
	s.Delay = 2 * minute
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), From: noon.Add(10 * minute), To: noon.Add(20 * minute),
	}), []string{"12:10 high ALARM"})
}

func TestLowSampleCountsOfPercentiles(t *testing.T) {
	few, many := slices.Repeat([]float64{90}, 99), slices.Repeat([]float64{90}, 100)
	a := high(1)
	a.Queries[0].Metric = metric("p90", minute) // 10 / (1 - 0.9) = 100 samples
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{a},
		Data:   dataOf(Series{Start: noon, Period: minute, Samples: [][]float64{few, few, many, few}}),
		Start:  map[string]cloudwatch.State{"high": cloudwatch.OK}, To: noon.Add(4 * minute),
	}
	same(t, timeline(t, in), []string{"12:01 high ALARM"})
	in.Alarms[0].EvaluateLowSampleCountPercentile = "evaluate"
	same(t, timeline(t, in), []string{"12:01 high ALARM"})
	in.Alarms[0].EvaluateLowSampleCountPercentile = "ignore"
	same(t, timeline(t, in), []string{"12:03 high ALARM"})

	// Values that are percentiles need their counts.
	in.Data = dataOf(Series{Start: noon, Period: minute, Stat: "p90", Values: []float64{90, 90, 90}, Counts: []float64{99, 99, 100}})
	same(t, timeline(t, in), []string{"12:03 high ALARM"})
	in.Data[ID(metric("", 0))][0].Counts = nil
	wantError(t, in, "p90 without Counts")

	for p, want := range map[string]float64{"p50": 20, "p99": 1000, "p99.9": 10000, "p10": 100, "p100": 0, "p0": 0, "Average": 0} {
		s, err := parseStatistic(p)
		if got := s.fewSamples(); err != nil || math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: got %v, %v, want %v", p, got, err, want)
		}
	}
}

func TestNotifications(t *testing.T) {
	a := high(1)
	a.Actions = cloudwatch.Actions{Alarm: []string{"arn:aws:sns:eu-west-1:000000000000:pager"}, OK: []string{"arn:aws:sns:eu-west-1:000000000000:mail"}}
	in := Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(90, 90, 50, nan, nan, nan, nan)), To: noon.Add(7 * minute)}
	h := history(t, in)
	var got []string
	for _, n := range h.Notifications {
		got = append(got, fmt.Sprintf("%s %s %s", n.At.Format("15:04"), n.State, strings.Join(n.Actions, " ")))
	}
	same(t, got, []string{"12:01 ALARM arn:aws:sns:eu-west-1:000000000000:pager", "12:03 OK arn:aws:sns:eu-west-1:000000000000:mail"})
	if h.End["high"] != cloudwatch.InsufficientData || len(h.Of("high")) != 3 || len(h.Of("low")) != 0 {
		t.Errorf("got %v, want three changes of high that end without data", h)
	}
	in.Alarms[0].Actions.Disabled = true
	if h := history(t, in); len(h.Notifications) != 0 || len(h.Changes) != 3 {
		t.Errorf("actions disabled: got %v, want changes and no notifications", h)
	}
}

func wantError(t *testing.T, in Input, want ...string) {
	t.Helper()
	if in.From.IsZero() {
		in.From, in.To = noon.Add(minute), cmp.Or(in.To, noon.Add(time.Hour))
	}
	_, err := Run(in)
	if err == nil {
		t.Errorf("got no error, want %q", want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got error:\n%v\nwant %q in it", err, w)
		}
	}
}

func TestBadDefinitions(t *testing.T) {
	tests := map[string]struct {
		change func(*cloudwatch.MetricAlarm)
		want   string
	}{
		"no periods":         {func(a *cloudwatch.MetricAlarm) { a.EvaluationPeriods = 0 }, "EvaluationPeriods: is 0"},
		"M above N":          {func(a *cloudwatch.MetricAlarm) { a.DatapointsToAlarm = 4 }, "DatapointsToAlarm: is 4, want 1 to EvaluationPeriods, 3"},
		"missing data":       {func(a *cloudwatch.MetricAlarm) { a.TreatMissingData = "good" }, `TreatMissingData: is "good"`},
		"operator":           {func(a *cloudwatch.MetricAlarm) { a.ComparisonOperator = ">" }, `ComparisonOperator: is ">"`},
		"NaN":                {func(a *cloudwatch.MetricAlarm) { a.Threshold = nan }, "Threshold: is NaN"},
		"reference":          {func(a *cloudwatch.MetricAlarm) { a.Threshold = math.Float64frombits(0xfdff << 48) }, "Threshold: is a Terraform reference"},
		"no query":           {func(a *cloudwatch.MetricAlarm) { a.Queries = nil }, "Queries: have no metric"},
		"no name":            {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Name = "" }, "want a namespace and a name"},
		"period":             {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Period = 45 * time.Second }, "Period: is 45s"},
		"period of a graph":  {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Period = 5 * time.Second }, "Period: is 5s"},
		"no period":          {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Period = 0 }, "Period: is 0s"},
		"more than a day":    {func(a *cloudwatch.MetricAlarm) { a.EvaluationPeriods = 1441 }, "more than a day"},
		"more than a week":   {func(a *cloudwatch.MetricAlarm) { a.EvaluationPeriods = 8; a.Queries[0].Metric.Period = 24 * time.Hour }, "more than seven days"},
		"statistic":          {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Stat = "Mean" }, `Stat: is "Mean"`},
		"low sample counts":  {func(a *cloudwatch.MetricAlarm) { a.EvaluateLowSampleCountPercentile = "no" }, `is "no", want evaluate or ignore`},
		"ignore an average":  {func(a *cloudwatch.MetricAlarm) { a.EvaluateLowSampleCountPercentile = "ignore" }, "want an alarm on one percentile"},
		"band":               {func(a *cloudwatch.MetricAlarm) { a.ComparisonOperator = cloudwatch.OutsideBand }, "ThresholdMetricID: is empty"},
		"threshold and band": {func(a *cloudwatch.MetricAlarm) { a.ThresholdMetricID = "ad1" }, `ThresholdMetricID: is "ad1", want none`},
		"unknown unit":       {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.OnlyUnit = "Percent" }, "no series of Test Load {Service=backend} in Percent"},
		"unknown metric":     {func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Name = "Other" }, "no series of Test Other {Service=backend}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := high(3)
			test.change(&a)
			wantError(t, Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(1))}, `alarm "high": `, test.want)
		})
	}
}

func TestBadInput(t *testing.T) {
	good := func() Input {
		return Input{Alarms: []cloudwatch.MetricAlarm{high(3)}, Data: dataOf(minutes(1)), From: noon, To: noon.Add(time.Hour)}
	}
	tests := map[string]struct {
		change func(*Input)
		want   string
	}{
		"no range":         {func(in *Input) { in.From, in.To = time.Time{}, time.Time{} }, "From and To"},
		"range ends first": {func(in *Input) { in.To = noon.Add(-minute) }, "To: is 2026-03-02 11:59:00"},
		"endless range":    {func(in *Input) { in.To = noon.AddDate(200, 0, 0) }, "times from From to To"},
		"twice":            {func(in *Input) { in.Alarms = append(in.Alarms, in.Alarms[0]) }, `alarm "high": there are two`},
		"no name":          {func(in *Input) { in.Alarms[0].Name = "" }, "an alarm without a name"},
		"start of another": {func(in *Input) { in.Start = map[string]cloudwatch.State{"low": cloudwatch.OK} }, `Start["low"]: there is no alarm`},
		"unknown state":    {func(in *Input) { in.Start = map[string]cloudwatch.State{"high": "FINE"} }, `Start["high"]: is "FINE"`},
		"band of another":  {func(in *Input) { in.Bands = map[string]Band{"low": {}} }, `Bands["low"]: there is no alarm`},
		"range shrinks":    {func(in *Input) { in.ExtraPeriods = -1 }, "ExtraPeriods: is -1"},
		"wall clock":       {func(in *Input) { in.Alarms[0].WallClock, in.Alarms[0].Queries[0].Metric.Period = "UTC", 10*minute }, "Period: is 10m0s, want a minute, 5 minutes, an hour or a day with WallClock"},
		"time zone":        {func(in *Input) { in.Alarms[0].WallClock = "Asia/Kolkata" }, `WallClock: is "Asia/Kolkata", want UTC`},
		"unaligned": {func(in *Input) {
			in.Data = dataOf(Series{Start: noon.Add(time.Second), Period: minute, Values: []float64{1}})
		}, "Start: is 2026-03-02T12:00:01Z, want the begin of a period of 1m0s"},
		"series period": {func(in *Input) { in.Data = dataOf(Series{Start: noon, Period: 45 * time.Second, Values: []float64{1}}) }, "Period: is 45s"},
		"infinite":      {func(in *Input) { in.Data = dataOf(minutes(1, math.Inf(1))) }, "Values[1]: is +Inf"},
		"sample NaN":    {func(in *Input) { in.Data = dataOf(Series{Start: noon, Period: minute, Samples: [][]float64{{1, nan}}}) }, "Samples[0]: has NaN"},
		"impossible set": {func(in *Input) {
			in.Data = dataOf(Series{Start: noon, Period: minute, Sets: []StatisticSet{{SampleCount: 1, Sum: 9, Minimum: 1, Maximum: 2}}})
		}, "Sets[0]"},
		"two kinds":         {func(in *Input) { s := minutes(1); s.Samples = [][]float64{{1}}; in.Data = dataOf(s) }, "more than one of Values, Samples and Sets"},
		"statistic of sets": {func(in *Input) { s := minutes(1); s.Stat = "p999"; in.Data = dataOf(s) }, `Stat: is "p999"`},
		"counts":            {func(in *Input) { s := minutes(1); s.Counts = []float64{1}; in.Data = dataOf(s) }, "Counts: has 1 entries"},
		"counts below 0":    {func(in *Input) { s := minutes(1); s.Stat = "Sum"; s.Counts = []float64{-1}; in.Data = dataOf(s) }, "Counts[0]: is -1"},
		"delay":             {func(in *Input) { s := minutes(1); s.Delay = -1; in.Data = dataOf(s) }, "Delay: is -1ns"},
		"late":              {func(in *Input) { s := minutes(1); s.Late = map[int]time.Duration{1: 1}; in.Data = dataOf(s) }, "Late[1]"},
		"coarse":            {func(in *Input) { in.Data = dataOf(Series{Start: noon, Period: 5 * minute, Values: []float64{1}}) }, "periods of 5m0s, want a part of 1m0s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := good()
			test.change(&in)
			_, err := Run(in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		a, b := high(0), high(1)
		a.TreatMissingData, b.Name, b.Threshold = "good", "low", nan
		wantError(t, Input{Alarms: []cloudwatch.MetricAlarm{a, b}, Data: dataOf(minutes(1))},
			`alarm "high": EvaluationPeriods`, `alarm "high": TreatMissingData`, `alarm "low": Threshold`)
	})
}

func TestNoAlarms(t *testing.T) {
	if h := history(t, Input{}); len(h.Changes) != 0 || len(h.End) != 0 {
		t.Errorf("got %v, want nothing", h)
	}
}

func TestManyAlarms(t *testing.T) {
	const n = 100_000
	in := Input{Data: dataOf(minutes(50, 90, 50)), To: noon.Add(3 * minute), Start: map[string]cloudwatch.State{}}
	for i := range n {
		a := high(1)
		a.Name = fmt.Sprint("alarm", i)
		in.Alarms = append(in.Alarms, a)
		in.Start[a.Name] = cloudwatch.OK
	}
	in.Composites = []cloudwatch.CompositeAlarm{{Name: "two", AlarmRule: "ALARM(alarm0) AND ALARM(alarm99999)"}}
	if h := history(t, in); len(h.Changes) != 2*n+3 || h.End["two"] != cloudwatch.OK || h.End["alarm7"] != cloudwatch.OK {
		t.Errorf("got %d changes, want each alarm's two and three of the composite", len(h.Changes))
	}
}

func TestDataWithoutPoints(t *testing.T) {
	in := Input{Alarms: []cloudwatch.MetricAlarm{high(3)}, Data: dataOf(Series{Period: minute}), Start: map[string]cloudwatch.State{"high": cloudwatch.OK}}
	same(t, timeline(t, in), []string{"12:01 high INSUFFICIENT_DATA"})
}

func TestIDIgnoresTheOrderOfDimensions(t *testing.T) {
	a, b := metric("", 0), metric("", 0)
	a.Dimensions = []cloudwatch.Dimension{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}}
	b.Dimensions = []cloudwatch.Dimension{{Name: "B", Value: "2"}, {Name: "A", Value: "1"}}
	if ID(a) != ID(b) || ID(a) != "Test Load {A=1, B=2}" {
		t.Errorf("got %s and %s", ID(a), ID(b))
	}
}

func TestFromPoints(t *testing.T) {
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * minute) }
	s, err := FromPoints(minute, "p99", []Point{{at(0), 1}, {at(3), 4}})
	if err != nil || s.Stat != "p99" || !s.Start.Equal(noon) || len(s.Values) != 4 || s.Values[0] != 1 || !math.IsNaN(s.Values[1]) || s.Values[3] != 4 {
		t.Errorf("got %+v, %v", s, err)
	}
	if s, err := FromPoints(minute, "", nil); err != nil || s.len() != 0 {
		t.Errorf("no points: got %+v, %v", s, err)
	}
	tests := map[string]struct {
		period time.Duration
		points []Point
		want   string
	}{
		"out of order": {minute, []Point{{at(1), 1}, {at(0), 1}}, "points[1]: 2026-03-02 12:00:00 comes after 2026-03-02 12:01:00"},
		"twice":        {minute, []Point{{at(1), 1}, {at(1), 1}}, "points[1]: 2026-03-02 12:01:00 is there twice"},
		"unaligned":    {5 * minute, []Point{{at(1), 1}}, "points[0]: 2026-03-02T12:01:00Z is not the begin of a period of 5m0s"},
		"NaN":          {minute, []Point{{at(0), nan}}, "points[0]: is NaN"},
		"period":       {3 * time.Second, nil, "period: is 3s"},
		"too long":     {minute, []Point{{noon.AddDate(-100, 0, 0), 1}, {noon, 1}}, "want at most"},
	}
	for name, test := range tests {
		if _, err := FromPoints(test.period, "", test.points); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestBand(t *testing.T) {
	a := cloudwatch.MetricAlarm{
		Name: "odd",
		Queries: []cloudwatch.Query{
			{ID: "m1", Metric: metric("Average", minute), ReturnData: true},
			{ID: "ad1", Expression: "ANOMALY_DETECTION_BAND(m1, 2)", ReturnData: true},
		},
		ThresholdMetricID: "ad1", ComparisonOperator: cloudwatch.OutsideBand, EvaluationPeriods: 1, TreatMissingData: cloudwatch.NotBreaching,
	}
	in := Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(minutes(5, 25, 15, 9, nan, nan, nan)),
		Bands: map[string]Band{"odd": {Lower: minutes(1, 10, 10, 10, 10), Upper: minutes(10, 20, 20, 20, 20)}},
		Start: map[string]cloudwatch.State{"odd": cloudwatch.OK}, To: noon.Add(7 * minute),
	}
	for operator, want := range map[cloudwatch.Operator][]string{
		cloudwatch.OutsideBand: {"12:02 odd ALARM", "12:03 odd OK", "12:04 odd ALARM", "12:07 odd OK"},
		cloudwatch.AboveBand:   {"12:02 odd ALARM", "12:03 odd OK"},
		cloudwatch.BelowBand:   {"12:04 odd ALARM", "12:07 odd OK"},
	} {
		in.Alarms[0].ComparisonOperator = operator
		same(t, timeline(t, in), want)
	}

	band := in.Bands
	in.Bands = nil
	wantError(t, in, `alarm "odd"`, "give it in Bands")
	in.Bands = map[string]Band{"odd": {Lower: band["odd"].Lower, Upper: minutes(10)}}
	wantError(t, in, "the band has no limits for the period from 2026-03-02 12:01:00")
	in.Bands = map[string]Band{"odd": {}}
	wantError(t, in, "Bands: Period: is 0s")
	in.Bands, in.Alarms[0].ThresholdMetricID = band, "m1"
	wantError(t, in, "want ANOMALY_DETECTION_BAND")
	in.Alarms[0].ThresholdMetricID = "ad2"
	wantError(t, in, `no query with the id "ad2"`)
}
