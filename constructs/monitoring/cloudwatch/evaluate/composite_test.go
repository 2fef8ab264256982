package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

func TestRule(t *testing.T) {
	states := map[string]cloudwatch.State{"a": cloudwatch.InAlarm, "b": cloudwatch.OK, "c": cloudwatch.InsufficientData, "d (x)": cloudwatch.InAlarm, `e "y"`: cloudwatch.InAlarm}
	state := func(name string) cloudwatch.State { return states[name] }
	for text, want := range map[string]bool{
		"TRUE": true, "FALSE": false, "NOT FALSE": true, "NOT NOT TRUE": true,
		"ALARM(a)": true, "ALARM(b)": false, "OK(b)": true, "INSUFFICIENT_DATA(c)": true, `ALARM("d (x)")`: true, "ALARM( a )": true,
		"ALARM(a) AND ALARM(b)": false, "ALARM(a) OR ALARM(b)": true, "ALARM(a) AND NOT ALARM(b)": true,
		"(ALARM(a) OR ALARM(b)) AND OK(c)": false, "(ALARM(a)OR ALARM(b))AND OK(b)": true,
		"TRUE OR TRUE AND FALSE": true, "NOT TRUE OR TRUE": true, "FALSE AND TRUE OR TRUE": true, "NOT (TRUE OR TRUE)": false,
		"ALARM(a) AND\n\tALARM(\"a\")": true,
		"AT_LEAST(1, ALARM, (a))":      true, "AT_LEAST(2, ALARM, (a, b, c))": false, `AT_LEAST(2, ALARM, (a, b, "d (x)"))`: true,
		"AT_LEAST(2, NOT OK, (a, b, c))": true, "AT_LEAST(1, INSUFFICIENT_DATA, (a, c))": true, "AT_LEAST(3, NOT INSUFFICIENT_DATA, (a, b, c))": false,
		"AT_LEAST(33%, ALARM, (a, b, c))": true, "AT_LEAST(34%, ALARM, (a, b, c))": false, "AT_LEAST(100%, NOT OK, (a, c))": true,
		"AT_LEAST( 50 % ,NOT  OK,( a ,b ) ) AND OK(b)": true, "NOT AT_LEAST(1,OK,(a,c))": true, `ALARM("e \"y\"")`: true,
	} {
		r, err := ParseRule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := r.True(state); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
	r, err := ParseRule(`ALARM(b) OR OK(arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a) AND ALARM("b") OR AT_LEAST(1, OK, (b, c))`)
	if want := []string{"b", "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a", "c"}; err != nil || !slices.Equal(r.Alarms, want) {
		t.Errorf("alarms: got %q, %v, want %q", r.Alarms, err, want)
	}
}

func TestBadRules(t *testing.T) {
	many := func(n int, f func(i int) string) string {
		var parts []string
		for i := range n {
			parts = append(parts, f(i))
		}
		return strings.Join(parts, " OR ")
	}
	for text, want := range map[string]string{
		"":                            "at 1: is the end, want ALARM, OK, ",
		"ALARM":                       `at 6: is the end, want "("`,
		"ALARM(a":                     `at 8: is the end, want ")"`,
		"ALARM()":                     "want the name of an alarm",
		`ALARM("a)`:                   "has no closing quotation mark",
		`ALARM("a" b)`:                `at 7: the name "a" goes on`,
		"ALARM(a(b)":                  "has to be in quotation marks",
		"ALARM(a b)":                  "has to be in quotation marks",
		"ALARM(a, b)":                 `is ",", want ")"`,
		`ALARM("a\")`:                 "has no closing quotation mark",
		"alarm(a)":                    `at 1: is "alarm", want ALARM, OK, `,
		"AT_LEAST 1":                  `at 10: is "1", want "("`,
		"AT_LEAST(ALARM, 1, (a))":     `at 10: is "ALARM", want a whole number, or one with %`,
		"AT_LEAST(-1, ALARM, (a))":    `at 10: is "-", want a whole number`,
		"AT_LEAST(33.3%, OK, (a))":    `at 12: is ".", want ","`,
		"AT_LEAST(9e9, OK, (a))":      `is "e", want ","`,
		"AT_LEAST(1, ALARM)":          `at 18: is ")", want ","`,
		"AT_LEAST(1, (a))":            `at 13: is "(", want ALARM, OK or INSUFFICIENT_DATA`,
		"AT_LEAST(1, NOT, (a))":       `at 16: is ",", want ALARM, OK or INSUFFICIENT_DATA`,
		"AT_LEAST(1, FINE, (a))":      `at 13: is "FINE", want ALARM, OK or INSUFFICIENT_DATA`,
		"AT_LEAST(1, ALARM, a)":       `at 20: is "a", want "("`,
		"AT_LEAST(1, ALARM, ())":      "want the name of an alarm",
		"AT_LEAST(1, ALARM, (a,))":    "want the name of an alarm",
		"AT_LEAST(1, ALARM, (a b))":   "has to be in quotation marks",
		"AT_LEAST(1, ALARM, (a, b)":   `is the end, want ")"`,
		"AT_LEAST(1, ALARM, (a, a))":  `AT_LEAST names "a" twice`,
		"AT_LEAST(0, ALARM, (a, b))":  "at 10: AT_LEAST has 0, want 1 to 2",
		"AT_LEAST(3, ALARM, (a, b))":  "at 10: AT_LEAST has 3, want 1 to 2",
		"AT_LEAST(0%, ALARM, (a, b))": "AT_LEAST has 0%, want 1% to 100%",
		"AT_LEAST(101%, OK, (a, b))":  "AT_LEAST has 101%, want 1% to 100%",
		"ALARM(a) ALARM(b)":           "at 10: is \"ALARM\", want AND, OR or the end",
		"ALARM(a) AND":                "at 13: is the end",
		"ALARM(a) XOR OK(b)":          `is "XOR"`,
		"(ALARM(a)":                   `want ")"`,
		"ALARM(a))":                   `is ")"`,
		"NOT":                         "is the end",
		"é":                           `is "é"`,
		strings.Repeat("(", 1000):     "nested more than 200 deep",
		strings.Repeat("NOT ", 1000):  "nested more than 200 deep",
		strings.Repeat(" ", 10241):    "has 10241 characters, want at most 10240",
		many(101, func(i int) string { return fmt.Sprintf("OK(a%d)", i) }): "watches 101 alarms, want at most 100",
		many(501, func(int) string { return "TRUE" }):                      "has 501 elements, want at most 500",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, seed := range []string{`ALARM("a") AND NOT (OK(b) OR TRUE)`, `AT_LEAST(50%, NOT OK, (a, "b\""))`, "INSUFFICIENT_DATA(x", "NOT", "((("} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		r, err := ParseRule(text)
		if err == nil {
			r.True(func(string) cloudwatch.State { return cloudwatch.OK })
		}
	})
}

