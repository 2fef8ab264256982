package shape_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/problems"
)

// config is a configuration of a construct.
type config interface{ Validate() error }

const (
	account = "000000000000"
	place   = "ap-southeast-2:" + account + ":"
	kmsKey  = "arn:aws:kms:" + place + "key/11111111-2222-3333-4444-555555555555"
	pager   = "arn:aws:sns:" + place + "pager"
)

// A shop is a valid configuration of each construct that a change makes worse.

func watch(change func(*monitoring.Config)) config {
	c := monitoring.Config{
		Name: "shop", Region: "ap-southeast-2",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")},
			monitoring.Warning:  {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{
			monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"},
			monitoring.RDS{Key: "postgres", Instance: "shop-postgres"},
		},
	}
	change(&c)
	return c
}

func only(resources ...monitoring.Resource) config {
	return watch(func(c *monitoring.Config) { c.Resources = resources })
}

func tell(targets ...monitoring.Target) config {
	return watch(func(c *monitoring.Config) { c.Notify[monitoring.Critical] = targets })
}

func tune(key string, tuning monitoring.Tuning) config {
	return watch(func(c *monitoring.Config) { c.Tune = map[string]monitoring.Tuning{key: tuning} })
}

func extra(change func(*monitoring.Alarm)) config {
	return watch(func(c *monitoring.Config) {
		a := monitoring.Alarm{
			Resource: "shop", ID: "slow", Severity: monitoring.Warning, Missing: cloudwatch.Missing, FirstStep: "Look.",
			When: cpu().Above(80), Window: cloudwatch.Window{EvaluationPeriods: 1},
		}
		change(&a)
		c.Extra = []monitoring.Alarm{a}
	})
}

// low is an alarm on a metric of AWS that is below a value.
func low(namespace, name string, unit cloudwatch.Unit, value float64) func(*monitoring.Alarm) {
	return func(a *monitoring.Alarm) {
		m := cpu()
		m.Namespace, m.Name, m.Unit = namespace, name, unit
		a.When = m.Below(value)
	}
}

func cpu() cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/EC2", Name: "CPUUtilization", Stat: cloudwatch.Average, Period: 5 * time.Minute, Unit: cloudwatch.Percent,
		Dimensions: []cloudwatch.Dimension{{Name: "InstanceId", Value: "i-1"}},
	}
}

func panel(change func(*monitoring.Panel)) config {
	return watch(func(c *monitoring.Config) {
		p := monitoring.Panel{ID: "load", Title: "Load", Lines: []monitoring.Line{{Of: cpu()}}}
		change(&p)
		c.Panels = []monitoring.Panel{p}
	})
}

func keep(change func(*secrets.Config)) config {
	c := secrets.Config{Name: "shop/app-secrets", Keys: []secrets.Key{{Name: "A"}}}
	change(&c)
	return c
}

func named(name string) config { return keep(func(c *secrets.Config) { c.Name = name }) }

func adopt(arn string) config { return keep(func(c *secrets.Config) { c.AdoptARN = arn }) }

func tags(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		all[fmt.Sprintf("Tag%d", i)] = "x"
	}
	return all
}

// queue is another team's kind, which checks nothing itself.
type queue struct{ Name string }

func (queue) ResourceKey() string { return "queue" }
func (queue) Validate() error     { return nil }
func (q queue) Watch() monitoring.Watch {
	age := cloudwatch.Metric{
		Namespace: "AWS/SQS", Name: "ApproximateAgeOfOldestMessage", Stat: cloudwatch.Maximum, Period: time.Minute,
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: q.Name}},
	}
	return monitoring.Watch{Alarms: []monitoring.Alarm{{
		ID: "old", Severity: monitoring.Warning, When: age.Above(60), Window: cloudwatch.Window{EvaluationPeriods: 1},
		Missing: cloudwatch.Missing, FirstStep: "Look.",
	}}}
}

const (
	nameOfDB      = `the DB instance identifier ("shop-postgres")`
	ruleOfDB      = nameOfDB + `: 1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end`
	nameOfNode    = `the cache cluster id of a node ("shop-redis-001")`
	suffixOfLB    = `the end of the load balancer's ARN ("app/<name>/<id>")`
	suffixOfGroup = `the end of the target group's ARN ("targetgroup/<name>/<id>")`
	finite        = `a finite number: 0, or from 2^-360 to 2^360`
	emailForm     = `an e-mail address ("name@example.com")`
	topicForm     = `the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>")`
	topicRule     = topicForm + `: with region, account and name`
	keyRule       = `the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"): with region, account and id; policies take neither key ids nor aliases`
	secretRule    = `the ARN of a secret ("arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>"): the whole ARN, with the six characters that AWS has added`
	lone          = `is a text with a lone "${" or "%{", want "$${" or "%%{" for the characters themselves`
	variable      = `the name of an environment variable ("DATABASE_URL"): a letter or _, then letters, digits, _`
)

func cluster(name string) config {
	return only(monitoring.ECSService{Key: "web", Cluster: name, Service: "web"})
}

