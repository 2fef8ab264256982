package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// NLB is a network load balancer and its target groups. AWS recommends no alarms for
// it; these are what one looks at. Metrics: user guide of network load balancers,
// "CloudWatch metrics for your Network Load Balancer".
type NLB struct {
	// Key is the load balancer's stable name: "nlb".
	Key string
	// ARNSuffix is the end of its ARN, as CloudWatch wants it: "net/<name>/<id>".
	ARNSuffix string
	// TargetGroups are the ARN suffixes of its target groups
	// ("targetgroup/<name>/<id>"), each under a stable name: the alarms of "web" in
	// "nlb" have the resource key "nlb-web". At least one.
	TargetGroups map[string]string
}

var (
	nlbSuffix   = regexp.MustCompile(`^net/[^/:]+/[^/:]+$`)
	groupSuffix = regexp.MustCompile(`^targetgroup/[^/:]+/[^/:]+$`)
)

// ResourceKey implements [monitoring.Resource].
func (b NLB) ResourceKey() string { return b.Key }

// Validate implements [monitoring.Resource].
func (b NLB) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ARNSuffix", b.ARNSuffix, nlbSuffix, `the end of the load balancer's ARN ("net/<name>/<id>")`)
	if len(b.TargetGroups) == 0 {
		p.Want("TargetGroups", monitoring.Text("empty"), `at least one, or nothing tells whether targets are healthy ({"web": "targetgroup/<name>/<id>"})`)
	}
	identifiers(&p, "TargetGroups", b.TargetGroups, groupSuffix, `the end of the target group's ARN ("targetgroup/<name>/<id>")`)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (b NLB) Watch() monitoring.Watch {
	balancer := dimension("LoadBalancer", b.ARNSuffix)
	of := func(name, stat string, unit cloudwatch.Unit, more ...cloudwatch.Dimension) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "AWS/NetworkELB", Name: name, Stat: stat, Period: time.Minute, Unit: unit,
			Dimensions: append([]cloudwatch.Dimension{balancer}, more...),
		}
	}
	ports := of("PortAllocationErrorCount", cloudwatch.Sum, cloudwatch.Count)
	tls := of("TargetTLSNegotiationErrorCount", cloudwatch.Sum, cloudwatch.Count)
	rejected := of("RejectedFlowCount", cloudwatch.Sum, cloudwatch.Count)
	// What counts faults has no data while there are none.
	alarms := []monitoring.Alarm{
		{
			ID: "ports-exhausted", Severity: monitoring.Critical, Profile: monitoring.Recommended,
			When: ports.Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Add targets: connections are refused because there is no source port left for one of them.",
		},
		{
			ID: "tls-failing", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: tls.Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Compare the targets' certificates and TLS versions with what the load balancer offers.",
		},
		{
			ID: "flows-rejected", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: rejected.Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "See whether a target group is empty or the load balancer is short of capacity.",
		},
	}
	hosts := monitoring.Panel{ID: "nlb-targets", Title: "NLB: healthy and unhealthy targets", Width: 12}
	for _, key := range sorted(b.TargetGroups) {
		group := dimension("TargetGroup", b.TargetGroups[key])
		healthy := of("HealthyHostCount", cloudwatch.Maximum, cloudwatch.Count, group)
		unhealthy := of("UnHealthyHostCount", cloudwatch.Maximum, cloudwatch.Count, group)
		resource := part(b.Key, key)
		alarms = append(alarms,
			monitoring.Alarm{
				Resource: resource, ID: "no-healthy-targets", Severity: monitoring.Critical,
				When: healthy.Below(1), Window: periods(3), Missing: cloudwatch.Breaching, // a group without targets has no data
				FirstStep: "See whether the targets run, then why they fail the health check.",
			},
			monitoring.Alarm{
				Resource: resource, ID: "unhealthy-targets", Severity: monitoring.Warning,
				When: unhealthy.Above(0), Window: periods(3), Missing: cloudwatch.Missing, // what is unknown is the other alarm's
				FirstStep: "Read why the target fails its health check.",
			},
		)
		hosts.Lines = append(hosts.Lines,
			monitoring.Line{Resource: resource, Of: healthy, Label: "healthy"},
			monitoring.Line{Resource: resource, Of: unhealthy, Label: "unhealthy"},
		)
	}
	return watch("nlb", alarms, hosts,
		monitoring.Panel{ID: "nlb-flows", Title: "NLB: flows and bytes", Lines: []monitoring.Line{
			{Of: of("ActiveFlowCount", cloudwatch.Average, cloudwatch.Count), Label: "active flows"},
			{Of: of("ProcessedBytes", cloudwatch.Sum, cloudwatch.Bytes), Label: "bytes", Right: true},
		}},
		monitoring.Panel{ID: "nlb-faults", Title: "NLB: faults", Lines: []monitoring.Line{
			{Of: ports, Label: "port allocation errors"}, {Of: tls, Label: "TLS errors of targets"}, {Of: rejected, Label: "rejected flows"},
		}},
	)
}
