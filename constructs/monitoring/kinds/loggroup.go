package kinds

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// LogGroup is a log group: lines that must not come, and lines that have to. Metrics:
// Amazon CloudWatch Logs user guide, "Monitoring with CloudWatch metrics" and "Creating
// metrics from log events using filters".
type LogGroup struct {
	// Key is the log group's stable name: "backend-log".
	Key string
	// Name is the name of the log group: "/ecs/shop/backend".
	Name string
	// ErrorPattern is what lines of errors match: `{ $.level = "error" }`, "?ERROR
	// ?Traceback". A metric filter counts them. Default: no alarm on errors.
	ErrorPattern string
	// MaxErrors is how many lines may match in five minutes. Default: 0.
	MaxErrors float64
	// MaxSilence is how long no line may come, in steps of five minutes, at most a day.
	// Default: no alarm on it. One of ErrorPattern and MaxSilence is needed.
	MaxSilence time.Duration
}

// LogGroupNamespace is where the metrics of [LogGroup.ErrorPattern] are. Each is called
// after its log group, so that two applications never count into one.
const LogGroupNamespace = "LogGroups"

const step = 5 * time.Minute

// ResourceKey implements [monitoring.Resource].
func (g LogGroup) ResourceKey() string { return g.Key }

// Validate implements [monitoring.Resource].
func (g LogGroup) Validate() error {
	var p monitoring.Problems
	shape.LogGroupName.Check(&p, "Name", g.Name)
	if g.ErrorPattern == "" && g.MaxSilence == 0 {
		p.Want("ErrorPattern", monitoring.Text("empty"), `a pattern ("?ERROR ?Traceback"), or a MaxSilence (time.Hour): there is nothing to watch`)
	}
	limit(&p, "MaxErrors", g.MaxErrors, "a number of lines in five minutes (10), or 0 for none")
	if g.ErrorPattern == "" && g.MaxErrors != 0 {
		p.Want("MaxErrors", g.MaxErrors, "0 without an ErrorPattern")
	}
	if g.MaxSilence != 0 && (g.MaxSilence < step || g.MaxSilence > 24*time.Hour || g.MaxSilence%step != 0) {
		p.Want("MaxSilence", g.MaxSilence, "five minutes to a day, in steps of five minutes (time.Hour), or 0 for no alarm")
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (g LogGroup) Watch() monitoring.Watch {
	lines := cloudwatch.Metric{
		Namespace: "AWS/Logs", Name: "IncomingLogEvents", Stat: cloudwatch.Sum, Period: step, Unit: cloudwatch.Count,
		Dimensions: []cloudwatch.Dimension{dimension("LogGroupName", g.Name)},
	}
	panel := monitoring.Panel{ID: "log-groups", Title: "Log groups: lines, and those of errors", Lines: []monitoring.Line{{Of: lines, Label: "lines"}}}
	var alarms []monitoring.Alarm
	var filters []monitoring.LogFilter
	if g.ErrorPattern != "" {
		filter := monitoring.LogFilter{ID: "errors", MetricFilter: cloudwatch.MetricFilter{
			LogGroup: g.Name, Pattern: g.ErrorPattern, Namespace: LogGroupNamespace, MetricName: g.Name + " errors",
			Default: "0", Unit: cloudwatch.Count,
		}}
		errors := filter.Metric(cloudwatch.Sum, step)
		filters = append(filters, filter)
		alarms = append(alarms, monitoring.Alarm{
			ID: "errors-high", Severity: monitoring.Warning,
			When: errors.Above(g.MaxErrors), Window: periods(1), Missing: cloudwatch.NotBreaching, // no line, no error
			FirstStep: "Read the lines, and roll back when they began with a deployment.",
		})
		panel.Lines = append(panel.Lines, monitoring.Line{Of: errors, Label: "errors", Right: true})
	}
	if g.MaxSilence > 0 {
		alarms = append(alarms, monitoring.Alarm{
			ID: "silent", Severity: monitoring.Warning,
			When: cloudwatch.Heartbeat{Of: lines}, Window: periods(int(g.MaxSilence / step)), // missing data breaches: it is what is looked for
			FirstStep: "See whether what writes the log runs, and may write it.",
		})
	}
	w := watch("log-group", alarms, panel)
	w.Filters = filters
	return w
}
