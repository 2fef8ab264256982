package alarmtest

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// shop is a resource of another team: a queue with an alarm of each kind.
type shop struct{ key string }

func (s shop) ResourceKey() string { return s.key }

func (s shop) Validate() error { return nil }

func (s shop) metric(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "Shop", Name: name, Stat: stat, Period: time.Minute, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "Shop", Value: s.key}},
	}
}

func (s shop) Watch() monitoring.Watch {
	age := s.metric("Age", "Maximum", cloudwatch.Seconds)
	alarm := func(id string, when cloudwatch.Condition, periods int, missing cloudwatch.MissingData) monitoring.Alarm {
		return monitoring.Alarm{
			ID: id, Severity: monitoring.Critical, When: when, Missing: missing,
			Window: cloudwatch.Window{EvaluationPeriods: periods}, FirstStep: "Look.",
		}
	}
	rate := cloudwatch.Math{
		Expression: "100 * failed / sold", Unit: cloudwatch.Percent, Samples: "sold",
		Using: map[string]cloudwatch.Metric{
			"failed": s.metric("Failed", "Sum", cloudwatch.Count), "sold": s.metric("Sold", "Sum", cloudwatch.Count),
		},
	}
	few := alarm("failures", rate.Above(5), 1, cloudwatch.NotBreaching)
	few.MinSamples = 20
	odd := alarm("odd", cloudwatch.Anomaly{Of: s.metric("Visitors", "Average", cloudwatch.Count), Op: cloudwatch.OutsideBand, Band: 2}, 1, cloudwatch.Missing)
	odd.Severity = monitoring.Warning
	return monitoring.Watch{Alarms: []monitoring.Alarm{
		alarm("old", age.Above(60), 3, cloudwatch.Missing),
		alarm("young", age.Below(10), 3, cloudwatch.Ignore),
		alarm("beat", cloudwatch.Heartbeat{Of: s.metric("Beat", "SampleCount", cloudwatch.Count)}, 2, ""),
		few, odd,
	}}
}

func config() monitoring.Config {
	return monitoring.Config{
		Name: "shop", Region: "eu-west-1",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com"), monitoring.HTTPS("https://example.com/page")},
			monitoring.Warning:  {monitoring.Topic("arn:aws:sns:eu-west-1:000000000000:team")},
		},
		Resources: []monitoring.Resource{shop{"north"}, shop{"south"}},
		Extra: []monitoring.Alarm{{
			ID: "down", Severity: monitoring.Warning, FirstStep: "Look.",
			When: cloudwatch.Composite{Rule: cloudwatch.AllOf("north/old", "south/old"), Suppressor: "north/beat", Wait: 2 * time.Minute},
		}},
	}
}

// open is a healthy day of both shops.
func open(cfg monitoring.Config) *Series {
	s := Healthy(cfg)
	for _, key := range []string{"north", "south"} {
		s.Set(key, "Age", Wave(20, 40, 0.1, 3), Always()).Set(key, "Failed", Constant(1), Always()).Set(key, "Sold", Wave(50, 500, 0.1, 1), Always()).
			Set(key, "Beat", Constant(1), Always()).Set(key, "Visitors", Wave(100, 900, 0.1, 2), Always()).
			Band(key+"/odd", Constant(50), Constant(1000))
	}
	return s
}

const (
	oncall = "oncall@example.com"
	page   = "https://example.com/page"
	team   = "arn:aws:sns:eu-west-1:000000000000:team"
)

