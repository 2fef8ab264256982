// Package healthcheck makes a health check of Route 53: an address that is called from
// places all over the world, cheaper than a canary. Its metrics, and so its alarms, are
// in us-east-1 only, whatever region the stack is in: kinds.HealthCheck watches it
// there, in a monitoring.Monitoring with a provider of that region.
package healthcheck

import (
	"cmp"
	"net/url"
	"strconv"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. URL is written out; other strings may be Terraform
// references.
type Config struct {
	// Name is what the console shows.
	Name string
	// URL is the address that is called, "https://…": a status of 200 to 399 within four
	// seconds is healthy.
	URL string
	// Contains is a text that the first 5,120 bytes of the answer have, at most 255
	// characters. Default: any answer will do.
	Contains string
	// EverySeconds is how often each place calls: 10, which costs extra, or 30. It cannot
	// be changed later without a new check. Default: 30.
	EverySeconds int
	// Failures is how many calls in a row have to fail, 1 to 10. Default: 3.
	Failures int
	// MeasureLatency also publishes how long calls take, which costs extra. Default:
	// false.
	MeasureLatency bool
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
	// Provider is the alias of the AWS provider that makes it; its region makes no
	// difference. Default: the provider of the stack that has no alias.
	Provider string
}

// Limits of AWS: API reference of Route 53, HealthCheckConfig.
const (
	maxPath         = 255
	maxContains     = 255
	mostFailures    = 10
	defaultEvery    = 30
	defaultFailures = 3
	fastEvery       = 10
	defaultPort     = 443
)

// HealthCheck is a health check in a stack.
type HealthCheck struct {
	node    cdk.Scope
	id, arn string
}

// New makes a health check below scope, usually a stack. What is wrong with the
// configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *HealthCheck {
	invalid := cfg.Validate()
	h := &HealthCheck{node: cdk.NewNode(scope, id, invalid), id: cdk.Invalid, arn: cdk.Invalid}
	cdk.CheckProvider(h.node, cfg.Provider, nil)
	if invalid != nil {
		return h
	}
	u, _ := url.Parse(cfg.URL) // Validate has
	made := cdk.NewHealthCheck(h.node, "check", cdk.HealthCheck{
		Name: cfg.Name, Host: u.Hostname(), Port: port(u), Path: u.RequestURI(), Contains: cfg.Contains,
		EverySeconds: cmp.Or(cfg.EverySeconds, defaultEvery), Failures: cmp.Or(cfg.Failures, defaultFailures),
		MeasureLatency: cfg.MeasureLatency, Tags: cfg.Tags,
	})
	h.id, h.arn = made.ID, made.ARN
	if cfg.Provider != "" {
		cdk.UseProvider(h.node, cfg.Provider)
	}
	return h
}

func port(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	return defaultPort
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Config) Validate() error {
	var p problems.Problems
	if c.Name == "" {
		p.Want("Name", c.Name, `a name ("shop-api")`)
	}
	before := p.Len()
	if token.Is(c.URL) {
		p.Want("URL", c.URL, "an address that is written out: host and path are configured apart")
	} else if shape.CheckEndpoint(&p, "URL", c.URL, c.URL); p.Len() == before {
		if u, err := url.Parse(c.URL); err == nil && len(u.RequestURI()) > maxPath {
			p.Want("URL", c.URL, "a path of at most %d characters", maxPath)
		}
	}
	if n := len(c.Contains); n > maxContains {
		p.Want("Contains", c.Contains, "at most %d characters", maxContains)
	}
	if s := c.EverySeconds; s != 0 && s != fastEvery && s != defaultEvery {
		p.Want("EverySeconds", s, "%d or %d, or 0 for %d: Route 53 knows no others", fastEvery, defaultEvery, defaultEvery)
	}
	if n := c.Failures; n < 0 || n > mostFailures {
		p.Want("Failures", n, "1 to %d calls in a row, or 0 for %d", mostFailures, defaultFailures)
	}
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags-1)
	if value, ok := c.Tags["Name"]; ok {
		p.Want(`Tags["Name"]`, value, "another key: Name is in this tag")
	}
	p.CheckTexts("", c)
	return p.Err()
}

// Resource is the check as something that is watched, under a key. It belongs in a
// Monitoring of us-east-1: kinds.GlobalRegion.
func (h *HealthCheck) Resource(key string) kinds.HealthCheck {
	return kinds.HealthCheck{Key: key, ID: h.id}
}

// Node returns the construct that everything is in, for aspects and for adding more.
func (h *HealthCheck) Node() constructs.Construct { return h.node }

// ID returns the id of the check, a Terraform reference.
func (h *HealthCheck) ID() string { return h.id }

// ARN returns the ARN of the check, a Terraform reference.
func (h *HealthCheck) ARN() string { return h.arn }