// switches makes alarms that are in ALARM in the minutes that have an X: the state
// changes at the end of the minute.
func switches(patterns map[string]string) Input {
	in := Input{Data: Data{}, Start: map[string]cloudwatch.State{}, From: noon, To: noon.Add(time.Hour)}
	for _, name := range sortedKeys(patterns) {
		a := high(1)
		a.Name, a.Queries[0].Metric.Name, a.TreatMissingData = name, name, cloudwatch.NotBreaching
		var values []float64
		for _, word := range strings.Fields(patterns[name]) {
			values = append(values, map[string]float64{"X": 90, "0": 50}[word])
		}
		in.To = noon.Add(time.Duration(len(values)) * minute)
		in.Alarms = append(in.Alarms, a)
		in.Data.Add(a.Queries[0].Metric, minutes(values...))
		in.Start[name] = cloudwatch.OK
	}
	return in
}

func withComposite(in Input, c cloudwatch.CompositeAlarm) Input {
	c.Actions = cloudwatch.Actions{Alarm: []string{"pager"}, OK: []string{"mail"}}
	in.Composites = append(in.Composites, c)
	in.Start[c.Name] = cloudwatch.OK
	return in
}

// acts are the notifications as "12:05 ALARM".
func acts(t *testing.T, in Input) []string {
	t.Helper()
	var lines []string
	for _, n := range history(t, in).Notifications {
		lines = append(lines, n.At.Format("15:04:05")+" "+string(n.State))
	}
	return lines
}

