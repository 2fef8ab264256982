package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// line is one metric in a graph.
type line struct {
	series
	metric    string
	statistic string
	label     string
	right     bool
}

func (s series) line(metric, statistic, label string) line {
	return line{series: s, metric: metric, statistic: statistic, label: label}
}

func (l line) onRight() line {
	l.right = true
	return l
}

// panel is what one resource adds to a widget: lines, or a note where it has
// nothing to draw.
type panel struct {
	widget *widgetSpec
	lines  []line
	note   string
}

// widgetSpec is a kind of widget. Each axis has one unit.
type widgetSpec struct {
	title       string
	left, right axis
	seconds     int
}

type axis struct {
	Label     string   `json:"label"`
	Min       float64  `json:"min"`
	Max       *float64 `json:"max,omitempty"`
	ShowUnits bool     `json:"showUnits"`
}

var (
	hundred = 100.0
	percent = axis{Label: "%", Max: &hundred}
	seconds = axis{Label: "seconds"}
	count   = axis{Label: "count"}
	storage = axis{Label: "bytes"}

	ecsUtilization  = &widgetSpec{title: "ECS: CPU and memory utilization", left: percent, seconds: 60}
	responseTime    = &widgetSpec{title: "ALB: response time", left: seconds, seconds: 60}
	statusCodes     = &widgetSpec{title: "ALB: HTTP status codes", left: count, seconds: 300}
	databaseLoad    = &widgetSpec{title: "RDS: CPU and connections", left: percent, right: count, seconds: 300}
	databaseStorage = &widgetSpec{title: "RDS: free storage", left: storage, seconds: 300}
	cache           = &widgetSpec{title: "Redis: hit rate, engine CPU and connections", left: percent, right: count, seconds: 60}
	taskCounts      = &widgetSpec{title: "ECS: desired and running tasks", left: count, seconds: 60}
)

// grid is the dashboard, two cells a row. The database's three units do not fit
// on two axes, so its cell holds two widgets.
var grid = [][]*widgetSpec{
	{ecsUtilization},
	{responseTime},
	{statusCodes},
	{databaseLoad, databaseStorage},
	{cache},
	{taskCounts},
}

const (
	gridWidth     = 24
	cellWidth     = gridWidth / 2
	cellHeight    = 6
	statusHeight  = 3
	alarmsAWidget = 100 // AWS: an alarm widget shows at most 100 alarms
)

type dashboardBody struct {
	Widgets []widget `json:"widgets"`
}

