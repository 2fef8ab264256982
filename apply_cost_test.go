package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/budget"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// checkCost reads back an environment's budget, its monitor of anomalies, and who may
// tell of both.
func (c cloud) checkCost(t *testing.T, server *localaws.Server, env environment.Environment) {
	t.Helper()
	topic := c.output(t, "warning-topic-arn")
	checkBudget(t, server, budget.Config{
		Name: env.Budget.Name, Amount: env.Budget.Amount, Currency: "USD", AnomaliesFrom: env.Budget.AnomaliesFrom,
		Tag: budget.Tag{Key: "Environment", Value: env.Name}, Actual: []float64{80, 100}, Forecast: []float64{100}, TopicARN: topic,
	})
	c.checkCostPublishers(t, topic, env)
}

// checkBudget reads back a budget, whom it tells of what, and its monitor of anomalies.
func checkBudget(t *testing.T, server *localaws.Server, want budget.Config) {
	t.Helper()
	ctx, cfg, account := t.Context(), server.Config(), aws.String(localAccount)
	client := budgets.NewFromConfig(cfg)
	found, err := client.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: account, BudgetName: &want.Name})
	must(t, err)
	b := found.Budget
	if got := fmt.Sprintf("%s %s %s %v", *b.BudgetLimit.Amount, *b.BudgetLimit.Unit, b.TimeUnit, b.CostFilters); got != //nolint:staticcheck // what this version of the provider sends
		fmt.Sprintf("%g %s MONTHLY map[TagKeyValue:[user:%s$%s]]", want.Amount, want.Currency, want.Tag.Key, want.Tag.Value) {
		t.Errorf("the budget is %s", got)
	}
	notices, err := client.DescribeNotificationsForBudget(ctx, &budgets.DescribeNotificationsForBudgetInput{AccountId: account, BudgetName: &want.Name})
	must(t, err)
	var got, wantNotices []string
	for _, n := range notices.Notifications {
		told, err := client.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{AccountId: account, BudgetName: &want.Name, Notification: &n})
		must(t, err)
		got = append(got, fmt.Sprintf("%s %s %g %s to %s", n.NotificationType, n.ComparisonOperator, n.Threshold, n.ThresholdType, *told.Subscribers[0].Address))
	}
	for kind, shares := range map[string][]float64{"ACTUAL": want.Actual, "FORECASTED": want.Forecast} {
		for _, share := range shares {
			wantNotices = append(wantNotices, fmt.Sprintf("%s GREATER_THAN %g PERCENTAGE to %s", kind, share, want.TopicARN))
		}
	}
	slices.Sort(got)
	slices.Sort(wantNotices)
	if diff := cmp.Diff(wantNotices, got); diff != "" {
		t.Errorf("messages of the budget (-want +got):\n%s", diff)
	}

	explorer := costexplorer.NewFromConfig(cfg, func(o *costexplorer.Options) { o.Region = "us-east-1" })
	subscriptions, err := explorer.GetAnomalySubscriptions(ctx, &costexplorer.GetAnomalySubscriptionsInput{})
	must(t, err)
	told := 0
	for _, s := range subscriptions.AnomalySubscriptions {
		if *s.SubscriptionName != want.Name {
			continue
		}
		told++
		monitors, err := explorer.GetAnomalyMonitors(ctx, &costexplorer.GetAnomalyMonitorsInput{MonitorArnList: s.MonitorArnList})
		must(t, err)
		tags := monitors.AnomalyMonitors[0].MonitorSpecification.Tags
		if got := fmt.Sprintf("%s to %s from %s, of %s=%s", s.Frequency, *s.Subscribers[0].Address, s.ThresholdExpression.Dimensions.Values[0], *tags.Key, tags.Values[0]); got !=
			fmt.Sprintf("IMMEDIATE to %s from %g, of %s=%s", want.TopicARN, want.AnomaliesFrom, want.Tag.Key, want.Tag.Value) {
			t.Errorf("the detection of anomalies is %s", got)
		}
	}
	if told != 1 {
		t.Errorf("%d subscriptions to anomalies of %s, want one", told, want.Name)
	}
}

// checkCostPublishers looks for the statements of the topic's policy that let AWS tell of
// costs: of this account, and of this budget, only.
func (c cloud) checkCostPublishers(t *testing.T, topic string, env environment.Environment) {
	t.Helper()
	attributes, err := c.sns.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: &topic})
	must(t, err)
	var policy struct {
		Statement []struct {
			Principal struct{ Service string }
			Condition map[string]map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(attributes.Attributes["Policy"]), &policy))
	got := map[string]string{}
	for _, s := range policy.Statement {
		got[s.Principal.Service] = fmt.Sprint(s.Condition)
	}
	of := "StringEquals:map[aws:SourceAccount:" + localAccount + "]"
	for service, want := range map[string]string{
		"budgets.amazonaws.com":    "map[ArnEquals:map[aws:SourceArn:arn:aws:budgets::" + localAccount + ":budget/" + env.Budget.Name + "] " + of + "]",
		"costalerts.amazonaws.com": "map[" + of + "]",
	} {
		if got[service] != want {
			t.Errorf("%s may publish to the topic under %q, want %q", service, got[service], want)
		}
	}
}
