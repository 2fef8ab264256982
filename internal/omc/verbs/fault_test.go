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

// An ending is how a verb has to end, and which revision then runs.
type ending struct {
	status int
	runs   string
}

// faults are what omc was tried with: a call of a deployment or a rollback, what becomes
// of it, and how often. Both start from 48, over 41; the deployment brings 49.
var faults = []struct {
	fault            fakeaws.Fault
	deploy, rollback ending
}{
	// A call that fails now and then is tried again, whether it took effect or not.
	{fakeaws.Fault{Times: 2, Kind: fakeaws.Throttled}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 3, Kind: fakeaws.Throttled}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 3, Kind: fakeaws.Broken}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 3, Kind: fakeaws.Broken, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 12, Kind: fakeaws.Reset}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 12, Kind: fakeaws.Reset, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 2, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 2, Kind: fakeaws.Hang, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 2, Kind: fakeaws.Malformed, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 2, Kind: fakeaws.HTML}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Times: 2, Kind: fakeaws.Empty, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 1, Times: 3, Kind: fakeaws.Throttled}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 1, Times: 3, Kind: fakeaws.Broken}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 1, Times: 3, Kind: fakeaws.Reset}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 3, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.Malformed}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.HTML}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.Empty}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RegisterTaskDefinition", Times: 2, Kind: fakeaws.Empty, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RegisterTaskDefinition", Times: 1, Kind: fakeaws.Hang, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeTaskDefinition", Times: 1, Kind: fakeaws.Empty}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RunTask", Times: 2, Kind: fakeaws.Reset, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RunTask", Times: 1, Kind: fakeaws.Hang, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RunTask", Times: 1, Kind: fakeaws.Empty, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeTasks", Times: 2, Kind: fakeaws.Malformed}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeTasks", Times: 2, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "PutObject", Times: 1, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "PutObject", Times: 1, Kind: fakeaws.Hang, Effect: true}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "PutObject", After: 3, Times: 1, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	// The last record of a rollback, and of a deployment.
	{fakeaws.Fault{Op: "PutObject", After: 4, Times: 1, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "PutObject", After: 7, Times: 1, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DeleteObject", Times: 2, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DeleteObject", Times: 8, Kind: fakeaws.Reset}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "GetObject", After: 2, Times: 1, Kind: fakeaws.Hang}, ending{0, "49"}, ending{0, "41"}},

	// What ECS does not know yet is waited for.
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.Stale}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 10, Kind: fakeaws.Stale}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.Missing}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 10, Kind: fakeaws.Missing}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeTasks", Times: 1, Kind: fakeaws.Missing}, ending{0, "49"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "DescribeTasks", Times: 5, Kind: fakeaws.Missing}, ending{0, "49"}, ending{0, "41"}},

	// What is refused changes nothing.
	{fakeaws.Fault{Kind: fakeaws.Expired}, ending{2, "48"}, ending{2, "48"}},
	{fakeaws.Fault{Kind: fakeaws.Denied}, ending{2, "48"}, ending{2, "48"}},
	{fakeaws.Fault{Op: "RegisterTaskDefinition", Kind: fakeaws.Denied}, ending{1, "48"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "RunTask", Kind: fakeaws.Denied}, ending{1, "48"}, ending{0, "41"}},
	{fakeaws.Fault{Op: "UpdateService", Kind: fakeaws.Denied}, ending{1, "48"}, ending{2, "48"}},
	{fakeaws.Fault{Op: "UpdateService", Kind: fakeaws.Expired}, ending{1, "48"}, ending{2, "48"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Kind: fakeaws.Denied}, ending{3, "49"}, ending{3, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Kind: fakeaws.Expired}, ending{3, "49"}, ending{3, "41"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 3, Kind: fakeaws.Expired}, ending{0, "49"}, ending{0, "41"}},

	// What never ends is an outage.
	{fakeaws.Fault{Op: "UpdateService", Kind: fakeaws.Reset}, ending{3, "48"}, ending{3, "48"}},
	{fakeaws.Fault{Op: "DescribeServices", After: 2, Kind: fakeaws.Missing}, ending{3, "48"}, ending{3, "41"}},
}

// TestFaults runs a deployment and a rollback through every fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	verbs := map[string]func(*bench) (Result, error){
		verbDeploy:   func(b *bench) (Result, error) { return b.deployAgain() },
		verbRollback: func(b *bench) (Result, error) { return b.app.Rollback(b.t.Context(), RollbackOptions{}) },
	}
	for i, test := range faults {
		for verb, do := range verbs {
			want := map[string]ending{verbDeploy: test.deploy, verbRollback: test.rollback}[verb]
			f := test.fault
			// A rollback describes the services once before it updates them, a deployment twice.
			if f.Op == "DescribeServices" && verb == verbRollback {
				f.After--
			}
			name := fmt.Sprintf("%d %s %s %s after %d times %d effect %v", i, verb, f.Op, f.Kind, f.After, f.Times, f.Effect)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				if _, err := b.deploy(); err != nil {
					t.Fatal(err)
				}
				b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{&f} })
				result, err := do(b)
				if result.ExitStatus() != want.status || (err == nil) != (want.status == 0) {
					t.Fatalf("%v: %v, want status %d\n%s\n%s", result.Outcome, err, want.status, strings.Join(result.State, "\n"), b.log.text())
				}
				runs := want.runs
				if f.Op == "RegisterTaskDefinition" && f.Effect && runs == "49" { // it was registered more than once
					for _, key := range []string{"backend", "frontend"} {
						if strings.HasSuffix(b.runs(key), ":48") {
							t.Errorf("%s runs %s", key, b.runs(key))
						}
					}
				} else {
					b.mustRun(runs, runs)
				}
				b.cloud.Lock(func() { b.cloud.Faults = nil })
				if b.locked() && !strings.Contains(strings.Join(result.State, "\n"), "omc unlock staging") {
					t.Errorf("still locked, and nobody says so: %v", result.State)
				}
				if err == nil { // then the record says so, too
					if record := b.record(); record.Outcome != report.Succeeded || record.Verb != verb || b.locked() {
						t.Errorf("record: %+v, locked: %v", record, b.locked())
					}
				}
				if n := len(b.cloud.StopReasons()); n > 0 {
					t.Errorf("%d migrations were stopped", n)
				}
			})
		}
	}
}

