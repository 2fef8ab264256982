package monitoring

import (
	"fmt"
	"reflect"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Resource is something that is watched. [ECSService] and the other kinds here are
// written as any other package can write its own: a Resource only returns data.
//
// A kind that embeds another one extends it:
//
//	type Worker struct{ monitoring.ECSService }
//
//	func (w Worker) Watch() monitoring.Watch {
//		watch := w.ECSService.Watch()
//		watch.Alarms = append(watch.Alarms, …)
//		return watch
//	}
type Resource interface {
	// ResourceKey is the resource's stable name: "backend". It begins the keys of its
	// alarms and is part of Terraform addresses, so that changing it makes new alarms.
	// A letter, then letters, digits and hyphens, all in lower case.
	ResourceKey() string
	// Validate returns everything that is wrong with the resource, joined, or nil.
	// Errors that begin with the name of a field ("Queue: is …") are shown as those of
	// that field. [Problems] helps to write them.
	Validate() error
	// Watch returns what to watch. It is called for invalid resources too, and more
	// than once.
	Watch() Watch
}

// Placed is a [Resource] whose metrics are in one region only, whatever region it
// serves: those of CloudFront are in us-east-1. A Config of another region refuses
// it, because its alarms could never go off.
type Placed interface {
	Resource
	// Region is the region of the metrics.
	Region() string
}

// Watch is what there is to watch of a resource.
type Watch struct {
	// Alarms are its alarms.
	Alarms []Alarm
	// Panels are its parts of the dashboard. A panel with an ID that other resources
	// have too is one panel with the lines of all.
	Panels []Panel
	// Filters are metrics that are made of lines in logs.
	Filters []LogFilter
}

// LogFilter makes a metric of the lines in a log group that match a pattern. Its
// method Metric returns the metric, for alarms and panels.
type LogFilter struct {
	// Resource is the key of the part of a resource that the filter belongs to.
	// Default: the resource that returns it, or none in Config.Filters.
	Resource string
	// ID is the filter's stable name among those of its resource: "errors".
	ID string
	// MetricFilter is the filter. Its name is given by [New] when it has none.
	cloudwatch.MetricFilter
}

func (f LogFilter) key() string { return join(f.Resource, "/", f.ID) }

// Panel is a graph on the dashboard, or a text.
type Panel struct {
	// ID is the panel's stable name: "sqs-depth". Config.Layout and Dashboard.Layout
	// name panels by it.
	ID string
	// Title stands above the graph: "SQS: messages".
	Title string
	// Section is the heading that the panel stands under in the profile Recommended, or
	// [Overview]. Default: the title up to its first colon, which names the kind.
	Section string
	// Profile is the smallest profile that has the panel. Default: Essential.
	Profile Profile
	// Left and Right are the axes. Each has one unit, that of its lines. Default: from
	// 0, and to 100 for percentages.
	Left, Right Axis
	// Period is the length of a data point in the graph. Default: that of the first
	// line.
	Period time.Duration
	// Range is how much time the graph shows, up to now: whole days. Default: what the
	// reader of the dashboard has chosen.
	Range time.Duration
	// Lines are what is drawn.
	Lines []Line
	// Text is Markdown, for notes where there is nothing to draw. Default: none.
	Text string
	// Width and Height are in cells of the dashboard's grid of 24 columns. Default: 12
	// wide; 6 high, or as high as the text needs.
	Width, Height int
	// Rank orders panels: those with lower ones come first, and equal ones in the order
	// of the resources. Config.Layout goes before it. Default: 0.
	Rank int
}

// Graph returns a panel of what alarms look at, for [Watch.Panels]: a line for each alarm
// that has one of the IDs, in their order, on the right axis when its unit is not that of
// the first. It returns none when no alarm has.
func Graph(p Panel, alarms []Alarm, ids ...string) []Panel {
	drawn := map[string]bool{}
	for _, id := range ids {
		for _, a := range alarms {
			of := cloudwatch.SeriesOf(a.When)
			if a.ID != id || drawn[identity(of)] {
				continue
			}
			drawn[identity(of)] = true
			right := len(p.Lines) > 0 && cloudwatch.UnitOf(of) != cloudwatch.UnitOf(p.Lines[0].Of)
			p.Lines = append(p.Lines, Line{Resource: a.Resource, Of: of, Right: right})
		}
	}
	if len(p.Lines) == 0 {
		return nil
	}
	return []Panel{p}
}

// Overview is the [Panel.Section] of what belongs to everything: budgets of service
// levels, deployments. It comes first, below the states of the alarms, without a heading.
const Overview = "Overview"

// Axis is an axis of a graph.
type Axis struct {
	// Label names the unit. Default: that of the lines.
	Label string
	// Min and Max are the ends of the axis, in its unit. Default: from 0, and to 100 for
	// percentages.
	Min, Max *float64
	// DivideBy turns values into the unit of the label, lines and thresholds alike:
	// Axis{Label: "GiB", DivideBy: GiB}. Default: 1.
	DivideBy float64
}

// Line is a series in a graph.
type Line struct {
	// Resource is the key of what the line belongs to; it begins the line's label.
	// Default: the resource that returns the panel, or none in Config.Panels.
	Resource string
	// Of is a metric, or metric math.
	Of cloudwatch.Series
	// Label names the line. Default: the label of the series.
	Label string
	// Right puts the line on the right axis. Default: the left one.
	Right bool
	// Color is the line's color: "#1f77b4". Default: CloudWatch chooses one.
	Color string
}

// GiB is 2^30 bytes, for thresholds of storage: Tuning{Threshold: 20 * GiB}.
const GiB = cloudwatch.GiB

// Problems collects what is wrong with a resource, for Resource.Validate:
//
//	var p monitoring.Problems
//	if q.Queue == "" {
//		p.Want("Queue", q.Queue, "the name of the queue")
//	}
//	return p.Err()
type Problems = problems.Problems

// Text describes a value that has no literal form, for [Problems]: "empty".
type Text = problems.Text

// IsReference reports whether s contains a Terraform reference, so that nothing can
// be said about its value: such strings are valid everywhere except in keys.
func IsReference(s string) bool { return token.Is(s) }

// isNil reports whether a resource is nil, or a pointer that is.
func isNil(r Resource) bool {
	if r == nil {
		return true
	}
	v := reflect.ValueOf(r)
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// join joins two parts of a name, the first of which may be missing.
func join(first, separator, second string) string {
	if first == "" {
		return second
	}
	return fmt.Sprintf("%s%s%s", first, separator, second)
}

// IsPart reports whether a key can name a part of a resource, such as the node
// "001" of "redis": its alarms have the resource key "redis-001".
func IsPart(key string) bool { return partPattern.MatchString(key) }
