package monitoring

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Target is somebody or something that is told about alarms: see [Email], [HTTPS],
// [Topic] and [Action].
type Target struct {
	protocol string
	address  string
}

const (
	protocolEmail  = "email"
	protocolHTTPS  = "https"
	protocolTopic  = "sns"
	protocolAction = "action"
)

// Email sends to an address, which has to confirm the subscription once.
func Email(address string) Target { return Target{protocolEmail, address} }

// HTTPS posts to a URL, such as the integration URL of PagerDuty or Opsgenie.
// Where the URL contains a key, pass a reference to where the key is kept, so that
// it is not in the code. Terraform's state contains the URL in any case.
func HTTPS(url string) Target { return Target{protocolHTTPS, url} }

// Topic notifies an SNS topic that exists and lets CloudWatch publish to it. A
// severity with no other targets than topics and actions makes no topic of its own.
func Topic(arn string) Target { return Target{protocolTopic, arn} }

// Action is done when an alarm goes off, and not when it is over: an action of EC2
// ("arn:aws:automate:<region>:ec2:reboot"), a Lambda function, an OpsItem
// ("arn:aws:ssm:<region>:<account>:opsitem:1"), a response plan, or any other that
// CloudWatch takes (API reference, PutMetricAlarm, AlarmActions). A function's own
// policy has to let lambda.alarms.cloudwatch.amazonaws.com invoke it.
func Action(arn string) Target { return Target{protocolAction, arn} }

// isSubscription reports whether a topic has to deliver to the target.
func (t Target) isSubscription() bool {
	return t.protocol == protocolEmail || t.protocol == protocolHTTPS
}

var (
	actionARN  = regexp.MustCompile(`^arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:[^\s*]+$`)
	metricOnly = regexp.MustCompile(`^arn:aws[a-z-]*:(automate|swf|autoscaling):`)
)

// onlyMetrics reports whether composite alarms cannot do the action.
func (t Target) onlyMetrics() bool {
	return t.protocol == protocolAction && metricOnly.MatchString(t.address)
}

func (c Config) validateTarget(p *problems.Problems, field string, t Target) {
	before := p.Len()
	if t.protocol == protocolHTTPS && token.IsLone(t.address) {
		p.CheckText(field, t.address)
	}
	switch {
	case p.Len() > before || token.Is(t.address):
		return
	case t.protocol == protocolEmail:
		shape.Email.Check(p, field, t.address)
	case t.protocol == protocolHTTPS:
		shape.CheckEndpoint(p, field, t.address, problems.Text(t.shown()))
	case t.protocol == protocolTopic:
		shape.TopicARN.Check(p, field, t.address)
		for _, s := range c.notified() {
			if shape.ARNPart(t.address, shape.Resource) == c.topicName(s) && c.makesTopic(s) {
				p.Want(field, t.address, "another topic: this one is made here, for %s", s)
			}
		}
	case t.protocol == protocolAction:
		switch m := actionARN.FindStringSubmatch(t.address); {
		case m == nil:
			p.Want(field, t.address, `the ARN of an action ("arn:aws:ssm:<region>:<account>:opsitem:1")`)
		case m[1] == "sns":
			p.Want(field, t.address, "a Topic: topics are told when an alarm is over, too")
		}
	default:
		p.Want(field, t.address, "an Email, HTTPS, Topic or Action")
	}
	if p.Len() == before && (t.protocol == protocolTopic || t.protocol == protocolAction) && !p.Has("Region") {
		shape.CheckRegionOf(p, field, t.address, c.Region, inRegion)
	}
}

// same is equal for targets that reach the same place. Domains are not case
// sensitive, and no mail server in use treats the rest as such.
func (t Target) same() string {
	if t.protocol == protocolEmail {
		return strings.ToLower(t.address)
	}
	return t.address
}

var origin = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9+.-]*)://([A-Za-z0-9.-]+(?::\d+)?)?(.*)`)

// shown is the address as messages may show it. The path of a URL is often a key,
// and so may be anything else in a URL with a slip in it: no more than scheme and
// host are shown, and they only where they are sure to be that.
func (t Target) shown() string {
	if t.protocol != protocolHTTPS {
		return strconv.Quote(t.address)
	}
	hidden := fmt.Sprintf("… (%d characters)", len(t.address))
	m := origin.FindStringSubmatch(t.address)
	switch {
	case m == nil:
		return hidden
	case m[2] == "" || m[3] != "" && !strings.ContainsAny(m[3][:1], "/?#"):
		return strconv.Quote(m[1]+"://…") + fmt.Sprintf(" (%d characters)", len(t.address))
	default:
		return strconv.Quote(m[1] + "://" + m[2] + "/…")
	}
}

var notInID = regexp.MustCompile("[^a-z0-9]+")

