package main

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// site calls the shop as a customer does.
var site = monitoring.Canary{Key: "site", Name: "shop-site", URL: "https://shop.example.com/", Every: 5 * time.Minute}

// operations is what is watched, and who is told. It is plain Go, so that tests need
// neither Node nor AWS.
func operations(orders, failedOrders, logGroup string) monitoring.Config {
	const period = 5 * time.Minute

	// Metrics that the shop publishes by itself.
	checkout := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "Shop", Name: name, Stat: stat, Period: period, Unit: unit,
			Dimensions: []cloudwatch.Dimension{{Name: "Service", Value: "checkout"}},
		}
	}
	latency := checkout("Latency", "p99", cloudwatch.Milliseconds)
	errorRate := cloudwatch.Math{
		Expression: "100 * errors / requests",
		Using: map[string]cloudwatch.Metric{
			"errors":   checkout("Errors", cloudwatch.Sum, cloudwatch.Count),
			"requests": checkout("Requests", cloudwatch.Sum, cloudwatch.Count),
		},
		Samples: "requests",
		Unit:    cloudwatch.Percent,
		Label:   "error rate",
	}
	deploying := checkout("Deploying", cloudwatch.Maximum, cloudwatch.Count).WithPeriod(time.Minute)

	// A metric made of lines in a log.
	declined := monitoring.LogFilter{ID: "payments-declined", MetricFilter: cloudwatch.MetricFilter{
		LogGroup: logGroup, Pattern: `{ $.event = "payment" && $.status = "declined" }`,
		Namespace: "Shop", MetricName: "PaymentsDeclined", Default: "0", Unit: cloudwatch.Count,
	}}
	payments := declined.Metric(cloudwatch.Sum, period)

	once, twice := cloudwatch.Window{EvaluationPeriods: 1}, cloudwatch.Window{EvaluationPeriods: 2}
	return monitoring.Config{
		Name:   "shop",
		Region: region,
		Notify: map[monitoring.Severity][]monitoring.Target{
			page:               {monitoring.Email("oncall@example.com"), monitoring.HTTPS("https://events.example.com/integration")},
			monitoring.Warning: {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{
			Queue{Key: "orders", Name: orders, DeadLetters: failedOrders, MaxAge: 10 * time.Minute, MaxDepth: 1000},
			site,
		},
		// A kind knows no severities of ours.
		Tune:    map[string]monitoring.Tuning{"site/failing": {Severity: page}},
		Filters: []monitoring.LogFilter{declined},
		Extra: []monitoring.Alarm{
			{
				Resource: "checkout", ID: "latency-high", Severity: monitoring.Warning,
				When: latency.Above(2000), Window: twice, Missing: cloudwatch.NotBreaching, MinSamples: 20,
				FirstStep: "Compare with the last deployment, then with the load of the database.", Section: "checkout-latency-high",
			},
			{
				Resource: "checkout", ID: "error-rate-high", Severity: monitoring.Warning,
				When: errorRate.Above(5), Window: twice, Missing: cloudwatch.NotBreaching, MinSamples: 50,
				FirstStep: "Roll back when it began with a deployment.", Section: "checkout-error-rate-high",
			},
			{
				Resource: "checkout", ID: "silent", Severity: monitoring.Warning,
				When:   cloudwatch.Heartbeat{Of: checkout("Requests", cloudwatch.Sum, cloudwatch.Count)},
				Window: twice, FirstStep: "Open the shop in a browser.", Section: "checkout-silent",
			},
			{
				Resource: "checkout", ID: "deploying", Severity: monitoring.Warning,
				When: deploying.Above(0), Window: once, Missing: cloudwatch.NotBreaching,
				FirstStep: "Nothing: it says that a deployment runs.", Section: "checkout-deploying",
			},
			{
				Resource: "payments", ID: "declined", Severity: monitoring.Warning,
				When: payments.Above(25), Window: once, Missing: cloudwatch.NotBreaching,
				FirstStep: "Look at the status page of the payment provider.", Section: "payments-declined",
			},
			{
				// One message instead of several, and none while a deployment runs.
				ID: "shop-down", Severity: page,
				When: cloudwatch.Composite{
					Rule:       cloudwatch.AnyOf("checkout/error-rate-high", "checkout/silent"),
					Suppressor: "checkout/deploying", Wait: time.Minute, Extension: 5 * time.Minute,
				},
				FirstStep: "Say so on the status page, then open the alarms that this one is made of.", Section: "shop-down",
			},
		},
		Panels: []monitoring.Panel{{
			ID: "checkout", Title: "Checkout: error rate and latency",
			Lines: []monitoring.Line{
				{Of: errorRate},
				{Of: latency, Label: "p99", Right: true},
				{Of: latency.WithStat("p50"), Label: "p50", Right: true},
			},
		}},
		Layout:     []string{"checkout"},
		RunbookURL: "https://wiki.example.com/shop/runbook",
		Tags:       map[string]string{"Team": "shop"},
	}
}
