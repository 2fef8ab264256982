package existing

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
)

// Role is an IAM role.
type Role struct {
	// Name is the name of the role, without its path, at most 64 characters.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// RoleRef is a role that was found: its name as it was given, and its ARN.
type RoleRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Role) Validate() error { return named(shape.RoleName, c.Name, c.Provider) }

// NewRole looks up a role.
func NewRole(scope constructs.Construct, id string, cfg Role) RoleRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) RoleRef {
		found := cdk.NewFoundRole(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return RoleRef{Name: cfg.Name, ARN: found.ARN}
	})
}

// Policy is a managed policy of the account, such as a permissions boundary.
type Policy struct {
	// Name is the name of the policy, at most 128 characters. It has no path.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// PolicyRef is a policy that was found: its name as it was given, and its ARN.
type PolicyRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Policy) Validate() error { return named(shape.PolicyName, c.Name, c.Provider) }

// NewPolicy looks up a managed policy of the account.
func NewPolicy(scope constructs.Construct, id string, cfg Policy) PolicyRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) PolicyRef {
		found := cdk.NewFoundPolicy(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return PolicyRef{Name: cfg.Name, ARN: found.ARN}
	})
}

// Secret is a secret of Secrets Manager. Its value is never read.
type Secret struct {
	// Name is the name of the secret ("shop/app-secrets"), not its ARN.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// SecretRef is a secret that was found: its name as it was given, and its ARN.
type SecretRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference, with the six characters that AWS has added to the name.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Secret) Validate() error { return named(shape.SecretName, c.Name, c.Provider) }

// NewSecret looks up a secret.
func NewSecret(scope constructs.Construct, id string, cfg Secret) SecretRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) SecretRef {
		found := cdk.NewFoundSecret(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return SecretRef{Name: cfg.Name, ARN: found.ARN}
	})
}
