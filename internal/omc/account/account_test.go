package account

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/omc/audit"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/internal/test/policy"
	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	prefix = "ohmycoins-staging"
	region = "ap-southeast-2"
	// number is moto's account.
	number = "123456789012"
	// reading marks the calls of what is tested.
	reading = "audit-of-alarms"
)

// An emulated is an account in moto. What is read of it passes the policy of the
// deployment role.
type emulated struct {
	t       *testing.T
	server  *localaws.Server
	role    *policy.Recorder
	clients Clients // the test's own
	key     string
	// unconfirmed says that nobody has confirmed a subscription. moto confirms all.
	unconfirmed bool
}

func emulate(t *testing.T) *emulated {
	t.Helper()
	env := environment.Staging()
	role, err := policy.ReadRole("deployment", env, number)
	if err != nil {
		t.Fatal(err)
	}
	e := &emulated{t: t, role: &policy.Recorder{
		Role: role, World: policy.NewWorld(number, env),
		Of: func(agent string) bool { return strings.Contains(agent, reading) },
	}}
	e.server, err = localaws.Start(t.Context(), filepath.Join("..", "..", ".."), t.Output(), localaws.Intercept(func(next http.Handler) http.Handler {
		return e.role.Handler(e.subscriptions(next))
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.server.Stop(); err != nil {
			t.Error(err)
		}
	})
	e.clients = e.clientsOf(e.server.Config())
	who, err := sts.NewFromConfig(e.server.Config()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Account) != number {
		t.Fatalf("account %s: %v", aws.ToString(who.Account), err)
	}
	return e
}

var confirmed = regexp.MustCompile(`<SubscriptionArn>[^<]*</SubscriptionArn>`)

// subscriptions answers as SNS does where nobody has confirmed.
func (e *emulated) subscriptions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.unconfirmed {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(confirmed.ReplaceAll(answer.Body.Bytes(), []byte("<SubscriptionArn>PendingConfirmation</SubscriptionArn>")))
	})
}

func (e *emulated) clientsOf(cfg aws.Config) Clients {
	json := func(o *cloudwatch.Options) {
		localaws.CloudWatchJSON(o)
		o.DisableRequestCompression = true // moto does not decompress
	}
	return Clients{CloudWatch: cloudwatch.NewFromConfig(cfg, json), SNS: sns.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg), Lambda: lambda.NewFromConfig(cfg)}
}

// read reads the account as omc does, and lets the role's policy decide about each call.
func (e *emulated) read(scope Scope) (audit.World, error) {
	cfg := e.server.Config()
	cfg.AppID = reading
	scope.Now, scope.Account = time.Now(), number
	w, err := Read(e.t.Context(), e.clientsOf(cfg), scope)
	if denied := e.role.Err(); denied != nil {
		e.t.Errorf("docs/policies/deployment.json: %v", denied)
	}
	return w, err
}

func (e *emulated) must(_ any, err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// topic makes a topic as the monitoring construct does.
func (e *emulated) topic(severity, address string) string {
	e.t.Helper()
	ctx := e.t.Context()
	if e.key == "" {
		key, err := e.clients.KMS.CreateKey(ctx, &kms.CreateKeyInput{
			Policy: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + number + `:root"},"Action":"kms:*","Resource":"*"},
			{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"` + number + `"}}}]}`),
			Tags: []kmstypes.Tag{{TagKey: aws.String("Project"), TagValue: aws.String("Oh My Coins")}, {TagKey: aws.String("Environment"), TagValue: aws.String("staging")}},
		})
		e.must(nil, err)
		e.key = aws.ToString(key.KeyMetadata.Arn)
		e.role.World.Tags = map[string]map[string]string{e.key: {"Project": "Oh My Coins", "Environment": "staging"}}
	}
	topic, err := e.clients.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String(prefix + "-" + severity), Attributes: map[string]string{"KmsMasterKeyId": e.key}})
	e.must(nil, err)
	e.must(e.clients.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *topic.TopicArn + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + number + `"}}}]}`)}))
	e.must(e.clients.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: &address}))
	return *topic.TopicArn
}