func TestScenariosOfAnotherTeam(t *testing.T) {
	cfg := config()
	at := func(minutes int) time.Duration { return time.Duration(minutes) * time.Minute }
	both := []string{page, oncall} // in any order
	for _, s := range []Scenario{
		{Name: "healthy", Series: open(cfg)},
		{
			Name: "limits on both sides",
			Series: open(cfg).Set("north", "Age", Constant(61), Between(at(10), at(15))).
				Set("south", "Age", Constant(9), Between(at(20), at(25))),
			Want: []Event{
				{At: at(13), Alarm: "north/old", State: "ALARM", Tells: both},
				{At: at(16), Alarm: "north/old", State: "OK", Tells: both},
				{At: at(23), Alarm: "south/young", State: "ALARM", Tells: both},
				{At: at(26), Alarm: "south/young", State: "OK", Tells: both},
			},
		},
		{
			Name:   "within a few minutes is enough",
			Series: open(cfg).Set("north", "Age", Constant(61), At(at(10))),
			Want:   []Event{{At: at(10), Within: at(5), Alarm: "north/old", State: "ALARM"}},
		},
		{
			// A period of a minute is seen in a range of four, and missing data breaches.
			Name:   "no heartbeat",
			Series: open(cfg).Set("north", "Beat", Gap(), Between(at(10), at(20))),
			Want:   []Event{{At: at(14), Alarm: "north/beat", State: "ALARM"}, {At: at(21), Alarm: "north/beat", State: "OK"}},
		},
		{
			Name:   "many failures of many sales, and of few",
			Series: open(cfg).Set("north", "Failed", Constant(40), Between(at(10), at(11))).Set("south", "Sold", Constant(19), At(at(10))).Set("south", "Failed", Constant(19), At(at(10))),
			Want:   []Event{{At: at(11), Alarm: "north/failures", State: "ALARM"}, {At: at(12), Alarm: "north/failures", State: "OK"}},
		},
		{
			Name:   "odd",
			Series: open(cfg).Set("north", "Visitors", Constant(1001), Between(at(10), at(11))),
			Want: []Event{
				{At: at(11), Alarm: "north/odd", State: "ALARM", Tells: []string{team}},
				{At: at(12), Alarm: "north/odd", State: "OK", Tells: []string{team}},
			},
		},
		{
			Name: "a composite alarm waits for its suppressor",
			Series: open(cfg).Set("north", "Age", Constant(61), Between(at(10), at(30))).
				Set("south", "Age", Constant(61), Between(at(10), at(30))),
			Want: []Event{
				{At: at(13), Alarm: "north/old", State: "ALARM"},
				{At: at(13), Alarm: "south/old", State: "ALARM"},
				{At: at(13), Alarm: "down", State: "ALARM", Tells: []string{team}, Delay: at(2)},
				{At: at(31), Alarm: "north/old", State: "OK"},
				{At: at(31), Alarm: "south/old", State: "OK"},
				{At: at(31), Alarm: "down", State: "OK", Tells: []string{team}, Delay: at(2)},
			},
		},
		{
			Name:   "everything is lost",
			Series: open(cfg).For(at(20)).StopAll(At(at(10))),
			Want: []Event{
				{At: at(13), Alarm: "north/odd", State: "INSUFFICIENT_DATA", Tells: Nobody},
				{At: at(13), Alarm: "south/odd", State: "INSUFFICIENT_DATA", Tells: Nobody},
				{At: at(14), Alarm: "north/beat", State: "ALARM", Tells: both},
				{At: at(14), Alarm: "south/beat", State: "ALARM", Tells: both},
				{At: at(15), Alarm: "north/old", State: "INSUFFICIENT_DATA", Tells: Nobody},
				{At: at(15), Alarm: "south/old", State: "INSUFFICIENT_DATA", Tells: Nobody},
			},
		},
		{
			// Data that comes five minutes late is as good as none for an alarm that looks
			// back four.
			Name:   "late",
			Series: open(cfg).For(at(20)).Delay("north", at(5)),
			Want: []Event{
				{At: 0, Alarm: "north/odd", State: "INSUFFICIENT_DATA"}, {At: 0, Alarm: "north/beat", State: "ALARM"}, {At: 0, Alarm: "north/old", State: "INSUFFICIENT_DATA"},
			},
		},
	} {
		t.Run(s.Name, func(t *testing.T) { Run(t, cfg, s) })
	}
}

func TestSamplesOfTasks(t *testing.T) {
	cfg := config()
	service := monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"}
	cpu := service.Watch().Alarms[0].When.(cloudwatch.Threshold).Of.(cloudwatch.Metric)
	cfg.Resources, cfg.Extra = []monitoring.Resource{service}, []monitoring.Alarm{{
		Resource: "web", ID: "tasks", Severity: monitoring.Critical, FirstStep: "Look.", Missing: cloudwatch.Breaching,
		When: cpu.WithStat(cloudwatch.SampleCount).Below(2), Window: cloudwatch.Window{EvaluationPeriods: 3},
	}}
	Run(t, cfg, Scenario{
		Name:   "one task is left",
		Series: Healthy(cfg).Samples("web", "CPUUtilization", 1, At(10*time.Minute)),
		Want:   []Event{{At: 13 * time.Minute, Alarm: "web/tasks", State: "ALARM", Tells: []string{oncall, page}}},
	})
}

// failing keeps what a test would have said.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}

func (f *failing) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }

