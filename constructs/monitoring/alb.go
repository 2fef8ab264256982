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
	watch := Watch{Alarms: []Alarm{{
		ID: "5xx-high", Severity: Critical,
		When: errors.Above(10), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
		FirstStep: "Read the backend's error logs, and roll back when they start with a deployment.",
		Section:   "alb-5xx-high",
	}}}
	failures := Panel{
		ID: "alb-5xx", Title: "ALB: HTTP 5xx and unhealthy targets", Width: 6,
		Lines: []Line{
			{Of: errors, Label: "5xx"},
			{Of: b.sum("HTTPCode_ELB_5XX_Count"), Label: "5xx of the load balancer"},
		},
	}
	for _, key := range slices.Sorted(maps.Keys(b.TargetGroups)) {
		part := b.Key + "-" + key
		unhealthy := b.metric("UnHealthyHostCount", cloudwatch.Maximum, time.Minute, cloudwatch.Count)
		unhealthy.Dimensions = append(unhealthy.Dimensions, cloudwatch.Dimension{Name: "TargetGroup", Value: b.TargetGroups[key]})
		watch.Alarms = append(watch.Alarms, Alarm{
			Resource: part, ID: "unhealthy-targets", Severity: Critical,
			When: unhealthy.Above(0), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
			FirstStep: "Read why the target fails its health check, then the last log lines of its task.",
			Section:   "alb-unhealthy-targets",
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
	return watch
}

func (b ALB) sum(name string) cloudwatch.Metric {
	return b.metric(name, cloudwatch.Sum, 5*time.Minute, cloudwatch.Count)
}

func (b ALB) metric(name, stat string, period time.Duration, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Stat: stat, Period: period, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "LoadBalancer", Value: b.ARNSuffix}},
	}
}
