package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// TestGitHubActions wants of every verb, when it succeeds and when it fails, a step
// summary, and of each that fails an annotation.
func TestGitHubActions(t *testing.T) {
	t.Parallel()
	const given = "--image backend=omc-backend@%b --image frontend=omc-frontend@%f"
	for _, test := range []struct {
		args    string
		change  func(*fakeaws.Cloud)
		status  int
		summary []string
	}{
		{"deploy staging --dry-run " + given, nil, 0, []string{"### omc deploy staging: planned", "| backend | ohmycoins-staging-backend:41 | a new revision of ohmycoins-staging-backend |"}},
		{"deploy staging --dry-run " + given, noCluster, 2, []string{"### omc deploy staging: nothing changed", "cluster ohmycoins-staging-cluster: it does not exist"}},
		{"deploy staging " + given, noCluster, 2, []string{"### omc deploy staging: nothing changed", "cluster ohmycoins-staging-cluster: it does not exist"}},
		{"rollback staging --to 41 --service backend --dry-run", nil, 0, []string{"### omc rollback staging: planned", "| backend |"}},
		{"rollback staging", nil, 2, []string{"### omc rollback staging: nothing changed", "name a revision with --to"}},
		{"status staging", nil, 0, []string{"### omc status staging", "| backend | ACTIVE |", "Last deployment: none"}},
		{"status staging", noCluster, 1, []string{"### omc status staging", "Last deployment: none", "Cluster not found"}},
		{"verify staging", noCluster, 1, []string{"### omc verify staging: failed", "| failed | ECS services |", "6 health checks failed: ECS services"}},
		{"secrets check staging", nil, 0, []string{"### omc secrets check staging: all keys of"}},
		{"secrets check staging", badSecret, 1, []string{"| failed | SMTP\\_HOST |", "secret ohmycoins-staging-app-secrets: "}},
		{"secrets put staging --file secrets.json", nil, 0, []string{"### omc secrets put staging: ohmycoins-staging-app-secrets was written", `| SMTP\_PASSWORD | changed |`}},
		{"secrets put staging --file secrets.json", noSecret, 2, []string{"### omc secrets put staging: nothing changed", "does not exist: deploy the infrastructure first"}},
		{"alarms test staging --dry-run", warningAlarm, 0, []string{"### omc alarms test staging: would set", "| warning | ohmycoins-staging/backend/cpu-high |"}},
		{"alarms test staging", nil, 2, []string{"### omc alarms test staging: no alarm was touched", "| critical |", "warning alarms: there are none"}},
		{"unlock staging --yes", nil, 0, []string{"### omc unlock staging: staging is not locked"}},
		{"secrets put staging", nil, 2, []string{"### omc secrets put: nothing changed", "--file: is empty"}},
		{"deploy nowhere", nil, 2, []string{"### omc deploy: nothing changed", `ENV: is "nowhere"`}},
		{"unlock staging --yes", noBucket, 2, []string{"### omc unlock staging: nothing changed", "AccessDenied"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			cloud, dir := newCloud(t), t.TempDir()
			for _, key := range []string{"backend", "frontend"} {
				cloud.Repositories["omc-"+key].Images["x"] = fakeaws.Digest(key)
			}
			if err := os.WriteFile(filepath.Join(dir, "secrets.json"), []byte(`{"SMTP_PASSWORD":"marker-new-value"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(cloud)
			}
			summary := filepath.Join(dir, "summary.md")
			args := strings.NewReplacer("%b", fakeaws.Digest("backend"), "%f", fakeaws.Digest("frontend")).Replace(test.args)
			got := omc(t, cloud, dir, "", []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary, "HTTPS_PROXY=http://127.0.0.1:1"}, strings.Fields(args)...)
			if annotated := strings.Contains(got.stderr, "\n::error title=omc::") || strings.HasPrefix(got.stderr, "::error title=omc::"); got.status != test.status || annotated != (test.status != 0) {
				t.Errorf("status %d, want %d; annotated: %v\n%s", got.status, test.status, annotated, got.stderr)
			}
			text, err := os.ReadFile(summary)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.summary {
				if !strings.Contains(string(text), want) {
					t.Errorf("%q is missing in:\n%s", want, text)
				}
			}
			if all := string(text) + got.stdout + got.stderr; strings.Contains(all, "marker-new-value") || strings.Contains(all, fakeaws.SecretMarker) {
				t.Errorf("a value is shown:\n%s", all)
			}
		})
	}
}

func noCluster(c *fakeaws.Cloud) { c.ClusterState = "" }
func noSecret(c *fakeaws.Cloud)  { clear(c.Secrets) }
func badSecret(c *fakeaws.Cloud) { c.WriteSecret(`{"SECRET_KEY":"`+fakeaws.SecretMarker+`"}`, "other") }

func noBucket(c *fakeaws.Cloud) {
	c.Faults = []*fakeaws.Fault{{Op: "GetObject", Kind: fakeaws.Denied}}
}

func warningAlarm(c *fakeaws.Cloud) {
	c.AddAlarm("ohmycoins-staging/backend/cpu-high", "warning", "OK")
}

// Every verb takes --dry-run and changes nothing then, also one that never does.
func TestDryRunEverywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secrets.json"), []byte(`{"SMTP_PASSWORD":"marker-new-value"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := []string{
		"deploy staging", "rollback staging --to 41 --service backend", "status staging", "verify staging",
		"secrets check staging", "secrets put staging --file secrets.json", "alarms test staging", "alarms audit staging",
		"alarms backtest staging --since 1h --data data.json --page page.html", "dashboard staging", "unlock staging",
		"maintenance staging --for 30m --reason upgrade",
	}
	wantEveryVerb(t, tried)
	for _, args := range tried {
		cloud := newCloud(t)
		warningAlarm(cloud)
		got := omc(t, cloud, dir, "", []string{"HTTPS_PROXY=http://127.0.0.1:1"}, strings.Fields(args+" --dry-run")...)
		if strings.Contains(got.stderr, "unknown flag") || !strings.HasPrefix(got.stdout, "omc "+args[:strings.Index(args, " staging")]) {
			t.Errorf("%s: status %d\n%s%s", args, got.status, got.stdout, got.stderr)
		}
		for _, call := range cloud.Calls() {
			if fakeaws.IsWrite(call.Op) {
				t.Errorf("%s: %s was called", args, call.Op)
			}
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("written: %v: %v", files, err)
	}
}

// wantEveryVerb fails when a verb is missing in a list of command lines: who adds one adds
// what is tried with it.
func wantEveryVerb(t *testing.T, lines []string) {
	t.Helper()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			walk(below)
		}
		verb := strings.TrimPrefix(cmd.CommandPath(), "omc ")
		if !cmd.HasSubCommands() && !slices.ContainsFunc(lines, func(line string) bool { return line == verb || strings.HasPrefix(line, verb+" ") }) {
			t.Errorf("omc %s is not tried", verb)
		}
	}
	walk(command(&options{}))
}
