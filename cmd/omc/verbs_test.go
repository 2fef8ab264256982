package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

func TestVerbUsage(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	tried := map[string]string{
		"deploy":                               `ENV: is "", want staging or production: omc deploy staging`,
		"rollback":                             `ENV: is "", want staging or production: omc rollback staging`,
		"status nowhere":                       `ENV: is "nowhere", want staging or production: omc status staging`,
		"unlock":                               `ENV: is "", want staging or production: omc unlock staging`,
		"alarms backtest":                      `ENV: is "", want staging or production: omc alarms backtest staging`,
		"alarms backtest staging --since 0d":   `invalid argument "0d" for "--since" flag: want a time such as 14d or 36h`,
		"alarms backtest staging --since 1.5d": `invalid argument "1.5d" for "--since" flag: want a time such as 14d or 36h`,
		"alarms backtest staging --since -3h":  `invalid argument "-3h" for "--since" flag`,
		"alarms backtest staging --since 500d": "--since: is 12000h0m0s, want 1h to 455d",
		"dashboard":                            `ENV: is "", want staging or production: omc dashboard staging`,
		"verify":                               `ENV: is "", want staging or production: omc verify staging`,
		"secrets":                              `command: is "", want check or put: omc secrets check ENV`,
		"secrets nope staging":                 `command: is "nope staging", want check or put: omc secrets check ENV`,
		"secrets check nowhere":                `ENV: is "nowhere", want staging or production: omc secrets check staging`,
		"secrets put staging":                  "--file: is empty, want a JSON file of keys and values: omc secrets put staging --file secrets.json",
		"secrets put staging --file none.json": "--file: open none.json: no such file",
		"alarms test":                          `ENV: is "", want staging or production: omc alarms test staging`,
		"maintenance":                          `ENV: is "", want staging or production: omc maintenance staging`,
		"maintenance staging --for 3h":         "--for: is 3h0m0s, want whole minutes from 1m to 1h50m0s",
		"alarms audit":                         `ENV: is "", want staging or production: omc alarms audit staging`,
	}
	wantEveryVerb(t, slices.Collect(maps.Keys(tried)))
	for args, want := range tried {
		got := omc(t, cloud, t.TempDir(), "", nil, strings.Fields(args)...)
		if got.status != 2 || !strings.Contains(got.stderr, want) || got.stdout != "" && !strings.Contains(args, "500d") {
			t.Errorf("%s: status %d, want 2 with %q; output:\n%s%s", args, got.status, want, got.stdout, got.stderr)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	// The checks of this environment are not those of the test's server.
	cloud := newCloud(t)
	cloud.Health.Database = "stopped"
	got := omc(t, cloud, t.TempDir(), "", []string{"HTTPS_PROXY=http://127.0.0.1:1"}, "verify", "staging")
	if got.status != 1 || !strings.Contains(got.stderr, "2 of 6 health checks failed: application endpoints, database") ||
		strings.Count(got.stdout, "\nok ")+strings.Count(got.stdout, "\nfailed ") != 6 || !strings.HasPrefix(got.stdout, "omc verify staging: failed\nRESULT") {
		t.Errorf("status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	got = omc(t, cloud, t.TempDir(), "", []string{"HTTPS_PROXY=http://127.0.0.1:1"}, "verify", "staging", "--output", "json")
	var result verbs.Verification
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.status != 1 || len(result.Checks) != 6 || result.Checks[3].OK {
		t.Errorf("status %d, %v: %s", got.status, err, got.stdout)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	const value = "marker-new-value"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.json": `{"SMTP_PASSWORD":"` + value + `"}`,
		"bad.json":  `{"SMTP_PASSWORD":"` + value + `"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"group.json": 0o640, "everybody.json": 0o604} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"SMTP_PASSWORD":"`+value+`"}`), mode); err != nil {
			t.Fatal(err)
		}
	}
	cloud := newCloud(t)
	production := fakeaws.New(environment.Production())
	t.Cleanup(production.Close)
	for _, test := range []struct {
		cloud       *fakeaws.Cloud
		stdin, args string
		status      int
		want        string
		writes      int
	}{
		{cloud, "", "secrets check staging", 0, "all keys of ohmycoins-staging-app-secrets are there", 0},
		{cloud, "", "secrets put staging --file bad.json", 2, "look near line 1; its content is not shown", 0},
		{cloud, "", "secrets put staging --file group.json", 2, "--file: group.json has mode 0640, want 0600: other users can read its values: chmod 600 group.json", 0},
		{cloud, "", "secrets put staging --file everybody.json --dry-run", 2, "everybody.json has mode 0604, want 0600", 0},
		{cloud, "", "secrets put staging --file good.json --dry-run", 0, "SMTP_PASSWORD  changed\n22 other keys stay as they are", 0},
		{cloud, "", "secrets put staging --file good.json", 0, "was written as version ", 1},
		{cloud, "", "secrets put staging --file good.json", 0, "has these values already\nKEY            CHANGE\nSMTP_PASSWORD  unchanged", 1},
		{production, "", "secrets put production --file good.json --dry-run", 0, "would be changed", 0},
		{production, "no\n", "secrets put production --file good.json", 2, `want "production": nothing was changed`, 0},
		{production, "production\n", "secrets put production --file good.json --output json", 0, `"outcome": "succeeded"`, 1},
		{production, "", "secrets put production --file good.json --yes", 0, "has these values already", 1},
	} {
		got := omc(t, test.cloud, dir, test.stdin, nil, strings.Fields(test.args)...)
		if got.status != test.status || !strings.Contains(got.stdout+got.stderr, test.want) || test.cloud.Count("PutSecretValue") != test.writes {
			t.Errorf("%s: status %d, %d writes:\n%s%s", test.args, got.status, test.cloud.Count("PutSecretValue"), got.stdout, got.stderr)
		}
		for _, marker := range []string{value, fakeaws.SecretMarker} {
			if strings.Contains(got.stdout+got.stderr, marker) {
				t.Errorf("%s: %s is shown:\n%s%s", test.args, marker, got.stdout, got.stderr)
			}
		}
	}
	cloud.WriteSecret(`{"SECRET_KEY":"`+value+`"}`, "other")
	if got := omc(t, cloud, dir, "", nil, "secrets", "check", "staging"); got.status != 1 || strings.Contains(got.stdout+got.stderr, value) {
		t.Errorf("status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	cloud := fakeaws.New(environment.Production())
	t.Cleanup(cloud.Close)
	cloud.AddAlarm("ohmycoins-prod/backend/cpu-high", "warning", "OK")
	for _, test := range []struct {
		stdin, args string
		status      int
		want        string
		writes      int
	}{
		{"", "alarms test production --dry-run", 0, "would set to ALARM and back", 0},
		{"staging\n", "alarms test production", 2, `want "production": nothing was changed`, 0},
		{"", "alarms test production --yes --output json", 0, `"outcome": "succeeded"`, 4},
		{"", "alarms audit production", 0, "omc alarms audit production: succeeded, ", 4},
		{"", "alarms audit production --output json", 0, `"found": []`, 4},
		{"", "alarms audit production --expected none", 2, "--expected: open none: no such file", 4},
		{"", "alarms backtest production --since 3h", 0, "omc alarms backtest production: succeeded, ", 4},
		{"", "alarms backtest production --since 3h --output json", 0, `"outcome": "succeeded"`, 4},
		{"", "alarms backtest production --since 3h --output markdown", 0, "### omc alarms backtest production: succeeded, ", 4},
		{"", "alarms backtest production --proposed none", 2, "--proposed: open none: no such file", 4},
		{"", "alarms backtest production --prefix nothing", 1, `no alarm's name begins with "nothing"`, 4},
		{"", "dashboard production", 0, "omc dashboard production: succeeded, dashboard-production.html", 4},
		{"", "dashboard production --file nowhere/page.html", 2, "--file: writing nowhere/page.html", 4},
		{"", "alarms audit production --prefix nothing", 1, `no alarm's name begins with "nothing"`, 4},
	} {
		got := omc(t, cloud, t.TempDir(), test.stdin, nil, strings.Fields(test.args)...)
		if got.status != test.status || !strings.Contains(got.stdout+got.stderr, test.want) || cloud.Count("SetAlarmState") != test.writes {
			t.Errorf("%s: status %d, %d writes:\n%s%s", test.args, got.status, cloud.Count("SetAlarmState"), got.stdout, got.stderr)
		}
	}
	if got := cloud.States(); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
