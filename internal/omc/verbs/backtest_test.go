package verbs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/browser"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/internal/test/policy"
)

func (b *bench) backtest(opt BacktestOptions) (AlarmBacktest, string, error) {
	result, err := b.app.BacktestAlarms(b.t.Context(), opt)
	var text strings.Builder
	result.Page().WriteText(&text)
	return result, text.String(), err
}

// end is when the data of the tests ends: the fake's clock says 3:04.
var end = time.Date(2026, 1, 2, 2, 55, 0, 0, time.UTC)

// busy gives the metric of an alarm's service a value for each minute of some days: 20, and
// 90 for the first ten minutes of each hour of a day.
func (b *bench) busy(alarm string, days int) {
	resource := strings.Split(alarm, "/")[1]
	key := fakeaws.MetricKey("AWS/ECS", "CPUUtilization", map[string]string{"ClusterName": b.cloud.Env.Cluster.Name, "ServiceName": b.cloud.Env.Prefix + "-" + resource})
	var samples []fakeaws.Sample
	for at := end.Add(-time.Duration(days) * 24 * time.Hour); at.Before(end); at = at.Add(time.Minute) {
		v := 20.0
		if at.Day() == 31 && at.Minute() < 10 {
			v = 90
		}
		samples = append(samples, fakeaws.Sample{At: at, Value: v})
	}
	b.cloud.Audited.Samples[key] = samples
}

// newBacktestBench has one alarm whose metric is busy: above 80 for five minutes. On
// 31 December it went off every hour, from minute 5 to 11, and AWS remembers that.
func newBacktestBench(t *testing.T) *bench {
	t.Helper()
	b := newAlarmBench(t)
	b.cloud.Alarms = map[string]string{}
	b.cloud.AddAlarm(warningAlarm, "warning", "OK")
	b.busy(warningAlarm, 3)
	for hour := range 24 {
		at := time.Date(2025, 12, 31, hour, 5, 20, 0, time.UTC)
		b.cloud.Audited.History[warningAlarm] = append(b.cloud.Audited.History[warningAlarm],
			fakeaws.Transition{At: at, From: "OK", To: "ALARM"}, fakeaws.Transition{At: at.Add(6 * time.Minute), From: "ALARM", To: "OK"})
	}
	return b
}

// proposal writes Terraform JSON with the alarm and another threshold.
func proposal(t *testing.T, threshold float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cdk.tf.json")
	text := fmt.Sprintf(`{"resource":{"aws_cloudwatch_metric_alarm":{"cpu":{
		"alarm_name":"%s","namespace":"AWS/ECS","metric_name":"CPUUtilization","statistic":"Average","period":60,"evaluation_periods":5,
		"comparison_operator":"GreaterThanThreshold","threshold":%v,"dimensions":{"ClusterName":"ohmycoins-staging-cluster","ServiceName":"${data.aws_ecs_service.backend.service_name}"}}}}}`,
		warningAlarm, threshold)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBacktest is the hand-computed table, over the wire: 24 times of six minutes, and
// none above 95.
func TestBacktest(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	b.cloud.Audited.PageSize = 700 // so that there are many pages
	file := proposal(t, 95)
	page := filepath.Join(t.TempDir(), "page.html")
	result, text, err := b.backtest(BacktestOptions{Since: 60 * time.Hour, Proposed: []string{file}, Page: page})
	if err != nil || result.Outcome != report.Succeeded || len(result.Alarms) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	a := result.Alarms[0]
	if a.Deployed.Times != 24 || a.Deployed.Seconds != 24*6*60 || a.Proposed.Times != 0 || a.Agreement.Matched != 48 || a.Agreement.Real != 48 || len(a.Agreement.Extra) > 0 {
		t.Errorf("%+v %+v %+v", a.Deployed, a.Proposed, a.Agreement)
	}
	contains(t, text, "omc alarms backtest staging: succeeded, 1 alarm from 2025-12-30 14:00 to 2026-01-02 02:55 UTC\n",
		warningAlarm+"  24 times, 2h24m  never     48 of 48 changes, 99.6 %\n",
		warningAlarm+": deployed, > 80 % for 5 minutes, went off on 2025-12-31 19:05 for 6m, ", " 2025-12-31 23:05 for 6m, and 19 times before\n",
		warningAlarm+": at 75 % it would have gone off 24 times instead of 0, at 80 % 24, at 85 % 24\n",
		"Proposed are the alarms of "+file, "The page with a graph for each alarm: "+page)
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(html), "Backtest of staging", "deployed: &gt; 80 % for 5 minutes", "proposed: &gt; 95 % for 5 minutes", warningAlarm,
		`class="mark critical"`, `class="mark warning"`, "in alarm from 2025-12-31 00:05 to 2025-12-31 00:11")
	browser.Check(t, "backtest", string(html))
	reads := regexp.MustCompile("^(Describe|Get|List)")
	questions := map[string]map[string]bool{} // a call may be made twice, where the first got no answer
	for _, call := range b.cloud.Calls() {
		if !reads.MatchString(call.Op) || fakeaws.IsWrite(call.Op) {
			t.Errorf("%s changes something", call.Op)
		}
		if questions[call.Op] == nil {
			questions[call.Op] = map[string]bool{}
		}
		questions[call.Op][call.Body] = true
	}
	if data, history := len(questions["GetMetricData"]), len(questions["DescribeAlarmHistory"]); data < 4 || history != 1 {
		t.Errorf("%d questions for data, %d for the history", data, history)
	}
	if err := b.cloud.Permissions.Err(); err != nil {
		t.Error(err)
	}
}

