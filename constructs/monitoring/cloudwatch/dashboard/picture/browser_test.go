package picture

import (
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/internal/test/browser"
)

func TestBrowser(t *testing.T) {
	for name, page := range map[string]Page{
		"staging":    samplePage(t, "staging"),
		"production": samplePage(t, "production"),
		"edges":      edges(),
	} {
		t.Run(name, func(t *testing.T) { browser.Check(t, "dashboard-"+name, write(t, page)) })
	}
}

// edges is a page with what the reviewed dashboards have little of: two axes, thresholds
// that crowd at the ends of their axis, colours that suit one background only, a narrow and
// low graph, and long labels.
func edges() Page {
	low, high := 0.0, 100.0
	marks := []dashboard.Mark{
		{Label: "web memory-high > 97 %", Value: 97, Color: "#d62728"},
		{Label: "web memory-high > 99 %", Value: 99, Color: "#ffff00"},
		{Label: "web cpu-low < 1 %", Value: 1, Color: "#000080"},
		{Label: "web cpu-low < 2 %", Value: 2, Color: "#ff9900"},
		{Label: "web cpu-low < 3 %", Value: 3},
		{Label: "postgres storage-low < 10 GiB", Value: 1e10, YAxis: "right", Color: "#2ca02c"},
	}
	graph := func(title string, marks []dashboard.Mark) dashboard.Metrics {
		return dashboard.Metrics{
			Title: title, Period: 60,
			YAxis: map[string]dashboard.Axis{
				"left": {Label: "Per cent", Min: &low, Max: &high}, "right": {Label: "Bytes of free storage, of which the alarms want a tenth"},
			},
			Metrics: []dashboard.Line{
				{Metric: []string{"AWS/ECS", "CPUUtilization"}, Options: dashboard.Options{Label: "CPU", Color: "#ffff66"}},
				{Metric: []string{"AWS/RDS", "FreeStorageSpace"}, Options: dashboard.Options{Label: "free", Color: "#000066", YAxis: "right"}},
			},
			Annotations: &dashboard.Annotations{Horizontal: marks},
		}
	}
	return Page{
		Title: "edges", From: start, To: start.Add(3 * time.Minute),
		Dashboards: []Dashboard{{"edges", dashboard.Body{Widgets: []dashboard.Widget{
			{Type: "metric", Width: 12, Height: 6, Properties: graph("Crowded – at both ends", marks)},
			{Type: "metric", X: 12, Width: 6, Height: 3, Properties: graph("Narrow and low", marks)},
			{Type: "metric", Y: 6, Width: 24, Height: 6, Properties: graph("Plain", nil)},
		}}}},
		Values: func(_ dashboard.Metrics, n int) (Series, error) {
			return Series{start, time.Minute, [][]float64{{0, 50, 100, 50}, {1e10, 2e10, 3e10, 4e10}}[n]}, nil
		},
	}
}
