package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ohmycoins/infra/constructs/events"
	"github.com/ohmycoins/infra/constructs/monitoring"
	definition "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/terraform"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/internal/test/policy"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// testContext bounds what has no test of its own to be bounded by.
func testContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 5*time.Minute)
}

// startAWS starts a local AWS that holds what exists already. Every call to it goes
// through intercept.
func startAWS(t *testing.T, intercept func(http.Handler) http.Handler, envs []environment.Environment, options ...localaws.SeedOption) *localaws.Server {
	t.Helper()
	server, err := localaws.Start(t.Context(), ".", io.Discard, localaws.Intercept(intercept))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	for _, env := range envs {
		if err := localaws.Seed(t.Context(), server, env, options...); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// localAccount is the account of the local AWS.
const localAccount = "123456789012"

// TestApply applies the reviewed JSON of both stacks, side by side in one account,
// looks at the result through the API of AWS, and destroys it again. Every call of
// Terraform is evaluated: the plan role has to be enough for a plan, the infrastructure
// role for everything.
func TestApply(t *testing.T) {
	t.Parallel() // the provider waits a minute for queues
	envs := environment.All()
	recorders := map[string]*policy.Recorder{} // by role and environment
	world := policy.NewWorld(localAccount, envs...)
	for _, env := range envs {
		for _, role := range []string{"plan", "infrastructure"} {
			recorders[role+"-"+env.Name] = newRecorder(t, role, env, world)
		}
	}
	server := startAWS(t, func(next http.Handler) http.Handler {
		for _, recorder := range recorders {
			next = recorder.Handler(next)
		}
		return next
	}, envs)
	// Not by t.Parallel, which would put them behind all other tests.
	var both sync.WaitGroup
	for _, env := range envs {
		both.Go(func() { t.Run(env.Name, func(t *testing.T) { applyStack(t, server, env) }) })
	}
	both.Wait()
	if t.Failed() {
		return
	}
	for role, reasons := range map[string]map[string]string{"plan": planReasons, "infrastructure": terraformReasons} {
		asked := map[string]bool{}
		for _, env := range envs {
			recorder := recorders[role+"-"+env.Name]
			if err := recorder.Err(); err != nil {
				t.Errorf("policies of the %s role of %s:\n%v", role, env.Name, err)
			}
			if len(recorder.Asked()) == 0 {
				t.Fatalf("no call of the %s role of %s was seen", role, env.Name)
			}
			for _, action := range recorder.Asked() {
				asked[action] = true
			}
		}
		for _, problem := range recorders[role+"-"+envs[0].Name].Role.Unused(asked, reasons) {
			t.Errorf("policies of the %s role: %s", role, problem)
		}
	}
}

// newRecorder evaluates the calls of programs that [as] made.
func newRecorder(t *testing.T, role string, env environment.Environment, world *policy.World) *policy.Recorder {
	t.Helper()
	evaluated, err := policy.ReadRole(role, env, localAccount)
	must(t, err)
	return &policy.Recorder{
		Role: evaluated, World: world,
		Of: func(userAgent string) bool { return strings.Contains(userAgent, "exec-env/"+role+"-"+env.Name) },
	}
}

// as returns the variables of Terraform for a role: every SDK of AWS puts one of them
// into its user agent.
func as(role string, env environment.Environment, server *localaws.Server) map[string]string {
	variables := server.Env()
	variables["AWS_EXECUTION_ENV"] = role + "-" + env.Name
	return variables
}

func applyStack(t *testing.T, server *localaws.Server, env environment.Environment) {
	t.Helper()
	ctx := t.Context()
	ws := workspace(t, reviewed(t, env.Name), as("infrastructure", env, server))
	ws.addAssets(t, env.Name)
	must(t, ws.Init(ctx))
	must(t, ws.Apply(ctx))
	planner := workspace(t, reviewed(t, env.Name), as("plan", env, server))
	planner.addAssets(t, env.Name)
	must(t, planner.Init(ctx))
	wantChanges(t, planner, "applied twice")

	cloud := connect(t, server, ws)
	cloud.checkAlarms(t, env)
	cloud.checkTopics(t, env)
	cloud.checkDashboard(t, env)
	cloud.checkEvents(t, env)
	cloud.checkSecret(t, env)
	checkCanaries(t, server, canariesOf(env), "Environment")
	cloud.checkCost(t, server, env)
	if env.Name == "staging" {
		checkChanges(t, ws)
	}
	checkDestroy(t, ws, cloud, env)
}

const theirFunctions = "Synthetics makes and changes a canary's function with the caller's permissions"

// Why an action is allowed that a plan of a stack which is there does not call.
var planReasons = map[string]string{
	"cloudwatch:DescribeAlarmHistory": backtestReason,
	"cloudwatch:GetMetricData":        backtestReason,
	"iam:ListPolicyVersions":          "the provider asks before it changes or deletes a policy; the infrastructure role has this permission from the same file",
}

const backtestReason = "omc alarms backtest of a pull request"

// Why an action is allowed that applying, changing and destroying a stack does not call.
var terraformReasons = map[string]string{
	"iam:UntagRole":                      "the only role is production's, and it is staging that is changed",
	"s3:DeleteObjectVersion":             "emptying a bucket, in which canaries that never ran have left nothing",
	"s3:ListBucketVersions":              "the same",
	"synthetics:UntagResource":           "the same",
	"synthetics:UpdateCanary":            "a canary that changes",
	"ce:UpdateAnomalyMonitor":            "a monitor that gets another name",
	"ce:UpdateAnomalySubscription":       "another amount",
	"lambda:AddPermission":               theirFunctions,
	"lambda:CreateFunction":              theirFunctions,
	"lambda:DeleteFunction":              theirFunctions,
	"lambda:DeleteLayerVersion":          theirFunctions,
	"lambda:GetFunction":                 theirFunctions,
	"lambda:GetFunctionConfiguration":    theirFunctions,
	"lambda:GetLayerVersion":             theirFunctions,
	"lambda:PublishLayerVersion":         theirFunctions,
	"lambda:PublishVersion":              theirFunctions,
	"lambda:TagResource":                 theirFunctions,
	"lambda:UpdateFunctionCode":          theirFunctions,
	"lambda:UpdateFunctionConfiguration": theirFunctions,
	"cloudwatch:DescribeAlarmHistory":    backtestReason,
	"cloudwatch:GetMetricData":           backtestReason,
	"kms:UpdateAlias":                    "a key that is replaced",
	"sqs:SetQueueAttributes":             "the queue's policy, when a rule comes or goes: the provider then waits for half a minute",
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantChanges compares what a plan would do, "action address", with what it is
// expected to.
func wantChanges(t *testing.T, ws stackWorkspace, after string, want ...string) {
	t.Helper()
	plan, err := ws.Plan(t.Context())
	must(t, err)
	var got []string
	for _, c := range terraform.Changes(plan) {
		got = append(got, c.Action+" "+c.Address)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: plan (-want +got):\n%s", after, diff)
	}
}

// checkChanges changes staging. A change of a recipient or of a threshold touches what
// has it, and nothing else.
func checkChanges(t *testing.T, ws stackWorkspace) {
	const subscription = "aws_sns_topic_subscription.monitoring_critical_email-"
	ws.put(t, synthesized["changed"])
	wantChanges(t, ws, "first recipient removed, third added, threshold changed",
		"update aws_cloudwatch_dashboard.monitoring_dashboard_4CE328EF",
		"update aws_cloudwatch_metric_alarm.monitoring_alarms_backend-cpu-high_C144EAA7",
		"delete "+subscription+"oncall-example-com-a40ca5_233F0FAA",
		"create "+subscription+"third-example-com-6cd954_4FBA52F1")
	// These and a tag that come and go, and a word in what the key, an alarm on alarms and
	// the policy say, change everything that can be changed.
	ws.put(t, edit(t, synthesized["changed"]))
	must(t, ws.Apply(t.Context()))
	ws.put(t, reviewed(t, "staging"))
	must(t, ws.Apply(t.Context()))
}

// edit adds a tag to everything, describes the key and a composite alarm anew, and
// widens the read policy.
func edit(t *testing.T, stack string) string {
	t.Helper()
	for _, change := range [][2]string{
		{`"ManagedBy": "Terraform"`, `"ManagedBy": "Terraform", "CostCenter": "1"`},
		{`"secretsmanager:DescribeSecret",
              "secretsmanager:GetSecretValue"
`, `"secretsmanager:DescribeSecret",
              "secretsmanager:GetSecretValue",
              "secretsmanager:ListSecretVersionIds"
`},
	} {
		if !strings.Contains(stack, change[0]) {
			t.Fatalf("the stack does not have %s", change[0])
		}
		stack = strings.ReplaceAll(stack, change[0], change[1])
	}
	for what, described := range map[string]string{
		"key":             `("aws_kms_key": \{(?s:.*?)"description": ")`,
		"composite alarm": `("aws_cloudwatch_composite_alarm": \{(?s:.*?)"alarm_description": ")`,
	} {
		pattern := regexp.MustCompile(described)
		if !pattern.MatchString(stack) {
			t.Fatalf("no description of the %s", what)
		}
		stack = pattern.ReplaceAllString(stack, "${1}Changed: ")
	}
	return stack
}

// cloud reads back what Terraform made.
type cloud struct {
	cloudwatch *cloudwatch.Client
	sns        *sns.Client
	kms        *kms.Client
	iam        *iam.Client
	secrets    *secretsmanager.Client
	events     *eventbridge.Client
	queues     *sqs.Client
	buckets    *s3.Client
	outputs    map[string]any
}

func connect(t *testing.T, server *localaws.Server, ws stackWorkspace) cloud {
	t.Helper()
	outputs, err := ws.Output(t.Context())
	must(t, err)
	cfg := server.Config()
	return cloud{
		cloudwatch: cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON),
		sns:        sns.NewFromConfig(cfg),
		kms:        kms.NewFromConfig(cfg),
		iam:        iam.NewFromConfig(cfg),
		secrets:    secretsmanager.NewFromConfig(cfg),
		events:     eventbridge.NewFromConfig(cfg),
		queues:     sqs.NewFromConfig(cfg),
		buckets:    s3.NewFromConfig(cfg, localaws.PathStyle),
		outputs:    outputs,
	}
}

func (c cloud) output(t *testing.T, name string) string {
	t.Helper()
	s, ok := c.outputs[name].(string)
	if !ok {
		t.Fatalf("output %s is %v, want a string", name, c.outputs[name])
	}
	return s
}

// alarmView is what the promise says about an alarm.
type alarmView struct {
	Metric, Dimensions, Statistic, Condition string
	Period, Periods                          int32
	Missing                                  string
	// Topic, OKTopic and NoData are whom it tells, or the alarm that sends its messages,
	// HeldBy what holds them back.
	Topic, OKTopic, NoData, HeldBy string
	// Runbook is the section that the description links to.
	Runbook string
}

// section returns the anchor of the runbook that a description links to.
func section(description string) string {
	_, anchor, _ := strings.Cut(description, "/docs/runbook.md#")
	return anchor
}

func (c cloud) alarms(t *testing.T, prefix string) map[string]alarmView {
	t.Helper()
	found := map[string]alarmView{}
	metric, composite := c.describe(t, prefix)
	for _, a := range metric {
		var dimensions []string
		for _, d := range a.Dimensions {
			dimensions = append(dimensions, *d.Name+"="+*d.Value)
		}
		slices.Sort(dimensions)
		sign := map[string]string{"GreaterThanThreshold": ">", "LessThanThreshold": "<"}[string(a.ComparisonOperator)]
		metric := aws.ToString(a.Namespace) + " " + aws.ToString(a.MetricName)
		if len(a.Metrics) > 0 {
			metric = withoutIDs(shownQueries(a))
		}
		found[*a.AlarmName] = alarmView{
			Metric:     metric,
			Dimensions: strings.Join(dimensions, " "),
			Statistic:  string(a.Statistic) + aws.ToString(a.ExtendedStatistic),
			Condition:  sign + " " + strconv.FormatFloat(*a.Threshold, 'f', -1, 64),
			Period:     aws.ToInt32(a.Period), Periods: *a.EvaluationPeriods,
			Missing: aws.ToString(a.TreatMissingData),
			Topic:   strings.Join(a.AlarmActions, " "),
			OKTopic: strings.Join(a.OKActions, " "),
			NoData:  strings.Join(a.InsufficientDataActions, " "),
			Runbook: section(aws.ToString(a.AlarmDescription)),
		}
	}
	for _, a := range composite {
		name, sends := strings.CutSuffix(*a.AlarmName, "-message")
		if view, ok := found[name]; ok && sends {
			if view.Topic+view.OKTopic != "" {
				t.Errorf("%s tells %q by itself, and %s tells, too", name, view.Topic, *a.AlarmName)
			}
			view.Topic, view.OKTopic = strings.Join(a.AlarmActions, " "), strings.Join(a.OKActions, " ")
			view.HeldBy = *a.ActionsSuppressor
			found[name] = view
		}
	}
	return found
}

// describe returns all alarms with a prefix.
func (c cloud) describe(t *testing.T, prefix string) (metric []types.MetricAlarm, composite []types.CompositeAlarm) {
	t.Helper()
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.cloudwatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(prefix), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		metric, composite = append(metric, page.MetricAlarms...), append(composite, page.CompositeAlarms...)
	}
	return metric, composite
}

// withoutIDs leaves out the random ids of load balancers and target groups.
func withoutIDs(s string) string {
	return regexp.MustCompile(`((?:app|targetgroup)/[^/ }]+)/[0-9a-z]+`).ReplaceAllString(s, "$1")
}

// recommendedView is an alarm of the profile as its definition says that AWS has it.
func recommendedView(a definition.MetricAlarm, topic string) alarmView {
	dimensions := func(m definition.Metric) string {
		var list []string
		for _, d := range m.Dimensions {
			list = append(list, d.Name+"="+d.Value)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	view := alarmView{
		Condition: strings.NewReplacer("GreaterThanThreshold", ">", "LessThanThreshold", "<").Replace(string(a.ComparisonOperator)) +
			" " + strconv.FormatFloat(a.Threshold, 'f', -1, 64),
		Periods: int32(a.EvaluationPeriods), Missing: string(a.TreatMissingData),
		Topic: topic, OKTopic: topic, Runbook: section(a.Description),
	}
	if a.IsSimple() {
		m := a.Queries[0].Metric
		view.Metric, view.Dimensions, view.Statistic = m.Namespace+" "+m.Name, dimensions(m), m.Stat
		view.Period = int32(m.Period / time.Second)
		return view
	}
	var shown []string
	for _, q := range a.Queries {
		text := q.Expression
		if text == "" {
			m := q.Metric
			text = fmt.Sprintf("%s %s{%s} %s %ds", m.Namespace, m.Name, dimensions(m), m.Stat, m.Period/time.Second)
		}
		shown = append(shown, q.ID+" = "+text)
	}
	slices.Sort(shown)
	view.Metric = withoutIDs(strings.Join(shown, "; "))
	return view
}

func (c cloud) checkAlarms(t *testing.T, env environment.Environment) {
	t.Helper()
	p := env.Prefix
	critical, warning := c.output(t, "critical-topic-arn"), c.output(t, "warning-topic-arn")
	want := map[string]alarmView{}
	both := p + "/held-by-backend-down-frontend-down-maintenance"
	heldBy := map[string]string{"alb": both, "postgres": p + "/maintenance", "redis-001": p + "/maintenance", "redis-002": p + "/maintenance"}
	if env.Name == "production" {
		heldBy["postgres"] = p + "/held-by-maintenance-postgres-down"
	}
	for _, service := range []string{"backend", "frontend"} {
		heldBy[service] = p + "/held-by-" + service + "-down-maintenance"
		heldBy["alb-"+service] = heldBy[service]
	}
	add := func(key, metric, dimensions, statistic, condition string, period, periods int32, missing, topic, section string) {
		resource, _, _ := strings.Cut(key, "/")
		want[p+"/"+key] = alarmView{metric, dimensions, statistic, condition, period, periods, missing, topic, topic, "", heldBy[resource], section}
	}
	for _, service := range []string{"backend", "frontend"} {
		dimensions := "ClusterName=" + p + "-cluster ServiceName=" + p + "-" + service
		add(service+"/cpu-high", "AWS/ECS CPUUtilization", dimensions, "Average", "> 80", 60, 5, "missing", warning, "ecs-cpu-high")
		add(service+"/memory-high", "AWS/ECS MemoryUtilization", dimensions, "Average", "> 80", 60, 5, "missing", warning, "ecs-memory-high")
		add("alb-"+service+"/unhealthy-targets", "AWS/ApplicationELB UnHealthyHostCount", "", "Maximum", "> 0", 60, 3, "missing", critical, "alb-unhealthy-targets")
	}
	add("alb/5xx-high", "AWS/ApplicationELB HTTPCode_Target_5XX_Count", "", "Sum", "> 10", 300, 1, "notBreaching", critical, "alb-5xx-high")
	db := "DBInstanceIdentifier=" + p + "-postgres"
	add("postgres/cpu-high", "AWS/RDS CPUUtilization", db, "Average", "> 80", 300, 2, "missing", warning, "rds-cpu-high")
	add("postgres/storage-low", "AWS/RDS FreeStorageSpace", db, "Minimum", "< 10737418240", 300, 1, "missing", critical, "rds-storage-low")
	for _, n := range map[string][]string{"staging": {"001"}, "production": {"001", "002"}}[env.Name] {
		node := "CacheClusterId=" + p + "-redis-" + n
		add("redis-"+n+"/hit-rate-low", "AWS/ElastiCache CacheHitRate", node, "Average", "< 70", 300, 2, "missing", warning, "redis-hit-rate-low")
		add("redis-"+n+"/cpu-high", "AWS/ElastiCache EngineCPUUtilization", node, "Average", "> 70", 60, 5, "missing", warning, "redis-cpu-high")
	}

	// The essential alarms stand above as they were promised. The others are as their
	// definitions say.
	topics := map[string]string{p + "-critical": critical, p + "-warning": warning}
	cfg := stacks.Monitoring(env)
	definitions, composites := cfg.Definitions()
	senders := map[string]definition.CompositeAlarm{}
	for _, a := range composites {
		senders[strings.TrimSuffix(a.Name, "-message")] = a
	}
	for _, a := range definitions {
		if _, ok := want[a.Name]; ok {
			continue
		}
		sender, isSent := senders[a.Name]
		if isSent {
			a.Actions = sender.Actions
		}
		topic := ""
		if len(a.Actions.Alarm) > 0 {
			topic = topics[a.Actions.Alarm[0]]
		}
		view := recommendedView(a, topic)
		view.HeldBy = sender.ActionsSuppressor
		if strings.Contains(a.Name, "/alb") {
			view.Dimensions = "" // compared below
		}
		want[a.Name] = view
	}

	got := c.alarms(t, p+"/")
	for name, a := range got {
		// Load balancers and target groups get random ids.
		if !strings.Contains(name, "/alb") {
			continue
		}
		service := strings.TrimPrefix(strings.Split(name, "/")[1], "alb-")
		form := "LoadBalancer=app/" + p + "-alb/"
		if service != "alb" {
			form += "* TargetGroup=targetgroup/" + p + "-" + service + "-tg/"
		}
		isMath := strings.Contains(a.Metric, " = ") // the dimensions are compared there
		if !isMath && !matches(form, a.Dimensions) {
			t.Errorf("%s: dimensions are %q, want %q", name, a.Dimensions, form)
		}
		a.Dimensions = ""
		got[name] = a
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	_, found := c.describe(t, p+"/")
	for _, a := range cfg.Alarms() {
		tells := got[p+"/"+a.Key()].Topic != ""
		for _, composite := range found { // itself, or the one that speaks for it
			name := p + "/" + a.Key()
			tells = tells || len(composite.AlarmActions) > 0 && (*composite.AlarmName == name || a.Severity != monitoring.Silent && strings.Contains(*composite.AlarmRule, `"`+name+`"`))
		}
		if tells == (a.Severity == monitoring.Silent) {
			t.Errorf("%s, which is %s, tells somebody: %v", a.Key(), a.Severity, tells)
		}
	}

	c.checkComposites(t, p, composites, topics)

	var names []string
	for _, a := range composites {
		if _, isMessage := cfg.Messages()[a.Name]; !isMessage && !strings.Contains(a.Name, "/held-by-") {
			want[a.Name] = alarmView{}
		}
	}
	arns, _ := c.outputs["alarm-arns"].(map[string]any)
	for key := range arns {
		names = append(names, p+"/"+key)
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), names); diff != "" {
		t.Errorf("output alarm-arns (-want +got):\n%s", diff)
	}
	if existing := c.alarms(t, p+"-"); len(existing) != 9 {
		t.Errorf("%d of the alarms that existed are left, want 9", len(existing))
	}
}

// checkComposites compares the alarms on alarms with their definitions.
func (c cloud) checkComposites(t *testing.T, p string, composites []definition.CompositeAlarm, topics map[string]string) {
	t.Helper()
	type view struct {
		Rule, Suppressor string
		Wait, Extension  time.Duration
		Topics, OKTopics string
	}
	want, got := map[string]view{}, map[string]view{}
	arns := func(names []string) string {
		var list []string
		for _, name := range names {
			list = append(list, topics[name])
		}
		return strings.Join(list, " ")
	}
	for _, a := range composites {
		want[a.Name] = view{a.AlarmRule, a.ActionsSuppressor, a.ActionsSuppressorWaitPeriod, a.ActionsSuppressorExtensionPeriod, arns(a.Actions.Alarm), arns(a.Actions.OK)}
	}
	_, found := c.describe(t, p+"/")
	for _, a := range found {
		got[*a.AlarmName] = view{
			*a.AlarmRule, aws.ToString(a.ActionsSuppressor),
			time.Duration(aws.ToInt32(a.ActionsSuppressorWaitPeriod)) * time.Second, time.Duration(aws.ToInt32(a.ActionsSuppressorExtensionPeriod)) * time.Second,
			strings.Join(a.AlarmActions, " "), strings.Join(a.OKActions, " "),
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("composite alarms (-want +got):\n%s", diff)
	}
}

// matches reports whether s consists of the parts of form, each followed by an id.
func matches(form, s string) bool {
	for _, part := range strings.Split(form, "*") {
		rest, ok := strings.CutPrefix(s, part)
		id, after, _ := strings.Cut(rest, " ")
		if !ok || id == "" || strings.Contains(id, "/") {
			return false
		}
		s = " " + after
	}
	return s == " "
}

// statement is a statement of a policy, as AWS returns it.
type statement struct {
	Sid, Effect      string
	Principal        any
	Action, Resource any
	Condition        map[string]map[string]any
}

func statements(t *testing.T, document string) []statement {
	t.Helper()
	var doc struct{ Statement []statement }
	must(t, json.Unmarshal([]byte(document), &doc))
	return doc.Statement
}

func account(arn string) string { return strings.Split(arn, ":")[4] }

func (c cloud) checkTopics(t *testing.T, env environment.Environment) {
	t.Helper()
	ctx := t.Context()
	want := map[string][]string{
		c.output(t, "critical-topic-arn"): env.Notify.Critical.Emails,
		c.output(t, "warning-topic-arn"):  env.Notify.Warning.Emails,
	}
	for arn, emails := range want {
		topic, err := c.sns.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
		must(t, err)
		severity := monitoring.Severity(arn[strings.LastIndex(arn, "-")+1:])
		lets := func(sid, service string, conditions map[string]map[string]any) statement {
			return statement{
				Sid: sid, Effect: "Allow", Principal: map[string]any{"Service": service},
				Action: "sns:Publish", Resource: arn, Condition: conditions,
			}
		}
		inAccount := map[string]any{"aws:SourceAccount": account(arn)}
		want := []statement{lets("AlarmsOfThisAccount", "cloudwatch.amazonaws.com", map[string]map[string]any{"StringEquals": inAccount})}
		if severity == monitoring.Warning { // what is about money
			want = append(want,
				lets("BudgetsOfThisAccount", "budgets.amazonaws.com", map[string]map[string]any{
					"StringEquals": inAccount,
					"ArnEquals":    {"aws:SourceArn": "arn:aws:budgets::" + account(arn) + ":budget/" + env.Budget.Name},
				}),
				lets("CostalertsOfThisAccount", "costalerts.amazonaws.com", map[string]map[string]any{"StringEquals": inAccount}))
		}
		want = append(want, lets("EventsOfThisAccount", "events.amazonaws.com", map[string]map[string]any{
			"StringEquals": inAccount, "ArnEquals": {"aws:SourceArn": ruleARNs(env, arn, severity)},
		}))
		if diff := cmp.Diff(want, statements(t, topic.Attributes["Policy"]), unordered); diff != "" {
			t.Errorf("%s: policy (-want +got):\n%s", arn, diff)
		}
		c.checkTopicKey(t, topic.Attributes["KmsMasterKeyId"])

		var got []string
		list, err := c.sns.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
		must(t, err)
		for _, s := range list.Subscriptions {
			got = append(got, *s.Protocol+" "+*s.Endpoint)
		}
		var addresses []string
		for _, address := range emails {
			addresses = append(addresses, "email "+address)
		}
		slices.Sort(addresses)
		slices.Sort(got)
		if diff := cmp.Diff(addresses, got); diff != "" {
			t.Errorf("%s: subscriptions (-want +got):\n%s", arn, diff)
		}
	}
}

func (c cloud) checkTopicKey(t *testing.T, key string) {
	t.Helper()
	document, err := c.kms.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default")})
	must(t, err)
	parsed := statements(t, *document.Policy)
	warning, critical := c.output(t, "warning-topic-arn"), c.output(t, "critical-topic-arn")
	publishers := []struct {
		sid, service string
		topics       []any
	}{
		{"BudgetsToTheTopics", "budgets.amazonaws.com", []any{warning}},
		{"CostalertsToTheTopics", "costalerts.amazonaws.com", []any{warning}},
		{"EventsToTheTopics", "events.amazonaws.com", []any{warning, critical}},
	}
	if want := 2 + len(publishers); len(parsed) != want {
		t.Fatalf("key policy has %d statements, want %d", len(parsed), want)
	}
	// Neither the account nor the rules: these services tell KMS nothing of them.
	for i, publisher := range publishers {
		var topics any = publisher.topics
		if len(publisher.topics) == 1 {
			topics = publisher.topics[0]
		}
		if diff := cmp.Diff(statement{
			Sid: publisher.sid, Effect: "Allow",
			Principal: map[string]any{"Service": publisher.service},
			Action:    []any{"kms:GenerateDataKey*", "kms:Decrypt"}, Resource: "*",
			Condition: map[string]map[string]any{"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topics}},
		}, parsed[2+i], unordered); diff != "" {
			t.Errorf("key policy (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(statement{
		Sid: "AlarmsOfThisAccount", Effect: "Allow",
		Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
		Action:    []any{"kms:GenerateDataKey*", "kms:Decrypt"}, Resource: "*",
		Condition: map[string]map[string]any{"StringEquals": {"aws:SourceAccount": account(key)}},
	}, parsed[1]); diff != "" {
		t.Errorf("key policy (-want +got):\n%s", diff)
	}
	root := map[string]any{"AWS": "arn:aws:iam::" + account(key) + ":root"}
	if diff := cmp.Diff(root, parsed[0].Principal); diff != "" {
		t.Errorf("key policy: administrators (-want +got):\n%s", diff)
	}
	rotation, err := c.kms.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: &key})
	must(t, err)
	if !rotation.KeyRotationEnabled {
		t.Error("the key does not rotate")
	}
}

// unordered compares lists of a policy, whose order the provider chooses.
var unordered = cmpopts.SortSlices(func(a, b any) bool { return fmt.Sprint(a) < fmt.Sprint(b) })

// ruleARNs are the ARNs of the rules that tell of a severity, or of all, beside another
// ARN.
func ruleARNs(env environment.Environment, beside string, severities ...monitoring.Severity) []any {
	var arns []any
	for _, r := range stacks.Events(env).Rules() {
		if slices.Contains(severities, r.Severity) {
			arns = append(arns, "arn:aws:events:"+env.Region+":"+account(beside)+":rule/"+env.Prefix+"-"+r.Key)
		}
	}
	return arns
}

// checkEvents compares the rules of an environment, what they send and the queue behind
// them.
func (c cloud) checkEvents(t *testing.T, env environment.Environment) {
	t.Helper()
	cfg := stacks.Events(env)
	cfg.Topics = map[monitoring.Severity][]string{
		monitoring.Critical: {c.output(t, "critical-topic-arn")}, monitoring.Warning: {c.output(t, "warning-topic-arn")},
	}
	for i, source := range cfg.Sources {
		if secret, ok := source.(events.Secret); ok {
			secret.ARN = c.output(t, "secret-arn") // only AWS knows its end
			cfg.Sources[i] = secret
		}
	}
	arns, queue := checkRules(t, c.events, c.queues, cfg)
	if diff := cmp.Diff(map[string]any{"rules": c.outputs["event-rule-arns"], "queue": c.outputs["undelivered-events-url"]},
		map[string]any{"rules": arns, "queue": queue}); diff != "" {
		t.Errorf("outputs (-output +AWS):\n%s", diff)
	}
}

// checkRules compares the rules that AWS has of a configuration, what they send and the
// queue behind them. It returns the ARNs of the rules by their keys, and the queue's
// address.
func checkRules(t *testing.T, client *eventbridge.Client, queues *sqs.Client, cfg events.Config) (arns map[string]any, queueURL string) {
	t.Helper()
	ctx := t.Context()
	queue := "arn:aws:sqs:" + cfg.Region + ":" + localAccount + ":" + cfg.Name + "-undelivered-events"
	arns = map[string]any{}
	var made []string
	for _, r := range cfg.Rules() {
		name, link := cfg.Name+"-"+r.Key, cfg.RunbookURL
		if r.Runbook != "" {
			link += "#" + r.Runbook
		}
		rule, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name})
		must(t, err)
		pattern, err := r.Pattern.JSON()
		must(t, err)
		state := map[bool]string{true: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", false: "ENABLED"}[r.ReadCalls]
		if diff := cmp.Diff([]string{pattern, state, r.First + " Runbook: " + link},
			[]string{*rule.EventPattern, string(rule.State), *rule.Description}); diff != "" {
			t.Errorf("rule %s (-want +got):\n%s", name, diff)
		}
		arns[r.Key], made = *rule.Arn, append(made, *rule.Arn)
		list, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
		must(t, err)
		var topics []string
		for _, target := range list.Targets {
			topics = append(topics, *target.Arn)
			if *target.DeadLetterConfig.Arn != queue || *target.RetryPolicy.MaximumEventAgeInSeconds != 3600 {
				t.Errorf("rule %s sends what it could not deliver for %d s to %s, want 3600 and %s", name,
					*target.RetryPolicy.MaximumEventAgeInSeconds, *target.DeadLetterConfig.Arn, queue)
			}
			for _, text := range []string{`"` + strings.ToUpper(string(r.Severity)) + ": ", `"First: ` + r.First, link + `"`} {
				if template := *target.InputTransformer.InputTemplate; !strings.Contains(template, text) {
					t.Errorf("the message of %s lacks %s: %s", name, text, template)
				}
			}
		}
		if diff := cmp.Diff(cfg.Topics[r.Severity], topics, unordered); diff != "" {
			t.Errorf("rule %s tells (-want +got):\n%s", name, diff)
		}
	}
	if there := ruleNames(t, client, cfg.Name); len(there) != len(made) {
		t.Errorf("rules are %v, want %d", there, len(made))
	}

	found, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(cfg.Name + "-undelivered-events")})
	must(t, err)
	attributes, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	must(t, err)
	if diff := cmp.Diff([]string{queue, "true", "1209600"}, []string{
		attributes.Attributes["QueueArn"], attributes.Attributes["SqsManagedSseEnabled"], attributes.Attributes["MessageRetentionPeriod"],
	}); diff != "" {
		t.Errorf("queue (-want +got):\n%s", diff)
	}
	var sources []any
	for _, arn := range made {
		sources = append(sources, arn)
	}
	if diff := cmp.Diff([]statement{{
		Sid: "UndeliveredOfTheseRules", Effect: "Allow",
		Principal: map[string]any{"Service": "events.amazonaws.com"},
		Action:    "sqs:SendMessage", Resource: queue,
		Condition: map[string]map[string]any{
			"StringEquals": {"aws:SourceAccount": account(queue)},
			"ArnEquals":    {"aws:SourceArn": sources},
		},
	}}, statements(t, attributes.Attributes["Policy"]), unordered); diff != "" {
		t.Errorf("policy of the queue (-want +got):\n%s", diff)
	}
	return arns, *found.QueueUrl
}

// ruleNames are the names of the rules that begin with a name.
func ruleNames(t *testing.T, client *eventbridge.Client, name string) []string {
	t.Helper()
	list, err := client.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: aws.String(name + "-")})
	must(t, err)
	var names []string
	for _, r := range list.Rules {
		names = append(names, *r.Name)
	}
	return names
}

