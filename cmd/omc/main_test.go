package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "omc-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "omc")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// outcome is what a process left.
type outcome struct {
	status         int
	stdout, stderr string
	cpu            time.Duration
}

// omc runs the command in dir against a scripted AWS.
func omc(t testing.TB, cloud *fakeaws.Cloud, dir, stdin string, env []string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}, env...)
	cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+cloud.URL)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// What the test did to the cloud is done before the process calls it, and the other
	// way round; the race detector cannot see that through another process.
	cloud.Lock(func() {})
	_ = cmd.Run() // the status says it
	cloud.Lock(func() {})
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// TestInterruptedProcess presses Ctrl-C on a real process in the middle of a
// deployment: it puts back what ran before and says so with its status. So does one whose
// terminal is gone, and one whose output nobody reads any more. It comes first, because it
// takes longest: the others run meanwhile.
func TestInterruptedProcess(t *testing.T) {
	t.Parallel()
	// All at once, and not as many as there are processors: they do nothing but wait.
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for name, test := range map[string]struct {
		signal os.Signal
		deaf   bool // nobody reads its output any more
	}{
		"Ctrl-C":               {os.Interrupt, false},
		"the terminal is gone": {syscall.SIGHUP, true},
		"into a pipe, Ctrl-C":  {os.Interrupt, true},
	} {
		run := func(t *testing.T) {
			cloud := newCloud(t)
			cloud.Migration.Polls = 1
			for _, key := range []string{"backend", "frontend"} {
				cloud.Repositories["omc-"+key].Images["x"] = fakeaws.Digest(key)
				cloud.Services["ohmycoins-staging-"+key].Script = []fakeaws.Rollout{{End: fakeaws.Hangs}, {Looks: 1}}
			}
			cmd := exec.CommandContext(t.Context(), program, "deploy", "staging",
				"--image", "backend=omc-backend@"+fakeaws.Digest("backend"), "--image", "frontend=omc-frontend@"+fakeaws.Digest("frontend"))
			cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+cloud.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdout, cmd.Stderr = writer, writer
			started := make(chan *os.Process, 1)
			cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op == "PutObject" && n == 7 { // the record of the services' updates
					if test.deaf {
						_ = reader.Close()
					}
					process := <-started
					_ = process.Signal(test.signal)
				}
			}
			cloud.Lock(func() {})
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = writer.Close()
			said := make(chan string, 1)
			go func() {
				text, _ := io.ReadAll(reader)
				said <- string(text)
			}()
			started <- cmd.Process
			_ = cmd.Wait()
			cloud.Lock(func() {})
			output := <-said
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("status %d (%s), want 130:\n%s", got, cmd.ProcessState, output)
			}
			if !test.deaf && !strings.Contains(output, "omc deploy staging: interrupted, rolled back") {
				t.Errorf("output:\n%s", output)
			}
			for _, key := range []string{"backend", "frontend"} {
				service := cloud.Services["ohmycoins-staging-"+key]
				if got := service.Deployments[0].Definition; !strings.HasSuffix(got, ":41") {
					t.Errorf("%s runs %s, want what ran before", key, got)
				}
			}
			if n := cloud.Count("UpdateService"); n != 4 {
				t.Errorf("%d updates of services, want two there and two back", n)
			}
			if _, locked := cloud.Objects["ohmycoins-terraform-state/deployments/staging/lock.json"]; locked {
				t.Error("the lock is still held")
			}
		}
		waiting.Go(func() { t.Run(name, run) })
	}
}

// TestInvalidEnvironment builds omc with mistakes in an environment: nothing is called.
func TestInvalidEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, err := filepath.Abs(filepath.Join("..", "..", "stacks", "environment", "staging.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.NewReplacer("TimeoutMinutes: 15", "TimeoutMinutes: -1", `"ohmycoins-staging-cluster"`, `"arn:x"`).Replace(string(text))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: filepath.Join(dir, "staging.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"staging.go": wrong, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "omc")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	for _, verb := range []string{"status", "deploy"} {
		cmd := exec.CommandContext(t.Context(), program, verb, "staging")
		out, _ := cmd.CombinedOutput() // the status says it
		if status := cmd.ProcessState.ExitCode(); status != 2 {
			t.Errorf("%s: exit status %d", verb, status)
		}
		for _, want := range []string{
			`staging: Cluster.Name: is "arn:x", want a name in AWS`,
			"staging: Deployment.TimeoutMinutes: is -1, want 0 (the default of 15) or 1 to 1440",
		} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: %q is missing in:\n%s", verb, want, out)
			}
		}
	}
}

