package localaws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/costexplorer"
	cetypes "github.com/aws/aws-sdk-go-v2/service/costexplorer/types"
)

// TestBudgets goes through the life of a budget, and over what AWS refuses of it.
func TestBudgets(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := budgets.NewFromConfig(empty(t).Config())
	account := aws.String("123456789012")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	notice := func(share float64, subscribers ...types.Subscriber) types.NotificationWithSubscribers {
		return types.NotificationWithSubscribers{
			Notification: &types.Notification{NotificationType: types.NotificationTypeActual, ComparisonOperator: types.ComparisonOperatorGreaterThan, Threshold: share},
			Subscribers:  subscribers,
		}
	}
	topic := types.Subscriber{SubscriptionType: types.SubscriptionTypeSns, Address: aws.String("arn:aws:sns:ap-southeast-2:123456789012:team")}
	budget := func() *budgets.CreateBudgetInput {
		return &budgets.CreateBudgetInput{
			AccountId: account,
			Budget: &types.Budget{
				BudgetName: aws.String("shop"), BudgetType: types.BudgetTypeCost, TimeUnit: types.TimeUnitMonthly,
				BudgetLimit: &types.Spend{Amount: aws.String("100"), Unit: aws.String("USD")},
				CostFilters: map[string][]string{"TagKeyValue": {"user:Environment$shop"}}, //nolint:staticcheck // what this version of the provider sends
			},
			NotificationsWithSubscribers: []types.NotificationWithSubscribers{notice(80, topic)},
			ResourceTags:                 []types.ResourceTag{{Key: aws.String("Team"), Value: aws.String("shop")}},
		}
	}
	for what, change := range map[string]func(*budgets.CreateBudgetInput){
		"a name with a colon":   func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String("shop:month") },
		"a long name":           func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String(strings.Repeat("x", 101)) },
		"the name of an action": func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String("shop/action/1") },
		"no limit":              func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit = nil },
		"a limit of nothing":    func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Amount = aws.String("0") },
		"a limit below nothing": func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Amount = aws.String("-5") },
		"another currency":      func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Unit = aws.String("AUD") },
		"an unknown time":       func(in *budgets.CreateBudgetInput) { in.Budget.TimeUnit = "WEEKLY" },
		"an unknown type":       func(in *budgets.CreateBudgetInput) { in.Budget.BudgetType = "PROFIT" },
		"a tag without its origin": func(in *budgets.CreateBudgetInput) {
			in.Budget.CostFilters["TagKeyValue"] = []string{"Environment$shop"} //nolint:staticcheck // the same
		},
		"an unknown notification": func(in *budgets.CreateBudgetInput) {
			in.NotificationsWithSubscribers[0].Notification.NotificationType = "GUESSED"
		},
		"a share below nothing": func(in *budgets.CreateBudgetInput) { in.NotificationsWithSubscribers[0].Notification.Threshold = -1 },
		"nobody to tell": func(in *budgets.CreateBudgetInput) {
			in.NotificationsWithSubscribers[0].Subscribers = []types.Subscriber{}
		},
		"two topics": func(in *budgets.CreateBudgetInput) { in.NotificationsWithSubscribers[0] = notice(80, topic, topic) },
		"no topic at all": func(in *budgets.CreateBudgetInput) {
			in.NotificationsWithSubscribers[0] = notice(80, types.Subscriber{SubscriptionType: "SNS", Address: aws.String("team")})
		},
		"eleven notifications": func(in *budgets.CreateBudgetInput) {
			for i := range 10 {
				in.NotificationsWithSubscribers = append(in.NotificationsWithSubscribers, notice(float64(i), topic))
			}
		},
	} {
		in := budget()
		change(in)
		_, err := client.CreateBudget(ctx, in)
		wantRefused(t, what, err, "InvalidParameterException")
	}
	must(client.CreateBudget(ctx, budget()))
	_, err := client.CreateBudget(ctx, budget())
	wantRefused(t, "a second one of the name", err, "DuplicateRecordException")

	changed := budget().Budget
	changed.BudgetLimit.Amount = aws.String("0")
	_, err = client.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: account, NewBudget: changed})
	wantRefused(t, "a limit of nothing for one that is there", err, "InvalidParameterException")
	changed.BudgetLimit.Amount = aws.String("200")
	must(client.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: account, NewBudget: changed}))
	found, err := client.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: account, BudgetName: aws.String("shop")})
	must(found, err)
	told, err := client.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{
		AccountId: account, BudgetName: aws.String("shop"), Notification: notice(80).Notification,
	})
	must(told, err)
	arn := aws.String("arn:aws:budgets::123456789012:budget/shop")
	must(client.TagResource(ctx, &budgets.TagResourceInput{ResourceARN: arn, ResourceTags: []types.ResourceTag{{Key: aws.String("Stage"), Value: aws.String("test")}}}))
	must(client.UntagResource(ctx, &budgets.UntagResourceInput{ResourceARN: arn, ResourceTagKeys: []string{"Team"}}))
	tags, err := client.ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: arn})
	must(tags, err)
	got := fmt.Sprint(*found.Budget.BudgetLimit.Amount, " ", *told.Subscribers[0].Address, " ", len(tags.ResourceTags), *tags.ResourceTags[0].Key)
	if want := "200 " + *topic.Address + " 1Stage"; got != want {
		t.Errorf("the budget is %s, want %s", got, want)
	}

	changed.BudgetName = aws.String("other")
	_, err = client.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: account, NewBudget: changed})
	wantRefused(t, "changing one that is not there", err, "NotFoundException")
	_, err = client.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{
		AccountId: account, BudgetName: aws.String("shop"), Notification: notice(90).Notification,
	})
	wantRefused(t, "a notification that is not there", err, "NotFoundException")
	_, err = client.TagResource(ctx, &budgets.TagResourceInput{ResourceARN: aws.String(*arn + "-2"), ResourceTags: []types.ResourceTag{}})
	wantRefused(t, "tagging one that is not there", err, "NotFoundException")
}

