package dashboard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func TestValidate(t *testing.T) {
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
			problemstest.Want(t, tt.want, Validate(tt.body))
		})
	}
}
