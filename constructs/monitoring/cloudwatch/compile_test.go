package cloudwatch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMetricAlarm(t *testing.T) {
	latency := metric(Seconds, "p99", time.Minute)
	errors, requests := metric(Count, Sum, time.Minute), metric(Count, Sum, time.Minute)
	rate := Math{Expression: "100 * e / r", Using: map[string]Metric{"r": requests, "e": errors}, Samples: "r", Unit: Percent, Label: "rate"}
	window := Window{EvaluationPeriods: 5, DatapointsToAlarm: 3}
	tests := []struct {
		name  string
		alarm Alarm
		want  MetricAlarm
	}{
		{
			"threshold",
			Alarm{When: latency.Above(0.5), Window: window, Missing: NotBreaching},
			MetricAlarm{
				Queries:   []Query{{Metric: latency, ReturnData: true}},
				Threshold: 0.5, ComparisonOperator: GreaterThan, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: NotBreaching,
			},
		},
		{
			"all of the periods",
			Alarm{When: latency.AtMost(0), Window: Window{2, 2}, Missing: Missing},
			MetricAlarm{
				Queries: []Query{{Metric: latency, ReturnData: true}}, ComparisonOperator: LessThanOrEqual,
				EvaluationPeriods: 2, TreatMissingData: Missing,
			},
		},
		{
			"minimum of samples",
			Alarm{When: latency.Above(0.5), Window: window, Missing: NotBreaching, MinSamples: 20},
			MetricAlarm{
				Queries: []Query{
					{ID: "value", Metric: latency},
					{ID: "samples", Metric: latency.WithStat(SampleCount)},
					{ID: "result", Expression: "IF(samples >= 20, value)", Label: "Metric", Unit: Seconds, ReturnData: true},
				},
				Threshold: 0.5, ComparisonOperator: GreaterThan, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: NotBreaching,
			},
		},
		{
			"math",
			Alarm{When: rate.Above(5), Window: window, Missing: Ignore},
			MetricAlarm{
				Queries: []Query{
					{ID: "e", Metric: errors},
					{ID: "r", Metric: requests},
					{ID: "result", Expression: "100 * e / r", Label: "rate", Unit: Percent, ReturnData: true},
				},
				Threshold: 5, ComparisonOperator: GreaterThan, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: Ignore,
			},
		},
		{
			"math with a minimum",
			Alarm{When: rate.Above(5), Window: window, Missing: Ignore, MinSamples: 100},
			MetricAlarm{
				Queries: []Query{
					{ID: "e", Metric: errors},
					{ID: "r", Metric: requests},
					{ID: "result", Expression: "IF(r >= 100, 100 * e / r)", Label: "rate", Unit: Percent, ReturnData: true},
				},
				Threshold: 5, ComparisonOperator: GreaterThan, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: Ignore,
			},
		},
		{
			"anomaly",
			Alarm{When: Anomaly{errors, AboveBand, 2.5}, Window: window, Missing: Missing},
			MetricAlarm{
				Queries: []Query{
					{ID: "value", Metric: errors, ReturnData: true},
					{ID: "band", Expression: "ANOMALY_DETECTION_BAND(value, 2.5)", Label: "Metric (expected)", ReturnData: true},
				},
				ThresholdMetricID: "band", ComparisonOperator: AboveBand, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: Missing,
			},
		},
		{
			"heartbeat",
			Alarm{When: Heartbeat{latency}, Window: Window{EvaluationPeriods: 3}},
			MetricAlarm{
				Queries:   []Query{{Metric: latency.WithStat(SampleCount), ReturnData: true}},
				Threshold: 1, ComparisonOperator: LessThan, EvaluationPeriods: 3, TreatMissingData: Breaching,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.alarm.Validate(); err != nil {
				t.Fatal(err)
			}
			got := tt.alarm.Metric()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("alarm (-want +got):\n%s", diff)
			}
			if judged, ok := got.Judged(); !ok || judged.ID == "band" {
				t.Errorf("the query that is judged is %+v", judged)
			}
			if got.Period() != time.Minute {
				t.Errorf("the period is %s", got.Period())
			}
			if simple := len(tt.want.Queries) == 1; got.IsSimple() != simple {
				t.Errorf("the alarm is simple: %v, want %v", got.IsSimple(), simple)
			}
		})
	}
}

func TestCompositeAlarm(t *testing.T) {
	name := func(key string) string { return "app/" + key }
	tests := []struct {
		when Composite
		want CompositeAlarm
	}{
		{Composite{Rule: AnyOf("a/x")}, CompositeAlarm{AlarmRule: `ALARM("app/a/x")`}},
		{Composite{Rule: AllOf("a/x", "b/y")}, CompositeAlarm{AlarmRule: `ALARM("app/a/x") AND ALARM("app/b/y")`}},
		{
			Composite{Rule: Any{AllOf("a/x", "b/y"), Is{"c/z", InsufficientData}}},
			CompositeAlarm{AlarmRule: `(ALARM("app/a/x") AND ALARM("app/b/y")) OR INSUFFICIENT_DATA("app/c/z")`},
		},
		{
			Composite{Rule: All{AnyOf("a/x", "b/y"), Not{Is{"d/z", InAlarm}}, Not{AnyOf("e/z", "f/z")}, Is{"g/z", OK}}, Suppressor: "h/z"},
			CompositeAlarm{
				AlarmRule:         `(ALARM("app/a/x") OR ALARM("app/b/y")) AND NOT ALARM("app/d/z") AND NOT (ALARM("app/e/z") OR ALARM("app/f/z")) AND OK("app/g/z")`,
				ActionsSuppressor: "app/h/z", ActionsSuppressorWaitPeriod: time.Minute, ActionsSuppressorExtensionPeriod: time.Minute,
			},
		},
		{
			Composite{Rule: AnyOf("a/x"), Suppressor: "b/y", Wait: 2 * time.Minute, Extension: 3 * time.Minute},
			CompositeAlarm{
				AlarmRule: `ALARM("app/a/x")`, ActionsSuppressor: "app/b/y",
				ActionsSuppressorWaitPeriod: 2 * time.Minute, ActionsSuppressorExtensionPeriod: 3 * time.Minute,
			},
		},
	}
	for _, tt := range tests {
		alarm := Alarm{When: tt.when}
		if err := alarm.Validate(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(tt.want, alarm.Composite(name)); diff != "" {
			t.Errorf("alarm (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"a/x", "b/y", "h/z"}, Composite{Rule: All{AnyOf("a/x", "b/y"), Not{Is{"a/x", OK}}}, Suppressor: "h/z"}.Alarms()); diff != "" {
		t.Errorf("alarms of a rule (-want +got):\n%s", diff)
	}
}
