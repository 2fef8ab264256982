// Package budget says what may be spent: a budget for the month of everything that has a
// tag, and detection of unusual costs.
package budget

import (
	"fmt"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/cdk"
)

// Budget is a budget in a stack.
type Budget struct {
	node cdk.Scope
	arn  string
}

// New makes a budget below scope, usually a stack, and with AnomaliesFrom the detection
// of unusual costs. What is wrong with the configuration is reported when the app is
// synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Budget {
	invalid := cfg.Validate()
	b := &Budget{node: cdk.NewNode(scope, id, invalid), arn: cdk.Invalid}
	cdk.TakeNames(b.node, cfg.Provider, []cdk.Name{{Of: "budget", Name: cfg.Name, Field: "Name", Global: true}})
	cdk.CheckProvider(b.node, cfg.Provider, nil)
	if invalid != nil {
		return b
	}
	b.arn = cdk.NewBudget(b.node, "budget", cdk.Budget{
		Name: cfg.Name, Amount: cfg.Amount, Currency: cfg.Currency, TagKey: cfg.Tag.Key, TagValue: cfg.Tag.Value,
		Notices: cfg.notices(), Tags: cfg.Tags,
	}).ARN
	if cfg.AnomaliesFrom != 0 {
		cdk.NewAnomalyMonitor(b.node, "anomalies", cdk.AnomalyMonitor{
			Name: cfg.Name, TagKey: cfg.Tag.Key, TagValue: cfg.Tag.Value,
			From: cfg.AnomaliesFrom, TopicARN: cfg.TopicARN, Tags: cfg.Tags,
		})
	}
	if cfg.Provider != "" {
		cdk.UseProvider(b.node, cfg.Provider)
	}
	return b
}

func (c Config) notices() []cdk.BudgetNotice {
	var list []cdk.BudgetNotice
	for _, percent := range c.actual() {
		list = append(list, cdk.BudgetNotice{Percent: percent, TopicARN: c.TopicARN})
	}
	for _, percent := range c.forecast() {
		list = append(list, cdk.BudgetNotice{Forecast: true, Percent: percent, TopicARN: c.TopicARN})
	}
	return list
}

// Publishers are the services that tell the topic of a severity, for
// monitoring.Config.Publishers: only this budget's messages are let in, and only
// anomalies of this account.
func (c Config) Publishers(s monitoring.Severity) []monitoring.Publisher {
	list := []monitoring.Publisher{{
		Service: "budgets.amazonaws.com", Global: true,
		Sources: map[monitoring.Severity][]string{s: {"budget/" + c.Name}},
	}}
	if c.AnomaliesFrom != 0 {
		list = append(list, monitoring.Publisher{Service: "costalerts.amazonaws.com", OfAccount: []monitoring.Severity{s}})
	}
	return list
}

// Panel says on the dashboard what may be spent, and where to see what has been. It is a
// text: what AWS publishes to CloudWatch, AWS/Billing EstimatedCharges, is in us-east-1
// only, and is of the account as a whole.
func (c Config) Panel() monitoring.Panel {
	percent := func(list []float64) string {
		var texts []string
		for _, v := range list {
			texts = append(texts, fmt.Sprintf("%g %%", v))
		}
		return strings.Join(texts, ", ")
	}
	text := fmt.Sprintf("**Cost**: [budget %s](https://console.aws.amazon.com/costmanagement/home#/budgets), %g %s a month for `%s` = `%s`. "+
		"A message at %s spent, and at %s expected.", c.Name, c.Amount, c.Currency, c.Tag.Key, c.Tag.Value, percent(c.actual()), percent(c.forecast()))
	if c.AnomaliesFrom != 0 {
		text += fmt.Sprintf(" And when something unusual costs %g %s or more: [anomalies](https://console.aws.amazon.com/costmanagement/home#/anomaly-detection/overview).",
			c.AnomaliesFrom, c.Currency)
	}
	return monitoring.Panel{ID: "cost", Text: text, Section: monitoring.Overview, Width: 24, Rank: 2}
}

// Node returns the construct that everything is in, for aspects and for adding more.
func (b *Budget) Node() constructs.Construct { return b.node }

// ARN returns the ARN of the budget, a Terraform reference.
func (b *Budget) ARN() string { return b.arn }