// sends gives a metric data, and returns its dimensions.
func (e *emulated) sends(namespace, name string, dimensions ...string) []types.Dimension {
	e.t.Helper()
	var list []types.Dimension
	for i := 0; i < len(dimensions); i += 2 {
		list = append(list, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	e.must(e.clients.CloudWatch.PutMetricData(e.t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{
		{MetricName: &name, Dimensions: list, Value: aws.Float64(1), Timestamp: aws.Time(time.Now().Add(-time.Minute))},
	}}))
	return list
}

// alarm makes an alarm that is OK.
func (e *emulated) alarm(name, topic, namespace, metric string, dimensions []types.Dimension, change func(*cloudwatch.PutMetricAlarmInput)) {
	e.t.Helper()
	name = prefix + "/" + name
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: &namespace, MetricName: &metric, Dimensions: dimensions, Statistic: types.StatisticAverage,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		Threshold: aws.Float64(80), TreatMissingData: aws.String("missing"), AlarmActions: []string{topic}, OKActions: []string{topic},
	}
	if change != nil {
		change(in)
	}
	e.must(e.clients.CloudWatch.PutMetricAlarm(e.t.Context(), in))
	e.must(e.clients.CloudWatch.SetAlarmState(e.t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: types.StateValueOk, StateReason: aws.String("test")}))
}

var staging = Scope{Prefix: prefix + "/", Part: prefix, Dashboards: prefix}

// body is a dashboard with one line.
func body(line string) *string {
	return aws.String(`{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"title":"ECS","region":"` + region + `","view":"timeSeries","period":60,"metrics":[` + line + `]}}]}`)
}

// lines writes findings as "subject: check".
func lines(w audit.World) []string {
	findings, _ := audit.Audit(w)
	var list []string
	for _, f := range findings {
		list = append(list, strings.ReplaceAll(f.Subject, prefix, "P")+": "+f.Check)
	}
	return list
}

// function makes a function that alarms may call.
func (e *emulated) function(name string) string {
	e.t.Helper()
	ctx := e.t.Context()
	role, err := iam.NewFromConfig(e.server.Config()).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	e.must(nil, err)
	var code bytes.Buffer
	e.must(nil, zip.NewWriter(&code).Close())
	function, err := e.clients.Lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("a.b"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
	})
	e.must(nil, err)
	e.must(e.clients.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &name, StatementId: aws.String("alarms"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("lambda.alarms.cloudwatch.amazonaws.com"), SourceAccount: aws.String(number),
	}))
	return *function.FunctionArn
}

