package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/canary"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/test/localaws"
)

// goIn runs the go command in a folder of another module, as its owners would.
func goIn(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "GOWORK=off", "GOFLAGS=-mod=readonly", "CI=true")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s in %s: %v\n%s", strings.Join(args, " "), dir, err, out)
	}
}

// TestExamples runs the tests of the examples, which validate what they synthesize.
func TestExamples(t *testing.T) {
	t.Parallel()
	goIn(t, "examples", nil, "mod", "tidy", "-diff")
	goIn(t, "examples", nil, "vet", "./...")
	goIn(t, "examples", nil, "test", "-count=1", "./...")
}

// TestExampleShop applies what the example's program writes, and reads it back.
func TestExampleShop(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	goIn(t, filepath.Join("examples", "shop"), []string{"CDKTF_OUTDIR=" + out}, "run", ".")
	stack, err := os.ReadFile(filepath.Join(out, "stacks", "shop", "cdk.tf.json"))
	must(t, err)

	server := startAWS(t, nil, nil)
	makeShop(t, server)
	ws := workspace(t, string(stack), server.Env())
	must(t, os.CopyFS(filepath.Join(ws.dir, "assets"), os.DirFS(filepath.Join(out, "stacks", "shop", "assets"))))
	must(t, ws.Init(t.Context()))
	must(t, ws.Apply(t.Context()))
	wantChanges(t, ws, "applied twice")

	outputs, err := ws.Output(t.Context())
	must(t, err)
	topic := func(name string) string { return "arn:aws:sns:ap-southeast-2:123456789012:shop-" + name }
	if outputs["page-topic-arn"] != topic("page") {
		t.Errorf("output page-topic-arn is %v, want %s", outputs["page-topic-arn"], topic("page"))
	}
	shop := shopCloud{cloudwatch.NewFromConfig(server.Config(), localaws.CloudWatchJSON), server.Config()}
	shop.checkAlarms(t, topic("page"), topic("warning"))
	shop.checkFilter(t)
	shop.checkTopics(t, topic)
	shop.checkDashboard(t)
	checkCanaries(t, server, canary.Config{
		Region: "ap-southeast-2", Bucket: "shop-canary-results", Role: "shop-canaries",
		Canaries: []monitoring.Canary{{Name: "shop-site", Every: 5 * time.Minute}},
	}, "Team")

	must(t, ws.Destroy(t.Context()))
	if metric, composite := shop.alarms(t); len(metric)+len(composite) > 0 {
		t.Errorf("%d alarms on metrics and %d composite ones are left", len(metric), len(composite))
	}
}

// makeShop makes what the example's app expects to be there.
func makeShop(t *testing.T, server *localaws.Server) {
	t.Helper()
	ctx, cfg := t.Context(), server.Config()
	_, err := s3.NewFromConfig(cfg, localaws.PathStyle).CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("shop-terraform-state"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(cfg.Region)},
	})
	must(t, err)
	for _, queue := range []string{"shop-orders", "shop-orders-failed"} {
		_, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue})
		must(t, err)
	}
	_, err = cloudwatchlogs.NewFromConfig(cfg).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/shop/web")})
	must(t, err)
}

// shopCloud reads back what the example made.
type shopCloud struct {
	cloudwatch *cloudwatch.Client
	config     aws.Config
}

func (c shopCloud) alarms(t *testing.T) ([]types.MetricAlarm, []types.CompositeAlarm) {
	t.Helper()
	all, err := c.cloudwatch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	must(t, err)
	return all.MetricAlarms, all.CompositeAlarms
}

