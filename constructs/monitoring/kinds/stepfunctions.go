package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// StateMachine is a state machine of Step Functions. AWS recommends no alarms for it;
// these are what one looks at. Metrics: AWS Step Functions developer guide, "Monitoring
// Step Functions metrics using Amazon CloudWatch".
type StateMachine struct {
	// Key is the state machine's stable name: "checkout".
	Key string
	// ARN is its ARN.
	ARN string
	// MaxDuration is how long 95 of 100 executions may take. Default: no alarm on it.
	MaxDuration time.Duration
}

var stateMachineARN = regexp.MustCompile(`^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}$`)

// ResourceKey implements [monitoring.Resource].
func (m StateMachine) ResourceKey() string { return m.Key }

// Validate implements [monitoring.Resource].
func (m StateMachine) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ARN", m.ARN, stateMachineARN, `the ARN of the state machine ("arn:aws:states:<region>:<account>:stateMachine:<name>"), not its name, a version or an execution`)
	atLeast(&p, "MaxDuration", m.MaxDuration, time.Millisecond, "at least a millisecond (time.Minute), or 0 for no alarm")
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (m StateMachine) Watch() monitoring.Watch {
	of := func(name, stat string, unit cloudwatch.Unit) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "AWS/States", Name: name, Stat: stat, Period: 5 * time.Minute, Unit: unit,
			Dimensions: []cloudwatch.Dimension{dimension("StateMachineArn", m.ARN)},
		}
	}
	// Faults are counted, and have no data while nothing runs.
	faults := func(id, name string, severity monitoring.Severity, profile monitoring.Profile, firstStep string) monitoring.Alarm {
		return monitoring.Alarm{
			ID: id, Severity: severity, Profile: profile,
			When: of(name, cloudwatch.Sum, cloudwatch.Count).Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching,
			FirstStep: firstStep,
		}
	}
	alarms := []monitoring.Alarm{
		faults("executions-failed", "ExecutionsFailed", monitoring.Critical, monitoring.Essential,
			"Open the failed execution, read its error, and redrive it from the state that failed."),
		faults("executions-timed-out", "ExecutionsTimedOut", monitoring.Critical, monitoring.Essential,
			"Find the state that the execution stood in, and what it waits for."),
		faults("executions-aborted", "ExecutionsAborted", monitoring.Warning, monitoring.Recommended,
			"Ask who has stopped it: the execution's history has the call."),
		faults("executions-throttled", "ExecutionThrottled", monitoring.Warning, monitoring.Recommended,
			"Start fewer executions at once, or raise the quota of state transitions."),
	}
	duration := of("ExecutionTime", "p95", cloudwatch.Milliseconds)
	if m.MaxDuration > 0 {
		alarms = append(alarms, monitoring.Alarm{
			ID: "duration-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: duration.Above(milliseconds(m.MaxDuration)), Window: periods(3), Missing: cloudwatch.Missing,
			FirstStep: "Compare the states of a slow execution with those of an older one.",
		})
	}
	panels := []monitoring.Panel{{ID: "state-machines", Title: "Step Functions: executions and their duration", Lines: []monitoring.Line{
		{Of: of("ExecutionsStarted", cloudwatch.Sum, cloudwatch.Count), Label: "started"},
		{Of: of("ExecutionsSucceeded", cloudwatch.Sum, cloudwatch.Count), Label: "succeeded"},
		{Of: of("ExecutionsFailed", cloudwatch.Sum, cloudwatch.Count), Label: "failed"},
		{Of: duration, Label: "p95", Right: true},
	}}}
	unfinished := monitoring.Panel{ID: "state-machine-ends", Title: "Step Functions: executions that do not end well"}
	panels = append(panels, monitoring.Graph(unfinished, alarms, "executions-timed-out", "executions-aborted", "executions-throttled")...)
	return watch("state-machine", alarms, panels...)
}
