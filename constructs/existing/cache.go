package existing

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/problems"
)

// CacheNode is one node of an ElastiCache replication group: CloudWatch has no metrics
// of the group.
type CacheNode struct {
	// ID is the cache cluster id of the node ("shop-redis-001"), not the id of its
	// group and not an endpoint.
	ID string
	// ReplicationGroup is the group that the node must belong to ("shop-redis"); the
	// plan checks it. Default: any, or none.
	ReplicationGroup string
	// NodeType is the node type that it must have ("cache.t3.micro"). Default: any.
	NodeType string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// CacheNodeRef is a node that was found: its id as it was given, and its ARN.
type CacheNodeRef struct {
	// ID is the cache cluster id, as it was given.
	ID string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c CacheNode) Validate() error {
	var p problems.Problems
	shape.CacheNodeName.Check(&p, "ID", c.ID)
	if c.ID == c.ReplicationGroup && c.ID != "" {
		p.Want("ID", c.ID, `the id of one node (%q): CloudWatch has no metrics of replication groups`, c.ID+"-001")
	}
	shape.ReplicationGroupName.CheckIfGiven(&p, "ReplicationGroup", c.ReplicationGroup)
	shape.CacheNodeType.CheckIfGiven(&p, "NodeType", c.NodeType)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	return p.Err()
}

// NewCacheNode looks up a node and checks what is said about it.
func NewCacheNode(scope constructs.Construct, id string, cfg CacheNode) CacheNodeRef {
	return lookUp(scope, id, cfg.ID, cfg.Validate(), func(id string) CacheNodeRef {
		var checks []cdk.Check
		if cfg.ReplicationGroup != "" {
			checks = append(checks, cdk.Check{
				Attribute: "replication_group_id", Want: cfg.ReplicationGroup, Else: "cache node " + cfg.ID + ": ReplicationGroup",
			})
		}
		if cfg.NodeType != "" {
			checks = append(checks, cdk.Check{Attribute: "node_type", Want: cfg.NodeType, Else: "cache node " + cfg.ID + ": NodeType"})
		}
		found := cdk.NewFoundCacheNode(scope, id, cdk.LookUp{Name: cfg.ID, Provider: cfg.Provider, Checks: checks})
		return CacheNodeRef{ID: cfg.ID, ARN: found.ARN}
	})
}
