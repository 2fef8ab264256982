// Command synth is what the tests of fastsynth run: it writes the Terraform JSON
// of a stack to the folder that is its first argument. With the second argument
// "bare", the stack needs no provider, which starts several times faster where
// fastsynth does nothing; with "data", it needs a version of Terraform instead; with
// "again", jsii is closed and everything is done a second time.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/wafv2webacl"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/synth/fastsynth"
)

func main() {
	mode := strings.Join(os.Args[2:], "")
	synth(mode)
	if mode == "again" {
		jsii.Close()
		synth(mode)
	}

	defer func() {
		// What the kernel says about a mistake.
		message, _, _ := strings.Cut(fmt.Sprint(recover()), "\n")
		fmt.Println(message)
	}()
	app := cdktf.NewApp(&cdktf.AppConfig{Outdir: jsii.String(os.Args[1])})
	for range 2 {
		cdktf.NewTerraformStack(app, jsii.String("example"))
	}
}

func synth(mode string) {
	// Twice, because a library and a program may both do it.
	for range 2 {
		if err := fastsynth.Enable(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	// The change of the environment is for Node only.
	fmt.Printf("NODE_OPTIONS=%q\n", os.Getenv("NODE_OPTIONS"))

	app := cdktf.NewApp(&cdktf.AppConfig{Outdir: jsii.String(os.Args[1])})
	stack := cdktf.NewTerraformStack(app, jsii.String("example"))
	cdktf.NewLocalBackend(stack, &cdktf.LocalBackendConfig{Path: jsii.String("example.tfstate")})
	switch mode {
	case "bare":
	case "data":
		cdktf.NewDataResource(stack, jsii.String("data"), nil)
		cdktf.NewDataResource(stack, jsii.String("more-data"), nil)
	default:
		addResources(stack)
	}
	app.Synth()
}

func addResources(stack cdktf.TerraformStack) {
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})
	lb := dataawslb.NewDataAwsLb(stack, jsii.String("lb"), &dataawslb.DataAwsLbConfig{Name: jsii.String("example")})
	cloudwatchmetricalarm.NewCloudwatchMetricAlarm(stack, jsii.String("alarm"), &cloudwatchmetricalarm.CloudwatchMetricAlarmConfig{
		AlarmName:          jsii.String("example"),
		ComparisonOperator: jsii.String("GreaterThanThreshold"),
		EvaluationPeriods:  jsii.Number(1),
		Namespace:          jsii.String("AWS/ApplicationELB"),
		MetricName:         jsii.String("HTTPCode_Target_5XX_Count"),
		Dimensions:         &map[string]*string{"LoadBalancer": lb.ArnSuffix()},
	})
	// One of the largest resources: its types fill several pieces of the index.
	acl := wafv2webacl.NewWafv2WebAcl(stack, jsii.String("acl"), &wafv2webacl.Wafv2WebAclConfig{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &wafv2webacl.Wafv2WebAclDefaultAction{Allow: &wafv2webacl.Wafv2WebAclDefaultActionAllow{}},
		VisibilityConfig: &wafv2webacl.Wafv2WebAclVisibilityConfig{CloudwatchMetricsEnabled: true, MetricName: jsii.String("acl"), SampledRequestsEnabled: false},
	})
	cdktf.NewTerraformOutput(stack, jsii.String("acl-arn"), &cdktf.TerraformOutputConfig{Value: acl.Arn()})
}
