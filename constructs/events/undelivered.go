package events

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// undelivered is a queue of messages that reached nobody.
type undelivered struct{ queue string }

// ResourceKey implements [monitoring.Resource].
func (u undelivered) ResourceKey() string { return "events" }

// Validate implements [monitoring.Resource]. [Config.Validate] says what is wrong.
func (u undelivered) Validate() error { return nil }

// Watch implements [monitoring.Resource]. One message is one too many. The alarm goes on
// until somebody has read and removed it.
func (u undelivered) Watch() monitoring.Watch {
	waiting := cloudwatch.Metric{
		Namespace: "AWS/SQS", Name: "ApproximateNumberOfMessagesVisible", Stat: cloudwatch.Maximum, Period: time.Minute, Unit: cloudwatch.Count,
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: u.queue}},
	}
	watch := monitoring.Watch{Alarms: []monitoring.Alarm{{
		ID: "undelivered", Severity: monitoring.Critical,
		When: waiting.Above(0), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
		FirstStep: "Read the messages in the queue: each is an event of which nobody was told.", Section: "events-undelivered",
	}}}
	watch.Panels = monitoring.Graph(monitoring.Panel{
		ID: "events-undelivered", Title: "Events: messages of which nobody was told", Profile: monitoring.Recommended,
	}, watch.Alarms, "undelivered")
	return watch
}
