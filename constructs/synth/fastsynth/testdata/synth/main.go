// Command synth is what the tests of fastsynth run: it writes the Terraform JSON
// of a stack to the folder that is its first argument. With the second argument
// "bare", the stack needs no provider, which starts several times faster where
// fastsynth does nothing; with "data", it needs a version of Terraform instead; with
// "again", jsii is closed and everything is done a second time; with "nothing", jsii is
// not called. Further arguments are settings of the environment: fastsynth is enabled
// with each of them before anything else is done.
//
// The environment variable ARCHIVE names the archive of a smaller AWS provider, which
// is loaded instead of the one in the bindings.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/jsii-runtime-go"
	jsiiruntime "github.com/aws/jsii-runtime-go/runtime"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchmetricalarm"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/wafv2webacl"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/synth/fastsynth"
)

func main() {
	mode := ""
	if len(os.Args) > 2 {
		mode = os.Args[2]
		for _, setting := range os.Args[3:] {
			name, value, _ := strings.Cut(setting, "=")
			_ = os.Setenv(name, value) // the tests' names are valid
			enable()
		}
	}
	if mode == "nothing" {
		enable()
		return
	}
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
	enable()
	enable()
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

func enable() {
	if err := fastsynth.Enable(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func addResources(stack cdktf.TerraformStack) {
	if file := os.Getenv("ARCHIVE"); file != "" {
		archive, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		// What is loaded under the same name and version is not loaded again.
		_, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".tgz"), "-aws-")
		jsiiruntime.Load("@cdktf/provider-aws", version, archive)
	}
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
