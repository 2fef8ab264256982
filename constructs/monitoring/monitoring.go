// Package monitoring watches an application on AWS: alarms, the topics that they
// notify and a dashboard. It knows ECS services, load balancers, RDS, Aurora, Redis,
// canaries and service levels; other packages add kinds of their own by implementing
// [Resource].
package monitoring

import (
	"maps"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
)

// Monitoring is what [New] made in a stack. What its methods return may be
// Terraform references.
type Monitoring struct {
	node          cdk.Scope
	dashboardURLs map[string]string
	alarms        map[string]cdk.AlarmRef
	messages      map[string]cdk.AlarmRef // those that are made besides
	topics        map[Severity]cdk.TopicRef
	// existing are the topics of Notify, which are others'.
	existing map[Severity][]string
}

// New makes alarms, topics and a dashboard below scope, usually a stack. What is
// wrong with the configuration is reported when the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Monitoring {
	model, invalid := cfg.check()
	m := &Monitoring{
		node:          cdk.NewNode(scope, id, invalid),
		dashboardURLs: map[string]string{},
		alarms:        map[string]cdk.AlarmRef{},
		messages:      map[string]cdk.AlarmRef{},
		topics:        map[Severity]cdk.TopicRef{},
		existing:      cfg.existingTopics(),
	}
	cdk.TakeNames(m.node, cfg.Provider, cfg.names(model, invalid == nil))
	cdk.CheckProvider(m.node, cfg.Provider, cfg.validateRegion)
	for _, d := range cfg.dashboards() {
		m.dashboardURLs[d.Key] = cfg.consoleURL(cfg.dashboardName(d))
	}
	if invalid != nil {
		for _, severity := range append(cfg.notified(), Critical, Warning) {
			m.topics[severity] = cdk.TopicRef{Construct: m.node, ARN: cdk.Invalid}
		}
		return m
	}
	m.makeTopics(cfg)
	m.makeFilters(cfg, model)
	m.makeAlarms(cfg, model)
	arn := func(a Alarm) string { return m.alarms[a.Key()].ARN }
	for _, d := range cfg.dashboards() {
		for _, page := range cfg.pages(model, d, arn) {
			cdk.NewDashboard(m.node, page.constructID, cdk.Dashboard{Name: page.inAWS, Body: page.body.String()})
		}
	}
	if cfg.Provider != "" {
		cdk.UseProvider(m.node, cfg.Provider)
	}
	return m
}

// names are what others must not be called: of a configuration that is not valid at least
// those that it says. When only Terraform knows Name, it stands
// for the others.
func (c Config) names(m model, valid bool) []cdk.Name {
	names := []cdk.Name{{Of: "alarms", Name: c.Name, Field: "Name"}}
	if token.Is(c.Name) {
		return names
	}
	for _, d := range c.dashboards() {
		pages := []page{{inAWS: c.dashboardName(d)}}
		if valid {
			pages = c.pages(m, d, Alarm.Key)
		}
		for _, page := range pages {
			names = append(names, cdk.Name{Of: "dashboard", Name: page.inAWS, Field: "Name", Global: true})
		}
	}
	for _, s := range c.notified() {
		if c.makesTopic(s) {
			names = append(names, cdk.Name{Of: "topic", Name: c.topicName(s), Field: "Name"})
		}
	}
	if c.makesKey() {
		names = append(names, cdk.Name{Of: "key alias", Name: c.keyAlias(), Field: "Name"})
	}
	return names
}

func (m *Monitoring) makeTopics(cfg Config) {
	key := cfg.KMSKeyARN
	if cfg.makesKey() {
		key = newTopicKey(m.node, cfg)
	}
	for _, severity := range cfg.notified() {
		if cfg.makesTopic(severity) {
			m.topics[severity] = newTopic(m.node, severity, cfg, key)
		}
	}
}

func (m *Monitoring) makeFilters(cfg Config, model model) {
	if len(model.filters) == 0 {
		return
	}
	node := cdk.NewNode(m.node, "filters", nil)
	for _, f := range model.filters {
		filter := f.MetricFilter
		if filter.Name == "" {
			filter.Name = cfg.Name + "/" + f.key()
		}
		if filter.Value == "" {
			filter.Value = "1"
		}
		cdk.NewMetricFilter(node, join(f.Resource, "-", f.ID), filter)
	}
}

