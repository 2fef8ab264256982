package evaluate

import (
	"math"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// value is a statistic of one series over its first five minutes.
func value(t *testing.T, stat string, s Series) float64 {
	t.Helper()
	parsed, err := parseStatistic(stat)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.gives(parsed, 5*minute, false); err != nil {
		t.Fatal(err)
	}
	if err := s.validate(); err != nil {
		t.Fatal(err)
	}
	g := grid{first: noon.Add(5 * minute).UnixNano(), unit: minute, stride: 1, steps: 1, count: 1, perPeriod: 5}
	w := newWindow(&s, parsed, 5*minute, g, false)
	w.look(0)
	return w.points[0]
}

func TestStatisticsOfSamples(t *testing.T) {
	// 1 to 10, spread over five minutes of which one has no data.
	s := Series{Start: noon, Period: minute, Samples: [][]float64{{10, 1}, {2, 9, 3}, nil, {8, 4, 7}, {5, 6}}}
	for stat, want := range map[string]float64{
		"SampleCount": 10, "Sum": 55, "Average": 5.5, "Minimum": 1, "Maximum": 10,
		"p0": 1, "p10": 1, "p50": 5, "p90": 9, "p99": 10, "p91": 10, "p100": 10,
		"tm90": 5, "TM(:90%)": 5, "TM(10%:90%)": 5.5, "TM(10%:)": 6, "TM(3:6)": 5, "TM(:3)": 2, "TM(8:)": 9.5,
		"tc90": 9, "TC(10%:90%)": 8, "TC(3:6)": 3, "TC(100:)": 0,
		"ts90": 45, "TS(80%:)": 19, "TS(3:6)": 15,
		"wm90": 5.4, "WM(10%:90%)": 5.5, "WM(3:6)": (3*3 + 4 + 5 + 6 + 4*6) / 10.0,
		"PR(:3)": 30, "PR(3:6)": 30, "PR(6:)": 40,
		"IQM": 5.5, // 3 to 8: of 10 samples, 2 below 25 % and 2 above 75 %
	} {
		if got := value(t, stat, s); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", stat, got, want)
		}
	}
	// 2.2 % of 1500 are 33, also in binary, and so are 2.3 % of 3000 69.
	for percentage, count := range map[float64]float64{2.2: 1500, 2.3: 3000} {
		exact := math.Round(percentage * count / 100)
		if got := rank(percentage, count); got != exact {
			t.Errorf("%v %% of %v: got %v samples, want %v", percentage, count, got, exact)
		}
		if got, _ := (statistic{cloudwatch.Statistic{Low: percentage, High: math.Inf(1)}}).ranks(count); got != exact {
			t.Errorf("%v %% of %v: got %v samples below, want %v", percentage, count, got, exact)
		}
	}
	if got := value(t, "TM(100:)", s); !math.IsNaN(got) {
		t.Errorf("a mean of no samples: got %v, want none", got)
	}
	empty := Series{Start: noon, Period: minute, Samples: make([][]float64, 5)}
	for _, stat := range []string{"SampleCount", "Sum", "p50", "TC(1:2)"} {
		if got := value(t, stat, empty); !math.IsNaN(got) {
			t.Errorf("%s of no samples: got %v, want none", stat, got)
		}
	}
}

func TestStatisticsOfStatisticSets(t *testing.T) {
	s := Series{Start: noon, Period: minute, Sets: []StatisticSet{
		{SampleCount: 2, Sum: 30, Minimum: 10, Maximum: 20}, {}, {SampleCount: 3, Sum: 12, Minimum: 4, Maximum: 4},
	}}
	for stat, want := range map[string]float64{"SampleCount": 5, "Sum": 42, "Average": 8.4, "Minimum": 4, "Maximum": 20} {
		if got := value(t, stat, s); got != want {
			t.Errorf("%s: got %v, want %v", stat, got, want)
		}
	}
	same := Series{Start: noon, Period: minute, Sets: []StatisticSet{
		{SampleCount: 9, Sum: 9, Minimum: 1, Maximum: 1}, {SampleCount: 1, Sum: 7, Minimum: 7, Maximum: 7},
	}}
	for stat, want := range map[string]float64{"p90": 1, "p91": 7, "tm90": 1, "tc90": 9, "PR(5:)": 10} {
		if got := value(t, stat, same); got != want {
			t.Errorf("%s: got %v, want %v", stat, got, want)
		}
	}
}