func (c cloud) checkDashboard(t *testing.T, env environment.Environment) {
	t.Helper()
	got, err := c.cloudwatch.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: &env.Prefix})
	must(t, err)
	if strings.Contains(*got.DashboardBody, "$${") || !strings.Contains(*got.DashboardBody, "backend CPU ${LAST}") {
		t.Error("the labels of the dashboard do not have CloudWatch's ${LAST}")
	}
	var body struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title, Markdown string
				Alarms          []string
				Metrics         [][]any
			}
		}
	}
	must(t, json.Unmarshal([]byte(*got.DashboardBody), &body))
	var titles, states []string
	for _, w := range body.Widgets {
		states = append(states, w.Properties.Alarms...)
		heading, _ := strings.CutPrefix(w.Properties.Markdown, "## ")
		if heading == w.Properties.Markdown {
			heading = "" // where the runbook is, or why there is no graph
		}
		titles = append(titles, w.Type+": "+w.Properties.Title+heading)
	}
	want := map[string][]string{
		"staging": {
			"text: ",
			"alarm: Alarms",
			"metric: Service levels: error budget left over 30 days",
			"metric: Service levels: burn rate, 1 is what the objective allows",
			"metric: ECS: CPU and memory utilization",
			"metric: ALB: response time",
			"metric: ALB: HTTP 2xx and 4xx",
			"metric: ALB: HTTP 5xx and unhealthy targets",
			"metric: RDS: CPU and connections",
			"metric: RDS: free storage",
			"metric: Redis: hit rate",
			"metric: Redis: engine CPU and connections",
			"text: ",
			"text: ",
		},
		"production": {
			"text: ",
			"alarm: Alarms",
			"metric: Service levels: error budget left over 30 days",
			"metric: ECS: deployments that go on",
			"text: ",
			"text: Service levels",
			"metric: Service levels: burn rate, 1 is what the objective allows, api-availability",
			"metric: Service levels: burn rate, 1 is what the objective allows, api-latency",
			"text: ECS",
			"metric: ECS: CPU and memory utilization, backend",
			"metric: ECS: desired and running tasks, backend",
			"metric: ECS: tasks that send measurements, backend",
			"metric: ECS: tasks that do not run, and restarts, backend",
			"metric: ECS: storage of the tasks, backend",
			"metric: ECS: CPU and memory utilization, frontend",
			"metric: ECS: desired and running tasks, frontend",
			"metric: ECS: tasks that send measurements, frontend",
			"metric: ECS: tasks that do not run, and restarts, frontend",
			"metric: ECS: storage of the tasks, frontend",
			"text: ALB",
			"metric: ALB: response time",
			"metric: ALB: HTTP 2xx and 4xx",
			"metric: ALB: HTTP 5xx and unhealthy targets",
			"metric: ALB: share of requests that fail",
			"metric: ALB: connections that fail",
			"metric: ALB: healthy targets",
			"text: RDS",
			"metric: RDS: CPU and connections",
			"metric: RDS: free storage",
			"metric: RDS: latency of the disk",
			"metric: RDS: free memory and CPU credits",
			"metric: RDS: transaction ids in use",
			"metric: RDS: balances of the disk",
			"metric: RDS: days until the storage is full",
			"text: Redis",
			"metric: Redis: hit rate",
			"metric: Redis: engine CPU and connections",
			"metric: Redis: memory and evictions",
			"metric: Redis: connections and swap",
			"metric: Redis: CPU of the host and CPU credits",
			"metric: Redis: replication lag, and changes of the role",
			"metric: Redis: failed log-ins",
			"text: From outside",
			"metric: From outside: successful checks and their duration, api",
			"metric: From outside: successful checks and their duration, dashboard",
			"text: Events",
			"metric: Events: messages of which nobody was told",
			"text: SNS",
			"metric: SNS: messages, and failed deliveries, topic-critical",
			"metric: SNS: messages, and failed deliveries, topic-warning",
		},
	}[env.Name]
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("widgets (-want +got):\n%s", diff)
	}
	arns, _ := c.outputs["alarm-arns"].(map[string]any)
	for _, a := range stacks.Monitoring(env).Alarms() {
		arn, _ := arns[a.Key()].(string)
		if shown := slices.Contains(states, arn); shown == (a.Severity == monitoring.Silent) {
			t.Errorf("the dashboard shows the state of %s: %v", a.Key(), shown)
		}
	}
	url := c.output(t, "dashboard-url")
	if want := "https://" + env.Region + ".console.aws.amazon.com/"; !strings.HasPrefix(url, want) || !strings.HasSuffix(url, "/"+env.Prefix) {
		t.Errorf("dashboard URL is %s", url)
	}
}

