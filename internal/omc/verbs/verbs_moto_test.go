package verbs

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// motoVerbs lets the verbs that leave services alone meet an AWS that was not written by
// us.
func motoVerbs(t *testing.T, server *localaws.Server) {
	env := environment.Staging()
	for i := range env.Cluster.Services {
		env.Cluster.Services[i].Checks = nil // nothing answers on this machine
	}
	app := New(Config{Environment: env, AWS: server.Config(), Reporter: &recorder{}})
	t.Run("secrets", func(t *testing.T) { motoSecrets(t, app, server, env) })
	t.Run("alarms", func(t *testing.T) { motoAlarms(t, app, server, env) })
	t.Run("verify", func(t *testing.T) {
		// moto never ends a roll-out and has no targets.
		result, err := app.Verify(t.Context())
		if err == nil || err.Error() != "2 of 6 health checks failed: ECS services, ALB targets" {
			t.Errorf("%v: %+v", err, result.Checks)
		}
		contains(t, result.Checks[2].Detail, "ohmycoins-staging-backend-tg has no healthy target")
		contains(t, result.Checks[3].Detail, "available, and 1 of 1 Redis nodes")
	})
}

func motoSecrets(t *testing.T, app *App, server *localaws.Server, env environment.Environment) {
	check, err := app.CheckSecret(t.Context())
	if err != nil || len(check.Problems) > 0 || check.Keys != len(env.Secret.Keys) {
		t.Fatalf("%+v: %v", check, err)
	}
	plan, err := app.PlanSecret(t.Context(), []byte(newValue))
	if err != nil {
		t.Fatal(err)
	}
	done, err := app.PutSecret(t.Context(), plan)
	if err != nil || done.Outcome != report.Succeeded || done.Version == "" {
		t.Fatalf("%+v: %v", done, err)
	}
	out, err := secretsmanager.NewFromConfig(server.Config()).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &env.Secret.Name})
	if err != nil || aws.ToString(out.VersionId) != done.Version {
		t.Fatalf("version %s, want %s: %v", aws.ToString(out.VersionId), done.Version, err)
	}
	contains(t, aws.ToString(out.SecretString), `"SMTP_PASSWORD":"marker-new-value"`, `"SECRET_KEY":"seeded-SECRET_KEY"`)
	// The same plan again is one that somebody else, we ourselves, came before.
	if _, err := app.PutSecret(t.Context(), plan); err == nil || !strings.Contains(err.Error(), "somebody else has changed secret") {
		t.Errorf("an old plan was carried out: %v", err)
	}
}

func motoAlarms(t *testing.T, app *App, server *localaws.Server, env environment.Environment) {
	alarms := cloudwatch.NewFromConfig(server.Config(), localaws.CloudWatchJSON)
	topics := sns.NewFromConfig(server.Config())
	for _, severity := range severities {
		topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(env.Prefix + "-" + severity)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String(severity + "@example.com")}); err != nil {
			t.Fatal(err)
		}
		name := env.Prefix + "/backend/" + severity
		_, err = alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("AWS/ECS"), MetricName: aws.String("CPUUtilization"), Statistic: "Average",
			ComparisonOperator: "GreaterThanThreshold", Threshold: aws.Float64(1), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			AlarmActions: []string{aws.ToString(topic.TopicArn)}, ActionsEnabled: aws.Bool(true),
			Tags: []cloudwatchtypes.Tag{{Key: aws.String("Severity"), Value: &severity}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: "OK", StateReason: aws.String("test")}); err != nil {
			t.Fatal(err)
		}
	}
	// moto's services are in the middle of a roll-out for ever.
	if _, err := app.PlanAlarmTest(t.Context()); err == nil || !strings.Contains(err.Error(), "a roll-out is in progress") {
		t.Fatalf("%v", err)
	}
	quiet := *app
	quiet.env.Cluster.Services = []environment.Service{{Name: "nothing"}}
	test := AlarmTest{Environment: env.Name}
	telling, err := quiet.tellingAlarms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := quiet.tagAlarms(t.Context(), telling)
	if err != nil {
		t.Fatal(err)
	}
	picked, missing := pickAlarms(tagged, env.Name)
	if len(picked) != 2 || len(missing) > 0 {
		t.Fatalf("%+v, %v", picked, missing)
	}
	for _, p := range picked {
		recipients, err := quiet.recipients(t.Context(), p.alarm.actions)
		if err != nil || len(recipients) != 1 || recipients[0].Address != p.severity+"@example.com" {
			t.Fatalf("%+v: %v", recipients, err)
		}
		test.Alarms = append(test.Alarms, TestedAlarm{Severity: p.severity, Name: p.alarm.name, Before: "OK", Recipients: recipients})
	}
	test, err = quiet.TestAlarms(t.Context(), test)
	if err != nil || test.Outcome != report.Succeeded {
		t.Errorf("%+v: %v", test, err)
	}
	found, err := quiet.operationsAlarms(t.Context())
	if err != nil || len(found) != len(guards(env.Cluster.Services))+len(picked) {
		t.Fatalf("%+v: %v", found, err)
	}
	for _, alarm := range found {
		if alarm.StateValue != "OK" {
			t.Errorf("%s is %s", aws.ToString(alarm.AlarmName), alarm.StateValue)
		}
	}
}
