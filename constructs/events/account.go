package events

import (
	"fmt"
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/problems"
)

// Account tells of what concerns the whole account, in this region. One configuration
// in an account has it: with two, everybody is told twice. Of root's log-ins tells
// [RootLogin].
type Account struct {
	// HealthServices are the services whose public events are told, as AWS Health names
	// them: "RDS". Events about the account's own resources are always told. Default: only
	// those.
	HealthServices []string
}

var healthService = regexp.MustCompile(`^[A-Z0-9_]+$`)

// Validate implements [Source].
func (a Account) Validate() error {
	var p problems.Problems
	for i, s := range a.HealthServices {
		if !healthService.MatchString(s) {
			p.Want(fmt.Sprintf("HealthServices[%d]", i), s, `a service as AWS Health names it ("RDS")`)
		}
	}
	return p.Err()
}

// Rules implements [Source].
func (a Account) Rules() []Rule {
	health := Pattern{"eventScopeCode": Is("ACCOUNT_SPECIFIC")}
	if len(a.HealthServices) > 0 {
		var services []any
		for _, s := range a.HealthServices {
			services = append(services, s)
		}
		health = Pattern{or: Either(health, Pattern{"service": services})}
	}
	certificate := func(detailType string) Pattern {
		return Pattern{"source": Is("aws.acm"), "detail-type": Is(detailType)}
	}
	finding := func(comparisons ...any) Pattern {
		return Pattern{
			"source": Is("aws.guardduty"), "detail-type": Is("GuardDuty Finding"),
			"detail": Pattern{"severity": Is(Numeric(comparisons...))},
		}
	}
	const found, place = "GuardDuty: <$.detail.title>, severity <$.detail.severity>", "<$.detail.type>, finding <$.detail.id>"
	rules := []Rule{
		{
			Key: "health-event", Severity: monitoring.Warning,
			Pattern: Pattern{"source": Is("aws.health"), "detail-type": Is("AWS Health Event"), "detail": health},
			Title:   "AWS Health, <$.detail.service>: <$.detail.eventDescription[0].latestDescription>",
			Where:   "<$.detail.eventTypeCode>, <$.resources[0]>",
			First:   "Look whether the application is affected. For planned work, choose the time before AWS does.",
		},
		{
			Key: "certificate-expiring", Severity: monitoring.Warning, Pattern: certificate("ACM Certificate Approaching Expiration"),
			Title: "The certificate of <$.detail.CommonName> ends in <$.detail.DaysToExpiry> days", Where: "<$.resources[0]>",
			First: "Look why it has not renewed itself: the DNS record that proves the domain, or an import that somebody has to repeat.",
		},
		{
			Key: "certificate-expired", Severity: monitoring.Critical, Pattern: certificate("ACM Certificate Expired"),
			Title: "The certificate of <$.detail.CommonName> has ended", Where: "<$.resources[0]>",
			First: "Browsers refuse the site where it is used: put a valid certificate on the listener.",
		},
		{
			Key: "backup-failed", Severity: monitoring.Warning,
			Pattern: Pattern{
				"source": Is("aws.backup"), "detail-type": Is("Backup Job State Change"),
				"detail": Pattern{"state": Is("FAILED", "ABORTED", "EXPIRED", "PARTIAL")},
			},
			Title: "A backup is <$.detail.state>: <$.detail.statusMessage>",
			Where: "<$.detail.resourceArn>, job <$.detail.backupJobId>",
			First: "Read why, then start the backup again.",
		},
		{
			Key: "guardduty-warning", Severity: monitoring.Warning, Pattern: finding(">=", 4, "<", 7),
			Title: found, Where: place,
			First: "Read the finding: what was done, from where, and to what.",
		},
		{
			Key: "guardduty-critical", Severity: monitoring.Critical, Pattern: finding(">=", 7),
			Title: found, Where: place,
			First: "Read the finding and take the resource off the network: somebody is probably in it.",
		},
	}
	sections := map[string]string{"certificate-expired": "certificate-expiring", "guardduty-warning": "guardduty-finding", "guardduty-critical": "guardduty-finding"}
	for i, r := range rules {
		rules[i].Runbook = r.Key
		if section, ok := sections[r.Key]; ok {
			rules[i].Runbook = section
		}
	}
	return rules
}

// GlobalRegion is where AWS has the events of what has no region.
const GlobalRegion = "us-east-1"

// RootLogin tells that the account's root logs in to the console, or fails to. These
// are events of us-east-1, wherever the account works (CloudTrail user guide, "AWS
// Management Console sign-in events"): a rule elsewhere would never match, so that it
// belongs in a Config of that Region, with a Provider and topics there.
type RootLogin struct{}

// Validate implements [Source].
func (RootLogin) Validate() error { return nil }

// Region implements [Placed].
func (RootLogin) Region() string { return GlobalRegion }

// Rules implements [Source].
func (RootLogin) Rules() []Rule {
	return []Rule{{
		Key: "root-login", Severity: monitoring.Critical,
		Pattern: Pattern{
			"source": Is("aws.signin"), "detail-type": Is("AWS Console Sign In via CloudTrail"),
			"detail": Pattern{"eventName": Is("ConsoleLogin"), "userIdentity": Pattern{"type": Is("Root")}},
		},
		Title:   "The account's root logs in: <$.detail.responseElements.ConsoleLogin>",
		Where:   "from the address <$.detail.sourceIPAddress>, second factor: <$.detail.additionalEventData.MFAUsed>",
		First:   "Ask who it was. When nobody knows, change root's password and look at what it did.",
		Runbook: "root-login",
	}}
}