func service(name string) config {
	return only(monitoring.ECSService{Key: "web", Cluster: "shop", Service: name})
}
func balancer(suffix string) config { return only(monitoring.ALB{Key: "alb", ARNSuffix: suffix}) }
func group(suffix string) config {
	return only(monitoring.ALB{Key: "alb", ARNSuffix: "app/shop/1", TargetGroups: map[string]string{"web": suffix}})
}
func database(name string) config { return only(monitoring.RDS{Key: "db", Instance: name}) }
func node(id string) config {
	return only(monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": id}})
}

func region(r string) config { return watch(func(c *monitoring.Config) { c.Region = r }) }
func key(arn string) config  { return watch(func(c *monitoring.Config) { c.KMSKeyARN = arn }) }
func runbook(u string) config {
	return watch(func(c *monitoring.Config) { c.RunbookURL = u })
}

func tagged(t map[string]string) config {
	return watch(func(c *monitoring.Config) { c.Tags = t })
}

// TestBadInput has a row for each mistake that people make: the configuration, and
// the one message that says what to write instead.
func TestBadInput(t *testing.T) {
	nan, denormal := math.NaN(), math.SmallestNonzeroFloat64
	const res = `Resources[0] (web).`
	const alb = `Resources[0] (alb).`
	const db = `Resources[0] (db).Instance: is `
	const redis = `Resources[0] (redis).Nodes["001"]: is `
	const to = `Notify["critical"][0]: is `
	id := "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	ecs := "arn:aws:ecs:" + place
	elb := "arn:aws:elasticloadbalancing:" + place
	rds := "arn:aws:rds:" + place
	cache := "arn:aws:elasticache:" + place
	secret := "arn:aws:secretsmanager:" + place + "secret:"
	is := func(got, want string) string { return fmt.Sprintf("%q, want %s", got, want) }
	cut := func(got, want string) string {
		return fmt.Sprintf("is %q… (%d characters), want %s", got[:80], len(got), want)
	}

	for _, tt := range []struct {
		name string
		cfg  config
		want string
	}{
		// An ECS cluster or service ARN or cluster/service.
		{"cluster: ARN", cluster(ecs + "cluster/shop"), res + `Cluster: is "` + ecs + `cluster/shop", want the name of an ECS cluster: "shop"`},
		{"cluster: ARN of a service", cluster(ecs + "service/shop/web"), res + `Cluster: is "` + ecs + `service/shop/web", want the name of an ECS cluster: "shop"`},
		{"cluster: with its service", cluster("shop/web"), res + `Cluster: is "shop/web", want the name of an ECS cluster: "shop"`},
		{"service: ARN", service(ecs + "service/shop/web"), res + `Service: is "` + ecs + `service/shop/web", want the name of an ECS service: "web"`},
		{"service: old ARN", service(ecs + "service/web"), res + `Service: is "` + ecs + `service/web", want the name of an ECS service: "web"`},
		{"service: with its cluster", service("shop/web"), res + `Service: is "shop/web", want the name of an ECS service: "web"`},

		// A full ALB or target group ARN, app/x without id.
		{"ALB: ARN", balancer(elb + "loadbalancer/app/shop/50dc6c495c0c9188"), alb + "ARNSuffix: " + cut(elb+"loadbalancer/app/shop/50dc6c495c0c9188", `the end of the load balancer's ARN: "app/shop/50dc6c495c0c9188"`)},
		{"ALB: without id", balancer("app/shop"), alb + "ARNSuffix: is " + is("app/shop", suffixOfLB+", not one without the id")},
		{"ALB: name", balancer("shop"), alb + "ARNSuffix: is " + is("shop", suffixOfLB+": the ARN after loadbalancer/")},
		{"ALB: DNS name", balancer("shop-1.ap-southeast-2.elb.amazonaws.com"), alb + "ARNSuffix: is " + is("shop-1.ap-southeast-2.elb.amazonaws.com", suffixOfLB+", not a DNS name")},
		{"ALB: network load balancer", balancer("net/shop/1"), alb + "ARNSuffix: is " + is("net/shop/1", suffixOfLB+", not a network or gateway load balancer, which has other metrics")},
		{"target group: ARN", group(elb + "targetgroup/web/50dc6c495c0c9188"), alb + `TargetGroups["web"]: ` + cut(elb+"targetgroup/web/50dc6c495c0c9188", `the end of the target group's ARN: "targetgroup/web/50dc6c495c0c9188"`)},
		{"target group: without id", group("targetgroup/web"), alb + `TargetGroups["web"]: is ` + is("targetgroup/web", suffixOfGroup+", not one without the id")},

		// RDS resource id, cluster identifier, ARN, endpoint, upper case, spaces, over 63
		// characters.
		{"database: resource id", database("db-" + id), db + is("db-"+id, nameOfDB+", not the resource id")},
		{"database: resource id in lower case", database("db-" + strings.ToLower(id)), db + is("db-"+strings.ToLower(id), nameOfDB+", not the resource id")},
		{"database: resource id of a cluster", database("cluster-" + id), db + is("cluster-"+id, nameOfDB+", not the resource id of a cluster")},
		{"database: cluster", database("shop-cluster"), db + is("shop-cluster", nameOfDB+", not a cluster: take one of its instances")},
		{"database: ARN of a cluster", database(rds + "cluster:shop"), db + is(rds+"cluster:shop", nameOfDB+", not a cluster: take one of its instances")},
		{"database: endpoint of a cluster", database("shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com"), db + is("shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com", nameOfDB+", not a cluster: take one of its instances")},
		{"database: ARN", database(rds + "db:shop"), db + is(rds+"db:shop", `the DB instance identifier: "shop"`)},
		{"database: endpoint", database("shop.abc.ap-southeast-2.rds.amazonaws.com:5432"), db + is("shop.abc.ap-southeast-2.rds.amazonaws.com:5432", `the DB instance identifier: "shop"`)},
		{"database: upper case", database("Shop"), db + is("Shop", ruleOfDB)},
		{"database: space", database("shop db"), db + is("shop db", ruleOfDB)},
		{"database: 64 characters", database(strings.Repeat("a", 64)), db + is(strings.Repeat("a", 64), ruleOfDB)},
		{"database: 64 characters with hyphens", database(strings.Repeat("a-", 31) + "aa"), db + is(strings.Repeat("a-", 31)+"aa", ruleOfDB)},

		{"Aurora: ARN", only(monitoring.Aurora{Key: "db", Engine: "aurora-mysql", Cluster: rds + "cluster:shop"}), `Resources[0] (db).Cluster: is ` + is(rds+"cluster:shop", `the DB cluster identifier: "shop"`)},
		{"Aurora: endpoint", only(monitoring.Aurora{Key: "db", Engine: "aurora-mysql", Cluster: "shop.cluster-abc.eu-west-1.rds.amazonaws.com"}), `Resources[0] (db).Cluster: is ` + is("shop.cluster-abc.eu-west-1.rds.amazonaws.com", `the DB cluster identifier: "shop"`)},
		{"Aurora: resource id", only(monitoring.Aurora{Key: "db", Engine: "aurora-mysql", Cluster: "cluster-" + id}), `Resources[0] (db).Cluster: is ` + is("cluster-"+id, `the DB cluster identifier ("shop-aurora"), not a resource id`)},
		{"Aurora: an instance by its ARN", only(monitoring.Aurora{Key: "db", Engine: "aurora-mysql", Cluster: "shop", Instances: map[string]string{"one": rds + "db:one"}}), `Resources[0] (db).Instances["one"]: is ` + is(rds+"db:one", `the DB instance identifier: "one"`)},

		// A replication group, endpoint or ARN where a node is wanted.
		{"node: replication group", node("shop-redis"), redis + is("shop-redis", nameOfNode+", not a replication group, of which CloudWatch has no metrics")},
		{"node: ARN of a replication group", node(cache + "replicationgroup:shop-redis"), redis + is(cache+"replicationgroup:shop-redis", nameOfNode+", not a replication group")},
		{"node: ARN", node(cache + "cluster:shop-redis-001"), redis + is(cache+"cluster:shop-redis-001", `the cache cluster id of a node: "shop-redis-001"`)},
		{"node: endpoint of the group", node("master.shop.abc.apse2.cache.amazonaws.com"), redis + is("master.shop.abc.apse2.cache.amazonaws.com", nameOfNode+", not an endpoint")},
		{"node: endpoint", node("shop-001.abc.0001.apse2.cache.amazonaws.com:6379"), redis + is("shop-001.abc.0001.apse2.cache.amazonaws.com:6379", `the cache cluster id of a node: "shop-001"`)},
		{"node: ARN where it stands alone", only(monitoring.Redis{Key: "redis", Standalone: true, Nodes: map[string]string{"001": cache + "cluster:shop"}}), redis + is(cache+"cluster:shop", `the cache cluster id of a node: "shop"`)},

		// One node or one service twice.
		{"service twice", only(monitoring.ECSService{Key: "a", Cluster: "shop", Service: "web"}, monitoring.ECSService{Key: "b", Cluster: "shop", Service: "web"}), `Resources: is ServiceName "web" more than once, want each once: it is in a, b`},
		{"node twice", only(monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": "n-001", "002": "n-001"}}), `Resources: is CacheClusterId "n-001" more than once, want each once: it is in redis-001, redis-002`},
		{"database twice", only(monitoring.RDS{Key: "a", Instance: "db"}, monitoring.RDS{Key: "b", Instance: "db"}), `Resources: is DBInstanceIdentifier "db" more than once, want each once: it is in a, b`},
		{"target group twice", only(monitoring.ALB{Key: "alb", ARNSuffix: "app/a/1", TargetGroups: map[string]string{"a": "targetgroup/a/1", "b": "targetgroup/a/1"}}), `Resources: is TargetGroup "targetgroup/a/1" more than once, want each once: it is in alb-a, alb-b`},

		// NaN, infinities and denormal numbers in every number.
		{"NaN in Tune", tune("web/cpu-high", monitoring.Tuning{Threshold: nan}), `Tune["web/cpu-high"].Threshold: is NaN, want ` + finite},
		{"infinity in Tune", tune("web/cpu-high", monitoring.Tuning{Threshold: math.Inf(1)}), `Tune["web/cpu-high"].Threshold: is +Inf, want ` + finite},
		{"denormal in Tune", tune("web/cpu-high", monitoring.Tuning{Threshold: denormal}), `Tune["web/cpu-high"].Threshold: is 5e-324, want ` + finite},
		{"NaN as threshold", extra(func(a *monitoring.Alarm) { a.When = cpu().Above(nan) }), `Extra[0] (shop/slow).When.Value: is NaN, want ` + finite},
		{"infinity as threshold", extra(func(a *monitoring.Alarm) { a.When = cpu().Above(math.Inf(-1)) }), `Extra[0] (shop/slow).When.Value: is -Inf, want ` + finite},
		{"denormal as threshold", extra(func(a *monitoring.Alarm) { a.When = cpu().Above(denormal) }), `Extra[0] (shop/slow).When.Value: is 5e-324, want ` + finite},
		{"NaN in a level", extra(func(a *monitoring.Alarm) {
			a.Levels = []monitoring.Level{{Severity: monitoring.Critical, Value: nan}}
		}), `Extra[0] (shop/slow).Levels[0].When.Value: is NaN, want ` + finite},
		{"NaN as band", extra(func(a *monitoring.Alarm) {
			a.When = cloudwatch.Anomaly{Of: cpu(), Op: cloudwatch.OutsideBand, Band: nan}
		}), `Extra[0] (shop/slow).When.Band: is NaN, want ` + finite},
		{"denormal as band", extra(func(a *monitoring.Alarm) {
			a.When = cloudwatch.Anomaly{Of: cpu(), Op: cloudwatch.OutsideBand, Band: denormal}
		}), `Extra[0] (shop/slow).When.Band: is 5e-324, want ` + finite},
		{"NaN as the end of an axis", panel(func(p *monitoring.Panel) { p.Left.Max = &nan }), `Panels (load).Left.Max: is NaN, want ` + finite},
		{"denormal as the end of an axis", panel(func(p *monitoring.Panel) { p.Right.Min = &denormal }), `Panels (load).Right.Min: is 5e-324, want ` + finite},
		{"NaN as divisor", panel(func(p *monitoring.Panel) { p.Left.DivideBy = nan }), `Panels (load).Left.DivideBy: is NaN, want ` + finite},
		{"denormal as divisor", panel(func(p *monitoring.Panel) { p.Left.DivideBy = denormal }), `Panels (load).Left.DivideBy: is 5e-324, want ` + finite},
		{"NaN as the value of a filter", watch(func(c *monitoring.Config) {
			c.Filters = []monitoring.LogFilter{{ID: "e", MetricFilter: cloudwatch.MetricFilter{LogGroup: "g", Namespace: "N", MetricName: "M", Value: "NaN"}}}
		}), `Filters[0] (e).Value: is "NaN", want a number, or a field such as "$.latency"`},
		{"NaN days", keep(func(c *secrets.Config) { c.RecoveryDays = nan }), `RecoveryDays: is NaN, want 0 (DeleteImmediately, or the default of 30) or 7 to 30`},
		{"infinite days", keep(func(c *secrets.Config) { c.RecoveryDays = math.Inf(1) }), `RecoveryDays: is +Inf, want 0 (DeleteImmediately, or the default of 30) or 7 to 30`},
		{"denormal days", keep(func(c *secrets.Config) { c.RecoveryDays = denormal }), `RecoveryDays: is 5e-324, want 0 (DeleteImmediately, or the default of 30) or 7 to 30`},
		{"NaN GiB", existing.Database{Instance: "shop", AllocatedStorageGiB: nan}, `AllocatedStorageGiB: is NaN, want whole GiB, 1 to 65536, or 0 for any`},
		{"infinite GiB", existing.Database{Instance: "shop", AllocatedStorageGiB: math.Inf(1)}, `AllocatedStorageGiB: is +Inf, want whole GiB, 1 to 65536, or 0 for any`},
		{"denormal GiB", existing.Database{Instance: "shop", AllocatedStorageGiB: denormal}, `AllocatedStorageGiB: is 5e-324, want whole GiB, 1 to 65536, or 0 for any`},

		{"NaN connections", only(monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": "n-001"}, MaxConnections: nan}), `Resources[0] (redis).MaxConnections: is NaN, want at most 65000 connections, or 0 for that many`},
		{"infinite connections", only(monitoring.RDS{Key: "db", Instance: "db", MaxConnections: math.Inf(1)}), `Resources[0] (db).MaxConnections: is +Inf, want a number of connections, or 0 for that of the class`},
		{"connections of a reference", only(monitoring.RDS{Key: "db", Instance: "db", MaxConnections: math.Float64frombits(0xfdff<<48 + 5)}), `Resources[0] (db).MaxConnections: is a reference, want a number that is written out, because a threshold is calculated from it: a number of connections, or 0 for that of the class`},

		// 0.8 where percent is meant and 20 where bytes are meant.
		{"share in Tune", tune("web/cpu-high", monitoring.Tuning{Threshold: 0.8}), `Tune["web/cpu-high"].Threshold: is 0.8, want 0 to 100: CPUUtilization is a percentage, and 0.8 is less than one percent`},
		{"GiB in Tune", tune("postgres/storage-low", monitoring.Tuning{Threshold: 20}), `Tune["postgres/storage-low"].Threshold: is 20, want bytes: FreeStorageSpace is in bytes, such as 20 * monitoring.GiB`},
		{"share as threshold", extra(func(a *monitoring.Alarm) { a.When = cpu().Above(0.8) }), `Extra[0] (shop/slow).When.Value: is 0.8, want 0 to 100: CPUUtilization is a percentage, and 0.8 is less than one percent`},
		{"GiB as threshold", extra(func(a *monitoring.Alarm) {
			free := cpu()
			free.Namespace, free.Name, free.Unit = "AWS/RDS", "FreeableMemory", cloudwatch.Bytes
			a.When = free.Below(20)
		}), `Extra[0] (shop/slow).When.Value: is 20, want bytes: FreeableMemory is in bytes, such as 20 * monitoring.GiB`},
		{"share as the hit rate of a cache", extra(low("AWS/ElastiCache", "CacheHitRate", cloudwatch.Percent, 0.7)), `Extra[0] (shop/slow).When.Value: is 0.7, want 0 to 100: CacheHitRate is a percentage, and 0.7 is less than one percent`},
		{"share as a balance", extra(low("AWS/RDS", "EBSIOBalance%", cloudwatch.Percent, 0.1)), `Extra[0] (shop/slow).When.Value: is 0.1, want 0 to 100: EBSIOBalance% is a percentage, and 0.1 is less than one percent`},
		{"share as memory in use", extra(low("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", cloudwatch.Percent, 0.8)), `Extra[0] (shop/slow).When.Value: is 0.8, want 0 to 100: DatabaseMemoryUsagePercentage is a percentage, and 0.8 is less than one percent`},
		{"share of a task's disk", extra(low("ECS/ContainerInsights", "TaskEphemeralStorageUtilization", cloudwatch.Percent, 0.8)), `Extra[0] (shop/slow).When.Value: is 0.8, want 0 to 100: TaskEphemeralStorageUtilization is a percentage, and 0.8 is less than one percent`},
		{"MiB of swap", extra(low("AWS/ElastiCache", "SwapUsage", cloudwatch.Bytes, 50)), `Extra[0] (shop/slow).When.Value: is 50, want bytes: SwapUsage is in bytes, such as 20 * monitoring.GiB`},
		{"TiB that are left", extra(low("AWS/RDS", "AuroraVolumeBytesLeftTotal", cloudwatch.Bytes, 12)), `Extra[0] (shop/slow).When.Value: is 12, want bytes: AuroraVolumeBytesLeftTotal is in bytes, such as 20 * monitoring.GiB`},
		{"share in a level", extra(func(a *monitoring.Alarm) {
			a.Levels = []monitoring.Level{{Severity: monitoring.Critical, Value: 0.95}}
		}), `Extra[0] (shop/slow).Levels[0].Value: is 0.95, want 0 to 100: CPUUtilization is a percentage, and 0.95 is less than one percent`},

		// A region that does not exist. That of the provider: TestNamesAndRegions in the
		// root package, because it needs the tree.
		{"no region", region(""), `Region: is "", want an AWS region ("ap-southeast-2")`},
		{"region that does not exist", region("ap-southeast-9"), `Region: is "ap-southeast-9", want an AWS region: one of ap-southeast-1, ap-southeast-2, ap-southeast-3 (the nearest of 48)`},
		{"availability zone", region("us-east-1a"), `Region: is "us-east-1a", want an AWS region: one of us-east-1, us-east-2, ap-east-1 (the nearest of 48)`},

		// KMS and topic ARNs of another region or without region, account or id.
		{"key of another region", key(strings.Replace(kmsKey, "ap-southeast-2", "us-east-1", 1)), `KMSKeyARN: is "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555", want one of ap-southeast-2, where the alarms are`},
		{"key without region", key("arn:aws:kms::" + account + ":key/1"), `KMSKeyARN: is "arn:aws:kms::000000000000:key/1", want ` + keyRule},
		{"key without account", key("arn:aws:kms:ap-southeast-2::key/1"), `KMSKeyARN: is "arn:aws:kms:ap-southeast-2::key/1", want ` + keyRule},
		{"key without id", key("arn:aws:kms:" + place + "key/"), `KMSKeyARN: is "arn:aws:kms:ap-southeast-2:000000000000:key/", want ` + keyRule},
		{"key of a secret without account", keep(func(c *secrets.Config) { c.KMSKeyARN = "arn:aws:kms:ap-southeast-2::key/1" }), `KMSKeyARN: is "arn:aws:kms:ap-southeast-2::key/1", want ` + keyRule},
		{"topic of another region", tell(monitoring.Topic("arn:aws:sns:us-east-1:" + account + ":pager")), to + `"arn:aws:sns:us-east-1:000000000000:pager", want one of ap-southeast-2, where the alarms are`},
		{"topic without region", tell(monitoring.Topic("arn:aws:sns::" + account + ":pager")), to + is("arn:aws:sns::000000000000:pager", topicRule)},
		{"topic without account", tell(monitoring.Topic("arn:aws:sns:ap-southeast-2::pager")), to + is("arn:aws:sns:ap-southeast-2::pager", topicRule)},
		{"topic without name", tell(monitoring.Topic("arn:aws:sns:" + place)), to + is("arn:aws:sns:"+place, topicRule)},
		{"action of another region", tell(monitoring.Action("arn:aws:automate:us-east-1:ec2:reboot")), to + is("arn:aws:automate:us-east-1:ec2:reboot", "one of ap-southeast-2, where the alarms are")},

		// FIFO topics, subscription ARNs, *; a monitoring's own topic.
		{"FIFO topic", tell(monitoring.Topic(pager + ".fifo")), to + is(pager+".fifo", topicForm+", not a FIFO topic, to which CloudWatch cannot publish")},
		{"subscription", tell(monitoring.Topic(pager + ":11111111-2222-3333-4444-555555555555")), to[:len(to)-3] + cut(pager+":11111111-2222-3333-4444-555555555555", `the ARN of a topic: "`+pager+`"`)},
		{"any topic", tell(monitoring.Topic("*")), to + is("*", topicRule)},
		{"topics with a wildcard", tell(monitoring.Topic("arn:aws:sns:" + place + "*")), to + is("arn:aws:sns:"+place+"*", topicRule)},
		{"own topic", tell(monitoring.Topic("arn:aws:sns:" + place + "shop-warning")), to + is("arn:aws:sns:"+place+"shop-warning", "another topic: this one is made here, for warning")},

		// HTTPS targets.
		{"URL with a space", tell(monitoring.HTTPS("https://events.example.com/a b")), to + `"https://events.example.com/…", want a URL without spaces and other characters that cannot be seen`},
		{"URL with an invisible character", tell(monitoring.HTTPS("https://events.example.com/a\u200b")), to + `"https://events.example.com/…", want a URL without spaces and other characters that cannot be seen`},
		{"URL with credentials", tell(monitoring.HTTPS("https://user:word@events.example.com/")), to + `"https://…" (37 characters), want a URL without user and password`},
		{"URL with a fragment", tell(monitoring.HTTPS("https://events.example.com/a#b")), to + `"https://events.example.com/…", want a URL without a fragment ("#…")`},
		{"port out of range", tell(monitoring.HTTPS("https://events.example.com:65536/")), to + `"https://events.example.com:65536/…", want a port from 1 to 65535`},
		{"port 0", tell(monitoring.HTTPS("https://events.example.com:0/")), to + `"https://events.example.com:0/…", want a port from 1 to 65535`},
		{"localhost", tell(monitoring.HTTPS("https://localhost/a")), to + `"https://localhost/…", want a host that AWS can reach: a public one, with its full name`},
		{"loopback address", tell(monitoring.HTTPS("https://127.0.0.1/a")), to + `"https://127.0.0.1/…", want a host that AWS can reach: a public one, with its full name`},
		{"short loopback address", tell(monitoring.HTTPS("https://127.1/a")), to + `"https://127.1/…", want a host that AWS can reach: a public one, with its full name`},
		{"private address", tell(monitoring.HTTPS("https://10.0.0.1/a")), to + `"https://10.0.0.1/…", want a host that AWS can reach: a public one, with its full name`},
		{"metadata address", tell(monitoring.HTTPS("https://169.254.169.254/a")), to + `"https://169.254.169.254/…", want a host that AWS can reach: a public one, with its full name`},
		{"private IPv6 address", tell(monitoring.HTTPS("https://[fd00::1]/a")), to + `"https://…" (19 characters), want a host that AWS can reach: a public one, with its full name`},
		{"local host", tell(monitoring.HTTPS("https://pager.internal/a")), to + `"https://pager.internal/…", want a host that AWS can reach: a public one, with its full name`},
		{"host without a domain", tell(monitoring.HTTPS("https://pager/a")), to + `"https://pager/…", want a host that AWS can reach: a public one, with its full name`},

		// E-mail addresses.
		{"address of 255 characters", tell(monitoring.Email("a@" + strings.Repeat("a.", 123) + "example")), to + `"` + ("a@" + strings.Repeat("a.", 123))[:80] + `"… (255 characters), want ` + emailForm + ", not one of more than 254 characters"},
		{"invisible character", tell(monitoring.Email("on\u200bcall@example.com")), to + `"on\u200bcall@example.com", want ` + emailForm + ", not one with spaces or invisible characters"},
		{"line break in an address", tell(monitoring.Email("oncall@example.com\n")), to + `"oncall@example.com\n", want ` + emailForm + ", not one with spaces or invisible characters"},
		{"IP host", tell(monitoring.Email("oncall@[192.0.2.1]")), to + is("oncall@[192.0.2.1]", emailForm+", not one at an IP address")},
		{"bare IP host", tell(monitoring.Email("oncall@192.0.2.1")), to + is("oncall@192.0.2.1", emailForm+", not one at an IP address")},
		{"quoted part", tell(monitoring.Email(`"on call"@example.com`)), to + is(`"on call"@example.com`, emailForm+", not one with spaces or invisible characters")},
		{"quoted part without a space", tell(monitoring.Email(`"oncall"@example.com`)), to + is(`"oncall"@example.com`, emailForm+", not one with a quoted part, which SNS refuses")},
		{"non-ASCII name", tell(monitoring.Email("jörg@example.com")), to + is("jörg@example.com", emailForm+", not one with other characters than ASCII, which SNS refuses")},
		{"non-ASCII host", tell(monitoring.Email("joerg@bücher.example")), to + is("joerg@bücher.example", emailForm+", not one with other characters than ASCII, which SNS refuses")},

		// A runbook that is not http(s), has spaces, or has a fragment.
		{"runbook that is a file", runbook("file:///runbook.md"), `RunbookURL: is "file:///runbook.md", want a URL that begins with "https://" or "http://"`},
		{"runbook in a bucket", runbook("s3://shop/runbook.md"), `RunbookURL: is "s3://shop/runbook.md", want a URL that begins with "https://" or "http://"`},
		{"runbook with a space", runbook("https://example.com/run book"), `RunbookURL: is "https://example.com/run book", want a URL without spaces ("%20" stands for one)`},
		{"runbook with a fragment", runbook("https://example.com/runbook#alarms"), `RunbookURL: is "https://example.com/runbook#alarms", want a URL without a fragment ("#…"): that of each alarm is added`},

		// Tags.
		{"too many tags", tagged(tags(50)), `Tags: is 50 tags, want at most 49`},
		{"too many tags of a secret", keep(func(c *secrets.Config) { c.Tags = tags(51) }), `Tags: is 51 tags, want at most 50`},
		{"tag of AWS", tagged(map[string]string{"aws:team": "x"}), `Tags["aws:team"]: is "aws:team", want a key that does not begin with "aws:", which AWS keeps for itself`},
		{"tag of AWS in upper case", keep(func(c *secrets.Config) { c.Tags = map[string]string{"AWS:team": "x"} }), `Tags["AWS:team"]: is "AWS:team", want a key that does not begin with "aws:", which AWS keeps for itself`},
		{"tag without a key", tagged(map[string]string{"": "x"}), `Tags[""]: is "", want a key of 1 to 128 letters, digits, spaces, _ . : / = + - @`},
		{"long tag", tagged(map[string]string{"Team": strings.Repeat("x", 257)}), `Tags["Team"]: is "` + strings.Repeat("x", 80) + `"… (257 characters), want a value of at most 256 letters, digits, spaces, _ . : / = + - @`},
		{"tag with other characters", tagged(map[string]string{"Team": "a;b"}), `Tags["Team"]: is "a;b", want a value of at most 256 letters, digits, spaces, _ . : / = + - @`},
		{"tags that differ in case only", keep(func(c *secrets.Config) { c.Tags = map[string]string{"Team": "x", "team": "y"} }), `Tags["team"]: is "team", want a key that differs from "Team" in more than case: IAM takes them for one`},
		{"the tag Severity", tagged(map[string]string{"Severity": "high"}), `Tags["Severity"]: is "high", want another key: each alarm has its own severity in this tag`},

		// AdoptARN of another name or without suffix. That of another region needs the tree.
		{"adopting another secret", adopt(secret + "shop/other-AbCdEf"), `AdoptARN: is "` + secret + `shop/other-AbCdEf", want the ARN of the secret that Name says ("shop/app-secrets"): this is that of "shop/other"`},
		{"adopting without suffix", adopt(secret + "shop/app-secrets"), `AdoptARN: is "` + secret + `shop/app-secrets", want the whole ARN, with the hyphen and six characters that AWS has added to the name`},
		{"adopting without a suffix, in short", keep(func(c *secrets.Config) { c.Name, c.AdoptARN = "app-secret", secret+"app-secret" }), `AdoptARN: is "` + secret + `app-secret", want the whole ARN, with the hyphen and six characters that AWS has added to the name`},
		{"adopting without region", adopt("arn:aws:secretsmanager::" + account + ":secret:shop/app-secrets-AbCdEf"), `AdoptARN: is "arn:aws:secretsmanager::000000000000:secret:shop/app-secrets-AbCdEf", want ` + secretRule},

		// Protect with DeleteImmediately; the same role under two keys.
		{"protected and deleted at once", keep(func(c *secrets.Config) { c.Protect, c.DeleteImmediately = true, true }), `Protect: is true, want false when DeleteImmediately is true: a protected secret is never deleted`},
		{"role twice", keep(func(c *secrets.Config) { c.ReaderRoles = map[string]string{"a": "web", "b": "web"} }), `ReaderRoles["b"]: is "web", want each role once: ReaderRoles["a"] is the same`},
		{"role as ARN", keep(func(c *secrets.Config) {
			c.ReaderRoles = map[string]string{"a": "arn:aws:iam::" + account + ":role/ecs/web"}
		}), `ReaderRoles["a"]: is "arn:aws:iam::000000000000:role/ecs/web", want the name of a role: "web"`},

		// A secret's name.
		{"name like a suffix", named("app-secret"), `Name: is "app-secret", want a name that does not end in a hyphen and six characters, which AWS can take for the end of an ARN: "app-secrets"`},
		{"name from the root", named("/shop/app"), `Name: is "/shop/app", want a name that does not begin with "/": "shop/app"`},
		{"name with //", named("shop//app"), `Name: is "shop//app", want a name without "//": "shop/app"`},

		// Keys.
		{"keys that differ in case only", keep(func(c *secrets.Config) { c.Keys = []secrets.Key{{Name: "A_b"}, {Name: "a_B"}} }), `Keys[1].Name: is "a_B", want a key that differs from "A_b" in more than case`},
		{"key with a hyphen", keep(func(c *secrets.Config) { c.Keys = []secrets.Key{{Name: "API-KEY"}} }), `Keys[0].Name: is "API-KEY", want ` + variable},
		{"key with a dot", keep(func(c *secrets.Config) { c.Keys = []secrets.Key{{Name: "api.key"}} }), `Keys[0].Name: is "api.key", want ` + variable},
		{"key that begins with a digit", keep(func(c *secrets.Config) { c.Keys = []secrets.Key{{Name: "1KEY"}} }), `Keys[0].Name: is "1KEY", want ` + variable},

		{"reason without off", tune("web/cpu-high", monitoring.Tuning{Threshold: 90, Reason: "busy"}), `Tune["web/cpu-high"].Reason: is "busy", want none unless the alarm is Off`},

		// A lone ${ or %{ in any text.
		{"lone in a first step", extra(func(a *monitoring.Alarm) { a.FirstStep = "Set ${ in the shell." }), `Extra[0] (shop/slow).FirstStep: ` + lone},
		{"lone percentage in a first step", extra(func(a *monitoring.Alarm) { a.FirstStep = "curl -w %{http_code}" }), `Extra[0] (shop/slow).FirstStep: ` + lone},
		{"empty reference", extra(func(a *monitoring.Alarm) { a.FirstStep = "See ${}." }), `Extra[0] (shop/slow).FirstStep: ` + lone},
		{"lone in a description", keep(func(c *secrets.Config) { c.Description = "Costs %{ of it" }), `Description: ` + lone},
		{"lone in a tag", tagged(map[string]string{"Team": "${team"}), `Tags["Team"]: is "${team", want a value of at most 256 letters, digits, spaces, _ . : / = + - @`},
		{"lone in a title", panel(func(p *monitoring.Panel) { p.Title = "CPU %{" }), `Panels (load).Title: ` + lone},
		{"lone in a text", panel(func(p *monitoring.Panel) { p.Text = "a ${ b" }), `Panels (load).Text: ` + lone},
		{"lone in a label", panel(func(p *monitoring.Panel) { p.Lines[0].Label = "${" }), `Panels (load).Lines[0].Label: ` + lone},
		{"lone in a pattern", watch(func(c *monitoring.Config) {
			c.Filters = []monitoring.LogFilter{{ID: "e", MetricFilter: cloudwatch.MetricFilter{LogGroup: "g", Namespace: "N", MetricName: "M", Pattern: "%{a}%"}}}
		}), `Filters[0] (e).Pattern: ` + lone},
		{"lone in a reason", tune("web/cpu-high", monitoring.Tuning{Off: true, Reason: "${"}), `Tune["web/cpu-high"].Reason: ` + lone},
		{"lone in a name", watch(func(c *monitoring.Config) { c.Name = "shop-${" }), `Name: is "shop-${", want 1 to 255 characters of A-Z a-z 0-9 - _: it is the name of the dashboard`},
		{"lone in a cluster", cluster("shop${"), res + `Cluster: is "shop${", want the name of an ECS cluster ("shop"): 1 to 255 of A-Z a-z 0-9 _ -`},
		{"lone in another team's kind", only(queue{"jobs-${"}), `Resources[0] (queue).Name: ` + lone},
		{"lone in a runbook", runbook("https://example.com/${"), `RunbookURL: ` + lone},
		{"lone in a URL", tell(monitoring.HTTPS("https://events.example.com/${key")), `Notify["critical"][0]: ` + lone},

		// Messages stay short.
		{"unknown key of Tune", watch(func(c *monitoring.Config) {
			for i := range 40 {
				c.Resources = append(c.Resources, monitoring.ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "shop", Service: fmt.Sprintf("s%d", i)})
			}
			c.Tune = map[string]monitoring.Tuning{"web/cpu": {Threshold: 90}}
		}), `Tune["web/cpu"]: is "web/cpu", want one of web/cpu-high, s0/cpu-high, s1/cpu-high (the nearest of 132)`},
		{"long name with 41 resources", watch(func(c *monitoring.Config) {
			for i := range 39 {
				c.Resources = append(c.Resources, monitoring.ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "shop", Service: fmt.Sprintf("s%d", i)})
			}
			c.Name = strings.Repeat("n", 250)
		}), `Name: is "` + strings.Repeat("n", 80) + `"… (250 characters), want a shorter Name or Key: the name of the alarm postgres/storage-low has 271 characters, and AWS allows 255`},
		{"long runbook with 41 resources", watch(func(c *monitoring.Config) {
			for i := range 39 {
				c.Resources = append(c.Resources, monitoring.ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "shop", Service: fmt.Sprintf("s%d", i)})
			}
			c.RunbookURL = "https://example.com/" + strings.Repeat("r", 1100)
		}), `RunbookURL: is "https://example.com/` + strings.Repeat("r", 60) + `"… (1120 characters), want a shorter URL: the description of the alarm web/memory-high has 1228 characters, and AWS allows 1024`},
		{"nobody to tell of 82 alarms", watch(func(c *monitoring.Config) {
			for i := range 40 {
				c.Resources = append(c.Resources, monitoring.ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "shop", Service: fmt.Sprintf("s%d", i)})
			}
			delete(c.Notify, monitoring.Warning)
		}), `Notify["warning"]: is empty, want at least one target for web/cpu-high, web/memory-high, postgres/cpu-high and 80 more`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cfg.Validate()
			if err == nil {
				t.Fatalf("it is accepted, want\n%s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("%v\nwant\n%s", err, tt.want)
			}
			const most = 400
			if len(err.Error()) > most {
				t.Errorf("the message has %d characters, want at most %d", len(err.Error()), most)
			}
		})
	}
}

// TestGoodInput has what is unusual and valid: it must stay accepted.
func TestGoodInput(t *testing.T) {
	const ref = "${aws_lb.other.arn_suffix}"
	const element = "#{TfToken[TOKEN.7]}"
	number := func(marker uint64) float64 { return math.Float64frombits(marker<<48 + 5) }
	everything := func(ref string, number float64) config {
		return watch(func(c *monitoring.Config) {
			c.Name, c.Region, c.KMSKeyARN, c.RunbookURL = ref, ref, ref, ref
			c.Notify[monitoring.Critical] = []monitoring.Target{monitoring.Email(ref), monitoring.HTTPS(ref), monitoring.Topic(ref), monitoring.Action(ref)}
			c.Resources = []monitoring.Resource{
				monitoring.ECSService{Key: "web", Cluster: ref, Service: ref},
				monitoring.ALB{Key: "alb", ARNSuffix: ref, TargetGroups: map[string]string{"web": ref}},
				monitoring.RDS{Key: "postgres", Instance: ref},
				monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": ref}},
			}
			c.Tune = map[string]monitoring.Tuning{"web/cpu-high": {Threshold: number}}
			c.Tags = map[string]string{"Team": ref, ref: ref}
			c.Extra = []monitoring.Alarm{{
				Resource: "shop", ID: "slow", Severity: monitoring.Warning, Missing: cloudwatch.Missing, FirstStep: ref,
				When: cpu().Above(number), Window: cloudwatch.Window{EvaluationPeriods: 1},
				Levels: []monitoring.Level{{Severity: monitoring.Critical, Value: number}},
			}, {
				Resource: "shop", ID: "odd", Severity: monitoring.Warning, Missing: cloudwatch.Missing, FirstStep: "Look.",
				When:   cloudwatch.Anomaly{Of: cpu(), Op: cloudwatch.OutsideBand, Band: number},
				Window: cloudwatch.Window{EvaluationPeriods: 1},
			}}
			c.Panels = []monitoring.Panel{{
				ID: "load", Title: ref, Text: ref, Left: monitoring.Axis{Label: ref, Min: &number, Max: &number, DivideBy: number},
				Lines: []monitoring.Line{{Of: cpu(), Label: ref}},
			}}
			c.Filters = []monitoring.LogFilter{{ID: "e", MetricFilter: cloudwatch.MetricFilter{LogGroup: ref, Namespace: ref, MetricName: ref, Pattern: ref, Value: ref}}}
		})
	}
	secretOf := func(ref string, number float64) config {
		return secrets.Config{
			Name: ref, Description: ref, Keys: []secrets.Key{{Name: ref}}, RecoveryDays: number, KMSKeyARN: ref,
			ReaderRoles: map[string]string{"web": ref}, PolicyName: ref, AdoptARN: ref, Tags: map[string]string{"Team": ref, ref: ref},
		}
	}

	for name, cfg := range map[string]config{
		"references":              everything(ref, number(0xfdff)),
		"elements of lists":       everything(element, number(0xfbff)),
		"references in a secret":  secretOf(ref, number(0xfdff)),
		"elements in a secret":    secretOf(element, number(0xfbff)),
		"database of a reference": existing.Database{Instance: ref, Class: ref, Engine: ref, AllocatedStorageGiB: number(0xfdff)},
		"database of an element":  existing.Database{Instance: element, AllocatedStorageGiB: number(0xfbff)},

		"cluster with an underscore":     cluster("_Shop-1"),
		"service in upper case":          service("Web"),
		"load balancer without hyphens":  balancer("app/a/50dc6c495c0c9188"),
		"database that begins with db-":  database("db-1"),
		"database called like its class": database("db-t3-micro"),
		"database called cluster-1":      database("cluster-1"),
		"instance of a cluster":          database("shop-cluster-instance-1"),
		"database of 63 characters":      database(strings.Repeat("a", 63)),
		"node of a shard":                node("shop-redis-0001-001"),
		"node that stands alone":         only(monitoring.Redis{Key: "redis", Standalone: true, Nodes: map[string]string{"001": "shop-redis"}}),
		"one service name in two clusters": only(
			monitoring.ECSService{Key: "a", Cluster: "one", Service: "web"}, monitoring.ECSService{Key: "b", Cluster: "two", Service: "web"}),
		"two alarms on one metric": extra(func(a *monitoring.Alarm) { a.Resource, a.ID = "web", "cpu-higher" }),
		"half a percent of errors": extra(func(a *monitoring.Alarm) {
			errors := cpu()
			errors.Namespace, errors.Name = "AWS/CloudFront", "5xxErrorRate"
			a.When = errors.Above(0.5)
		}),
		"few bytes": extra(func(a *monitoring.Alarm) {
			bytes := cpu()
			bytes.Name, bytes.Unit = "NetworkIn", cloudwatch.Bytes
			a.When = bytes.Below(20)
		}),
		"1 percent": tune("web/cpu-high", monitoring.Tuning{Threshold: 1}),

		"region of China":      region("cn-northwest-1"),
		"region of government": region("us-gov-west-1"),
		"sovereign region":     region("eusc-de-east-1"),

		"key of several regions":    key("arn:aws:kms:" + place + "key/mrk-1234abcd12ab34cd56ef1234567890ab"),
		"topic of another account":  tell(monitoring.Topic("arn:aws:sns:ap-southeast-2:111111111111:shop")),
		"topic called as another":   tell(monitoring.Topic("arn:aws:sns:" + place + "shop-info")),
		"action without a region":   tell(monitoring.Action("arn:aws:ssm-incidents::" + account + ":response-plan/shop")),
		"address with a tag":        tell(monitoring.Email("on.call+shop_o'neill@mail.example.com")),
		"address in punycode":       tell(monitoring.Email("a@xn--bcher-kva.example")),
		"address of 254 characters": tell(monitoring.Email("a@" + strings.Repeat("a.", 122) + "examples")),
		"URL with port and query":   tell(monitoring.HTTPS("https://events.example.com:8443/v2/a?key=b%20c")),
		"URL with a public address": tell(monitoring.HTTPS("https://192.0.2.1/a")),
		"runbook in the intranet":   runbook("http://wiki/runbook?page=1"),
		"most tags":                 tagged(tags(49)),
		"most tags of a secret":     keep(func(c *secrets.Config) { c.Tags = tags(50) }),
		"tag in another language":   tagged(map[string]string{"Équipe": "läden & mehr"[:6], "severity": "a"}),

		"adopted secret that ends like a suffix": keep(func(c *secrets.Config) {
			c.Name, c.AdoptARN = "/app-secret", "arn:aws:secretsmanager:"+place+"secret:/app-secret-AbCdEf"
		}),
		"adopted secret that is protected and deleted at once": keep(func(c *secrets.Config) {
			c.Protect, c.DeleteImmediately, c.AdoptARN = true, true, "${data.aws_secretsmanager_secret.app.arn}"
		}),
		"name with five characters at its end":  named("shop-abcde"),
		"name with seven characters at its end": named("shop-abcdefg"),
		"name with every character":             named("a/b_c+d=e.f@g-h"),
		"key with an underscore":                keep(func(c *secrets.Config) { c.Keys = []secrets.Key{{Name: "_a1"}} }),
		"roles that differ":                     keep(func(c *secrets.Config) { c.ReaderRoles = map[string]string{"a": "web", "b": "worker"} }),

		"escaped":               extra(func(a *monitoring.Alarm) { a.FirstStep = "curl -w %%{http_code} $${URL} ${" + `"a}"` + "}" }),
		"directive":             extra(func(a *monitoring.Alarm) { a.FirstStep = "%{ if var.a }a%{~ else }b%{ endif }" }),
		"percentages and money": extra(func(a *monitoring.Alarm) { a.FirstStep = "100 % { $5 } $" }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := cfg.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRegions compares the regions with those of the AWS SDK that this module uses, so
// that none is forgotten when AWS opens one.
func TestRegions(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal", "endpoints", "awsrulesfn", "partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Partitions []struct {
			Regions map[string]any
		}
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, partition := range doc.Partitions {
		for region := range partition.Regions {
			if strings.HasSuffix(region, "-global") {
				continue
			}
			n++
			var p problems.Problems
			if shape.CheckRegion(&p, "Region", region); p.Err() != nil {
				t.Error(p.Err())
			}
		}
	}
	if n < 40 {
		t.Errorf("the SDK has %d regions, want all of them", n)
	}
}

// A threshold that is small, and meant.
func TestSmallThresholds(t *testing.T) {
	for name, cfg := range map[string]config{
		"a rate of errors": extra(low("AWS/CloudFront", "5xxErrorRate", cloudwatch.Percent, 0.5)),
		"a silent link":    extra(low("AWS/NATGateway", "BytesInFromSource", cloudwatch.Bytes, 100)),
		"any swap":         extra(low("AWS/ElastiCache", "SwapUsage", cloudwatch.Bytes, 0)),
		"a metric of ours": extra(low("Shop", "CacheHitRate", cloudwatch.Percent, 0.5)),
	} {
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