func TestComposite(t *testing.T) {
	in := withComposite(switches(map[string]string{
		"a": "0 X X 0 0 X",
		"b": "0 0 X X 0 0",
	}), cloudwatch.CompositeAlarm{Name: "any", AlarmRule: `ALARM("a") OR ALARM(arn:aws:cloudwatch:eu-west-1:000000000000:alarm:b)`})
	in.Composites = append(in.Composites, cloudwatch.CompositeAlarm{Name: "all", AlarmRule: "AT_LEAST(75%, ALARM, (a, b))"})
	in.Start["all"] = cloudwatch.OK
	same(t, timeline(t, in), []string{
		"12:02 a ALARM", "12:02 any ALARM",
		"12:03 b ALARM", "12:03 all ALARM",
		"12:04 a OK", "12:04 all OK",
		"12:05 b OK", "12:05 any OK",
		"12:06 a ALARM", "12:06 any ALARM",
	})
	same(t, acts(t, in), []string{"12:02:00 ALARM", "12:05:00 OK", "12:06:00 ALARM"})
	if got, want := history(t, in).Of("any")[1].Reason, "the rule is false: a is OK, b is OK"; got != want {
		t.Errorf("reason: got %q, want %q", got, want)
	}
}

// A new composite alarm is evaluated at once, and after the alarms that it watches,
// whatever the names.
func TestCompositeOfComposites(t *testing.T) {
	in := switches(map[string]string{"m": "0 X 0"})
	in.Composites = []cloudwatch.CompositeAlarm{
		{Name: "a", AlarmRule: "ALARM(b) AND NOT OK(z)"}, {Name: "b", AlarmRule: "ALARM(z)"}, {Name: "z", AlarmRule: "ALARM(m)"},
	}
	same(t, timeline(t, in), []string{
		"12:00 z OK", "12:00 b OK", "12:00 a OK",
		"12:02 m ALARM", "12:02 z ALARM", "12:02 b ALARM", "12:02 a ALARM",
		"12:03 m OK", "12:03 z OK", "12:03 b OK", "12:03 a OK",
	})
}

