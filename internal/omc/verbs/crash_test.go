package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// TestCrash kills the process after each of the calls that change something, once
// before anybody noticed that the call took effect, and then asks status and rollback.
func TestCrash(t *testing.T) {
	t.Parallel()
	// How often each call comes in a deployment that succeeds, after one that did.
	b := crashBench(t)
	before := map[string]int{}
	for _, op := range ops(b.cloud.Calls()) {
		before[op]++
	}
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	type point struct {
		op string
		n  int
	}
	var points []point
	seen := map[string]int{}
	for _, op := range ops(b.cloud.Calls()) {
		if seen[op]++; fakeaws.IsWrite(op) && seen[op] > before[op] {
			points = append(points, point{op, seen[op]})
		}
	}
	if len(points) < 10 {
		t.Fatalf("only %d writes: %v", len(points), points)
	}
	for _, at := range points {
		t.Run(fmt.Sprint(at.op, at.n), func(t *testing.T) {
			t.Parallel()
			b := crashBench(t)
			ctx, die := context.WithCancel(t.Context())
			// The call takes effect and is never answered, nor is any after it.
			b.cloud.Faults = []*fakeaws.Fault{{Op: at.op, After: at.n - before[at.op] - 1, Kind: fakeaws.Reset, Effect: true}}
			b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op == at.op && n == at.n {
					b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Reset}} })
					die()
				}
			}
			_, _ = b.app.Deploy(ctx, b.opt)
			b.cloud.Lock(func() { b.cloud.Faults, b.cloud.OnCall = nil, nil })
			b.afterCrash()
		})
	}
}

// crashBench is a bench on which one deployment has succeeded and the next would.
func crashBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	b.cloud.Clock.Advance(time.Hour)
	b.dirty()
	b.opt.AllowDirty = true
	return b
}

// afterCrash does what an operator does who finds a dead deployment.
func (b *bench) afterCrash() {
	b.t.Helper()
	later := b.another()
	status, err := later.app.Status(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	finished := status.Lock == nil // the crash was after the end
	if !finished {
		b.cloud.Clock.Advance(time.Minute + time.Second)
		if _, err := later.app.Rollback(b.t.Context(), RollbackOptions{}); err == nil || !strings.Contains(err.Error(), "omc unlock staging") {
			b.t.Errorf("rollback with a dead lock: %v", err)
		}
		if status, err = later.app.Status(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
		contains(b.t, status.LockText, "whoever held it is most likely gone: no sign of life for ")
		if !slices.Contains(status.Next, "omc unlock staging") {
			b.t.Errorf("next: %v", status.Next)
		}
		plan, err := later.app.PlanUnlock(b.t.Context())
		if err != nil || plan.Lock == nil {
			b.t.Fatalf("%+v: %v", plan, err)
		}
		if done, err := later.app.Unlock(b.t.Context(), plan); err != nil || !done.Removed {
			b.t.Fatalf("%+v: %v", done, err)
		}
	}
	changed := b.runs("backend") != "ohmycoins-staging-backend:48" || b.runs("frontend") != "ohmycoins-staging-frontend:48"
	if status.Last != nil && status.Last.Outcome == report.Succeeded && changed {
		return // only the lock was left
	}
	if changed && !finished && !slices.Contains(status.Next, "omc rollback staging") {
		b.t.Errorf("services were changed, but status does not say so: %s %v", status.LastText, status.Next)
	}
	if !changed {
		return
	}
	if result, err := later.app.Rollback(b.t.Context(), RollbackOptions{}); err != nil {
		b.t.Fatalf("%v: %v\n%s", result.Outcome, err, later.log.text())
	}
	for _, key := range []string{"backend", "frontend"} {
		if got := b.runs(key); got != "ohmycoins-staging-"+key+":48" {
			b.t.Errorf("%s runs %s, want what the last good deployment rolled out", key, got)
		}
	}
	if b.locked() {
		b.t.Error("still locked")
	}
}
