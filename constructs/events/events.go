// Package events tells people what AWS says about itself: a deployment that failed, a
// task that was killed, a failover, a certificate that ends, a backup that did not
// happen, a secret that somebody reads. Rules of EventBridge send readable messages to
// the topics that alarms use. What cannot be delivered is kept in a queue, which an
// alarm watches.
//
// Rules see the events of their own region and account. Those that come from
// CloudTrail need a trail in the account that logs management events.
package events

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

const (
	// maxAge is how long EventBridge tries to deliver a message. Its default of a day
	// would keep the alarm on the queue quiet as long.
	maxAge = time.Hour
	// retention is how long what could not be delivered is kept: SQS's maximum.
	retention = 14 * 24 * time.Hour
)

// Events is what [New] made in a stack. What its methods return may be Terraform
// references.
type Events struct {
	node     cdk.Scope
	rules    map[string]cdk.EventRuleRef
	queueURL string
}

// New makes the rules below scope, usually a stack. What is wrong with the
// configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Events {
	invalid := cfg.Validate()
	e := &Events{node: cdk.NewNode(scope, id, invalid), rules: map[string]cdk.EventRuleRef{}, queueURL: cdk.Invalid}
	cdk.TakeNames(e.node, cfg.Provider, cfg.names())
	cdk.CheckProvider(e.node, cfg.Provider, cfg.validateRegion)
	if invalid != nil {
		return e
	}
	queue := e.makeQueue(cfg)
	e.queueURL = queue.URL
	for _, r := range cfg.Rules() {
		e.makeRule(cfg, r, queue.ARN)
	}
	if cfg.Provider != "" {
		cdk.UseProvider(e.node, cfg.Provider)
	}
	return e
}

// names are what others must not be called.
func (c Config) names() []cdk.Name {
	if token.Is(c.Name) {
		return []cdk.Name{{Of: "event rules", Name: c.Name, Field: "Name"}}
	}
	names := []cdk.Name{{Of: "queue", Name: c.queueName(), Field: "Name"}}
	for _, r := range c.Rules() {
		names = append(names, cdk.Name{Of: "event rule", Name: c.ruleName(r), Field: "Name"})
	}
	return names
}

// makeQueue makes the queue of what could not be delivered. Only the rules may send to
// it.
func (e *Events) makeQueue(cfg Config) cdk.QueueRef {
	beside := cfg.anyTopic()
	arn := func(service, resource string) string {
		return fmt.Sprintf("arn:%s:%s:%s:%s:%s", cdk.ARNPart(beside, cdk.ARNPartition), service,
			cdk.ARNPart(beside, cdk.ARNRegion), cdk.ARNPart(beside, cdk.ARNAccount), resource)
	}
	list := cfg.Rules()
	slices.SortFunc(list, func(a, b Rule) int { return strings.Compare(a.Key, b.Key) })
	var rules []string
	for _, r := range list {
		rules = append(rules, arn("events", "rule/"+cfg.ruleName(r)))
	}
	policy := cdk.NewPolicyDocument(e.node, "queue-policy-document", cdk.PolicyDocument{Statements: []cdk.Statement{{
		SID:           "UndeliveredOfTheseRules",
		Actions:       []string{"sqs:SendMessage"},
		Resources:     []string{arn("sqs", cfg.queueName())},
		PrincipalType: "Service",
		Principals:    []string{principal},
		Conditions: []cdk.Condition{
			{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{cdk.ARNPart(beside, cdk.ARNAccount)}},
			{Test: "ArnEquals", Variable: "aws:SourceArn", Values: rules},
		},
	}}})
	return cdk.NewQueue(e.node, "queue", cdk.Queue{Name: cfg.queueName(), Policy: policy.JSON, Retention: retention, Tags: cfg.Tags})
}

// anyTopic is an ARN that has the partition, region and account of the rules.
func (c Config) anyTopic() string {
	return c.Topics[problems.SortedKeys(c.Topics)[0]][0]
}

func (e *Events) makeRule(cfg Config, r Rule, queueARN string) {
	pattern, err := r.Pattern.JSON()
	cdk.AddProblems(e.node, err)
	rule := cdk.NewEventRule(e.node, r.Key, cdk.EventRule{
		Name:        cfg.ruleName(r),
		Description: r.description(cfg.RunbookURL),
		Pattern:     pattern,
		ReadCalls:   r.ReadCalls,
		Tags:        cfg.Tags,
	})
	e.rules[r.Key] = rule
	m := r.message(cfg.ruleName(r), cfg.RunbookURL)
	for _, topic := range cfg.Topics[r.Severity] {
		// It depends on the topic alone, so that removing one leaves the others where they
		// are.
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(cdk.Ref(e.node, topic))))[:6]
		cdk.NewEventTarget(e.node, r.Key+"-to-"+hash, cdk.EventTarget{
			Rule: rule, ID: "topic-" + hash, ARN: topic,
			Template: m.Template, Paths: m.Paths,
			MaxAge: maxAge, DeadLetters: queueARN,
		})
	}
}

// Node returns the construct that everything is in, for aspects and for adding more.
func (e *Events) Node() constructs.Construct { return e.node }

// Rules returns the constructs of the rules by their keys, for overrides: each a
// cloudwatcheventrule.CloudwatchEventRule of the AWS bindings.
func (e *Events) Rules() map[string]constructs.Construct {
	all := map[string]constructs.Construct{}
	for key, rule := range e.rules {
		all[key] = rule.Construct
	}
	return all
}

// RuleARNs returns the ARN of every rule by its key.
func (e *Events) RuleARNs() map[string]string {
	all := map[string]string{}
	for key, rule := range e.rules {
		all[key] = rule.ARN
	}
	return all
}

// QueueURL returns the address of the queue of what could not be delivered.
func (e *Events) QueueURL() string { return e.queueURL }

// Undelivered watches the queue of what could not be delivered: it belongs in the
// Resources of the monitoring.Monitoring whose topics the rules use.
func (c Config) Undelivered() monitoring.Resource { return undelivered{c.queueName()} }