// TestAnomalies goes through the life of a monitor of anomalies and of a subscription,
// and over what AWS refuses of them.
func TestAnomalies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := costexplorer.NewFromConfig(empty(t).Config(), func(o *costexplorer.Options) { o.Region = "us-east-1" })
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	monitor := func() *costexplorer.CreateAnomalyMonitorInput {
		return &costexplorer.CreateAnomalyMonitorInput{AnomalyMonitor: &cetypes.AnomalyMonitor{
			MonitorName: aws.String("shop"), MonitorType: cetypes.MonitorTypeCustom,
			MonitorSpecification: &cetypes.Expression{Tags: &cetypes.TagValues{Key: aws.String("Environment"), Values: []string{"shop"}}},
		}}
	}
	for what, change := range map[string]func(*cetypes.AnomalyMonitor){
		"a custom one of everything": func(m *cetypes.AnomalyMonitor) { m.MonitorSpecification = nil },
		"one of no dimension":        func(m *cetypes.AnomalyMonitor) { m.MonitorType = cetypes.MonitorTypeDimensional },
		"an unknown type":            func(m *cetypes.AnomalyMonitor) { m.MonitorType = "GUESSED" },
		"a long name":                func(m *cetypes.AnomalyMonitor) { m.MonitorName = aws.String(strings.Repeat("x", 1025)) },
		"an unknown way to compare tags": func(m *cetypes.AnomalyMonitor) {
			m.MonitorSpecification.Tags.MatchOptions = []cetypes.MatchOption{"LIKE"}
		},
	} {
		in := monitor()
		change(in.AnomalyMonitor)
		_, err := client.CreateAnomalyMonitor(ctx, in)
		wantRefused(t, what, err, "ValidationException")
	}
	made, err := client.CreateAnomalyMonitor(ctx, monitor())
	must(made, err)

	subscription := func() *costexplorer.CreateAnomalySubscriptionInput {
		return &costexplorer.CreateAnomalySubscriptionInput{AnomalySubscription: &cetypes.AnomalySubscription{
			SubscriptionName: aws.String("shop"), Frequency: cetypes.AnomalySubscriptionFrequencyImmediate, MonitorArnList: []string{*made.MonitorArn},
			Subscribers: []cetypes.Subscriber{{Type: cetypes.SubscriberTypeSns, Address: aws.String("arn:aws:sns:ap-southeast-2:123456789012:team")}},
			ThresholdExpression: &cetypes.Expression{Dimensions: &cetypes.DimensionValues{
				Key: cetypes.DimensionAnomalyTotalImpactAbsolute, MatchOptions: []cetypes.MatchOption{cetypes.MatchOptionGreaterThanOrEqual}, Values: []string{"20"},
			}},
		}}
	}
	for what, tt := range map[string]struct {
		change func(*cetypes.AnomalySubscription)
		code   string
	}{
		"a topic every day":     {func(s *cetypes.AnomalySubscription) { s.Frequency = cetypes.AnomalySubscriptionFrequencyDaily }, "ValidationException"},
		"an unknown frequency":  {func(s *cetypes.AnomalySubscription) { s.Frequency = "HOURLY" }, "ValidationException"},
		"no amount":             {func(s *cetypes.AnomalySubscription) { s.ThresholdExpression = nil }, "ValidationException"},
		"two amounts":           {func(s *cetypes.AnomalySubscription) { s.Threshold = aws.Float64(20) }, "ValidationException"}, //nolint:staticcheck // AWS takes it still
		"no address":            {func(s *cetypes.AnomalySubscription) { s.Subscribers[0].Address = aws.String("the team") }, "ValidationException"},
		"no ARN of a monitor":   {func(s *cetypes.AnomalySubscription) { s.MonitorArnList = []string{"the monitor of the shop"} }, "ValidationException"},
		"an unknown monitor":    {func(s *cetypes.AnomalySubscription) { s.MonitorArnList = []string{*made.MonitorArn + "-2"} }, "UnknownMonitorException"},
		"an unknown dimension":  {func(s *cetypes.AnomalySubscription) { s.ThresholdExpression.Dimensions.Key = "ANOMALY" }, "ValidationException"},
		"an unknown subscriber": {func(s *cetypes.AnomalySubscription) { s.Subscribers[0].Type = "FAX" }, "ValidationException"},
	} {
		in := subscription()
		tt.change(in.AnomalySubscription)
		_, err := client.CreateAnomalySubscription(ctx, in)
		wantRefused(t, what, err, tt.code)
	}
	subscribed, err := client.CreateAnomalySubscription(ctx, subscription())
	must(subscribed, err)
	_, err = client.UpdateAnomalySubscription(ctx, &costexplorer.UpdateAnomalySubscriptionInput{
		SubscriptionArn: subscribed.SubscriptionArn, Frequency: cetypes.AnomalySubscriptionFrequencyWeekly,
	})
	wantRefused(t, "a topic every week, for one that is there", err, "ValidationException")
	must(client.UpdateAnomalySubscription(ctx, &costexplorer.UpdateAnomalySubscriptionInput{
		SubscriptionArn: subscribed.SubscriptionArn, SubscriptionName: aws.String("shop-2"),
	}))
	must(client.UpdateAnomalyMonitor(ctx, &costexplorer.UpdateAnomalyMonitorInput{MonitorArn: made.MonitorArn, MonitorName: aws.String("shop-2")}))
	monitors, err := client.GetAnomalyMonitors(ctx, &costexplorer.GetAnomalyMonitorsInput{MonitorArnList: []string{*made.MonitorArn}})
	must(monitors, err)
	subscriptions, err := client.GetAnomalySubscriptions(ctx, &costexplorer.GetAnomalySubscriptionsInput{SubscriptionArnList: []string{*subscribed.SubscriptionArn}})
	must(subscriptions, err)
	if m, s := monitors.AnomalyMonitors[0], subscriptions.AnomalySubscriptions[0]; *m.MonitorName != "shop-2" || *s.SubscriptionName != "shop-2" || s.Frequency != "IMMEDIATE" {
		t.Errorf("there are the monitor %+v and the subscription %+v", m, s)
	}

	must(client.DeleteAnomalySubscription(ctx, &costexplorer.DeleteAnomalySubscriptionInput{SubscriptionArn: subscribed.SubscriptionArn}))
	_, err = client.DeleteAnomalySubscription(ctx, &costexplorer.DeleteAnomalySubscriptionInput{SubscriptionArn: subscribed.SubscriptionArn})
	wantRefused(t, "deleting a subscription that is gone", err, "UnknownSubscriptionException")
	must(client.DeleteAnomalyMonitor(ctx, &costexplorer.DeleteAnomalyMonitorInput{MonitorArn: made.MonitorArn}))
	_, err = client.DeleteAnomalyMonitor(ctx, &costexplorer.DeleteAnomalyMonitorInput{MonitorArn: made.MonitorArn})
	wantRefused(t, "deleting a monitor that is gone", err, "UnknownMonitorException")
	_, err = client.GetAnomalyMonitors(ctx, &costexplorer.GetAnomalyMonitorsInput{MonitorArnList: []string{*made.MonitorArn}})
	wantRefused(t, "reading a monitor that is gone", err, "UnknownMonitorException")
}