// Without a flag the synthesized alarms are proposed, if there are any.
func TestBacktestSynthesized(t *testing.T) {
	b := newBacktestBench(t)
	text, err := os.ReadFile(proposal(t, 95))
	if err != nil {
		t.Fatal(err)
	}
	file := synthesized(t, string(text))
	result, out, err := b.backtest(BacktestOptions{Since: 60 * time.Hour})
	if err != nil || !slices.Equal(result.ProposedFrom, []string{file}) || result.Alarms[0].Proposed.Times != 0 || len(result.Notes) > 0 {
		t.Errorf("%+v: %v", result, err)
	}
	contains(t, out, "Proposed are the alarms of "+file+"\n")
	t.Chdir(t.TempDir())
	result, out, err = b.backtest(BacktestOptions{Since: 60 * time.Hour})
	if err != nil || len(result.ProposedFrom) > 0 || result.Alarms[0].Proposed != nil {
		t.Errorf("%+v: %v", result, err)
	}
	contains(t, out, "No alarms are proposed: there is no "+file+" here; cdktf synth writes it, and --proposed names another file\n")
}

// What the evaluator does not know of an alarm is a problem of it, and of what watches it.
func TestBacktestEveryType(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	b.everyType()
	result, _, err := b.backtest(BacktestOptions{Since: 24 * time.Hour})
	if result.Outcome != report.Failed || !strings.Contains(fmt.Sprint(err), "nothing is known of 5 of 6 alarms") {
		t.Errorf("%+v: %v", result, err)
	}
	want := map[string]string{
		"log": "it is a log alarm, and when that goes off is not known here", "promql": "it is a PromQL alarm, and when that goes off is not known here",
		"warm":   "it has WarmUpConfiguration, and what that does is not known here",
		"zone":   `WallClock: is "Asia/Kolkata", want UTC: where periods begin in another time zone is not known here`,
		"of-log": "it watches ohmycoins-staging/log, of which nothing is known: it is a log alarm, and when that goes off is not known here",
	}
	for _, a := range result.Alarms {
		if problem := want[strings.TrimPrefix(a.Name, "ohmycoins-staging/")]; a.Deployed.Problem != problem {
			t.Errorf("%s: %q, want %q", a.Name, a.Deployed.Problem, problem)
		}
	}
}