// subscriptionID is the construct id of a target's subscription. It depends on the
// target alone, so that removing one leaves the others where they are. resolved
// is the address with references written out.
func (t Target) subscriptionID(resolved string) string {
	name := resolved
	if t.protocol == protocolHTTPS {
		if parsed, err := url.Parse(resolved); err == nil {
			name = parsed.Host
		}
	}
	if token.Is(resolved) {
		name = "reference"
	}
	slug := strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	hash := sha256.Sum256([]byte(t.protocol + ":" + resolved))
	return fmt.Sprintf("%s-%s-%x", t.protocol, slug, hash[:3])
}

// newTopic makes the topic of one severity with its policy and subscriptions.
func newTopic(scope cdk.Scope, severity Severity, cfg Config, keyARN string) cdk.TopicRef {
	node := cdk.NewNode(scope, string(severity), nil)
	topic := cdk.NewTopic(node, "topic", cdk.Topic{
		Name:      cfg.topicName(severity),
		KMSKeyARN: keyARN,
		Tags:      cfg.Tags,
	})
	cdk.NewTopicPolicy(node, "policy", cdk.TopicPolicy{
		TopicARN: topic.ARN,
		Policy:   cdk.NewPolicyDocument(node, "policy-document", cdk.PolicyDocument{Statements: topicStatements(topic.ARN, severity, cfg.Publishers)}).JSON,
	})
	first := map[string]int{}
	for i, t := range cfg.Notify[severity] {
		if !t.isSubscription() {
			continue
		}
		resolved := cdk.Ref(node, t.address)
		if before, ok := first[t.protocol+resolved]; ok {
			// Two tokens may stand for one reference, which is known only here.
			var p problems.Problems
			p.Want(fmt.Sprintf("Notify[%q][%d]", severity, i), resolved, "each target once: Notify[%q][%d] is the same", severity, before)
			cdk.AddProblems(scope, p.Err())
			continue
		}
		first[t.protocol+resolved] = i
		cdk.NewSubscription(node, t.subscriptionID(resolved), cdk.Subscription{
			TopicARN: topic.ARN, Protocol: t.protocol, Endpoint: t.address,
		})
	}
	return topic
}

// newTopicKey makes a key that CloudWatch and the publishers may use, and returns its ARN. CloudWatch
// cannot publish to a topic that is encrypted with the AWS managed key.
func newTopicKey(scope cdk.Scope, cfg Config) string {
	key := cdk.NewKey(scope, "key", cdk.Key{
		Alias: cfg.keyAlias(), Description: "Encrypts alarm notifications of " + cfg.Name, Tags: cfg.Tags,
	})
	// In a key policy the resource "*" is the key itself.
	itself := []string{"*"}
	statements := []cdk.Statement{
		{
			SID: "IdentityPoliciesOfThisAccount",
			Actions: []string{
				"kms:CancelKeyDeletion",
				"kms:CreateAlias",
				"kms:Decrypt",
				"kms:DeleteAlias",
				"kms:DescribeKey",
				"kms:DisableKey",
				"kms:DisableKeyRotation",
				"kms:EnableKey",
				"kms:EnableKeyRotation",
				"kms:GenerateDataKey",
				"kms:GetKeyPolicy",
				"kms:GetKeyRotationStatus",
				"kms:ListKeyPolicies",
				"kms:ListResourceTags",
				"kms:PutKeyPolicy",
				"kms:ScheduleKeyDeletion",
				"kms:TagResource",
				"kms:UntagResource",
				"kms:UpdateAlias",
				"kms:UpdateKeyDescription",
			},
			Resources:     itself,
			PrincipalType: "AWS",
			Principals: []string{fmt.Sprintf("arn:%s:iam::%s:root",
				cdk.ARNPart(key.ARN, cdk.ARNPartition), cdk.ARNPart(key.ARN, cdk.ARNAccount))},
		},
		{
			SID:           "AlarmsOfThisAccount",
			Actions:       []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources:     itself,
			PrincipalType: "Service",
			Principals:    []string{"cloudwatch.amazonaws.com"},
			Conditions:    []cdk.Condition{fromAccountOf(key.ARN)},
		},
	}
	for _, p := range cfg.Publishers {
		statements = append(statements, p.keyStatements(key.ARN, cfg)...)
	}
	policy := cdk.NewPolicyDocument(scope, "key-policy-document", cdk.PolicyDocument{Statements: statements}).JSON
	cdk.NewKeyPolicy(scope, "key-policy", cdk.KeyPolicy{KeyID: key.ID, Policy: policy})
	return key.ARN
}

func fromAccountOf(arn string) cdk.Condition {
	return cdk.Condition{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{cdk.ARNPart(arn, cdk.ARNAccount)}}
}
