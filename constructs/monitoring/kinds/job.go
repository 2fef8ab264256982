package kinds

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// ScheduledJob is something that has to happen again and again: a backup, an invoice
// run. It says that it has succeeded with one data point of a metric; when none comes in
// time, the alarm goes off, whatever the reason.
type ScheduledJob struct {
	// Key is the job's stable name: "backup".
	Key string
	// Done is the metric that has a data point for each success: one that the job
	// publishes as its last act, or one of AWS such as the messages of a topic. Its
	// statistic and period do not matter.
	Done cloudwatch.Metric
	// Every is how often the job runs. With Grace at most seven days: CloudWatch looks
	// back no further.
	Every time.Duration
	// Grace is how much later than that it may be done. Default: a quarter of Every.
	Grace time.Duration
	// Severity of the alarm. Default: monitoring.Warning.
	Severity monitoring.Severity
	// FirstStep says what to do first when the job was not done. Default: to look at its
	// last run.
	FirstStep string
}

// ResourceKey implements [monitoring.Resource].
func (j ScheduledJob) ResourceKey() string { return j.Key }

const week = 7 * 24 * time.Hour

// Validate implements [monitoring.Resource].
func (j ScheduledJob) Validate() error {
	var p monitoring.Problems
	p.AddIn("Done", j.metric().Validate())
	switch {
	case j.Every < time.Minute:
		p.Want("Every", j.Every, "how often the job runs, at least a minute (24 * time.Hour)")
	case j.Grace < 0:
		p.Want("Grace", j.Grace, "how much later the job may be done (time.Hour), or 0 for a quarter of Every")
	case j.Every+j.grace() > week:
		p.Want("Every", j.Every, "with a Grace of %s at most seven days, %s: CloudWatch looks back no further; let the job say in between that it waits", j.grace(), week)
	}
	return p.Err()
}

func (j ScheduledJob) grace() time.Duration { return orDefault(j.Grace, j.Every/4) }

// period is as short as CloudWatch allows for the time that is looked back: it decides
// how late a missing run is noticed.
func (j ScheduledJob) period() time.Duration {
	switch back := j.Every + j.grace(); {
	case back <= time.Hour:
		return time.Minute
	case back <= 24*time.Hour:
		return step
	default:
		return time.Hour
	}
}

func (j ScheduledJob) metric() cloudwatch.Metric {
	return j.Done.WithPeriod(j.period()).WithStat(cloudwatch.SampleCount)
}

// Watch implements [monitoring.Resource].
func (j ScheduledJob) Watch() monitoring.Watch {
	period := j.period()
	back := int((j.Every + j.grace() + period - 1) / period) // rounded up
	return watch("job",
		[]monitoring.Alarm{{
			ID: "missed", Severity: monitoring.Severity(orDefault(string(j.Severity), string(monitoring.Warning))),
			When: cloudwatch.Heartbeat{Of: j.metric()}, Window: periods(back), // missing data breaches: it is what is looked for
			FirstStep: orDefault(j.FirstStep, "Look at the job's last run and its log, and start it by hand."),
		}},
		monitoring.Panel{ID: "jobs", Title: "Jobs: done", Lines: []monitoring.Line{{Of: j.metric(), Label: "done"}}},
	)
}