type widget struct {
	Type       string `json:"type"`
	X          int    `json:"x"`
	Y          int    `json:"y"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	Properties any    `json:"properties"`
}

type metricProperties struct {
	Title       string          `json:"title"`
	Region      string          `json:"region"`
	View        string          `json:"view"`
	Period      int             `json:"period"`
	Metrics     [][]any         `json:"metrics"`
	YAxis       map[string]axis `json:"yAxis"`
	Annotations *annotations    `json:"annotations,omitempty"`
}

type annotations struct {
	Horizontal []threshold `json:"horizontal"`
}

type threshold struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
	Color string  `json:"color"`
	YAxis string  `json:"yAxis"`
}

type lineOptions struct {
	Label string `json:"label"`
	Stat  string `json:"stat"`
	YAxis string `json:"yAxis"`
}

type alarmProperties struct {
	Title  string   `json:"title"`
	Alarms []string `json:"alarms"`
}

type textProperties struct {
	Markdown string `json:"markdown"`
}

// dashboard returns the body of the dashboard: the state of every alarm, then the
// grid. Structure: CloudWatch API reference, "Dashboard Body Structure and Syntax".
func dashboard(region string, resources []Resource, alarms []Alarm, alarmARNs []string) string {
	var body dashboardBody
	y := 0
	for chunk := range slices.Chunk(alarmARNs, alarmsAWidget) {
		body.Widgets = append(body.Widgets, widget{
			Type: "alarm", Y: y, Width: gridWidth, Height: statusHeight,
			Properties: alarmProperties{Title: "Alarms", Alarms: chunk},
		})
		y += statusHeight
	}
	cells := 0
	for _, specs := range grid {
		widgets := cell(specs, region, resources, alarms)
		for i, w := range widgets {
			w.Width = cellWidth / len(widgets)
			w.X = cells%2*cellWidth + i*w.Width
			w.Y = y + cells/2*cellHeight
			w.Height = cellHeight
			body.Widgets = append(body.Widgets, w)
		}
		if len(widgets) > 0 {
			cells++
		}
	}
	return marshal(body)
}

// cell returns the widgets of a cell, without their places. Kinds of resources
// that are not there have none.
func cell(specs []*widgetSpec, region string, resources []Resource, alarms []Alarm) []widget {
	var widgets []widget
	for _, spec := range specs {
		var lines []line
		var notes []string
		for _, r := range resources {
			for _, p := range r.panels() {
				if p.widget != spec {
					continue
				}
				lines = append(lines, p.lines...)
				if p.note != "" {
					notes = append(notes, p.note)
				}
			}
		}
		if len(lines) > 0 {
			widgets = append(widgets, widget{Type: "metric", Properties: spec.graph(region, lines, alarms)})
		}
		if len(notes) > 0 {
			text := "### " + spec.title + "\n\n" + strings.Join(notes, "\n\n")
			widgets = append(widgets, widget{Type: "text", Properties: textProperties{Markdown: text}})
		}
	}
	return widgets
}

func (spec *widgetSpec) graph(region string, lines []line, alarms []Alarm) metricProperties {
	properties := metricProperties{
		Title: spec.title, Region: region, View: "timeSeries", Period: spec.seconds,
		YAxis: map[string]axis{"left": spec.left},
	}
	if spec.right != (axis{}) {
		properties.YAxis["right"] = spec.right
	}
	for _, l := range lines {
		metric := []any{l.namespace, l.metric}
		for _, d := range l.dimensions {
			metric = append(metric, d.name, d.value)
		}
		properties.Metrics = append(properties.Metrics, append(metric, lineOptions{
			// CloudWatch puts the newest value in place of ${LAST}.
			Label: fmt.Sprintf("%s %s ", l.key, l.label) + token.Escape("${LAST}"),
			Stat:  l.statistic,
			YAxis: l.yAxis(),
		}))
	}
	if marks := thresholds(lines, alarms); len(marks) > 0 {
		properties.Annotations = &annotations{Horizontal: marks}
	}
	return properties
}

func (l line) yAxis() string {
	if l.right {
		return "right"
	}
	return "left"
}

// thresholds returns a line for each threshold of an alarm on a metric in the
// graph. Alarms with the same threshold on the same axis share one.
func thresholds(lines []line, alarms []Alarm) []threshold {
	type place struct {
		limit, yAxis string
		value        float64
	}
	var order []place
	ids := map[place][]string{}
	color := map[place]string{}
	for _, a := range alarms {
		i := slices.IndexFunc(lines, func(l line) bool {
			return l.key == a.ResourceKey && l.namespace == a.Namespace && l.metric == a.Metric
		})
		if i < 0 {
			continue
		}
		at := place{limit: a.condition().Limit(), yAxis: lines[i].yAxis(), value: a.Threshold}
		if _, ok := ids[at]; !ok {
			order = append(order, at)
			color[at] = severityColor(a.Severity)
		}
		if !slices.Contains(ids[at], a.ID) {
			ids[at] = append(ids[at], a.ID)
		}
		if a.Severity == Critical {
			color[at] = severityColor(Critical)
		}
	}
	var marks []threshold
	for _, at := range order {
		marks = append(marks, threshold{
			Label: strings.Join(ids[at], ", ") + " " + at.limit,
			Value: at.value, Color: color[at], YAxis: at.yAxis,
		})
	}
	return marks
}

func severityColor(s Severity) string {
	if s == Critical {
		return "#d62728"
	}
	return "#ff9900"
}

// marshal is json.Marshal without the escapes for HTML, which would turn "<" into
// six characters on the dashboard's source page.
func marshal(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the types above always encode
	}
	return strings.TrimSpace(buf.String())
}
