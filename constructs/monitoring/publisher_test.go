package monitoring

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPublisherErrors(t *testing.T) {
	cfg := application()
	cfg.Publishers = []Publisher{
		{Service: "events.amazonaws.com", Sources: map[Severity][]string{Critical: {"rule/shop-backup-failed"}}},
		{Service: "events", Sources: map[Severity][]string{"page": {"rule/x"}, Critical: {"rule/*", ""}}},
		{Service: "events.amazonaws.com"},
		{Service: "cloudwatch.amazonaws.com"},
	}
	want := strings.Join([]string{
		`Publishers[1].Service: is "events", want the principal of a service ("events.amazonaws.com")`,
		`Publishers[1].Sources["critical"][0]: is "rule/*", want the resource at the end of an ARN ("rule/shop-backup-failed"), without wildcards`,
		`Publishers[1].Sources["critical"][1]: is "", want the resource at the end of an ARN ("rule/shop-backup-failed"), without wildcards`,
		`Publishers[1].Sources["page"]: is "page", want a severity that Notify has targets for: one of critical, warning`,
		`Publishers[2].Service: is "events.amazonaws.com", want each service once: Publishers[0] is the same`,
		`Publishers[3].Service: is "cloudwatch.amazonaws.com", want another service: alarms may publish anyway`,
	}, "\n")
	err := cfg.Validate()
	if err == nil {
		t.Fatal("is accepted")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// What publishes nothing of a severity gets nothing in the policy of that topic, and a
// key is for topics that are made here.
func TestPublisherStatements(t *testing.T) {
	p := Publisher{Service: "codestar-notifications.amazonaws.com", Sources: map[Severity][]string{Warning: {"rule/x"}}}
	if n := len(topicStatements("arn:aws:sns:ap-southeast-2:000000000000:shop-critical", Critical, []Publisher{p})); n != 1 {
		t.Errorf("%d statements in the policy of the other topic, want that of the alarms", n)
	}
	cfg := application()
	cfg.Notify = map[Severity][]Target{Critical: {Email("oncall@example.com")}, Warning: {Topic("arn:aws:sns:ap-southeast-2:000000000000:team")}}
	if got := p.keyStatements("arn:aws:kms:ap-southeast-2:000000000000:key/1", cfg); len(got) != 0 {
		t.Errorf("the key is for %+v, want nothing: the topic is somebody else's", got)
	}
	if got := p.sid(); got != "Codestarnotifications" {
		t.Errorf("Sids begin with %q, which IAM refuses", got)
	}
}