func (f *failing) Fatal(args ...any) { f.text += fmt.Sprint(args...); panic(f) }

func (f *failing) run(cfg monitoring.Config, s Scenario) {
	defer func() {
		if r := recover(); r != nil && r != any(f) {
			panic(r)
		}
	}()
	Run(f, cfg, s)
}

func TestFailureShowsBothTimelines(t *testing.T) {
	cfg := config()
	f := &failing{TB: t}
	f.run(cfg, Scenario{
		Name:   "wrong",
		Series: open(cfg).Set("north", "Age", Constant(61), Between(10*time.Minute, 20*time.Minute)).Set("south", "Visitors", Constant(1), Between(time.Hour, 61*time.Minute)),
		Want: []Event{
			{At: 13 * time.Minute, Alarm: "north/old", State: "ALARM", Tells: []string{oncall}},
			{At: 22 * time.Minute, Within: time.Minute, Alarm: "north/old", State: "OK"},
			{At: 61 * time.Minute, Alarm: "south/odd", State: "ALARM", Tells: Nobody},
			{At: 62 * time.Minute, Alarm: "south/odd", State: "OK"},
		},
	})
	want := `scenario "wrong":
           | want                                               | got
  tells    | 00:13:00 north/old ALARM, tells oncall@example.com | 00:13:00 north/old ALARM, tells oncall@example.com https://example.com/page: 3 of 3 data points above 60: 61 at 00:12:00, 61 at 00:11:00, 61 at 00:10:00
  unwanted |                                                    | 00:21:00 north/old OK, tells oncall@example.com https://example.com/page: 2 of 3 data points above 60: 25.1473 at 00:20:00, 61 at 00:19:00, 61 at 00:18:00
  missing  | 00:22:00 to 00:23:00 north/old OK                  |
  tells    | 01:01:00 south/odd ALARM, tells nobody             | 01:01:00 south/odd ALARM, tells arn:aws:sns:eu-west-1:000000000000:team: 1 of 1 data points outside the band: 1 at 01:00:00
           | 01:02:00 south/odd OK                              | 01:02:00 south/odd OK, tells arn:aws:sns:eu-west-1:000000000000:team: 0 of 1 data points outside the band: 154.006 at 01:01:00
`
	if f.text != want {
		t.Errorf("got:\n%s\nwant:\n%s", f.text, want)
	}

	f = &failing{TB: t}
	f.run(cfg, Scenario{Name: "quiet", Series: open(cfg), Want: []Event{{At: 0, Alarm: "north/old", State: "ALARM"}}})
	if !strings.Contains(f.text, "missing | 00:00:00 north/old ALARM |") {
		t.Errorf("got:\n%s", f.text)
	}
}

func TestBadScenarios(t *testing.T) {
	cfg := config()
	bad := cfg
	bad.Region = "nowhere"
	for name, test := range map[string]struct {
		cfg    monitoring.Config
		series *Series
		want   []string
	}{
		"no series":           {cfg, nil, []string{`scenario "bad": Series: is nil`}},
		"invalid config":      {bad, Healthy(bad), []string{`Region: is "nowhere"`}},
		"unknown resource":    {cfg, open(cfg).Stop("west", Always()), []string{`no alarm looks at "" of "west"; there are "north" "Age", "north" "Beat"`}},
		"unknown metric":      {cfg, open(cfg).Set("north", "Speed", Constant(1), Always()), []string{`no alarm looks at "Speed" of "north"`}},
		"who knows":           {cfg, Healthy(cfg), []string{`nobody knows what is healthy for Shop Failed {Shop=north}: say so with Set("north", "Failed", …, Always())`, "Shop Sold {Shop=south}"}},
		"no band":             {cfg, Healthy(cfg).Set("north", "Age", Constant(30), Always()).Set("south", "Age", Constant(30), Always()).Set("north", "Failed", Constant(1), Always()).Set("south", "Failed", Constant(1), Always()).Set("north", "Sold", Constant(1), Always()).Set("south", "Sold", Constant(1), Always()).Set("north", "Beat", Constant(1), Always()).Set("south", "Beat", Constant(1), Always()).Set("north", "Visitors", Constant(1), Always()).Set("south", "Visitors", Constant(1), Always()), []string{`alarm "shop/north/odd"`, "give it in Bands"}},
		"band of another":     {cfg, open(cfg).Band("north/even", Constant(1), Constant(2)), []string{`Bands["shop/north/even"]: there is no alarm`}},
		"length":              {cfg, open(cfg).For(time.Second), []string{"For(1s): want whole minutes"}},
		"no samples":          {cfg, open(cfg).Samples("north", "Beat", 0, Always()), []string{`Samples("north", "Beat", 0): want 1 or more`}},
		"all of them at once": {cfg, open(cfg).For(-1).Stop("west", Always()), []string{"For(-1ns)", `"west"`}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &failing{TB: t}
			f.run(test.cfg, Scenario{Name: "bad", Series: test.series})
			for _, want := range test.want {
				if !strings.Contains(f.text, want) {
					t.Errorf("got:\n%s\nwant %q in it", f.text, want)
				}
			}
		})
	}
}

