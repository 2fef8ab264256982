// Command shop is the app of another team: the operations of a web shop, made with
// the constructs of github.com/ohmycoins/infra and with a kind of their own.
package main

import (
	"fmt"
	"os"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/canary"
	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/synth"
)

const region = "ap-southeast-2"

// page wakes somebody up. It is a severity because Notify has it.
const page monitoring.Severity = "page"

func main() {
	if err := synth.App(newStacks); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newStacks(app constructs.Construct) {
	stack := cdktf.NewTerraformStack(app, jsii.String("shop"))
	cdktf.NewS3Backend(stack, &cdktf.S3BackendConfig{
		Bucket: jsii.String("shop-terraform-state"), Key: jsii.String("operations/terraform.tfstate"), Region: jsii.String(region),
	})
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String(region)})
	// The bindings would ask for the one version that they were made from.
	stack.AddOverride(jsii.String("terraform.required_providers.aws.version"), jsii.String("~> 5.99"))

	// A wrong name fails the plan.
	orders := existing.NewQueue(stack, "shop-orders", existing.Queue{Name: "shop-orders"})
	failed := existing.NewQueue(stack, "shop-orders-failed", existing.Queue{Name: "shop-orders-failed"})
	logs := existing.NewLogGroup(stack, "shop-web-logs", existing.LogGroup{Name: "/shop/web"})

	// A canary is made here, from the value that operations watches.
	canary.New(stack, "canaries", canary.Config{
		Region: region, Canaries: []monitoring.Canary{site}, Bucket: "shop-canary-results", Role: "shop-canaries",
	})

	mon := monitoring.New(stack, "monitoring", operations(orders.Name, failed.Name, logs.Name))
	cdktf.NewTerraformOutput(stack, jsii.String("dashboard-url"), &cdktf.TerraformOutputConfig{Value: mon.DashboardURL()})
	cdktf.NewTerraformOutput(stack, jsii.String("alarm-arns"), &cdktf.TerraformOutputConfig{Value: mon.AlarmARNs()})
	cdktf.NewTerraformOutput(stack, jsii.String("page-topic-arn"), &cdktf.TerraformOutputConfig{Value: mon.TopicARN(page)})
}
