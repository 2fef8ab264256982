package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/gkampitakis/go-snaps/snaps"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/budget"
	"github.com/ohmycoins/infra/constructs/canary"
	"github.com/ohmycoins/infra/constructs/events"
	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/guardduty"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/constructs/synth/synthtest"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/problems"
	"github.com/ohmycoins/infra/internal/test/coverage"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// synthesized is the Terraform JSON of every stack that the tests look at, by
// stack id. TestMain makes all of them, so that tests which run side by side
// never call into Node.
var synthesized map[string]string

// synthesizedDir is where they were written, with their assets.
var synthesizedDir string

func TestMain(m *testing.M) {
	if dir := os.Getenv(synthesizeOnly); dir != "" {
		if err := synthesize(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "infra-synth-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	synthesizedDir = dir
	err = synthesize(dir)
	if err == nil {
		synthesized, err = readStacks(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	atLeast("test.parallel", 6) // most of the tests wait for the provider most of the time
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// atLeast raises a flag that is a number.
func atLeast(name string, n int) {
	flag.Parse()
	if value, err := strconv.Atoi(flag.Lookup(name).Value.String()); err == nil && value < n {
		_ = flag.Set(name, strconv.Itoa(n)) // a number, as the flag's value is
	}
}

// synthesize writes the JSON of every stack that the tests look at below dir.
func synthesize(dir string) error {
	_, err := cdk.Synth(dir, snapshotStacks)
	// A variant of a stack has the stack's id, so that it has the same addresses.
	for name, build := range variants() {
		_, invalid := cdk.Synth(filepath.Join(dir, "variants", name), build)
		err = errors.Join(err, invalid)
	}
	return err
}

// snapshotStacks are the stacks whose JSON is reviewed in __snapshots__.
func snapshotStacks(app cdk.Scope) {
	for _, env := range environment.All() {
		stacks.NewOperations(app, env)
	}
	construct := func(id string, build func(stack cdk.Scope)) { build(constructStack(app, id)) }
	construct("secrets-minimal", func(stack cdk.Scope) {
		secrets.New(stack, "secret", secrets.Config{Name: "example"})
	})
	construct("secrets-full", func(stack cdk.Scope) {
		secret := secrets.New(stack, "secret", secrets.Config{
			Name:         "team/example",
			Description:  "Everything that can be configured",
			Keys:         []secrets.Key{{Name: "SECRET_KEY"}, {Name: "OPENAI_API_KEY", Optional: true}},
			RecoveryDays: 7,
			CreateKMSKey: true,
			ReaderRoles:  map[string]string{"task-execution": "example-task-execution", "batch": "example-batch"},
			PolicyName:   "example-reader",
			AdoptARN:     "arn:aws:secretsmanager:ap-southeast-2:000000000000:secret:team/example-AbCdEf",
			Protect:      true,
			Tags:         map[string]string{"Team": "example"},
		})
		cdk.NewOutput(stack, "container-secrets", cdk.Output{Value: containerSecrets(secret)})
	})
	construct("secrets-references", func(stack cdk.Scope) {
		ref := references(stack)
		secret := secrets.New(stack, "secret", secrets.Config{
			Name:         ref("name"),
			Description:  ref("description"),
			Keys:         []secrets.Key{{Name: ref("key")}},
			RecoveryDays: *number(stack, "days"),
			KMSKeyARN:    ref("kms-key-arn"),
			ReaderRoles:  map[string]string{"task-execution": ref("role")},
			AdoptARN:     ref("adopt-arn"),
		})
		cdk.NewOutput(stack, "container-secrets", cdk.Output{Value: containerSecrets(secret)})
	})
	construct("existing-minimal", func(stack cdk.Scope) {
		existing.NewRole(stack, "role", existing.Role{Name: "example"})
	})
	construct("existing-full", func(stack cdk.Scope) {
		existingStack(stack, asSaid{class: "db.t3.micro", engine: "postgres", storageGiB: 20, group: "example-redis", nodeType: "cache.t3.micro"})
	})
	construct("existing-aliases", existingAliases)
	construct("existing-references", existingReferences)
	construct("monitoring-minimal", func(stack cdk.Scope) {
		monitoring.New(stack, "monitoring", monitoring.Config{
			Name:      "example",
			Region:    "ap-southeast-2",
			Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Warning: {monitoring.Email("team@example.com")}},
			Resources: []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "example", Service: "web"}},
		})
	})
	construct("monitoring-full", func(stack cdk.Scope) {
		monitoring.New(stack, "monitoring", monitoring.Config{
			Name:   "example",
			Region: "ap-southeast-2",
			Notify: map[monitoring.Severity][]monitoring.Target{
				monitoring.Critical: {
					monitoring.Email("oncall@example.com"),
					monitoring.HTTPS("https://events.example.com/integration"),
					monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:pager"),
				},
				monitoring.Warning: {monitoring.Email("team@example.com"), monitoring.Email("lead@example.com")},
			},
			KMSKeyARN: "arn:aws:kms:ap-southeast-2:000000000000:key/11111111-2222-3333-4444-555555555555",
			Resources: []monitoring.Resource{
				monitoring.ECSService{Key: "web", Cluster: "example", Service: "web", ContainerInsights: true},
				monitoring.ECSService{Key: "worker", Cluster: "example", Service: "worker"},
				monitoring.ALB{Key: "alb", ARNSuffix: "app/example/1", TargetGroups: map[string]string{"web": "targetgroup/web/2"}},
				monitoring.RDS{Key: "postgres", Instance: "example"},
				monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": "example-001", "002": "example-002"}},
			},
			Tune: map[string]monitoring.Tuning{
				"web/cpu-high":           {Threshold: 90},
				"alb/5xx-high":           {ThresholdZero: true},
				"redis-002/hit-rate-low": {Off: true, Reason: "replicas are not read from"},
			},
			NotifyInsufficientData: true,
			RunbookURL:             "https://example.com/runbook",
			Tags:                   map[string]string{"Team": "example"},
		})
	})
	construct("budget-minimal", func(stack cdk.Scope) {
		budget.New(stack, "budget", budget.Config{
			Name: "example", Amount: 99.5, Currency: "USD", Tag: budget.Tag{Key: "Environment", Value: "example"},
			TopicARN: "arn:aws:sns:ap-southeast-2:000000000000:team",
		})
	})
	construct("budget-full", func(stack cdk.Scope) {
		cost := budget.New(stack, "budget", everyBudgetConfig(references(stack)("topic-arn")))
		cdk.NewOutput(stack, "budget-arn", cdk.Output{Value: cost.ARN()})
	})
	construct("detection", detection)
	construct("guardduty-adopt", func(stack cdk.Scope) {
		cdk.NewOutput(stack, "detector", cdk.Output{Value: guardduty.New(stack, "guardduty", guardduty.Config{Detector: guardduty.Adopt}).DetectorID()})
	})
	construct("canary-minimal", func(stack cdk.Scope) {
		canary.New(stack, "canaries", canary.Config{
			Region: "ap-southeast-2", Bucket: "example-canaries", Role: "example-canaries",
			Canaries: []monitoring.Canary{{Key: "api", Name: "example-api", URL: "https://api.example.com/health", Every: time.Minute}},
		})
	})
	construct("canary-full", everyCanary)
	construct("monitoring-open", openModel)
	construct("events-minimal", func(stack cdk.Scope) {
		events.New(stack, "events", events.Config{
			Name:   "example",
			Region: "ap-southeast-2",
			Topics: map[monitoring.Severity][]string{monitoring.Warning: {"arn:aws:sns:ap-southeast-2:000000000000:team"}},
			Sources: []events.Source{events.Rule{
				Key: "order-lost", Severity: monitoring.Warning,
				Pattern: events.Pattern{"source": events.Is("shop"), "detail-type": events.Is("order lost")},
				Title:   "The order <$.detail.order> was lost", First: "Look into the shop's log.",
			}},
		})
	})
	construct("events-full", everyEvent)
	construct("monitoring-kinds", everyKind)
	construct("monitoring-references", func(stack cdk.Scope) {
		ref := references(stack)
		monitoring.New(stack, "monitoring", monitoring.Config{
			Name:   ref("name"),
			Region: ref("region"),
			Notify: map[monitoring.Severity][]monitoring.Target{
				monitoring.Critical: {monitoring.Email(ref("email")), monitoring.HTTPS(ref("url")), monitoring.Topic(ref("topic-arn"))},
				monitoring.Warning:  {monitoring.Email(ref("email"))},
			},
			KMSKeyARN: ref("kms-key-arn"),
			Resources: []monitoring.Resource{
				monitoring.ECSService{Key: "web", Cluster: ref("cluster"), Service: ref("service")},
				monitoring.ALB{Key: "alb", ARNSuffix: ref("alb"), TargetGroups: map[string]string{"web": ref("target-group")}},
				monitoring.RDS{Key: "postgres", Instance: ref("instance")},
				monitoring.Redis{Key: "redis", Nodes: map[string]string{"001": ref("node")}},
			},
			Tune:       map[string]monitoring.Tuning{"web/cpu-high": {Threshold: *number(stack, "threshold")}},
			RunbookURL: ref("runbook-url"),
		})
	})
}

// everyBudgetConfig has everything that can be configured of a budget.
func everyBudgetConfig(topicARN string) budget.Config {
	return budget.Config{
		Name: "example", Amount: 5000, Currency: "USD", Tag: budget.Tag{Key: "team", Value: "example"},
		Actual: []float64{50, 90}, Forecast: []float64{110}, AnomaliesFrom: 12.5, TopicARN: topicARN,
		Tags: map[string]string{"Team": "example"},
	}
}

// everyCanary has everything that can be configured of canaries, in another region
// than the stack.
func everyCanary(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("virginia"), &provider.AwsProviderConfig{
		Alias: jsii.String("virginia"), Region: jsii.String("us-east-1"),
	})
	canaries := canary.New(stack, "canaries", everyCanaryConfig(references(stack)))
	cdk.NewOutput(stack, "made", cdk.Output{Value: []string{canaries.ARN("api"), canaries.BucketName(), canaries.RoleARN()}})
}

func everyCanaryConfig(ref func(id string) string) canary.Config {
	return canary.Config{
		Region: "us-east-1", Bucket: ref("bucket"), Role: ref("role"), PermissionsBoundary: ref("boundary"),
		Canaries: []monitoring.Canary{
			{Key: "api", Name: "example-api", URL: "https://api.example.com/health", Every: 5 * time.Minute, Status: 204, Body: `{"ok":"'; exit"}`, MaxDuration: time.Second},
			{Key: "bucket", Name: ref("name"), URL: ref("url"), Every: time.Hour},
		},
		Runtime: "syn-nodejs-puppeteer-16.1", KeepDays: 7, Provider: "virginia", Tags: map[string]string{"Team": "example"},
	}
}

// constructStack makes the stack of a construct's snapshot.
func constructStack(app cdk.Scope, id string) cdk.Scope {
	return cdk.NewStack(app, id, cdk.Stack{
		Region: "ap-southeast-2", StateBucket: "example-state", StateKey: id + "/terraform.tfstate",
	})
}

// openModel has what goes beyond the kinds of resources: every condition, further
// severities, actions, filters, panels, dashboards and another provider.
func openModel(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("sydney"), &provider.AwsProviderConfig{
		Alias: jsii.String("sydney"), Region: jsii.String("ap-southeast-2"),
	})
	errors := monitoring.LogFilter{
		Resource: "shop", ID: "errors",
		MetricFilter: cloudwatch.MetricFilter{
			LogGroup: "/shop/web", Pattern: `{ $.level = "error" }`,
			Namespace: "Shop", MetricName: "Errors", Default: "0", Unit: cloudwatch.Count,
		},
	}
	metric := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "Shop", Name: name, Stat: stat, Period: time.Minute, Unit: unit,
			Dimensions: []cloudwatch.Dimension{{Name: "Service", Value: "checkout"}},
		}
	}
	latency := metric("Latency", "p99", cloudwatch.Milliseconds)
	errorRate := cloudwatch.Math{
		Expression: "100 * failures / requests",
		Using: map[string]cloudwatch.Metric{
			"failures": metric("Failures", cloudwatch.Sum, cloudwatch.Count),
			"requests": metric("Requests", cloudwatch.Sum, cloudwatch.Count),
		},
		Samples: "requests", Unit: cloudwatch.Percent, Label: "error rate",
	}
	five := cloudwatch.Window{EvaluationPeriods: 5, DatapointsToAlarm: 3}
	one := cloudwatch.Window{EvaluationPeriods: 1}
	const page monitoring.Severity = "page"
	mon := monitoring.New(stack, "monitoring", monitoring.Config{
		Name:     "shop",
		Region:   "ap-southeast-2",
		Provider: "sydney",
		Notify: map[monitoring.Severity][]monitoring.Target{
			page: {
				monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:pager"),
				monitoring.Action("arn:aws:ssm:ap-southeast-2:000000000000:opsitem:1"),
			},
			monitoring.Warning: {monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:team")},
		},
		NoOKActions: []monitoring.Severity{monitoring.Warning},
		Resources:   []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"}},
		Filters:     []monitoring.LogFilter{errors},
		Extra: []monitoring.Alarm{
			{
				Resource: "shop", ID: "slow", Severity: monitoring.Warning, Levels: []monitoring.Level{{Severity: page, Value: 2000}},
				When: latency.Above(500), Window: five, Missing: cloudwatch.NotBreaching, MinSamples: 20, FirstStep: "Look at the slowest query.",
			},
			{
				Resource: "shop", ID: "error-rate", Severity: page, When: errorRate.Above(5), Window: five, Missing: cloudwatch.NotBreaching,
				MinSamples: 100, FirstStep: "Read the errors.",
			},
			{
				Resource: "shop", ID: "orders-odd", Severity: monitoring.Warning, Missing: cloudwatch.Missing, Window: five,
				When:      cloudwatch.Anomaly{Of: metric("Orders", cloudwatch.Sum, cloudwatch.Count), Op: cloudwatch.BelowBand, Band: 3},
				FirstStep: "Place an order.",
			},
			{
				Resource: "shop", ID: "silent", Severity: monitoring.Warning, When: cloudwatch.Heartbeat{Of: metric("Ticks", cloudwatch.Sum, cloudwatch.Count)},
				Window: one, FirstStep: "See whether the scheduler runs.",
			},
			{
				Resource: "shop", ID: "log-errors", Severity: monitoring.Warning, When: errors.Metric(cloudwatch.Sum, 5*time.Minute).Above(10),
				Window: one, Missing: cloudwatch.NotBreaching, FirstStep: "Read the log.",
			},
			{
				ID: "down", Severity: page, FirstStep: "Open the status page.",
				When: cloudwatch.Composite{
					Rule:       cloudwatch.Any{cloudwatch.AllOf("shop/slow-page", "shop/error-rate"), cloudwatch.Is{Alarm: "web/cpu-high", State: cloudwatch.InsufficientData}},
					Suppressor: "shop/silent", Extension: 5 * time.Minute,
				},
			},
		},
		Tune: map[string]monitoring.Tuning{
			"web/cpu-high": {Severity: page, Window: cloudwatch.Window{EvaluationPeriods: 10, DatapointsToAlarm: 8}, Missing: cloudwatch.Breaching},
		},
		Panels: []monitoring.Panel{
			{ID: "checkout", Title: "Checkout", Lines: []monitoring.Line{{Of: errorRate}, {Of: latency, Right: true, Color: "#1f77b4"}}},
			{ID: "about", Text: "The shop. Ask **#shop**.", Width: 24},
		},
		Layout:     []string{"about", "checkout"},
		Dashboards: []monitoring.Dashboard{{Key: "web", Resources: []string{"web"}}},
	})
	cdk.NewOutput(stack, "dashboard-urls", cdk.Output{Value: mon.DashboardURLs()})
}