// makeAlarms makes the metric alarms, then the composite ones, each after those
// that its rule names.
func (m *Monitoring) makeAlarms(cfg Config, model model) {
	node := cdk.NewNode(m.node, "alarms", nil)
	waiting, made := map[string]Alarm{}, map[string]cdk.AlarmRef{}
	all := model.all()
	for _, a := range all {
		if _, ok := a.When.(cloudwatch.Composite); ok {
			waiting[a.Key()] = model.held.held(a)
			continue
		}
		made[a.Key()] = cdk.NewMetricAlarm(node, a.constructID(), cfg.metricAlarm(a, model.held, m.topicARN))
	}
	var compose func(a Alarm)
	compose = func(a Alarm) {
		if _, ok := waiting[a.Key()]; !ok {
			return
		}
		delete(waiting, a.Key())
		for _, key := range a.When.(cloudwatch.Composite).Alarms() {
			compose(waiting[key])
		}
		name := func(key string) string { return made[key].Name() }
		made[a.Key()] = cdk.NewCompositeAlarm(node, a.constructID(), cfg.compositeAlarm(a, name, m.topicARN))
	}
	for _, a := range all {
		compose(waiting[a.Key()])
	}
	for _, a := range model.alarms {
		m.alarms[a.Key()] = made[a.Key()]
	}
	for _, a := range model.held.composites() {
		m.messages[a.Key()] = made[a.Key()]
	}
}

// metricAlarm is a row as CloudWatch will have it. topic returns the ARN of a
// severity's topic, or "" where there is none.
func (c Config) metricAlarm(a Alarm, held suppressed, topic func(Severity) string) cloudwatch.MetricAlarm {
	alarm := a.Definition().Metric()
	alarm.Name, alarm.Description = c.alarmName(a), a.description(c.RunbookURL)
	alarm.Actions, alarm.Tags = c.actions(a.Severity, topic), withSeverity(c.Tags, a.Severity)
	if _, ok := held.by[a.Key()]; ok { // a composite alarm tells; none is ever without data
		alarm.Actions.Alarm, alarm.Actions.OK = nil, nil
	}
	return alarm
}

func (c Config) compositeAlarm(a Alarm, name func(key string) string, topic func(Severity) string) cloudwatch.CompositeAlarm {
	alarm := a.Definition().Composite(name)
	alarm.Name, alarm.Description = c.alarmName(a), a.description(c.RunbookURL)
	alarm.Actions, alarm.Tags = c.actions(a.Severity, topic), withSeverity(c.Tags, a.Severity)
	return alarm
}

// actions are what an alarm of a severity does: topics are told of each state that
// is wanted, and other actions are done when it goes off.
func (c Config) actions(s Severity, topic func(Severity) string) cloudwatch.Actions {
	var topics, others []string
	if arn := topic(s); arn != "" {
		topics = append(topics, arn)
	}
	for _, t := range c.Notify[s] {
		switch t.protocol {
		case protocolTopic:
			topics = append(topics, t.address)
		case protocolAction:
			others = append(others, t.address)
		}
	}
	actions := cloudwatch.Actions{Alarm: append(slices.Clone(topics), others...), OK: topics}
	if slices.Contains(c.NoOKActions, s) {
		actions.OK = nil
	}
	if c.NotifyInsufficientData {
		actions.InsufficientData = topics
	}
	return actions
}

// Definitions returns the alarms as CloudWatch will have them, for tests and tools.
// Topics that only Terraform makes have their names in place of their ARNs.
func (c Config) Definitions() ([]cloudwatch.MetricAlarm, []cloudwatch.CompositeAlarm) {
	topic := func(s Severity) string {
		if c.makesTopic(s) {
			return c.topicName(s)
		}
		return ""
	}
	name := func(key string) string { return c.Name + "/" + key }
	var metric []cloudwatch.MetricAlarm
	var composite []cloudwatch.CompositeAlarm
	m := c.model()
	for _, a := range m.all() {
		if _, ok := a.When.(cloudwatch.Composite); ok {
			composite = append(composite, c.compositeAlarm(m.held.held(a), name, topic))
		} else {
			metric = append(metric, c.metricAlarm(a, m.held, topic))
		}
	}
	return metric, composite
}

