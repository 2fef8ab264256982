package backtest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

var (
	to   = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)
	from = to.Add(-14 * day)
)

// cpu is an alarm on the CPU of a service: above a threshold for three minutes.
func cpu(name string, threshold float64) cloudwatch.MetricAlarm {
	return cloudwatch.MetricAlarm{
		Name: name, Threshold: threshold, ComparisonOperator: cloudwatch.GreaterThan, EvaluationPeriods: 3, TreatMissingData: cloudwatch.NotBreaching,
		Queries: []cloudwatch.Query{{ReturnData: true, Metric: cloudwatch.Metric{
			Namespace: "AWS/ECS", Name: "CPUUtilization", Dimensions: []cloudwatch.Dimension{{Name: "ServiceName", Value: "shop"}}, Stat: cloudwatch.Average, Period: time.Minute,
		}}},
	}
}

// A peak is a value that the metric has for some minutes from a time on. It is 20 at any
// other time.
type peak struct {
	at      time.Duration
	minutes int
	value   float64
}

// seeded is the data of a test: with the peaks, also for what looks at the metric in a
// coarser way.
func seeded(t *testing.T, test *Test, peaks ...peak) *Data {
	t.Helper()
	data := NewData("ap-southeast-2", to)
	for _, q := range test.Queries {
		s := Series{Query: q, Values: make([]float64, q.Len())}
		for i := range s.Values {
			values := []float64{}
			for at := q.From.Add(time.Duration(i) * q.Metric.Period); len(values) < int(max(1, q.Metric.Period/time.Minute)); at = at.Add(time.Minute) {
				v := 20.0
				for _, p := range peaks {
					if since := at.Sub(from.Add(p.at)); since >= 0 && since < time.Duration(p.minutes)*time.Minute {
						v = p.value
					}
				}
				values = append(values, v)
			}
			switch q.Metric.Stat {
			case cloudwatch.SampleCount:
				s.Values[i] = float64(len(values))
			case cloudwatch.Average:
				for _, v := range values {
					s.Values[i] += v / float64(len(values))
				}
			default:
				s.Values[i] = slices.Max(values)
			}
		}
		data.Put(s)
	}
	return data
}

