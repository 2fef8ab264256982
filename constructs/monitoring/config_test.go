package monitoring

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

const ref = "${aws_lb.other.arn_suffix}"

func TestValidate(t *testing.T) {
	with := func(change func(*Config)) Config {
		c := application()
		change(&c)
		return c
	}
	notify := func(targets ...Target) Config {
		return with(func(c *Config) { c.Notify[Critical] = targets })
	}
	tune := func(key string, tuning Tuning) Config {
		return with(func(c *Config) { c.Tune = map[string]Tuning{key: tuning} })
	}
	only := func(resources ...Resource) Config {
		return with(func(c *Config) { c.Resources = resources })
	}
	many := func(n int) Config {
		return with(func(c *Config) {
			for i := range n {
				c.Resources = append(c.Resources, ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "c", Service: fmt.Sprintf("s%d", i)})
			}
		})
	}
	topic := func(i int) Target {
		return Topic(fmt.Sprintf("arn:aws:sns:ap-southeast-2:000000000000:pager-%d", i))
	}
	const keyForm = `the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`
	const sns = "the ARN of a customer key, or \"\" to have one made: CloudWatch cannot publish to a topic that is encrypted with the AWS managed key, and nobody can change that key's policy"

	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"everything", application(), nil},
		{"name empty", with(func(c *Config) { c.Name = "" }), []string{
			`Name: is "", want 1 to 255 characters of A-Z a-z 0-9 - _: it is the name of the dashboard`,
		}},
		{"name with space", with(func(c *Config) { c.Name = "my app" }), []string{
			`Name: is "my app", want 1 to 255 characters of A-Z a-z 0-9 - _: it is the name of the dashboard`,
		}},
		{"name too long", with(func(c *Config) {
			c.Name, c.KMSKeyARN, c.Resources = strings.Repeat("n", 256), ref, []Resource{RDS{Key: "d", Instance: "i"}}
			c.Tune = map[string]Tuning{"d/storage-low": {Off: true, Reason: "r"}}
		}), []string{
			`Name: is "` + strings.Repeat("n", 80) + `"… (256 characters), want 1 to 255 characters of A-Z a-z 0-9 - _: it is the name of the dashboard`,
		}},
		{"name token", with(func(c *Config) { c.Name = ref }), nil},
		{"region", with(func(c *Config) { c.Region = "Sydney" }), []string{`Region: is "Sydney", want an AWS region ("ap-southeast-2")`}},
		{"region token", with(func(c *Config) { c.Region = ref }), nil},
		{"runbook", with(func(c *Config) { c.RunbookURL = "runbook.md" }), []string{`RunbookURL: is "runbook.md", want a URL that begins with "https://" or "http://"`}},

		{"key managed by AWS", with(func(c *Config) { c.KMSKeyARN = "alias/aws/sns" }), []string{`KMSKeyARN: is "alias/aws/sns", want ` + sns}},
		{"key id", with(func(c *Config) { c.KMSKeyARN = "1111" }), []string{`KMSKeyARN: is "1111", want ` + keyForm}},
		{"key alias", with(func(c *Config) { c.KMSKeyARN = "alias/app" }), []string{`KMSKeyARN: is "alias/app", want ` + keyForm}},
		{"key token", with(func(c *Config) { c.KMSKeyARN = ref }), nil},

		{"e-mail", notify(Email("not-an-email")), []string{`Notify["critical"][0]: is "not-an-email", want an e-mail address ("name@example.com")`}},
		{"e-mail with name", notify(Email("On call <oncall@example.com>")), []string{
			`Notify["critical"][0]: is "On call <oncall@example.com>", want an e-mail address ("name@example.com"), not one with spaces or invisible characters`,
		}},
		{"e-mail without domain", notify(Email("root@localhost")), []string{`Notify["critical"][0]: is "root@localhost", want an e-mail address ("name@example.com")`}},
		{"e-mail twice", notify(Email("a@example.com"), Email("b@example.com"), Email("A@Example.com")), []string{
			`Notify["critical"][2]: is "A@Example.com", want each target once: Notify["critical"][0] is the same`,
		}},
		{"http", notify(HTTPS("http://events.example.com/key")), []string{
			`Notify["critical"][0]: is "http://events.example.com/…", want a URL that begins with "https://"`,
		}},
		{"https twice", notify(HTTPS("https://events.example.com/key"), HTTPS("https://events.example.com/key")), []string{
			`Notify["critical"][1]: is "https://events.example.com/…", want each target once: Notify["critical"][0] is the same`,
		}},
		{"topic name", notify(Topic("pager")), []string{`Notify["critical"][0]: is "pager", want the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>"): with region, account and name`}},
		{"too many topics", notify(topic(1), topic(2), topic(3), topic(4), topic(5), Email("a@example.com")), []string{
			`Notify["critical"]: is 5 topics and actions, want at most 4: an alarm has 5 actions, and one is the topic made here`,
		}},
		{"too many topics and actions", notify(topic(1), topic(2), topic(3), topic(4), topic(5), Action("arn:aws:ssm:ap-southeast-2:000000000000:opsitem:1")), []string{
			`Notify["critical"]: is 6 topics and actions, want at most 5: an alarm has 5 actions`,
		}},
		{"only topics", notify(topic(1), topic(2), topic(3), topic(4), topic(5)), nil},
		{"action that is a topic", notify(Action("arn:aws:sns:ap-southeast-2:000000000000:pager")), []string{
			`Notify["critical"][0]: is "arn:aws:sns:ap-southeast-2:000000000000:pager", want a Topic: topics are told when an alarm is over, too`,
		}},
		{"action", notify(Action("reboot")), []string{`Notify["critical"][0]: is "reboot", want the ARN of an action ("arn:aws:ssm:<region>:<account>:opsitem:1")`}},
		{"target without a kind", notify(Target{}), []string{`Notify["critical"][0]: is "", want an Email, HTTPS, Topic or Action`}},
		{"target tokens", notify(Email(ref), HTTPS(ref), Topic(ref)), nil},
		{"severity notified nowhere", notify(), []string{
			`Notify["critical"]: is empty, want at least one target for alb/5xx-high, alb-backend/unhealthy-targets, alb-frontend/unhealthy-targets, postgres/storage-low`,
		}},
		{"severity that is not used", with(func(c *Config) { c.Resources = c.Resources[:1] }), nil},
		{"severity that no alarm has", with(func(c *Config) { c.Notify["info"] = []Target{Email("a@example.com")} }), nil},
		{"severity that is no key", with(func(c *Config) { c.Notify["On Call"] = []Target{Email("a@example.com")} }), []string{`Notify: is "On Call", want a severity that matches [a-z][a-z0-9-]*`}},

		{"no resources", only(), []string{`Resources: is empty, want at least one`}},
		{"nil resource", only(RDS{Key: "a", Instance: "i"}, nil, (*RDS)(nil)), []string{
			`Resources[1]: is nil, want a resource`,
			`Resources[2]: is nil, want a resource`,
		}},
		{"key", only(RDS{Key: "Back End", Instance: "i"}), []string{`Resources[0].Key: is "Back End", want a key that matches [a-z][a-z0-9-]*`}},
		{"key token", only(RDS{Key: ref, Instance: "i"}), []string{`Resources[0].Key: is "` + ref + `", want a key that matches [a-z][a-z0-9-]*`}},
		{"key twice", only(RDS{Key: "a", Instance: "i"}, RDS{Key: "b", Instance: "j"}, ECSService{Key: "a", Cluster: "c", Service: "s"}), []string{
			`Resources[2]: is "a", want a key of its own: Resources[0] has it already`,
		}},
		{"key of a part twice", only(Redis{Key: "redis", Nodes: map[string]string{"001": "n-001"}}, RDS{Key: "redis-001", Instance: "i"}), []string{
			`Resources[1]: is "redis-001", want a key of its own: Resources[0] has it already`,
		}},
		{"service", only(ECSService{Key: "a"}), []string{
			`Resources[0] (a).Cluster: is "", want the name of an ECS cluster ("shop"): 1 to 255 of A-Z a-z 0-9 _ -`,
			`Resources[0] (a).Service: is "", want the name of an ECS service ("shop-web"): 1 to 255 of A-Z a-z 0-9 _ -`,
		}},
		{"target group without load balancer", only(ALB{Key: "alb", TargetGroups: map[string]string{"b": "targetgroup/b/1"}}), []string{
			`Resources[0] (alb).ARNSuffix: is "", want the end of the load balancer's ARN ("app/<name>/<id>"): the ARN after loadbalancer/`,
		}},
		{"target group ARN and key", only(ALB{Key: "alb", ARNSuffix: ref, TargetGroups: map[string]string{"B": "b"}}), []string{
			`Resources[0] (alb).TargetGroups["B"]: is "B", want a key of a-z 0-9 -`,
			`Resources[0] (alb).TargetGroups["B"]: is "b", want the end of the target group's ARN ("targetgroup/<name>/<id>"): the ARN after the last colon`,
		}},
		{"database", only(RDS{Key: "db"}), []string{`Resources[0] (db).Instance: is "", want the DB instance identifier ("shop-postgres"): 1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end`}},
		{"redis without nodes", only(Redis{Key: "redis"}), []string{
			`Resources[0] (redis).Nodes: is empty, want at least one cache cluster id: CloudWatch has no metrics of replication groups`,
		}},
		{"redis node", only(Redis{Key: "redis", Nodes: map[string]string{"001": ""}}), []string{`Resources[0] (redis).Nodes["001"]: is "", want the cache cluster id of a node ("shop-redis-001"): 1 to 50 of a-z 0-9 -, a letter first, no "--", no "-" at the end`}},
		{"resource tokens", only(
			ECSService{Key: "s", Cluster: ref, Service: ref},
			ALB{Key: "alb", ARNSuffix: ref, TargetGroups: map[string]string{"b": ref}},
			RDS{Key: "db", Instance: ref},
			Redis{Key: "redis", Nodes: map[string]string{"001": ref}},
		), nil},

		{"tune unknown", func() Config {
			c := only(RDS{Key: "db", Instance: "i"})
			c.Tune = map[string]Tuning{"db/cpu": {Threshold: 1}}
			return c
		}(), []string{`Tune["db/cpu"]: is "db/cpu", want one of db/cpu-high, db/cpu-saturated, db/storage-low (the nearest of 9)`}},
		{"tune off without reason", tune("backend/cpu-high", Tuning{Off: true}), []string{`Tune["backend/cpu-high"].Reason: is "", want the reason why the alarm is off`}},
		{"tune negative", tune("backend/cpu-high", Tuning{Threshold: -1}), []string{`Tune["backend/cpu-high"].Threshold: is -1, want 0 or more`}},
		{"tune percentage", tune("backend/cpu-high", Tuning{Threshold: 800}), []string{
			`Tune["backend/cpu-high"].Threshold: is 800, want 0 to 100: CPUUtilization is a percentage`,
		}},
		{"tune nothing", tune("backend/cpu-high", Tuning{}), []string{`Tune["backend/cpu-high"]: is empty, want a Threshold, ThresholdZero, Severity, Window, Period, Missing, On or Off`}},
		{"tune off and threshold", tune("backend/cpu-high", Tuning{Off: true, Reason: "r", Threshold: 1}), []string{
			`Tune["backend/cpu-high"].Threshold: is 1, want none when the alarm is Off`,
		}},
		{"tune zero and threshold", tune("alb/5xx-high", Tuning{ThresholdZero: true, Threshold: 1}), []string{
			`Tune["alb/5xx-high"].Threshold: is 1, want none with ThresholdZero`,
		}},
		{"tune token", tune("backend/cpu-high", Tuning{Threshold: math.Float64frombits(0xfdff<<48 + 5)}), nil},

		{"alarm name too long", func() Config {
			c := only(RDS{Key: "db", Instance: "i"})
			c.Name = strings.Repeat("n", 241)
			return c
		}(), []string{
			`Name: is "` + strings.Repeat("n", 80) + `"… (241 characters), want a shorter Name or Key: the name of the alarm db/storage-low has 256 characters, and AWS allows 255`,
		}},
		{"alias too long", func() Config {
			c := only(RDS{Key: "d", Instance: "i"})
			c.Name = strings.Repeat("n", 244)
			c.Tune = map[string]Tuning{"d/storage-low": {Off: true, Reason: "r"}}
			return c
		}(), []string{
			`Name: is "` + strings.Repeat("n", 80) + `"… (244 characters), want a shorter Name, or a KMSKeyARN: the alias of the key that is made has 257 characters, and AWS allows 256`,
		}},
		{"description too long", func() Config {
			c := only(ECSService{Key: "s", Cluster: "c", Service: "s"})
			c.RunbookURL = "https://example.com/" + strings.Repeat("r", 950)
			c.Tune = map[string]Tuning{"s/memory-high": {Off: true, Reason: "r"}}
			return c
		}(), []string{
			`RunbookURL: is "https://example.com/` + strings.Repeat("r", 60) + `"… (970 characters), want a shorter URL: the description of the alarm s/cpu-high has 1072 characters, and AWS allows 1024`,
		}},
		{"more than a graph takes", many(250), nil},

		{"all at once", Config{
			Name: "a b", Region: "x", KMSKeyARN: "alias/aws/sns",
			Notify: map[Severity][]Target{Critical: {Email("not-an-email")}},
			Resources: []Resource{
				RDS{Key: "a", Instance: "i"},
				Redis{Key: "r"},
			},
			Tune: map[string]Tuning{"b/c": {}},
		}, []string{
			`Name: is "a b", want 1 to 255 characters of A-Z a-z 0-9 - _: it is the name of the dashboard`,
			`Region: is "x", want an AWS region ("ap-southeast-2")`,
			`KMSKeyARN: is "alias/aws/sns", want ` + sns,
			`Resources[1] (r).Nodes: is empty, want at least one cache cluster id: CloudWatch has no metrics of replication groups`,
			`Tune["b/c"]: is "b/c", want one of a/cpu-high, a/storage-low, a/cpu-saturated (the nearest of 9)`,
			`Notify["warning"]: is empty, want at least one target for a/cpu-high`,
			`Notify["critical"][0]: is "not-an-email", want an e-mail address ("name@example.com")`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problemstest.Want(t, tt.want, tt.cfg.Validate())
		})
	}
}
