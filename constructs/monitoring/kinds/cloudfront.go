package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// CloudFront is a CloudFront distribution. Its metrics are in us-east-1 only: see the
// package's documentation for how to watch it there. Metrics: Amazon CloudFront
// developer guide, "Monitor CloudFront metrics with Amazon CloudWatch".
type CloudFront struct {
	// Key is the distribution's stable name: "site".
	Key string
	// DistributionID is the id of the distribution: "E1ABCDEFGHIJKL".
	DistributionID string
	// MaxOriginLatency is how long the origin may take for nine of ten requests, to the
	// first byte. It needs the distribution's additional metrics, which cost extra.
	// Default: no alarm on it.
	MaxOriginLatency time.Duration
	// Functions are the names of its CloudFront functions, each under a stable name: the
	// alarms of "redirect" in "site" have the resource key "site-redirect". Default:
	// none.
	Functions map[string]string
}

var (
	distributionID     = regexp.MustCompile(`^E[A-Z0-9]{8,20}$`)
	cloudFrontFunction = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// ResourceKey implements [monitoring.Resource].
func (c CloudFront) ResourceKey() string { return c.Key }

// Region is where the distribution's metrics are, and so its alarms.
func (c CloudFront) Region() string { return GlobalRegion }

// Validate implements [monitoring.Resource].
func (c CloudFront) Validate() error {
	var p monitoring.Problems
	identifier(&p, "DistributionID", c.DistributionID, distributionID, `the id of the distribution ("E1ABCDEFGHIJKL"), not its domain name or ARN`)
	atLeast(&p, "MaxOriginLatency", c.MaxOriginLatency, time.Millisecond, "at least a millisecond (time.Second), or 0 for no alarm")
	identifiers(&p, "Functions", c.Functions, cloudFrontFunction, `the name of a CloudFront function ("redirect"), not its ARN`)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (c CloudFront) Watch() monitoring.Watch {
	distribution, global := dimension("DistributionId", c.DistributionID), dimension("Region", "Global")
	of := func(name, stat string) cloudwatch.Metric {
		return metric("AWS/CloudFront", name, stat, distribution, global)
	}
	errors := of("5xxErrorRate", cloudwatch.Average)
	// Without requests there is no data.
	alarms := []monitoring.Alarm{{
		ID: "5xx-high", Severity: monitoring.Critical,
		When: errors.Above(5), Window: periods(5), Missing: cloudwatch.Missing,
		FirstStep: "Call the origin directly: when it answers, the fault is between CloudFront and it.",
	}}
	panels := []monitoring.Panel{{ID: "cloudfront-errors", Title: "CloudFront: requests and error rates", Lines: []monitoring.Line{
		{Of: errors, Label: "5xx"},
		{Of: of("4xxErrorRate", cloudwatch.Average), Label: "4xx"},
		{Of: of("Requests", cloudwatch.Sum), Label: "requests", Right: true},
	}}}
	if c.MaxOriginLatency > 0 {
		latency := of("OriginLatency", "p90")
		alarms = append(alarms, monitoring.Alarm{
			ID: "origin-slow", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: latency.Above(milliseconds(c.MaxOriginLatency)), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Look at the latency of the origin itself, then at the share of requests that the cache answers.",
		})
		panels = append(panels, monitoring.Panel{ID: "cloudfront-origin", Title: "CloudFront: latency of the origin", Lines: []monitoring.Line{{Of: latency, Label: "p90"}}})
	}
	functions := monitoring.Panel{ID: "cloudfront-functions", Title: "CloudFront: faults of functions"}
	for _, key := range sorted(c.Functions) {
		for _, row := range []struct {
			id, name  string
			window    int
			severity  monitoring.Severity
			firstStep string
		}{
			{"function-failing", "FunctionExecutionErrors", 5, monitoring.Critical, "Test the function with the request that fails, or publish the version before."},
			{"function-invalid", "FunctionValidationErrors", 2, monitoring.Critical, "Compare what the function returns with the event structure, or publish the version before."},
			{"function-throttled", "FunctionThrottles", 5, monitoring.Warning, "Shorten the function: it takes more than its share of compute time."},
		} {
			faults := metric("AWS/CloudFront", row.name, cloudwatch.Sum, distribution, dimension("FunctionName", c.Functions[key]), global)
			alarms = append(alarms, monitoring.Alarm{
				Resource: part(c.Key, key), ID: row.id, Severity: row.severity, Profile: monitoring.Recommended,
				When: faults.Above(0), Window: periods(row.window), Missing: cloudwatch.Missing,
				FirstStep: row.firstStep,
			})
			functions.Lines = append(functions.Lines, monitoring.Line{Resource: part(c.Key, key), Of: faults, Label: row.id})
		}
	}
	if len(functions.Lines) > 0 {
		panels = append(panels, functions)
	}
	return watch("cloudfront", alarms, panels...)
}
