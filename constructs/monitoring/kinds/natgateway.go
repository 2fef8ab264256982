package kinds

import (
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// NATGateway is a NAT gateway. Metrics: Amazon VPC user guide, "NAT gateway metrics
// and dimensions".
type NATGateway struct {
	// Key is the gateway's stable name: "nat-a".
	Key string
	// ID is its id: "nat-0123456789abcdef0".
	ID string
}

var natGatewayID = regexp.MustCompile(`^nat-[0-9a-f]{8,17}$`)

// ResourceKey implements [monitoring.Resource].
func (g NATGateway) ResourceKey() string { return g.Key }

// Validate implements [monitoring.Resource].
func (g NATGateway) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ID", g.ID, natGatewayID, `the id of the NAT gateway ("nat-0123456789abcdef0"), not its address`)
	return p.Err()
}

// maxDroppedPackets is how many packets may be lost in a minute. AWS names a share of
// the traffic; a gateway that is well drops none.
const maxDroppedPackets = 100

// Watch implements [monitoring.Resource].
func (g NATGateway) Watch() monitoring.Watch {
	of := func(name, stat string) cloudwatch.Metric {
		return metric("AWS/NATGateway", name, stat, dimension("NatGatewayId", g.ID))
	}
	ports, dropped := of("ErrorPortAllocation", cloudwatch.Sum), of("PacketsDropCount", cloudwatch.Sum)
	return watch("nat",
		// A gateway publishes zeros: without data it is gone, which other alarms feel.
		[]monitoring.Alarm{
			{
				ID: "ports-exhausted", Severity: monitoring.Critical,
				When: ports.Above(0), Window: periods(15), Missing: cloudwatch.Missing,
				FirstStep: "Find the address that many connections go to, then close idle ones or add an address to the gateway.",
			},
			{
				ID: "packets-dropped", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: dropped.Above(maxDroppedPackets), Window: periods(5), Missing: cloudwatch.Missing,
				FirstStep: "Look at AWS's health page; when it is silent, replace the gateway.",
			},
		},
		monitoring.Panel{ID: "nat-faults", Title: "NAT gateway: faults and connections", Lines: []monitoring.Line{
			{Of: ports, Label: "no port"},
			{Of: dropped, Label: "packets dropped"},
			{Of: of("ActiveConnectionCount", cloudwatch.Maximum), Label: "connections", Right: true},
		}},
		monitoring.Panel{
			ID: "nat-traffic", Title: "NAT gateway: traffic, which is what it costs", Left: monitoring.Axis{Label: "GiB", DivideBy: monitoring.GiB},
			Lines: []monitoring.Line{
				{Of: of("BytesOutToDestination", cloudwatch.Sum), Label: "out"},
				{Of: of("BytesInFromDestination", cloudwatch.Sum), Label: "in"},
			},
		},
	)
}
