package existing

import (
	"math"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Database is an RDS instance. What is said about it is checked by the plan.
type Database struct {
	// Instance is the DB instance identifier ("shop-postgres"), not the resource id
	// ("db-ABC…") and not the endpoint.
	Instance string
	// Class is the instance class that it must have ("db.t3.micro"). Default: any.
	Class string
	// Engine is the engine that it must have ("postgres"). Default: any.
	Engine string
	// AllocatedStorageGiB is the storage that it must have, in GiB. With storage
	// autoscaling it grows: leave it out. Default: any.
	AllocatedStorageGiB float64
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// DatabaseRef is an RDS instance that was found: its identifier as it was given, and its
// ARN.
type DatabaseRef struct {
	// Instance is the DB instance identifier, as it was given.
	Instance string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// maxStorageGiB is what AWS allows for most engines.
const maxStorageGiB = 65536

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Database) Validate() error {
	var p problems.Problems
	shape.DatabaseName.Check(&p, "Instance", c.Instance)
	shape.DatabaseClass.CheckIfGiven(&p, "Class", c.Class)
	shape.DatabaseEngine.CheckIfGiven(&p, "Engine", c.Engine)
	gib := c.AllocatedStorageGiB
	if !token.IsNumber(gib) && (!(gib >= 0 && gib <= maxStorageGiB) || gib != math.Trunc(gib)) {
		p.Want("AllocatedStorageGiB", gib, "whole GiB, 1 to %d, or 0 for any", maxStorageGiB)
	}
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	return p.Err()
}

// NewDatabase looks up an RDS instance and checks what is said about it.
func NewDatabase(scope constructs.Construct, id string, cfg Database) DatabaseRef {
	return lookUp(scope, id, cfg.Instance, cfg.Validate(), func(id string) DatabaseRef {
		what := "database " + cfg.Instance
		var checks []cdk.Check
		if cfg.Class != "" {
			checks = append(checks, cdk.Check{Attribute: "db_instance_class", Want: cfg.Class, Else: what + ": Class"})
		}
		if cfg.Engine != "" {
			checks = append(checks, cdk.Check{Attribute: "engine", Want: cfg.Engine, Else: what + ": Engine"})
		}
		if cfg.AllocatedStorageGiB != 0 {
			checks = append(checks, cdk.Check{Attribute: "allocated_storage", Want: cfg.AllocatedStorageGiB, Else: what + ": AllocatedStorageGiB"})
		}
		found := cdk.NewFoundDatabase(scope, id, cdk.LookUp{Name: cfg.Instance, Provider: cfg.Provider, Checks: checks})
		return DatabaseRef{Instance: cfg.Instance, ARN: found.ARN}
	})
}
