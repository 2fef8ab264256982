package monitoring

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
)

// graphs returns the body of a configuration's dashboard and its graphs by title.
func graphs(t *testing.T, cfg Config) (body string, byTitle map[string]dashboard.Metrics) {
	t.Helper()
	body = cfg.pages(cfg.model(), Dashboard{}, func(a Alarm) string {
		return "arn:aws:cloudwatch:ap-southeast-2:000000000000:alarm:" + cfg.alarmName(a)
	})[0].body.String()
	if err := dashboard.Validate(body); err != nil {
		t.Error(err)
	}
	var doc struct {
		Widgets []struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	byTitle = map[string]dashboard.Metrics{}
	for _, w := range doc.Widgets {
		var p dashboard.Metrics
		if w.Type == "metric" {
			if err := json.Unmarshal(w.Properties, &p); err != nil {
				t.Fatal(err)
			}
			byTitle[p.Title] = p
		}
	}
	return body, byTitle
}

func TestDashboard(t *testing.T) {
	cfg := application()
	body, byTitle := graphs(t, cfg)
	if !strings.HasPrefix(body, `{"widgets":[{"type":"alarm","x":0,"y":0,"width":24`) {
		t.Errorf("the dashboard does not begin with the state of the alarms: %.80s", body)
	}
	for _, panel := range cfg.model().panels {
		if _, ok := byTitle[panel.Title]; !ok {
			t.Errorf("no graph %q", panel.Title)
		}
	}
	want := dashboard.Line{
		Metric:  []string{"AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/alb/1"},
		Options: dashboard.Options{Label: "alb p99 $${LAST}", Stat: "p99", YAxis: "left"},
	}
	if diff := cmp.Diff(want, byTitle["ALB: response time"].Metrics[2]); diff != "" {
		t.Errorf("p99 (-want +got):\n%s", diff)
	}
	cfg.RunbookURL = "https://example.com/runbook"
	body, _ = graphs(t, cfg)
	if !strings.HasPrefix(body, `{"widgets":[{"type":"text","x":0,"y":0,"width":24,"height":1,"properties":{"markdown":"**app** | [Runbook](https://example.com/runbook)"}}`) {
		t.Errorf("the title does not link to the runbook: %.160s", body)
	}
}

// TestPanelProblems breaks panels in the ways that a resource of another team may.
func TestPanelProblems(t *testing.T) {
	cpu := cloudwatch.Metric{Namespace: "N", Name: "CPU", Stat: "Average", Period: time.Minute, Unit: cloudwatch.Percent}
	count := cloudwatch.Metric{Namespace: "N", Name: "Count", Stat: "Sum", Period: time.Minute, Unit: cloudwatch.Count}
	nan := math.NaN()
	tests := []struct {
		name  string
		panel Panel
		want  string
	}{
		{"two units on an axis", Panel{ID: "p", Title: "T", Lines: []Line{{Of: cpu}, {Of: count}}}, `Panels (p).Lines[1].Of.Unit: is "Count", want Percent: the left axis has one unit`},
		{"one unit on each axis", Panel{ID: "p", Title: "T", Lines: []Line{{Of: cpu}, {Of: count, Right: true}}}, ""},
		{"no lines", Panel{ID: "p", Title: "T"}, "Panels (p).Lines: is empty, want at least one, or a Text"},
		{"no series", Panel{ID: "p", Title: "T", Lines: []Line{{}}}, "Panels (p).Lines[0].Of: is a <nil>, want a Metric or Math"},
		{"no title", Panel{ID: "p", Lines: []Line{{Of: cpu}}}, `Panels (p).Title: is "", want what the graph shows`},
		{"no id", Panel{Text: "t"}, `Panels ().ID: is "", want a name of a-z 0-9 -`},
		{"too wide", Panel{ID: "p", Text: "t", Width: 25}, "Panels (p).Width: is 25, want 0 (the default of 12) to 24"},
		{"axis", Panel{ID: "p", Title: "T", Left: Axis{Max: &nan}, Lines: []Line{{Of: cpu}}}, "Panels (p).Left.Max: is NaN, want a finite number: 0, or from 2^-360 to 2^360"},
		{"division", Panel{ID: "p", Title: "T", Right: Axis{DivideBy: -1}, Lines: []Line{{Of: cpu}}}, "Panels (p).Right.DivideBy: is -1, want a number above 0, or 0 for the default of 1"},
		{"period", Panel{ID: "p", Title: "T", Lines: []Line{{Of: cpu.WithPeriod(7)}}}, "Panels (p).Lines[0].Of.Period: is 7ns, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := application()
			cfg.Panels = []Panel{tt.panel}
			got := ""
			if err := cfg.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDashboardThresholds(t *testing.T) {
	cfg := application()
	cfg.Resources = append(cfg.Resources, ECSService{Key: "frontend", Cluster: "cluster", Service: "other"})
	cfg.Tune = map[string]Tuning{
		"backend/cpu-high":       {Threshold: 90},
		"redis-001/hit-rate-low": {Off: true, Reason: "r"},
		"redis-002/hit-rate-low": {Off: true, Reason: "r"},
	}
	_, byTitle := graphs(t, cfg)
	mark := func(label string, value float64, color, side string) dashboard.Mark {
		return dashboard.Mark{Label: label, Value: value, Color: color, YAxis: side}
	}
	const red, orange = "#d62728", "#ff9900"
	want := map[string][]dashboard.Mark{
		"ECS: CPU and memory utilization": {
			mark("backend cpu-high > 90 %", 90, orange, "left"),
			mark("backend memory-high; frontend cpu-high, memory-high > 80 %", 80, orange, "left"),
		},
		"ALB: response time":    nil,
		"ALB: HTTP 2xx and 4xx": nil,
		"ALB: HTTP 5xx and unhealthy targets": {
			mark("alb 5xx-high > 10", 10, red, "left"),
			mark("alb-backend, alb-frontend unhealthy-targets > 0", 0, red, "right"),
		},
		"RDS: CPU and connections":          {mark("cpu-high > 80 %", 80, orange, "left")},
		"RDS: free storage":                 {mark("storage-low < 10 GiB", 10, red, "left")},
		"Redis: hit rate":                   nil,
		"Redis: engine CPU and connections": {mark("redis-001, redis-002 cpu-high > 70 %", 70, orange, "left")},
		"ECS: desired and running tasks":    nil,
	}
	got := map[string][]dashboard.Mark{}
	for title, p := range byTitle {
		got[title] = nil
		if p.Annotations != nil {
			got[title] = p.Annotations.Horizontal
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("threshold lines (-want +got):\n%s", diff)
	}
}

// TestDashboardDividesBytes checks that axis, line and threshold have one unit.
func TestDashboardDividesBytes(t *testing.T) {
	_, byTitle := graphs(t, application())
	graph := byTitle["RDS: free storage"]
	hidden := false
	want := []dashboard.Line{
		{Metric: []string{"AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "db"}, Options: dashboard.Options{ID: "m0", Stat: "Minimum", Visible: &hidden}},
		{Options: dashboard.Options{Expression: "m0 / 1073741824", ID: "e0", Label: "postgres free $${LAST}", YAxis: "left"}},
	}
	if diff := cmp.Diff(want, graph.Metrics); diff != "" || graph.YAxis["left"].Label != "GiB" {
		t.Errorf("axis %q, lines (-want +got):\n%s", graph.YAxis["left"].Label, diff)
	}
}

func TestDashboardWithoutContainerInsights(t *testing.T) {
	cfg := application()
	cfg.Resources = []Resource{
		ECSService{Key: "on", Cluster: "c", Service: "s", ContainerInsights: true},
		ECSService{Key: "off", Cluster: "c", Service: "s"},
	}
	body, byTitle := graphs(t, cfg)
	if n := len(byTitle["ECS: desired and running tasks"].Metrics); n != 2 {
		t.Errorf("%d task count metrics, want the 2 of the service with Container Insights", n)
	}
	if want := "No task counts for **off**: Container Insights is off in cluster `c`."; !strings.Contains(body, want) {
		t.Errorf("the dashboard does not say %q", want)
	}
}

func TestDashboardSplitsManyAlarms(t *testing.T) {
	cfg := application()
	cfg.Resources = nil
	for i := range 60 {
		cfg.Resources = append(cfg.Resources, RDS{Key: fmt.Sprintf("db%d", i), Instance: "i"})
	}
	body, _ := graphs(t, cfg)
	if n := strings.Count(body, `"type":"alarm"`); n != 2 {
		t.Errorf("%d alarm widgets for 120 alarms, want 2", n)
	}
}

// outline writes what is where on a dashboard: a line for each row.
func outline(body dashboard.Body) []string {
	var lines []string
	row := -1
	for _, w := range body.Widgets {
		text := ""
		switch p := w.Properties.(type) {
		case dashboard.Metrics:
			text = p.Title
		case dashboard.Alarms:
			text = "alarms"
		case dashboard.Text:
			text = p.Markdown
		}
		text += fmt.Sprintf(" %d", w.Width)
		if w.Y == row {
			lines[len(lines)-1] += " | " + text
			continue
		}
		row, lines = w.Y, append(lines, text)
	}
	return lines
}

// In the profile Recommended there is an overview, a section for each kind and a row for
// each resource. The essential dashboard has the six widgets that were promised.
func TestDashboardSections(t *testing.T) {
	cfg := application()
	cfg.Resources = append(cfg.Resources, ECSService{Key: "frontend", Cluster: "cluster", Service: "other"})
	essential := outline(cfg.DashboardBodies()["app"])
	cfg.Profile = Recommended
	cfg.Panels = []Panel{{ID: "note", Section: Overview, Text: "Ask **#ops**."}, {ID: "free", Title: "Orders", Lines: []Line{{Of: cloudwatch.Metric{
		Namespace: "Shop", Name: "Orders", Stat: "Sum", Period: time.Minute, Unit: cloudwatch.Count,
	}}}}}
	want := []string{
		"alarms 24",
		"ECS: deployments that go on 12 | Ask **#ops**. 12",
		"## ECS 24",
		"ECS: CPU and memory utilization, backend 12 | ECS: desired and running tasks, backend 12",
		"ECS: tasks that send measurements, backend 8 | ECS: tasks that do not run, and restarts, backend 8 | ECS: storage of the tasks, backend 8",
		"ECS: CPU and memory utilization, frontend 12 | ECS: tasks that send measurements, frontend 8",
		"### ECS: desired and running tasks\n\nNo task counts for **frontend**: Container Insights is off in cluster `cluster`. 12",
		"## ALB 24",
		"ALB: response time 12 | ALB: HTTP 2xx and 4xx 6 | ALB: HTTP 5xx and unhealthy targets 6",
		"ALB: share of requests that fail 8 | ALB: connections that fail 8 | ALB: healthy targets 8",
		"## RDS 24",
		"RDS: CPU and connections 6 | RDS: free storage 6 | RDS: latency of the disk 6",
		"RDS: transaction ids in use 8 | RDS: balances of the disk 8 | RDS: days until the storage is full 8",
		"## Redis 24",
		"Redis: hit rate 6 | Redis: engine CPU and connections 6 | Redis: memory and evictions 6 | Redis: connections and swap 6",
		"Redis: replication lag, and changes of the role 8 | Redis: failed log-ins 8",
		"## More 24",
		"Orders 24",
	}
	if diff := cmp.Diff(want, outline(cfg.DashboardBodies()["app"])); diff != "" {
		t.Errorf("recommended (-want +got):\n%s", diff)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	for _, line := range essential {
		if strings.Contains(line, "##") && !strings.Contains(line, "###") || strings.Contains(line, "deployments") {
			t.Errorf("essential: %s", line)
		}
	}
	// What Layout names comes first, as it says.
	cfg.Layout = []string{"rds-storage", "alb-response-time"}
	if got := outline(cfg.DashboardBodies()["app"]); got[1] != "RDS: free storage 6 | ALB: response time 12" {
		t.Errorf("layout: %q", got)
	}
}

// Beyond AWS's limits there are several graphs, and several dashboards that link to each
// other.
func TestDashboardSplits(t *testing.T) {
	for _, profile := range []Profile{Essential, Recommended} {
		cfg := application()
		cfg.Resources, cfg.Profile, cfg.RunbookURL = nil, profile, "https://example.com/runbook"
		const services = 700
		lines := map[Profile]int{Essential: 4 * services, Recommended: 14 * services}[profile]
		for i := range services {
			cfg.Resources = append(cfg.Resources, ECSService{Key: fmt.Sprintf("s%d", i), Cluster: "c", Service: fmt.Sprintf("s%d", i), ContainerInsights: true})
		}
		bodies := map[string]dashboard.Body{}
		for _, page := range cfg.pages(cfg.model(), Dashboard{}, func(Alarm) string { return "${arn}" }) {
			bodies[page.inAWS] = page.body
		}
		metrics := 0
		for name, body := range bodies {
			if err := dashboard.Validate(body.String()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			title, _ := body.Widgets[0].Properties.(dashboard.Text)
			for other := range bodies {
				link := fmt.Sprintf("[%[1]s](https://ap-southeast-2.console.aws.amazon.com/cloudwatch/home?region=ap-southeast-2#dashboards/dashboard/%[1]s)", other)
				if strings.Contains(title.Markdown, link) == (other == name) {
					t.Errorf("%s: the title is %.300q: link to %s: %t", name, title.Markdown, other, other != name)
				}
			}
			for _, w := range body.Widgets {
				if graph, ok := w.Properties.(dashboard.Metrics); ok {
					metrics += len(graph.Metrics)
				}
			}
		}
		if len(bodies) < 2 || metrics != lines {
			t.Errorf("%s: %d dashboards with %d metrics, want several with %d", profile, len(bodies), metrics, lines)
		}
		if _, ok := bodies["app-2"]; !ok {
			t.Errorf("%s: there is no app-2", profile)
		}
	}
}