func run(t *testing.T, in Input, peaks ...peak) Report {
	t.Helper()
	in.From, in.To = from, to
	test, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	report, err := test.Run(seeded(t, test, peaks...))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// fortnight has peaks of 85 % of ten minutes on ten days, and of 95 % of an hour on two
// others. One of two minutes is too short for anybody.
func fortnight() []peak {
	var list []peak
	for d := range 10 {
		list = append(list, peak{time.Duration(d)*day + 3*time.Hour, 10, 85})
	}
	return append(list, peak{10*day + 5*time.Hour, 60, 95}, peak{12*day + 6*time.Hour, 60, 95}, peak{13 * day, 2, 99})
}

// TestHandComputed compares a backtest with a table that was computed by hand. An alarm of
// three periods of a minute goes off when the third minute of a peak is over, and is OK
// again when the first minute after it is over: it is in ALARM two minutes less than the
// peak is long.
func TestHandComputed(t *testing.T) {
	t.Parallel()
	report := run(t, Input{
		Deployed: Side{Metrics: []cloudwatch.MetricAlarm{cpu("shop/cpu", 80), cpu("shop/gone", 94), cpu("other", 1)}},
		Proposed: &Side{Metrics: []cloudwatch.MetricAlarm{cpu("shop/cpu", 90), cpu("shop/new", 100)}},
		Prefix:   "shop/",
	}, fortnight()...)
	type row struct {
		alarm              string
		deployed, proposed string // times, minutes
	}
	var got []row
	cell := func(o *Outcome) string {
		if o == nil {
			return ""
		}
		return fmt.Sprintf("%d, %d %s%s", o.Times, o.Seconds/60, o.When, o.Problem)
	}
	for _, a := range report.Alarms {
		got = append(got, row{a.Name, cell(a.Deployed), cell(a.Proposed)})
	}
	want := []row{
		{"shop/cpu", "12, 196 > 80 % for 3 minutes", "2, 116 > 90 % for 3 minutes"}, // 10 x 8 + 2 x 58; 2 x 58
		{"shop/gone", "2, 116 > 94 % for 3 minutes", ""},
		{"shop/new", "", "0, 0 > 100 % for 3 minutes"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	first, last := report.Alarms[0].Deployed.Episodes[0], report.Alarms[0].Proposed.Episodes[1]
	if at := from.Add(3*time.Hour + 3*time.Minute); !first.From.Equal(at) || !first.To.Equal(at.Add(8*time.Minute)) {
		t.Errorf("the first is from %s to %s, want from %s for 8 minutes", first.From, first.To, at)
	}
	if at := from.Add(12*day + 6*time.Hour + 3*time.Minute); !last.From.Equal(at) || !last.To.Equal(at.Add(58*time.Minute)) {
		t.Errorf("the last is from %s to %s, want from %s for 58 minutes", last.From, last.To, at)
	}
	var sweep []string
	for _, s := range report.Alarms[0].Sweep {
		sweep = append(sweep, fmt.Sprintf("%s: %d, %d", s.Words, s.Times, s.Seconds/60))
	}
	if text := strings.Join(sweep, "; "); text != "70 %: 12, 196; 75 %: 12, 196; 80 %: 12, 196; 85 %: 2, 116; 95 %: 0, 0; 100 %: 0, 0" {
		t.Errorf("sweep: %s", text)
	}
	if report.Problems() != 0 || report.Alarms[0].Same || report.Alarms[0].Agreement != nil {
		t.Errorf("%+v", report)
	}
}

// An alarm of five minutes sees every minute where there is data of a minute.
func TestCoarserThanItsData(t *testing.T) {
	t.Parallel()
	average := cpu("shop/cpu", 80)
	average.EvaluationPeriods = 1
	average.Queries[0].Metric.Period = 5 * time.Minute
	// 85 for ten minutes from 3:02 on: all five minutes before 3:07 to 3:12 are of the
	// peak. The average is above 80 with more than 60/65 of it: five minutes of five.
	report := run(t, Input{Deployed: Side{Metrics: []cloudwatch.MetricAlarm{average}}}, peak{3*time.Hour + 2*time.Minute, 10, 85})
	e := report.Alarms[0].Deployed.Episodes
	if len(e) != 1 || !e[0].From.Equal(from.Add(3*time.Hour+7*time.Minute)) || !e[0].To.Equal(from.Add(3*time.Hour+13*time.Minute)) {
		t.Errorf("%+v %s", e, report.Alarms[0].Deployed.Problem)
	}
}

// TestAges is which data is read for which alarm, how far back.
func TestAges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		since   time.Duration
		stat    string
		period  time.Duration
		periods int
		want    string // statistics and distances
		days    int    // that are tested
	}{
		{14 * day, cloudwatch.Average, time.Minute, 3, "Average 1m0s", 14},
		{14 * day, cloudwatch.Average, 5 * time.Minute, 3, "Average 1m0s, SampleCount 1m0s", 14},
		{14 * day, cloudwatch.Sum, 5 * time.Minute, 3, "Sum 1m0s", 14},
		{14 * day, "p99", 5 * time.Minute, 3, "p99 5m0s", 14},
		{30 * day, cloudwatch.Average, 5 * time.Minute, 3, "Average 5m0s", 30},
		{30 * day, cloudwatch.Sum, 15 * time.Minute, 3, "Sum 5m0s", 30},
		{30 * day, cloudwatch.Average, time.Minute, 3, "Average 1m0s", 14},
		{30 * day, cloudwatch.Sum, 2 * time.Minute, 3, "Sum 1m0s", 14},
		{30 * day, cloudwatch.Sum, 10 * time.Second, 3, "Sum 10s", 0},
		{100 * day, cloudwatch.Maximum, time.Hour, 3, "Maximum 1h0m0s", 100},
		{100 * day, cloudwatch.Maximum, 6 * time.Hour, 2, "Maximum 1h0m0s", 100},
		{100 * day, cloudwatch.Maximum, 5 * time.Minute, 3, "Maximum 5m0s", 62},
		{14 * day, cloudwatch.Sum, time.Hour, 48, "Sum 5m0s", 14}, // it looks back two days
	} {
		a := cpu("a", 1)
		a.EvaluationPeriods = test.periods
		a.Queries[0].Metric.Stat, a.Queries[0].Metric.Period = test.stat, test.period
		p := newPlan(a, to.Add(-test.since), to)
		var got []string
		for _, w := range p.wants {
			for _, q := range []Query{w.values, w.counts} {
				if q.Metric.Name == "" {
					continue
				}
				got = append(got, q.Metric.Stat+" "+q.Metric.Period.String())
				if q.From.UnixNano()%int64(q.Metric.Period) != 0 || q.To.UnixNano()%int64(q.Metric.Period) != 0 {
					t.Errorf("%+v: %s to %s", test, q.From, q.To)
				}
				if gone := Gone([]Query{q}, to.Add(10*time.Minute)); len(gone) > 0 {
					t.Errorf("%+v: CloudWatch does not keep %s from %s", test, q, q.From)
				}
				if back := p.from.Sub(q.From); back < time.Duration(test.periods+2)*test.period {
					t.Errorf("%+v: only %s before the begin", test, back)
				}
			}
		}
		if text := strings.Join(got, ", "); text != test.want || int(to.Sub(p.from)/day) != test.days || (p.limited == "") != (int(test.since/day) == test.days) {
			t.Errorf("%+v: %s from %s, %q %q", test, text, p.from, p.limited, p.problem)
		}
	}
}

// What cannot be known of an alarm is its problem, and no other's.
func TestProblems(t *testing.T) {
	t.Parallel()
	change := func(name string, change func(*cloudwatch.MetricAlarm)) cloudwatch.MetricAlarm {
		a := cpu(name, 80)
		change(&a)
		return a
	}
	withMath := func(expression string) func(*cloudwatch.MetricAlarm) {
		return func(a *cloudwatch.MetricAlarm) {
			a.Queries[0].ID, a.Queries[0].ReturnData = "m1", false
			a.Queries = append(a.Queries, cloudwatch.Query{ID: "e1", Expression: expression, ReturnData: true})
		}
	}
	bad := []cloudwatch.MetricAlarm{
		change("function", withMath("FROBNICATE(m1)")),
		change("search", withMath(`SUM(SEARCH('CPUUtilization', 'Average', 60))`)),
		change("period", func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Period = 45 * time.Second }),
		change("zero", func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Period = 0 }),
		change("statistic", func(a *cloudwatch.MetricAlarm) { a.Queries[0].Metric.Stat = "Median" }),
		change("periods", func(a *cloudwatch.MetricAlarm) { a.EvaluationPeriods = 0 }),
		change("window", func(a *cloudwatch.MetricAlarm) { a.EvaluationPeriods = 2000 }),
		change("operator", func(a *cloudwatch.MetricAlarm) { a.ComparisonOperator = "Around" }),
		change("threshold", func(a *cloudwatch.MetricAlarm) { a.Threshold = math.NaN() }),
		change("none", func(a *cloudwatch.MetricAlarm) { a.Queries = nil }),
		change("band", func(a *cloudwatch.MetricAlarm) {
			withMath("ANOMALY_DETECTION_BAND(m1, 2)")(a)
			a.ComparisonOperator, a.ThresholdMetricID, a.Queries[0].ReturnData = cloudwatch.AboveBand, "e1", true
		}),
		cpu("twice", 1), cpu("twice", 2),
	}
	composite := func(name, rule string) cloudwatch.CompositeAlarm {
		return cloudwatch.CompositeAlarm{Name: name, AlarmRule: rule}
	}
	report := run(t, Input{Deployed: Side{
		Metrics: append(bad, cpu("good", 80), cpu("foreign", 80)), Problems: map[string]string{"foreign": "its metric is elsewhere"},
		Composites: []cloudwatch.CompositeAlarm{
			composite("grammar", "ALARM(good) XOR ALARM(good)"), composite("missing", "ALARM(nowhere)"), composite("circle", "ALARM(round)"),
			composite("round", "ALARM(circle)"), composite("of a problem", "ALARM(search)"), composite("fine", `ALARM("good")`),
		},
	}}, fortnight()...)
	wants := map[string]string{
		"function": "FROBNICATE", "search": "SEARCH", "period": "45s", "zero": "is 0s", "statistic": "Median", "periods": "EvaluationPeriods: is 0",
		"window": "more than a day", "operator": "Around", "threshold": "NaN", "none": "no metric", "band": "ANOMALY_DETECTION_BAND", "twice": "two alarms have this name",
		"foreign": "its metric is elsewhere", "grammar": "XOR", "missing": "nowhere, of which nothing is known: there is no such alarm",
		"circle": "it watches itself: circle, round, circle", "round": "circle", "of a problem": "it watches search, of which nothing is known",
		"good": "", "fine": "",
	}
	for _, a := range report.Alarms {
		want, expected := wants[a.Name]
		delete(wants, a.Name)
		if got := a.Deployed.Problem; !expected || (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", a.Name, got, want)
		}
		if a.Deployed.Problem != "" && (a.Deployed.Times > 0 || a.Sweep != nil || a.Agreement != nil) {
			t.Errorf("%s has a verdict: %+v", a.Name, a)
		}
		if want == "" && a.Deployed.Times != 12 {
			t.Errorf("%s: %+v", a.Name, a.Deployed)
		}
	}
	if len(wants) > 0 {
		t.Errorf("missing: %v", wants)
	}
}

