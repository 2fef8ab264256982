package cloudwatch

import (
	"math"
	"testing"
	"time"
)

// metric is a metric with a unit, for tests that care about nothing else.
func metric(unit Unit, stat string, period time.Duration) Metric {
	return Metric{
		Namespace: "App", Name: "Metric", Stat: stat, Period: period, Unit: unit,
		Dimensions: []Dimension{{"Service", "web"}},
	}
}

func TestWords(t *testing.T) {
	const minute, five = time.Minute, 5 * time.Minute
	rate := Math{
		Expression: "100 * errors / requests", Unit: Percent,
		Using: map[string]Metric{"errors": metric(Count, Sum, minute), "requests": metric(Count, Sum, minute)},
	}
	total := Math{Expression: "a + b", Unit: Count, Using: map[string]Metric{"a": metric(Count, Sum, five), "b": metric(Count, Sum, five)}}
	token := math.Float64frombits(0xfdff<<48 + 1)
	of := func(n int) Window { return Window{EvaluationPeriods: n} }
	tests := []struct {
		when       Condition
		window     Window
		minSamples int
		want       string
	}{
		{metric(Percent, Average, minute).Above(80), of(5), 0, "> 80 % for 5 minutes"},
		{metric(Percent, Average, minute).Above(82.5), of(1), 0, "> 82.5 % for 1 minute"},
		{metric(Percent, Average, five).Below(70), of(2), 0, "< 70 % for 10 minutes"},
		{metric(Percent, Average, minute).Above(80), Window{5, 3}, 0, "> 80 % in 3 of 5 periods of 1 minute"},
		{metric(Percent, Average, minute).Above(80), Window{5, 5}, 0, "> 80 % for 5 minutes"},
		{metric(Bytes, Minimum, five).Below(10 * GiB), of(1), 0, "< 10 GiB for 5 minutes"},
		{metric(Bytes, Minimum, five).Below(1000), of(1), 0, "< 1000 bytes for 5 minutes"},
		{metric(Bytes, Minimum, five).Below(1 << 20), of(1), 0, "< 1 MiB for 5 minutes"},
		{metric(BytesPerSecond, Average, five).Above(5 << 20), of(1), 0, "> 5 MiB per second for 5 minutes"},
		// A sum over several periods is not a sum over the time they make up.
		{metric(Count, Sum, five).Above(10), of(1), 0, "> 10 in 5 minutes"},
		{metric(Count, Sum, five).Above(10), of(3), 0, "> 10 in each of 3 periods of 5 minutes"},
		{metric(Count, Sum, five).Above(10), Window{3, 2}, 0, "> 10 in 2 of 3 periods of 5 minutes"},
		{metric(Percent, SampleCount, five).Below(3), of(3), 0, "< 3 in each of 3 periods of 5 minutes"},
		{total.Above(10), of(3), 0, "> 10 in each of 3 periods of 5 minutes"},
		{rate.AtLeast(5), of(3), 0, ">= 5 % for 3 minutes"},
		{rate.Above(5), of(3), 100, "> 5 % for 3 minutes, with at least 100 samples"},
		{metric(Seconds, "p95", minute).AtLeast(0.5), of(3), 0, ">= 0.5 s for 3 minutes"},
		{metric(Milliseconds, "p99", minute).Above(500), of(3), 20, "> 500 ms for 3 minutes, with at least 20 samples"},
		{metric(None, Average, 10*time.Second).AtMost(1), of(3), 0, "<= 1 for 30 seconds"},
		{metric("", Average, time.Hour).Above(1), of(3), 0, "> 1 for 3 hours"},
		{metric("", Average, 24*time.Hour).Above(1), of(7), 0, "> 1 for 7 days"},
		{metric(CountPerSecond, Average, minute).Above(100), of(1), 0, "> 100 per second for 1 minute"},
		{metric(None, Average, minute).Above(token), of(1), 0, "> the threshold for 1 minute"},
		{Anomaly{metric(Count, Sum, five), OutsideBand, 2}, of(2), 0, "outside the band of 2 standard deviations in each of 2 periods of 5 minutes"},
		{Anomaly{metric(Seconds, Average, five), AboveBand, 3}, of(2), 0, "above the band of 3 standard deviations for 10 minutes"},
		{Heartbeat{metric(Count, Sum, five)}, of(3), 0, "no data for 15 minutes"},
		{Composite{Rule: AnyOf("alb/5xx-high", "web/no-tasks")}, Window{}, 0, "alb/5xx-high or web/no-tasks"},
		{
			Composite{Rule: All{AnyOf("a/x", "a/y"), Not{Any{Is{"b/z", OK}, Is{"b/y", InsufficientData}}}, Not{AllOf("c/x")}}},
			Window{},
			0, "(a/x or a/y) and not (b/z in OK or b/y in INSUFFICIENT_DATA) and not c/x",
		},
	}
	for _, tt := range tests {
		if got := Words(tt.when, tt.window, tt.minSamples); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.when, got, tt.want)
		}
	}
}

// TestWordsOfAnAlarm checks that an alarm that CloudWatch describes is put into the
// words of the condition that it was made of, as far as CloudWatch knows it.
func TestWordsOfAnAlarm(t *testing.T) {
	cpu := metric(Percent, Average, time.Minute)
	rate := Math{Expression: "100 * e / r", Using: map[string]Metric{"e": cpu, "r": cpu}, Samples: "r", Unit: Percent}
	five := Window{EvaluationPeriods: 5}
	tests := []struct {
		alarm Alarm
		want  string
	}{
		{Alarm{When: cpu.Above(80), Window: five}, "> 80 % for 5 minutes"},
		{Alarm{When: cpu.Above(80), Window: Window{5, 3}}, "> 80 % in 3 of 5 periods of 1 minute"},
		{Alarm{When: Heartbeat{cpu}, Window: five}, "no data for 5 minutes"},
		{Alarm{When: rate.Above(5), Window: five}, "100 * e / r > 5 % for 5 minutes"},
		{Alarm{When: cpu.Above(80), Window: five, MinSamples: 3}, "IF(samples >= 3, value) > 80 % for 5 minutes"},
		{Alarm{When: Anomaly{cpu, AboveBand, 2}, Window: five}, "above the expected band for 5 minutes"},
	}
	for _, tt := range tests {
		if got := tt.alarm.Metric().Words(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.alarm, got, tt.want)
		}
	}
	if got := (MetricAlarm{}).Words(); got != "" {
		t.Errorf("an alarm on nothing is %q", got)
	}
	if got := sign("New"); got != "New" {
		t.Errorf("an operator that is not known is %q", got)
	}
}
