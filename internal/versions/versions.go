// Package versions says which versions of Terraform and of the AWS provider this
// project works with: the synthesized stacks ask for them, and the tools look for
// them.
package versions

const (
	// Terraform starts at 1.11, which made use_lockfile of the S3 backend stable:
	// https://github.com/hashicorp/terraform/releases/tag/v1.11.0
	Terraform = ">= 1.11, < 2.0"
	// InstalledTerraform is installed where there is none that will do.
	InstalledTerraform = "1.11.4"

	// ProviderSource is the AWS provider's address in the public registry.
	ProviderSource = "hashicorp/aws"
	// Provider leaves out 6.x, which the bindings were not generated from.
	Provider = "~> 5.99"
)