func TestSuppression(t *testing.T) {
	tests := map[string]struct {
		alarm, suppressor string
		wait, extension   time.Duration
		changes, acts     []string
	}{
		"nothing suppresses": {
			"0 X X X X 0 0 0", "0 0 0 0 0 0 0 0", 2 * minute, 2 * minute,
			[]string{"12:02 main ALARM (WaitPeriod)", "12:06 main OK (WaitPeriod)"},
			[]string{"12:04:00 ALARM", "12:08:00 OK"},
		},
		"the suppressor comes before the wait is over": {
			"0 X X X X X 0 0", "0 0 X X X X 0 0", 2 * minute, 2 * minute,
			[]string{"12:02 main ALARM (WaitPeriod)", "12:07 main OK (ExtensionPeriod)"},
			nil,
		},
		"the suppressor was there before": {
			"0 0 X X 0 0 0 0", "0 X X X X X 0 0", 2 * minute, 2 * minute,
			[]string{"12:03 main ALARM (Alarm)", "12:05 main OK (Alarm)"},
			nil,
		},
		"the alarm is over before the wait": {
			"0 X 0 0 0 0", "0 0 0 0 0 0", 2 * minute, 2 * minute,
			[]string{"12:02 main ALARM (WaitPeriod)", "12:03 main OK (WaitPeriod)"},
			nil,
		},
		"a second alarm waits anew": {
			"0 X 0 X X X X", "0 0 0 0 0 0 0", 2 * minute, 0,
			[]string{"12:02 main ALARM (WaitPeriod)", "12:03 main OK (WaitPeriod)", "12:04 main ALARM (WaitPeriod)"},
			[]string{"12:06:00 ALARM"},
		},
		"the alarm outlasts the suppressor and its extension": {
			"0 X X X X X X X X", "X X X X 0 0 0 0 0", 2 * minute, 3 * minute,
			[]string{"12:02 main ALARM (Alarm)"},
			[]string{"12:08:00 ALARM"},
		},
		"the alarm ends in the extension": {
			"0 X X X X X 0 0 0", "X X X X 0 0 0 0 0", 2 * minute, 3 * minute,
			[]string{"12:02 main ALARM (Alarm)", "12:07 main OK (ExtensionPeriod)"},
			nil,
		},
		"the suppressor comes back in the extension": {
			"0 X X X X X X X X", "X X X 0 X X X X X", 0, 3 * minute,
			[]string{"12:02 main ALARM (Alarm)"},
			nil,
		},
		"periods of zero": {
			"0 X X X X 0 0", "X X 0 0 0 0 0", 0, 0,
			[]string{"12:02 main ALARM (Alarm)", "12:06 main OK"},
			[]string{"12:03:00 ALARM", "12:06:00 OK"},
		},
		"the end of the alarm is suppressed and told later": {
			"0 X X 0 0 0 0 0", "0 0 X X X 0 0 0", 0, minute,
			[]string{"12:02 main ALARM", "12:04 main OK (Alarm)"},
			[]string{"12:02:00 ALARM", "12:07:00 OK"},
		},
		"a wait that ends between two evaluations": {
			"0 X X X", "0 0 0 0", 90 * time.Second, 0,
			[]string{"12:02 main ALARM (WaitPeriod)"},
			[]string{"12:03:30 ALARM"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := withComposite(switches(map[string]string{"a": test.alarm, "s": test.suppressor}), cloudwatch.CompositeAlarm{
				Name: "main", AlarmRule: "ALARM(a)", ActionsSuppressor: "s",
				ActionsSuppressorWaitPeriod: test.wait, ActionsSuppressorExtensionPeriod: test.extension,
			})
			var main []string
			for _, line := range timeline(t, in) {
				if strings.Contains(line, " main ") {
					main = append(main, line)
				}
			}
			same(t, main, test.changes)
			same(t, acts(t, in), test.acts)
		})
	}
}

func TestBadComposites(t *testing.T) {
	tests := map[string]struct {
		change func(*cloudwatch.CompositeAlarm)
		want   string
	}{
		"rule":               {func(c *cloudwatch.CompositeAlarm) { c.AlarmRule = "ALARM(" }, `alarm "main": AlarmRule: at 7`},
		"unknown alarm":      {func(c *cloudwatch.CompositeAlarm) { c.AlarmRule = "ALARM(x)" }, `AlarmRule: there is no alarm "x"`},
		"itself":             {func(c *cloudwatch.CompositeAlarm) { c.AlarmRule = "ALARM(main)" }, `alarms ["main"]: watch each other in a circle`},
		"circle":             {func(c *cloudwatch.CompositeAlarm) { c.AlarmRule = "ALARM(other)" }, `alarms ["main" "other"]: watch each other in a circle`},
		"unknown suppressor": {func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressor = "x" }, `ActionsSuppressor: there is no alarm "x"`},
		"own suppressor":     {func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressor = "main" }, "ActionsSuppressor: is the alarm itself"},
		"no suppressor":      {func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressorWaitPeriod = minute }, "want none without ActionsSuppressor"},
		"negative wait":      {func(c *cloudwatch.CompositeAlarm) { c.ActionsSuppressor, c.ActionsSuppressorWaitPeriod = "a", -1 }, "want 0 or more"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := switches(map[string]string{"a": "0 X"})
			in.Composites = []cloudwatch.CompositeAlarm{{Name: "main", AlarmRule: "ALARM(a)"}, {Name: "other", AlarmRule: "ALARM(main)"}}
			test.change(&in.Composites[0])
			wantError(t, in, test.want)
		})
	}
}

