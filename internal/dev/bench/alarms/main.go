// Command alarms is part of the benchmark: it writes a stack with as many alarms
// as its argument says to the folder that CDKTF_OUTDIR names.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/synth"
	"github.com/ohmycoins/infra/internal/cdk"
)

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err == nil {
		err = synth.App(func(app constructs.Construct) { alarms(app, count) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// alarms makes what floor.js makes.
func alarms(app constructs.Construct, count int) {
	stack := cdktf.NewTerraformStack(app, jsii.String("alarms"))
	cdktf.NewLocalBackend(stack, &cdktf.LocalBackendConfig{Path: jsii.String("alarms.tfstate")})
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})
	topic := []string{"arn:aws:sns:ap-southeast-2:000000000000:example"}
	for i := range count {
		cdk.NewMetricAlarm(stack, fmt.Sprintf("alarm-%d", i), cloudwatch.MetricAlarm{
			Name:        fmt.Sprintf("example-%d", i),
			Description: "Look at the logs first",
			Queries: []cloudwatch.Query{{ReturnData: true, Metric: cloudwatch.Metric{
				Namespace: "AWS/ECS", Name: "CPUUtilization",
				Dimensions: []cloudwatch.Dimension{{Name: "ClusterName", Value: "example"}, {Name: "ServiceName", Value: fmt.Sprintf("service-%d", i)}},
				Stat:       cloudwatch.Average, Period: time.Minute,
			}}},
			ComparisonOperator: cloudwatch.GreaterThan,
			Threshold:          80,
			EvaluationPeriods:  5,
			TreatMissingData:   cloudwatch.Missing,
			Actions:            cloudwatch.Actions{Alarm: topic, OK: topic},
		})
	}
}