func newCloud(t *testing.T) *fakeaws.Cloud {
	t.Helper()
	cloud := fakeaws.New(environment.Staging())
	t.Cleanup(cloud.Close)
	return cloud
}

const someImage = "omc-backend@sha256:0000000000000000000000000000000000000000000000000000000000000000"

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args   string
		status int
		want   string
	}{
		{"", 0, "Usage:"},
		{"--help", 0, "Exit status: 0 done; 1 failed"},
		{"--version", 0, "omc "},
		{"deploy", 2, `ENV: is "", want staging or production: omc deploy staging`},
		{"deploy nowhere", 2, `ENV: is "nowhere", want staging or production`},
		{"deploy staging production", 2, `ENV: is "staging production"`},
		{"deploy staging --builder make", 2, `--builder: is "make", want docker, buildah, podman`},
		{"deploy staging --image other=" + someImage, 2, `--image: service is "other", want backend or frontend`},
		{"deploy staging --timeout -1m", 2, "--timeout: is -1m0s, want a positive duration"},
		{"deploy staging --timeout 0s", 2, "--timeout: is 0s, want a positive duration"},
		{"rollback staging --timeout 0", 2, "--timeout: is 0s, want a positive duration"},
		{"deploy staging --nonsense", 2, "unknown flag"},
		{"status staging --output xml", 2, `--output: is "xml", want text, json or markdown`},
		{"rollback staging --to 41", 2, "add --service backend or --service frontend"},
		{"rollback staging --service other", 2, `--service: is "other", want backend or frontend`},
		{"completion bash", 0, "__start_omc"},
		{"__complete deploy ", 0, "staging\nproduction"},
		{"nonsense staging", 2, "unknown command"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			got := omc(t, newCloud(t), t.TempDir(), "", nil, strings.Fields(test.args)...)
			if strings.HasSuffix(test.args, " ") { // completion of an empty word
				got = omc(t, newCloud(t), t.TempDir(), "", nil, append(strings.Fields(test.args), "")...)
			}
			if got.status != test.status || !strings.Contains(got.stdout+got.stderr, test.want) {
				t.Errorf("status %d, want %d with %q; output:\n%s%s", got.status, test.status, test.want, got.stdout, got.stderr)
			}
		})
	}
}

// TestImports guards what a command costs that people type all the time: cdktf starts
// Node, and its bindings alone take longer to load than status takes.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	for _, name := range packages {
		for _, heavy := range []string{"cdktf", "jsii", "constructs-go", "terraform"} {
			if strings.Contains(name, heavy) {
				t.Errorf("the command imports %s", name)
			}
		}
	}
	if len(packages) < 100 {
		t.Errorf("only %d packages", len(packages))
	}
}

// TestCalls counts what a command asks AWS for: each call is at least a round trip.
func TestCalls(t *testing.T) {
	t.Parallel()
	for args, most := range map[string]int{
		"--help": 0,
		// Who, the services and a task definition of each, the alarms, the lock, the records.
		"status staging": 7,
	} {
		cloud := newCloud(t)
		if got := omc(t, cloud, t.TempDir(), "", nil, strings.Fields(args)...); got.status != 0 {
			t.Errorf("%s: status %d: %s", args, got.status, got.stderr)
		}
		var called []string
		for _, call := range cloud.Calls() {
			called = append(called, call.Op)
		}
		if len(called) != most {
			t.Errorf("%s: %d calls, want %d: %v", args, len(called), most, called)
		}
	}
}