// A proposed composite alarm watches proposed alarms, and deployed ones that nobody
// replaces; one outside of the prefix is not reported.
func TestComposites(t *testing.T) {
	t.Parallel()
	both := cloudwatch.CompositeAlarm{Name: "shop/both", AlarmRule: `ALARM("shop/cpu") AND ALARM("arn:aws:cloudwatch:ap-southeast-2:000000000000:alarm:other")`}
	never := cloudwatch.CompositeAlarm{Name: "shop/not", AlarmRule: `NOT ALARM("shop/both")`}
	report := run(t, Input{
		Deployed: Side{Metrics: []cloudwatch.MetricAlarm{cpu("shop/cpu", 80), cpu("other", 90)}, Composites: []cloudwatch.CompositeAlarm{both}},
		Proposed: &Side{Metrics: []cloudwatch.MetricAlarm{cpu("shop/cpu", 94)}, Composites: []cloudwatch.CompositeAlarm{both, never}},
		Prefix:   "shop/",
	}, fortnight()...)
	if len(report.Alarms) != 3 || report.Alarms[0].Name != "shop/both" {
		t.Fatalf("%+v", report.Alarms)
	}
	a := report.Alarms[0]
	if a.Deployed.Times != 2 || a.Proposed.Times != 2 || !a.Same || a.Deployed.When != both.AlarmRule {
		t.Errorf("%+v %+v", a.Deployed, a.Proposed)
	}
	// The rule of the other holds from the begin on, but for two hours less four minutes.
	if n := report.Alarms[2].Proposed; n.Times != 3 || n.Seconds != int((14*day-116*time.Minute)/time.Second) {
		t.Errorf("%+v", n)
	}
}