// expected is Terraform JSON with the alarms that are there.
func expected(t *testing.T, all audit.Alarms) *audit.Expected {
	t.Helper()
	metrics, composites := map[string]any{}, map[string]any{}
	for i, a := range all.Metrics {
		m, dimensions := a.Queries[0].Metric, map[string]string{}
		for _, d := range m.Dimensions {
			dimensions[d.Name] = d.Value
		}
		metrics[fmt.Sprint("m", i)] = map[string]any{
			"alarm_name": a.Name, "namespace": m.Namespace, "metric_name": m.Name, "dimensions": dimensions, "statistic": m.Stat, "period": m.Period.Seconds(),
			"evaluation_periods": a.EvaluationPeriods, "comparison_operator": a.ComparisonOperator, "threshold": a.Threshold,
			"treat_missing_data": a.TreatMissingData, "alarm_actions": a.Actions.Alarm, "ok_actions": a.Actions.OK,
		}
	}
	for i, a := range all.Composites {
		composites[fmt.Sprint("c", i)] = map[string]any{"alarm_name": a.Name, "alarm_rule": a.AlarmRule, "alarm_actions": a.Actions.Alarm, "ok_actions": a.Actions.OK}
	}
	text, err := json.Marshal(map[string]any{"resource": map[string]any{"aws_cloudwatch_metric_alarm": metrics, "aws_cloudwatch_composite_alarm": composites}})
	e := &audit.Expected{}
	if err == nil {
		err = e.Read("cdk.tf.json", text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestAccount audits a healthy account, then the same one after the first delivery: all of
// its nine faults.
func TestAccount(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	critical, warning := e.topic("critical", "oncall@example.com"), e.topic("warning", "team@example.com")
	backend := e.sends("AWS/ECS", "CPUUtilization", "ClusterName", prefix+"-cluster", "ServiceName", prefix+"-backend")
	postgres := e.sends("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", prefix+"-postgres")
	e.sends("AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", prefix+"-postgres")
	redis := e.sends("AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId", prefix+"-redis-001")
	balancer := e.sends("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/"+prefix+"-alb/1")
	e.alarm("backend/cpu-high", warning, "AWS/ECS", "CPUUtilization", backend, nil)
	e.alarm("postgres/cpu-high", warning, "AWS/RDS", "CPUUtilization", postgres, nil)
	e.alarm("postgres/storage-low", critical, "AWS/RDS", "FreeStorageSpace", postgres, nil)
	function := e.function(prefix + "-page")
	e.alarm("redis/cpu-high", warning, "AWS/ElastiCache", "EngineCPUUtilization", redis, func(in *cloudwatch.PutMetricAlarmInput) {
		in.AlarmActions = append(in.AlarmActions, function)
	})
	e.alarm("alb/5xx-high", critical, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.TreatMissingData, in.Period, in.EvaluationPeriods = types.StatisticSum, aws.String("notBreaching"), aws.Int32(300), aws.Int32(3)
	})
	e.must(e.clients.CloudWatch.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String(prefix + "/down"), AlarmRule: aws.String(`ALARM("` + prefix + `/alb/5xx-high") AND ALARM("` + prefix + `/backend/cpu-high")`),
		AlarmActions: []string{critical}, OKActions: []string{critical}, ActionsEnabled: aws.Bool(true),
	}))
	e.must(e.clients.CloudWatch.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String(prefix), DashboardBody: body(`["AWS/RDS","CPUUtilization","DBInstanceIdentifier","` + prefix + `-postgres",{"stat":"Average"}]`)}))

	w, err := e.read(staging)
	if err != nil {
		t.Fatal(err)
	}
	w.Expected = expected(t, w.Alarms)
	intended := w.Expected
	findings, notes := audit.Audit(w)
	if len(findings)+len(notes) > 0 || w.Audited() != 6 || len(w.Dashboards) != 1 {
		t.Errorf("%d alarms: %v %q", w.Audited(), findings, notes)
	}
	if a := w.Metrics[1]; a.Name != prefix+"/backend/cpu-high" || a.Words() != "> 80 for 5 minutes" || a.TreatMissingData != model.Missing || a.State != model.OK || time.Since(a.Since) > time.Hour {
		t.Errorf("%+v", a)
	}
	reads := regexp.MustCompile(`^\w+:(Describe|Get|List)\w+$`)
	for _, action := range e.role.Asked() {
		if !reads.MatchString(action) {
			t.Errorf("%s changes something", action)
		}
	}
	if asked := e.role.Asked(); len(asked) != 11 {
		t.Errorf("%d kinds of calls: %q", len(asked), asked)
	}

	// The first delivery, and a topic, a function and a key that went away.
	e.must(e.clients.CloudWatch.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String(prefix), DashboardBody: body(`["AWS/RDS","CPUUtilization",{"DBInstanceIdentifier":"` + prefix + `-postgres"}]`)}))
	e.alarm("backend/tasks", warning, "AWS/ECS", "RunningTaskCount", backend, nil)
	e.alarm("postgres/cpu-high", warning, "AWS/RDS", "CPUUtilization", []types.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String("db-ABCDEFGHIJKL")}}, nil)
	e.alarm("redis/cpu-high", warning, "AWS/ElastiCache", "EngineCPUUtilization", []types.Dimension{{Name: aws.String("CacheClusterId"), Value: aws.String(prefix + "-redis")}}, nil)
	e.alarm("postgres/storage-low", critical, "AWS/RDS", "FreeStorageSpace", postgres, func(in *cloudwatch.PutMetricAlarmInput) { in.OKActions = nil })
	e.alarm("backend/cpu-high", warning, "AWS/ECS", "CPUUtilization", backend, func(in *cloudwatch.PutMetricAlarmInput) { // twice 5 minutes
		in.Period, in.EvaluationPeriods = aws.Int32(300), aws.Int32(2)
	})
	e.alarm("alb/5xx-high", critical, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, func(in *cloudwatch.PutMetricAlarmInput) { // a third of 15 minutes
		in.Statistic, in.TreatMissingData, in.Period, in.EvaluationPeriods = types.StatisticSum, aws.String("notBreaching"), aws.Int32(300), aws.Int32(1)
	})
	e.alarm("backend/unit", warning, "AWS/ECS", "CPUUtilization", backend, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Threshold, in.Unit = aws.Float64(95), types.StandardUnitMegabytes
	})
	e.must(nil, intended.Read("module.tf.json", []byte(`{"resource":{"aws_cloudwatch_metric_alarm":{"x":{"alarm_name":"`+prefix+`/alb/5xx-high"}}}}`)))
	e.unconfirmed = true
	e.alarm("gone/cpu-high", "arn:aws:sns:"+region+":"+number+":"+prefix+"-critical-old", "AWS/ECS", "CPUUtilization", backend, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Threshold, in.AlarmActions = aws.Float64(90), append(in.AlarmActions, function+"-old")
	})
	_, err = e.clients.SNS.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &warning, Protocol: aws.String("email"), Endpoint: aws.String("not-an-email")})
	e.must(nil, err)
	e.must(e.clients.KMS.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(e.key[strings.LastIndex(e.key, "/")+1:])}))
	e.role.World.Tags = map[string]map[string]string{e.key: {"Project": "Oh My Coins", "Environment": "staging"}}
	cfg := e.server.Config()
	w, err = Read(t.Context(), e.clientsOf(cfg), Scope{Now: time.Now(), Account: number, Prefix: staging.Prefix, Part: staging.Part, Dashboards: prefix})
	if err != nil {
		t.Fatal(err)
	}
	w.Expected = intended
	findings, _ = audit.Audit(w)
	for name, window := range map[string]string{ // fault 5
		"backend/cpu-high": `EvaluationPeriods is "2", want "5"; DatapointsToAlarm is "2", want "5"; Period is "300", want "60"`,
		"alb/5xx-high":     `EvaluationPeriods is "1", want "3"; DatapointsToAlarm is "1", want "3"`,
	} {
		if !slices.ContainsFunc(findings, func(f audit.Finding) bool { return f.Subject == "alarm "+prefix+"/"+name && f.Problem == window }) {
			t.Errorf("%s: not found: %s", name, window)
		}
	}
	want := []string{
		"alarm P/alb/5xx-high: drift", "alarm P/alb/5xx-high: same-name", // faults 5, 7
		"alarm P/backend/cpu-high: drift",                                              // fault 5
		"alarm P/backend/tasks: no-such-metric", "alarm P/backend/tasks: not-expected", // fault 2
		"alarm P/backend/unit: not-expected", "alarm P/backend/unit: unit",
		"alarm P/gone/cpu-high: not-expected",                                               //
		"alarm P/postgres/cpu-high: drift", "alarm P/postgres/cpu-high: no-such-dimensions", // fault 3
		"alarm P/postgres/storage-low: drift", "alarm P/postgres/storage-low: no-ok-actions", // fault 6
		"alarm P/redis/cpu-high: drift", "alarm P/redis/cpu-high: no-such-dimensions", // fault 4
		"dashboard P: dashboard-body", "dashboard P: no-such-dimensions", // fault 1
		"function P-page-old: no-function",
		"resource AWS/ElastiCache CacheClusterId=P-redis-001: unwatched",
		"topic P-critical: key", "topic P-critical: nobody", "topic P-critical: unconfirmed", // fault 8
		"topic P-critical-old: no-topic",
		"topic P-warning: address", "topic P-warning: key", "topic P-warning: nobody", "topic P-warning: unconfirmed", // faults 9, 8
	}
	if got := lines(w); !slices.Equal(got, want) {
		t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// TestMany reads more alarms than fit on a page, and none.
func TestMany(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	w, err := e.read(staging)
	if err != nil || w.Audited() != 0 || len(lines(w)) > 0 {
		t.Errorf("%d alarms: %v %q", w.Audited(), err, lines(w))
	}
	const many = 230 // three pages
	for i := range many {
		name := fmt.Sprintf("Orders%03d", i)
		e.alarm(name, "arn:aws:sns:"+region+":"+number+":"+prefix+"-critical", "Shop", name, e.sends("Shop", name), nil)
	}
	w, err = e.read(staging)
	if err != nil || w.Audited() != many {
		t.Errorf("%d alarms, want %d: %v", w.Audited(), many, err)
	}
	if got := lines(w); !slices.Equal(got, []string{"topic P-critical: no-topic"}) {
		t.Errorf("%q", got)
	}
}
