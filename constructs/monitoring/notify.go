package monitoring

import (
	"crypto/sha256"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Target is somebody or something that is told about alarms: see [Email], [HTTPS]
// and [Topic].
type Target struct {
	protocol string
	address  string
}

// Email sends to an address, which has to confirm the subscription once.
func Email(address string) Target { return Target{"email", address} }

// HTTPS posts to a URL, such as the integration URL of PagerDuty or Opsgenie.
// Where the URL contains a key, pass a reference to where the key is kept, so that
// it is not in the code. Terraform's state contains the URL in any case.
func HTTPS(url string) Target { return Target{"https", url} }

// Topic notifies an SNS topic that exists and lets CloudWatch publish to it.
func Topic(arn string) Target { return Target{"sns", arn} }

func (t Target) validate(p *problems.Problems, field string) {
	if token.Is(t.address) {
		return
	}
	switch t.protocol {
	case "email":
		parsed, err := mail.ParseAddress(t.address)
		if err != nil || parsed.Address != t.address || !strings.Contains(domain(t.address), ".") {
			p.Want(field, t.address, `an e-mail address ("name@example.com")`)
		}
	case "https":
		parsed, err := url.Parse(t.address)
		if err != nil || parsed.Scheme != "https" || parsed.Host == "" {
			p.Want(field, t.shown(), `a URL that begins with "https://"`)
		}
	case "sns":
		if !problems.IsARN(t.address, "sns", "") {
			p.Want(field, t.address, `the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>")`)
		}
	default:
		p.Want(field, t.address, "an Email, HTTPS or Topic")
	}
}

// same is equal for targets that reach the same place. Domains are not case
// sensitive, and no mail server in use treats the rest as such.
func (t Target) same() string {
	if t.protocol == "email" {
		return strings.ToLower(t.address)
	}
	return t.address
}

// shown is the address as messages may show it: the path of a URL is often a key.
func (t Target) shown() string {
	parsed, err := url.Parse(t.address)
	if t.protocol != "https" || err != nil || parsed.Host == "" {
		return t.address
	}
	return parsed.Scheme + "://" + parsed.Host + "/…"
}

func domain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

var notInID = regexp.MustCompile("[^a-z0-9]+")

// subscriptionID is the construct id of a target's subscription. It depends on the
// target alone, so that removing one leaves the others where they are. resolved
// is the address with references written out.
func (t Target) subscriptionID(resolved string) string {
	name := resolved
	if t.protocol == "https" {
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

// newTopic makes the topic of one severity with its policy and subscriptions and
// returns its ARN.
func newTopic(scope cdk.Scope, severity Severity, cfg Config, keyARN string) string {
	node := cdk.NewNode(scope, string(severity), nil)
	topic := cdk.NewTopic(node, "topic", cdk.Topic{
		Name:      cfg.topicName(severity),
		KMSKeyARN: keyARN,
		Tags:      cfg.Tags,
	})
	cdk.NewTopicPolicy(node, "policy", topic, cdk.PolicyDocument(node, "policy-document", cdk.Statement{
		SID:           "AlarmsOfThisAccount",
		Actions:       []string{"sns:Publish"},
		Resources:     []string{topic},
		PrincipalType: "Service",
		Principals:    []string{"cloudwatch.amazonaws.com"},
		Conditions:    []cdk.Condition{fromAccountOf(topic)},
	}))
	for _, t := range cfg.Notify[severity] {
		if t.protocol != "sns" {
			cdk.NewSubscription(node, t.subscriptionID(cdk.Ref(node, t.address)), topic, t.protocol, t.address)
		}
	}
	return topic
}

// newTopicKey makes a key that CloudWatch may use, and returns its ARN. CloudWatch
// cannot publish to a topic that is encrypted with the AWS managed key.
func newTopicKey(scope cdk.Scope, cfg Config) string {
	key, id := cdk.NewKey(scope, "key", cfg.keyAlias(), "Encrypts alarm notifications of "+cfg.Name, cfg.Tags)
	// In a key policy the resource "*" is the key itself.
	itself := []string{"*"}
	cdk.NewKeyPolicy(scope, "key-policy", id, cdk.PolicyDocument(scope, "key-policy-document",
		cdk.Statement{
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
				cdk.ARNPart(key, cdk.ARNPartition), cdk.ARNPart(key, cdk.ARNAccount))},
		},
		cdk.Statement{
			SID:           "AlarmsOfThisAccount",
			Actions:       []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources:     itself,
			PrincipalType: "Service",
			Principals:    []string{"cloudwatch.amazonaws.com"},
			Conditions:    []cdk.Condition{fromAccountOf(key)},
		},
	))
	return key
}

func fromAccountOf(arn string) cdk.Condition {
	return cdk.Condition{Test: "StringEquals", Variable: "aws:SourceAccount", Value: cdk.ARNPart(arn, cdk.ARNAccount)}
}