// The role that plans a pull request may do it, too.
func TestBacktestOfAPullRequest(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	role, err := policy.ReadRole("plan", b.cloud.Env, fakeaws.Account)
	if err != nil {
		t.Fatal(err)
	}
	b.cloud.Permissions.Role = role
	if _, text, err := b.backtest(BacktestOptions{Since: 24 * time.Hour}); err != nil || strings.Contains(text, "AccessDenied") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestBacktestData runs twice with a file: the second time CloudWatch is not asked for
// data, and the verdict is the same, also when it is another day.
func TestBacktestData(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	opt := BacktestOptions{Since: 60 * time.Hour, Data: filepath.Join(t.TempDir(), "data.json")}
	first, _, err := b.backtest(opt)
	if err != nil {
		t.Fatal(err)
	}
	calls := b.cloud.Count("GetMetricData")
	b.cloud.Clock.Advance(5 * 24 * time.Hour)
	second, text, err := b.backtest(opt)
	if err != nil || b.cloud.Count("GetMetricData") != calls || calls == 0 {
		t.Errorf("%v: %d calls, then %d", err, calls, b.cloud.Count("GetMetricData"))
	}
	one, _ := json.Marshal(first.Alarms)
	other, _ := json.Marshal(second.Alarms)
	if string(one) != string(other) || !first.To.Equal(second.To) {
		t.Errorf("%s, then %s", one, other)
	}
	contains(t, text, "The data is that of "+opt.Data+", up to 2026-01-02 02:55: delete it to read anew")
	// A longer time is read again, as far as CloudWatch keeps it.
	opt.Since = 72 * time.Hour
	if longer, _, err := b.backtest(opt); err != nil || b.cloud.Count("GetMetricData") == calls || longer.Alarms[0].Deployed.Times != 24 {
		t.Errorf("%v: %d calls", err, b.cloud.Count("GetMetricData"))
	}
	b.cloud.Clock.Advance(12 * 24 * time.Hour)
	opt.Since = 96 * time.Hour
	calls = b.cloud.Count("GetMetricData")
	before, _ := os.ReadFile(opt.Data)
	result, _, err := b.backtest(opt)
	if result.Outcome != report.NothingChanged || b.cloud.Count("GetMetricData") != calls {
		t.Errorf("%+v: %v", result.Outcome, err)
	}
	contains(t, fmt.Sprint(err), "--data: "+opt.Data+" lacks AWS/ECS CPUUtilization", "CloudWatch does not keep that any more: delete the file to read anew")
	if after, _ := os.ReadFile(opt.Data); string(before) != string(after) {
		t.Error("the file was changed")
	}
}

// TestBacktestReferences reads a proposal for which only an apply knows a dimension: an
// alarm of the same name in AWS says what it is, and where there is none nothing is known.
func TestBacktestReferences(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	file := proposal(t, 80)
	text, _ := os.ReadFile(file)
	second := strings.NewReplacer(`"cpu"`, `"other"`, warningAlarm, "ohmycoins-staging/new/cpu-high", "backend.service_name", "nobody.service_name").Replace(string(text))
	other := filepath.Join(t.TempDir(), "other.tf.json")
	if err := os.WriteFile(other, []byte(second), 0o600); err != nil {
		t.Fatal(err)
	}
	result, page, err := b.backtest(BacktestOptions{Since: 60 * time.Hour, Proposed: []string{file, other}})
	if err == nil || result.Outcome != report.Failed || result.ExitStatus() != 1 || result.Alarms[0].Proposed.Times != 24 || !result.Alarms[0].Same {
		t.Errorf("%v: %s", err, page)
	}
	contains(t, page, "24 times, 2h24m  the same", "ohmycoins-staging/new/cpu-high      -                not known",
		"ohmycoins-staging/new/cpu-high: proposed: not known: only an apply knows the dimension ServiceName: no alarm in AWS has what the reference stands for")
	contains(t, fmt.Sprint(err), "nothing is known of 1 of 2 alarms")
}

// TestBacktestAges looks back further than CloudWatch has data of a minute. The scripted
// AWS leaves out, as AWS does, what is too old for the period that is asked for.
func TestBacktestAges(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	b.busy(warningAlarm, 40)
	delete(b.cloud.Audited.History, warningAlarm)
	const coarse = "ohmycoins-staging/backend/cpu-coarse"
	b.cloud.AddAlarm(coarse, "warning", "OK")
	b.cloud.Health.AlarmDetails[coarse] = fakeaws.AlarmDetail{Definition: map[string]any{
		"Period": 300, "EvaluationPeriods": 1, "Dimensions": []any{
			map[string]any{"Name": "ClusterName", "Value": "ohmycoins-staging-cluster"}, map[string]any{"Name": "ServiceName", "Value": "ohmycoins-staging-backend"},
		}, "TreatMissingData": "breaching",
	}}
	result, text, err := b.backtest(BacktestOptions{Since: 30 * 24 * time.Hour})
	if err != nil || len(result.Alarms) != 2 {
		t.Fatalf("%v: %s", err, text)
	}
	a, fine := result.Alarms[0].Deployed, result.Alarms[1].Deployed
	// Were a minute asked for, everything before the last 15 days would be missing.
	if a.Times != 24 || !a.From.Equal(result.From) || a.Limited != "" {
		t.Errorf("%+v", a)
	}
	if fine.Times != 24 || fine.From.Before(result.To.Add(-15*24*time.Hour)) || fine.From.After(result.To.Add(-14*24*time.Hour)) {
		t.Errorf("%+v", fine)
	}
	contains(t, text, warningAlarm+": deployed: from 2025-12-18 05:04 only: CloudWatch keeps values of 1 minute for 15 days")
}

func TestBacktestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct {
		opt  BacktestOptions
		want []string
	}{
		"no JSON":    {BacktestOptions{Proposed: []string{write("a", "resource {}"), write("b", "{}"), filepath.Join(dir, "none")}}, []string{"--proposed: ", "a: is no Terraform JSON", "b: has no alarm", "none: no such file"}},
		"no data":    {BacktestOptions{Data: write("c", `{"version":7}`)}, []string{"--data: ", "version: is 7, want 1"}},
		"half":       {BacktestOptions{Data: write("d", `{"version":1,"region":"ap-`)}, []string{"is no data of a backtest"}},
		"short":      {BacktestOptions{Since: time.Minute}, []string{"--since: is 1m0s, want 1h to 455d"}},
		"long":       {BacktestOptions{Since: 456 * 24 * time.Hour}, []string{"--since: is 10944h0m0s, want 1h to 455d"}},
		"no folder":  {BacktestOptions{Since: time.Hour, Data: filepath.Join(dir, "nowhere", "data.json")}, []string{"--data: writing ", "no such file or directory"}},
		"no folder2": {BacktestOptions{Since: time.Hour, Page: filepath.Join(dir, "nowhere", "page.html")}, []string{"--page: writing ", "no such file or directory"}},
	} {
		b := newBacktestBench(t)
		result, _, err := b.backtest(test.opt)
		if err == nil || result.Outcome != report.NothingChanged || result.ExitStatus() != 2 || len(b.cloud.Calls()) > 0 && !strings.HasPrefix(name, "no folder") {
			t.Errorf("%s: %v, %d calls", name, err, len(b.cloud.Calls()))
		}
		contains(t, fmt.Sprint(err), test.want...)
	}
	b := newBacktestBench(t)
	b.cloud.Alarms = map[string]string{}
	if result, text, err := b.backtest(BacktestOptions{}); result.ExitStatus() != 1 || !strings.Contains(fmt.Sprint(err), `no alarm's name begins with "ohmycoins-staging/": deploy the operations stack first`) {
		t.Errorf("no alarm: %v: %s", err, text)
	}
}

