package verbs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

const (
	maintenanceAlarm = "ohmycoins-staging/maintenance"
	maintenanceData  = "OhMyCoins/Operations/staging Maintenance"
)

// newSwitchBench is a bench with the alarm that holds messages back.
func newSwitchBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.cloud.AddAlarm(maintenanceAlarm, "warning", "OK")
	b.cloud.Audited.Samples = map[string][]fakeaws.Sample{maintenanceData: {}} // nobody has put any
	return b
}

// maintain plans and, unless that fails, makes or ends a window.
func (b *bench) maintain(opt MaintenanceOptions) (Maintenance, error) {
	m, err := b.app.PlanMaintenance(b.t.Context(), opt)
	if err != nil {
		return m, err
	}
	return b.app.Maintain(b.t.Context(), m)
}

// silent are the minutes from now on in which the alarm would be in ALARM.
func (b *bench) silent() int {
	minutes := map[int64]float64{}
	b.cloud.Lock(func() {
		for _, sample := range b.cloud.Audited.Samples[maintenanceData] {
			minutes[sample.At.Unix()/60] += sample.Value
		}
	})
	n := 0
	for minute, value := range minutes {
		if value > 0 && minute >= b.cloud.Clock.Now().Unix()/60 {
			n++
		}
	}
	return n
}

func TestMaintenanceOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opt  MaintenanceOptions
		want string
	}{
		"a window":       {MaintenanceOptions{For: 30 * time.Minute, Reason: "new disk"}, "<nil>"},
		"the longest":    {MaintenanceOptions{For: LongestMaintenance, Reason: "new disk"}, "<nil>"},
		"an end":         {MaintenanceOptions{End: true}, "<nil>"},
		"nothing":        {MaintenanceOptions{}, "--for: is 0s, want whole minutes from 1m to 1h50m0s"},
		"too long":       {MaintenanceOptions{For: 2 * time.Hour, Reason: "x"}, "--for: is 2h0m0s, want"},
		"negative":       {MaintenanceOptions{For: -time.Minute, Reason: "x"}, "--for: is -1m0s, want"},
		"half a minute":  {MaintenanceOptions{For: 90 * time.Second, Reason: "x"}, "--for: is 1m30s, want whole minutes"},
		"without reason": {MaintenanceOptions{For: time.Minute, Reason: " "}, "--reason: is empty, want why"},
		"both":           {MaintenanceOptions{End: true, For: time.Minute}, "--end: is given with --for or --reason"},
	} {
		contains(t, name+": "+fmt.Sprint(test.opt.Validate()), name+": "+test.want)
	}
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	b := newSwitchBench(t)
	m, err := b.maintain(MaintenanceOptions{For: 30 * time.Minute, Reason: "new database version"})
	if err != nil || m.Outcome != report.Succeeded || m.Until.Sub(m.From) != 30*time.Minute {
		t.Fatalf("%+v: %v", m, err)
	}
	if n := b.silent(); n != 30 {
		t.Errorf("%d minutes are silent, want 30", n)
	}
	if got := b.cloud.States(); !slices.Equal(got, []string{"ALARM " + maintenanceAlarm}) {
		t.Errorf("%q", got)
	}
	contains(t, b.cloud.Health.AlarmDetails[maintenanceAlarm].Reason, "Maintenance until "+m.Until.Format("15:04 MST")+", by omc for arn:aws:sts::", "new database version")
	var text strings.Builder
	m.Page().WriteText(&text)
	contains(t, text.String(), "nobody is told about alarms from "+m.From.Format("15:04")+" until "+m.Until.Format("15:04 MST"), "omc maintenance staging --end")

	// Another window goes on for longer, and one command ends both.
	if _, err := b.maintain(MaintenanceOptions{For: time.Hour, Reason: "and a new disk"}); err != nil || b.silent() != 60 {
		t.Errorf("%d minutes: %v", b.silent(), err)
	}
	m, err = b.maintain(MaintenanceOptions{End: true})
	if err != nil || m.Outcome != report.Succeeded || b.silent() != 0 || len(b.cloud.States()) > 0 {
		t.Errorf("%d minutes, %q, %+v: %v", b.silent(), b.cloud.States(), m, err)
	}
	calls := b.cloud.Count("PutMetricData")
	if m, err = b.maintain(MaintenanceOptions{End: true}); err != nil || m.Minutes != 0 || b.cloud.Count("PutMetricData") != calls {
		t.Errorf("ended twice: %+v: %v", m, err)
	}
	// And it can begin again in the same minutes.
	if _, err := b.maintain(MaintenanceOptions{For: 10 * time.Minute, Reason: "again"}); err != nil || b.silent() != 10 {
		t.Errorf("%d minutes: %v", b.silent(), err)
	}
}

