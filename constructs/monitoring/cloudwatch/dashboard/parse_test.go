package dashboard

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	half := false
	want := Body{Widgets: []Widget{
		{Type: "metric", X: 1, Y: 2, Width: 3, Height: 4, Properties: Metrics{
			Title: "CPU", Region: "ap-southeast-2", View: "timeSeries", Period: 60,
			Metrics: []Line{
				{Metric: []string{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "db"}, Options: Options{ID: "m", Stat: "Average", Visible: &half}},
				{Options: Options{Expression: "m * 2", YAxis: "right"}},
			},
			YAxis:       map[string]Axis{"left": {Label: "%"}},
			Annotations: &Annotations{Horizontal: []Mark{{Label: "high", Value: 80, Color: "#d62728", YAxis: "left"}}},
		}},
		{Type: "alarm", Width: 24, Height: 3, Properties: Alarms{Title: "Alarms", Alarms: []string{"arn"}}},
		{Type: "text", Width: 24, Height: 1, Properties: Text{Markdown: "# <hi>"}},
	}}
	got, err := Parse(want.String())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v; what was written and read again (-want +got):\n%s", err, diff)
	}
}

func TestParseKeepsWhatItDoesNotKnow(t *testing.T) {
	got, err := Parse(`{"widgets":[{"type":"log","x":0,"y":0,"width":6,"height":6,"properties":{"query":"fields @message"}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := got.Widgets[0].Properties.(json.RawMessage)
	if !ok || string(raw) != `{"query":"fields @message"}` {
		t.Errorf("properties are %#v", got.Widgets[0].Properties)
	}
}

func TestParseRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{`:             "unexpected end",
		`{"widgets":1}`: "cannot unmarshal number",
		`{"widgets":[{"type":"metric","properties":{"metrics":[[1]]}}]}`: "properties of a metric widget",
		`{"widgets":[{"type":"text","properties":[]}]}`:                  "properties of a text widget",
	} {
		if _, err := Parse(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", body, err, want)
		}
	}
}

// TestParseRepetitions writes out what a line repeats of the one before.
func TestParseRepetitions(t *testing.T) {
	t.Parallel()
	body, err := Parse(`{"widgets":[{"type":"metric","properties":{"metrics":[
		["AWS/ECS","CPUUtilization","ClusterName","c","ServiceName","one",{"stat":"Average"}],
		["...","two"],
		[".","MemoryUtilization",".",".",".","."],
		[{"expression":"m1"}],
		[".",".","...","three"],
		["AWS/RDS","CPUUtilization","DBInstanceIdentifier","db"],
		["..."]
	]}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range body.Widgets[0].Properties.(Metrics).Metrics {
		got = append(got, strings.Join(line.Metric, " "))
	}
	want := []string{
		"AWS/ECS CPUUtilization ClusterName c ServiceName one", "AWS/ECS CPUUtilization ClusterName c ServiceName two",
		"AWS/ECS MemoryUtilization ClusterName c ServiceName two", "", "AWS/ECS MemoryUtilization ClusterName c ServiceName three",
		"AWS/RDS CPUUtilization DBInstanceIdentifier db", "AWS/RDS CPUUtilization DBInstanceIdentifier db",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
