package cloudwatch_test

import (
	"fmt"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

var (
	latency = cloudwatch.Metric{
		Namespace: "Shop", Name: "Latency", Stat: "p99", Period: time.Minute, Unit: cloudwatch.Milliseconds,
		Dimensions: []cloudwatch.Dimension{{Name: "Service", Value: "checkout"}},
	}
	failures = cloudwatch.Metric{Namespace: "Shop", Name: "Failures", Stat: cloudwatch.Sum, Period: 5 * time.Minute, Unit: cloudwatch.Count}
	requests = cloudwatch.Metric{Namespace: "Shop", Name: "Requests", Stat: cloudwatch.Sum, Period: 5 * time.Minute, Unit: cloudwatch.Count}
)

func ExampleThreshold() {
	slow := cloudwatch.Alarm{
		When:       latency.Above(500),
		Window:     cloudwatch.Window{EvaluationPeriods: 5, DatapointsToAlarm: 3},
		Missing:    cloudwatch.NotBreaching,
		MinSamples: 20, // one slow request at night is no reason to wake up
	}
	fmt.Println(slow.Words())
	fmt.Println(slow.Validate())
	// Output:
	// > 500 ms in 3 of 5 periods of 1 minute, with at least 20 samples
	// <nil>
}

func ExampleMath() {
	rate := cloudwatch.Math{
		Expression: "100 * failures / requests",
		Using:      map[string]cloudwatch.Metric{"failures": failures, "requests": requests},
		Samples:    "requests",
		Unit:       cloudwatch.Percent,
	}
	alarm := cloudwatch.Alarm{
		When: rate.Above(5), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching, MinSamples: 100,
	}
	judged, _ := alarm.Metric().Judged()
	fmt.Println(alarm.Words())
	fmt.Println(judged.Expression)
	// Output:
	// > 5 % for 5 minutes, with at least 100 samples
	// IF(requests >= 100, 100 * failures / requests)
}

func ExampleAnomaly() {
	fmt.Println(cloudwatch.Alarm{
		When:   cloudwatch.Anomaly{Of: requests, Op: cloudwatch.BelowBand, Band: 3},
		Window: cloudwatch.Window{EvaluationPeriods: 2},
	}.Words())
	// Output: below the band of 3 standard deviations in each of 2 periods of 5 minutes
}

func ExampleHeartbeat() {
	alarm := cloudwatch.Alarm{When: cloudwatch.Heartbeat{Of: requests}, Window: cloudwatch.Window{EvaluationPeriods: 3}}
	fmt.Println(alarm.Words())
	fmt.Println(alarm.Metric().TreatMissingData)
	// Output:
	// no data for 15 minutes
	// breaching
}

func ExampleComposite() {
	down := cloudwatch.Alarm{When: cloudwatch.Composite{
		Rule: cloudwatch.All{
			cloudwatch.AnyOf("alb/5xx-high", "web/no-tasks"),
			cloudwatch.Not{Rule: cloudwatch.Is{Alarm: "db/failover", State: cloudwatch.InAlarm}},
		},
		Suppressor: "deployment/running",
	}}
	fmt.Println(down.Words())
	fmt.Println(down.Composite(func(key string) string { return "shop/" + key }).AlarmRule)
	// Output:
	// (alb/5xx-high or web/no-tasks) and not db/failover
	// (ALARM("shop/alb/5xx-high") OR ALARM("shop/web/no-tasks")) AND NOT ALARM("shop/db/failover")
}

func ExampleMetricFilter() {
	errors := cloudwatch.MetricFilter{
		LogGroup: "/shop/web", Pattern: `{ $.level = "error" }`,
		Namespace: "Shop", MetricName: "Errors", Default: "0", Unit: cloudwatch.Count,
	}
	fmt.Println(errors.Metric(cloudwatch.Sum, time.Minute))
	// Output: Shop Errors, Sum
}
