package doctest

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/stacks/environment"
)

// ops sources docs/ops.sh in a fresh bash with an AWS CLI that knows who asks, then runs a
// script, and returns what was printed.
func ops(t *testing.T, input, script string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	const cli = `#!/bin/sh
[ -z "$NOBODY" ] || { echo "Unable to locate credentials" >&2; exit 253; }
case "$1 $2" in
  "sts get-caller-identity") printf '012345\tarn:aws:sts::012345:assumed-role/operator/you\n' ;;
  "cloudwatch get-metric-data") echo "$METRICS" ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(cli), 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(filepath.Join(projectDir, "docs", "ops.sh"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"--noprofile", "--norc", "-c", "source " + file + ` "$@"; ` + script, "bash"}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(input)
	out, _ := cmd.CombinedOutput() // its status is that of the script's last command
	return string(out)
}

const show = `echo "set: ${ENV-} ${P-} ${API-} ${APP-} ${S-} ${NODE-} ${ACCOUNT-}"`

// lastLine is what the script printed last.
func lastLine(output string) string {
	return strings.TrimSpace(strings.TrimPrefix(lastLines(output, 1), "set:"))
}

// TestOpsEnvironments compares what docs/ops.sh sets with the environments.
func TestOpsEnvironments(t *testing.T) {
	for _, env := range environment.All() {
		services := map[string]environment.Service{}
		for _, s := range env.Cluster.Services {
			services[s.Key] = s
		}
		address := func(key string) string {
			host, _, _ := strings.Cut(strings.TrimPrefix(services[key].Checks[0].URL, "https://"), "/")
			return "https://" + host
		}
		base := env.Name + " " + env.Prefix + " " + address("backend") + " " + address("frontend") + " "
		tests := map[string]string{env.Name: "backend " + env.Cache.Nodes[0].ID}
		for _, s := range env.Cluster.Services {
			if want := env.Prefix + "-" + s.Key; s.Name != want {
				t.Errorf("the service %s is not called %s, as the commands take it", s.Name, want)
			}
			tests[env.Prefix+"/"+s.Key+"/cpu-high"] = s.Key + " " + env.Cache.Nodes[0].ID
			tests[env.Prefix+"/alb-"+s.Key+"/unhealthy-targets"] = s.Key + " " + env.Cache.Nodes[0].ID
		}
		for _, node := range env.Cache.Nodes {
			tests[env.Prefix+"/redis-"+node.Key+"/cpu-high"] = "backend " + node.ID
		}
		tests[env.Prefix+"-rds-free-storage"] = "backend " + env.Cache.Nodes[0].ID // an older alarm
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			want := base + tests[name] + " 012345"
			if out := ops(t, "", show, name); lastLine(out) != want {
				t.Errorf("given %s: got %q, want %q", name, out, want)
			}
			if out := ops(t, name+"\n", show); lastLine(out) != want {
				t.Errorf("answered %s: got %q, want %q", name, out, want)
			}
		}
	}
}

// TestOpsRefuses checks that nothing of another environment is left after a name that
// is none, nor when AWS knows nobody.
func TestOpsRefuses(t *testing.T) {
	file, err := filepath.Abs(filepath.Join(projectDir, "docs", "ops.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"prod", "Production", "stagin", "ohmycoins-prod", "ohmycoins-production/backend/cpu-high", "aws ecs describe-services"} {
		again := `source ` + file + ` "` + name + `" && echo succeeded; ` + show
		out := ops(t, "", again, "staging")
		if lastLine(out) != "" || strings.Contains(out, "succeeded") || !strings.Contains(out, `"`+name+`" is no environment and no alarm`) {
			t.Errorf("%q after staging: got %q", name, out)
		}
		// ENV that somebody exported counts for nothing.
		if out := ops(t, name+"\n", show); lastLine(out) != "" {
			t.Errorf("answered %q: got %q", name, out)
		}
	}
	t.Setenv("ENV", "production")
	if out := ops(t, "", show); lastLine(out) != "" {
		t.Errorf("with ENV exported and no answer: got %q", out)
	}
	t.Setenv("NOBODY", "1")
	if out := ops(t, "", show, "staging"); lastLine(out) != "" || !strings.Contains(out, "AWS does not know who you are") {
		t.Errorf("without credentials: got %q", out)
	}
}

// TestOpsQuestions checks that only the answer that is asked for goes on.
func TestOpsQuestions(t *testing.T) {
	for input, want := range map[string]string{
		"yes\n": "changed", "y\n": "", "YES\n": "", "no\n": "", "\n": "", "": "", "aws ecs update-service\n": "",
	} {
		out := ops(t, input, `confirm "Change it" && echo changed`, "staging")
		if got := strings.Contains(out, "\nchanged\n"); got != (want != "") {
			t.Errorf("confirm, answered %q: got %q", input, out)
		}
	}
	for input, want := range map[string]string{"4\n": "4", "four\n": "unset", "4; rm x\n": "unset", "": "unset", "\n": "unset"} {
		out := ops(t, input, `COUNT=8; ask COUNT '[0-9]+' "How many"; echo "${COUNT-unset}"`, "staging")
		if lastLine(out) != want {
			t.Errorf("ask, answered %q: got %q, want %q", input, out, want)
		}
	}
}

// TestOpsMetric checks that both versions of the AWS CLI give times as people read them.
func TestOpsMetric(t *testing.T) {
	const want = "CPUUtilization\t2026-11-23T02:00:00Z\t12"
	for _, at := range []string{`1795399200.0`, `"2026-11-23T02:00:00Z"`} {
		t.Setenv("METRICS", `{"MetricDataResults": [{"Label": "CPUUtilization", "Timestamps": [`+at+`], "Values": [12]}]}`)
		if out := ops(t, "", `metric AWS/ECS CPUUtilization Average 30 60 ClusterName=c`, "staging"); lastLine(out) != want {
			t.Errorf("time %s: got %q, want %q", at, out, want)
		}
	}
}

// TestAlarmSections checks that the section of each alarm begins with the line that makes
// it work in a fresh shell, and that the line asks.
func TestAlarmSections(t *testing.T) {
	doc, err := Read(filepath.Join(projectDir, "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]string{}
	for _, env := range environment.Names() {
		stack, err := reviewed(projectDir, env)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(linked, sections(stack))
	}
	if len(linked) == 0 {
		t.Fatal("no alarm links to the runbook")
	}
	for _, section := range slices.Sorted(maps.Keys(linked)) {
		i := slices.IndexFunc(doc.Blocks, func(b Block) bool { return b.Heading == section })
		if i < 0 || !doc.Blocks[i].opens() {
			t.Errorf("docs/runbook.md: the section %s does not begin with %s", section, Opening)
		}
	}
}
