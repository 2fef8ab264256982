package monitoring

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/internal/alarm"
)

// graphs returns the body of a configuration's dashboard and its metric widgets
// by title.
func graphs(t *testing.T, cfg Config) (body string, byTitle map[string]metricProperties) {
	t.Helper()
	alarms := cfg.Alarms()
	arns := make([]string, len(alarms))
	for i, a := range alarms {
		arns[i] = "arn:aws:cloudwatch:ap-southeast-2:000000000000:alarm:" + cfg.alarmName(a)
	}
	body = dashboard(cfg.Region, cfg.Resources, alarms, arns)
	var doc struct {
		Widgets []struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	byTitle = map[string]metricProperties{}
	for _, w := range doc.Widgets {
		var p metricProperties
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
	body, byTitle := graphs(t, application())
	if err := ValidateDashboard(body); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(body, `{"widgets":[{"type":"alarm","x":0,"y":0,"width":24`) {
		t.Errorf("the dashboard does not begin with the state of the alarms: %.80s", body)
	}
	for _, cell := range grid {
		for _, spec := range cell {
			if _, ok := byTitle[spec.title]; !ok {
				t.Errorf("no widget %q", spec.title)
			}
		}
	}
	want := []any{
		"AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/alb/1",
		map[string]any{"label": "alb p99 $${LAST}", "stat": "p99", "yAxis": "left"},
	}
	if diff := cmp.Diff(want, byTitle[responseTime.title].Metrics[2]); diff != "" {
		t.Errorf("p99 (-want +got):\n%s", diff)
	}
}

func TestDashboardHasOneUnitPerAxis(t *testing.T) {
	for _, r := range application().Resources {
		for _, p := range r.panels() {
			units := map[string][]alarm.Unit{}
			for _, l := range p.lines {
				unit := alarm.UnitOf(l.metric)
				if side := l.yAxis(); !slices.Contains(units[side], unit) {
					units[side] = append(units[side], unit)
				}
			}
			for side, list := range units {
				if len(list) != 1 {
					t.Errorf("%s: the %s axis has the units %v", p.widget.title, side, list)
				}
			}
		}
	}
}

func TestDashboardThresholds(t *testing.T) {
	cfg := application()
	cfg.Tune = map[string]Tuning{
		"backend/cpu-high":       {Threshold: 90},
		"redis-001/hit-rate-low": {Off: true, Reason: "r"},
		"redis-002/hit-rate-low": {Off: true, Reason: "r"},
	}
	_, byTitle := graphs(t, cfg)
	want := map[string][]threshold{
		ecsUtilization.title: {
			{Label: "cpu-high > 90 %", Value: 90, Color: "#ff9900", YAxis: "left"},
			{Label: "memory-high > 80 %", Value: 80, Color: "#ff9900", YAxis: "left"},
		},
		responseTime.title:    nil,
		statusCodes.title:     {{Label: "5xx-high > 10", Value: 10, Color: "#d62728", YAxis: "left"}},
		databaseLoad.title:    {{Label: "cpu-high > 80 %", Value: 80, Color: "#ff9900", YAxis: "left"}},
		databaseStorage.title: {{Label: "storage-low < 10 GiB", Value: 10 * GiB, Color: "#d62728", YAxis: "left"}},
		cache.title:           {{Label: "cpu-high > 70 %", Value: 70, Color: "#ff9900", YAxis: "left"}},
		taskCounts.title:      nil,
	}
	got := map[string][]threshold{}
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

func TestDashboardWithoutContainerInsights(t *testing.T) {
	cfg := application()
	cfg.Resources = []Resource{
		ECSService{Key: "on", Cluster: "c", Service: "s", ContainerInsights: true},
		ECSService{Key: "off", Cluster: "c", Service: "s"},
	}
	body, byTitle := graphs(t, cfg)
	if err := ValidateDashboard(body); err != nil {
		t.Error(err)
	}
	if n := len(byTitle[taskCounts.title].Metrics); n != 2 {
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
	if err := ValidateDashboard(body); err != nil {
		t.Error(err)
	}
	if n := strings.Count(body, `"type":"alarm"`); n != 2 {
		t.Errorf("%d alarm widgets for 120 alarms, want 2", n)
	}
}

func TestValidateDashboard(t *testing.T) {
	metric := func(metrics string) string {
		return `{"widgets":[{"type":"metric","x":0,"y":0,"width":6,"height":6,"properties":{"title":"T","region":"r","metrics":[` + metrics + `]}}]}`
	}
	widget := func(fields string) string {
		return `{"widgets":[{"type":"text","properties":{"markdown":"m"},` + fields + `}]}`
	}
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	place := func(i int) string { return fmt.Sprintf(`"x":0,"y":%d,"width":1,"height":1`, i) }

	tests := []struct {
		name, body string
		want       []string
	}{
		{"metric", metric(`["NS","Name","D","v",{"stat":"Sum"}]`), nil},
		{"expression", metric(`[{"expression":"m1/m2","id":"e1"}]`), nil},
		{"repeated", metric(`["NS","Name","D","v"],["...","w"]`), nil},
		{"not JSON", `{`, []string{"dashboard body: unexpected EOF"}},
		{"no widgets", `{"widgets":[]}`, []string{"widgets: is 0, want 1 to 500"}},
		// The bug of the first delivery: an empty graph, and no error from AWS.
		{"dimensions inside the options", metric(`["AWS/ECS","CPUUtilization",{"ClusterName":"c","ServiceName":"s","stat":"Average"}]`), []string{
			`widgets[0] (T).metrics[0]: is "ClusterName", want one of the options accountId, color, expression, id, label, period, region, stat, visible, yAxis: dimensions stand before the options`,
			`widgets[0] (T).metrics[0]: is "ServiceName", want one of the options accountId, color, expression, id, label, period, region, stat, visible, yAxis: dimensions stand before the options`,
		}},
		{"dimension without value", metric(`["NS","Name","D"]`), []string{`widgets[0] (T).metrics[0]: is "NS Name D", want a value for every dimension`}},
		{"options first", metric(`[{"stat":"Sum"},"NS","Name"]`), []string{`widgets[0] (T).metrics[0][0]: is "{\"stat\":\"Sum\"}", want a string: options come last`}},
		{"name only", metric(`["Name"]`), []string{`widgets[0] (T).metrics[0]: is "Name", want a namespace and a metric name`}},
		{"number in metric", metric(`["NS","Name","D",1]`), []string{`widgets[0] (T).metrics[0][3]: is "1", want a string that is not empty`}},
		{"metric beside expression", metric(`["NS","Name",{"expression":"m1"}]`), []string{`widgets[0] (T).metrics[0]: is "NS Name", want no metric beside an expression`}},
		{"axis", metric(`["NS","Name",{"yAxis":"top"}]`), []string{`widgets[0] (T).metrics[0].yAxis: is "top", want left or right`}},
		{"no metrics", metric(``), []string{`widgets[0] (T).metrics: is 0, want at least one metric`}},
		{"too many metrics", metric(repeat(`["NS","Name"]`, 501)), []string{"widgets[0] (T).metrics: is 501, want at most 500"}},
		{
			"region, period, axes and marks",
			`{"widgets":[{"type":"metric","width":6,"height":6,"properties":{"metrics":[["NS","N"]],"period":90,"yAxis":{"top":{}},"annotations":{"horizontal":[{"yAxis":"top"}]}}}]}`,
			[]string{
				"widgets[0].region: is missing, want a region",
				"widgets[0].period: is 90, want a multiple of 60 seconds",
				`widgets[0].yAxis: is "top", want left or right`,
				"widgets[0].annotations.horizontal[0].value: is missing, want a number",
				`widgets[0].annotations.horizontal[0].yAxis: is "top", want left or right`,
			},
		},
		{"type", `{"widgets":[{"type":"graph","width":1,"height":1}]}`, []string{`widgets[0].type: is "graph", want one of alarm, custom, explorer, log, metric, text`}},
		{"too wide", widget(`"x":20,"y":0,"width":6,"height":1`), []string{"widgets[0]: is 6 wide at column 20, want inside 24 columns"}},
		{"too high", widget(`"x":0,"y":0,"width":6,"height":1001`), []string{"widgets[0].height: is 1001, want 1 to 1000"}},
		{
			"overlap",
			`{"widgets":[{"type":"text","width":6,"height":6,"properties":{"markdown":"a"}},{"type":"text","x":5,"y":5,"width":2,"height":2,"properties":{"markdown":"b"}}]}`,
			[]string{"widgets[1]: is at column 5, row 5, want a place that does not overlap widgets[0]"},
		},
		{"empty text", `{"widgets":[{"type":"text","width":1,"height":1,"properties":{}}]}`, []string{`widgets[0].markdown: is "", want some text`}},
		{"no alarms", `{"widgets":[{"type":"alarm","width":1,"height":1,"properties":{}}]}`, []string{"widgets[0].alarms: is 0, want 1 to 100"}},
		{"alarm name", `{"widgets":[{"type":"alarm","width":1,"height":1,"properties":{"alarms":["a"]}}]}`, []string{`widgets[0].alarms[0]: is "a", want the ARN of an alarm`}},
		{"too many widgets", func() string {
			var list []string
			for i := range 501 {
				list = append(list, `{"type":"text","properties":{"markdown":"m"},`+place(i)+`}`)
			}
			return `{"widgets":[` + strings.Join(list, ",") + `]}`
		}(), []string{"widgets: is 501, want 1 to 500"}},
		{"too many metrics in all", func() string {
			var list []string
			for i := range 6 {
				list = append(list, `{"type":"metric",`+place(i)+`,"properties":{"region":"r","metrics":[`+repeat(`["NS","Name"]`, 450)+`]}}`)
			}
			return `{"widgets":[` + strings.Join(list, ",") + `]}`
		}(), []string{"widgets: is 2700 metrics in all, want at most 2500"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			if err := ValidateDashboard(tt.body); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