// Nothing is believed at once that contradicts what ECS answered; what it insists on is.
func TestSettling(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "DescribeServices", After: 2, Times: 14, Kind: fakeaws.Stale}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.RolledBack {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, err.Error(), "our deployment ecs-svc/", "is gone")
	b.runsAsBefore()

	b = newBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "DescribeTasks", Kind: fakeaws.Missing}}
	if result, err = b.deploy(); err == nil || result.Outcome != report.Failed {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, err.Error(), "ECS has not known the task for 1m0s")
}

// An answer of the application decides about the application only, whatever it says.
func TestAnswerOfTheApplication(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"could not get credentials for the database", "get identity: get credentials: ExpiredToken", "RequestExpired"} {
		b := newBench(t)
		b.cloud.Answers["/app/backend/api/v1/utils/health-check/"] = fakeaws.Answer{Status: 200, Body: text}
		result, err := b.deploy()
		if err == nil || result.Outcome != report.RolledBack || result.ExitStatus() != 1 {
			t.Errorf("%s: %v: %v", text, result.Outcome, err)
		}
		b.runsAsBefore()
	}
}

// Every update is refused: nothing runs that did not run before, and the end says what did
// happen.
func TestEveryUpdateRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "UpdateService", Kind: fakeaws.Denied}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.Failed || result.ExitStatus() != 1 || b.locked() {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	state := strings.Join(result.State, "\n")
	contains(t, state, "no service was touched", "the migration of backend was started",
		"ohmycoins-staging-backend runs ohmycoins-staging-backend:41, as before (2 of 2 tasks)")
	if strings.Contains(state, ":48") || strings.Contains(state, "omc rollback") || result.Services[0].Touched {
		t.Error(state)
	}
}

// What runs cannot be started again: there would be no way back.
func TestInactiveRevision(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		b := newBench(t)
		b.cloud.Inactive = "ohmycoins-staging-backend:41"
		b.opt.DryRun = dry
		result, err := b.deploy()
		if err == nil || result.Outcome != report.NothingChanged || b.cloud.Count("RegisterTaskDefinition") > 0 {
			t.Fatalf("dry run %v: %v: %v", dry, result.Outcome, err)
		}
		contains(t, err.Error(), "service ohmycoins-staging-backend: it runs ohmycoins-staging-backend:41, which is INACTIVE", "no way back", "--no-rollback")
	}
	b := newBench(t)
	b.cloud.Inactive = "ohmycoins-staging-backend:41"
	b.opt.NoRollback = true
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.Failed {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	state := strings.Join(result.State, "\n")
	contains(t, state, "ohmycoins-staging-backend:41 is INACTIVE, and ECS starts no tasks of it", "--task-definition ohmycoins-staging-frontend:41")
	if strings.Contains(state, "--task-definition ohmycoins-staging-backend:41") {
		t.Errorf("it advises what ECS refuses:\n%s", state)
	}
}

// What stands in the way of one service is no matter for the rollback of another.
func TestRollbackOfOneServiceOnly(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench){
		"no tasks":   func(b *bench) { b.service("frontend").Desired = 0 },
		"inactive":   func(b *bench) { b.service("frontend").Status = "INACTIVE" },
		"no service": func(b *bench) { delete(b.cloud.Services, "ohmycoins-staging-frontend") },
	} {
		b := newBench(t)
		if _, err := b.deploy(); err != nil {
			t.Fatal(err)
		}
		change(b)
		result, err := b.another().app.Rollback(t.Context(), RollbackOptions{Service: "backend", To: "41"})
		if err != nil || !strings.HasSuffix(b.runs("backend"), ":41") {
			t.Errorf("%s: %v: %v", name, result.Outcome, err)
		}
	}
}

// The rollback of a deployment has a time of its own.
func TestRollbackHasItsOwnTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.Timeout = time.Minute
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}, {Looks: 100}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.RolledBack {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	b.runsAsBefore()
}

// A task definition without tags, or with none but AWS's own, can be deployed.
func TestNoTags(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string][]any{
		"none":      nil,
		"only aws:": {map[string]any{"key": "aws:cloudformation:stack-name", "value": "x"}},
	} {
		b := newBench(t)
		for _, definition := range b.cloud.Definitions {
			definition["tags"] = tags
		}
		if result, err := b.deploy(); err != nil {
			t.Errorf("%s: %v: %v", name, result.Outcome, err)
		}
	}
}

// Each migration is a request of its own.
func TestTwoMigrations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	env := b.cloud.Env
	env.Cluster.Services = slices.Clone(env.Cluster.Services)
	for i := range env.Cluster.Services {
		env.Cluster.Services[i].Migration = []string{"migrate", env.Cluster.Services[i].Key}
	}
	b.cloud.Permissions = nil // those of the environment are for one migration
	app := New(Config{Environment: env, AWS: b.cloud.Config(), Clock: b.cloud.Clock, Reporter: b.log})
	if result, err := app.Deploy(t.Context(), b.opt); err != nil || b.cloud.Count("RunTask") != 2 {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, b.log.text(), "backend: the migration succeeded", "frontend: the migration succeeded")
}
