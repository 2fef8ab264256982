package existing_test

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/monitoring"
)

// A stack that watches what exists. The names are checked by the plan.
func Example() {
	newStack := func(stack constructs.Construct) {
		balancer := existing.NewLoadBalancer(stack, "shop-alb", existing.LoadBalancer{Name: "shop-alb"})
		targets := existing.NewTargetGroup(stack, "shop-web-tg", existing.TargetGroup{Name: "shop-web-tg"})
		web := existing.NewECSService(stack, "shop-web", existing.ECSService{Cluster: "shop", Name: "shop-web"})
		postgres := existing.NewDatabase(stack, "shop-postgres", existing.Database{
			Instance: "shop-postgres", Class: "db.t3.small", Engine: "postgres",
		})
		monitoring.New(stack, "monitoring", monitoring.Config{
			Name:   "shop",
			Region: "ap-southeast-2",
			Notify: map[monitoring.Severity][]monitoring.Target{
				monitoring.Critical: {monitoring.Email("oncall@example.com")},
				monitoring.Warning:  {monitoring.Email("team@example.com")},
			},
			Resources: []monitoring.Resource{
				monitoring.ECSService{Key: "web", Cluster: web.Cluster, Service: web.Name},
				monitoring.ALB{Key: "alb", ARNSuffix: balancer.ARNSuffix, TargetGroups: map[string]string{"web": targets.ARNSuffix}},
				monitoring.RDS{Key: "postgres", Instance: postgres.Instance},
			},
		})
	}
	_ = newStack // given to synth.App
}
