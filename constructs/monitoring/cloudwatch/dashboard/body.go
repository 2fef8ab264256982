// Package dashboard knows the bodies of CloudWatch dashboards in plain Go: their
// structure, which the API reference calls "Dashboard Body Structure and Syntax",
// and what is wrong with one.
package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Width is how many columns a dashboard has.
const Width = 24

// AlarmsAWidget is how many alarms an alarm widget shows at most.
const AlarmsAWidget = 100

// Body is the body of a dashboard. See the API reference, "Dashboard body structure and
// syntax", of which every field here has its name.
type Body struct {
	// Widgets are what it shows: at most [MaxWidgets].
	Widgets []Widget `json:"widgets"`
}

// Widget is a rectangle of a dashboard. Places and sizes are in cells of its grid.
type Widget struct {
	// Type is "metric", "alarm" or "text", like the type of Properties.
	Type string `json:"type"`
	// X is the column of the upper left corner: 0 to 23.
	X int `json:"x"`
	// Y is its row, from 0 on.
	Y int `json:"y"`
	// Width is 1 to [Width] columns.
	Width int `json:"width"`
	// Height is 1 row or more.
	Height int `json:"height"`
	// Properties are [Metrics], [Alarms] or [Text].
	Properties any `json:"properties"`
}

// Metrics are the properties of a graph.
type Metrics struct {
	// Title stands above the graph. Default: none.
	Title string `json:"title"`
	// Region is where the metrics are.
	Region string `json:"region"`
	// View is "timeSeries", "singleValue", "gauge", "bar", "pie" or "table".
	View string `json:"view"`
	// Period is in seconds.
	Period int `json:"period"`
	// Start is how long ago the graph begins: "-P30D". See [Days]. Default: what the
	// reader has chosen.
	Start string `json:"start,omitempty"`
	// Metrics are the lines, those included that only expressions use.
	Metrics []Line `json:"metrics"`
	// YAxis are the axes, "left" and "right".
	YAxis map[string]Axis `json:"yAxis"`
	// Annotations are marks besides the lines. Default: none.
	Annotations *Annotations `json:"annotations,omitempty"`
}

// Days is a [Metrics.Start] of a number of days.
func Days(n int) string { return fmt.Sprintf("-P%dD", n) }

// Range is how much time the graph shows when Start is a number of days, or 0.
func (m Metrics) Range() time.Duration {
	var days time.Duration
	if _, err := fmt.Sscanf(m.Start, "-P%dD", &days); err != nil {
		return 0
	}
	return days * 24 * time.Hour
}

// Line is a metric in a graph or, with Options.Expression, metric math. In JSON it
// is a list: namespace, name, names and values of dimensions, and the options.
type Line struct {
	// Metric is the namespace, the name, and names and values of dimensions.
	Metric []string
	// Options are how the line is drawn, and the expression where there is no metric.
	Options Options
}

// Options are how a line is drawn.
type Options struct {
	// Expression is metric math over the ids of other lines, instead of a metric.
	Expression string `json:"expression,omitempty"`
	// ID is what expressions call the line: a lower case letter, then letters, digits and _.
	ID string `json:"id,omitempty"`
	// Label is what the legend says. Default: the metric's name.
	Label string `json:"label,omitempty"`
	// Stat is the statistic. Default: "Average".
	Stat string `json:"stat,omitempty"`
	// Period is in seconds. Default: that of the graph.
	Period int `json:"period,omitempty"`
	// Visible is false for metrics that only expressions use. Default: true.
	Visible *bool `json:"visible,omitempty"`
	// Color is six hexadecimal digits after a "#". Default: CloudWatch chooses one.
	Color string `json:"color,omitempty"`
	// Region is where the metric is. Default: the graph's.
	Region string `json:"region,omitempty"`
	// AccountID is whose the metric is. Default: the dashboard's account.
	AccountID string `json:"accountId,omitempty"`
	// YAxis is "left" or "right".
	YAxis string `json:"yAxis,omitempty"`
}

// MarshalJSON writes the list that CloudWatch wants.
func (l Line) MarshalJSON() ([]byte, error) {
	list := make([]any, 0, len(l.Metric)+1)
	for _, s := range l.Metric {
		list = append(list, s)
	}
	text, err := encode(append(list, l.Options))
	return []byte(text), err
}

// UnmarshalJSON reads the list that CloudWatch has. What repeats the line before (".",
// "...") stays as it is: [Metrics] knows that line.
func (l *Line) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*l = Line{}
	for i, raw := range list {
		if i == len(list)-1 && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			return json.Unmarshal(raw, &l.Options)
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("metric: %w", err)
		}
		l.Metric = append(l.Metric, s)
	}
	return nil
}

// UnmarshalJSON reads a graph and writes out what lines repeat of the one before: "." is
// the same at its place, "..." is all up to what follows.
func (m *Metrics) UnmarshalJSON(data []byte) error {
	type plain Metrics // without this method
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	var before []string
	for i, line := range m.Metrics {
		if line.Options.Expression != "" {
			continue
		}
		var full []string
		for at, word := range line.Metric {
			switch rest := len(line.Metric) - at - 1; {
			case word == "..." && len(before)-rest > len(full):
				full = append(full, before[len(full):len(before)-rest]...)
			case word == "." && len(full) < len(before):
				full = append(full, before[len(full)])
			default:
				full = append(full, word)
			}
		}
		m.Metrics[i].Metric, before = full, full
	}
	return nil
}

// Axis is an axis of a graph.
type Axis struct {
	// Label stands beside the axis. Default: none.
	Label string `json:"label"`
	// Min is where the axis begins, in its unit. Default: what the values need.
	Min *float64 `json:"min,omitempty"`
	// Max is where it ends. Default: what the values need.
	Max *float64 `json:"max,omitempty"`
	// ShowUnits shows the metrics' own units beside the axis.
	ShowUnits bool `json:"showUnits"`
}

// Annotations are marks in a graph.
type Annotations struct {
	// Horizontal are lines at a value, such as thresholds. Default: none.
	Horizontal []Mark `json:"horizontal,omitempty"`
	// Alarms are ARNs: at most one, whose metric is the graph.
	Alarms []string `json:"alarms,omitempty"`
}

// Mark is a horizontal line at a value.
type Mark struct {
	// Label is what the legend says.
	Label string `json:"label"`
	// Value is where the line is, in the unit of its axis.
	Value float64 `json:"value"`
	// Color is six hexadecimal digits after a "#".
	Color string `json:"color"`
	// YAxis is "left" or "right".
	YAxis string `json:"yAxis"`
}

// Alarms are the properties of a widget with the states of alarms.
type Alarms struct {
	// Title stands above the states. Default: none.
	Title string `json:"title"`
	// Alarms are ARNs, 1 to [AlarmsAWidget].
	Alarms []string `json:"alarms"`
}

// Text are the properties of a widget with text.
type Text struct {
	// Markdown is the text, in CloudWatch's Markdown.
	Markdown string `json:"markdown"`
}

// String returns the JSON of the body. It panics when a number is NaN or infinite,
// which JSON cannot say.
func (b Body) String() string {
	text, err := encode(b)
	if err != nil {
		panic(err)
	}
	return text
}

// encode is json.Marshal without the escapes for HTML, which would turn "<" into
// six characters on the dashboard's source page.
func encode(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(buf.String()), err
}