func (c cloud) checkSecret(t *testing.T, env environment.Environment) {
	t.Helper()
	ctx := t.Context()
	arn := c.output(t, "secret-arn")
	secret, err := c.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &env.Secret.Name})
	must(t, err)
	if *secret.ARN != arn || c.output(t, "secret-id") != arn || c.output(t, "secret-name") != env.Secret.Name {
		t.Errorf("outputs name %s, want the secret that existed, %s", arn, *secret.ARN)
	}
	c.checkSecretValue(t, env)

	resource, err := c.secrets.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &arn})
	must(t, err)
	deny := statements(t, *resource.ResourcePolicy)
	if len(deny) != 1 || deny[0].Effect != "Deny" || deny[0].Resource != arn ||
		deny[0].Condition["StringNotEquals"]["aws:PrincipalAccount"] != account(arn) {
		t.Errorf("resource policy is %+v, want other accounts denied", deny)
	}

	policyARN := c.output(t, "secret-policy-arn")
	read, err := c.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &policyARN})
	must(t, err)
	if name := c.output(t, "secret-policy-name"); *read.Policy.PolicyName != name || name != env.Secret.Name+"-read" {
		t.Errorf("policy is called %s, output says %s", *read.Policy.PolicyName, name)
	}
	version, err := c.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &policyARN, VersionId: read.Policy.DefaultVersionId})
	must(t, err)
	document, err := url.QueryUnescape(*version.PolicyVersion.Document)
	must(t, err)
	if diff := cmp.Diff([]statement{{
		Sid: "ReadSecret", Effect: "Allow",
		Action:   []any{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
		Resource: arn,
	}}, statements(t, document)); diff != "" {
		t.Errorf("read policy (-want +got):\n%s", diff)
	}
	attached, err := c.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &env.Roles.TaskExecution})
	must(t, err)
	if len(attached.AttachedPolicies) == 0 || *attached.AttachedPolicies[len(attached.AttachedPolicies)-1].PolicyArn != policyARN {
		t.Errorf("role %s has the policies %v, want %s", env.Roles.TaskExecution, attached.AttachedPolicies, policyARN)
	}
}

