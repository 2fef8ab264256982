package kinds

import (
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// RESTAPI is a stage of a REST API in API Gateway. Metrics: Amazon API Gateway
// developer guide, "Amazon API Gateway dimensions and metrics".
type RESTAPI struct {
	// Key is the API's stable name: "api".
	Key string
	// Name is the API's name; CloudWatch does not know the id of a REST API.
	Name string
	// Stage is the name of the stage: "prod".
	Stage string
	// MinRequests is how many requests there are in any minute; with fewer for ten
	// minutes an alarm goes off. Default: no alarm on it.
	MinRequests float64
}

// HTTPAPI is a stage of an HTTP API in API Gateway. Metrics: Amazon API Gateway
// developer guide, "Monitor CloudWatch metrics for HTTP APIs".
type HTTPAPI struct {
	// Key is the API's stable name: "api".
	Key string
	// ID is the API's id: "a1b2c3d4e5".
	ID string
	// Stage is the name of the stage. Default: "$default".
	Stage string
	// MinRequests is how many requests there are in any minute; with fewer for ten
	// minutes an alarm goes off. Default: no alarm on it.
	MinRequests float64
}

var (
	restName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._()+-]*$`)
	restStage = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	httpID    = regexp.MustCompile(`^[a-z0-9]{8,12}$`)
	httpStage = regexp.MustCompile(`^(\$default|[A-Za-z0-9_-]{1,128})?$`)
)

// ResourceKey implements [monitoring.Resource].
func (a RESTAPI) ResourceKey() string { return a.Key }

// ResourceKey implements [monitoring.Resource].
func (a HTTPAPI) ResourceKey() string { return a.Key }

const wantRequests = "a number of requests in a minute (10), or 0 for no alarm"

// Validate implements [monitoring.Resource].
func (a RESTAPI) Validate() error {
	var p monitoring.Problems
	identifier(&p, "Name", a.Name, restName, `the name of the API ("shop"), not its ARN or URL`)
	identifier(&p, "Stage", a.Stage, restStage, `the name of a stage ("prod")`)
	limit(&p, "MinRequests", a.MinRequests, wantRequests)
	return p.Err()
}

// Validate implements [monitoring.Resource].
func (a HTTPAPI) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ID", a.ID, httpID, `the id of the API ("a1b2c3d4e5"), not its name, ARN or URL`)
	identifier(&p, "Stage", a.Stage, httpStage, `the name of a stage ("prod"), or "" for $default`)
	limit(&p, "MinRequests", a.MinRequests, wantRequests)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (a RESTAPI) Watch() monitoring.Watch {
	return api{
		dimensions:   []cloudwatch.Dimension{dimension("ApiName", a.Name), dimension("Stage", a.Stage)},
		serverErrors: "5XXError", clientErrors: "4XXError", minRequests: a.MinRequests,
	}.watch()
}

// Watch implements [monitoring.Resource].
func (a HTTPAPI) Watch() monitoring.Watch {
	return api{
		dimensions:   []cloudwatch.Dimension{dimension("ApiId", a.ID), dimension("Stage", orDefault(a.Stage, "$default"))},
		serverErrors: "5xx", clientErrors: "4xx", minRequests: a.MinRequests, integration: true,
	}.watch()
}

// api is what the two kinds of APIs share: they differ in names.
type api struct {
	dimensions                 []cloudwatch.Dimension
	serverErrors, clientErrors string
	minRequests                float64
	integration                bool // AWS recommends an alarm on the integration too
}

func (a api) watch() monitoring.Watch {
	of := func(name, stat string) cloudwatch.Metric {
		return metric("AWS/ApiGateway", name, stat, a.dimensions...)
	}
	// The average of errors is their share of the requests: 0.05 is one in twenty.
	// Without requests there is no data.
	server, client := of(a.serverErrors, cloudwatch.Average), of(a.clientErrors, cloudwatch.Average)
	latency, integration := of("Latency", "p90"), of("IntegrationLatency", "p90")
	requests := of("Count", cloudwatch.SampleCount)
	alarms := []monitoring.Alarm{
		{
			ID: "5xx-high", Severity: monitoring.Critical,
			When: server.Above(0.05), Window: periods(3), Missing: cloudwatch.Missing,
			FirstStep: "Read the errors of the integration, and roll back when they began with a deployment.",
		},
		{
			ID: "4xx-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: client.Above(0.05), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Find out in the access log who is refused: a client that has changed, an expired key, or a scan.",
		},
		{
			ID: "latency-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: latency.AtLeast(2500), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Compare with the latency of the integration: the difference is spent in API Gateway and its authorizers.",
		},
	}
	if a.integration {
		alarms = append(alarms, monitoring.Alarm{
			ID: "integration-slow", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: integration.AtLeast(2000), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Look at what the API calls: its own latency, CPU and database.",
		})
	}
	if a.minRequests != 0 {
		alarms = append(alarms, monitoring.Alarm{
			ID: "requests-low", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: requests.Below(a.minRequests), Window: periods(10), Missing: cloudwatch.Breaching, // no request, no data
			FirstStep: "Call the API from outside, then check its domain name and what calls it.",
		})
	}
	return watch("api", alarms,
		monitoring.Panel{ID: "api-errors", Title: "API Gateway: requests, and share of errors", Left: monitoring.Axis{Label: "share"}, Lines: []monitoring.Line{
			{Of: server, Label: "5xx"},
			{Of: client, Label: "4xx"},
			{Of: requests, Label: "requests", Right: true},
		}},
		monitoring.Panel{ID: "api-latency", Title: "API Gateway: latency", Lines: []monitoring.Line{
			{Of: latency, Label: "p90"},
			{Of: integration, Label: "p90 of the integration"},
		}},
	)
}