// withSeverity adds a tag by which tools find the severity of an alarm.
func withSeverity(tags map[string]string, severity Severity) map[string]string {
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]string{}
	}
	all[severityTag] = string(severity)
	return all
}

// Node returns the construct that everything is in, for aspects and for adding
// more.
func (m *Monitoring) Node() constructs.Construct { return m.node }

// Alarms returns the constructs of the alarms by "<resource key>/<alarm id>", for
// overrides: a cloudwatchmetricalarm.CloudwatchMetricAlarm or a
// cloudwatchcompositealarm.CloudwatchCompositeAlarm of the AWS bindings. There are
// none when the configuration is invalid.
//
// An alarm whose messages may be held back ([Config.Held]) has no actions of its own:
// what changes who is told has to change [Monitoring.MessageAlarms], too.
func (m *Monitoring) Alarms() map[string]constructs.Construct { return made(m.alarms) }

// MessageAlarms returns the constructs of the alarms that are made besides those of
// [Monitoring.Alarms] where messages may be held back, for overrides:
// "<resource key>/<alarm id>-message" tells people about an alarm, and "held-by-…" stands
// for several that hold it back. Each is a
// cloudwatchcompositealarm.CloudwatchCompositeAlarm of the AWS bindings. There are none
// without [Config.Suppressors].
func (m *Monitoring) MessageAlarms() map[string]constructs.Construct { return made(m.messages) }

func made(alarms map[string]cdk.AlarmRef) map[string]constructs.Construct {
	all := map[string]constructs.Construct{}
	for key, alarm := range alarms {
		all[key] = alarm.Construct
	}
	return all
}

// Topics returns the constructs of the topics that were made, for overrides: each a
// snstopic.SnsTopic of the AWS bindings. There are none when the configuration is
// invalid.
func (m *Monitoring) Topics() map[Severity]constructs.Construct {
	all := map[Severity]constructs.Construct{}
	for severity, topic := range m.topics {
		if topic.ARN != cdk.Invalid {
			all[severity] = topic.Construct
		}
	}
	return all
}

// DashboardURL returns the address of the dashboard in the AWS console, or "" with
// NoDashboard.
func (m *Monitoring) DashboardURL() string { return m.dashboardURLs[""] }

// DashboardURLs returns the addresses of the further dashboards by their keys.
func (m *Monitoring) DashboardURLs() map[string]string {
	all := maps.Clone(m.dashboardURLs)
	delete(all, "")
	return all
}

// AlarmARNs returns the ARN of every alarm of [Monitoring.Alarms], by
// "<resource key>/<alarm id>".
func (m *Monitoring) AlarmARNs() map[string]string { return arns(m.alarms) }

// MessageAlarmARNs returns the ARNs of [Monitoring.MessageAlarms], by the same keys.
func (m *Monitoring) MessageAlarmARNs() map[string]string { return arns(m.messages) }

func arns(alarms map[string]cdk.AlarmRef) map[string]string {
	all := map[string]string{}
	for key, alarm := range alarms {
		all[key] = alarm.ARN
	}
	return all
}

// TopicARN returns the ARN of the topic that was made for alarms of a severity, or
// "" when none was: nobody is notified of it, or only existing topics are.
func (m *Monitoring) TopicARN(severity Severity) string { return m.topicARN(severity) }

func (m *Monitoring) topicARN(severity Severity) string { return m.topics[severity].ARN }

// TopicARNs returns the ARNs of every topic that is told of a severity: the one that
// was made, then those of Notify. What else publishes there needs their policies to
// let it: those made here let Config.Publishers.
func (m *Monitoring) TopicARNs() map[Severity][]string {
	all := map[Severity][]string{}
	for severity, topic := range m.topics {
		all[severity] = append(all[severity], topic.ARN)
	}
	for severity, arns := range m.existing {
		all[severity] = append(all[severity], arns...)
	}
	return all
}

// existingTopics are the topics that Notify names.
func (c Config) existingTopics() map[Severity][]string {
	all := map[Severity][]string{}
	for s, targets := range c.Notify {
		for _, t := range targets {
			if t.protocol == protocolTopic {
				all[s] = append(all[s], t.address)
			}
		}
	}
	return all
}