// everyEvent tells of everything there is to tell, by another provider, with references,
// two topics of a severity, a rule that is off and topics of which one is made here.
func everyEvent(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("sydney"), &provider.AwsProviderConfig{
		Alias: jsii.String("sydney"), Region: jsii.String("ap-southeast-2"),
	})
	ref := references(stack)
	told, watched := everyEventConfigs(ref("cluster"), ref("secret-arn"))
	mon := monitoring.New(stack, "monitoring", watched)
	told.Topics = mon.TopicARNs()
	happened := events.New(stack, "events", told)
	cdk.NewOutput(stack, "rules", cdk.Output{Value: happened.RuleARNs()})
	cdk.NewOutput(stack, "queue", cdk.Output{Value: happened.QueueURL()})
}

// everyEventConfigs have no topics for the events yet.
func everyEventConfigs(cluster, secretARN string) (events.Config, monitoring.Config) {
	told := events.Config{
		Name:     "example",
		Region:   "ap-southeast-2",
		Provider: "sydney",
		Sources: []events.Source{
			events.ECSCluster{Cluster: cluster},
			events.RDS{Key: "orders", Instance: "example"},
			events.ElastiCache{ReplicationGroup: "example-redis"},
			events.Secret{Name: "example", ARN: secretARN, Readers: []string{"example-task-execution"}},
			events.Account{},
		},
		Tune: map[string]events.Tuning{
			"ecs-task-failed": {Off: true, Reason: "jobs end so"},
			"orders-failover": {Severity: monitoring.Critical},
		},
		RunbookURL: "https://example.com/runbook",
		Tags:       map[string]string{"Team": "example"},
	}
	return told, monitoring.Config{
		Name:     "example",
		Region:   "ap-southeast-2",
		Provider: "sydney",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com"), monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:pager")},
			monitoring.Warning:  {monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:team")},
		},
		Resources:  []monitoring.Resource{told.Undelivered()},
		Publishers: []monitoring.Publisher{told.Publisher(), {Service: "budgets.amazonaws.com", Sources: map[monitoring.Severity][]string{monitoring.Critical: {"budget/example"}}, Global: true}},
	}
}

