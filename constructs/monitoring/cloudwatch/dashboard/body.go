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

// Body is the body of a dashboard.
type Body struct {
	Widgets []Widget `json:"widgets"`
}

// Widget is a rectangle of a dashboard. Places and sizes are in cells of its grid.
type Widget struct {
	// Type is "metric", "alarm" or "text", like the type of Properties.
	Type   string `json:"type"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	// Properties are [Metrics], [Alarms] or [Text].
	Properties any `json:"properties"`
}

// Metrics are the properties of a graph.
type Metrics struct {
	Title  string `json:"title"`
	Region string `json:"region"`
	// View is "timeSeries", "singleValue", "gauge", "bar", "pie" or "table".
	View string `json:"view"`
	// Period is in seconds.
	Period int `json:"period"`
	// Start is how long ago the graph begins: "-P30D". See [Days]. Default: what the
	// reader has chosen.
	Start   string `json:"start,omitempty"`
	Metrics []Line `json:"metrics"`
	// YAxis are the axes, "left" and "right".
	YAxis       map[string]Axis `json:"yAxis"`
	Annotations *Annotations    `json:"annotations,omitempty"`
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
	Metric  []string
	Options Options
}

// Options are how a line is drawn.
type Options struct {
	Expression string `json:"expression,omitempty"`
	ID         string `json:"id,omitempty"`
	Label      string `json:"label,omitempty"`
	Stat       string `json:"stat,omitempty"`
	// Period is in seconds. Default: that of the graph.
	Period int `json:"period,omitempty"`
	// Visible is false for metrics that only expressions use. Default: true.
	Visible *bool  `json:"visible,omitempty"`
	Color   string `json:"color,omitempty"`
	// Region and AccountID are where the metric is. Default: the graph's region, and the
	// dashboard's account.
	Region    string `json:"region,omitempty"`
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
	Label     string   `json:"label"`
	Min       *float64 `json:"min,omitempty"`
	Max       *float64 `json:"max,omitempty"`
	ShowUnits bool     `json:"showUnits"`
}

// Annotations are marks in a graph.
type Annotations struct {
	Horizontal []Mark `json:"horizontal,omitempty"`
	// Alarms are ARNs: at most one, whose metric is the graph.
	Alarms []string `json:"alarms,omitempty"`
}

// Mark is a horizontal line at a value.
type Mark struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
	Color string  `json:"color"`
	// YAxis is "left" or "right".
	YAxis string `json:"yAxis"`
}

// Alarms are the properties of a widget with the states of alarms.
type Alarms struct {
	Title string `json:"title"`
	// Alarms are ARNs, 1 to [AlarmsAWidget].
	Alarms []string `json:"alarms"`
}

// Text are the properties of a widget with text.
type Text struct {
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
