package synth_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchcompositealarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/snstopic"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/budget"
	"github.com/ohmycoins/infra/constructs/guardduty"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/constructs/synth/synthtest"
)

// muted is an aspect that switches the actions of composite alarms off.
type muted struct{}

func (muted) Visit(node constructs.IConstruct) {
	if alarm, ok := node.(cloudwatchcompositealarm.CloudwatchCompositeAlarm); ok {
		alarm.SetActionsEnabled(jsii.Bool(false))
	}
}

// attributes are one argument of each resource of a type, by its address.
func attributes[T any](t *testing.T, stack *synthtest.Configuration, kind, name string) map[string]T {
	t.Helper()
	all := map[string]T{}
	for _, r := range stack.Resources(kind) {
		if _, ok := r.Attributes[name]; ok {
			all[short(r.Address)] = synthtest.Attribute[T](t, r, name)
		}
	}
	return all
}

// hash is what makes an address the only one.
var hash = regexp.MustCompile(`_[0-9A-F]{8}\b`)

func short(address string) string { return hash.ReplaceAllString(address, "") }

// TestReachable: overrides and aspects reach everything that a Monitoring made.
func TestReachable(t *testing.T) {
	t.Parallel()
	stack := synthtest.Stack(t, func(app constructs.Construct) {
		s := stack(app, "shop", sydney, account)
		mon := monitoring.New(s, "mon", monitoring.Config{
			Name: "shop", Region: sydney,
			Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Warning: {monitoring.Email("team@example.com")}},
			Resources: []monitoring.Resource{monitoring.ECSService{Key: "web", Cluster: "shop", Service: "web"}},
			Extra: []monitoring.Alarm{
				{
					ID: "busy", Severity: monitoring.Warning, FirstStep: "Wait.", Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
					When: cloudwatch.Metric{Namespace: "Shop", Name: "Busy", Stat: cloudwatch.Sum, Period: 60e9}.Above(1),
				},
			},
			Suppressors: map[string]monitoring.Suppressor{"web": {By: []string{"busy"}}},
		})
		if got, want := slices.Sorted(maps.Keys(mon.Alarms())), []string{"busy", "web/cpu-high", "web/memory-high"}; !slices.Equal(got, want) {
			t.Errorf("Alarms() are %v, want %v", got, want)
		}
		if got, want := slices.Sorted(maps.Keys(mon.MessageAlarms())), []string{"web/cpu-high-message", "web/memory-high-message"}; !slices.Equal(got, want) {
			t.Errorf("MessageAlarms() are %v, want %v", got, want)
		}
		if got, want := slices.Sorted(maps.Keys(mon.MessageAlarmARNs())), slices.Sorted(maps.Keys(mon.MessageAlarms())); !slices.Equal(got, want) {
			t.Errorf("MessageAlarmARNs() are of %v, want %v", got, want)
		}
		if got := slices.Collect(maps.Keys(mon.Topics())); !slices.Equal(got, []monitoring.Severity{monitoring.Warning}) {
			t.Errorf("Topics() are %v, want warning", got)
		}
		mon.Alarms()["web/cpu-high"].(cloudwatchmetricalarm.CloudwatchMetricAlarm).AddOverride(jsii.String("threshold"), 42)
		mon.Topics()[monitoring.Warning].(snstopic.SnsTopic).AddOverride(jsii.String("display_name"), "Shop")
		mon.MessageAlarms()["web/cpu-high-message"].(cloudwatchcompositealarm.CloudwatchCompositeAlarm).AddOverride(jsii.String("tags.Told"), "team")
		cdktf.Aspects_Of(mon.Node()).Add(&muted{})
	})
	const composite = "aws_cloudwatch_composite_alarm"
	if diff := cmp.Diff(map[string]float64{
		"aws_cloudwatch_metric_alarm.mon_alarms_busy": 1, "aws_cloudwatch_metric_alarm.mon_alarms_web-cpu-high": 42, "aws_cloudwatch_metric_alarm.mon_alarms_web-memory-high": 80,
	}, attributes[float64](t, stack, "aws_cloudwatch_metric_alarm", "threshold")); diff != "" {
		t.Errorf("an override of an alarm (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"aws_sns_topic.mon_warning_topic": "Shop"}, attributes[string](t, stack, "aws_sns_topic", "display_name")); diff != "" {
		t.Errorf("an override of a topic (-want +got):\n%s", diff)
	}
	if tags := attributes[map[string]string](t, stack, composite, "tags")[composite+".mon_alarms_web-cpu-high-message"]; tags["Told"] != "team" {
		t.Errorf("an override of a message: tags are %v", tags)
	}
	if diff := cmp.Diff(map[string]bool{
		composite + ".mon_alarms_web-cpu-high-message": false, composite + ".mon_alarms_web-memory-high-message": false,
	}, attributes[bool](t, stack, composite, "actions_enabled")); diff != "" {
		t.Errorf("an aspect below Node() (-want +got):\n%s", diff)
	}
}

