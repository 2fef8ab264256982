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

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

func (b *bench) audit(opt AuditOptions) (AlarmAudit, string, error) {
	result, err := b.app.AuditAlarms(b.t.Context(), opt)
	var text strings.Builder
	result.Page().WriteText(&text)
	return result, text.String(), err
}

// A healthy account has nothing, and what was called only reads.
func TestAuditAlarms(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Alarms[warningAlarm] = "OK"
	result, text, err := b.audit(AuditOptions{})
	if err != nil || result.Outcome != report.Succeeded || result.ExitStatus() != 0 || result.Alarms != 4 || len(result.Found) > 0 {
		t.Fatalf("%+v: %v", result, err)
	}
	if text != "omc alarms audit staging: succeeded, 4 alarms and nothing wrong\n"+
		"Not known: whether the alarms are as they ought to be: there is no cdktf.out/stacks/staging/cdk.tf.json here; cdktf synth writes it, and --expected names another file\n" {
		t.Error(text)
	}
	reads := regexp.MustCompile("^(Describe|Get|List)")
	for _, call := range b.cloud.Calls() {
		if !reads.MatchString(call.Op) || fakeaws.IsWrite(call.Op) {
			t.Errorf("%s changes something", call.Op)
		}
	}
	for op, want := range map[string]int{"DescribeAlarms": 1, "GetMetricData": 2, "GetTopicAttributes": 2, "ListSubscriptionsByTopic": 2, "GetKeyPolicy": 2} {
		if got := b.cloud.Count(op); got != want {
			t.Errorf("%s was called %d times, want %d", op, got, want)
		}
	}
	if err := b.cloud.Permissions.Err(); err != nil {
		t.Error(err)
	}
}

func TestAuditFinds(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Audited.Silent[warningAlarm] = true
	b.cloud.Health.Subscriptions[b.cloud.TopicARN("critical")] = []fakeaws.Subscription{{Protocol: "https", Endpoint: "https://pager.example.com/marker-key", Pending: true}}
	b.cloud.SetAlarm(criticalAlarm, "ALARM", "1 datapoint was above")
	result, text, err := b.audit(AuditOptions{})
	if result.Outcome != report.Failed || result.ExitStatus() != 1 || err == nil || err.Error() != fmt.Sprintf("%d findings in 4 alarms", len(result.Found)) {
		t.Fatalf("%+v: %v", result, err)
	}
	contains(t, text, "omc alarms audit staging: failed\nSUBJECT", "alarm "+criticalAlarm, "in-alarm", "alarm "+warningAlarm+"  ", "no-such-dimensions",
		"topic ohmycoins-staging-critical", "nobody has a confirmed subscription", "https://pager.example.com/… has not confirmed",
		"What to do about topic ohmycoins-staging-critical (nobody): subscribe somebody")
	out, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(out), `"outcome":"failed"`, `"found":[{"subject":"alarm `, `"check":"in-alarm"`, `"next":`)
	if strings.Contains(text+string(out), "marker-key") {
		t.Errorf("an address is shown: %s", out)
	}
}

func TestAuditScope(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Alarms[warningAlarm] = "OK"
	for i := range 120 { // two pages
		b.cloud.AddAlarm(fmt.Sprintf("shop-%03d", i), "warning", "OK")
	}
	for prefix, want := range map[string]int{"shop-": 120, "": 124, "shop-00": 10, "nothing": 0} {
		result, _, err := b.audit(AuditOptions{Prefix: &prefix})
		if result.Alarms != want || want > 0 && err != nil || want == 0 && len(result.Found) != 1 {
			t.Errorf("%q: %d alarms, want %d: %v: %+v", prefix, result.Alarms, want, err, result.Found)
		}
	}
	if n := b.cloud.Count("DescribeAlarms"); n != 8 {
		t.Errorf("%d calls for two pages four times", n)
	}
}

