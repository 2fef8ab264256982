package cdk

import (
	"encoding/json"
	"strconv"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/budgetsbudget"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ceanomalymonitor"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ceanomalysubscription"
)

// Budget is aws_budgets_budget for the costs of a month.
type Budget struct {
	Name     string
	Amount   float64
	Currency string
	// TagKey and TagValue are the tag of what counts.
	TagKey, TagValue string
	Notices          []BudgetNotice
	Tags             map[string]string
}

// BudgetNotice is a share of the amount at which a topic is told.
type BudgetNotice struct {
	// Forecast says that it is about what the month is expected to come to; the default
	// is what it has come to.
	Forecast bool
	Percent  float64
	TopicARN string
}

// BudgetRef is a budget that was made.
type BudgetRef struct {
	Construct Scope
	ARN       string
}

// NewBudget makes an aws_budgets_budget.
func NewBudget(scope Scope, id string, b Budget) BudgetRef {
	var notices []*budgetsbudget.BudgetsBudgetNotification
	for _, n := range b.Notices {
		kind := "ACTUAL"
		if n.Forecast {
			kind = "FORECASTED"
		}
		notices = append(notices, &budgetsbudget.BudgetsBudgetNotification{
			NotificationType: jsii.String(kind), ComparisonOperator: jsii.String("GREATER_THAN"),
			Threshold: jsii.Number(n.Percent), ThresholdType: jsii.String("PERCENTAGE"), SubscriberSnsTopicArns: jsii.Strings(n.TopicARN),
		})
	}
	budget := budgetsbudget.NewBudgetsBudget(scope, jsii.String(id), &budgetsbudget.BudgetsBudgetConfig{
		Name: String(b.Name), BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
		LimitAmount: jsii.String(strconv.FormatFloat(b.Amount, 'f', -1, 64)), LimitUnit: String(b.Currency),
		CostFilter: []*budgetsbudget.BudgetsBudgetCostFilter{{
			Name: jsii.String("TagKeyValue"), Values: jsii.Strings("user:" + b.TagKey + "$" + b.TagValue),
		}},
		Notification: notices, Tags: Map(b.Tags),
	})
	return BudgetRef{budget, *budget.Arn()}
}

// AnomalyMonitor is aws_ce_anomaly_monitor of what has a tag, with an
// aws_ce_anomaly_subscription.
type AnomalyMonitor struct {
	Name             string
	TagKey, TagValue string
	// From is how much an anomaly has to come to until the topic is told.
	From     float64
	TopicARN string
	Tags     map[string]string
}

// AnomalyMonitorRef is a monitor that was made.
type AnomalyMonitorRef struct {
	Construct Scope
	ARN       string
}

// NewAnomalyMonitor makes an aws_ce_anomaly_monitor and its
// aws_ce_anomaly_subscription.
func NewAnomalyMonitor(scope Scope, id string, m AnomalyMonitor) AnomalyMonitorRef {
	// AWS returns what is not there as null, and the provider compares the texts: without
	// them every plan would make the monitor anew.
	specification, err := json.Marshal(map[string]any{
		"And": nil, "CostCategories": nil, "Dimensions": nil, "Not": nil, "Or": nil,
		"Tags": map[string]any{"Key": m.TagKey, "MatchOptions": []string{"EQUALS"}, "Values": []string{m.TagValue}},
	})
	AddProblems(scope, err)
	monitor := ceanomalymonitor.NewCeAnomalyMonitor(scope, jsii.String(id), &ceanomalymonitor.CeAnomalyMonitorConfig{
		Name: String(m.Name), MonitorType: jsii.String("CUSTOM"), MonitorSpecification: jsii.String(string(specification)), Tags: Map(m.Tags),
	})
	ceanomalysubscription.NewCeAnomalySubscription(scope, jsii.String(id+"-subscription"), &ceanomalysubscription.CeAnomalySubscriptionConfig{
		Name: String(m.Name), Frequency: jsii.String("IMMEDIATE"), // the only one for topics
		MonitorArnList: &[]*string{monitor.Arn()},
		Subscriber:     []*ceanomalysubscription.CeAnomalySubscriptionSubscriber{{Type: jsii.String("SNS"), Address: String(m.TopicARN)}},
		ThresholdExpression: &ceanomalysubscription.CeAnomalySubscriptionThresholdExpression{
			Dimension: &ceanomalysubscription.CeAnomalySubscriptionThresholdExpressionDimension{
				Key: jsii.String("ANOMALY_TOTAL_IMPACT_ABSOLUTE"), MatchOptions: jsii.Strings("GREATER_THAN_OR_EQUAL"),
				Values: jsii.Strings(strconv.FormatFloat(m.From, 'f', -1, 64)),
			},
		},
		Tags: Map(m.Tags),
	})
	return AnomalyMonitorRef{monitor, *monitor.Arn()}
}
