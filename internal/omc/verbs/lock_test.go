package verbs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// lockVerb returns what the holder of the lock does, "" when nobody holds it. It is for
// hooks of the cloud.
func (b *bench) lockVerb() string {
	lock := ""
	b.cloud.Lock(func() { lock = b.cloud.Objects[lockObject].Body })
	for _, verb := range []string{"deploy", "rollback", "secrets put", "alarms test"} {
		if strings.Contains(lock, `"verb": "`+verb+`"`) {
			return verb
		}
	}
	return lock
}

// takeLock makes somebody else have the lock, by way of omc unlock.
func (b *bench) takeLock() {
	b.cloud.Lock(func() {
		b.cloud.Objects[lockObject] = fakeaws.Object{Body: `{"id":"other","owner":"mallory","host":"laptop"}`, ETag: `"x"`}
	})
}

// TestSmallChangesTakeTheLock holds that nothing is changed while somebody deploys, and
// that nobody can deploy while something is changed.
func TestSmallChangesTakeTheLock(t *testing.T) {
	t.Parallel()
	verbs := map[string]struct {
		write string
		do    func(b *bench) (report.Ending, error)
		plan  func(b *bench) (report.Ending, report.Page, error)
	}{
		"secrets put": {
			write: "PutSecretValue",
			do:    func(b *bench) (report.Ending, error) { c, err := b.put(); return c.Ending, err },
			plan: func(b *bench) (report.Ending, report.Page, error) {
				c, err := b.app.PlanSecret(b.t.Context(), []byte(newValue))
				return c.Ending, c.Page(), err
			},
		},
		"alarms test": {
			write: "SetAlarmState",
			do:    func(b *bench) (report.Ending, error) { c, err := b.alarmTest(); return c.Ending, err },
			plan: func(b *bench) (report.Ending, report.Page, error) {
				c, err := b.app.PlanAlarmTest(b.t.Context())
				return c.Ending, c.Page(), err
			},
		},
	}
	for name, verb := range verbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newAlarmBench(t)
			other := b.another()
			refused := 0
			b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op != verb.write || n > 1 {
					return
				}
				if got := b.lockVerb(); got != name {
					t.Errorf("lock during %s: %q", op, got)
				}
				if result, err := other.deploy(); result.Outcome == report.NothingChanged && strings.Contains(fmt.Sprint(err), "somebody else holds the lock: "+name+" by ") {
					refused++
				}
			}
			if ending, err := verb.do(b); err != nil || ending.Outcome != report.Succeeded || refused != 1 || b.locked() {
				t.Errorf("%+v: %v, %d deployments refused, locked: %v", ending, err, refused, b.locked())
			}
		})
		t.Run(name+" while somebody deploys", func(t *testing.T) {
			t.Parallel()
			b := newAlarmBench(t)
			b.lockedBy(b.cloud.Clock.Now())
			before := b.lockVerb()
			ending, page, err := verb.plan(b)
			if ending.ExitStatus() != 2 || len(ending.Findings) != 1 || len(page.Rows) != 2 {
				t.Errorf("%+v: %v, want the finding and what would be done: %+v", ending, err, page)
			}
			if b.cloud.Count(verb.write)+b.cloud.Count("PutObject") > 0 || b.lockVerb() != before {
				t.Error("something was written")
			}
		})
		t.Run(name+" when somebody begins to deploy", func(t *testing.T) {
			t.Parallel()
			b := newAlarmBench(t)
			b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op == "PutObject" && n == 1 { // our lock has just been taken
					b.takeLock()
				}
			}
			ending, err := verb.do(b)
			if ending.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), "the lock is lost: it was taken by mallory on laptop") {
				t.Errorf("%+v: %v", ending, err)
			}
			if b.cloud.Count(verb.write) > 0 || !b.locked() {
				t.Errorf("%d writes, locked: %v", b.cloud.Count(verb.write), b.locked())
			}
		})
		t.Run(name+", a dry run", func(t *testing.T) {
			t.Parallel()
			b := newAlarmBench(t)
			if ending, _, err := verb.plan(b); err != nil || ending.Outcome != report.Planned || b.cloud.Count("PutObject") > 0 {
				t.Errorf("%+v: %v, %d objects written", ending, err, b.cloud.Count("PutObject"))
			}
		})
	}
}

// Alarms stay as they are once the lock is gone, and the test says which.
func TestAlarmTestLosesTheLock(t *testing.T) {
	t.Parallel()
	b := newAlarmBench(t)
	b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
		if op == "SetAlarmState" && n == 2 {
			b.takeLock()
		}
	}
	test, err := b.alarmTest()
	if test.Outcome != report.Stuck || b.cloud.Count("SetAlarmState") != 2 {
		t.Errorf("%v: %v", test.Outcome, err)
	}
	contains(t, strings.Join(test.State, "\n"), criticalAlarm+" may be in ALARM", "--alarm-name "+warningAlarm)
}

// A lock that somebody gives back while we ask for it is ours at the next attempt.
func TestLockIsGivenBackMeanwhile(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]fakeaws.FaultKind{"412": fakeaws.Exists, "409": fakeaws.Conflict} {
		b := newBench(t)
		b.cloud.Faults = []*fakeaws.Fault{{Op: "PutObject", Times: 2, Kind: kind}}
		if result, err := b.deploy(); err != nil || b.locked() {
			t.Errorf("%s: %v: %v", name, result.Outcome, err)
		}
	}
	// It does not go on for ever.
	b := newBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "PutObject", Kind: fakeaws.Conflict}}
	if result, err := b.deploy(); result.Outcome != report.NothingChanged || b.cloud.Count("PutObject") > 10 {
		t.Errorf("%v: %v, %d attempts", result.Outcome, err, b.cloud.Count("PutObject"))
	}
}

// The first Ctrl-C ends a verb that is about to write, not one that has begun to.
func TestSecretIsWrittenInSpiteOfAnInterruption(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
		if op == "PutSecretValue" {
			b.stop()
		}
	}
	if change, err := b.put(); err != nil || change.Outcome != report.Succeeded || b.locked() {
		t.Errorf("%+v: %v", change, err)
	}
}

func TestLeaseIsGivenBackAfterTheContext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	lease, err := b.app.borrow(ctx, "secrets put", identity{arn: "me"})
	if err != nil || !b.locked() {
		t.Fatal(err)
	}
	if expires := time.Duration(lease.lock.TimeoutSeconds) * time.Second; expires != 15*time.Minute {
		t.Errorf("it runs out after %v", expires)
	}
	cancel()
	if lease.giveBack(ctx); b.locked() {
		t.Error("still locked")
	}
}
