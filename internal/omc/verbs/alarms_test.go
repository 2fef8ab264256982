package verbs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

func TestPickAlarms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		alarms string // name, severity, state, and what else, in the order in which they are described
		want   string
	}{
		"first by name":   {"z,critical,OK b,critical,OK a,warning,OK c,warning,OK", "b a"},
		"not in ALARM":    {"a,critical,ALARM b,critical,INSUFFICIENT_DATA c,warning,OK", "b c"},
		"none of one":     {"a,critical,OK", "a; warning alarms: there are none"},
		"all in ALARM":    {"a,critical,ALARM b,warning,OK", "b; critical alarms: all 1 are in ALARM"},
		"without a tag":   {"a,,OK b,critical,OK c,warning,OK", "b c"},
		"nothing at all":  {"", "; critical alarms: there are none; warning alarms: there are none"},
		"unknown tag":     {"a,info,OK b,critical,OK c,warning,OK", "b c"},
		"no data is fine": {"a,critical,INSUFFICIENT_DATA b,critical,OK c,warning,OK", "a c"},
		"one that tells":  {"a,critical,OK b,critical,OK,tells c,warning,OK", "b c"},
		"soonest":         {"a,critical,OK,tells,60s b,critical,OK,tells,1s c,warning,OK", "b c"},
		"held back":       {"a,critical,OK,tells,held b,critical,OK,tells c,warning,OK", "b c"},
		"all held back":   {"a,critical,OK,tells,held b,critical,ALARM,tells c,warning,OK", "c; critical alarms: the messages of all are held back"},
	} {
		var alarms []taggedAlarm
		for _, word := range strings.Fields(test.alarms) {
			parts := strings.Split(word, ",")
			alarms = append(alarms, taggedAlarm{
				alarm:    anyAlarm{name: parts[0], state: cloudwatchtypes.StateValue(parts[2])},
				severity: parts[1],
			})
			a := &alarms[len(alarms)-1].alarm
			for _, more := range parts[3:] {
				a.heldBack = a.heldBack || more == "held"
				if more == "tells" {
					a.actions = []string{"topic"}
				} else if wait, err := time.ParseDuration(more); err == nil {
					a.wait = wait
				}
			}
		}
		picked, found := pickAlarms(alarms, "staging")
		var names []string
		for _, p := range picked {
			names = append(names, p.alarm.name)
		}
		got := strings.Join(names, " ")
		for _, f := range found {
			got += "; " + f.Subject + ": " + strings.Split(f.Problem, ",")[0]
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestRecipient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ protocol, endpoint, arn, want string }{
		{"email", "a@example.com", "arn:aws:sns:ap-southeast-2:000000000000:t:1", "a@example.com"},
		{"email", "a@example.com", "PendingConfirmation", "a@example.com (not confirmed: will receive nothing)"},
		{"email", "a@example.com", "Deleted", "a@example.com (not confirmed: will receive nothing)"},
		{"https", "https://user:pw@pager.example.com/integration/marker-key", "arn:x", "https://pager.example.com/…"},
		{"sqs", "arn:aws:sqs:ap-southeast-2:000000000000:q", "arn:x", "arn:aws:sqs:ap-southeast-2:000000000000:q"},
	} {
		got := recipient(snstypes.Subscription{Protocol: &test.protocol, Endpoint: &test.endpoint, SubscriptionArn: &test.arn}).String()
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.endpoint, got, test.want)
		}
	}
}

const (
	criticalAlarm = "ohmycoins-staging/alb-backend/unhealthy-targets"
	warningAlarm  = "ohmycoins-staging/backend/cpu-high"
)

// newAlarmBench is a bench with an alarm of each severity, of which the one has no data.
func newAlarmBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.cloud.AddAlarm(warningAlarm, "warning", "INSUFFICIENT_DATA")
	return b
}

// alarmTest plans and, unless that fails, tests.
func (b *bench) alarmTest() (AlarmTest, error) {
	test, err := b.app.PlanAlarmTest(b.t.Context())
	if err != nil {
		return test, err
	}
	return b.app.TestAlarms(b.t.Context(), test)
}