// naiveActs are the notifications of a composite alarm, "12:05:00 ALARM", minute by
// minute and looking back over everything each time.
func naiveActs(minutes int, state, suppressor func(minute int) bool, wait, extension int) []string {
	var acts []string
	told := false
	for now := range minutes + 1 {
		changed, left := -1, -1 // when the state changed last, and when the suppressor left ALARM
		heldSince := false      // the suppressor held actions back after the change
		for m := 1; m <= now; m++ {
			if suppressor(m-1) && !suppressor(m) {
				left = m
			}
			if state(m) != state(m-1) {
				changed, heldSince = m, suppressor(m) || left >= 0 && m < left+extension
			}
			heldSince = heldSince || suppressor(m)
		}
		switch {
		case state(now) == told, suppressor(now), left >= 0 && now < left+extension:
		case !heldSince && now < changed+wait:
		default:
			told = state(now)
			acts = append(acts, fmt.Sprintf("%s %s", noon.Add(time.Duration(now)*minute).Format("15:04:05"), map[bool]string{true: "ALARM", false: "OK"}[told]))
		}
	}
	return acts
}

func TestSuppressionAgreesWithANaiveImplementation(t *testing.T) {
	total := 0
	for seed := range uint64(cases) {
		r := rand.New(rand.NewPCG(seed, 7))
		patterns := map[string][]bool{}
		text := map[string]string{}
		for _, name := range []string{"a", "s"} {
			on := false
			for range 60 {
				if r.IntN(5) == 0 {
					on = !on
				}
				patterns[name] = append(patterns[name], on)
				text[name] += map[bool]string{true: " X", false: " 0"}[on]
			}
		}
		wait, extension := r.IntN(5), r.IntN(5)
		in := withComposite(switches(text), cloudwatch.CompositeAlarm{
			Name: "main", AlarmRule: "ALARM(a)", ActionsSuppressor: "s",
			ActionsSuppressorWaitPeriod: time.Duration(wait) * minute, ActionsSuppressorExtensionPeriod: time.Duration(extension) * minute,
		})
		at := func(name string) func(int) bool { // a minute's value is the state at its end
			return func(m int) bool { return m > 0 && patterns[name][m-1] }
		}
		want := naiveActs(60, at("a"), at("s"), wait, extension)
		if got := acts(t, in); !slices.Equal(got, want) {
			t.Fatalf("seed %d, wait %d, extension %d:\na%s\ns%s\ngot  %q\nwant %q", seed, wait, extension, text["a"], text["s"], got, want)
		}
		total += len(want)
	}
	if total < 2*cases {
		t.Errorf("%d notifications: the inputs do not try much", total)
	}
}

// TestGiven watches an alarm whose changes somebody else knows.
func TestGiven(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return from.Add(time.Duration(minute) * time.Minute) }
	in := Input{
		Composites: []cloudwatch.CompositeAlarm{{Name: "down", AlarmRule: "ALARM(far)", Actions: cloudwatch.Actions{Alarm: []string{"page"}}}},
		Start:      map[string]cloudwatch.State{"far": cloudwatch.OK, "down": cloudwatch.OK},
		Given: map[string][]Change{"far": {
			{At: at(0), Alarm: "far", From: cloudwatch.OK, To: cloudwatch.InAlarm}, {At: at(7), Alarm: "far", From: cloudwatch.InAlarm, To: cloudwatch.OK},
		}},
		From: from, To: at(60),
	}
	history, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	down := history.Of("down")
	if len(down) != 2 || down[0].To != cloudwatch.InAlarm || !down[0].At.Equal(at(0)) || !down[1].At.Equal(at(7)) || len(history.Of("far")) != 2 || len(history.Notifications) != 1 {
		t.Errorf("%+v", history)
	}
	in.Given["far"][1].At = at(-1)
	in.Given["far"][0].Alarm = "other"
	in.Given["down"] = nil
	_, err = Run(in)
	for _, want := range []string{`alarm "down": there are two of that name`, `Given["far"][0]: is "other"`, `Given["far"][1]: is "far" to "OK" at 2026-03-01 23:59:00, want a change of the alarm to a state, at 2026-03-02 00:00:00 or later`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
