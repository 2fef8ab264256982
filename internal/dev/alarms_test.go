package main

import (
	"os"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/audit"
)

// realRows are the alarms that a stack has.
func realRows(t *testing.T, env string) []alarmRow {
	t.Helper()
	text, err := os.ReadFile("../../__snapshots__/" + env + "/stack_1.snap.json")
	if err != nil {
		t.Fatal(err)
	}
	var written audit.Expected
	if err := written.Read("stack", text); err != nil {
		t.Fatal(err)
	}
	var metrics []audit.MetricAlarm
	var composites []audit.CompositeAlarm
	m, c := written.Alarms(nil)
	for _, a := range m {
		metrics = append(metrics, audit.MetricAlarm{MetricAlarm: a})
	}
	for _, a := range c {
		composites = append(composites, audit.CompositeAlarm{CompositeAlarm: a})
	}
	return describe(metrics, composites)
}

// TestDescribe describes the alarms of both stacks, by their reviewed definitions.
func TestDescribe(t *testing.T) {
	for env, prefix := range map[string]string{"staging": "ohmycoins-staging/", "production": "ohmycoins-prod/"} {
		byName := map[string]alarmRow{}
		for _, r := range realRows(t, env) {
			name := strings.TrimPrefix(r.name, prefix)
			byName[name] = r
			if r.words == "" || strings.Contains(r.words, " 0 minutes") {
				t.Errorf("%s: %s is said as %q", env, name, r.words)
			}
			if r.group == "Others" && name != "maintenance" {
				t.Errorf("%s: %s has no group", env, name)
			}
			if strings.HasSuffix(name, "-message") || strings.HasPrefix(name, "held-by") {
				t.Errorf("%s: %s judges nothing", env, name)
			}
		}
		wants := map[string][2]string{
			"alb/5xx-high":             {"Load balancer", "> 10 in 5 minutes"},
			"backend/tasks-missing":    {"Services", "no data for 3 minutes"},
			"postgres/storage-low":     {"Database", "< 10 GiB for 5 minutes"},
			"events/undelivered":       {"Events", "> 0 for 1 minute"},
			"api-latency/burn-1h":      {"Service levels", `ALARM("` + prefix + `api-latency/burn-1h-long") AND ALARM("` + prefix + `api-latency/burn-1h-short")`},
			"api-latency/burn-1h-long": {"Service levels", "IF(FILL(requests, 0) >= 20, FILL(slow, 0) / requests / 0.01, 0) > 14.4 for 60 minutes"},
		}
		if env == "production" {
			wants["backend/down"] = [2]string{"Speak for others", `ALARM("` + prefix + `backend/tasks-missing") OR ALARM("` + prefix + `alb-backend/no-healthy-targets")`}
			wants["alb/5xx-rate-high"] = [2]string{"Load balancer", "IF(requests >= 20, 100 * FILL(errors, 0) / requests) > 5 in 3 of 5 periods of 1 minute"}
			wants["backend/tasks-pending"] = [2]string{"Services", "> 0 for 10 minutes"}
			wants["api/failing"] = [2]string{"Checks from outside", "< 90 for 10 minutes"}
		}
		for name, want := range wants {
			if got := byName[name]; got.group != want[0] || got.words != want[1] {
				t.Errorf("%s: %s is in %q, said as %q; want %q", env, name, got.group, got.words, want)
			}
		}
		if r := byName["backend/cpu-high"]; r.heldBy != prefix+"held-by-backend-down-maintenance" || len(r.actions) != 1 || !strings.HasSuffix(r.actions[0], "-warning") {
			t.Errorf("%s: backend/cpu-high tells %v, held back by %s: want what its message says", env, r.actions, r.heldBy)
		}
	}
}

func TestWriteAlarms(t *testing.T) {
	var out strings.Builder
	section := func(name string) string { return groupOf("What to do. Runbook: https://example.com/runbook#" + name) }
	err := writeAlarms(&out, "shop/", []alarmRow{
		{group: section("rds-cpu-high"), name: "shop/postgres/cpu-high", words: "> 80 %", severity: "warning", notifies: []string{"a@example.com"}, heldBy: "shop/maintenance"},
		{group: groupOf("Without a runbook"), name: "shop/maintenance", words: "> 0", severity: "warning", notifies: []string{"a@example.com"}},
		{group: section("service-down"), name: "shop/web/down", words: `ALARM("shop/web/tasks-missing")`, severity: "critical", notifies: []string{"a@example.com"}},
		{group: section("slo-burns"), name: "shop/api/burn-1h", words: `ALARM("shop/api/burn-1h-long")`, severity: "critical", notifies: []string{"a@example.com"}},
		{group: section("ecs-tasks-missing"), name: "shop/web/tasks-missing", words: "< 1", severity: "critical"},
		{group: section("ecs-tasks-unstable"), name: "shop/web/tasks-pending", words: "> 0", severity: "warning", notifies: []string{"a@example.com"}, heldBy: "shop/web/down"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `    ALARM                   SEVERITY  NOTIFIES          HELD BACK BY  CONDITION
  Service levels
    shop/api/burn-1h        critical  a@example.com                   ALARM(api/burn-1h-long)
  Services
    shop/web/tasks-missing  critical  nobody by itself                < 1
    shop/web/tasks-pending  warning   a@example.com     web/down      > 0
  Database
    shop/postgres/cpu-high  warning   a@example.com     maintenance   > 80 %
  Speak for others
    shop/web/down           critical  a@example.com                   ALARM(web/tasks-missing)
  Others
    shop/maintenance        warning   a@example.com                   > 0
`
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
