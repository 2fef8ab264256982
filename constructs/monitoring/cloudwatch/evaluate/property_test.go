package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// cases is how many random inputs a property is tried with.
const cases = 200

// randomInput is an alarm on random data: good, breaching and missing in runs, so
// that states change.
func randomInput(r *rand.Rand) Input {
	a := high(1 + r.IntN(6))
	a.DatapointsToAlarm = 1 + r.IntN(a.EvaluationPeriods)
	a.TreatMissingData = []cloudwatch.MissingData{cloudwatch.Missing, cloudwatch.Ignore, cloudwatch.Breaching, cloudwatch.NotBreaching}[r.IntN(4)]
	a.ComparisonOperator = []cloudwatch.Operator{cloudwatch.GreaterThan, cloudwatch.GreaterThanOrEqual}[r.IntN(2)]
	stat := []string{"Average", "Sum", "Maximum", "Minimum", "SampleCount", "p90", "tm90"}[r.IntN(7)]
	a.Queries[0].Metric = metric(stat, []time.Duration{minute, 2 * minute, 5 * minute}[r.IntN(3)])
	a.Threshold = map[string]float64{"Sum": 120, "SampleCount": 2}[stat]
	if a.Threshold == 0 {
		a.Threshold = 80
	}
	if a.Period() != 2*minute && r.IntN(4) == 0 {
		a.WallClock = "UTC"
	}
	s := Series{Start: noon, Period: minute}
	value := 50.0
	for range 120 {
		if r.IntN(4) == 0 {
			value = []float64{nan, 20, 50, 80, 81, 95}[r.IntN(6)]
		}
		s.Values = append(s.Values, value)
	}
	if r.IntN(3) == 0 {
		s.Delay = time.Duration(r.IntN(400)) * time.Second
	}
	if r.IntN(3) == 0 {
		s.Late = map[int]time.Duration{}
		for range 20 {
			s.Late[r.IntN(120)] = time.Duration(r.IntN(1000)) * time.Second
		}
	}
	return Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(s), From: noon.Add(-3 * minute), To: noon.Add(140 * minute),
		Start: map[string]cloudwatch.State{"high": states[r.IntN(3)]}, ExtraPeriods: 1 + r.IntN(4),
	}
}

// states of the alarm at each minute.
func statesByMinute(t *testing.T, in Input) []cloudwatch.State {
	t.Helper()
	h := history(t, in)
	changes := h.Changes
	state := in.start("high")
	var all []cloudwatch.State
	for at := in.From; !at.After(in.To); at = at.Add(minute) {
		for ; len(changes) > 0 && !changes[0].At.After(at); changes = changes[1:] {
			state = changes[0].To
		}
		all = append(all, state)
	}
	return all
}

// naive evaluates one alarm minute by minute, straight from the rules, without
// anything that makes the evaluator fast.
func naive(in Input) []cloudwatch.State {
	a, s := in.Alarms[0], in.Data[ID(metric("", 0))][0]
	period := a.Queries[0].Metric.Period
	state := in.start("high")
	var all []cloudwatch.State
	for now := in.From; !now.After(in.To); now = now.Add(minute) {
		newest := now
		if a.WallClock != "" {
			newest = now.Truncate(period)
		}
		var found []bool // the data points that exist, newest first: does it breach?
		var ages []int
		for age := range a.EvaluationPeriods + in.ExtraPeriods {
			var samples []float64
			end := newest.Add(-time.Duration(age) * period)
			for i, v := range s.Values {
				begin := s.Start.Add(time.Duration(i) * s.Period)
				delay := s.Delay
				if d, ok := s.Late[i]; ok {
					delay = d
				}
				if !begin.Before(end.Add(-period)) && begin.Before(end) && !math.IsNaN(v) && !begin.Add(s.Period+delay).After(now) {
					samples = append(samples, v)
				}
			}
			if len(samples) > 0 {
				v := naiveStatistic(a.Queries[0].Metric.Stat, samples)
				found = append(found, v > a.Threshold || v == a.Threshold && a.ComparisonOperator == cloudwatch.GreaterThanOrEqual)
				ages = append(ages, age+1)
			}
		}
		state = naiveState(a, found, ages, state)
		all = append(all, state)
	}
	return all
}

func naiveStatistic(stat string, samples []float64) float64 {
	slices.Sort(samples)
	n := len(samples)
	total := func(v []float64) (sum float64) {
		for _, x := range v {
			sum += x
		}
		return sum
	}
	keep := (9*n + 9) / 10 // 90 % of them, rounded up
	switch stat {
	case "Average":
		return total(samples) / float64(n)
	case "Sum":
		return total(samples)
	case "Maximum":
		return samples[n-1]
	case "Minimum":
		return samples[0]
	case "SampleCount":
		return float64(n)
	case "p90":
		return samples[keep-1]
	default: // tm90
		return total(samples[:keep]) / float64(keep)
	}
}

