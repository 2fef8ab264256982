package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// ALB is an application load balancer and its target groups. Metrics: user guide of
// application load balancers, "CloudWatch metrics".
type ALB struct {
	// Key is the load balancer's stable name: "alb".
	Key string
	// ARNSuffix is the end of its ARN, as CloudWatch wants it: "app/<name>/<id>".
	ARNSuffix string
	// TargetGroups are the ARN suffixes of its target groups
	// ("targetgroup/<name>/<id>"), each under a stable name: the alarms of
	// "backend" in "alb" have the resource key "alb-backend". Default: none.
	TargetGroups map[string]string
}

// ResourceKey implements [Resource].
func (b ALB) ResourceKey() string { return b.Key }

// Validate implements [Resource].
func (b ALB) Validate() error {
	var p Problems
	shape.LoadBalancerSuffix.Check(&p, "ARNSuffix", b.ARNSuffix)
	for _, key := range slices.Sorted(maps.Keys(b.TargetGroups)) {
		field := fmt.Sprintf("TargetGroups[%q]", key)
		if !IsPart(key) {
			p.Want(field, key, "a key of a-z 0-9 -")
		}
		shape.TargetGroupSuffix.Check(&p, field, b.TargetGroups[key])
	}
	return p.Err()
}

// Watch implements [Resource].
func (b ALB) Watch() Watch {
	errors := b.sum("HTTPCode_Target_5XX_Count")
	latency := b.metric("TargetResponseTime", cloudwatch.Average, time.Minute, cloudwatch.Seconds)
	watch := Watch{Alarms: append([]Alarm{{
		ID: "5xx-high", Severity: Critical,
		When: errors.Above(10), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
		FirstStep: "Read the backend's error logs, and roll back when they start with a deployment.",
		Section:   "alb-5xx-high",
	}}, b.recommended()...)}
	failures := Panel{
		ID: "alb-5xx", Title: "ALB: HTTP 5xx and unhealthy targets", Width: 6,
		Lines: []Line{
			{Of: errors, Label: "5xx"},
			{Of: b.sum("HTTPCode_ELB_5XX_Count"), Label: "5xx of the load balancer"},
		},
	}
	for _, key := range slices.Sorted(maps.Keys(b.TargetGroups)) {
		part := b.Key + "-" + key
		unhealthy := b.ofGroup(b.metric("UnHealthyHostCount", cloudwatch.Maximum, time.Minute, cloudwatch.Count), key)
		watch.Alarms = append(watch.Alarms, Alarm{
			Resource: part, ID: "unhealthy-targets", Severity: Critical,
			When: unhealthy.Above(0), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
			FirstStep: "Read why the target fails its health check, then the last log lines of its task.",
			Section:   "alb-unhealthy-targets",
		})
		// A target group without targets has no number of unhealthy ones.
		healthy := unhealthy
		healthy.Name = "HealthyHostCount"
		watch.Alarms = append(watch.Alarms, Alarm{
			Resource: part, ID: "no-healthy-targets", Severity: Critical, Profile: Recommended,
			When: healthy.Below(1), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Breaching,
			FirstStep: "Customers get errors: look why no task passes its health check, and roll back a deployment that just ended.",
			Section:   "alb-no-healthy-targets",
		})
		failures.Lines = append(failures.Lines, Line{Resource: part, Of: unhealthy, Label: "unhealthy", Right: true})
	}
	watch.Panels = []Panel{
		{
			ID: "alb-response-time", Title: "ALB: response time",
			Lines: []Line{
				{Of: latency, Label: "average"},
				{Of: latency.WithStat("p95"), Label: "p95"},
				{Of: latency.WithStat("p99"), Label: "p99"},
			},
		},
		{
			ID: "alb-status-codes", Title: "ALB: HTTP 2xx and 4xx", Width: 6,
			Lines: []Line{
				{Of: b.sum("HTTPCode_Target_2XX_Count"), Label: "2xx"},
				{Of: b.sum("HTTPCode_Target_4XX_Count"), Label: "4xx", Right: true},
			},
		},
		failures,
	}
	panel := func(id, title string) Panel {
		return Panel{ID: "alb-" + id, Title: "ALB: " + title, Profile: Recommended, Width: 8}
	}
	watch.Panels = slices.Concat(watch.Panels,
		Graph(panel("5xx-rate", "share of requests that fail"), watch.Alarms, "5xx-rate-high", "elb-5xx-rate-high"),
		Graph(panel("connections", "connections that fail"), watch.Alarms, "connections-rejected", "target-connection-errors", "client-tls-errors", "target-tls-errors"),
		Graph(panel("healthy", "healthy targets"), watch.Alarms, "no-healthy-targets"),
	)
	return watch
}