// checkSecretValue checks that the value that existed is untouched.
func (c cloud) checkSecretValue(t *testing.T, env environment.Environment) {
	t.Helper()
	value, err := c.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &env.Secret.Name})
	must(t, err)
	var keys map[string]string
	must(t, json.Unmarshal([]byte(*value.SecretString), &keys))
	for _, key := range env.Secret.Keys {
		if want := "seeded-" + key.Name; keys[key.Name] != want {
			t.Errorf("value of %s is %q, want %q", key.Name, keys[key.Name], want)
		}
	}
}

// checkDestroy checks that the secret is protected, and that everything else goes
// without taking along what existed.
func checkDestroy(t *testing.T, ws stackWorkspace, cloud cloud, env environment.Environment) {
	t.Helper()
	const secret = "aws_secretsmanager_secret.app-secrets_secret_CE86DAB4"
	if len(cloud.state(t, env)) == 0 {
		t.Error("the state is empty before everything is destroyed")
	}
	var stack struct {
		Resource map[string]map[string]struct {
			Lifecycle map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(reviewed(t, env.Name)), &stack))
	kind, name, _ := strings.Cut(secret, ".")
	if protected := stack.Resource[kind][name].Lifecycle["prevent_destroy"]; protected != true {
		t.Errorf("prevent_destroy of %s is %v", secret, protected)
	}
	if env.Name == "production" { // Terraform is asked once what it makes of that
		err := ws.Destroy(t.Context())
		if err == nil || !strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "prevent_destroy") {
			t.Fatalf("destroying gave %v, want a refusal because of %s", err, secret)
		}
	}
	must(t, ws.StateRm(t.Context(), secret))
	must(t, ws.Destroy(t.Context()))
	if left := cloud.state(t, env); len(left) > 0 {
		t.Errorf("%d resources are left in the state", len(left))
	}
	if left, composites := cloud.describe(t, env.Prefix+"/"); len(left)+len(composites) > 0 {
		t.Errorf("%d alarms are left", len(left))
	}
	if left := ruleNames(t, cloud.events, env.Prefix); len(left) > 0 {
		t.Errorf("rules are left: %v", left)
	}
	if existing := cloud.alarms(t, env.Prefix+"-"); len(existing) != 9 {
		t.Errorf("%d of the alarms that existed are left, want 9", len(existing))
	}
	cloud.checkSecretValue(t, env)
}