// What cannot be read is an error, and no verdict.
func TestBacktestFaults(t *testing.T) {
	t.Parallel()
	for op, kinds := range map[string][]fakeaws.FaultKind{
		"GetCallerIdentity":    {fakeaws.Expired},
		"DescribeAlarms":       {fakeaws.Throttled, fakeaws.Denied, fakeaws.Malformed, fakeaws.Broken},
		"GetMetricData":        {fakeaws.Throttled, fakeaws.Denied, fakeaws.HTML, fakeaws.Expired, fakeaws.Reset},
		"DescribeAlarmHistory": {fakeaws.Throttled, fakeaws.Malformed},
	} {
		for _, kind := range kinds {
			b := newBacktestBench(t)
			file := filepath.Join(t.TempDir(), "data.json")
			b.cloud.Audited.PageSize = 700
			b.cloud.Faults = []*fakeaws.Fault{{Op: op, Kind: kind, After: map[string]int{"GetMetricData": 2}[op]}} // in the middle of the pages
			result, text, err := b.backtest(BacktestOptions{Since: 24 * time.Hour, Data: file})
			if err == nil || result.Outcome != report.NothingChanged || result.ExitStatus() != 2 || len(result.Alarms) > 0 {
				t.Errorf("%s %s: %v: %s", op, kind, err, text)
			}
			if _, err := os.Stat(file); err == nil {
				t.Errorf("%s %s: there is data", op, kind)
			}
		}
	}
	// What is throttled for a while is asked for again.
	b := newBacktestBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "GetMetricData", Kind: fakeaws.Throttled, Times: 8}, {Op: "DescribeAlarmHistory", Kind: fakeaws.Throttled, Times: 3}}
	if result, _, err := b.backtest(BacktestOptions{Since: 60 * time.Hour}); err != nil || result.Alarms[0].Deployed.Times != 24 {
		t.Errorf("throttled: %v", err)
	}
	// What somebody may not know of the history is said.
	b = newBacktestBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "DescribeAlarmHistory", Kind: fakeaws.Denied}}
	if result, text, err := b.backtest(BacktestOptions{Since: 60 * time.Hour}); err != nil || result.Alarms[0].Agreement != nil || !strings.Contains(text, "What really happened to "+warningAlarm+" is not known: AccessDenied") {
		t.Errorf("denied: %v: %s", err, text)
	}
	for name, garble := range map[string]func(map[string]any){
		"two values at":             func(a map[string]any) { values(a, "Timestamps", func(v []int64) { v[1] = v[0] }) },
		"not the begin of a period": func(a map[string]any) { values(a, "Timestamps", func(v []int64) { v[1]++ }) },
		"was not asked for":         func(a map[string]any) { a["MetricDataResults"].([]any)[0].(map[string]any)["Id"] = "m7" },
		"times and":                 func(a map[string]any) { a["MetricDataResults"].([]any)[0].(map[string]any)["Values"] = []float64{} },
		"has NaN":                   func(a map[string]any) { a["MetricDataResults"].([]any)[0].(map[string]any)["Values"] = nans(a) },
		"the answer has two values": func(a map[string]any) { a["NextToken"] = "after 0" },
	} {
		b := newBacktestBench(t)
		b.cloud.Audited.Garble = garble
		if result, _, err := b.backtest(BacktestOptions{Since: time.Hour}); result.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for status, want := range map[string]string{"InternalError": "InternalError", "Forbidden": "Forbidden", "PartialData": "the last page says that there is more, and not where"} {
		b := newBacktestBench(t)
		b.cloud.Audited.Status = status
		if result, _, err := b.backtest(BacktestOptions{Since: time.Hour}); result.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", status, err)
		}
	}
	b = newBacktestBench(t)
	b.stopAtFirstCall()
	if result, _, _ := b.backtest(BacktestOptions{}); result.ExitStatus() != 130 {
		t.Errorf("interrupted: %+v", result)
	}
}