func TestGenerators(t *testing.T) {
	m := func(at, since, of time.Duration) Moment { return Moment{at, since, of} }
	for name, test := range map[string]struct {
		g    Generator
		at   Moment
		want float64
	}{
		"constant":        {Constant(3), m(0, 0, 0), 3},
		"ramp begins":     {Ramp(10, 20), m(0, 0, 10), 10},
		"ramp":            {Ramp(10, 20), m(0, 4, 10), 14},
		"ramp ends":       {Ramp(10, 20), m(0, 10, 10), 20},
		"ramp of no time": {Ramp(10, 20), m(0, 0, 0), 20},
		"spike begins":    {Spike(10, 20), m(0, 0, 10), 10},
		"spike peaks":     {Spike(10, 20), m(0, 5, 10), 20},
		"spike ends":      {Spike(10, 20), m(0, 10, 10), 10},
		"wave at 4":       {Wave(10, 20, 0, 1), m(4*time.Hour, 0, 0), 10},
		"wave at 10":      {Wave(10, 20, 0, 1), m(10*time.Hour, 0, 0), 15},
		"wave at 16":      {Wave(10, 20, 0, 1), m(16*time.Hour, 0, 0), 20},
	} {
		if got := test.g(test.at); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if !math.IsNaN(Gap()(Moment{})) {
		t.Error("a gap has a value")
	}
	noisy, other, seen := Wave(10, 20, 0.3, 1), Wave(10, 20, 0.3, 2), map[float64]bool{}
	differs := 0
	for i := range 1440 {
		at := m(time.Duration(i)*time.Minute, 0, 0)
		v := noisy(at)
		if v != Wave(10, 20, 0.3, 1)(at) || v < 10 || v > 20 {
			t.Fatalf("%v: got %v, want the same as before, in 10 to 20", at.At, v)
		}
		if v != other(at) {
			differs++
		}
		seen[v] = true
	}
	if differs < 1000 || len(seen) < 1000 {
		t.Errorf("%d values, %d differ from those of another seed: that is no noise", len(seen), differs)
	}
}

func TestReplay(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "data.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	g, err := Replay(file("2026-03-02T12:00:00Z,70\n2026-03-02T12:01:00Z,71.5\n2026-03-02T12:03:00Z, 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for i := range 5 {
		got = append(got, g(Moment{Since: time.Duration(i) * time.Minute}))
	}
	if want := "[70 71.5 NaN 9 NaN]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	cfg := config()
	g, _ = Replay(file("2026-03-02T12:00:00Z,70\n2026-03-02T12:01:00Z,70\n2026-03-02T12:02:00Z,70\n2026-03-02T12:03:00Z,30\n"))
	Run(t, cfg, Scenario{
		Name: "as it was", Series: open(cfg).For(time.Hour).Set("north", "Age", g, Between(10*time.Minute, 14*time.Minute)),
		Want: []Event{{At: 13 * time.Minute, Alarm: "north/old", State: "ALARM"}, {At: 14 * time.Minute, Alarm: "north/old", State: "OK"}},
	})

	for text, want := range map[string]string{
		"":                                 "is empty",
		"2026-03-02T12:00:00Z\n":           "row 1 has 1 columns",
		"noon,1\n2026-03-02T12:00:00Z,x\n": `row 1: is "noon"`,
		"2026-03-02T12:00:00Z,x\n":         `row 1: is "x", want a number`,
		"2026-03-02T12:01:00Z,1\n2026-03-02T12:00:00Z,1\n": "comes after",
		"2026-03-02T12:00:00Z,1\n2026-03-02T12:00:00Z,1\n": "is there twice",
		"2026-03-02T12:00:30Z,1\n":                         "is not the begin of a period of 1m0s",
		"2026-03-02T12:00:00Z,NaN\n":                       "is NaN",
		"\"2026":                                           "data.csv",
	} {
		if _, err := Replay(file(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := Replay(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

func TestMessages(t *testing.T) {
	events := []Event{{Tells: []string{"a", "b"}}, {Tells: Nobody}, {Tells: []string{"a"}}}
	if got := Messages(events); got["a"] != 2 || got["b"] != 1 || len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestMutate(t *testing.T) {
	cfg := config()
	cfg.Resources, cfg.Extra = []monitoring.Resource{shop{"north"}}, nil
	open := func() *Series {
		return Healthy(cfg).Set("north", "Age", Constant(30), Always()).Set("north", "Failed", Constant(1), Always()).Set("north", "Sold", Constant(100), Always()).
			Set("north", "Beat", Constant(1), Always()).Set("north", "Visitors", Constant(9), Always()).Band("north/odd", Constant(1), Constant(10))
	}
	unnoticed := func(scenarios ...Scenario) []string {
		mutants, err := Mutate(cfg, scenarios)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, m := range mutants {
			if m.NoticedBy == "" && m.Alarm == "north/old" {
				list = append(list, m.Field+" "+m.From+" "+m.To)
			}
		}
		return list
	}
	quiet := Scenario{Name: "quiet", Series: open()}
	all := []string{
		"Threshold 60 48", "Threshold 60 72", "Period 1m0s 2m0s", "EvaluationPeriods 3 2", "EvaluationPeriods 3 4",
		"TreatMissingData missing notBreaching", "TreatMissingData missing breaching", "TreatMissingData missing ignore",
	}
	if got := unnoticed(quiet); !slices.Equal(got, all) {
		t.Errorf("a healthy day notices nothing: got %q, want %q", got, all)
	}
	old := Scenario{
		Name: "old", Series: open().Set("north", "Age", Constant(65), Between(10*time.Minute, 20*time.Minute)),
		Want: []Event{{At: 13 * time.Minute, Alarm: "north/old", State: "ALARM"}, {At: 21 * time.Minute, Alarm: "north/old", State: "OK"}},
	}
	if got, want := unnoticed(quiet, old), slices.Concat(all[:1], all[5:]); !slices.Equal(got, want) {
		t.Errorf("65 for ten minutes: got %q, want %q", got, want)
	}
	old.Want = old.Want[:1]
	if _, err := Mutate(cfg, []Scenario{old, {Name: "none"}}); err == nil || !strings.Contains(err.Error(), `scenario "old" fails before anything is changed`) || !strings.Contains(err.Error(), `scenario "none": Series: is nil`) {
		t.Errorf("got %v", err)
	}
}

// TestMutateWithoutMissingData: what missing data counts as makes no difference where an
// expression fills it in.
func TestMutateWithoutMissingData(t *testing.T) {
	orders := cloudwatch.Metric{Namespace: "Shop", Name: "Orders", Stat: cloudwatch.Sum, Period: time.Minute, Unit: cloudwatch.Count}
	for expression, want := range map[string]int{"FILL(orders, 0)": 0, "FILL(orders, REPEAT)": 3, "10 * orders": 3} {
		alarm := monitoring.Alarm{
			ID: "many", Severity: monitoring.Critical, Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
			When: cloudwatch.Math{Expression: expression, Using: map[string]cloudwatch.Metric{"orders": orders}}.Above(1000), FirstStep: "Count.",
		}
		cfg := config()
		cfg.Resources, cfg.Extra = nil, []monitoring.Alarm{alarm}
		mutants, err := Mutate(cfg, []Scenario{{Name: "quiet", Series: Healthy(cfg).Set("", "Orders", Constant(1), Always())}})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, m := range mutants {
			if m.Field == "TreatMissingData" {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d changes of missing data, want %d", expression, got, want)
		}
	}
}

// TestHealthyIsNotWhatAlarmsAllow: a threshold among the values of a healthy day is
// reported, unless the scenario says itself what is healthy.
func TestHealthyIsNotWhatAlarmsAllow(t *testing.T) {
	cfg := config()
	cfg.Resources, cfg.Extra = []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"}}, nil
	cfg.Tune = map[string]monitoring.Tuning{"web/cpu-high": {Threshold: 15}}
	f := &failing{TB: t}
	f.run(cfg, Scenario{Name: "quiet", Series: Healthy(cfg)})
	const want = `scenario "quiet": web/cpu-high goes off at 15, and Average from 20 to 50 is healthy: change the threshold, or say what is healthy here with Set("web", "CPUUtilization", …, Always())`
	if f.text != want {
		t.Errorf("got %s\nwant %s", f.text, want)
	}
	Run(t, cfg, Scenario{Name: "small", Series: Healthy(cfg).Set("web", "CPUUtilization", Wave(2, 10, 0.1, 1), Always())})
}

// TestBeyond: the values of a period, as the statistic of the alarm makes them.
func TestBeyond(t *testing.T) {
	usual := normal{low: 2, high: 4, samples: 10}
	for _, test := range []struct {
		stat      string
		op        cloudwatch.Operator
		threshold float64
		want      string
	}{
		{"Average", cloudwatch.GreaterThan, 4, ""},
		{"Average", cloudwatch.GreaterThan, 3.9, "3.9, and Average from 2 to 4 is healthy"},
		{"Average", cloudwatch.GreaterThanOrEqual, 4, "4, and Average from 2 to 4 is healthy"},
		{"p90", cloudwatch.LessThan, 2, ""},
		{"p90", cloudwatch.LessThanOrEqual, 2, "2, and p90 from 2 to 4 is healthy"},
		{"Minimum", cloudwatch.LessThan, 2.1, "2.1, and Minimum from 2 to 4 is healthy"},
		{"Sum", cloudwatch.GreaterThan, 200, ""},
		{"Sum", cloudwatch.GreaterThan, 199, "199, and Sum from 100 to 200 is healthy"},
		{"SampleCount", cloudwatch.LessThan, 50, ""},
		{"SampleCount", cloudwatch.LessThan, 51, "51, and SampleCount from 50 to 50 is healthy"},
	} {
		alarm := cloudwatch.MetricAlarm{
			ComparisonOperator: test.op, Threshold: test.threshold,
			Queries: []cloudwatch.Query{{Metric: cloudwatch.Metric{Stat: test.stat, Period: 5 * time.Minute}}},
		}
		if got := usual.beyond(alarm); got != test.want {
			t.Errorf("%s %s %v: got %q, want %q", test.stat, test.op, test.threshold, got, test.want)
		}
	}
}

// TestMutateComposites: a rule is noticed by who goes off, a suppressor by who is told.
func TestMutateComposites(t *testing.T) {
	cfg := config()
	both := Scenario{
		Name: "both", Series: open(cfg).Set("north", "Age", Constant(61), Between(10*time.Minute, 30*time.Minute)).
			Set("south", "Age", Constant(61), Between(10*time.Minute, 30*time.Minute)),
		Want: []Event{
			{At: 13 * time.Minute, Alarm: "north/old", State: "ALARM"},
			{At: 31 * time.Minute, Alarm: "north/old", State: "OK"},
			{At: 13 * time.Minute, Alarm: "south/old", State: "ALARM"},
			{At: 31 * time.Minute, Alarm: "south/old", State: "OK"},
			{At: 13 * time.Minute, Alarm: "down", State: "ALARM"},
			{At: 31 * time.Minute, Alarm: "down", State: "OK"},
		},
	}
	noticed := func(scenario Scenario) []string {
		mutants, err := Mutate(cfg, []Scenario{scenario})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, m := range mutants {
			if m.Alarm == "down" && m.NoticedBy != "" {
				list = append(list, m.Field+" "+m.To)
			}
		}
		return list
	}
	opposite := `AlarmRule NOT (ALARM("shop/north/old") AND ALARM("shop/south/old"))`
	if got, want := noticed(both), []string{opposite}; !slices.Equal(got, want) {
		t.Errorf("both: got %q, want %q", got, want)
	}
	both.Want[4].Tells, both.Want[4].Delay = []string{team}, 2*time.Minute
	want := []string{opposite, "ActionsSuppressor none", "ActionsSuppressorWaitPeriod 4m0s", "ActionsSuppressorWaitPeriod 40s"}
	if got := noticed(both); !slices.Equal(got, want) {
		t.Errorf("both, told two minutes later: got %q, want %q", got, want)
	}
	one := Scenario{
		Name: "one", Series: open(cfg).Set("north", "Age", Constant(61), Between(10*time.Minute, 30*time.Minute)),
		Want: both.Want[:2],
	}
	if got, want := noticed(one), []string{opposite, `AlarmRule ALARM("shop/north/old") OR ALARM("shop/south/old")`}; !slices.Equal(got, want) {
		t.Errorf("one: got %q, want %q", got, want)
	}
}