func (c shopCloud) checkAlarms(t *testing.T, page, warning string) {
	t.Helper()
	metric, composite := c.alarms(t)
	got := map[string]string{}
	for _, a := range metric {
		if !slices.Equal(a.AlarmActions, a.OKActions) {
			t.Errorf("%s notifies %v, and %v when it is over", *a.AlarmName, a.AlarmActions, a.OKActions)
		}
		datapoints := *a.EvaluationPeriods
		if a.DatapointsToAlarm != nil {
			datapoints = *a.DatapointsToAlarm
		}
		got[*a.AlarmName] = fmt.Sprintf("%s, %s %v in %d of %d, %s, section %s: %s", shownQueries(a), a.ComparisonOperator, *a.Threshold,
			datapoints, *a.EvaluationPeriods, aws.ToString(a.TreatMissingData),
			afterHash(aws.ToString(a.AlarmDescription)), strings.Join(a.AlarmActions, " "))
	}
	for _, a := range composite {
		got[*a.AlarmName] = fmt.Sprintf("%s unless %s (%d s, %d s), section %s: %s", *a.AlarmRule, aws.ToString(a.ActionsSuppressor),
			*a.ActionsSuppressorWaitPeriod, *a.ActionsSuppressorExtensionPeriod, afterHash(aws.ToString(a.AlarmDescription)), strings.Join(a.AlarmActions, " "))
	}
	const checkout = "{Service=checkout} "
	want := map[string]string{
		"shop/checkout/deploying": "Shop Deploying" + checkout + "Maximum 60s, GreaterThanThreshold 0 in 1 of 1, notBreaching, section checkout-deploying: " + warning,
		"shop/checkout/error-rate-high": "errors = Shop Errors" + checkout + "Sum 300s; requests = Shop Requests" + checkout + "Sum 300s; " +
			"result = IF(requests >= 50, 100 * errors / requests), GreaterThanThreshold 5 in 2 of 2, notBreaching, section checkout-error-rate-high: " + warning,
		"shop/checkout/latency-high": "result = IF(samples >= 20, value); samples = Shop Latency" + checkout + "SampleCount 300s; " +
			"value = Shop Latency" + checkout + "p99 300s, GreaterThanThreshold 2000 in 2 of 2, notBreaching, section checkout-latency-high: " + warning,
		"shop/checkout/silent": "Shop Requests" + checkout + "SampleCount 300s, LessThanThreshold 1 in 2 of 2, breaching, section checkout-silent: " + warning,
		"shop/orders/age-high": "AWS/SQS ApproximateAgeOfOldestMessage{QueueName=shop-orders} Maximum 60s, GreaterThanThreshold 600 in 3 of 3, " +
			"notBreaching, section queue-age-high: " + page,
		"shop/orders/dead-letters": "AWS/SQS ApproximateNumberOfMessagesVisible{QueueName=shop-orders-failed} Maximum 60s, GreaterThanThreshold 0 in 1 of 1, " +
			"notBreaching, section queue-dead-letters: " + page,
		"shop/orders/depth-high": "AWS/SQS ApproximateNumberOfMessagesVisible{QueueName=shop-orders} Maximum 60s, GreaterThanThreshold 1000 in 3 of 5, " +
			"notBreaching, section queue-depth-high: " + warning,
		"shop/payments/declined": "Shop PaymentsDeclined{} Sum 300s, GreaterThanThreshold 25 in 1 of 1, notBreaching, section payments-declined: " + warning,
		"shop/site/failing": "CloudWatchSynthetics SuccessPercent{CanaryName=shop-site} Average 300s, LessThanThreshold 90 in 2 of 2, " +
			"breaching, section canary-failing: " + page,
		"shop/shop-down": `ALARM("shop/checkout/error-rate-high") OR ALARM("shop/checkout/silent") unless shop/checkout/deploying (60 s, 300 s), ` +
			"section shop-down: " + page,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// shownQueries writes what an alarm looks at.
func shownQueries(a types.MetricAlarm) string {
	dimensions := func(list []types.Dimension) string {
		var shown []string
		for _, d := range list {
			shown = append(shown, *d.Name+"="+*d.Value)
		}
		slices.Sort(shown) // AWS promises no order
		return strings.Join(shown, " ")
	}
	if len(a.Metrics) == 0 {
		return fmt.Sprintf("%s %s{%s} %s%s %ds", *a.Namespace, *a.MetricName, dimensions(a.Dimensions), a.Statistic, aws.ToString(a.ExtendedStatistic), *a.Period)
	}
	queries := map[string]string{}
	for _, q := range a.Metrics {
		if q.MetricStat == nil {
			queries[*q.Id] = aws.ToString(q.Expression)
			continue
		}
		m := q.MetricStat.Metric
		queries[*q.Id] = fmt.Sprintf("%s %s{%s} %s %ds", *m.Namespace, *m.MetricName, dimensions(m.Dimensions), *q.MetricStat.Stat, *q.MetricStat.Period)
	}
	var shown []string
	for _, id := range slices.Sorted(maps.Keys(queries)) {
		shown = append(shown, id+" = "+queries[id])
	}
	return strings.Join(shown, "; ")
}

func afterHash(description string) string {
	_, anchor, _ := strings.Cut(description, "https://wiki.example.com/shop/runbook#")
	return anchor
}

func (c shopCloud) checkFilter(t *testing.T) {
	t.Helper()
	filters, err := cloudwatchlogs.NewFromConfig(c.config).DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{
		LogGroupName: aws.String("/shop/web"),
	})
	must(t, err)
	var got []string
	for _, f := range filters.MetricFilters {
		m := f.MetricTransformations[0]
		got = append(got, fmt.Sprintf("%s: %s -> %s %s %s, else %v %s", *f.FilterName, *f.FilterPattern, *m.MetricNamespace, *m.MetricName,
			*m.MetricValue, *m.DefaultValue, m.Unit))
	}
	want := []string{`shop/payments-declined: { $.event = "payment" && $.status = "declined" } -> Shop PaymentsDeclined 1, else 0 Count`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metric filters (-want +got):\n%s", diff)
	}
}

func (c shopCloud) checkTopics(t *testing.T, topic func(name string) string) {
	t.Helper()
	client := sns.NewFromConfig(c.config)
	for name, want := range map[string][]string{
		"page":    {"email oncall@example.com", "https https://events.example.com/integration"},
		"warning": {"email team@example.com"},
	} {
		arn := topic(name)
		list, err := client.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
		must(t, err)
		var got []string
		for _, s := range list.Subscriptions {
			got = append(got, *s.Protocol+" "+*s.Endpoint)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: subscriptions (-want +got):\n%s", name, diff)
		}
	}
}

func (c shopCloud) checkDashboard(t *testing.T) {
	t.Helper()
	got, err := c.cloudwatch.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: aws.String("shop")})
	must(t, err)
	for _, text := range []string{"Checkout: error rate and latency", "Queues: messages, and age of the oldest", "alarm:shop/shop-down", "100 * m0_errors / m0_requests"} {
		if !strings.Contains(*got.DashboardBody, text) {
			t.Errorf("the dashboard has no %q", text)
		}
	}
}
