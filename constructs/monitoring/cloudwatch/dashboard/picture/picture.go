// Package picture draws CloudWatch dashboards without AWS: one HTML page with
// charts in SVG, which needs no network, no script and no other file.
package picture

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yuin/goldmark"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
)

// Page is what [Write] draws.
type Page struct {
	// Title is the heading: "ohmycoins-staging".
	Title string
	// Note says where the values come from: "Sample data of a quiet day".
	Note string
	// Dashboards are drawn one below the other; at least one.
	Dashboards []Dashboard
	// From and To are the time that the graphs show. To is later than From.
	From, To time.Time
	// Values returns what a graph draws as its n-th line. An error is shown in
	// the graph, beside the lines that can be drawn. Default: no values.
	Values func(graph dashboard.Metrics, n int) (Series, error)
	// Alarm returns what is known of an alarm, by what the dashboard calls it: an
	// ARN. Default: nothing but the name.
	Alarm func(arn string) Alarm
}

// Dashboard is a dashboard and its name.
type Dashboard struct {
	// Name is what the page calls it.
	Name string
	// Body is what it shows.
	Body dashboard.Body
}

// Series has one value a period, from a time on. A value that is not there is NaN.
type Series struct {
	// Start is when the first period begins.
	Start time.Time
	// Period is the distance of two values.
	Period time.Duration
	// Values has one number for each period, in the unit of the line.
	Values []float64
}

// Alarm is what a page says of an alarm.
type Alarm struct {
	// Name is what the page calls the alarm.
	Name string
	// State is the one that it is in at the end.
	State cloudwatch.State
	// History are the states of the alarm, each until the next begins, in order.
	// Default: the state alone is shown.
	History []Change
}

