package existing

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
)

// LoadBalancer is an application or network load balancer.
type LoadBalancer struct {
	// Name is the name of the load balancer ("shop-alb"), at most 32 characters.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// LoadBalancerRef is a load balancer that was found: its name as it was given, its ARN, and
// "app/<name>/<id>", which CloudWatch and monitoring.ALB know it by.
type LoadBalancerRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
	// ARNSuffix is a reference to the end of the ARN, as CloudWatch wants it.
	ARNSuffix string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c LoadBalancer) Validate() error { return named(shape.LoadBalancerName, c.Name, c.Provider) }

// NewLoadBalancer looks up a load balancer.
func NewLoadBalancer(scope constructs.Construct, id string, cfg LoadBalancer) LoadBalancerRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) LoadBalancerRef {
		found := cdk.NewFoundLoadBalancer(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return LoadBalancerRef{Name: cfg.Name, ARN: found.ARN, ARNSuffix: found.ARNSuffix}
	})
}

// TargetGroup is a target group of a load balancer.
type TargetGroup struct {
	// Name is the name of the target group ("shop-web-tg"), at most 32 characters.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// TargetGroupRef is a target group that was found: its name as it was given, its ARN, and
// "targetgroup/<name>/<id>", which CloudWatch and monitoring.ALB know it by.
type TargetGroupRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
	// ARNSuffix is a reference to the end of the ARN, as CloudWatch wants it.
	ARNSuffix string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c TargetGroup) Validate() error { return named(shape.TargetGroupName, c.Name, c.Provider) }

// NewTargetGroup looks up a target group.
func NewTargetGroup(scope constructs.Construct, id string, cfg TargetGroup) TargetGroupRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) TargetGroupRef {
		found := cdk.NewFoundTargetGroup(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return TargetGroupRef{Name: cfg.Name, ARN: found.ARN, ARNSuffix: found.ARNSuffix}
	})
}