// BenchmarkCPU measures what a command costs of our own time.
func BenchmarkCPU(b *testing.B) {
	for _, args := range []string{"--help", "status staging"} {
		b.Run(args, func(b *testing.B) {
			cloud := fakeaws.New(environment.Staging())
			b.Cleanup(cloud.Close)
			var cpu time.Duration
			for b.Loop() {
				cpu += omc(b, cloud, b.TempDir(), "", nil, strings.Fields(args)...).cpu
			}
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// Programs that read JSON get some also from a command that fails, whatever is wrong.
func TestFailuresInJSON(t *testing.T) {
	t.Parallel()
	for args, outcome := range map[string]report.Outcome{
		"deploy nowhere --output json":                          report.NothingChanged,
		"deploy staging --nonsense --output=json":               report.NothingChanged,
		"deploy staging --output json --timeout 0s":             report.NothingChanged,
		"deploy staging --output json --image x":                report.NothingChanged,
		"deploy staging --output json --service other":          report.NothingChanged,
		"rollback staging --output json --to x":                 report.NothingChanged,
		"secrets put staging --output json":                     report.NothingChanged,
		"secrets put production --output json --file none.json": report.NothingChanged,
		"nonsense --output json":                                report.NothingChanged,
		"secrets nonsense --output json":                        report.NothingChanged,
		"rollback staging --output json":                        report.NothingChanged,
	} {
		got := omc(t, newCloud(t), t.TempDir(), "", nil, strings.Fields(args)...)
		var ending report.Ending
		if err := json.Unmarshal([]byte(got.stdout), &ending); err != nil || got.status != 2 || ending.Outcome != outcome || ending.Error == "" {
			t.Errorf("%s: status %d, %v: %s%s", args, got.status, err, got.stdout, got.stderr)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
	got := omc(t, cloud, t.TempDir(), "", nil, "status", "staging")
	for _, want := range []string{"backend   ACTIVE  ohmycoins-staging-backend:41   2/2    COMPLETED  omc-backend@sha256:", "ALARM ohmycoins-staging/alb/5xx-high", "Last deployment: none"} {
		if got.status != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("status %d, want %q in:\n%s%s", got.status, want, got.stdout, got.stderr)
		}
	}
	got = omc(t, cloud, t.TempDir(), "", nil, "status", "staging", "--output", "json")
	var status verbs.Status
	if err := json.Unmarshal([]byte(got.stdout), &status); err != nil || len(status.Services) != 2 || status.Services[0].Desired != 2 {
		t.Errorf("%v: %s", err, got.stdout)
	}
}

func TestDeployDryRun(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	for _, key := range []string{"backend", "frontend"} {
		cloud.Repositories["omc-"+key].Images["x"] = fakeaws.Digest(key)
	}
	summary := filepath.Join(t.TempDir(), "summary.md")
	got := omc(t, cloud, t.TempDir(), "", []string{"GITHUB_STEP_SUMMARY=" + summary},
		"deploy", "staging", "--dry-run", "--output", "json",
		"--image", "backend=omc-backend@"+fakeaws.Digest("backend"), "--image", "frontend=omc-frontend@"+fakeaws.Digest("frontend"))
	var result verbs.Result
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.status != 0 || result.Outcome != report.Planned {
		t.Fatalf("status %d, %v:\n%s%s", got.status, err, got.stdout, got.stderr)
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.Contains(string(text), "### omc deploy staging: planned") {
		t.Errorf("step summary: %v %s", err, text)
	}
	for _, call := range cloud.Calls() {
		if fakeaws.IsWrite(call.Op) {
			t.Errorf("%s was called", call.Op)
		}
	}
}

func TestPrerequisitesAreListed(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
	got := omc(t, cloud, t.TempDir(), "", []string{"GITHUB_ACTIONS=true"}, "deploy", "staging")
	for _, want := range []string{"working tree: git rev-parse", "builder: docker", "alarm ohmycoins-staging/alb/5xx-high: it is in ALARM", "::error title=omc::"} {
		if got.status != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("status %d, want %q in:\n%s", got.status, want, got.stderr)
		}
	}
	if !strings.Contains(got.stdout, "omc deploy staging: nothing changed") || strings.Contains(got.stdout, "ALARM") {
		t.Errorf("standard output:\n%s", got.stdout)
	}
}

// Production asks for its name, after it has shown what would be done.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	production := func() *fakeaws.Cloud {
		cloud := fakeaws.New(environment.Production())
		t.Cleanup(cloud.Close)
		for _, key := range []string{"backend", "frontend"} {
			cloud.Repositories["omc-"+key].Images["x"] = fakeaws.Digest(key)
		}
		return cloud
	}
	for command, plan := range map[string]string{
		"rollback production --service backend --to 41":                                     "backend: ohmycoins-prod-backend:48 -> ohmycoins-prod-backend:41 (--to)",
		"deploy production --image backend=omc-backend@%b --image frontend=omc-frontend@%f": "frontend: would update ohmycoins-prod-frontend",
	} {
		command = strings.NewReplacer("%b", fakeaws.Digest("backend"), "%f", fakeaws.Digest("frontend")).Replace(command)
		for answer, asked := range map[string]bool{"": true, "staging\n": true, "yes\n": true} {
			cloud := production()
			cloud.Runs("backend", 48)
			got := omc(t, cloud, t.TempDir(), answer, nil, strings.Fields(command)...)
			shown, question := strings.Index(got.stderr, plan), strings.Index(got.stderr, `Type "production" to go on: `)
			if refused := strings.Contains(got.stderr, `want "production": nothing was changed`); got.status != 2 || refused != asked || shown < 0 || question < shown {
				t.Errorf("%s, %q: status %d:\n%s", command, answer, got.status, got.stderr)
			}
			for _, call := range cloud.Calls() {
				if fakeaws.IsWrite(call.Op) {
					t.Errorf("%s, %q: %s was called", command, answer, call.Op)
				}
			}
		}
		cloud := production()
		cloud.Runs("backend", 48)
		cloud.Services["ohmycoins-prod-backend"].Desired = 0 // nobody is asked about what cannot be done
		if got := omc(t, cloud, t.TempDir(), "production\n", nil, strings.Fields(command)...); got.status != 2 || strings.Contains(got.stderr, "Type") {
			t.Errorf("%s: status %d:\n%s", command, got.status, got.stderr)
		}
		if got := omc(t, cloud, t.TempDir(), "", nil, append(strings.Fields(command), "--yes")...); strings.Contains(got.stderr, "Type") {
			t.Errorf("--yes: %s", got.stderr)
		}
	}
}

// A result that nobody reads changes neither what was done nor how it ended.
func TestUnwritableOutput(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		o := &options{output: format, stdout: broken{}, stderr: os.Stderr, getenv: func(string) string { return "" }}
		if err := o.finish(verbs.Result{Ending: report.Ending{Outcome: report.Succeeded}}, nil); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestUnlock(t *testing.T) {
	t.Parallel()
	const key = "ohmycoins-terraform-state/deployments/staging/lock.json"
	cloud := newCloud(t)
	if got := omc(t, cloud, t.TempDir(), "", nil, "unlock", "staging"); got.status != 0 || !strings.Contains(got.stdout, "staging is not locked") {
		t.Errorf("status %d: %s", got.status, got.stderr)
	}
	cloud.Objects[key] = fakeaws.Object{Body: `{"id":"x","verb":"deploy","owner":"mallory","host":"laptop","time":"2026-01-02T03:04:05Z","timeoutSeconds":60}`, ETag: `"x"`}
	for _, test := range []struct {
		stdin string
		args  []string
		left  bool
	}{
		{"", []string{"unlock", "staging"}, true},
		{"", []string{"unlock", "staging", "--dry-run"}, true},
		{"staging\n", []string{"unlock", "staging"}, false},
	} {
		got := omc(t, cloud, t.TempDir(), test.stdin, nil, test.args...)
		if !strings.Contains(got.stderr, "held: deploy by mallory on laptop") {
			t.Errorf("%v: status %d: %s", test.args, got.status, got.stderr)
		}
		if _, left := cloud.Objects[key]; left != test.left {
			t.Errorf("%v: the lock is still there: %v, want %v", test.args, left, test.left)
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	signals, interrupt := make(chan os.Signal), make(chan struct{})
	ctx, giveUp := context.WithCancel(t.Context())
	go onSignals(signals, interrupt, giveUp, io.Discard)
	signals <- os.Interrupt
	<-interrupt
	if ctx.Err() != nil {
		t.Fatal("the first signal gave up")
	}
	signals <- os.Interrupt
	<-ctx.Done()
}