// TestAgreement compares with what AWS remembers.
func TestAgreement(t *testing.T) {
	t.Parallel()
	ok, alarm := cloudwatch.OK, cloudwatch.InAlarm
	at := func(d time.Duration, from, to cloudwatch.State) Transition {
		return Transition{At: to14(d), From: from, To: to}
	}
	hand := func(d time.Duration, from, to cloudwatch.State) Transition {
		return Transition{At: to14(d), From: from, To: to, ByHand: true}
	}
	peaks := []peak{{3 * time.Hour, 10, 85}, {10 * time.Hour, 30, 85}}
	in := Input{
		Deployed: Side{Metrics: []cloudwatch.MetricAlarm{cpu("a", 80)}},
		History: map[string]History{"a": {Since: from, Now: ok, Transitions: []Transition{
			at(3*time.Hour+3*time.Minute+40*time.Second, ok, alarm), at(3*time.Hour+12*time.Minute, alarm, ok), // within a minute
			hand(5*time.Hour, ok, alarm), at(5*time.Hour+time.Minute, alarm, ok), // a test of the alarm
			at(10*time.Hour+5*time.Minute, ok, alarm), at(10*time.Hour+31*time.Minute, alarm, ok), // two minutes late, in time
		}}},
	}
	a := run(t, in, peaks...).Alarms[0].Agreement
	if a.Real != 4 || a.Matched != 3 || a.ByHand != 2 || len(a.Missed) != 1 || len(a.Extra) != 1 || a.Missed[0].To != alarm || !a.Extra[0].At.Equal(to14(10*time.Hour+3*time.Minute)) {
		t.Errorf("%+v", a)
	}
	// 40 s and a minute around the first, a minute by hand, two minutes at the last.
	if want := 1 - (40+60+60+120)/(14*day).Seconds(); math.Abs(a.SameState-want) > 1e-9 {
		t.Errorf("same state %v, want %v", a.SameState, want)
	}
	// What was before the alarm was changed says nothing about it as it is.
	in.History["a"] = History{Since: to14(9 * time.Hour), Now: ok, Transitions: in.History["a"].Transitions}
	if a = run(t, in, peaks...).Alarms[0].Agreement; a.Real != 2 || a.Matched != 1 || a.ByHand != 0 {
		t.Errorf("%+v", a)
	}
	// An alarm that has always been as it is now.
	in.History["a"] = History{Since: from, Now: alarm}
	a = run(t, in).Alarms[0].Agreement
	if a.Real != 0 || a.SameState != 0 {
		t.Errorf("%+v", a)
	}
}

