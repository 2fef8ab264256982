package canary

import (
	"fmt"
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Region is the AWS region that the canaries call from: "ap-southeast-2". It is that
	// of the provider.
	Region string
	// Canaries are made, each under its Key. The same values are among the Resources of a
	// monitoring.Config, for their alarms.
	Canaries []monitoring.Canary
	// Bucket is the name of the bucket for what runs leave behind: 3 to 63 of a-z 0-9 . -,
	// and no other account of AWS has one of that name.
	Bucket string
	// Role is the name of the role that the canaries run with: 1 to 64 of A-Z a-z 0-9 _ +
	// = , . @ -
	Role string
	// PermissionsBoundary is the ARN of the policy that the role cannot go beyond.
	// Default: none.
	PermissionsBoundary string
	// Runtime is the runtime of Synthetics, for Node.js and Puppeteer. Default: [Newest].
	Runtime string
	// KeepDays is for how many days runs and what they leave behind are kept, 1 to 455.
	// Default: 31.
	KeepDays int
	// Provider is the alias of the AWS provider that makes everything: "sydney" for the
	// provider with Alias "sydney". Default: the provider of the stack that has no alias.
	Provider string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Limits of AWS: API references of CloudWatch Synthetics, CreateCanary, and S3,
// CreateBucket.
const (
	defaultKeepDays = 31
	maxKeepDays     = 455
)

var (
	bucketPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	boundaryPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+$`)
)

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Config) Validate() error {
	var p problems.Problems
	shape.CheckRegion(&p, "Region", c.Region)
	c.validateCanaries(&p)
	if !token.Is(c.Bucket) && !bucketPattern.MatchString(c.Bucket) {
		p.Want("Bucket", c.Bucket, `the name of a bucket ("shop-canaries"): 3 to 63 of a-z 0-9 . -`)
	}
	shape.RoleName.Check(&p, "Role", c.Role)
	if b := c.PermissionsBoundary; b != "" && !token.Is(b) && !boundaryPattern.MatchString(b) {
		p.Want("PermissionsBoundary", b, `the ARN of a policy ("arn:aws:iam::<account>:policy/<name>")`)
	}
	checkRuntime(&p, "Runtime", c.Runtime)
	if c.KeepDays < 0 || c.KeepDays > maxKeepDays {
		p.Want("KeepDays", c.KeepDays, "1 to %d days, or 0 for %d", maxKeepDays, defaultKeepDays)
	}
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags)
	p.CheckTexts("", c)
	return p.Err()
}

func (c Config) validateCanaries(p *problems.Problems) {
	if len(c.Canaries) == 0 {
		p.Want("Canaries", problems.Text("empty"), "at least one")
	}
	keys, names := map[string]int{}, map[string]int{}
	for i, canary := range c.Canaries {
		at := fmt.Sprintf("Canaries[%d] (%s)", i, canary.Key)
		if !problems.IsKey(canary.Key) {
			p.Want(fmt.Sprintf("Canaries[%d].Key", i), canary.Key, "a key that matches %s", problems.KeyPattern)
		}
		p.AddIn(at, canary.Validate())
		if first, ok := keys[canary.Key]; ok {
			p.Want(at+".Key", canary.Key, "a key of its own: Canaries[%d] has it already", first)
		}
		if first, ok := names[canary.Name]; ok && canary.Name != "" {
			p.Want(at+".Name", canary.Name, "a name of its own: Canaries[%d] has it already", first)
		}
		keys[canary.Key], names[canary.Name] = i, i
	}
}

// validateRegion reports another region than that of the provider.
func (c Config) validateRegion(region string) error {
	var p problems.Problems
	if !token.Is(c.Region) && c.Region != region {
		p.Want("Region", c.Region, "%q, the region of the provider, where the canaries' logs are", region)
	}
	return p.Err()
}

func (c Config) keepDays() int {
	if c.KeepDays == 0 {
		return defaultKeepDays
	}
	return c.KeepDays
}

func (c Config) runtime() string {
	if c.Runtime == "" {
		return Newest()
	}
	return c.Runtime
}