// everyKind watches one resource of each kind there is with all its alarms, each
// where its metrics are.
func everyKind(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("global"), &provider.AwsProviderConfig{
		Alias: jsii.String("global"), Region: jsii.String(kinds.GlobalRegion),
	})
	here, global := everyKindConfigs()
	monitoring.New(stack, "monitoring", here)
	monitoring.New(stack, "global-monitoring", global)
}

// everyKindConfigs watch the kinds whose metrics are in the region of the resource, and
// those whose metrics are in one region only.
func everyKindConfigs() (monitoring.Config, monitoring.Config) {
	var here, global []monitoring.Resource
	for _, kind := range coverage.Kinds() {
		if _, ok := kind.Example.(interface{ Region() string }); ok {
			global = append(global, kind.Example)
		} else {
			here = append(here, kind.Example)
		}
	}
	config := func(name, region, alias string, resources []monitoring.Resource) monitoring.Config {
		return monitoring.Config{
			Name: name, Region: region, Provider: alias, Resources: resources, Profile: monitoring.Recommended,
			Notify: map[monitoring.Severity][]monitoring.Target{
				monitoring.Critical: {monitoring.Topic("arn:aws:sns:" + region + ":000000000000:oncall")},
				monitoring.Warning:  {monitoring.Topic("arn:aws:sns:" + region + ":000000000000:team")},
			},
		}
	}
	return config("shop", "ap-southeast-2", "", here), config("shop-global", kinds.GlobalRegion, "global", global)
}

