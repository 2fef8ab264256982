package kinds

import (
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// SNSTopic is an SNS topic. Watch the topics of alarms too, each told through another one:
// an alarm whose message is not delivered is none. Metrics: Amazon SNS
// developer guide, "Monitoring Amazon SNS topics using CloudWatch".
type SNSTopic struct {
	// Key is the topic's stable name: "alarms".
	Key string
	// Name is the name of the topic, with ".fifo" where it is one.
	Name string
	// Severity is how messages that are not delivered are told: of a topic of alarms with a
	// severity that another topic tells. Default: monitoring.Critical.
	Severity monitoring.Severity
	// DeadLetters says that subscriptions have queues for what could not be delivered.
	// Default: false.
	DeadLetters bool
	// MinMessages is how many messages there are in any minute; with fewer published or
	// delivered for five minutes an alarm goes off. Default: no alarm on it.
	MinMessages float64
}

// ResourceKey implements [monitoring.Resource].
func (t SNSTopic) ResourceKey() string { return t.Key }

// Validate implements [monitoring.Resource].
func (t SNSTopic) Validate() error {
	var p monitoring.Problems
	shape.TopicName.Check(&p, "Name", t.Name)
	limit(&p, "MinMessages", t.MinMessages, "a number of messages in a minute (1), or 0 for no alarm")
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (t SNSTopic) Watch() monitoring.Watch {
	sum := func(name string) cloudwatch.Metric {
		return metric("AWS/SNS", name, cloudwatch.Sum, dimension("TopicName", t.Name))
	}
	failed := sum("NumberOfNotificationsFailed")
	published, delivered := sum("NumberOfMessagesPublished"), sum("NumberOfNotificationsDelivered")
	// Counts of faults have no data while there are none. Where AWS recommends five
	// minutes of faults in a row, one minute is enough here: topics such as those of
	// alarms have one message in a while, and each one counts.
	alarms := []monitoring.Alarm{
		{
			ID: "delivery-failed", Severity: monitoring.Severity(orDefault(string(t.Severity), string(monitoring.Critical))),
			When: failed.Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching,
			FirstStep: "Find the endpoint that refuses messages in the delivery log, and tell those who wait for them.",
		},
		{
			ID: "attributes-invalid", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: sum("NumberOfNotificationsFilteredOut-InvalidAttributes").Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Compare the attributes that publishers send with the subscriptions' filter policies.",
		},
		{
			ID: "body-invalid", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: sum("NumberOfNotificationsFilteredOut-InvalidMessageBody").Above(0), Window: periods(5), Missing: cloudwatch.NotBreaching,
			FirstStep: "Find the publisher whose messages are not JSON, as the filter policies want them.",
		},
	}
	if t.DeadLetters {
		alarms = append(alarms,
			monitoring.Alarm{
				ID: "dead-letters", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: sum("NumberOfNotificationsRedrivenToDlq").Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching,
				FirstStep: "Read one of the messages and why its endpoint refused it, then redrive them.",
			},
			monitoring.Alarm{
				ID: "dead-letters-lost", Severity: monitoring.Critical, Profile: monitoring.Recommended,
				When: sum("NumberOfNotificationsFailedToRedriveToDlq").Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching,
				FirstStep: "Let the topic send to the queue for dead letters, in the queue's policy and its key's.",
			},
		)
	}
	if t.MinMessages != 0 {
		alarms = append(alarms,
			monitoring.Alarm{
				ID: "published-low", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: published.Below(t.MinMessages), Window: periods(5), Missing: cloudwatch.Breaching, // no message, no data
				FirstStep: "See whether the publishers run and may publish.",
			},
			monitoring.Alarm{
				ID: "delivered-low", Severity: monitoring.Warning, Profile: monitoring.Recommended,
				When: delivered.Below(t.MinMessages), Window: periods(5), Missing: cloudwatch.Breaching,
				FirstStep: "See whether subscriptions are confirmed and what their filter policies let through.",
			},
		)
	}
	panels := []monitoring.Panel{{ID: "sns-messages", Title: "SNS: messages, and failed deliveries", Lines: []monitoring.Line{
		{Of: published, Label: "published"},
		{Of: delivered, Label: "delivered"},
		{Of: failed, Label: "failed", Right: true},
	}}}
	invalid := monitoring.Graph(more("sns-invalid", "SNS: messages that filters do not understand, and dead letters"),
		alarms, "attributes-invalid", "body-invalid", "dead-letters", "dead-letters-lost")
	return watch("sns", alarms, append(panels, invalid...)...)
}
