package events

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
)

func order() Rule {
	return Rule{
		Key: "order-lost", Severity: monitoring.Warning, Title: "An order was lost", First: "Look into the shop's log.",
		Pattern: Pattern{"source": Is("shop"), "detail-type": Is("order lost")},
	}
}

// kind of another team, by pointer.
type shelf struct{ rules []Rule }

func (s *shelf) Validate() error { return nil }
func (s *shelf) Rules() []Rule   { return s.rules }

func TestConfigErrors(t *testing.T) {
	if err := shop().Validate(); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Config)) Config {
		cfg := shop()
		change(&cfg)
		return cfg
	}
	rule := func(change func(*Rule)) Config {
		r := order()
		change(&r)
		return with(func(c *Config) { c.Sources = []Source{r} })
	}
	for name, tt := range map[string]struct {
		cfg  Config
		want []string
	}{
		"nothing": {Config{}, []string{
			`Name: is "", want letters, digits, - and _: it begins the names of the rules`,
			`Region: is "", want an AWS region ("ap-southeast-2")`,
			"Sources: is empty, want at least one",
		}},
		"all at once": {with(func(c *Config) {
			c.Name, c.Region, c.Provider, c.RunbookURL = "my shop", "sydney", "aws.sydney", "runbook.md"
			c.Tags = map[string]string{"aws:x": "y"}
		}), []string{
			`Name: is "my shop", want letters, digits, - and _: it begins the names of the rules`,
			`Region: is "sydney", want an AWS region ("ap-southeast-2")`,
			`Provider: is "aws.sydney", want the alias of an AWS provider: "sydney"`,
			`RunbookURL: is "runbook.md", want a URL that begins with "https://" or "http://"`,
			`Tags["aws:x"]: is "aws:x", want a key that does not begin with "aws:", which AWS keeps for itself`,
		}},
		"sources": {with(func(c *Config) {
			var none *shelf
			c.Sources = []Source{
				nil, none,
				ECSCluster{Key: "My ECS", Cluster: "arn:aws:ecs:ap-southeast-2:123456789012:cluster/shop"},
				RDS{Instance: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
				ElastiCache{ReplicationGroup: "Shop"},
				Secret{Name: secretARN, ARN: "shop/app-secrets"},
				Secret{Key: "two", Name: "x", ARN: secretARN, Readers: []string{"arn:aws:iam::123456789012:role/a"}},
				Account{HealthServices: []string{"rds"}},
				order(), order(),
			}
		}), []string{
			"Sources[0]: is nil, want a source of events",
			"Sources[1]: is nil, want a source of events",
			`Sources[2].Key: is "My ECS", want a key that matches [a-z][a-z0-9-]*, or none`,
			`Sources[2].Cluster: is "arn:aws:ecs:ap-southeast-2:123456789012:cluster/shop", want the name of an ECS cluster: "shop"`,
			`Sources[3].Instance: is "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", want the DB instance identifier ("shop-postgres"), not the resource id`,
			`Sources[4].ReplicationGroup: is "Shop", want a replication group id ("shop-redis"): 1 to 40 of a-z 0-9 -, a letter first, no "--", no "-" at the end`,
			`Sources[5].Name: is "` + secretARN[:80] + `"… (81 characters), want the name of a secret: "shop/app-secrets"`,
			`Sources[5].ARN: is "shop/app-secrets", want the ARN of a secret ("arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>"): the whole ARN, with the six characters that AWS has added`,
			"Sources[5].Readers: is empty, want at least one role: else every start of a task is told",
			`Sources[6].Readers[0]: is "arn:aws:iam::123456789012:role/a", want the name of a role: "a"`,
			`Sources[7].HealthServices[0]: is "rds", want a service as AWS Health names it ("RDS")`,
			`Sources[9]: is the rule "order-lost" again, want a Key of its own: Sources[8] has it already`,
		}},
		"a source of another region": {with(func(c *Config) { c.Sources = []Source{order(), RootLogin{}} }), []string{
			`Sources[1]: is in a Config of ap-southeast-2, want a Config of its own with the Region "us-east-1": its events are there only`,
		}},
		"a rule": {rule(func(r *Rule) { *r = Rule{Key: "Order Lost", Severity: "Loud", Where: "in\nlines"} }), []string{
			`Sources[0].Key: is "Order Lost", want a key that matches [a-z][a-z0-9-]*`,
			`Sources[0].Severity: is "Loud", want a severity that Topics has, such as critical or warning`,
			"Sources[0].Pattern: is empty, want at least one field",
			`Sources[0].Title: is "", want what has happened`,
			`Sources[0].First: is "", want what to do first`,
			`Sources[0].Where: is "in\nlines", want one line`,
		}},
		"texts": {rule(func(r *Rule) {
			r.Title, r.Where, r.First = "<reason> of <$.detail.id>", "<$.detail['x']>", "Look at <$.detail.url>"
		}), []string{
			`Sources[0].Title: is "<reason> of <$.detail.id>", want no "<" and ">" other than around the path of a value ("<$.detail.reason>"), which EventBridge cannot escape`,
			`Sources[0].Where: is "<$.detail['x']>", want no "<" and ">" other than around the path of a value ("<$.detail.reason>"), which EventBridge cannot escape`,
			`Sources[0].First: is "Look at <$.detail.url>", want no "<" and ">" other than around the path of a value ("<$.detail.reason>"), which EventBridge cannot escape`,
		}},
		"a lone reference": {rule(func(r *Rule) { r.Title = "costs ${" }), []string{
			`Sources[0].Title: is a text with a lone "${" or "%{", want "$${" or "%%{" for the characters themselves`,
		}},
		"another team's kind": {with(func(c *Config) {
			bad := order()
			bad.Pattern = nil
			c.Sources = []Source{&shelf{[]Rule{bad}}}
		}), []string{
			"Sources[0] (order-lost).Pattern: is empty, want at least one field",
		}},
		"lengths": {with(func(c *Config) {
			c.Name = strings.Repeat("x", 62)
			long := order()
			long.First = strings.Repeat("y", 500)
			long.Title = strings.Repeat("z", 8000)
			many := order()
			many.Key = "many"
			for i := range 101 {
				many.Title += fmt.Sprintf(" <$.detail.v%d>", i)
			}
			many.Where = "<$." + strings.Repeat("p", 260) + ">"
			c.Sources = []Source{long, many}
		}), []string{
			`Name: is "` + strings.Repeat("x", 62) + `", want a shorter one: the name of the queue would have 81 characters, and SQS allows 80`,
			"Sources[0].Key: is 73 characters, want at most 64: that is what AWS allows for the name of the rule, " + strings.Repeat("x", 62) + "-order-lost",
			"Sources[0].First: is 537 characters, want at most 512: that is what AWS allows for the description of the rule",
			"Sources[0].Title: is 8686 characters, want at most 8192: that is what AWS allows for the message",
			"Sources[1].Key: is 67 characters, want at most 64: that is what AWS allows for the name of the rule, " + strings.Repeat("x", 62) + "-many",
			"Sources[1].Title: is 105 values of the event, want at most 100 in a message",
			"Sources[1].Title: is 262 characters, want at most 256: that is what AWS allows for the path of a value",
		}},
		"more rules than a bus has": {with(func(c *Config) {
			var rules []Rule
			for i := range 301 {
				r := order()
				r.Key = fmt.Sprintf("order-%d", i)
				rules = append(rules, r)
			}
			c.Sources = []Source{&shelf{rules}}
		}), []string{"Sources: is 301 rules, want at most 300: that is what an event bus has"}},
		"topics": {with(func(c *Config) {
			const one = "arn:aws:sns:ap-southeast-2:123456789012:one"
			c.Topics = map[monitoring.Severity][]string{
				"Loud":              {one},
				monitoring.Critical: {one, "oncall@example.com", "arn:aws:sns:us-east-1:123456789012:far", one, one + ".fifo", "${aws_sns_topic.x.arn}"},
			}
		}), []string{
			`Topics["warning"]: is empty, want at least one topic for ecs-deployment-failed, ecs-task-out-of-memory, ecs-task-failed and 8 more`,
			`Topics: is "Loud", want a severity that matches [a-z][a-z0-9-]*`,
			`Topics["critical"]: is 6 topics, want at most 5: a rule has no more targets`,
			`Topics["critical"][1]: is "oncall@example.com", want the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>"): with region, account and name`,
			`Topics["critical"][2]: is "arn:aws:sns:us-east-1:123456789012:far", want one of ap-southeast-2, where the rules are`,
			`Topics["critical"][3]: is "` + "arn:aws:sns:ap-southeast-2:123456789012:one" + `", want each topic once: Topics["critical"][0] is the same`,
			`Topics["critical"][4]: is "arn:aws:sns:ap-southeast-2:123456789012:one.fifo", want the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>"), not a FIFO topic, to which CloudWatch cannot publish`,
		}},
		"tune": {with(func(c *Config) {
			c.Tune = map[string]Tuning{
				"ecs-task-faild":       {Off: true, Reason: "x"},
				"ecs-task-failed":      {Off: true},
				"rds-failover":         {Off: true, Reason: "x", Severity: "page"},
				"rds-failure":          {Severity: monitoring.Warning, Reason: "x"},
				"rds-low-storage":      {},
				"secret-deleted":       {Severity: "Loud"},
				"certificate-expiring": {Severity: "page"},
			}
		}), []string{
			`Tune["ecs-task-faild"]: is "ecs-task-faild", want the key of a rule: one of ecs-task-failed, backup-failed, ecs-task-not-started (the nearest of 17)`,
			`Tune["ecs-task-failed"].Reason: is "", want the reason why the rule is off`,
			`Tune["rds-failover"].Severity: is "page", want none when the rule is Off`,
			`Tune["rds-failure"].Reason: is "x", want none unless the rule is Off`,
			`Tune["rds-low-storage"]: is empty, want a Severity, or Off`,
			`Tune["secret-deleted"].Severity: is "Loud", want a severity that Topics has, such as critical or warning`,
			`Topics["page"]: is empty, want at least one topic for certificate-expiring`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := tt.cfg.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(strings.Join(tt.want, "\n"), got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReferencesPass(t *testing.T) {
	cfg := shop()
	cfg.Name, cfg.Region, cfg.RunbookURL = "${var.name}", "${var.region}", "${var.runbook}"
	cfg.Topics = map[monitoring.Severity][]string{monitoring.Critical: {"${a.arn}"}, monitoring.Warning: {"${b.arn}"}}
	cfg.Sources = []Source{
		ECSCluster{Cluster: "${var.cluster}"},
		RDS{Instance: "${var.instance}"},
		ElastiCache{ReplicationGroup: "${var.group}"},
		Secret{Name: "${var.secret}", ARN: "${aws_secret.x.arn}", Readers: []string{"${var.role}"}},
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTune(t *testing.T) {
	cfg := shop()
	cfg.Tune = map[string]Tuning{
		"ecs-task-failed": {Off: true, Reason: "jobs end so"},
		"rds-failover":    {Severity: monitoring.Critical},
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	severities := map[string]monitoring.Severity{}
	for _, r := range cfg.Rules() {
		severities[r.Key] = r.Severity
	}
	if _, on := severities["ecs-task-failed"]; on || severities["rds-failover"] != monitoring.Critical || len(severities) != 16 {
		t.Errorf("rules are %v", severities)
	}
	publisher := cfg.Publisher()
	if diff := cmp.Diff([]string{"rule/shop-rds-failover", "rule/shop-rds-low-storage"}, publisher.Sources[monitoring.Critical][:2]); diff != "" {
		t.Errorf("what may publish critical messages (-want +got):\n%s", diff)
	}
	if n := len(publisher.Sources[monitoring.Critical]) + len(publisher.Sources[monitoring.Warning]); n != 16 {
		t.Errorf("%d rules may publish, want 16", n)
	}
}

// Placeholders of two paths that would have one name stay apart.
func TestMessagePlaceholders(t *testing.T) {
	r := order()
	r.Title, r.Where = `"a" \ <$.detail.a_b>, <$.detail.a.b>`, "<$.detail.a.b>, <$.resources[1]>"
	got := r.message("shop-order-lost", "")
	want := message{
		Template: `"WARNING: \"a\" \\ <detail_a_b>, <detail_a_b_2>"` + "\n" +
			`"Where: <detail_a_b_2>, <resources_1>"` + "\n" +
			`"In <region>, account <account>, at <time>"` + "\n" +
			`"First: Look into the shop's log."` + "\n" +
			`"Rule: shop-order-lost"`,
		Paths: map[string]string{
			"detail_a_b": "$.detail.a_b", "detail_a_b_2": "$.detail.a.b", "resources_1": "$.resources[1]",
			"region": "$.region", "account": "$.account", "time": "$.time",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}
