package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Limits of a CloudWatch dashboard (user guide, "CloudWatch service quotas", and
// API reference, "Dashboard Body Structure and Syntax").
const (
	MaxWidgets        = 500  // of a dashboard
	MaxMetrics        = 2500 // of a dashboard
	MaxMetricsAWidget = 500
	maxHeight         = 1000
	maxDimensions     = 30
	shortestPeriod    = 60
)

var (
	widgetTypes = []string{"alarm", "custom", "explorer", "log", "metric", "text"}
	lineKeys    = []string{"accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"}
)

// Validate checks the body of a CloudWatch dashboard against the
// structure and the limits that AWS documents, which the API itself does only in
// part: a misplaced dimension is accepted and gives an empty graph. The error
// joins everything that is wrong.
func Validate(body string) error {
	var doc struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          json.RawMessage
		}
	}
	dec := json.NewDecoder(strings.NewReader(body))
	if err := dec.Decode(&doc); err != nil {
		return fmt.Errorf("dashboard body: %w", err)
	}
	var p problems.Problems
	if n := len(doc.Widgets); n == 0 || n > MaxWidgets {
		p.Want("widgets", n, "1 to %d", MaxWidgets)
	}
	total := 0
	taken := map[[2]int]int{}
	for i, w := range doc.Widgets {
		at := fmt.Sprintf("widgets[%d]", i)
		var named struct{ Title string }
		if json.Unmarshal(w.Properties, &named) == nil && named.Title != "" {
			at += fmt.Sprintf(" (%s)", named.Title)
		}
		if !slices.Contains(widgetTypes, w.Type) {
			p.Want(at+".type", w.Type, "one of %s", strings.Join(widgetTypes, ", "))
		}
		if w.X < 0 || w.Width < 1 || w.X+w.Width > Width {
			p.Want(at, problems.Text(fmt.Sprintf("%d wide at column %d", w.Width, w.X)), "inside %d columns", Width)
			continue
		}
		if w.Y < 0 || w.Height < 1 || w.Height > maxHeight {
			p.Want(at+".height", w.Height, "1 to %d", maxHeight)
			continue
		}
		if other, ok := occupy(taken, i, w.X, w.Y, w.Width, w.Height); ok {
			p.Want(at, problems.Text(fmt.Sprintf("at column %d, row %d", w.X, w.Y)), "a place that does not overlap widgets[%d]", other)
		}
		switch w.Type {
		case "metric":
			total += validateMetricWidget(&p, at, w.Properties)
		case "alarm":
			validateAlarmWidget(&p, at, w.Properties)
		case "text":
			validateTextWidget(&p, at, w.Properties)
		}
	}
	if total > MaxMetrics {
		p.Want("widgets", problems.Text(fmt.Sprintf("%d metrics in all", total)), "at most %d", MaxMetrics)
	}
	return p.Err()
}

// occupy marks a widget's place and returns the widget that was there before.
func occupy(taken map[[2]int]int, i, x, y, width, height int) (other int, overlaps bool) {
	for column := x; column < x+width; column++ {
		for row := y; row < y+height; row++ {
			if before, ok := taken[[2]int{column, row}]; ok {
				other, overlaps = before, true
			}
			taken[[2]int{column, row}] = i
		}
	}
	return other, overlaps
}

