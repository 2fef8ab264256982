package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/test/localaws"
)

// printAlarms prints the alarms whose names begin with prefix as CloudWatch
// reports them, and whom they notify as SNS reports it.
func printAlarms(ctx context.Context, out io.Writer, cfg aws.Config, prefix string) error {
	client := cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON)
	recipients := recipients{client: sns.NewFromConfig(cfg), known: map[string][]string{}}
	var rows []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("describing alarms: %w", err)
		}
		for _, a := range page.MetricAlarms {
			severity, err := severity(ctx, client, aws.ToString(a.AlarmArn))
			if err != nil {
				return err
			}
			notifies, err := recipients.of(ctx, a.AlarmActions)
			if err != nil {
				return err
			}
			rows = append(rows, fmt.Sprintf("    %s\t%s\t%s\t%s", aws.ToString(a.AlarmName), words(a), severity, strings.Join(notifies, ", ")))
		}
	}
	slices.Sort(rows)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "    ALARM\tCONDITION\tSEVERITY\tNOTIFIES")
	for _, row := range rows {
		fmt.Fprintln(table, row)
	}
	return table.Flush()
}

// words says when an alarm goes off.
func words(a types.MetricAlarm) string {
	namespace, name := aws.ToString(a.Namespace), aws.ToString(a.MetricName)
	known, _ := model.LookUp(namespace, name)
	return model.MetricAlarm{
		Queries: []model.Query{{ReturnData: true, Metric: model.Metric{
			Namespace: namespace, Name: name, Unit: known.Unit,
			Stat: string(a.Statistic), Period: time.Duration(aws.ToInt32(a.Period)) * time.Second,
		}}},
		ComparisonOperator: model.Operator(a.ComparisonOperator),
		Threshold:          aws.ToFloat64(a.Threshold),
		EvaluationPeriods:  int(aws.ToInt32(a.EvaluationPeriods)),
		TreatMissingData:   model.MissingData(aws.ToString(a.TreatMissingData)),
	}.Words()
}

func severity(ctx context.Context, client *cloudwatch.Client, arn string) (string, error) {
	tags, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &arn})
	if err != nil {
		return "", fmt.Errorf("reading the tags of %s: %w", arn, err)
	}
	for _, tag := range tags.Tags {
		if aws.ToString(tag.Key) == "Severity" {
			return aws.ToString(tag.Value), nil
		}
	}
	return "-", nil
}

// recipients looks up who is subscribed to topics, each topic once.
type recipients struct {
	client *sns.Client
	known  map[string][]string
}

func (r recipients) of(ctx context.Context, topics []string) ([]string, error) {
	var all []string
	for _, topic := range topics {
		if _, ok := r.known[topic]; !ok {
			list, err := r.client.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
			if err != nil {
				return nil, fmt.Errorf("reading the subscriptions of %s: %w", topic, err)
			}
			var endpoints []string
			for _, s := range list.Subscriptions {
				endpoints = append(endpoints, aws.ToString(s.Endpoint))
			}
			slices.Sort(endpoints)
			r.known[topic] = endpoints
		}
		all = append(all, r.known[topic]...)
	}
	return all, nil
}