// asBefore fails unless every alarm is as it was.
func (b *bench) asBefore() {
	b.t.Helper()
	if got := b.cloud.States(); !slices.Equal(got, []string{"INSUFFICIENT_DATA " + warningAlarm}) {
		b.t.Errorf("alarms that are not OK: %q", got)
	}
}

// states returns what alarms were set to, in order.
func (b *bench) states() []string {
	var list []string
	for _, call := range b.cloud.Calls() {
		var body struct{ AlarmName, StateValue, StateReason string }
		if call.Op == "SetAlarmState" && json.Unmarshal([]byte(call.Body), &body) == nil {
			list = append(list, body.StateValue+" "+body.AlarmName)
		}
	}
	return list
}

func TestAlarmsTest(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Health.Subscriptions[b.cloud.TopicARN("critical")] = []fakeaws.Subscription{
		{Protocol: "email", Endpoint: "platform@example.com", Pending: true},
		{Protocol: "https", Endpoint: "https://pager.example.com/marker-integration-key"},
		{Protocol: "email", Endpoint: "oncall@example.com"},
	}
	began := b.cloud.Clock.Now()
	test, err := b.alarmTest()
	if err != nil || test.Outcome != report.Succeeded {
		t.Fatalf("%v: %v", test.Outcome, err)
	}
	b.asBefore()
	states := b.states()
	if want := []string{"ALARM " + criticalAlarm, "ALARM " + warningAlarm}; !slices.Equal(states[:2], want) {
		t.Errorf("%q, want first %q", states, want)
	}
	if want := []string{"INSUFFICIENT_DATA " + warningAlarm, "OK " + criticalAlarm}; !slices.Equal(sorted(states[2:]), want) {
		t.Errorf("%q, want then %q", states, want)
	}
	if took := b.cloud.Clock.Now().Sub(began); took != alarmPause {
		t.Errorf("in ALARM for %v, want %v", took, alarmPause)
	}
	for _, call := range b.cloud.Calls() {
		if call.Op == "SetAlarmState" && strings.Contains(call.Body, `"ALARM"`) {
			contains(t, call.Body, "Test of the alarm by omc, nothing is wrong: arn:aws:sts::000000000000:assumed-role/deployer/somebody on ")
		}
	}
	var text strings.Builder
	test.Page().WriteText(&text)
	const want = `omc alarms test staging: set to ALARM and back; these should have received it
SEVERITY  ALARM                                            RECIPIENTS
critical  ohmycoins-staging/alb-backend/unhealthy-targets  https://pager.example.com/…, oncall@example.com, platform@example.com (not confirmed: will receive nothing)
warning   ohmycoins-staging/backend/cpu-high               platform@example.com
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	body, err := json.Marshal(test)
	if err != nil || strings.Contains(string(body), "marker") {
		t.Errorf("%s: %v", body, err)
	}
	contains(t, string(body), `{"protocol":"email","address":"platform@example.com","confirmed":false}`, `"before":"INSUFFICIENT_DATA"`)
}

func TestPlanAlarmTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  func(*bench)
		outcome report.Outcome
		want    string
	}{
		"fine":               {func(*bench) {}, report.Planned, ""},
		"somebody deploys":   {func(b *bench) { b.lockedBy(b.cloud.Clock.Now()) }, report.NothingChanged, "somebody else holds the lock"},
		"a roll-out goes on": {func(b *bench) { d := b.service("backend").Deployments[0]; d.State, d.Hold = "IN_PROGRESS", true }, report.NothingChanged, "service ohmycoins-staging-backend: a roll-out is in progress"},
		"no warning alarms":  {func(b *bench) { delete(b.cloud.Alarms, warningAlarm) }, report.NothingChanged, "warning alarms: there are none: deploy the operations stack first"},
		"another account":    {func(b *bench) { b.app.env.AccountID = "999999999999" }, report.NothingChanged, "want 999999999999"},
		"no topic":           {func(b *bench) { clear(b.cloud.Health.Subscriptions) }, report.NothingChanged, "listing the subscriptions of ohmycoins-staging-critical"},
		"denied":             {func(b *bench) { b.denied("ListTagsForResource") }, report.NothingChanged, "reading the tags of alarm ohmycoins-staging/"},
	} {
		b := newAlarmBench(t)
		test.change(b)
		plan, err := b.app.PlanAlarmTest(t.Context())
		if plan.Outcome != test.outcome || (err == nil) != (test.outcome == report.Planned) || b.cloud.Count("SetAlarmState") != 0 {
			t.Errorf("%s: %v: %v", name, plan.Outcome, err)
		}
		contains(t, fmt.Sprint(err), test.want)
	}
}

// What sends the messages of others is tested itself, for as long as its message waits;
// what holds others back is left alone.
func TestAlarmsThatSpeakForOthers(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	for name := range b.cloud.Alarms {
		if name != warningAlarm && name != criticalAlarm {
			delete(b.cloud.Alarms, name)
		}
	}
	const maintenance, outage, joined = "ohmycoins-staging/maintenance", "ohmycoins-staging/backend/down", "ohmycoins-staging/held-by-both"
	b.cloud.AddAlarm(maintenance, "warning", "OK")
	b.cloud.AddComposite(outage, "critical", "ohmycoins-staging/backend/tasks-missing", maintenance, 1)
	b.cloud.AddComposite(joined, "", outage, "", 0)
	b.cloud.AddComposite(criticalAlarm+"-message", "critical", criticalAlarm, joined, 60)
	b.cloud.AddComposite(warningAlarm+"-message", "warning", warningAlarm, maintenance, 1)
	began := b.cloud.Clock.Now()
	test, err := b.alarmTest()
	if err != nil || test.Outcome != report.Succeeded {
		t.Fatalf("%v: %v", test.Outcome, err)
	}
	states := b.states()
	if want := []string{"ALARM " + criticalAlarm + "-message", "ALARM " + warningAlarm + "-message"}; len(states) != 4 || !slices.Equal(states[:2], want) {
		t.Errorf("%q, want first %q", states, want)
	}
	if took := b.cloud.Clock.Now().Sub(began); took != alarmPause+time.Minute {
		t.Errorf("in ALARM for %v, want %v", took, alarmPause+time.Minute)
	}
	b.asBefore()
}

// Nobody is told: the test says so, and that it failed.
func TestAlarmsReachNobody(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench){
		"not confirmed": func(b *bench) {
			b.cloud.Health.Subscriptions[b.cloud.TopicARN("warning")] = []fakeaws.Subscription{{Protocol: "email", Endpoint: "a@example.com", Pending: true}}
		},
		"no subscription": func(b *bench) { b.cloud.Health.Subscriptions[b.cloud.TopicARN("warning")] = nil },
		"switched off": func(b *bench) {
			detail := b.cloud.Health.AlarmDetails[warningAlarm]
			detail.Silent = true
			b.cloud.Health.AlarmDetails[warningAlarm] = detail
		},
	} {
		b := newAlarmBench(t)
		change(b)
		test, err := b.alarmTest()
		if test.Outcome != report.Failed {
			t.Errorf("%s: %v: %v", name, test.Outcome, err)
		}
		contains(t, fmt.Sprint(err), "nobody is told about warning alarms")
		contains(t, b.log.text(), "nobody is told when "+warningAlarm+" goes off")
		b.asBefore()
	}
}

// TestAlarmsAreAsBefore ends the test in every way there is.
func TestAlarmsAreAsBefore(t *testing.T) {
	t.Parallel()
	stopAt := func(b *bench, op string, n int) {
		b.cloud.OnCall = func(got string, count int, done <-chan struct{}) {
			if got == op && count == n {
				b.stop()
				<-done
			}
		}
	}
	for name, test := range map[string]struct {
		change  func(*bench)
		outcome report.Outcome
	}{
		"Ctrl-C at the first":       {func(b *bench) { stopAt(b, "SetAlarmState", 1) }, report.Interrupted},
		"Ctrl-C at the second":      {func(b *bench) { stopAt(b, "SetAlarmState", 2) }, report.Interrupted},
		"Ctrl-C during the pause":   {func(b *bench) { b.app.clock = stopping{b.cloud.Clock, b.stop} }, report.Interrupted},
		"Ctrl-C during the look-up": {func(b *bench) { stopAt(b, "ListTagsForResource", 1) }, report.Interrupted},
		"the second is denied": {func(b *bench) {
			b.cloud.Faults = []*fakeaws.Fault{{Op: "SetAlarmState", After: 1, Times: 1, Kind: fakeaws.Denied}}
		}, report.RolledBack},
		"AWS is out of reach": {func(b *bench) {
			b.cloud.Faults = []*fakeaws.Fault{{Op: "SetAlarmState", After: 2, Kind: fakeaws.Reset, Until: b.cloud.Clock.Now().Add(4 * time.Minute)}}
		}, report.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newAlarmBench(t)
			test.change(b)
			result, err := b.alarmTest()
			if result.Outcome != test.outcome || (err == nil) != (test.outcome == report.Succeeded) {
				t.Errorf("%v: %v", result.Outcome, err)
			}
			b.asBefore()
		})
	}
}

// An alarm that CloudWatch has evaluated meanwhile keeps that state.
func TestAlarmGoesOffDuringTheTest(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
		if op == "SetAlarmState" && n == 2 {
			b.cloud.Lock(func() { b.cloud.SetAlarm(criticalAlarm, "ALARM", "Threshold Crossed: 3 targets") })
		}
	}
	test, err := b.alarmTest()
	if err != nil || test.Outcome != report.Succeeded {
		t.Fatalf("%v: %v", test.Outcome, err)
	}
	if got := b.cloud.States(); !slices.Contains(got, "ALARM "+criticalAlarm) {
		t.Errorf("%q: an alarm that went off was put back", got)
	}
	contains(t, b.log.text(), criticalAlarm+": ALARM, as CloudWatch says by itself")
}

func TestAlarmIsStuck(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "SetAlarmState", After: 2, Kind: fakeaws.Expired}}
	test, err := b.alarmTest()
	if err == nil || test.Outcome.ExitStatus() != 3 {
		t.Fatalf("%v: %v", test.Outcome, err)
	}
	contains(t, strings.Join(test.State, "\n"), criticalAlarm+" may be in ALARM although nothing is wrong", "--alarm-name "+warningAlarm+" --state-value INSUFFICIENT_DATA")
}

// stopping is a clock during whose sleep the user presses Ctrl-C.
type stopping struct {
	Clock
	stop func()
}

func (s stopping) Sleep(ctx context.Context, _ time.Duration) error {
	s.stop()
	<-ctx.Done()
	return context.Cause(ctx)
}

// Between the plan and the test somebody takes a while to type the environment's name.
func TestAlarmsChangeBeforeTheTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  func(*bench)
		outcome report.Outcome
		want    string
		state   string // of the critical alarm, at the end
	}{
		"it goes off":       {func(b *bench) { b.cloud.SetAlarm(criticalAlarm, "ALARM", "3 targets") }, report.NothingChanged, "alarm " + criticalAlarm + ": it has gone off meanwhile: 3 targets", "ALARM"},
		"it is gone":        {func(b *bench) { delete(b.cloud.Alarms, criticalAlarm) }, report.NothingChanged, "it does not exist any more", ""},
		"it loses its data": {func(b *bench) { b.cloud.SetAlarm(criticalAlarm, "INSUFFICIENT_DATA", "") }, report.Succeeded, "", "INSUFFICIENT_DATA"},
		"a roll-out begins": {func(b *bench) { d := b.service("backend").Deployments[0]; d.State, d.Hold = "IN_PROGRESS", true }, report.NothingChanged, "a roll-out is in progress", "OK"},
	} {
		b := newAlarmBench(t)
		plan, err := b.app.PlanAlarmTest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		test.change(b)
		result, err := b.app.TestAlarms(t.Context(), plan)
		if result.Outcome != test.outcome || b.cloud.Alarms[criticalAlarm] != test.state || b.locked() {
			t.Errorf("%s: %v: %v, then %q, locked: %v", name, result.Outcome, err, b.cloud.Alarms[criticalAlarm], b.locked())
		}
		contains(t, fmt.Sprint(err), test.want)
	}
}
