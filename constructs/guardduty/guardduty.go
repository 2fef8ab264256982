// Package guardduty switches the detection of threats on: a detector of Amazon
// GuardDuty. There is one in each region of an account, so that a stack either makes it
// or takes the one that is there. It is off unless it is asked for: it costs money by
// what happens in the account.
package guardduty

import (
	"cmp"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/problems"
)

// Detector says where the detector comes from.
type Detector string

// What there is to choose from.
const (
	// None makes nothing and looks for nothing. It is the default.
	None Detector = ""
	// Create makes the detector of the account and region. AWS refuses a second one.
	Create Detector = "create"
	// Adopt takes the detector that is there, such as one of the organization's. The plan
	// fails where there is none.
	Adopt Detector = "adopt"
)

// Config configures [New].
type Config struct {
	// Detector says where the detector comes from. Default: None.
	Detector Detector
	// Frequency is how soon a finding that goes on is published again; a new one is within
	// five minutes: FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS. Default: FIFTEEN_MINUTES.
	Frequency string
	// Provider is the alias of the AWS provider that makes everything: "sydney" for the
	// provider with Alias "sydney". Default: the provider of the stack that has no alias.
	Provider string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// frequencies are those of the API reference of GuardDuty, CreateDetector.
var frequencies = []string{"FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Config) Validate() error {
	var p problems.Problems
	switch c.Detector {
	case None, Create, Adopt:
	default:
		p.Want("Detector", string(c.Detector), `Create ("create"), Adopt ("adopt") or None ("")`)
	}
	switch {
	case c.Frequency != "" && c.Detector != Create:
		p.Want("Frequency", c.Frequency, "none without Create: the detector that is there has its own")
	case c.Frequency != "" && !slices.Contains(frequencies, c.Frequency):
		p.Want("Frequency", c.Frequency, "%s", problems.OneOf(c.Frequency, frequencies))
	}
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags)
	p.CheckTexts("", c)
	return p.Err()
}

// GuardDuty is the detection of threats in a stack.
type GuardDuty struct {
	node cdk.Scope
	id   string
}

// New makes or finds a detector below scope, usually a stack. What is wrong with the
// configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *GuardDuty {
	invalid := cfg.Validate()
	g := &GuardDuty{node: cdk.NewNode(scope, id, invalid)}
	cdk.CheckProvider(g.node, cfg.Provider, nil)
	if invalid != nil {
		g.id = cdk.Invalid
		return g
	}
	switch cfg.Detector {
	case Create:
		cdk.TakeNames(g.node, cfg.Provider, []cdk.Name{{Of: "detector", Name: string(Create), Field: "Detector"}})
		g.id = cdk.NewDetector(g.node, "detector", cdk.Detector{Frequency: cmp.Or(cfg.Frequency, frequencies[0]), Tags: cfg.Tags}).ID
	case Adopt:
		g.id = cdk.NewFoundDetector(g.node, "detector", cdk.FoundDetector{}).ID
	}
	if cfg.Provider != "" {
		cdk.UseProvider(g.node, cfg.Provider)
	}
	return g
}

// Node returns the construct that everything is in, for aspects and for adding more.
func (g *GuardDuty) Node() constructs.Construct { return g.node }

// DetectorID returns the id of the detector, a Terraform reference, or "" with None.
func (g *GuardDuty) DetectorID() string { return g.id }