func TestStatisticsOfValues(t *testing.T) {
	samples := Series{Start: noon, Period: minute, Values: []float64{1, nan, 5, 3, 2}}
	for stat, want := range map[string]float64{"SampleCount": 4, "Sum": 11, "Average": 2.75, "p50": 2} {
		if got := value(t, stat, samples); got != want {
			t.Errorf("%s of samples: got %v, want %v", stat, got, want)
		}
	}
	for stat, want := range map[string]float64{"SampleCount": 11, "Sum": 11, "Minimum": 1, "Maximum": 5} {
		s := samples
		s.Stat = stat
		if got := value(t, stat, s); got != want {
			t.Errorf("values of %s: got %v, want %v", stat, got, want)
		}
		s.Values = []float64{nan, nan, nan, nan, nan}
		if got := value(t, stat, s); !math.IsNaN(got) {
			t.Errorf("no values of %s: got %v, want none", stat, got)
		}
	}
	averages := Series{Start: noon, Period: minute, Stat: "Average", Values: []float64{1, nan, 5}, Counts: []float64{3, 0, 1}}
	if got := value(t, "Average", averages); got != 2 {
		t.Errorf("averages: got %v, want 2", got)
	}
}

func TestStatisticsThatCannotBeComputed(t *testing.T) {
	five := Series{Start: noon, Period: 5 * minute, Stat: "p99", Values: []float64{1}}
	for name, test := range map[string]struct {
		stat string
		in   Series
		want string
	}{
		"percentile of sets":       {"p99", Series{Start: noon, Period: minute, Sets: []StatisticSet{{}, {SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2}}}, "the statistic set at 2026-03-02 12:01:00 has different samples, of which CloudWatch computes no p99"},
		"trimmed mean of sets":     {"TM(10%:90%)", Series{Start: noon, Period: minute, Sets: []StatisticSet{{SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2}}}, "computes no TM(10%:90%)"},
		"negative set":             {"p99", Series{Start: noon, Period: minute, Sets: []StatisticSet{{SampleCount: 1, Sum: -1, Minimum: -1, Maximum: -1}}}, "a sample at 2026-03-02 12:00:00 is negative"},
		"negative sample":          {"p99", Series{Start: noon, Period: minute, Samples: [][]float64{{1}, {2, -1}}}, "a sample at 2026-03-02 12:01:00 is negative"},
		"negative value":           {"p99", minutes(1, -1), "a sample at 2026-03-02 12:01:00 is negative"},
		"other statistic":          {"Average", five, "the series has p99"},
		"percentiles to add up":    {"p99", Series{Start: noon, Period: minute, Stat: "p99", Values: []float64{1}}, "p99 over 1m0s, which does not add up"},
		"averages to add up":       {"Average", Series{Start: noon, Period: minute, Stat: "Average", Values: []float64{1}}, "Average over 1m0s, which does not add up"},
		"periods that do not fit":  {"Sum", Series{Start: noon, Period: 2 * minute, Values: []float64{1}}, "periods of 2m0s, want a part of 5m0s"},
		"periods that are too big": {"Sum", Series{Start: noon, Period: 10 * minute, Values: []float64{1}}, "periods of 10m0s, want a part of 5m0s"},
	} {
		a := high(1)
		a.Queries[0].Metric = metric(test.stat, 5*minute)
		t.Run(name, func(t *testing.T) {
			wantError(t, Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(test.in)}, test.want)
		})
	}
}

func TestFinestSeriesIsUsed(t *testing.T) {
	a := high(1)
	a.Queries[0].Metric = metric("Sum", 5*minute)
	coarse := Series{Start: noon, Period: 5 * minute, Stat: "Sum", Values: []float64{90}}
	fine := Series{Start: noon, Period: minute, Stat: "Sum", Values: []float64{90}}
	same(t, timeline(t, Input{
		Alarms: []cloudwatch.MetricAlarm{a}, Data: dataOf(five(), coarse, fine), To: noon.Add(2 * minute),
	}), []string{"12:01 high ALARM"})
}

func five() Series {
	return Series{Start: noon, Period: 5 * minute, Stat: "p99", Values: []float64{1}}
}

func TestBadStatistics(t *testing.T) {
	for _, stat := range []string{
		"", "average", "Mean", "P99", "p", "p101", "p1.12345678901", "p-1", "p099", "TM99", "tm", "TM(101%:)", "TM()", "TM(:)", "TM(1)", "TM(1:2%)", "TM(90%:10%)",
		"TM(:101%)", "TM(%:5%)", "PR(1%:2%)", "PR(5)", "pr5", "TM(1..2:3)", "XX(1:2)", "IQM5",
	} {
		if s, err := parseStatistic(stat); err == nil || !strings.Contains(err.Error(), "want a statistic: Average, ") {
			t.Errorf("%q: got %+v, %v, want an error", stat, s, err)
		}
	}
}