func TestAuditExpected(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b := newAlarmBench(t)
	alarms := write("alarms.tf.json", `{"resource":{"aws_cloudwatch_metric_alarm":{"gone":{"alarm_name":"ohmycoins-staging/gone/away","metric_name":"M","namespace":"N"}}}}`)
	result, text, _ := b.audit(AuditOptions{Expected: []string{alarms}})
	contains(t, text, "alarm ohmycoins-staging/gone/away", "not-deployed", "not-expected", "Compared with "+alarms)
	if len(result.Expected) != 1 || result.Outcome != report.Failed {
		t.Errorf("%+v", result)
	}
	// Everything wrong with files at once, and nobody is asked anything.
	before := len(b.cloud.Calls())
	result, _, err := b.audit(AuditOptions{Expected: []string{write("x.json", "resource {}"), filepath.Join(dir, "none.json"), write("y.json", "{}")}})
	if result.Outcome != report.NothingChanged || result.ExitStatus() != 2 || len(b.cloud.Calls()) != before {
		t.Errorf("%+v", result)
	}
	contains(t, fmt.Sprint(err), "--expected: ", "x.json: is no Terraform JSON", "none.json: no such file", "y.json: has no alarm")
}

// synthesized goes to a folder in which the environment's alarms were synthesized.
func synthesized(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	file := filepath.Join("cdktf.out", "stacks", "staging", "cdk.tf.json")
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Without a flag it is what was synthesized, for the environment's own alarms.
func TestAuditSynthesized(t *testing.T) {
	b := newAlarmBench(t)
	b.cloud.Alarms[warningAlarm] = "OK"
	file := synthesized(t, `{"resource":{"aws_cloudwatch_metric_alarm":{"gone":{"alarm_name":"ohmycoins-staging/gone/away"}}}}`)
	result, text, _ := b.audit(AuditOptions{})
	contains(t, text, "alarm ohmycoins-staging/gone/away", "not-deployed", "Compared with "+file+"\n")
	if !slices.Equal(result.Expected, []string{file}) || len(result.Notes) > 0 {
		t.Errorf("%+v", result)
	}
	prefix := "ohmycoins-staging/"
	result, text, err := b.audit(AuditOptions{Prefix: &prefix})
	if err != nil || len(result.Expected) > 0 || strings.Contains(text, "cdktf.out") {
		t.Errorf("%v: %s", err, text)
	}
	synthesized(t, "no JSON")
	if result, _, err := b.audit(AuditOptions{}); result.ExitStatus() != 2 || !strings.Contains(fmt.Sprint(err), "cdk.tf.json: is no Terraform JSON") {
		t.Errorf("%v", err)
	}
}

// Alarms of every type are there: a composite of a log alarm names no missing one, and
// what is not judged is said.
func TestAuditEveryType(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Alarms[warningAlarm] = "OK"
	b.everyType()
	result, text, err := b.audit(AuditOptions{})
	if err != nil || result.Alarms != 9 {
		t.Errorf("%v: %s", err, text)
	}
	contains(t, text, "Not known: alarm ohmycoins-staging/log is a log alarm: ", "Not known: alarm ohmycoins-staging/promql is a PromQL alarm: ",
		"Not known: alarm ohmycoins-staging/warm has WarmUpConfiguration: ")
}

// everyType adds alarms that the evaluator does not know, and a composite of one.
func (b *bench) everyType() {
	for name, definition := range map[string]map[string]any{
		"log":    {"ScheduledQueryConfiguration": map[string]any{}},
		"promql": {"EvaluationCriteria": map[string]any{"PromQLCriteria": map[string]any{"Query": "up == 0"}}, "MetricName": nil},
		"warm":   {"WarmUpConfiguration": map[string]any{"WarmUpPeriodDurationInMinutes": 30}},
		"zone":   {"EvaluationWindow": map[string]any{"WallClockWindow": map[string]any{"Timezone": "Asia/Kolkata"}}, "Threshold": 81},
	} {
		name = b.cloud.Env.Prefix + "/" + name
		b.cloud.AddAlarm(name, "warning", "OK")
		detail := b.cloud.Health.AlarmDetails[name]
		detail.Definition = definition
		b.cloud.Health.AlarmDetails[name] = detail
	}
	b.cloud.AddComposite(b.cloud.Env.Prefix+"/of-log", "warning", b.cloud.Env.Prefix+"/log", "", 0)
	for _, name := range []string{"log", "promql", "of-log"} { // they have no metric
		b.cloud.Audited.Silent[b.cloud.Env.Prefix+"/"+name] = true
	}
}

// What cannot be read is an error and no verdict; what somebody else may read is a finding.
func TestAuditFaults(t *testing.T) {
	t.Parallel()
	for op, kinds := range map[string][]fakeaws.FaultKind{
		"GetCallerIdentity":        {fakeaws.Expired},
		"DescribeAlarms":           {fakeaws.Throttled, fakeaws.Denied, fakeaws.Malformed, fakeaws.Broken},
		"ListMetrics":              {fakeaws.Throttled, fakeaws.Denied, fakeaws.Malformed},
		"GetMetricData":            {fakeaws.Throttled, fakeaws.Denied, fakeaws.HTML, fakeaws.Expired},
		"ListDashboards":           {fakeaws.Throttled, fakeaws.Denied},
		"GetDashboard":             {fakeaws.Throttled},
		"GetTopicAttributes":       {fakeaws.Throttled, fakeaws.Reset},
		"ListSubscriptionsByTopic": {fakeaws.Throttled},
		"DescribeKey":              {fakeaws.Throttled},
		"GetKeyPolicy":             {fakeaws.Throttled},
	} {
		for _, kind := range kinds {
			b := newAlarmBench(t)
			b.cloud.Faults = []*fakeaws.Fault{{Op: op, Kind: kind}}
			result, text, err := b.audit(AuditOptions{})
			if err == nil || result.Outcome != report.NothingChanged || result.ExitStatus() != 2 || len(result.Found) > 0 || strings.Contains(text, "nothing wrong") {
				t.Errorf("%s %s: %+v: %v", op, kind, result, err)
			}
			// What passes is no matter.
			b = newAlarmBench(t)
			b.cloud.Alarms[warningAlarm] = "OK"
			b.cloud.Faults = []*fakeaws.Fault{{Op: op, Kind: kind, Times: 1}}
			if _, _, err := b.audit(AuditOptions{}); err != nil && kind == fakeaws.Throttled {
				t.Errorf("%s %s once: %v", op, kind, err)
			}
		}
	}
	for op, want := range map[string]string{"GetTopicAttributes": "unknown-topic", "ListSubscriptionsByTopic": "unknown-topic", "DescribeKey": "key", "GetKeyPolicy": "key"} {
		b := newAlarmBench(t)
		b.cloud.Alarms[warningAlarm] = "OK"
		b.cloud.Faults = []*fakeaws.Fault{{Op: op, Kind: fakeaws.Denied}}
		result, _, _ := b.audit(AuditOptions{})
		if result.Outcome != report.Failed || len(result.Found) != 2 || result.Found[0].Check != want || !strings.Contains(result.Found[0].Problem, "AccessDenied") {
			t.Errorf("%s denied: %+v", op, result)
		}
	}
	b := newAlarmBench(t)
	b.cloud.EndlessPages = true
	if result, _, err := b.audit(AuditOptions{}); result.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), "describing alarms: the answer has more than 2000 pages") {
		t.Errorf("%v", err)
	}
	b = newAlarmBench(t)
	b.stopAtFirstCall()
	if result, _, _ := b.audit(AuditOptions{}); result.ExitStatus() != 130 {
		t.Errorf("interrupted: %+v", result)
	}
}
