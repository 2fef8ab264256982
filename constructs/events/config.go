package events

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Name begins the name of every rule and of the queue: 1 to 62 of A-Z a-z 0-9 - _
	Name string
	// Region is the AWS region of the rules and the topics: "ap-southeast-2". It is that of
	// the provider: EventBridge publishes only to topics of its own region.
	Region string
	// Provider is the alias of the AWS provider that makes everything. Default: the
	// provider of the stack that has no alias.
	Provider string
	// Topics are the ARNs of the topics that are told of each severity. Their policies
	// have to let EventBridge in, and so have the policies of their keys: those of a
	// monitoring.Monitoring do when its Config.Publishers has [Config.Publisher].
	Topics map[monitoring.Severity][]string
	// Sources are what is told: single rules and what the kinds here return.
	Sources []Source
	// Tune changes single rules, by their keys. Default: no changes.
	Tune map[string]Tuning
	// RunbookURL is the document that messages link to, with a section for each
	// Rule.Runbook: an http or https URL without a fragment. Default: no links.
	RunbookURL string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Source is what sends events: a [Rule], one of the kinds here, or a kind of your own.
type Source interface {
	// Validate returns everything that is wrong, joined, or nil.
	Validate() error
	// Rules returns the rules, one for each thing that can happen.
	Rules() []Rule
}

// Placed is a source whose events are in one region only.
type Placed interface {
	Source
	// Region is the region of its events.
	Region() string
}

// Tuning changes one rule. What is not set stays as it is.
type Tuning struct {
	// Severity replaces the rule's severity. Default: unchanged.
	Severity monitoring.Severity
	// Off removes the rule. It needs a Reason. Default: false.
	Off bool
	// Reason says why the rule is off.
	Reason string
}

// Limits of EventBridge (user guide, "Amazon EventBridge quotas"; API reference,
// PutRule, PutTargets and InputTransformer).
const (
	maxRules       = 300 // of a bus, in most regions; all but those made elsewhere count here
	maxTargets     = 5
	maxName        = 64
	maxDescription = 512
	maxPattern     = 2048
	maxTemplate    = 8192
	maxPaths       = 100
	maxPath        = 256
)

// maxQueue is how long the name of a queue may be (SQS API reference, CreateQueue).
const maxQueue = 80

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (c Config) ruleName(r Rule) string { return c.Name + "-" + r.Key }

// queueName is the name of the queue of what could not be delivered.
func (c Config) queueName() string { return c.Name + "-undelivered-events" }

// Rules returns the rules that the configuration makes, as Tune has them.
func (c Config) Rules() []Rule {
	var list []Rule
	for _, s := range c.Sources {
		if isNil(s) {
			continue
		}
		for _, r := range s.Rules() {
			tuning := c.Tune[r.Key]
			if tuning.Off {
				continue
			}
			if tuning.Severity != "" {
				r.Severity = tuning.Severity
			}
			list = append(list, r)
		}
	}
	return list
}

// Publisher lets the rules publish to the topics of a monitoring.Monitoring, each to
// the topic of its severity: it belongs in Config.Publishers there.
func (c Config) Publisher() monitoring.Publisher {
	p := monitoring.Publisher{Service: principal, Sources: map[monitoring.Severity][]string{}}
	for _, r := range c.Rules() {
		if problems.IsKey(r.Key) && problems.IsKey(string(r.Severity)) {
			p.Sources[r.Severity] = append(p.Sources[r.Severity], "rule/"+c.ruleName(r))
		}
	}
	return p
}

// principal is EventBridge in policies.
const principal = "events.amazonaws.com"

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Config) Validate() error {
	var p problems.Problems
	if !token.Is(c.Name) && !namePattern.MatchString(c.Name) {
		p.Want("Name", c.Name, "letters, digits, - and _: it begins the names of the rules")
	}
	if n := len(c.queueName()); !token.Is(c.Name) && n > maxQueue {
		p.Want("Name", c.Name, "a shorter one: the name of the queue would have %d characters, and SQS allows %d", n, maxQueue)
	}
	shape.CheckRegion(&p, "Region", c.Region)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	if c.RunbookURL != "" {
		shape.CheckDocument(&p, "RunbookURL", c.RunbookURL)
	}
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags)
	c.validateSources(&p)
	c.validateTune(&p)
	c.validateTopics(&p)
	c.Sources = nil // done above
	p.CheckTexts("", c)
	return p.Err()
}

