package localaws

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/internal/terraform"
)

// compositeStack has two alarms on metrics, and one above them.
const compositeStack = `{
	"provider": {"aws": [{"max_retries": 3, "default_tags": [{"tags": {"ManagedBy": "Terraform"}}]}]},
	"resource": {
		"aws_sns_topic": {"page": {"name": "page"}},
		"aws_cloudwatch_metric_alarm": {
			"errors": {
				"alarm_name": "shop/errors", "namespace": "Shop", "metric_name": "Errors", "statistic": "Sum", "period": 60,
				"evaluation_periods": 1, "comparison_operator": "GreaterThanThreshold", "threshold": 1
			},
			"deploying": {
				"alarm_name": "shop/deploying", "namespace": "Shop", "metric_name": "Deploying", "statistic": "Sum", "period": 60,
				"evaluation_periods": 1, "comparison_operator": "GreaterThanThreshold", "threshold": 0
			}
		},
		"aws_cloudwatch_composite_alarm": {
			"down": {
				"alarm_name": "shop/down",
				"alarm_description": "The shop is down",
				"alarm_rule": "ALARM(\"${aws_cloudwatch_metric_alarm.errors.alarm_name}\")",
				"alarm_actions": ["${aws_sns_topic.page.arn}"],
				"ok_actions": ["${aws_sns_topic.page.arn}"],
				"actions_suppressor": {
					"alarm": "${aws_cloudwatch_metric_alarm.deploying.alarm_name}", "wait_period": 60, "extension_period": 120
				},
				"tags": {"Team": "shop"}
			}
		}
	}
}`

// TestCompositeAlarmByTerraform has the real provider make a composite alarm, find it
// again, and destroy it. It speaks another protocol than the SDK.
func TestCompositeAlarmByTerraform(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	server := start(t)
	installation, err := terraform.Setup(ctx, filepath.Join("..", "..", ".."), t.Output())
	must(err)
	dir := t.TempDir()
	must(os.WriteFile(filepath.Join(dir, "main.tf.json"), []byte(compositeStack), 0o600))
	ws, err := installation.Workspace(dir, server.Env())
	must(err)
	must(ws.InitWithoutBackend(ctx))
	must(ws.Apply(ctx))

	plan, err := ws.Plan(ctx)
	must(err)
	if changes := terraform.Changes(plan); len(changes) > 0 {
		t.Errorf("applied twice: plan has %v", changes)
	}

	client := cloudwatch.NewFromConfig(server.Config(), CloudWatchJSON)
	all := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}}
	out, err := client.DescribeAlarms(ctx, all)
	must(err)
	if len(out.CompositeAlarms) != 1 || len(out.MetricAlarms) != 2 {
		t.Fatalf("%d composite and %d metric alarms, want 1 and 2", len(out.CompositeAlarms), len(out.MetricAlarms))
	}
	got := out.CompositeAlarms[0]
	if diff := cmp.Diff(types.CompositeAlarm{
		AlarmName: aws.String("shop/down"), AlarmDescription: aws.String("The shop is down"),
		AlarmRule: aws.String(`ALARM("shop/errors")`), ActionsEnabled: aws.Bool(true),
		AlarmActions: []string{topicARN}, OKActions: []string{topicARN}, InsufficientDataActions: []string{},
		ActionsSuppressor: aws.String("shop/deploying"), ActionsSuppressorWaitPeriod: aws.Int32(60), ActionsSuppressorExtensionPeriod: aws.Int32(120),
	}, types.CompositeAlarm{
		AlarmName: got.AlarmName, AlarmDescription: got.AlarmDescription, AlarmRule: got.AlarmRule, ActionsEnabled: got.ActionsEnabled,
		AlarmActions: got.AlarmActions, OKActions: got.OKActions, InsufficientDataActions: got.InsufficientDataActions,
		ActionsSuppressor: got.ActionsSuppressor, ActionsSuppressorWaitPeriod: got.ActionsSuppressorWaitPeriod,
		ActionsSuppressorExtensionPeriod: got.ActionsSuppressorExtensionPeriod,
	}, cmp.AllowUnexported(types.CompositeAlarm{})); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}

	must(ws.Destroy(ctx))
	if left := describe(t, client, all); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}