func to14(d time.Duration) time.Time { return from.Add(d) }

// AWS's history says in which state an alarm begins: it matters where missing data keeps it.
func TestStart(t *testing.T) {
	t.Parallel()
	a := cpu("a", 80)
	a.TreatMissingData = cloudwatch.Ignore
	in := Input{From: from, To: to, Deployed: Side{Metrics: []cloudwatch.MetricAlarm{a}}, History: map[string]History{"a": {Since: from, Now: cloudwatch.InAlarm}}}
	test, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	data := seeded(t, test)
	for _, s := range data.series {
		for i := range s.Values {
			s.Values[i] = math.NaN()
		}
	}
	report, err := test.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	if o := report.Alarms[0].Deployed; o.Times != 1 || o.Seconds != int((14*day).Seconds()) || report.Alarms[0].Agreement.SameState != 1 {
		t.Errorf("%+v %+v", o, report.Alarms[0].Agreement)
	}
	in.History = nil
	if test, err = New(in); err != nil {
		t.Fatal(err)
	}
	if report, err = test.Run(data); err != nil || report.Alarms[0].Deployed.WithoutData != int((14*day).Seconds()) {
		t.Errorf("%v %+v", err, report.Alarms[0].Deployed)
	}
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at   float64
		unit cloudwatch.Unit
		want string
	}{
		{80, cloudwatch.Percent, "[60 65 70 75 85 90 95 100]"},
		{10, cloudwatch.Count, "[6 7 8 9 11 12 13 14]"},
		{0, cloudwatch.Count, "[1 2 3 4]"},
		{1, cloudwatch.Count, "[0 2 3 4 5]"},
		{0.5, cloudwatch.Seconds, "[0.42 0.44 0.46 0.48 0.52 0.54 0.56 0.58]"},
		{10 << 30, cloudwatch.Bytes, "[8.589934592e+09 9.126805504e+09 9.663676416e+09 1.0200547328e+10 1.1274289152e+10 1.1811160064e+10 1.2348030976e+10 1.2884901888e+10]"},
		{-5, cloudwatch.None, "[-5.8 -5.6 -5.4 -5.2 -4.8 -4.6 -4.4 -4.2]"},
	} {
		got := thresholds(test.at, test.unit, test.unit == cloudwatch.Count)
		if text := fmt.Sprint(got); text != test.want {
			t.Errorf("%v %s: %s, want %s", test.at, test.unit, text, test.want)
		}
	}
}

// TestData writes data and reads it again.
func TestData(t *testing.T) {
	t.Parallel()
	alarm := cpu("a", 80)
	alarm.Queries[0].Metric.OnlyUnit = cloudwatch.Percent
	in := Input{From: from, To: to, Deployed: Side{Metrics: []cloudwatch.MetricAlarm{alarm}}}
	test, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	data := seeded(t, test, fortnight()...)
	data.series[test.Queries[0].String()].Values[7] = math.NaN()
	path := filepath.Join(t.TempDir(), "data.json")
	if missing, err := ReadData(path, "ap-southeast-2"); missing != nil || err != nil {
		t.Errorf("%v: %v", missing, err)
	}
	for range 2 { // the second time it is there
		if err := data.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v: %v", left, err)
	}
	again, err := ReadData(path, "ap-southeast-2")
	if err != nil {
		t.Fatal(err)
	}
	before, after := data.series[test.Queries[0].String()], again.series[test.Queries[0].String()]
	if !again.To.Equal(to) || !after.From.Equal(before.From) || !after.To.Equal(before.To) || !slices.EqualFunc(before.Values, after.Values, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }) {
		t.Errorf("%+v", after.Query)
	}
	one, err := test.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	other, err := test.Run(again)
	if err != nil || one.Alarms[0].Deployed.Seconds != other.Alarms[0].Deployed.Seconds || other.Alarms[0].Deployed.Times != 12 {
		t.Errorf("%v: %+v", err, other.Alarms[0].Deployed)
	}
	in.From = from.Add(-day)
	if test, err = New(in); err != nil {
		t.Fatal(err)
	}
	if _, err := test.Run(again); err == nil || !strings.Contains(err.Error(), "the data lacks AWS/ECS CPUUtilization {ServiceName=shop} in Percent, Average over 1m0s from 2026-03-01") {
		t.Error(err)
	}
}

func TestDataThatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const good = `{"namespace":"N","name":"M","stat":"Sum","period":60,"from":"2026-03-02T00:00:00Z","values":[1,null]}`
	for text, want := range map[string]string{
		``:                             "is no data of a backtest: EOF",
		`{"resource":{}}`:              `unknown field "resource"`,
		`{"version":2}`:                "version: is 2, want 1",
		`{"version":1}`:                `region: is "", want "ap-southeast-2"`,
		`$[]`:                          "",
		`$[` + good + `]`:              "",
		`$[` + good + `,` + good + `]`: "series[1]: N M {}, Sum over 1m0s is there twice",
		`$[` + strings.Replace(good, "60", "45", 1) + `]`:               "series[0], N M: period: is 45s, want",
		`$[` + strings.Replace(good, "60", "0", 1) + `]`:                "period: is 0s",
		`$[` + strings.Replace(good, "00:00Z", "00:30Z", 1) + `]`:       "from: is 2026-03-02T00:00:30Z, want the begin of a period of 1m0s",
		`$[` + strings.Replace(good, "null", `"NaN"`, 1) + `]`:          "is no data of a backtest",
		`$[` + strings.Replace(good, "null", `1e999`, 1) + `]`:          "is no data of a backtest",
		`{"version":1,"region":"ap-southeast-2"}`:                       "to: is empty",
		`{"version":1,"region":"us-east-1","to":"2026-03-02T00:00:00Z"`: "is no data of a backtest",
	} {
		path := filepath.Join(dir, "data.json")
		text = strings.Replace(text, "$", `{"version":1,"region":"ap-southeast-2","to":"2026-03-16T12:00:00Z","series":`, 1)
		if strings.Contains(text, `"series":`) {
			text += "}"
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadData(path, "ap-southeast-2")
		if (want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "delete it to have it written anew")) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestAnswers are those of CloudWatch that cannot be.
func TestAnswers(t *testing.T) {
	t.Parallel()
	q := Query{Metric: cpu("a", 1).Queries[0].Metric, From: from, To: from.Add(time.Hour)}
	for _, test := range []struct {
		minutes []float64
		values  []float64
		want    string
	}{
		{[]float64{2, 0, 1}, []float64{3, 1, 2}, ""}, // in any order
		{[]float64{1, 1}, []float64{3, 3}, "two values at 2026-03-02T12:01:00Z"},
		{[]float64{0.5}, []float64{3}, "not the begin of a period"},
		{[]float64{60}, []float64{3}, "want 2026-03-02T12:00:00Z to 2026-03-02T13:00:00Z"},
		{[]float64{-1}, []float64{3}, "want 2026-03-02T12:00:00Z"},
		{[]float64{1}, []float64{math.NaN()}, "has NaN"},
		{[]float64{1}, []float64{math.Inf(1)}, "has +Inf"},
		{[]float64{1}, nil, "1 times and 0 values"},
		{nil, nil, ""},
	} {
		s := Series{Query: q, Values: slices.Repeat([]float64{math.NaN()}, q.Len())}
		var times []time.Time
		for _, m := range test.minutes {
			times = append(times, from.Add(time.Duration(m*float64(time.Minute))))
		}
		err := s.Add(times, test.values)
		if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestSizes has no alarm, and more than there is room for.
func TestSizes(t *testing.T) {
	t.Parallel()
	if report := run(t, Input{}); len(report.Alarms) != 0 || report.Problems() != 0 {
		t.Errorf("%+v", report)
	}
	side := Side{}
	for i := range 100_000 {
		a := cpu(fmt.Sprintf("shop/%06d", i), 80)
		a.Queries[0].Metric.Name = fmt.Sprintf("CPU%d", i)
		side.Metrics = append(side.Metrics, a)
	}
	_, err := New(Input{From: from, To: to, Deployed: side})
	if want := "100000 metrics have 2022000000 values in this time, want at most 50000000: name fewer alarms with --prefix, or a shorter time with --since"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	test, err := New(Input{From: from, To: to, Deployed: side, Prefix: "shop/00001"})
	if err != nil || len(test.Queries) != 10 {
		t.Errorf("%v: %d queries", err, len(test.Queries))
	}
}