func values[T any](answer map[string]any, key string, change func([]T)) {
	list, _ := answer["MetricDataResults"].([]any)[0].(map[string]any)[key].([]T)
	change(list)
}

func nans(answer map[string]any) []any {
	var list []any
	values(answer, "Values", func(v []float64) {
		for range v {
			list = append(list, "NaN")
		}
	})
	return list
}

// More alarms than fit into a call, and those of another prefix.
func TestBacktestMany(t *testing.T) {
	t.Parallel()
	b := newBacktestBench(t)
	for i := range 520 {
		b.cloud.AddAlarm(fmt.Sprintf("ohmycoins-staging/s%03d/cpu-high", i), "warning", "OK")
	}
	b.cloud.AddAlarm("shop-cpu", "warning", "OK")
	result, _, err := b.backtest(BacktestOptions{Since: time.Hour})
	if err != nil || len(result.Alarms) != 521 || b.cloud.Count("GetMetricData") < 2 || b.cloud.Count("DescribeAlarms") < 6 {
		t.Errorf("%d alarms, %d calls: %v", len(result.Alarms), b.cloud.Count("GetMetricData"), err)
	}
	prefix := "shop-"
	if result, text, err := b.backtest(BacktestOptions{Since: time.Hour, Prefix: &prefix}); err != nil || len(result.Alarms) != 1 {
		t.Errorf("%v: %s", err, text)
	}
}