func containerSecrets(secret *secrets.Secret) []map[string]string {
	var list []map[string]string
	for _, s := range secret.ContainerSecrets() {
		list = append(list, map[string]string{"name": s.Name, "valueFrom": s.ValueFrom})
	}
	return list
}

// references returns a function that makes a variable on first use and returns a
// reference to it.
func references(stack constructs.Construct) func(id string) string {
	made := map[string]string{}
	return func(id string) string {
		if _, ok := made[id]; !ok {
			variable := cdktf.NewTerraformVariable(stack, jsii.String(id), &cdktf.TerraformVariableConfig{Type: jsii.String("string")})
			made[id] = *variable.StringValue()
		}
		return made[id]
	}
}

func number(stack constructs.Construct, id string) *float64 {
	variable := cdktf.NewTerraformVariable(stack, jsii.String(id), &cdktf.TerraformVariableConfig{Type: jsii.String("number")})
	return variable.NumberValue()
}

// variants are changes of stacks, by name.
func variants() map[string]func(app cdk.Scope) {
	everything := environment.Staging()
	everything.AccountID = "000000000000"
	everything.Notify.Critical.URLs = []string{"https://events.example.com/integration"}
	everything.Notify.Warning.TopicARNs = []string{"arn:aws:sns:ap-southeast-2:000000000000:team"}
	everything.Tune["redis-001/hit-rate-low"] = environment.Tuning{Off: true, Reason: "nothing is cached yet"}
	changed := environment.Staging()
	changed.Notify.Critical.Emails = []string{"platform@example.com", "third@example.com"}
	changed.Tune["backend/cpu-high"] = environment.Tuning{Threshold: 90}
	staging := func(env environment.Environment) func(cdk.Scope) {
		return func(app cdk.Scope) { stacks.NewOperations(app, env) }
	}
	return map[string]func(cdk.Scope){
		"everything": staging(everything),
		"changed":    staging(changed),
		"existing-wrong": func(app cdk.Scope) {
			existingStack(constructStack(app, "existing-full"),
				asSaid{class: "db.m5.large", engine: "mysql", storageGiB: 100, group: "other-redis", nodeType: "cache.r7g.large"})
		},
	}
}

