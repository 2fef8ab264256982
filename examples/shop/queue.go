package main

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Queue is a kind of this team: an SQS queue with the queue that its dead letters go
// to.
type Queue struct {
	// Key is the queue's stable name: "orders".
	Key string
	// Name and DeadLetters are the names of the queues.
	Name, DeadLetters string
	// MaxAge is how old the oldest message may become.
	MaxAge time.Duration
	// MaxDepth is how many messages may wait.
	MaxDepth float64
}

// ResourceKey implements monitoring.Resource.
func (q Queue) ResourceKey() string { return q.Key }

// Validate implements monitoring.Resource.
func (q Queue) Validate() error {
	var p monitoring.Problems
	if q.Name == "" {
		p.Want("Name", monitoring.Text("empty"), "the name of the queue")
	}
	if q.DeadLetters == "" {
		p.Want("DeadLetters", monitoring.Text("empty"), "the name of the queue that dead letters go to")
	}
	if q.MaxAge <= 0 {
		p.Want("MaxAge", q.MaxAge, "how old the oldest message may become (10 * time.Minute)")
	}
	if q.MaxDepth <= 0 {
		p.Want("MaxDepth", q.MaxDepth, "how many messages may wait (1000)")
	}
	return p.Err()
}

// Watch implements monitoring.Resource.
func (q Queue) Watch() monitoring.Watch {
	age := metric(q.Name, "ApproximateAgeOfOldestMessage", cloudwatch.Seconds)
	depth := metric(q.Name, "ApproximateNumberOfMessagesVisible", cloudwatch.Count)
	dead := metric(q.DeadLetters, "ApproximateNumberOfMessagesVisible", cloudwatch.Count)
	return monitoring.Watch{
		Alarms: []monitoring.Alarm{
			{
				ID: "age-high", Severity: page,
				When: age.Above(q.MaxAge.Seconds()), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.NotBreaching,
				FirstStep: "Look whether the workers run, then what they wait for.", Section: "queue-age-high",
			},
			{
				ID: "depth-high", Severity: monitoring.Warning,
				When: depth.Above(q.MaxDepth), Window: cloudwatch.Window{EvaluationPeriods: 5, DatapointsToAlarm: 3}, Missing: cloudwatch.NotBreaching,
				FirstStep: "Add workers when the queue does not become shorter by itself.", Section: "queue-depth-high",
			},
			{
				ID: "dead-letters", Severity: page,
				When: dead.Above(0), Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
				FirstStep: "Read one of the messages: somebody waits for that order.", Section: "queue-dead-letters",
			},
		},
		Panels: []monitoring.Panel{{
			ID: "queues", Title: "Queues: messages, and age of the oldest",
			Lines: []monitoring.Line{
				{Of: depth, Label: "waiting"},
				{Of: dead, Label: "dead letters"},
				{Of: age, Label: "age", Right: true},
			},
		}},
	}
}

func metric(queue, name string, unit cloudwatch.Unit) cloudwatch.Metric {
	return cloudwatch.Metric{
		Namespace: "AWS/SQS", Name: name, Stat: cloudwatch.Maximum, Period: time.Minute, Unit: unit,
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: queue}},
	}
}
