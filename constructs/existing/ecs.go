package existing

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// ECSService is a service in an ECS cluster.
type ECSService struct {
	// Cluster is the name of the cluster, not its ARN. It is looked up too, once for all
	// services that are looked up in one scope.
	Cluster string
	// Name is the name of the service in the cluster, not its ARN.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// ECSServiceRef is a service that was found: the names of its cluster and its own as
// they were given, and their ARNs.
type ECSServiceRef struct {
	// Cluster is the cluster's name, as it was given.
	Cluster string
	// ClusterARN is a reference that Terraform knows when it has found it.
	ClusterARN string
	// Name is the service's name, as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c ECSService) Validate() error {
	var p problems.Problems
	shape.ClusterName.Check(&p, "Cluster", c.Cluster)
	shape.ServiceName.Check(&p, "Name", c.Name)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	return p.Err()
}

// NewECSService looks up a service and its cluster.
func NewECSService(scope constructs.Construct, id string, cfg ECSService) ECSServiceRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) ECSServiceRef {
		cluster := cdk.NewFoundCluster(scope, clusterID(id, cfg), cdk.LookUp{Name: cfg.Cluster, Provider: cfg.Provider})
		found := cdk.NewFoundService(scope, id, cdk.LookUp{Name: cfg.Name, ClusterARN: cluster.ARN, Provider: cfg.Provider})
		return ECSServiceRef{Cluster: cfg.Cluster, ClusterARN: cluster.ARN, Name: cfg.Name, ARN: found.ARN}
	})
}

// clusterID is the id of the cluster's look-up, the same for every service in it.
func clusterID(id string, cfg ECSService) string {
	if token.Is(cfg.Cluster) {
		return id + "-cluster"
	}
	return address(address(cfg.Cluster, "cluster"), cfg.Provider)
}
