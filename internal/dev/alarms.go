package main

import (
	"cmp"
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

// printAlarms prints the alarms whose names begin with prefix as CloudWatch reports them,
// in groups, and whom they notify as SNS reports it.
func printAlarms(ctx context.Context, out io.Writer, cfg aws.Config, prefix string) error {
	client := cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON)
	recipients := recipients{client: sns.NewFromConfig(cfg), known: map[string][]string{}}
	metric, composite, err := describe(ctx, client, prefix)
	if err != nil {
		return err
	}
	var rows []alarmRow
	for _, a := range metric {
		rows = append(rows, alarmRow{
			group: groupOf(aws.ToString(firstNamespace(a))), name: aws.ToString(a.AlarmName), arn: aws.ToString(a.AlarmArn),
			words: words(a), actions: a.AlarmActions,
		})
	}
	for _, a := range composite {
		row := alarmRow{group: "Speak for others", name: aws.ToString(a.AlarmName), arn: aws.ToString(a.AlarmArn), words: aws.ToString(a.AlarmRule), actions: a.AlarmActions, heldBy: aws.ToString(a.ActionsSuppressor)}
		of, sends := strings.CutSuffix(row.name, "-message")
		i := slices.IndexFunc(rows, func(r alarmRow) bool { return r.name == of })
		switch {
		case sends && i >= 0: // it is how the other one tells
			rows[i].actions, rows[i].heldBy = row.actions, row.heldBy
		case len(row.actions) > 0:
			rows = append(rows, row)
		}
	}
	for i := range rows {
		if rows[i].severity, err = severity(ctx, client, rows[i].arn); err != nil {
			return err
		}
		if rows[i].notifies, err = recipients.of(ctx, rows[i].actions); err != nil {
			return err
		}
	}
	return writeAlarms(out, prefix, rows)
}

// describe returns all alarms whose names begin with prefix.
func describe(ctx context.Context, client *cloudwatch.Client, prefix string) (metric []types.MetricAlarm, composite []types.CompositeAlarm, err error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: &prefix, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("describing alarms: %w", err)
		}
		metric, composite = append(metric, page.MetricAlarms...), append(composite, page.CompositeAlarms...)
	}
	return metric, composite, nil
}

// alarmRow is a row of the table of alarms.
type alarmRow struct {
	group, name, arn, words, severity, heldBy string
	actions, notifies                         []string
}

// alarmGroups are the groups of alarms by the namespaces of what they look at, in order.
var alarmGroups = [][2]string{
	{"AWS/ECS", "Services"},
	{"ECS/ContainerInsights", "Services"},
	{"AWS/ApplicationELB", "Load balancer"},
	{"AWS/RDS", "Database"},
	{"AWS/ElastiCache", "Redis"},
}

func groupOf(namespace string) string {
	for _, g := range alarmGroups {
		if g[0] == namespace {
			return g[1]
		}
	}
	return "Others"
}

// firstNamespace is that of the first metric that an alarm looks at.
func firstNamespace(a types.MetricAlarm) *string {
	for _, q := range a.Metrics {
		if q.MetricStat != nil {
			return q.MetricStat.Metric.Namespace
		}
	}
	return a.Namespace
}

// writeAlarms writes a table of alarms, a part for each group.
func writeAlarms(out io.Writer, prefix string, rows []alarmRow) error {
	place := func(group string) int {
		i := slices.IndexFunc(alarmGroups, func(g [2]string) bool { return g[1] == group })
		if i < 0 {
			return len(alarmGroups)
		}
		return i
	}
	slices.SortFunc(rows, func(a, b alarmRow) int {
		return cmp.Or(cmp.Compare(place(a.group), place(b.group)), cmp.Compare(a.group, b.group), cmp.Compare(a.name, b.name))
	})
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "    ALARM\tCONDITION\tSEVERITY\tNOTIFIES\tHELD BACK BY")
	group := ""
	for _, r := range rows {
		if r.group != group {
			group = r.group
			fmt.Fprintf(table, "  %s\t\t\t\t\n", group)
		}
		short := strings.NewReplacer(prefix, "", `"`, "")
		who := strings.Join(r.notifies, ", ")
		if who == "" {
			who = "nobody by itself"
		}
		fmt.Fprintf(table, "    %s\t%s\t%s\t%s\t%s\n", r.name, short.Replace(r.words), r.severity, who, short.Replace(r.heldBy))
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
