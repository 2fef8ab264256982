// Package monitoring watches an application on AWS: alarms, the topics that they
// notify and a dashboard, for ECS services, load balancers, RDS and Redis.
package monitoring

import (
	"fmt"
	"maps"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/internal/cdk"
)

// Monitoring is what [New] made in a stack. What its methods return may be
// Terraform references.
type Monitoring struct {
	dashboardURL string
	alarmARNs    map[string]string
	topicARNs    map[Severity]string
}

// New makes alarms, topics and a dashboard below scope, usually a stack. What is
// wrong with the configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Monitoring {
	problems := cfg.Validate()
	node := cdk.NewNode(scope, id, problems)
	m := &Monitoring{
		dashboardURL: fmt.Sprintf("https://%[1]s.console.aws.amazon.com/cloudwatch/home?region=%[1]s#dashboards/dashboard/%[2]s", cfg.Region, cfg.Name),
		alarmARNs:    map[string]string{},
		topicARNs:    map[Severity]string{},
	}
	if problems != nil {
		m.topicARNs = map[Severity]string{Critical: cdk.Invalid, Warning: cdk.Invalid}
		return m
	}

	key := cfg.KMSKeyARN
	if key == "" {
		key = newTopicKey(node, cfg)
	}
	for _, severity := range severities {
		if len(cfg.Notify[severity]) > 0 {
			m.topicARNs[severity] = newTopic(node, severity, cfg, key)
		}
	}
	alarmNode := cdk.NewNode(node, "alarms", nil)
	var arns []string
	for _, a := range cfg.Alarms() {
		arn := newAlarm(alarmNode, a, cfg, m.topicARNs[a.Severity])
		m.alarmARNs[a.Key()] = arn
		arns = append(arns, arn)
	}
	cdk.NewDashboard(node, "dashboard", cfg.Name, dashboard(cfg.Region, cfg.Resources, cfg.Alarms(), arns))
	return m
}

func newAlarm(scope cdk.Scope, a Alarm, cfg Config, topicARN string) string {
	actions := []string{topicARN}
	for _, t := range cfg.Notify[a.Severity] {
		if t.protocol == "sns" {
			actions = append(actions, t.address)
		}
	}
	alarm := cdk.MetricAlarm{
		Name:          cfg.alarmName(a),
		Description:   a.description(cfg.runbookURL()),
		Namespace:     a.Namespace,
		Metric:        a.Metric,
		Dimensions:    a.Dimensions,
		Statistic:     a.Statistic,
		Comparison:    a.Comparison,
		Threshold:     a.Threshold,
		PeriodSeconds: a.PeriodSeconds,
		Periods:       a.Periods,
		MissingData:   a.MissingData,
		AlarmActions:  actions,
		OKActions:     actions,
		Tags:          withSeverity(cfg.Tags, a.Severity),
	}
	if cfg.NotifyInsufficientData {
		alarm.InsufficientDataActions = actions
	}
	return cdk.NewMetricAlarm(scope, a.ResourceKey+"-"+a.ID, alarm)
}

// withSeverity adds a tag by which tools find the severity of an alarm.
func withSeverity(tags map[string]string, severity Severity) map[string]string {
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	all["Severity"] = string(severity)
	return all
}

// DashboardURL returns the address of the dashboard in the AWS console.
func (m *Monitoring) DashboardURL() string { return m.dashboardURL }

// AlarmARNs returns the ARN of every alarm, by "<resource key>/<alarm id>".
func (m *Monitoring) AlarmARNs() map[string]string { return m.alarmARNs }

// TopicARN returns the ARN of the topic for alarms of a severity, or "" when
// nobody is notified of it.
func (m *Monitoring) TopicARN(severity Severity) string { return m.topicARNs[severity] }
