package kinds

import (
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// HealthCheck is a Route 53 health check: somebody outside AWS's network that calls an
// address. Its metrics are in us-east-1 only: see the package's documentation. Metrics:
// Amazon Route 53 developer guide, "Monitoring health checks using CloudWatch".
type HealthCheck struct {
	// Key is the check's stable name: "api-from-outside".
	Key string
	// ID is its id, a UUID.
	ID string
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ResourceKey implements [monitoring.Resource].
func (h HealthCheck) ResourceKey() string { return h.Key }

// Region is where the check's metrics are, and so its alarms.
func (h HealthCheck) Region() string { return GlobalRegion }

// Validate implements [monitoring.Resource].
func (h HealthCheck) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ID", h.ID, uuid, `the id of the health check ("11111111-2222-3333-4444-555555555555"), not the address that it calls`)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (h HealthCheck) Watch() monitoring.Watch {
	of := func(name string) cloudwatch.Metric {
		return metric("AWS/Route53", name, cloudwatch.Average, dimension("HealthCheckId", h.ID))
	}
	status := of("HealthCheckStatus")
	return watch("health-check",
		[]monitoring.Alarm{{
			ID: "unhealthy", Severity: monitoring.Critical,
			When: status.Below(1), Window: periods(3), Missing: cloudwatch.Breaching, // a check that does not run proves nothing
			FirstStep: "Call the address from your own machine: DNS, certificate, load balancer, application, in this order.",
		}},
		monitoring.Panel{ID: "health-checks", Title: "Route 53: health, and share of the checkers that say so", Lines: []monitoring.Line{
			{Of: status, Label: "healthy"},
			{Of: of("HealthCheckPercentageHealthy"), Label: "checkers", Right: true},
		}},
	)
}