// readStacks returns the JSON of every stack below dir: by stack id, or by the
// name of the variant.
func readStacks(dir string) (map[string]string, error) {
	stacks := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "cdk.tf.json" {
			return err
		}
		name := filepath.Base(filepath.Dir(path))
		if rel, err := filepath.Rel(filepath.Join(dir, "variants"), path); err == nil && !strings.HasPrefix(rel, "..") {
			name, _, _ = strings.Cut(rel, string(filepath.Separator))
		}
		content, err := os.ReadFile(path)
		stacks[name] = string(content)
		return err
	})
	return stacks, err
}

func snapshotIDs() []string {
	var ids []string
	for _, id := range problems.SortedKeys(synthesized) {
		if _, isVariant := variants()[id]; !isVariant {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestSnapshots(t *testing.T) {
	ids := snapshotIDs()
	if len(ids) != 22 {
		t.Fatalf("stacks are %v, want both environments, the cases of each construct, and aliases of providers", ids)
	}
	files := map[string]bool{}
	for _, id := range ids {
		t.Run(id, func(t *testing.T) {
			stack, dashboard, err := splitDashboard(synthesized[id])
			if err != nil {
				t.Fatal(err)
			}
			file := func(name, ext string) *snaps.Config {
				files[filepath.Join("__snapshots__", id, name+"_1.snap"+ext)] = true
				return snaps.WithConfig(
					snaps.Dir(filepath.Join("__snapshots__", id)), snaps.Filename(name),
					snaps.JSON(snaps.JSONConfig{Indent: "  ", Width: 80}),
				)
			}
			file("stack", ".json").MatchStandaloneJSON(t, stack)
			if dashboard != "" {
				file("dashboard", ".json").MatchStandaloneJSON(t, dashboard)
			}
			file("addresses", "").MatchStandaloneSnapshot(t, strings.Join(parsed(t, stack).Addresses(), "\n"))

			joined, err := joinDashboard(stack, dashboard)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, synthesized[id]), decode(t, joined)); diff != "" {
				t.Errorf("what is reviewed is not what was synthesized (-synthesized +reviewed):\n%s", diff)
			}
			for _, path := range matchAssets(t, id) {
				files[path] = true
			}
		})
	}
	removeObsolete(t, files)
}

// matchAssets compares the files beside the JSON of a stack with those of its snapshot,
// and returns their paths there.
func matchAssets(t *testing.T, id string) []string {
	t.Helper()
	stack := filepath.Join(synthesizedDir, "stacks", id)
	found, err := filepath.Glob(filepath.Join(stack, "assets", "*", "*"))
	must(t, err)
	var reviewed []string
	for _, path := range found {
		rel, err := filepath.Rel(stack, path)
		must(t, err)
		content, err := os.ReadFile(path)
		must(t, err)
		at := filepath.Join("__snapshots__", id, rel)
		reviewed = append(reviewed, at)
		if os.Getenv("UPDATE_SNAPS") == "true" {
			must(t, os.MkdirAll(filepath.Dir(at), 0o755))
			must(t, os.WriteFile(at, content, 0o644))
		}
		if old, err := os.ReadFile(at); err != nil || !bytes.Equal(old, content) {
			t.Errorf("%s is not the asset that was synthesized (%v): make snapshots writes it", at, err)
		}
	}
	return reviewed
}

// removeObsolete looks for snapshots that no test made, and removes them when
// snapshots are updated.
func removeObsolete(t *testing.T, made map[string]bool) {
	t.Helper()
	must(t, filepath.WalkDir("__snapshots__", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || made[path] {
			return err
		}
		if os.Getenv("UPDATE_SNAPS") == "true" {
			return os.Remove(path)
		}
		t.Errorf("%s is obsolete: make snapshots removes it", path)
		return nil
	}))
}

