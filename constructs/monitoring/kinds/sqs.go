package kinds

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// SQSQueue is an SQS queue, with the queue that its dead letters go to. Metrics:
// Amazon SQS developer guide, "Available CloudWatch metrics for Amazon SQS".
type SQSQueue struct {
	// Key is the queue's stable name: "orders".
	Key string
	// Name is the name of the queue, with ".fifo" where it is one.
	Name string
	// DeadLetterQueue is the name of the queue that its dead letters go to. Default:
	// none, and then nothing tells of messages that could not be processed.
	DeadLetterQueue string
	// MaxAge is how old the oldest message may become: whole seconds. Default: 15
	// minutes.
	MaxAge time.Duration
	// MaxWaiting is how many messages may wait. Default: no alarm on it.
	MaxWaiting float64
	// MaxInFlight is how many messages may be received and not yet deleted. Default:
	// 96,000, which is 80 % of SQS's quota.
	MaxInFlight float64
	// AlwaysSent says that messages are sent at all times, so that 15 minutes without
	// one are a fault of the senders. Default: false.
	AlwaysSent bool
}

// ResourceKey implements [monitoring.Resource].
func (q SQSQueue) ResourceKey() string { return q.Key }

// Validate implements [monitoring.Resource].
func (q SQSQueue) Validate() error {
	var p monitoring.Problems
	shape.QueueName.Check(&p, "Name", q.Name)
	if q.DeadLetterQueue != "" {
		shape.QueueName.Check(&p, "DeadLetterQueue", q.DeadLetterQueue)
		if q.DeadLetterQueue == q.Name {
			p.Want("DeadLetterQueue", q.DeadLetterQueue, "another queue than Name")
		}
	}
	atLeast(&p, "MaxAge", q.MaxAge, time.Second, "at least a second (10 * time.Minute), or 0 for 15 minutes")
	limit(&p, "MaxWaiting", q.MaxWaiting, "a number of messages (1000), or 0 for no alarm")
	limit(&p, "MaxInFlight", q.MaxInFlight, "a number of messages (50000), or 0 for 96000")
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (q SQSQueue) Watch() monitoring.Watch {
	of := func(queue, name, stat string) cloudwatch.Metric {
		return metric("AWS/SQS", name, stat, dimension("QueueName", queue))
	}
	age := of(q.Name, "ApproximateAgeOfOldestMessage", cloudwatch.Maximum)
	waiting := of(q.Name, "ApproximateNumberOfMessagesVisible", cloudwatch.Average)
	inFlight := of(q.Name, "ApproximateNumberOfMessagesNotVisible", cloudwatch.Average)
	sent := of(q.Name, "NumberOfMessagesSent", cloudwatch.Sum)
	// A queue that is not used for hours has no data: that is no reason to alarm, and
	// none to forget an alarm.
	alarms := []monitoring.Alarm{
		{
			ID: "age-high", Severity: monitoring.Critical,
			When: age.AtLeast(orDefault(q.MaxAge, 15*time.Minute).Seconds()), Window: periods(15), Missing: cloudwatch.Missing,
			FirstStep: "See whether the consumers run and what they wait for.",
		},
		{
			ID: "in-flight-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: inFlight.AtLeast(orDefault(q.MaxInFlight, 96000)), Window: periods(15), Missing: cloudwatch.Missing,
			FirstStep: "See whether the consumers delete what they have processed: at the quota SQS hands out no more messages.",
		},
	}
	messages := []monitoring.Line{{Of: waiting, Label: "waiting"}, {Of: inFlight, Label: "in flight"}}
	if q.DeadLetterQueue != "" {
		dead := of(q.DeadLetterQueue, "ApproximateNumberOfMessagesVisible", cloudwatch.Maximum)
		alarms = append(alarms, monitoring.Alarm{
			ID: "dead-letters", Severity: monitoring.Warning,
			When: dead.Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching, // an empty queue becomes silent
			FirstStep: "Read one of the messages and the consumer's error, then redrive them.",
		})
		messages = append(messages, monitoring.Line{Of: dead, Label: "dead letters"})
	}
	if q.MaxWaiting != 0 {
		alarms = append(alarms, monitoring.Alarm{
			ID: "waiting-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: waiting.AtLeast(q.MaxWaiting), Window: periods(15), Missing: cloudwatch.Missing,
			FirstStep: "Add consumers when the queue does not become shorter by itself.",
		})
	}
	if q.AlwaysSent {
		alarms = append(alarms, monitoring.Alarm{
			ID: "nothing-sent", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: sent.AtMost(0), Window: periods(15), Missing: cloudwatch.Missing,
			FirstStep: "See whether the senders run and may send to the queue.",
		})
	}
	return watch("sqs", alarms,
		monitoring.Panel{ID: "sqs-messages", Title: "SQS: messages", Lines: append(messages, monitoring.Line{Of: sent, Label: "sent", Right: true})},
		monitoring.Panel{ID: "sqs-age", Title: "SQS: age of the oldest message", Lines: []monitoring.Line{{Of: age, Label: "age"}}},
	)
}
