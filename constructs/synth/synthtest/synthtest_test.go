package synthtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/constructs/synth/synthtest"
)

// shop is what another team's main hands to synth.App.
func shop(comparison string) func(app constructs.Construct) {
	return func(app constructs.Construct) {
		stack := cdktf.NewTerraformStack(app, jsii.String("shop"))
		stack.AddOverride(jsii.String("terraform.required_providers.aws.version"), "~> 5.99")
		provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})
		lb := dataawslb.NewDataAwsLb(stack, jsii.String("lb"), &dataawslb.DataAwsLbConfig{Name: jsii.String("shop")})
		for _, name := range []string{"slow", "down"} {
			cloudwatchmetricalarm.NewCloudwatchMetricAlarm(stack, jsii.String(name), &cloudwatchmetricalarm.CloudwatchMetricAlarmConfig{
				AlarmName:          jsii.String("shop-" + name),
				ComparisonOperator: jsii.String(comparison),
				EvaluationPeriods:  jsii.Number(3),
				Threshold:          jsii.Number(0.5),
				Namespace:          jsii.String("AWS/ApplicationELB"),
				MetricName:         jsii.String("TargetResponseTime"),
				Period:             jsii.Number(60),
				Statistic:          jsii.String("Average"),
				Dimensions:         &map[string]*string{"LoadBalancer": lb.ArnSuffix()},
				AlarmActions:       jsii.Strings("arn:aws:sns:ap-southeast-2:000000000000:shop"),
			})
		}
		cdktf.NewTerraformOutput(stack, jsii.String("name"), &cdktf.TerraformOutputConfig{Value: jsii.String("shop")})
	}
}

func TestShop(t *testing.T) {
	t.Parallel()
	stack := synthtest.Stack(t, shop("GreaterThanThreshold"))
	if n := len(stack.Resources("aws_cloudwatch_metric_alarm")); n != 2 {
		t.Errorf("%d alarms, want 2", n)
	}
	stack.Snapshot(t)
}

