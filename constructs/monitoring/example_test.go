package monitoring_test

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/monitoring"
)

func Example() {
	app := cdktf.NewApp(nil)
	stack := cdktf.NewTerraformStack(app, jsii.String("shop"))
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})

	mon := monitoring.New(stack, "monitoring", monitoring.Config{
		Name:   "shop",
		Region: "ap-southeast-2",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")},
			monitoring.Warning:  {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{
			monitoring.ECSService{Key: "web", Cluster: "shop", Service: "shop-web"},
			monitoring.RDS{Key: "postgres", Instance: "shop-postgres"},
		},
		Tune: map[string]monitoring.Tuning{"web/cpu-high": {Threshold: 90}},
	})
	cdktf.NewTerraformOutput(stack, jsii.String("dashboard-url"), &cdktf.TerraformOutputConfig{Value: mon.DashboardURL()})

	app.Synth()
}
