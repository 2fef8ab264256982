package kinds

import (
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// LambdaFunction is a Lambda function. Metrics: AWS Lambda developer guide, "Types of
// metrics for Lambda functions".
type LambdaFunction struct {
	// Key is the function's stable name: "invoice".
	Key string
	// Name is the name of the function.
	Name string
	// Timeout is the function's timeout, at most 15 minutes; the alarm on its duration
	// goes off at 80 % of it. Default: no alarm on the duration.
	Timeout time.Duration
	// Concurrency is how many executions it may have at once: what is reserved for it,
	// or else the account's quota. The alarm goes off above 90 %. Default: 1,000, which
	// is the quota that an account begins with.
	Concurrency float64
	// MaxIteratorAge is how far the function may be behind the stream that it reads.
	// Default: no alarm on it, for functions that read none.
	MaxIteratorAge time.Duration
}

// ResourceKey implements [monitoring.Resource].
func (f LambdaFunction) ResourceKey() string { return f.Key }

// Validate implements [monitoring.Resource].
func (f LambdaFunction) Validate() error {
	var p monitoring.Problems
	shape.FunctionName.Check(&p, "Name", f.Name)
	if f.Timeout != 0 && (f.Timeout < time.Second || f.Timeout > 15*time.Minute) {
		p.Want("Timeout", f.Timeout, "the function's timeout, 1 second to 15 minutes, or 0 for no alarm")
	}
	shape.CheckKnown(&p, "Concurrency", f.Concurrency, "a number of executions (100), or 0 for 1000")
	atLeast(&p, "MaxIteratorAge", f.MaxIteratorAge, time.Second, "at least a second (time.Minute), or 0 for no alarm")
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (f LambdaFunction) Watch() monitoring.Watch {
	of := func(name, stat string) cloudwatch.Metric {
		return metric("AWS/Lambda", name, stat, dimension("FunctionName", f.Name))
	}
	errors, throttles := of("Errors", cloudwatch.Sum), of("Throttles", cloudwatch.Sum)
	duration := of("Duration", "p90")
	concurrency := of("ConcurrentExecutions", cloudwatch.Maximum)
	// A function that is not called has no data.
	alarms := []monitoring.Alarm{
		{
			ID: "errors-high", Severity: monitoring.Critical,
			When: errors.Above(0), Window: periods(3), Missing: cloudwatch.Missing,
			FirstStep: "Read the function's log for the error, and roll back when it began with a deployment.",
		},
		{
			ID: "throttled", Severity: monitoring.Critical,
			When: throttles.AtLeast(1), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Compare the concurrency with the quota and with what other functions use, then reserve or raise it.",
		},
		{
			ID: "concurrency-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: concurrency.Above(0.9 * orDefault(f.Concurrency, 1000)), Window: periods(10), Missing: cloudwatch.Missing,
			FirstStep: "See whether more is called or each call takes longer, then raise the quota or the reserve.",
		},
		{
			ID: "events-dropped", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: of("AsyncEventsDropped", cloudwatch.Sum).Above(0), Window: periods(1), Missing: cloudwatch.NotBreaching, // each one is lost
			FirstStep: "Find out which events were lost, and give the function a destination for failures.",
		},
	}
	if f.Timeout > 0 {
		alarms = append(alarms, monitoring.Alarm{
			ID: "duration-high", Severity: monitoring.Warning, Profile: monitoring.Recommended,
			When: duration.Above(0.8 * milliseconds(f.Timeout)), Window: periods(15), Missing: cloudwatch.Missing,
			FirstStep: "Look for what the function waits for before it runs into its timeout.",
		})
	}
	panels := []monitoring.Panel{
		{ID: "lambda-calls", Title: "Lambda: calls, errors and throttles", Lines: []monitoring.Line{
			{Of: errors, Label: "errors"},
			{Of: throttles, Label: "throttles"},
			{Of: of("Invocations", cloudwatch.Sum), Label: "calls", Right: true},
		}},
		{ID: "lambda-duration", Title: "Lambda: duration and concurrency", Lines: []monitoring.Line{
			{Of: duration, Label: "p90"},
			{Of: concurrency, Label: "executions", Right: true},
		}},
	}
	if f.MaxIteratorAge > 0 {
		age := of("IteratorAge", cloudwatch.Maximum)
		alarms = append(alarms, monitoring.Alarm{
			ID: "stream-behind", Severity: monitoring.Critical,
			When: age.Above(milliseconds(f.MaxIteratorAge)), Window: periods(5), Missing: cloudwatch.Missing,
			FirstStep: "Look for a record that fails again and again, then for too few shards.",
		})
		panels = append(panels, monitoring.Panel{ID: "lambda-stream", Title: "Lambda: age of the stream's records", Lines: []monitoring.Line{{Of: age, Label: "age"}}})
	}
	panels = append(panels, monitoring.Graph(more("lambda-dropped", "Lambda: dropped events"), alarms, "events-dropped")...)
	return watch("lambda", alarms, panels...)
}
