package kinds

import (
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// ScheduleGroup is a group of schedules in EventBridge Scheduler, which knows metrics
// of groups and not of single schedules. A [ScheduledJob] tells that a job did not run.
// Metrics: EventBridge Scheduler user guide, "Monitoring Amazon EventBridge Scheduler
// with Amazon CloudWatch".
type ScheduleGroup struct {
	// Key is the group's stable name: "nightly".
	Key string
	// Name is the name of the group. Default: "default", the group that AWS makes.
	Name string
}

// ResourceKey implements [monitoring.Resource].
func (g ScheduleGroup) ResourceKey() string { return g.Key }

// Validate implements [monitoring.Resource].
func (g ScheduleGroup) Validate() error {
	var p monitoring.Problems
	if g.Name != "" {
		identifier(&p, "Name", g.Name, plainName, `the name of the schedule group ("nightly"), not its ARN, or "" for "default"`)
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (g ScheduleGroup) Watch() monitoring.Watch {
	sum := func(name string) cloudwatch.Metric {
		return metric("AWS/Scheduler", name, cloudwatch.Sum, dimension("ScheduleGroup", orDefault(g.Name, "default")))
	}
	// Faults are counted, and have no data while there are none.
	fault := func(id, name string, window int, severity monitoring.Severity, profile monitoring.Profile, firstStep string) monitoring.Alarm {
		return monitoring.Alarm{
			ID: id, Severity: severity, Profile: profile,
			When: sum(name).Above(0), Window: periods(window), Missing: cloudwatch.NotBreaching, FirstStep: firstStep,
		}
	}
	alarms := []monitoring.Alarm{
		fault("invocations-dropped", "InvocationDroppedCount", 1, monitoring.Critical, monitoring.Essential,
			"Find the schedule whose target did not run, and start it by hand."),
		fault("dead-letters-lost", "InvocationsFailedToBeSentToDeadLetterCount", 1, monitoring.Warning, monitoring.Recommended,
			"Let the schedule's role send to its queue for dead letters."),
		fault("target-failing", "TargetErrorCount", 5, monitoring.Warning, monitoring.Recommended,
			"Check the target and what the schedule's role may do."),
		fault("target-throttled", "TargetErrorThrottledCount", 15, monitoring.Warning, monitoring.Recommended,
			"Spread the schedules with flexible time windows, or raise the quota of the target."),
		fault("invocations-throttled", "InvocationThrottleCount", 15, monitoring.Warning, monitoring.Recommended,
			"Spread the schedules with flexible time windows, or raise the quota of invocations."),
	}
	panels := []monitoring.Panel{{ID: "scheduler-invocations", Title: "Scheduler: invocations and faults", Lines: []monitoring.Line{
		{Of: sum("InvocationAttemptCount"), Label: "attempts"},
		{Of: sum("TargetErrorCount"), Label: "errors of targets", Right: true},
		{Of: sum("InvocationDroppedCount"), Label: "dropped", Right: true},
	}}}
	throttled := monitoring.Graph(more("scheduler-throttled", "Scheduler: throttled, and lost dead letters"),
		alarms, "target-throttled", "invocations-throttled", "dead-letters-lost")
	return watch("scheduler", alarms, append(panels, throttled...)...)
}