func decode(t *testing.T, doc string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	for _, dashboard := range dashboards(v) {
		var body any
		if json.Unmarshal([]byte(dashboard[bodyKey].(string)), &body) == nil {
			dashboard[bodyKey] = body
		}
	}
	return v
}

const (
	bodyKey       = "dashboard_body"
	bodyElsewhere = "see the dashboard snapshot beside this file"
)

// splitDashboard takes the body of the dashboard, a single line of some kilobytes,
// out of the JSON of a stack, so that both can be read. A body with a reference to
// a number is not JSON until Terraform has put the number in, and stays.
func splitDashboard(stack string) (rest, body string, err error) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(stack), &doc); err != nil {
		return "", "", err
	}
	if len(dashboards(doc)) > 1 {
		return stack, "", nil // each body stays with its dashboard
	}
	for _, dashboard := range dashboards(doc) {
		if text := dashboard[bodyKey].(string); json.Valid([]byte(text)) {
			body = text
			dashboard[bodyKey] = bodyElsewhere
		}
	}
	return encode(doc), body, nil
}

// joinDashboard is the reverse of splitDashboard.
func joinDashboard(rest, body string) (stack string, err error) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(rest), &doc); err != nil {
		return "", err
	}
	for _, dashboard := range dashboards(doc) {
		if dashboard[bodyKey] == bodyElsewhere {
			dashboard[bodyKey] = body
		}
	}
	return encode(doc), nil
}