// state returns the resources in an environment's state, without Terraform, which starts
// the provider to show it.
func (c cloud) state(t *testing.T, env environment.Environment) []any {
	t.Helper()
	object, err := c.buckets.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &env.State.Bucket, Key: &env.State.Key})
	must(t, err)
	defer object.Body.Close()
	var state struct{ Resources []any }
	must(t, json.NewDecoder(object.Body).Decode(&state))
	return state.Resources
}

// TestMissingIdentifiers checks that the plan names everything that is not there.
func TestMissingIdentifiers(t *testing.T) {
	t.Parallel()
	env := environment.Production()
	missing := []string{env.LoadBalancer.Name, env.Database.Instance, env.Cache.Nodes[1].ID}
	server := startAWS(t, nil, []environment.Environment{env}, localaws.Without(missing...))
	ws := workspace(t, reviewed(t, env.Name), server.Env())
	must(t, ws.Init(t.Context()))
	_, err := ws.Plan(t.Context())
	if err == nil {
		t.Fatal("the plan succeeded")
	}
	for _, name := range missing {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the plan does not name %s:\n%v", name, err)
		}
	}
	if present := env.Cache.Nodes[0].ID; strings.Contains(err.Error(), present) {
		t.Errorf("the plan names %s, which is there:\n%v", present, err)
	}
}
