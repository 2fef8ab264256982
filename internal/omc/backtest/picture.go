package backtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

const (
	halfWidth   = dashboard.Width / 2
	graphHeight = 6
	// alarmsARow is how many alarms fit into a cell of a widget's height.
	alarmsARow = 2
)

// colors are those of the thresholds of each side, CloudWatch's orange and red.
var colors = map[string]string{"deployed": "#ff9900", "proposed": "#d62728"}

// Picture shows a report: the states of the alarms, and a graph of what each compares
// with its thresholds. [picture.Write] draws it.
func (t *Test) Picture(r Report, data *Data, title string) picture.Page {
	p := picture.Page{
		Title: "Backtest of " + title, Note: "What the alarms would have done",
		From: r.From, To: r.To, Alarm: t.drawnAlarm,
		Values: func(graph dashboard.Metrics, _ int) (picture.Series, error) { return t.drawnValues(graph.Title, data) },
	}
	body := dashboard.Body{}
	for i, s := range t.sides() {
		var names []string
		for _, a := range r.Alarms {
			if _, there := s.tests[a.Name]; there {
				names = append(names, s.name+" "+a.Name)
			}
		}
		body.Widgets = append(body.Widgets, dashboard.Widget{
			Type: "alarm", X: i * halfWidth, Width: halfWidth, Height: 2 + len(r.Alarms)/alarmsARow,
			Properties: dashboard.Alarms{Title: strings.ToUpper(s.name[:1]) + s.name[1:], Alarms: names},
		})
	}
	y, x := 2+len(r.Alarms)/alarmsARow, 0
	for _, a := range r.Alarms {
		graph, ok := t.graph(a.Name)
		if !ok {
			continue
		}
		body.Widgets = append(body.Widgets, dashboard.Widget{Type: "metric", X: x, Y: y, Width: halfWidth, Height: graphHeight, Properties: graph})
		if x += halfWidth; x >= dashboard.Width {
			x, y = 0, y+graphHeight
		}
	}
	p.Dashboards = []picture.Dashboard{{Name: title, Body: body}}
	return p
}

// newest is the proposed alarm, or else the deployed one.
func (t *Test) newest(name string) (plan, bool) {
	sides := t.sides()
	for _, s := range slices.Backward(sides) {
		if p, ok := s.plans[name]; ok {
			return p, true
		}
	}
	return plan{}, false
}

// graph is a graph with the thresholds of both sides. Its title finds the values again.
func (t *Test) graph(name string) (dashboard.Metrics, bool) {
	p, ok := t.newest(name)
	if !ok || p.problem != "" {
		return dashboard.Metrics{}, false
	}
	judged, _ := p.alarm.Judged()
	label := judged.Expression
	if label == "" {
		label = fmt.Sprintf("%s, %s over %s", judged.Metric.Name, judged.Metric.Stat, words(judged.Metric.Period))
	}
	graph := dashboard.Metrics{
		Title: name, View: "timeSeries", Metrics: []dashboard.Line{{Options: dashboard.Options{Expression: label, Label: label}}},
		Annotations: &dashboard.Annotations{},
	}
	for _, s := range t.sides() {
		side, there := s.plans[name]
		if !there || side.problem != "" || side.alarm.ThresholdMetricID != "" {
			continue
		}
		mark := dashboard.Mark{Label: s.name + ": " + WithUnits(side.alarm).Words(), Value: side.alarm.Threshold, Color: colors[s.name]}
		if n := len(graph.Annotations.Horizontal); n > 0 && graph.Annotations.Horizontal[n-1].Value == mark.Value {
			continue
		}
		graph.Annotations.Horizontal = append(graph.Annotations.Horizontal, mark)
	}
	return graph, true
}

// drawnAlarm is an alarm by its side and name.
func (t *Test) drawnAlarm(key string) picture.Alarm {
	for _, s := range t.sides() {
		name, ok := strings.CutPrefix(key, s.name+" ")
		if !ok {
			continue
		}
		r := s.tests[name]
		a := picture.Alarm{Name: name, State: r.start}
		if r.problem != "" {
			a.State = ""
			return a
		}
		a.History = append(a.History, picture.Change{At: r.from, State: r.start})
		for _, c := range r.changes {
			a.History = append(a.History, picture.Change{At: c.At, State: c.To})
			a.State = c.To
		}
		return a
	}
	return picture.Alarm{Name: key}
}

// drawnValues are what an alarm compares with its threshold.
func (t *Test) drawnValues(name string, data *Data) (picture.Series, error) {
	p, _ := t.newest(name)
	s, err := evaluate.Values(p.alarm.Queries, p.series(data), p.from, t.in.To)
	return picture.Series{Start: s.Start, Period: s.Period, Values: s.Values}, err
}
