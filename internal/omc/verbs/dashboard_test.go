package verbs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

func (b *bench) dashboard(opt DashboardOptions) (DashboardPicture, string, string, error) {
	result, err := b.app.Dashboard(b.t.Context(), opt)
	var text strings.Builder
	result.Page().WriteText(&text)
	html, _ := os.ReadFile(opt.File)
	return result, text.String(), string(html), err
}

// board is a dashboard with graphs, each of which has its lines and its region.
func board(widgets ...string) string { return `{"widgets":[` + strings.Join(widgets, ",") + `]}` }

func graph(title, region, lines string) string {
	return `{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"title":"` + title + `","region":"` + region + `","view":"timeSeries","period":60,"metrics":[` + lines + `]}}`
}

const cpuLine = `["AWS/ECS","CPUUtilization","ClusterName","ohmycoins-staging-cluster","ServiceName","ohmycoins-staging-backend",{"id":"cpu","stat":"Average"}]`

func TestDashboard(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	key := fakeaws.MetricKey("AWS/ECS", "CPUUtilization", map[string]string{"ClusterName": "ohmycoins-staging-cluster", "ServiceName": "ohmycoins-staging-backend"})
	other := fakeaws.MetricKey("AWS/ECS", "MemoryUtilization", map[string]string{"ClusterName": "ohmycoins-staging-cluster", "ServiceName": "ohmycoins-staging-backend"})
	now := b.cloud.Clock.Now()
	b.cloud.Audited.Samples[key] = nil
	for at := now.Add(-time.Hour); at.Before(now); at = at.Add(time.Minute) {
		b.cloud.Audited.Samples[key] = append(b.cloud.Audited.Samples[key], fakeaws.Sample{At: at, Value: 41.5})
		b.cloud.Audited.Samples[other] = append(b.cloud.Audited.Samples[other], fakeaws.Sample{At: at, Value: 12.5})
	}
	b.cloud.Audited.History[warningAlarm] = []fakeaws.Transition{{At: now.Add(-20 * time.Minute), From: "ALARM", To: "OK"}}
	arn := "arn:aws:cloudwatch:ap-southeast-2:000000000000:alarm:"
	b.cloud.Audited.Bodies["ohmycoins-staging"] = board(
		graph("Utilization", "ap-southeast-2", cpuLine+`,[".","MemoryUtilization","...",{"id":"memory"}],[{"expression":"cpu*2","id":"twice","label":"Twice"}],[{"expression":"SEARCH('x','Sum',60)","id":"s"}]`),
		graph("Elsewhere", "us-east-1", cpuLine),
		`{"type":"alarm","x":0,"y":6,"width":24,"height":2,"properties":{"title":"Alarms","alarms":["`+arn+warningAlarm+`","`+arn+`gone"]}}`,
		`{"type":"metric","x":0,"y":8,"width":6,"height":6,"properties":{"title":"Of an alarm","annotations":{"alarms":["`+arn+warningAlarm+`"]}}}`,
		`{"type":"log","x":0,"y":14,"width":6,"height":6,"properties":{"query":"fields @message"}}`,
	)
	b.cloud.Audited.Bodies["another"] = "{}"
	file := filepath.Join(t.TempDir(), "page.html")
	result, text, html, err := b.dashboard(DashboardOptions{File: file})
	if err != nil || result.Outcome != report.Succeeded || len(result.Dashboards) != 1 || b.cloud.Count("GetMetricData") != 1 {
		t.Fatalf("%v: %+v", err, result)
	}
	contains(t, html, "ohmycoins-staging", "Utilization", "<td>41.5</td><td>12.5</td><td>83</td>", "Twice", "in alarm from 2026-01-02 00:04 to 2026-01-02 02:44",
		"A widget of type &#34;graph of an alarm&#34; cannot be drawn without AWS", "A widget of type &#34;log&#34;", "state not known", "SEARCH")
	contains(t, text, "omc dashboard staging: succeeded, "+file+"\n", "Not drawn: Utilization: ", "SEARCH",
		"Not drawn: Elsewhere: its metric is in us-east-1, and what is read is in ap-southeast-2\n", "Not drawn: alarm gone: there is none in AWS\n")
	reads := regexp.MustCompile("^(Describe|Get|List)")
	for _, call := range b.cloud.Calls() {
		if !reads.MatchString(call.Op) || fakeaws.IsWrite(call.Op) {
			t.Errorf("%s changes something", call.Op)
		}
	}
}

// TestDashboardOfStaging draws what the operations stack deploys.
func TestDashboardOfStaging(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "__snapshots__", "staging", "dashboard_1.snap.json"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBacktestBench(t)
	body := regexp.MustCompile(`\$\$\{`).ReplaceAllString(regexp.MustCompile(`([^$])\$\{[^}]*\}`).ReplaceAllString(string(text), "${1}value"), "$${")
	b.cloud.Audited.Bodies = map[string]string{"ohmycoins-staging": body}
	result, page, html, err := b.dashboard(DashboardOptions{File: filepath.Join(t.TempDir(), "page.html"), Since: time.Hour})
	if err != nil {
		t.Fatalf("%v: %s", err, page)
	}
	for _, note := range result.Notes {
		if !strings.Contains(note, "there is none in AWS") { // the scripted AWS has one of the alarms
			t.Error(note)
		}
	}
	if n := strings.Count(html, "<article"); n < 8 || strings.Contains(html, "problem\">") {
		t.Errorf("%d widgets, problems: %v", n, strings.Contains(html, "problem\">"))
	}
}

func TestDashboardBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, test := range map[string]struct {
		change func(*bench)
		opt    DashboardOptions
		want   string
	}{
		"none":     {func(b *bench) { b.cloud.Audited.Bodies = nil }, DashboardOptions{}, `no dashboard's name begins with "ohmycoins-staging": deploy the operations stack first`},
		"no body":  {func(b *bench) { b.cloud.Audited.Bodies["ohmycoins-staging"] = "widgets" }, DashboardOptions{}, "dashboard ohmycoins-staging: reading the body"},
		"short":    {func(*bench) {}, DashboardOptions{Since: time.Minute}, "--since: is 1m0s, want 15m to 7d"},
		"long":     {func(*bench) {}, DashboardOptions{Since: 8 * 24 * time.Hour}, "want 15m to 7d"},
		"folder":   {func(*bench) {}, DashboardOptions{File: filepath.Join(dir, "nowhere", "x.html")}, "--file: writing "},
		"denied":   {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Op: "GetDashboard", Kind: fakeaws.Denied}} }, DashboardOptions{}, "AccessDenied"},
		"expired":  {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Expired}} }, DashboardOptions{}, "expired"},
		"throttle": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Op: "ListDashboards", Kind: fakeaws.Throttled}} }, DashboardOptions{}, "Throttling"},
		"half": {func(b *bench) {
			b.cloud.Audited.Bodies["ohmycoins-staging"] = board(graph("G", "ap-southeast-2", cpuLine))
			b.cloud.Audited.Status = "PartialData"
		}, DashboardOptions{}, "the last page says that there is more"},
	} {
		b := newBacktestBench(t)
		test.change(b)
		if test.opt.File == "" {
			test.opt.File = filepath.Join(dir, "page.html")
		}
		result, text, _, err := b.dashboard(test.opt)
		if err == nil || result.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: %v: %s", name, err, text)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
	b := newBacktestBench(t)
	b.stopAtFirstCall()
	if result, _, _, _ := b.dashboard(DashboardOptions{File: filepath.Join(dir, "page.html")}); result.ExitStatus() != 130 {
		t.Errorf("interrupted: %+v", result)
	}
}
