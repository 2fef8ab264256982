package events_test

import (
	"fmt"

	"github.com/ohmycoins/infra/constructs/events"
	"github.com/ohmycoins/infra/constructs/monitoring"
)

// A team tells of its own events with a rule, and switches one of ours off.
func Example() {
	cfg := events.Config{
		Name:   "shop",
		Region: "ap-southeast-2",
		Topics: map[monitoring.Severity][]string{
			monitoring.Critical: {"arn:aws:sns:ap-southeast-2:000000000000:shop-oncall"},
			monitoring.Warning:  {"arn:aws:sns:ap-southeast-2:000000000000:shop-team"},
		},
		Sources: []events.Source{
			events.ECSCluster{Cluster: "shop"},
			events.Rule{
				Key: "order-lost", Severity: monitoring.Critical,
				Pattern: events.Pattern{
					"source": events.Is("shop.orders"),
					"detail": events.Pattern{"reason": events.Is(events.AnythingBut("test"))},
				},
				Title: "The order <$.detail.order> was lost: <$.detail.reason>",
				First: "Call the customer.",
			},
		},
		Tune: map[string]events.Tuning{"ecs-task-failed": {Off: true, Reason: "the nightly jobs end so"}},
	}
	fmt.Println(cfg.Validate())
	for _, r := range cfg.Rules() {
		fmt.Println(r.Severity, r.Key)
	}
	// Output:
	// <nil>
	// warning ecs-deployment-failed
	// warning ecs-task-out-of-memory
	// warning ecs-task-not-started
	// critical order-lost
}
