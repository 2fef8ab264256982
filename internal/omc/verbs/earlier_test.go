package verbs

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// dieMigrating is a bench whose deployment was killed while its migration ran, and whose
// lock was removed.
func dieMigrating(t *testing.T, op string) (b, later *bench) {
	t.Helper()
	b = newBench(t)
	b.cloud.Migration.Polls = 8
	ctx, die := context.WithCancel(t.Context())
	b.cloud.OnCall = func(got string, n int, _ <-chan struct{}) {
		if got == op && n == b.cloud.Count(op) && b.cloud.Count("RunTask") > 0 {
			b.cloud.Lock(func() { b.cloud.Faults, b.cloud.OnCall = []*fakeaws.Fault{{Kind: fakeaws.Reset}}, nil })
			die()
		}
	}
	b.cloud.Faults = []*fakeaws.Fault{{Op: "RunTask", Kind: fakeaws.Reset, Effect: true}}
	if op != "RunTask" {
		b.cloud.Faults = nil
	}
	_, _ = b.app.Deploy(ctx, b.opt)
	b.cloud.Lock(func() { b.cloud.Faults = nil })
	if b.cloud.Running() != 1 || !b.locked() {
		t.Fatalf("%d migrations run, locked: %v", b.cloud.Running(), b.locked())
	}
	b.cloud.Clock.Advance(time.Minute + time.Second)
	later = b.another()
	status, err := later.app.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contains(t, status.LastText, "the migration of backend may still run (task ", "started by omc-")
	plan, err := later.app.PlanUnlock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.app.Unlock(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	return b, later
}

// Never do two migrations run at once, also when nobody is left who waits for the first.
func TestMigrationOfADeadDeployment(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"RunTask", "DescribeTasks"} {
		t.Run("killed at "+op, func(t *testing.T) {
			t.Parallel()
			b, later := dieMigrating(t, op)
			at := 0
			b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
				if op == "RunTask" {
					at = b.cloud.Running()
				}
			}
			if result, err := later.deploy(); err != nil {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			if at != 1 || len(b.cloud.StopReasons()) != 0 {
				t.Errorf("%d migrations ran at once, %d were stopped", at, len(b.cloud.StopReasons()))
			}
			contains(t, later.log.text(), "a migration of an earlier deployment still runs: task ", "the migration of the earlier deployment has ended")
			if record := b.record(); record.Services[0].Migration == nil || !record.Services[0].Migration.Ended || !strings.Contains(record.Services[0].Migration.Task, ":task/") {
				t.Errorf("record: %+v", record.Services[0].Migration)
			}
		})
	}
	t.Run("it never ends", func(t *testing.T) {
		t.Parallel()
		b, later := dieMigrating(t, "DescribeTasks")
		b.cloud.Migration.Polls = 1 << 20
		later.opt.Timeout = 2 * time.Minute
		at := 0
		b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
			switch op {
			case "StopTask":
				b.cloud.Lock(func() { b.cloud.Migration.Polls = 2 })
			case "RunTask":
				at = b.cloud.Running()
			}
		}
		if result, err := later.deploy(); err != nil {
			t.Fatalf("%v: %v", result.Outcome, err)
		}
		if at != 1 || len(b.cloud.StopReasons()) != 1 {
			t.Errorf("%d migrations ran at once, %d were stopped", at, len(b.cloud.StopReasons()))
		}
		contains(t, later.log.text(), "was told to stop")
	})
	t.Run("Ctrl-C while waiting for it", func(t *testing.T) {
		t.Parallel()
		b, later := dieMigrating(t, "DescribeTasks")
		later.app.interrupt = b.app.interrupt
		waiting := b.cloud.Count("DescribeTasks") + 2
		b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
			if op == "DescribeTasks" && n == waiting {
				b.stop()
			}
		}
		result, err := later.deploy()
		if result.Outcome != report.Interrupted || len(b.cloud.StopReasons()) != 0 || b.cloud.Count("RunTask") != 1 {
			t.Errorf("%v: %v", result.Outcome, err)
		}
	})
}