// The stack is right but for one argument of both alarms: that is all that Terraform and
// the provider say. What they accept as a whole is in TestAssets and TestParse.
func TestValidate(t *testing.T) {
	t.Parallel()
	stack := synthtest.Stack(t, shop("MoreThanThreshold"))
	said := failure(t, func(t testing.TB) { stack.Validate(t) })
	if strings.Count(said, "\n") != 1 || strings.Count(said, ", got MoreThanThreshold (cdk.tf.json:") != 2 {
		t.Errorf("says %q, want what is wrong with two alarms", said)
	}
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	stack := synthtest.Stack(t, shop("GreaterThanThreshold"))
	want := []string{"aws_cloudwatch_metric_alarm.down", "aws_cloudwatch_metric_alarm.slow", "data.aws_lb.lb"}
	if got := stack.Addresses(); !slices.Equal(got, want) {
		t.Errorf("addresses are %v, want %v", got, want)
	}
	if lbs := stack.Data("aws_lb"); len(lbs) != 1 || lbs[0].Address != "data.aws_lb.lb" || synthtest.Attribute[string](t, lbs[0], "name") != "shop" {
		t.Errorf("load balancers are %v", lbs)
	}
	slow := stack.Resources("aws_cloudwatch_metric_alarm")[1]
	if name := synthtest.Attribute[string](t, slow, "alarm_name"); name != "shop-slow" {
		t.Errorf("name is %q", name)
	}
	if threshold := synthtest.Attribute[float64](t, slow, "threshold"); threshold != 0.5 {
		t.Errorf("threshold is %v", threshold)
	}
	if actions := synthtest.Attribute[[]string](t, slow, "alarm_actions"); len(actions) != 1 {
		t.Errorf("actions are %v", actions)
	}
	if dimensions := synthtest.Attribute[map[string]string](t, slow, "dimensions"); dimensions["LoadBalancer"] != "${data.aws_lb.lb.arn_suffix}" {
		t.Errorf("dimensions are %v", dimensions)
	}
	if name := stack.Outputs()["name"]; name != "shop" {
		t.Errorf("output is %v", name)
	}
	if none := stack.Resources("aws_sns_topic"); len(none) != 0 {
		t.Errorf("topics are %v, want none", none)
	}
	if strings.Contains(stack.JSON, os.TempDir()) {
		t.Error("the JSON names a folder of this machine")
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	if problems := synthtest.Problems(t, shop("GreaterThanThreshold")); problems != nil {
		t.Errorf("problems are %v, want none", problems)
	}
	want := "the app has no stack, so there is nothing to write: give it one with cdktf.NewTerraformStack"
	if problems := synthtest.Problems(t, func(constructs.Construct) {}); !slices.Equal(problems, []string{want}) {
		t.Errorf("problems are %v, want %s", problems, want)
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Error(args ...any) { r.said = append(r.said, fmt.Sprint(args...)) }
func (r *recorder) Log(args ...any)   { r.said = append(r.said, fmt.Sprint(args...)) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// differs is a test whose snapshot in __snapshots__ is not what it makes.
type differs struct{ testing.TB }

func (differs) Name() string { return "TestThatDiffers" }

// failure runs a test and returns what it says when it fails.
func failure(t *testing.T, test func(t testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return strings.Join(r.said, "\n")
}

// TestFailures: each way to fail says what was found.
func TestWarnings(t *testing.T) {
	t.Parallel()
	build := func(app constructs.Construct) {
		for _, id := range []string{"one", "two"} {
			stack := cdktf.NewTerraformStack(app, jsii.String(id))
			provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})
			secrets.New(stack, "secret", secrets.Config{Name: "shop"})
			cdktf.Annotations_Of(stack).AddWarning(jsii.String("is new"))
		}
	}
	want := []string{
		"warning: one: is new", "warning: two: is new",
		`warning: two/secret: Name: is "shop", want another name: one/secret has the same for its secret, and one overwrites the other if both are made in one account and region`,
	}
	if got := synthtest.Warnings(t, build); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	stack := synthtest.Stack(t, shop("GreaterThanThreshold"))
	alarm := stack.Resources("aws_cloudwatch_metric_alarm")[0]
	for name, tt := range map[string]struct {
		test func(t testing.TB)
		want string
	}{
		"invalid": {
			func(t testing.TB) { synthtest.Stack(t, func(constructs.Construct) {}) },
			"synthesizing:\nthe app has no stack",
		},
		"two stacks": {
			func(t testing.TB) {
				synthtest.Stack(t, func(app constructs.Construct) {
					cdktf.NewTerraformStack(app, jsii.String("two"))
					cdktf.NewTerraformStack(app, jsii.String("one"))
				})
			},
			"the app has the stacks one, two, want one",
		},
		"no such attribute": {
			func(t testing.TB) { synthtest.Attribute[string](t, alarm, "name") },
			`aws_cloudwatch_metric_alarm.down has no "name": it has alarm_actions, alarm_name,`,
		},
		"another type": {
			func(t testing.TB) { synthtest.Attribute[[]string](t, alarm, "threshold") },
			`aws_cloudwatch_metric_alarm.down.threshold is 0.5, want a []string`,
		},
		"another snapshot": {
			func(t testing.TB) { stack.Snapshot(differs{t}) },
			"another",
		},
	} {
		if said := failure(t, tt.test); !strings.Contains(said, tt.want) {
			t.Errorf("%s: says %q, want %q", name, said, tt.want)
		}
	}
}

// Assets are beside the configuration, as Terraform finds them at work.
func TestAssets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "code.txt")
	if err := os.WriteFile(file, []byte("code"), 0o600); err != nil {
		t.Fatal(err)
	}
	stack := synthtest.Stack(t, func(app constructs.Construct) {
		stack := cdktf.NewTerraformStack(app, jsii.String("shop"))
		asset := cdktf.NewTerraformAsset(stack, jsii.String("code"), &cdktf.TerraformAssetConfig{Path: jsii.String(file), Type: cdktf.AssetType_FILE})
		cdktf.NewTerraformOutput(stack, jsii.String("digest"), &cdktf.TerraformOutputConfig{Value: cdktf.Fn_Filesha256(asset.Path())})
	})
	stack.Validate(t)
}

func TestParse(t *testing.T) {
	if _, err := synthtest.Parse("{"); err == nil || !strings.HasPrefix(err.Error(), "reading Terraform JSON: ") {
		t.Errorf("error is %v", err)
	}
	c, err := synthtest.Parse(`{"resource": {"terraform_data": {"a": {"input": 1}}}}`)
	if err != nil || len(c.Resources("terraform_data")) != 1 {
		t.Fatalf("%v, %v", c, err)
	}
	c.Validate(t)
}
