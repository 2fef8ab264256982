package monitoring_test

import (
	"fmt"
	"time"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
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

// Queue is another team's own kind of resource: it returns data, and needs nothing
// that is not exported.
type Queue struct {
	Key, Name string
}

func (q Queue) ResourceKey() string { return q.Key }

func (q Queue) Validate() error {
	var p monitoring.Problems
	if q.Name == "" {
		p.Want("Name", q.Name, "the name of the queue")
	}
	return p.Err()
}

func (q Queue) Watch() monitoring.Watch {
	age := cloudwatch.Metric{
		Namespace: "AWS/SQS", Name: "ApproximateAgeOfOldestMessage", Stat: cloudwatch.Maximum, Period: time.Minute, Unit: cloudwatch.Seconds,
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: q.Name}},
	}
	return monitoring.Watch{
		Alarms: []monitoring.Alarm{{
			ID: "message-old", Severity: monitoring.Warning, Levels: []monitoring.Level{{Severity: monitoring.Critical, Value: 3600}},
			When: age.Above(600), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.NotBreaching,
			FirstStep: "See whether the workers run.", Section: "queue-message-old",
		}},
		Panels: []monitoring.Panel{{
			ID: "queues", Title: "Queues: age of the oldest message", Lines: []monitoring.Line{{Of: age, Label: "oldest"}},
		}},
	}
}

func ExampleResource() {
	cfg := monitoring.Config{
		Name:   "shop",
		Region: "ap-southeast-2",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")},
			monitoring.Warning:  {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{Queue{Key: "orders", Name: "shop-orders"}},
	}
	for _, a := range cfg.Alarms() {
		fmt.Println(a.Severity, a.Key(), a.Condition())
	}
	fmt.Println(cfg.Validate())
	// Output:
	// warning orders/message-old > 600 s for 3 minutes
	// critical orders/message-old-critical > 3600 s for 3 minutes
	// <nil>
}

// Freshness is an indicator of another team: the share of reports that are made in
// time, from two metrics of its own.
type Freshness struct{ Reports, Late cloudwatch.Metric }

func (f Freshness) Validate() error {
	var p monitoring.Problems
	p.AddIn("Reports", f.Reports.Validate())
	p.AddIn("Late", f.Late.Validate())
	return p.Err()
}

func (f Freshness) Events() monitoring.Events {
	return monitoring.Events{
		All: "reports", Bad: "late", Name: "late reports", FirstStep: "See whether the reports wait for the database.",
		Using: map[string]cloudwatch.Metric{"reports": f.Reports, "late": f.Late},
	}
}

func ExampleSLO() {
	metric := func(name string) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: "Shop", Name: name, Stat: cloudwatch.Sum, Period: time.Minute, Unit: cloudwatch.Count}
	}
	alb := monitoring.ALB{Key: "alb", ARNSuffix: "app/shop/0123456789abcdef", TargetGroups: map[string]string{"web": "targetgroup/web/0123456789abcdef"}}
	cfg := monitoring.Config{
		Name:   "shop",
		Region: "ap-southeast-2",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")},
			monitoring.Warning:  {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{
			monitoring.SLO{Key: "web-availability", Objective: 99.5, Of: alb.Availability("web"), RequestsPerDay: 200_000},
			monitoring.SLO{
				Key: "reports-in-time", Objective: 95, Of: Freshness{Reports: metric("Reports"), Late: metric("LateReports")},
				Burns: []monitoring.Burn{{Rate: 5, Long: 12 * time.Hour, Short: time.Hour, Severity: monitoring.Warning}},
			},
		},
	}
	for _, a := range cfg.Alarms() {
		if a.Severity != monitoring.Silent {
			fmt.Println(a.Severity, a.Key())
		}
	}
	fmt.Println(cfg.Validate())
	// Output:
	// critical web-availability/burn-1h
	// critical web-availability/burn-6h
	// warning web-availability/burn-3d
	// warning reports-in-time/burn-12h
	// <nil>
}
