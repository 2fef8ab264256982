package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/problems"
)

// Publisher is a service of AWS that publishes to topics by itself, such as
// EventBridge for its rules. It may do so for what is named here, in the account and
// region of the topics, and for nothing else.
type Publisher struct {
	// Service is the service's principal: "events.amazonaws.com". Each once.
	Service string
	// Sources are what it may publish for, by the severity of the topic: the resource
	// at the end of an ARN of that service, such as "rule/shop-backup-failed".
	Sources map[Severity][]string
	// OfAccount are the severities to whose topics it may publish whatever it has to say
	// of this account: for services that do not say what it is for, such as the detection
	// of unusual costs ("costalerts.amazonaws.com").
	OfAccount []Severity
	// Global says that these ARNs have no region, as those of budgets. Default: they
	// have that of the topic.
	Global bool
}

var (
	principal = regexp.MustCompile(`^([a-z0-9-]+)(\.[a-z0-9-]+)*\.amazonaws\.com$`)
	source    = regexp.MustCompile(`^[A-Za-z0-9][\w./:@+=-]*$`)
)

func (c Config) validatePublishers(p *problems.Problems) {
	first := map[string]int{}
	// What an alarm lacks, too, is said of Notify.
	lacks := func(s Severity) bool { return len(c.Notify[s]) == 0 && !p.Has(fmt.Sprintf("Notify[%q]", s)) }
	for i, publisher := range c.Publishers {
		at := fmt.Sprintf("Publishers[%d]", i)
		if !principal.MatchString(publisher.Service) {
			p.Want(at+".Service", publisher.Service, `the principal of a service ("events.amazonaws.com")`)
		}
		if publisher.Service == "cloudwatch.amazonaws.com" {
			p.Want(at+".Service", publisher.Service, "another service: alarms may publish anyway")
		}
		if before, ok := first[publisher.Service]; ok {
			p.Want(at+".Service", publisher.Service, "each service once: Publishers[%d] is the same", before)
		} else {
			first[publisher.Service] = i
		}
		for j, s := range publisher.OfAccount {
			if lacks(s) {
				p.Want(fmt.Sprintf("%s.OfAccount[%d]", at, j), string(s), "a severity that Notify has targets for: %s", problems.OneOf(string(s), names(c.notified())))
			}
		}
		for _, s := range order(problems.SortedKeys(publisher.Sources)) {
			field := fmt.Sprintf("%s.Sources[%q]", at, s)
			if lacks(s) {
				p.Want(field, string(s), "a severity that Notify has targets for: %s", problems.OneOf(string(s), names(c.notified())))
			}
			for j, resource := range publisher.Sources[s] {
				if !source.MatchString(resource) {
					p.Want(fmt.Sprintf("%s[%d]", field, j), resource, `the resource at the end of an ARN ("rule/shop-backup-failed"), without wildcards`)
				}
			}
		}
	}
}

func names(severities []Severity) []string {
	var list []string
	for _, s := range severities {
		list = append(list, string(s))
	}
	return list
}

// arns returns the ARNs of what may publish to the topic of a severity, in the
// partition, region and account of another ARN.
func (p Publisher) arns(s Severity, beside string) []string {
	service := principal.FindStringSubmatch(p.Service)[1]
	region := ""
	if !p.Global {
		region = cdk.ARNPart(beside, cdk.ARNRegion)
	}
	var arns []string
	for _, resource := range slices.Sorted(slices.Values(p.Sources[s])) {
		arns = append(arns, fmt.Sprintf("arn:%s:%s:%s:%s:%s",
			cdk.ARNPart(beside, cdk.ARNPartition), service, region, cdk.ARNPart(beside, cdk.ARNAccount), resource))
	}
	return arns
}

// mayTell reports whether it may publish to the topic of a severity.
func (p Publisher) mayTell(s Severity) bool {
	return len(p.Sources[s]) > 0 || slices.Contains(p.OfAccount, s)
}

// sid begins the Sids of the publisher's statements: "Events".
func (p Publisher) sid() string {
	label, _, _ := strings.Cut(p.Service, ".")
	label = strings.ReplaceAll(label, "-", "")
	return strings.ToUpper(label[:1]) + label[1:]
}

// topicStatements let alarms and publishers of the account publish to a topic.
func topicStatements(topicARN string, s Severity, publishers []Publisher) []cdk.Statement {
	statements := []cdk.Statement{{
		SID:           "AlarmsOfThisAccount",
		Actions:       []string{"sns:Publish"},
		Resources:     []string{topicARN},
		PrincipalType: "Service",
		Principals:    []string{"cloudwatch.amazonaws.com"},
		Conditions:    []cdk.Condition{fromAccountOf(topicARN)},
	}}
	for _, p := range publishers {
		if !p.mayTell(s) {
			continue
		}
		conditions := []cdk.Condition{fromAccountOf(topicARN)}
		if !slices.Contains(p.OfAccount, s) {
			conditions = append(conditions, cdk.Condition{Test: "ArnEquals", Variable: "aws:SourceArn", Values: p.arns(s, topicARN)})
		}
		statements = append(statements, cdk.Statement{
			SID:           p.sid() + "OfThisAccount",
			Actions:       []string{"sns:Publish"},
			Resources:     []string{topicARN},
			PrincipalType: "Service",
			Principals:    []string{p.Service},
			Conditions:    conditions,
		})
	}
	return statements
}

// keyStatements let a publisher use the key for messages to the topics that it may
// publish to. The topics' policies say for what: EventBridge tells KMS neither
// aws:SourceAccount nor aws:SourceArn, so that a condition on them here would stop
// every message (SNS developer guide, "Managing Amazon SNS encryption keys").
func (p Publisher) keyStatements(keyARN string, cfg Config) []cdk.Statement {
	var topics []string
	for _, s := range cfg.notified() {
		if cfg.makesTopic(s) && p.mayTell(s) {
			topics = append(topics, fmt.Sprintf("arn:%s:sns:%s:%s:%s", cdk.ARNPart(keyARN, cdk.ARNPartition),
				cdk.ARNPart(keyARN, cdk.ARNRegion), cdk.ARNPart(keyARN, cdk.ARNAccount), cfg.topicName(s)))
		}
	}
	if len(topics) == 0 {
		return nil
	}
	return []cdk.Statement{{
		SID:           p.sid() + "ToTheTopics",
		Actions:       []string{"kms:Decrypt", "kms:GenerateDataKey*"},
		Resources:     []string{"*"}, // the key itself
		PrincipalType: "Service",
		Principals:    []string{p.Service},
		Conditions:    []cdk.Condition{{Test: "StringEquals", Variable: "kms:EncryptionContext:aws:sns:topicArn", Values: topics}},
	}}
}