// TestExistingTopicsWithoutDashboard: alarms on the topics of others, and nothing else.
func TestExistingTopicsWithoutDashboard(t *testing.T) {
	t.Parallel()
	pager, team := "arn:aws:sns:"+sydney+":"+account+":pager", "arn:aws:sns:"+sydney+":"+account+":team"
	stack := synthtest.Stack(t, func(app constructs.Construct) {
		watch(stack(app, "shop", sydney, account), "mon", "shop", func(c *monitoring.Config) {
			c.NoDashboard = true
			c.Notify = map[monitoring.Severity][]monitoring.Target{
				monitoring.Warning: {monitoring.Topic(team)}, monitoring.Critical: {monitoring.Topic(pager)},
			}
			c.Tune = map[string]monitoring.Tuning{"web/cpu-high": {Severity: monitoring.Critical}}
		})
	})
	want := []string{"aws_cloudwatch_metric_alarm.mon_alarms_web-cpu-high", "aws_cloudwatch_metric_alarm.mon_alarms_web-memory-high"}
	var made []string
	for _, address := range stack.Addresses() {
		made = append(made, short(address))
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, argument := range []string{"alarm_actions", "ok_actions"} {
		if diff := cmp.Diff(map[string][]string{want[0]: {pager}, want[1]: {team}}, attributes[[]string](t, stack, "aws_cloudwatch_metric_alarm", argument)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", argument, diff)
		}
	}
}

// TestActionsOfEC2AndLambda: they are done when an alarm goes off, and not when it is over.
func TestActionsOfEC2AndLambda(t *testing.T) {
	t.Parallel()
	for _, action := range []string{
		"arn:aws:automate:" + sydney + ":ec2:reboot",
		"arn:aws:automate:" + sydney + ":ec2:recover",
		"arn:aws:swf:" + sydney + ":" + account + ":action/actions/AWS_EC2.InstanceId.Stop/1.0",
		"arn:aws:lambda:" + sydney + ":" + account + ":function:heal",
		"arn:aws:lambda:" + sydney + ":" + account + ":function:heal:live",
	} {
		stack := synthtest.Stack(t, func(app constructs.Construct) {
			watch(stack(app, "shop", sydney, account), "mon", "shop", func(c *monitoring.Config) {
				c.Notify[monitoring.Warning] = append(c.Notify[monitoring.Warning], monitoring.Action(action))
			})
		})
		const topic = "${aws_sns_topic.mon_warning_topic.arn}"
		for _, alarm := range stack.Resources("aws_cloudwatch_metric_alarm") {
			for argument, want := range map[string][]string{"alarm_actions": {topic, action}, "ok_actions": {topic}} {
				got := synthtest.Attribute[[]string](t, alarm, argument)
				if got[0] = short(got[0]); !slices.Equal(got, want) {
					t.Errorf("%s: %s are %q, want %q", alarm.Address, argument, got, want)
				}
			}
		}
	}
}

// TestProviderOfOthers: every resource and data source of a construct is made by the
// provider that its configuration says. (Snapshots show that of the other constructs.)
func TestProviderOfOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func(stack constructs.Construct)
		kinds []string
	}{
		"secrets": {func(s constructs.Construct) {
			secrets.New(s, "it", secrets.Config{Name: "shop", CreateKMSKey: true, ReaderRoles: map[string]string{"web": "web"}, Provider: "us"})
		}, []string{"aws_secretsmanager_secret", "aws_kms_key", "aws_iam_policy", "aws_iam_role_policy_attachment"}},
		"budget": {func(s constructs.Construct) {
			budget.New(s, "it", budget.Config{
				Name: "shop", Amount: 1, Currency: "USD", Tag: budget.Tag{Key: "Team", Value: "shop"}, AnomaliesFrom: 1,
				TopicARN: "arn:aws:sns:us-east-1:" + account + ":team", Provider: "us",
			})
		}, []string{"aws_budgets_budget", "aws_ce_anomaly_monitor", "aws_ce_anomaly_subscription"}},
		"guardduty": {func(s constructs.Construct) {
			guardduty.New(s, "it", guardduty.Config{Detector: guardduty.Create, Provider: "us"})
		}, []string{"aws_guardduty_detector"}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := synthtest.Stack(t, func(app constructs.Construct) {
				s := stack(app, "shop", sydney, account)
				aws(s, "us", "us-east-1", "us", account)
				test.build(s)
			})
			for _, kind := range test.kinds {
				if len(stack.Resources(kind)) == 0 {
					t.Errorf("there is no %s: nothing is tried", kind)
				}
			}
			for _, address := range stack.Addresses() {
				kind, _, _ := strings.Cut(strings.TrimPrefix(address, "data."), ".")
				for _, r := range slices.Concat(stack.Resources(kind), stack.Data(kind)) {
					if got := r.Attributes["provider"]; got != "aws.us" {
						t.Errorf("%s: provider is %v, want aws.us", r.Address, got)
					}
				}
			}
		})
	}
}