func naiveState(a cloudwatch.MetricAlarm, found []bool, ages []int, state cloudwatch.State) cloudwatch.State {
	n, m := a.EvaluationPeriods, a.DatapointsToAlarm
	count := func(points []bool) (breaching int) {
		for _, b := range points {
			if b {
				breaching++
			}
		}
		return breaching
	}
	alarmIf := func(breaching int) cloudwatch.State {
		if breaching >= m {
			return cloudwatch.InAlarm
		}
		return cloudwatch.OK
	}
	if len(found) >= n {
		return alarmIf(count(found[:n]))
	}
	switch b := count(found); a.TreatMissingData {
	case cloudwatch.Breaching:
		return alarmIf(b + n - len(found))
	case cloudwatch.NotBreaching:
		return alarmIf(b)
	case cloudwatch.Ignore:
		if b < m && b == len(found) {
			return state
		}
		return alarmIf(b)
	default:
		switch {
		case len(found) == 0:
			return cloudwatch.InsufficientData
		case b == len(found) && ages[b-1] >= m:
			return cloudwatch.InAlarm
		}
		return alarmIf(b)
	}
}

func TestAgreesWithANaiveImplementation(t *testing.T) {
	changes := 0
	for seed := range uint64(cases) {
		in := randomInput(rand.New(rand.NewPCG(seed, 1)))
		got, want := statesByMinute(t, in), naive(in)
		if !slices.Equal(got, want) {
			i := 0
			for got[i] == want[i] {
				i++
			}
			t.Fatalf("seed %d, at minute %d: got %s, want %s\n%+v", seed, i-3, got[i], want[i], in)
		}
		for i := 1; i < len(want); i++ {
			if want[i] != want[i-1] {
				changes++
			}
		}
	}
	if changes < 5*cases {
		t.Errorf("%d changes of state in %d inputs: the inputs do not try much", changes, cases)
	}
}

// Where data becomes breaching, an alarm that was in ALARM still is.
func TestMoreBreachingDataNeverEndsAnAlarm(t *testing.T) {
	inAlarm := 0
	for seed := range uint64(cases) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := randomInput(r)
		in.Alarms[0].Queries[0].Metric.Stat = "Maximum" // more data and higher data breach more
		in.Alarms[0].Threshold = 80
		before := statesByMinute(t, in)
		s := &in.Data[ID(metric("", 0))][0]
		s.Values = slices.Clone(s.Values)
		for range 10 {
			s.Values[r.IntN(len(s.Values))] = 99
		}
		after := statesByMinute(t, in)
		for i := range before {
			if before[i] != cloudwatch.InAlarm {
				continue
			}
			inAlarm++
			if after[i] != cloudwatch.InAlarm {
				t.Fatalf("seed %d, at minute %d: %s with more breaching data, was ALARM", seed, i-3, after[i])
			}
		}
	}
	if inAlarm < cases {
		t.Errorf("%d minutes in ALARM: the inputs do not try much", inAlarm)
	}
}

// The clock does not matter: what happens ten minutes later has the same history,
// ten minutes later.
func TestShiftShiftsTheHistory(t *testing.T) {
	const shift = 10 * time.Minute // whole periods of all
	for seed := range uint64(cases) {
		in := randomInput(rand.New(rand.NewPCG(seed, 3)))
		before := history(t, in).Changes
		s := &in.Data[ID(metric("", 0))][0]
		s.Start, in.From, in.To = s.Start.Add(shift), in.From.Add(shift), in.To.Add(shift)
		after := history(t, in).Changes
		if len(before) != len(after) {
			t.Fatalf("seed %d: %d changes, want %d", seed, len(after), len(before))
		}
		for i := range after {
			if !after[i].At.Equal(before[i].At.Add(shift)) || after[i].To != before[i].To {
				t.Fatalf("seed %d: got %v, want %v later", seed, after[i], before[i])
			}
		}
	}
}

// A history is the same in one piece and in two, when the second begins where the
// first one ended.
func TestHistoryContinues(t *testing.T) {
	for seed := range uint64(cases) {
		r := rand.New(rand.NewPCG(seed, 4))
		in := randomInput(r)
		whole := history(t, in)
		first, second := in, in
		first.To = noon.Add(time.Duration(r.IntN(120)) * minute)
		second.From = first.To.Add(minute)
		begin := history(t, first)
		second.Start = begin.End
		end := history(t, second)
		if got := append(begin.Changes, end.Changes...); !slices.Equal(got, whole.Changes) {
			t.Fatalf("seed %d: got\n%v\nwant\n%v", seed, got, whole.Changes)
		}
	}
}

// A math alarm on the metric itself is the alarm on the metric.
func TestMathOfOneMetricIsTheMetric(t *testing.T) {
	for seed := range uint64(cases) {
		in := randomInput(rand.New(rand.NewPCG(seed, 5)))
		plain := history(t, in)
		m := in.Alarms[0].Queries[0].Metric
		in.Alarms[0].Queries = []cloudwatch.Query{{ID: "m1", Metric: m}, {ID: "e1", Expression: "2 * m1 - m1", ReturnData: true}}
		if math := history(t, in); !slices.Equal(math.Changes, plain.Changes) {
			t.Fatalf("seed %d: got\n%v\nwant\n%v", seed, math.Changes, plain.Changes)
		}
	}
}