// The window is over by itself when its minutes are, whatever becomes of omc.
func TestMaintenanceEndsByItself(t *testing.T) {
	t.Parallel()
	b := newSwitchBench(t)
	if _, err := b.maintain(MaintenanceOptions{For: LongestMaintenance, Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := b.cloud.Clock.Sleep(t.Context(), LongestMaintenance); err != nil {
		t.Fatal(err)
	}
	if n := b.silent(); n != 0 {
		t.Errorf("%d minutes are silent after the end", n)
	}
}

func TestMaintenanceFails(t *testing.T) {
	t.Parallel()
	window := MaintenanceOptions{For: 10 * time.Minute, Reason: "x"}
	for name, test := range map[string]struct {
		change  func(*bench)
		opt     MaintenanceOptions
		outcome report.Outcome
		want    string
		silent  int
	}{
		"no alarm":          {func(b *bench) { delete(b.cloud.Alarms, maintenanceAlarm) }, window, report.NothingChanged, "alarm " + maintenanceAlarm + ": it does not exist, so that nothing would hold messages back: deploy the operations stack first", 0},
		"another account":   {func(b *bench) { b.app.env.AccountID = "999999999999" }, window, report.NothingChanged, "want 999999999999", 0},
		"bad choice":        {func(*bench) {}, MaintenanceOptions{}, report.NothingChanged, "--for: is 0s", 0},
		"data denied":       {func(b *bench) { b.denied("PutMetricData") }, window, report.NothingChanged, "writing the window", 0},
		"reading denied":    {func(b *bench) { b.denied("GetMetricData") }, MaintenanceOptions{End: true}, report.NothingChanged, "reading the windows that there are", 0},
		"state denied":      {func(b *bench) { b.denied("SetAlarmState") }, window, report.Failed, "setting alarm " + maintenanceAlarm, 10},
		"describing denied": {func(b *bench) { b.denied("DescribeAlarms") }, window, report.NothingChanged, "alarm " + maintenanceAlarm, 0},
		"out of reach once": {func(b *bench) {
			b.cloud.Faults = []*fakeaws.Fault{{Op: "PutMetricData", Times: 1, Kind: fakeaws.Throttled}}
		}, window, report.Succeeded, "", 10},
	} {
		b := newSwitchBench(t)
		test.change(b)
		m, err := b.maintain(test.opt)
		if m.Outcome != test.outcome || b.silent() != test.silent {
			t.Errorf("%s: %v, %d minutes: %v", name, m.Outcome, b.silent(), err)
		}
		contains(t, fmt.Sprint(err), test.want)
		if test.outcome == report.Failed {
			contains(t, strings.Join(m.State, "\n"), "omc maintenance staging --end")
		}
	}
}

// A dry run only reads.
func TestPlanMaintenance(t *testing.T) {
	t.Parallel()
	b := newSwitchBench(t)
	m, err := b.app.PlanMaintenance(t.Context(), MaintenanceOptions{For: 10 * time.Minute, Reason: "x"})
	if err != nil || m.Outcome != report.Planned || b.cloud.Count("PutMetricData")+b.cloud.Count("SetAlarmState") != 0 {
		t.Errorf("%v: %v", m.Outcome, err)
	}
	contains(t, m.Page().Title, "nobody would be told about alarms from ")
}

// A deployment is silent while it changes something, and takes back its own window only.
func TestDeploymentUnderMaintenance(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*bench)
		want   []report.Outcome // any of them
		writes int
	}{
		"succeeds":      {func(*bench) {}, []report.Outcome{report.Succeeded}, 2},
		"is denied":     {func(b *bench) { b.denied("PutMetricData") }, []report.Outcome{report.Succeeded}, 0},
		"no alarm":      {func(b *bench) { delete(b.cloud.Alarms, maintenanceAlarm) }, []report.Outcome{report.NothingChanged}, 0},
		"update denied": {func(b *bench) { b.denied("UpdateService") }, []report.Outcome{report.Failed, report.RolledBack}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newSwitchBench(t)
			test.change(b)
			b.opt.Maintenance = true
			result, err := b.deploy()
			if !slices.Contains(test.want, result.Outcome) {
				t.Errorf("%v: %v", result.Outcome, err)
			}
			if n := b.cloud.Count("PutMetricData"); test.writes > 0 && n != test.writes {
				t.Errorf("%d writes, want %d", n, test.writes)
			}
			if n := b.silent(); n != 0 {
				t.Errorf("%d minutes are silent at the end", n)
			}
		})
	}
}