func (c Config) validateSources(p *problems.Problems) {
	if len(c.Sources) == 0 {
		p.Want("Sources", problems.Text("empty"), "at least one")
	}
	first := map[string]string{}
	count := 0
	for i, s := range c.Sources {
		at := fmt.Sprintf("Sources[%d]", i)
		if isNil(s) {
			p.Want(at, problems.Text("nil"), "a source of events")
			continue
		}
		err := s.Validate()
		p.AddIn(at, err)
		if placed, ok := s.(Placed); ok && !token.Is(c.Region) && c.Region != placed.Region() {
			p.Want(at, problems.Text("in a Config of "+c.Region), "a Config of its own with the Region %q: its events are there only", placed.Region())
		}
		rules := s.Rules()
		count += len(rules)
		for _, r := range rules {
			if other, taken := first[r.Key]; taken {
				p.Want(at, problems.Text(fmt.Sprintf("the rule %q again", r.Key)), "a Key of its own: %s has it already", other)
				continue
			}
			first[r.Key] = at
			in := fmt.Sprintf("%s (%s)", at, r.Key)
			if _, single := s.(Rule); single {
				in = at
			} else if err == nil {
				p.AddIn(in, r.Validate()) // of another team's kind
			}
			if err == nil {
				p.CheckTexts(in, r)
				r.validateLengths(p, in, c)
			}
		}
	}
	if count > maxRules {
		p.Want("Sources", problems.Text(fmt.Sprintf("%d rules", count)), "at most %d: that is what an event bus has", maxRules)
	}
}

func (c Config) validateTune(p *problems.Problems) {
	known := map[string]bool{}
	for _, s := range c.Sources {
		if !isNil(s) {
			for _, r := range s.Rules() {
				known[r.Key] = true
			}
		}
	}
	for _, key := range problems.SortedKeys(c.Tune) {
		field, tuning := fmt.Sprintf("Tune[%q]", key), c.Tune[key]
		switch {
		case !known[key]:
			p.Want(field, key, "the key of a rule: %s", problems.OneOf(key, problems.SortedKeys(known)))
		case tuning.Off && strings.TrimSpace(tuning.Reason) == "":
			p.Want(field+".Reason", tuning.Reason, "the reason why the rule is off")
		case tuning.Off && tuning.Severity != "":
			p.Want(field+".Severity", string(tuning.Severity), "none when the rule is Off")
		case !tuning.Off && tuning.Reason != "":
			p.Want(field+".Reason", tuning.Reason, "none unless the rule is Off")
		case !tuning.Off && tuning.Severity == "":
			p.Want(field, problems.Text("empty"), "a Severity, or Off")
		case tuning.Severity != "" && !problems.IsKey(string(tuning.Severity)):
			p.Want(field+".Severity", string(tuning.Severity), "a severity that Topics has, such as critical or warning")
		}
	}
}

func (c Config) validateTopics(p *problems.Problems) {
	users := map[monitoring.Severity][]string{}
	for _, r := range c.Rules() {
		if problems.IsKey(string(r.Severity)) {
			users[r.Severity] = append(users[r.Severity], r.Key)
		}
	}
	for _, s := range problems.SortedKeys(users) {
		if len(c.Topics[s]) == 0 {
			p.Want(fmt.Sprintf("Topics[%q]", s), problems.Text("empty"), "at least one topic for %s", problems.Some(users[s]))
		}
	}
	for _, s := range problems.SortedKeys(c.Topics) {
		field, arns := fmt.Sprintf("Topics[%q]", s), c.Topics[s]
		if !problems.IsKey(string(s)) {
			p.Want("Topics", string(s), "a severity that matches %s", problems.KeyPattern)
		}
		if len(arns) > maxTargets {
			p.Want(field, problems.Text(fmt.Sprintf("%d topics", len(arns))), "at most %d: a rule has no more targets", maxTargets)
		}
		for i, arn := range arns {
			at := fmt.Sprintf("%s[%d]", field, i)
			before := p.Len()
			shape.TopicARN.Check(p, at, arn)
			if p.Len() == before && !p.Has("Region") {
				shape.CheckRegionOf(p, at, arn, c.Region, "where the rules are")
			}
			if first := slices.Index(arns, arn); first < i {
				p.Want(at, arn, "each topic once: %s[%d] is the same", field, first)
			}
		}
	}
}

// validateRegion reports another region than that of the provider.
func (c Config) validateRegion(region string) error {
	var p problems.Problems
	if !token.Is(c.Region) && c.Region != region {
		p.Want("Region", c.Region, "%q, the region of the provider: rules see the events of their own region", region)
	}
	return p.Err()
}

// isNil reports whether a source is nil, or a pointer that is.
func isNil(s Source) bool {
	if s == nil {
		return true
	}
	v := reflect.ValueOf(s)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