// recommended are the alarms of the load balancer beyond the essential one. AWS
// recommends none: these are what its user guide says to watch.
func (b ALB) recommended() []Alarm {
	const minute = time.Minute
	requests := b.sum("RequestCount").WithPeriod(minute)
	// Three of five minutes: a rate of single minutes is noise when traffic is low.
	threeOfFive := cloudwatch.Window{EvaluationPeriods: 5, DatapointsToAlarm: 3}
	once := cloudwatch.Window{EvaluationPeriods: 1}
	return []Alarm{
		{
			ID: "5xx-rate-high", Severity: Critical, Profile: Recommended,
			When: cloudwatch.Math{
				Expression: "100 * FILL(errors, 0) / requests", Label: "5xx of the targets", Unit: cloudwatch.Percent, Samples: "requests",
				Using: map[string]cloudwatch.Metric{"errors": b.sum("HTTPCode_Target_5XX_Count").WithPeriod(minute), "requests": requests},
			}.Above(5),
			MinSamples: 20, Window: threeOfFive, Missing: cloudwatch.NotBreaching,
			FirstStep: "Read the backend's error logs, and roll back when they start with a deployment.",
			Section:   "alb-5xx-rate-high",
		},
		{
			// RequestCount lacks requests that no target was found for, so that the samples are
			// the errors themselves: with 20 there are 20 requests at least.
			ID: "elb-5xx-rate-high", Severity: Critical, Profile: Recommended,
			When: cloudwatch.Math{
				Expression: "100 * errors / (errors + FILL(requests, 0))", Label: "5xx of the load balancer", Unit: cloudwatch.Percent, Samples: "errors",
				Using: map[string]cloudwatch.Metric{"errors": b.sum("HTTPCode_ELB_5XX_Count").WithPeriod(minute), "requests": requests},
			}.Above(5),
			MinSamples: 20, Window: threeOfFive, Missing: cloudwatch.NotBreaching,
			FirstStep: "Count the statuses: 502 and 504 are tasks that break or are too slow, 503 is a target group without tasks.",
			Section:   "alb-5xx-rate-high",
		},
		{
			ID: "response-time-high", Severity: Warning, Profile: Recommended,
			When:       b.metric("TargetResponseTime", "p99", minute, cloudwatch.Seconds).Above(2),
			MinSamples: 20, Window: threeOfFive, Missing: cloudwatch.NotBreaching,
			FirstStep: "Look at the CPU of the services and at what the database is doing.",
			Section:   "alb-response-time-high",
		},
		{
			ID: "connections-rejected", Severity: Critical, Profile: Recommended,
			When: b.sum("RejectedConnectionCount").Above(0), Window: once, Missing: cloudwatch.NotBreaching,
			FirstStep: "The load balancer is at its limit of connections: look where they come from.",
			Section:   "alb-connections-fail",
		},
		{
			ID: "target-connection-errors", Severity: Warning, Profile: Recommended,
			When: b.sum("TargetConnectionErrorCount").Above(10), Window: once, Missing: cloudwatch.NotBreaching,
			FirstStep: "Tasks refuse connections: look at their health, their security group and their CPU.",
			Section:   "alb-connections-fail",
		},
		{
			ID: "client-tls-errors", Severity: Warning, Profile: Recommended,
			When:   b.sum("ClientTLSNegotiationErrorCount").Above(100),
			Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.NotBreaching,
			FirstStep: "Look at the certificate's names and its end, and at recent changes of the TLS policy.",
			Section:   "alb-connections-fail",
		},
		{
			ID: "target-tls-errors", Severity: Warning, Profile: Recommended,
			When: b.sum("TargetTLSNegotiationErrorCount").Above(10), Window: once, Missing: cloudwatch.NotBreaching,
			FirstStep: "Look at the certificate and the protocols of the tasks.",
			Section:   "alb-connections-fail",
		},
	}
}

func (b ALB) sum(name string) cloudwatch.Metric {
	return b.metric(name, cloudwatch.Sum, 5*time.Minute, cloudwatch.Count)
}

// ofGroup is a metric of one target group.
func (b ALB) ofGroup(m cloudwatch.Metric, key string) cloudwatch.Metric {
	m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: "TargetGroup", Value: b.TargetGroups[key]})
	return m
}

func (b ALB) metric(name, stat string, period time.Duration, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Stat: stat, Period: period, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "LoadBalancer", Value: b.ARNSuffix}},
	}
}
