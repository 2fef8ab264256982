package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/omc/audit"
	"github.com/ohmycoins/infra/internal/omc/backtest"
	"github.com/ohmycoins/infra/internal/test/localaws"
)

// printAlarms prints the alarms whose names begin with prefix as CloudWatch reports them,
// in groups, and whom they notify as SNS reports it.
func printAlarms(ctx context.Context, out io.Writer, cfg aws.Config, prefix string) error {
	client := cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON)
	recipients := recipients{client: sns.NewFromConfig(cfg), known: map[string][]string{}}
	found, err := account.Alarms(ctx, client)
	if err != nil {
		return err
	}
	metrics := slices.DeleteFunc(found.Metrics, func(a audit.MetricAlarm) bool { return !strings.HasPrefix(a.Name, prefix) })
	composites := slices.DeleteFunc(found.Composites, func(a audit.CompositeAlarm) bool { return !strings.HasPrefix(a.Name, prefix) })
	rows := describe(metrics, composites)
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

// alarmRow is a row of the table of alarms.
type alarmRow struct {
	group, name, arn, words, severity, heldBy string
	actions, notifies                         []string
}

// describe makes a row of each alarm that judges something. A composite that is how another
// alarm tells, or that only holds others back, has none.
func describe(metrics []audit.MetricAlarm, composites []audit.CompositeAlarm) []alarmRow {
	var rows []alarmRow
	for _, a := range metrics {
		rows = append(rows, alarmRow{
			group: groupOf(a.Description), name: a.Name, arn: a.ARN,
			words: backtest.WithUnits(a.MetricAlarm).Words(), actions: a.Actions.Alarm,
		})
	}
	for _, a := range composites {
		of, sends := strings.CutSuffix(a.Name, "-message")
		i := slices.IndexFunc(rows, func(r alarmRow) bool { return r.name == of })
		switch {
		case sends && i >= 0: // it is how the other one tells
			rows[i].actions, rows[i].heldBy = a.Actions.Alarm, a.ActionsSuppressor
		case len(a.Actions.Alarm) > 0:
			rows = append(rows, alarmRow{
				group: groupOf(a.Description), name: a.Name, arn: a.ARN,
				words: a.AlarmRule, actions: a.Actions.Alarm, heldBy: a.ActionsSuppressor,
			})
		}
	}
	return rows
}

// alarmGroups are the groups of alarms by the kinds of what they look at, in order.
var alarmGroups = [][2]string{
	{"slo", "Service levels"},
	{"ecs", "Services"},
	{"alb", "Load balancer"},
	{"canary", "Checks from outside"},
	{"rds", "Database"},
	{"redis", "Redis"},
	{"events", "Events"},
	{"sns", "Topics of the alarms"},
	{"service", "Speak for others"},
	{"database", "Speak for others"},
}

// runbookSection is the link in an alarm's description to its section of the runbook, whose
// name begins with the kind.
var runbookSection = regexp.MustCompile(`#([a-z0-9]+)-`)

func groupOf(description string) string {
	section := runbookSection.FindStringSubmatch(description)
	for _, g := range alarmGroups {
		if section != nil && section[1] == g[0] {
			return g[1]
		}
	}
	return "Others"
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
	fmt.Fprintln(table, "    ALARM\tSEVERITY\tNOTIFIES\tHELD BACK BY\tCONDITION")
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
		fmt.Fprintf(table, "    %s\t%s\t%s\t%s\t%s\n", r.name, r.severity, who, short.Replace(r.heldBy), short.Replace(r.words))
	}
	return table.Flush()
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
