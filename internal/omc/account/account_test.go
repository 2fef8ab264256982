package account

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
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
	e.server, err = localaws.Start(t.Context(), filepath.Join("..", "..", ".."), t.Output(), localaws.Intercept(e.role.Handler))
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

func (e *emulated) clientsOf(cfg aws.Config) Clients {
	json := func(o *cloudwatch.Options) {
		localaws.CloudWatchJSON(o)
		o.DisableRequestCompression = true // moto does not decompress
	}
	return Clients{CloudWatch: cloudwatch.NewFromConfig(cfg, json), SNS: sns.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg)}
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

// TestAccount audits a healthy account, then the same one after the first delivery.
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
	e.alarm("redis/cpu-high", warning, "AWS/ElastiCache", "EngineCPUUtilization", redis, nil)
	e.alarm("alb/5xx-high", critical, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.TreatMissingData = types.StatisticSum, aws.String("notBreaching")
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
	if asked := e.role.Asked(); len(asked) != 9 {
		t.Errorf("%d kinds of calls: %q", len(asked), asked)
	}

	// The first delivery. Drift and one name twice are about files, and not here.
	e.must(e.clients.CloudWatch.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String(prefix), DashboardBody: body(`["AWS/RDS","CPUUtilization",{"DBInstanceIdentifier":"` + prefix + `-postgres"}]`)}))
	e.alarm("backend/tasks", warning, "AWS/ECS", "RunningTaskCount", backend, nil)
	e.alarm("postgres/cpu-high", warning, "AWS/RDS", "CPUUtilization", []types.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String("db-ABCDEFGHIJKL")}}, nil)
	e.alarm("redis/cpu-high", warning, "AWS/ElastiCache", "EngineCPUUtilization", []types.Dimension{{Name: aws.String("CacheClusterId"), Value: aws.String(prefix + "-redis")}}, nil)
	e.alarm("postgres/storage-low", critical, "AWS/RDS", "FreeStorageSpace", postgres, func(in *cloudwatch.PutMetricAlarmInput) { in.OKActions = nil })
	e.alarm("gone/cpu-high", "arn:aws:sns:"+region+":"+number+":"+prefix+"-critical-old", "AWS/ECS", "CPUUtilization", backend, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Threshold = aws.Float64(90)
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
	want := []string{
		"alarm P/backend/tasks: no-such-metric", "alarm P/postgres/cpu-high: no-such-dimensions", "alarm P/postgres/storage-low: no-ok-actions",
		"alarm P/redis/cpu-high: no-such-dimensions", "dashboard P: dashboard-body", "dashboard P: no-such-dimensions",
		"resource AWS/ElastiCache CacheClusterId=P-redis-001: unwatched",
		"topic P-critical: key", "topic P-critical-old: no-topic", "topic P-warning: address", "topic P-warning: key",
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