// dashboards returns the dashboard resources of a stack.
func dashboards(doc map[string]any) []map[string]any {
	resources, _ := doc["resource"].(map[string]any)
	byName, _ := resources["aws_cloudwatch_dashboard"].(map[string]any)
	var list []map[string]any
	for _, d := range byName {
		list = append(list, d.(map[string]any))
	}
	return list
}

func encode(doc map[string]any) string {
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return string(out)
}

// parsed returns a stack's JSON as Go values.
func parsed(t *testing.T, stack string) *synthtest.Configuration {
	t.Helper()
	c, err := synthtest.Parse(stack)
	must(t, err)
	return c
}

func TestSynthIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(t.TempDir())
	if _, err := cdk.Synth(dir, snapshotStacks); err != nil {
		t.Fatal(err)
	}
	again, err := readStacks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range again {
		if diff := cmp.Diff(want, synthesized[id]); diff != "" {
			t.Errorf("%s differs from run to run (-second +first):\n%s", id, diff)
		}
	}
}

func TestNothingSecretOrLocal(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for id, stack := range synthesized {
		for _, forbidden := range []string{cwd, os.TempDir(), "secret_string", "aws_secretsmanager_secret_version"} {
			if strings.Contains(stack, forbidden) {
				t.Errorf("%s contains %q", id, forbidden)
			}
		}
	}
}

// TestOptionalData checks that what an environment may leave out reaches the stack.
func TestOptionalData(t *testing.T) {
	plain, everything := synthesized["staging"], synthesized["everything"]
	for text, inPlain := range map[string]bool{
		"\"allowed_account_ids\": [\n          \"000000000000\"\n        ]": false,
		"\"endpoint\": \"https://events.example.com/integration\"":          false,
		"\"arn:aws:sns:ap-southeast-2:000000000000:team\"":                  false,
		"\"alarm_name\": \"ohmycoins-staging/redis-001/hit-rate-low\"":      true,
	} {
		if strings.Contains(plain, text) != inPlain || strings.Contains(everything, text) == inPlain {
			t.Errorf("%s: in the plain stack %v, want %v; in the other %v, want %v", text,
				strings.Contains(plain, text), inPlain, strings.Contains(everything, text), !inPlain)
		}
	}
}

// wide are the statements, by Sid, whose resources cannot be named one by one, and why.
var wide = map[string]string{
	"WriteResults":   "objects below the name of a canary",
	"WriteLogs":      "Synthetics ends the names of its functions with an id",
	"ListBuckets":    "has no permission for single resources",
	"PublishMetrics": "has none either; a condition limits the namespace",
}

