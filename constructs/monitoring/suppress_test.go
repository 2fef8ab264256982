package monitoring

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// quiet is a service whose outage and whose maintenance hold messages back.
func quiet(suppressors map[string]Suppressor) Config {
	switched := Alarm{
		ID: "maintenance", Severity: Warning, FirstStep: "Wait.", Missing: cloudwatch.NotBreaching, Window: cloudwatch.Window{EvaluationPeriods: 1},
		When: cloudwatch.Metric{Namespace: "Shop", Name: "Maintenance", Stat: "Sum", Period: time.Minute, Unit: cloudwatch.Count}.Above(0),
	}
	down := Alarm{
		Resource: "web", ID: "down", Severity: Critical, FirstStep: "Look.",
		When: cloudwatch.Composite{Rule: cloudwatch.AnyOf("web/tasks-missing")},
	}
	return Config{
		Name: "shop", Region: "ap-southeast-2",
		Notify: map[Severity][]Target{
			Critical: {Topic("arn:aws:sns:ap-southeast-2:000000000000:pager")},
			Warning:  {Topic("arn:aws:sns:ap-southeast-2:000000000000:team")},
		},
		Resources:   []Resource{ECSService{Key: "web", Cluster: "shop", Service: "web"}, RDS{Key: "db", Instance: "shop"}},
		Tune:        map[string]Tuning{"web/tasks-missing": {On: true}},
		Extra:       []Alarm{switched, down},
		Suppressors: suppressors,
	}
}

func sound() map[string]Suppressor {
	during := Suppressor{By: []string{"maintenance"}, Wait: time.Second, Extension: 5 * time.Minute}
	return map[string]Suppressor{
		"":            during,
		"web":         {By: []string{"web/down", "maintenance"}},
		"web/down":    during,
		"maintenance": {},
		"db/cpu-high": {},
	}
}

func TestSuppressors(t *testing.T) {
	cfg := quiet(sound())
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	metric, composite := cfg.Definitions()
	tells := map[string]string{}
	for _, a := range metric {
		tells[a.Name] = strings.Join(a.Actions.Alarm, " ") + "; " + strings.Join(a.Actions.OK, " ")
	}
	const pager, team = "arn:aws:sns:ap-southeast-2:000000000000:pager", "arn:aws:sns:ap-southeast-2:000000000000:team"
	if diff := cmp.Diff(map[string]string{
		"shop/web/cpu-high":      "; ",
		"shop/web/memory-high":   "; ",
		"shop/web/tasks-missing": "; ", // web/down speaks for it
		"shop/db/cpu-high":       team + "; " + team,
		"shop/db/storage-low":    "; ",
		"shop/maintenance":       team + "; " + team,
	}, tells); diff != "" {
		t.Errorf("metric alarms tell (-want +got):\n%s", diff)
	}
	type view struct {
		Rule, Suppressor string
		Wait, Extension  time.Duration
		Alarm, OK        []string
	}
	got := map[string]view{}
	for _, a := range composite {
		got[a.Name] = view{a.AlarmRule, a.ActionsSuppressor, a.ActionsSuppressorWaitPeriod, a.ActionsSuppressorExtensionPeriod, a.Actions.Alarm, a.Actions.OK}
	}
	const joined = "shop/held-by-maintenance-web-down"
	if diff := cmp.Diff(map[string]view{
		"shop/web/down":                {`ALARM("shop/web/tasks-missing")`, "shop/maintenance", time.Second, 5 * time.Minute, []string{pager}, []string{pager}},
		joined:                         {Rule: `ALARM("shop/maintenance") OR ALARM("shop/web/down")`},
		"shop/web/cpu-high-message":    {`ALARM("shop/web/cpu-high")`, joined, time.Minute, time.Minute, []string{team}, []string{team}},
		"shop/web/memory-high-message": {`ALARM("shop/web/memory-high")`, joined, time.Minute, time.Minute, []string{team}, []string{team}},
		"shop/db/storage-low-message":  {`ALARM("shop/db/storage-low")`, "shop/maintenance", time.Second, 5 * time.Minute, []string{pager}, []string{pager}},
	}, got); diff != "" {
		t.Errorf("composite alarms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		"shop/web/cpu-high-message": "web/cpu-high", "shop/web/memory-high-message": "web/memory-high", "shop/db/storage-low-message": "db/storage-low",
	}, cfg.Messages()); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	// What sends messages is no alarm of its own.
	for _, a := range cfg.Alarms() {
		if strings.HasSuffix(a.ID, "-message") || strings.HasPrefix(a.ID, "held-by") {
			t.Errorf("%s is an alarm", a.Key())
		}
	}
}