func validateMetricWidget(p *problems.Problems, at string, raw json.RawMessage) (metrics int) {
	var properties struct {
		Metrics     [][]json.RawMessage
		Region      string
		Period      *float64
		YAxis       map[string]json.RawMessage
		Annotations struct {
			Alarms     []string
			Horizontal []struct {
				Value *float64
				YAxis string
			}
		}
	}
	if err := json.Unmarshal(raw, &properties); err != nil {
		p.Want(at, problems.Text(err.Error()), "the properties of a metric widget")
		return 0
	}
	if properties.Region == "" {
		p.Want(at+".region", problems.Text("missing"), "a region")
	}
	if len(properties.Metrics) == 0 && len(properties.Annotations.Alarms) == 0 {
		p.Want(at+".metrics", 0, "at least one metric")
	}
	if n := len(properties.Metrics); n > MaxMetricsAWidget {
		p.Want(at+".metrics", n, "at most %d", MaxMetricsAWidget)
	}
	if properties.Period != nil && (*properties.Period < shortestPeriod || int(*properties.Period)%shortestPeriod != 0) {
		p.Want(at+".period", *properties.Period, "a multiple of %d seconds", shortestPeriod)
	}
	for _, name := range problems.SortedKeys(properties.YAxis) {
		if name != "left" && name != "right" {
			p.Want(at+".yAxis", name, "left or right")
		}
	}
	for i, mark := range properties.Annotations.Horizontal {
		if mark.Value == nil {
			p.Want(fmt.Sprintf("%s.annotations.horizontal[%d].value", at, i), problems.Text("missing"), "a number")
		}
		if !validYAxis(mark.YAxis) {
			p.Want(fmt.Sprintf("%s.annotations.horizontal[%d].yAxis", at, i), mark.YAxis, "left or right")
		}
	}
	for i, metric := range properties.Metrics {
		validateMetric(p, fmt.Sprintf("%s.metrics[%d]", at, i), metric)
	}
	return len(properties.Metrics)
}

func validYAxis(s string) bool { return s == "" || s == "left" || s == "right" }

// validateMetric checks [namespace, name, dimension, value, …, {options}], or
// [{options}] alone for an expression.
func validateMetric(p *problems.Problems, at string, metric []json.RawMessage) {
	var names []string
	var options map[string]any
	for i, raw := range metric {
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			if i != len(metric)-1 {
				p.Want(fmt.Sprintf("%s[%d]", at, i), string(raw), "a string: options come last")
			}
			if err := json.Unmarshal(raw, &options); err != nil {
				p.Want(fmt.Sprintf("%s[%d]", at, i), string(raw), "options")
			}
			continue
		}
		var name string
		if err := json.Unmarshal(raw, &name); err != nil || name == "" {
			p.Want(fmt.Sprintf("%s[%d]", at, i), string(raw), "a string that is not empty")
		}
		names = append(names, name)
	}
	for _, key := range problems.SortedKeys(options) {
		if !slices.Contains(lineKeys, key) {
			p.Want(at, key, "one of the options %s: dimensions stand before the options", strings.Join(lineKeys, ", "))
		}
	}
	if side, _ := options["yAxis"].(string); !validYAxis(side) {
		p.Want(at+".yAxis", side, "left or right")
	}
	if _, isExpression := options["expression"]; isExpression {
		if len(names) > 0 {
			p.Want(at, strings.Join(names, " "), "no metric beside an expression")
		}
		return
	}
	switch {
	case slices.Contains(names, "..."): // repeats everything before the last value
	case len(names) < 2:
		p.Want(at, strings.Join(names, " "), "a namespace and a metric name")
	case len(names)%2 != 0:
		p.Want(at, strings.Join(names, " "), "a value for every dimension")
	case (len(names)-2)/2 > maxDimensions:
		p.Want(at, (len(names)-2)/2, "at most %d dimensions", maxDimensions)
	}
}

func validateAlarmWidget(p *problems.Problems, at string, raw json.RawMessage) {
	var properties struct{ Alarms []string }
	if err := json.Unmarshal(raw, &properties); err != nil {
		p.Want(at, problems.Text(err.Error()), "the properties of an alarm widget")
		return
	}
	if n := len(properties.Alarms); n == 0 || n > AlarmsAWidget {
		p.Want(at+".alarms", n, "1 to %d", AlarmsAWidget)
	}
	for i, arn := range properties.Alarms {
		if !token.Is(arn) && !problems.IsARN(arn, "cloudwatch", "alarm:") {
			p.Want(fmt.Sprintf("%s.alarms[%d]", at, i), arn, "the ARN of an alarm")
		}
	}
}

func validateTextWidget(p *problems.Problems, at string, raw json.RawMessage) {
	var properties struct{ Markdown string }
	if err := json.Unmarshal(raw, &properties); err != nil || properties.Markdown == "" {
		p.Want(at+".markdown", properties.Markdown, "some text")
	}
}