// Change is the time at which an alarm entered a state.
type Change struct {
	// At is when the state begins.
	At time.Time
	// State is the one that the alarm enters.
	State cloudwatch.State
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// Write writes the page.
func Write(w io.Writer, p Page) error {
	if len(p.Dashboards) == 0 {
		return errors.New("drawing a page: Dashboards: is empty, want at least one")
	}
	if !p.To.After(p.From) {
		return fmt.Errorf("drawing a page: To: is %s, want a time after From, %s", p.To.Format(time.RFC3339), p.From.Format(time.RFC3339))
	}
	if p.Values == nil {
		p.Values = func(dashboard.Metrics, int) (Series, error) { return Series{}, nil }
	}
	if p.Alarm == nil {
		p.Alarm = func(arn string) Alarm { return Alarm{Name: arn} }
	}
	v := pageView{
		Title: p.Title, Note: p.Note, CSS: template.CSS(pageCSS), //nolint:gosec // a file of this package
		From: p.From.UTC().Format(moment), To: p.To.UTC().Format(moment),
	}
	for _, d := range p.Dashboards {
		view := dashboardView{Name: d.Name}
		for i, widget := range d.Body.Widgets {
			drawn, err := p.widget(widget)
			if err != nil {
				return fmt.Errorf("drawing %s: widgets[%d]: %w", d.Name, i, err)
			}
			view.Widgets = append(view.Widgets, drawn)
		}
		v.Dashboards = append(v.Dashboards, view)
	}
	return pageTemplate.Execute(w, v)
}

const moment = "2006-01-02 15:04"

type pageView struct {
	Title, Note, From, To string
	CSS                   template.CSS
	Dashboards            []dashboardView
}

type dashboardView struct {
	Name    string
	Widgets []widgetView
}

// widgetView is one of Chart, Alarms, Text and Unknown.
type widgetView struct {
	Column, Row, Width, Height int
	Title                      string
	Chart                      *chart
	Alarms                     []alarmView
	Histories                  bool // some alarm has one
	Text                       template.HTML
	Unknown                    string
}

type alarmView struct {
	Name, State, Sign, Class string
	History                  []spanView
	Summary                  string // of the history, in a sentence
}

// spanView is a stretch of an alarm's history, in per cent of the page's time.
type spanView struct {
	X, Width        float64
	Class           string
	State, From, To string
}

func (p Page) widget(w dashboard.Widget) (widgetView, error) {
	v := widgetView{Column: w.X + 1, Row: w.Y + 1, Width: w.Width, Height: w.Height}
	switch properties := w.Properties.(type) {
	case dashboard.Metrics:
		v.Title = properties.Title
		v.Chart = p.chart(properties, w.Width, w.Height)
	case dashboard.Alarms:
		v.Title = properties.Title
		for _, arn := range properties.Alarms {
			a := p.alarm(p.Alarm(arn))
			v.Alarms = append(v.Alarms, a)
			v.Histories = v.Histories || len(a.History) > 0
		}
	case dashboard.Text:
		var html bytes.Buffer
		if err := goldmark.Convert([]byte(properties.Markdown), &html); err != nil {
			return v, err
		}
		v.Text = template.HTML(html.String()) //nolint:gosec // goldmark leaves raw HTML out and escapes the rest
	default:
		v.Unknown = fmt.Sprintf("A widget of type %q cannot be drawn without AWS.", w.Type)
	}
	return v, nil
}

var (
	stateSigns   = map[cloudwatch.State]string{cloudwatch.OK: "✓", cloudwatch.InAlarm: "▲", cloudwatch.InsufficientData: "?"}
	stateClasses = map[cloudwatch.State]string{cloudwatch.OK: "ok", cloudwatch.InAlarm: "alarm", cloudwatch.InsufficientData: "unknown"}
	stateWords   = map[cloudwatch.State]string{cloudwatch.OK: "OK", cloudwatch.InAlarm: "in alarm", cloudwatch.InsufficientData: "no data"}
)

func (p Page) alarm(a Alarm) alarmView {
	v := alarmView{Name: a.Name, State: stateWords[a.State], Sign: stateSigns[a.State], Class: stateClasses[a.State]}
	if v.Class == "" {
		v.State, v.Sign, v.Class = "state not known", "?", "unknown"
	}
	for i, change := range a.History {
		end := p.To
		if i+1 < len(a.History) {
			end = a.History[i+1].At
		}
		from, to := p.share(change.At), p.share(end)
		if to <= from {
			continue
		}
		v.History = append(v.History, spanView{
			X: 100 * from, Width: 100 * (to - from), Class: stateClasses[change.State],
			State: stateWords[change.State], From: change.At.UTC().Format(moment), To: end.UTC().Format(moment),
		})
	}
	v.Summary = historyWords(v.History)
	return v
}

// historyWords says how often and when last an alarm was in alarm. The page has all of
// the history in a table.
func historyWords(history []spanView) string {
	in := slices.DeleteFunc(slices.Clone(history), func(s spanView) bool { return s.State != stateWords[cloudwatch.InAlarm] })
	if len(in) == 0 {
		return "Never in alarm"
	}
	last := in[len(in)-1]
	if len(in) == 1 {
		return fmt.Sprintf("In alarm once, from %s to %s", last.From, last.To)
	}
	return fmt.Sprintf("In alarm %d times, last from %s to %s", len(in), last.From, last.To)
}

// share is how much of the page's time has gone by at a time, 0 to 1.
func (p Page) share(at time.Time) float64 {
	return min(1, max(0, float64(at.Sub(p.From))/float64(p.To.Sub(p.From))))
}

// dynamic replaces what CloudWatch calls dynamic labels: "${LAST}".
func dynamic(label string, values []float64, format func(float64) string) string {
	if !strings.Contains(label, "${") {
		return label
	}
	known := slices.DeleteFunc(slices.Clone(values), isNaN)
	word := func(f func([]float64) float64) string {
		if len(known) == 0 {
			return "–"
		}
		return format(f(known))
	}
	return strings.NewReplacer(
		"${LAST}", word(func(v []float64) float64 { return v[len(v)-1] }),
		"${MAX}", word(slices.Max[[]float64]),
		"${MIN}", word(slices.Min[[]float64]),
		"${SUM}", word(sum),
		"${AVG}", word(func(v []float64) float64 { return sum(v) / float64(len(v)) }),
	).Replace(label)
}

func isNaN(v float64) bool { return v != v }

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