func TestSuppressorProblems(t *testing.T) {
	with := func(change func(map[string]Suppressor)) Config {
		s := sound()
		change(s)
		return quiet(s)
	}
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"unknown key":       {with(func(s map[string]Suppressor) { s["wep"] = Suppressor{} }), `Suppressors["wep"]: is "wep", want `},
		"unknown alarm":     {with(func(s map[string]Suppressor) { s["db"] = Suppressor{By: []string{"web/dawn"}} }), `Suppressors["db"].By[0]: is "web/dawn", want one of web/down`},
		"twice":             {with(func(s map[string]Suppressor) { s["db"] = Suppressor{By: []string{"web/down", "web/down"}} }), `Suppressors["db"].By[1]: is "web/down", want each alarm once`},
		"half a second":     {with(func(s map[string]Suppressor) { s[""] = Suppressor{By: []string{"maintenance"}, Wait: time.Second / 2} }), `Suppressors[""].Wait: is 500ms, want whole seconds`},
		"wait for nothing":  {with(func(s map[string]Suppressor) { s["db"] = Suppressor{Extension: time.Minute} }), `Suppressors["db"].Extension: is 1m0s, want 0 without By`},
		"holds itself":      {with(func(s map[string]Suppressor) { s["maintenance"] = Suppressor{By: []string{"maintenance"}} }), `Suppressors of maintenance: is "maintenance", want another alarm: it would hold its own messages back, and nobody would be told`},
		"depends on itself": {with(func(s map[string]Suppressor) { delete(s, "web/down") }), `Suppressors of web/down: is "web/down, maintenance", want alarms that do not depend on it`},
		"says it itself, too": {func() Config {
			cfg := with(func(map[string]Suppressor) {})
			cfg.Extra[1].When = cloudwatch.Composite{Rule: cloudwatch.AnyOf("web/tasks-missing"), Suppressor: "maintenance"}
			return cfg
		}(), `Suppressors of web/down: is "maintenance", want none: the alarm says its Suppressor itself`},
		"one address": {func() Config {
			cfg := with(func(map[string]Suppressor) {})
			other := cfg.Extra[0]
			other.Resource, other.ID = "web", "cpu-high-message"
			cfg.Extra = append(cfg.Extra, other)
			return cfg
		}(), `Suppressors: is "web/cpu-high-message", want another ID: the Terraform address would be that of web/cpu-high-message`},
		"an action that composites lack": {func() Config {
			cfg := with(func(map[string]Suppressor) {})
			cfg.Notify[Warning] = append(cfg.Notify[Warning], Action("arn:aws:automate:ap-southeast-2:ec2:reboot"))
			return cfg
		}(), `Notify["warning"][1]: is "arn:aws:automate:ap-southeast-2:ec2:reboot", want no action of EC2 or Auto Scaling: AWS does not take them in the composite alarm `},
		"name too long": {func() Config {
			cfg := with(func(map[string]Suppressor) {})
			cfg.Name = strings.Repeat("n", 230)
			return cfg
		}(), `a shorter Name or Key: the name of the alarm held-by-maintenance-web-down has`},
	} {
		err := test.cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// Without an alarm that speaks for it nobody would be told.
func TestSpokenForByNobody(t *testing.T) {
	cfg := quiet(map[string]Suppressor{"web/tasks-missing": {By: []string{"web/tasks-missing"}}})
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "nobody would be told") {
		t.Error(err)
	}
}