// TestLeastPrivilege looks for wildcards in every policy. In the policy of a key
// the resource "*" is the key itself, and AWS documents kms:GenerateDataKey* as
// what a service needs to publish to an encrypted topic. A denial is as wide as it can
// be.
func TestLeastPrivilege(t *testing.T) {
	type statement struct {
		Sid, Effect        string
		Actions, Resources []string
	}
	policies := 0
	for id, stack := range synthesized {
		for _, document := range parsed(t, stack).Data("aws_iam_policy_document") {
			policies++
			name := document.Address
			isKeyPolicy := strings.Contains(name, "_key-policy-document_")
			isTrust := strings.Contains(name, "-trust-document_") // is about the role that has it
			for _, s := range synthtest.Attribute[[]statement](t, document, "statement") {
				if s.Effect == "Deny" && s.Sid == "OnlyOverTLS" {
					continue
				}
				if len(s.Actions) == 0 || len(s.Resources) == 0 && !isTrust || s.Sid == "" || s.Effect == "" {
					t.Errorf("%s: %s: incomplete statement %+v", id, name, s)
				}
				for _, action := range s.Actions {
					if strings.Contains(action, "*") && (!isKeyPolicy || action != "kms:GenerateDataKey*") {
						t.Errorf("%s: %s: %s: action %s", id, name, s.Sid, action)
					}
				}
				for _, resource := range s.Resources {
					if strings.Contains(resource, "*") && !isKeyPolicy && wide[s.Sid] == "" {
						t.Errorf("%s: %s: %s: resource %s", id, name, s.Sid, resource)
					}
				}
			}
		}
	}
	if policies == 0 {
		t.Error("found no policy")
	}
}

func TestBadInput(t *testing.T) {
	staging, production := environment.Staging(), environment.Production()
	staging.Secret.RecoveryDays, staging.Secret.DeleteImmediately = 3, false
	staging.Notify.Critical.Emails = []string{"not-an-email", "oncall@example.com", "oncall@example.com"}
	production.Cache.Nodes = nil
	production.Tune = map[string]environment.Tuning{"backend/cpu": {Threshold: 90}}

	out := filepath.Join(t.TempDir(), "cdktf.out")
	_, err := cdk.Synth(out, func(app cdk.Scope) {
		stacks.NewOperations(app, staging)
		stacks.NewOperations(app, production)
	})
	want := `staging/app-secrets: RecoveryDays: is 3, want 0 (DeleteImmediately, or the default of 30) or 7 to 30
staging/monitoring: Notify["critical"][0]: is "not-an-email", want an e-mail address ("name@example.com")
staging/monitoring: Notify["critical"][2]: is "oncall@example.com", want each target once: Notify["critical"][1] is the same
production/monitoring: Resources[4] (redis).Nodes: is empty, want at least one cache cluster id: CloudWatch has no metrics of replication groups
production/monitoring: Tune["backend/cpu"]: is "backend/cpu", want one of backend/down, backend/cpu-high, maintenance (the nearest of 75)`
	if err == nil {
		t.Fatal("synthesized without an error")
	}
	if diff := cmp.Diff(want, strings.TrimSpace(err.Error())); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Dir(out))
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind %v, %v; want nothing", entries, err)
	}
}

func TestContainerSecretThatIsNotAKey(t *testing.T) {
	_, err := cdk.Synth(filepath.Join(t.TempDir(), "out"), func(app cdk.Scope) {
		stack := cdk.NewStack(app, "app", cdk.Stack{Region: "ap-southeast-2", StateBucket: "b", StateKey: "k"})
		secrets.New(stack, "secret", secrets.Config{Name: "s", Keys: []secrets.Key{{Name: "A"}}}).ContainerSecrets("A", "B")
	})
	want := `app/secret: ContainerSecrets: is "B", want one of Keys`
	if err == nil || strings.TrimSpace(err.Error()) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// TestPanicOfTheBindings checks that what the bindings panic with becomes one
// clean message.
func TestPanicOfTheBindings(t *testing.T) {
	_, err := cdk.Synth(filepath.Join(t.TempDir(), "out"), func(app cdk.Scope) {
		stacks.NewOperations(app, environment.Staging())
		stacks.NewOperations(app, environment.Staging())
	})
	want := "building the construct tree: There is already a Construct with name 'staging' in App"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