// usual are alarms of the usual kinds on days of minutes.
func usual(alarms, days int) Input {
	in := Input{Data: Data{}, From: noon, To: noon.AddDate(0, 0, days), Start: map[string]cloudwatch.State{}}
	r := rand.New(rand.NewPCG(1, 6))
	for i := range alarms {
		a := high(5)
		a.Name = fmt.Sprint("alarm", i)
		m := metric("Average", minute)
		m.Name = a.Name
		a.Queries = []cloudwatch.Query{{Metric: m}}
		switch i % 4 {
		case 1:
			a.Queries[0].Metric.Period, a.Queries[0].Metric.Stat = 5*minute, "Maximum"
			a.EvaluationPeriods = 2
		case 2:
			a.DatapointsToAlarm = 3
			a.TreatMissingData = cloudwatch.Breaching
		case 3:
			a.Queries = []cloudwatch.Query{{ID: "m1", Metric: m}, {ID: "e1", Expression: "IF(m1 > 20, 100 * m1 / (m1 + 5), 0)", ReturnData: true}}
			a.Threshold = 94
		}
		values := make([]float64, days*24*60)
		for k := range values {
			values[k] = 55 + 20*math.Sin(float64(k+i*10)/1440*2*math.Pi) + 3*r.NormFloat64()
			if r.IntN(500) == 0 {
				values[k] = nan
			}
		}
		in.Alarms = append(in.Alarms, a)
		in.Data.Add(m, minutes(values...))
	}
	return in
}

// 30 days of 100 alarms have to take less than a second on one core.
func BenchmarkMonth(b *testing.B) {
	in := usual(100, 30)
	b.ReportAllocs()
	changes := 0
	for b.Loop() {
		h, err := Run(in)
		if err != nil {
			b.Fatal(err)
		}
		changes = len(h.Changes)
	}
	b.ReportMetric(float64(changes), "changes")
}

// Ten times as many data points take at most ten times as much memory.
func TestMemoryIsLinear(t *testing.T) {
	allocated := func(days int) uint64 {
		in := usual(4, days)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Run(in); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(1) // what is allocated once
	if few, many := allocated(2), allocated(20); many > 11*few {
		t.Errorf("%d bytes for two days, %d for twenty: %.1f times as many", few, many, float64(many)/float64(few))
	}
}

// An evaluation allocates nothing: what a longer range allocates more is the
// history and the data points, not what each evaluation does.
func TestNoAllocationPerDataPoint(t *testing.T) {
	for name, change := range map[string]func(in *Input){
		"as usual": func(*Input) {},
		"delayed data": func(in *Input) {
			for id := range in.Data {
				in.Data[id][0].Delay = 90 * time.Second
			}
		},
		"percentiles": func(in *Input) {
			for i := range in.Alarms {
				for k := range in.Alarms[i].Queries {
					in.Alarms[i].Queries[k].Metric.Stat = "p90"
				}
			}
			in.Alarms[0].EvaluateLowSampleCountPercentile = "ignore"
		},
		"percentiles of delayed samples": func(in *Input) {
			for id, all := range in.Data {
				s := Series{Start: all[0].Start, Period: minute, Delay: 90 * time.Second}
				for _, v := range all[0].Values {
					var samples []float64
					if !math.IsNaN(v) {
						samples = []float64{v, v + 1, v + 2}
					}
					s.Samples = append(s.Samples, samples)
				}
				in.Data[id] = []Series{s}
			}
			for i := range in.Alarms {
				for k := range in.Alarms[i].Queries {
					in.Alarms[i].Queries[k].Metric.Stat = "tm90"
				}
			}
		},
		"composites": func(in *Input) {
			in.Composites = []cloudwatch.CompositeAlarm{
				{Name: "any", AlarmRule: `ALARM("alarm0") OR ALARM("alarm1")`},
				{Name: "both", AlarmRule: `ALARM("any") AND NOT ALARM("alarm2")`, ActionsSuppressor: "alarm3", ActionsSuppressorWaitPeriod: minute, ActionsSuppressorExtensionPeriod: minute},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := usual(4, 10)
			change(&in)
			for i := range in.Alarms {
				in.Alarms[i].Threshold = 1000 // no changes
			}
			allocations := func(days int) float64 {
				in.To = in.From.AddDate(0, 0, days)
				least := math.Inf(1) // what goes on beside it is counted, too
				for range 5 {
					least = min(least, testing.AllocsPerRun(1, func() {
						if _, err := Run(in); err != nil {
							t.Fatal(err)
						}
					}))
				}
				return least
			}
			if day, ten := allocations(1), allocations(10); ten > day+4 {
				t.Errorf("%v allocations for a day, %v for ten: one for each alarm at most", day, ten)
			}
		})
	}
}
