package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// asked returns what status and deploy say about the lock of somebody else.
func (b *bench) asked() (next []string, refusal string) {
	b.t.Helper()
	other := b.another()
	status, err := other.app.Status(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	result, err := other.deploy()
	if result.Outcome != report.NothingChanged {
		b.t.Errorf("deploy: %v: %v", result.Outcome, err)
	}
	return status.Next, fmt.Sprint(err)
}

// A holder that dies is known to be gone a minute later, and one that lives never is,
// however long it takes.
func TestHolderIsGone(t *testing.T) {
	t.Parallel()
	const unlock = "omc unlock staging"
	b := newBench(t)
	ctx, die := context.WithCancel(t.Context())
	looks := 0
	b.builder.during = func(context.Context) error {
		if looks++; looks > 1 { // one build is enough
			return nil
		}
		for range 90 {
			if err := b.cloud.Clock.Sleep(t.Context(), 10*time.Second); err != nil {
				return err
			}
		}
		if next, refusal := b.asked(); slices.Contains(next, unlock) || strings.Contains(refusal, unlock) || !strings.Contains(refusal, "deploy by ") {
			t.Errorf("after a quarter of an hour of building: %v, %s", next, refusal)
		}
		// kill -9: nothing reaches AWS any more.
		b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Reset}} })
		die()
		return nil
	}
	_, _ = b.app.Deploy(ctx, b.opt)
	b.cloud.Lock(func() { b.cloud.Faults = nil })
	b.builder.during = nil
	if !b.locked() {
		t.Fatal("it did not die with the lock")
	}
	b.cloud.Clock.Advance(time.Minute + time.Second)
	next, refusal := b.asked()
	if !slices.Contains(next, unlock) || !strings.Contains(refusal, unlock) {
		t.Errorf("a minute later: %v, %s", next, refusal)
	}
	contains(t, refusal, "whoever held it is most likely gone: no sign of life for ", "want one every 20s")
}

// No sign of life comes after the lock was given back, and none takes a lock back.
func TestSignsEndWithTheLock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	lease, err := b.app.borrow(t.Context(), "secrets put", identity{arn: "me"})
	if err != nil {
		t.Fatal(err)
	}
	b.takeLock()
	b.cloud.Clock.Advance(ledger.Heartbeat)
	if got := b.lockVerb(); !strings.Contains(got, "mallory") {
		t.Errorf("the lock of somebody else was overwritten: %s", got)
	}
	lease.giveBack(t.Context())
	if !b.locked() {
		t.Error("the lock of somebody else was removed")
	}
	delete(b.cloud.Objects, lockObject)
	if lease, err = b.app.borrow(t.Context(), "secrets put", identity{arn: "me"}); err != nil {
		t.Fatal(err)
	}
	lease.giveBack(t.Context())
	if b.cloud.Clock.Advance(time.Hour); b.locked() {
		t.Error("a lock that was given back is there again")
	}
}

// A sign of life whose answer is lost, and one that fails, are no reason to stop.
func TestSignsGoOn(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeaws.Fault{
		"not answered": {Op: "PutObject", Times: 1, Kind: fakeaws.Reset, Effect: true},
		"an outage":    {Op: "PutObject", Times: 7, Kind: fakeaws.Broken},
	} {
		b := newBench(t)
		lease, err := b.app.borrow(t.Context(), "secrets put", identity{arn: "me"})
		if err != nil {
			t.Fatal(err)
		}
		b.cloud.Faults = []*fakeaws.Fault{&fault}
		for range 6 {
			b.cloud.Clock.Advance(ledger.Heartbeat)
		}
		lock, _, err := b.another().app.store().Holder(t.Context())
		if err != nil || lock.Silence() != 0 {
			t.Errorf("%s: the last sign is %v old: %v", name, lock.Silence(), err)
		}
		if lease.giveBack(t.Context()); b.locked() {
			t.Errorf("%s: still locked", name)
		}
	}
}

// The lock of another account's environment is not ours to remove.
func TestUnlockChecksTheAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.lockedBy(b.cloud.Clock.Now())
	b.app.env.AccountID = "999999999999"
	plan, err := b.app.PlanUnlock(t.Context())
	if err == nil || plan.ExitStatus() != 2 || plan.Lock != nil {
		t.Errorf("%+v: %v", plan, err)
	}
	contains(t, fmt.Sprint(err), "want 999999999999")
	if b.cloud.Count("DeleteObject") > 0 {
		t.Error("the lock was removed")
	}
}

// A holder that lives writes its lock again, also while somebody removes it.
func TestUnlockWhileTheHolderLives(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	lease, err := b.app.borrow(t.Context(), "secrets put", identity{arn: "me"})
	if err != nil {
		t.Fatal(err)
	}
	other := b.another()
	plan, err := other.app.PlanUnlock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.cloud.Clock.Advance(ledger.Heartbeat)
	b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
		if op == "GetObject" && n == b.cloud.Count("GetObject") && b.cloud.Count("DeleteObject") == 0 {
			b.cloud.Clock.Advance(ledger.Heartbeat) // between the look and the removal
		}
	}
	done, err := other.app.Unlock(t.Context(), plan)
	if err != nil || !done.Removed || b.locked() {
		t.Errorf("%+v: %v, locked: %v", done, err, b.locked())
	}
	contains(t, done.Page().Title, "unlocked; see omc status staging")
	b.cloud.OnCall = nil
	b.cloud.Clock.Advance(time.Hour)
	if err := lease.check(t.Context(), "changing"); err == nil || b.locked() {
		t.Errorf("the holder goes on: %v, locked: %v", err, b.locked())
	}
	// Somebody else has it by now.
	b.takeLock()
	if done, err = other.app.Unlock(t.Context(), plan); err != nil || done.Removed || !b.locked() {
		t.Errorf("%+v: %v", done, err)
	}
	contains(t, done.Page().Title, "that lock is gone already")
}

// TestForeignLock has whatever can be where the lock belongs: it keeps everybody out,
// and unlock removes it.
func TestForeignLock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, want string }{
		"empty":      {"", "the lock file is no lock of omc"},
		"no object":  {"[1]", "the lock file is no lock of omc"},
		"null":       {"null", "the lock file is no lock of omc (it has no id)"},
		"no id":      {"{}", "the lock file is no lock of omc (it has no id)"},
		"no time":    {`{"id":"x"}`, "since an unknown time; it does not say since when"},
		"the future": {`{"id":"x","time":"2999-01-01T00:00:00Z","timeoutSeconds":60}`, "since 2999-01-01T00:00:00Z (in the future: one of the clocks is wrong)"},
		"the past":   {`{"id":"x","time":"0001-02-03T00:00:00Z","timeoutSeconds":9000000000000}`, "since 0001-02-03T00:00:00Z; "},
		"a terminal": {`{"id":"x","owner":"\u001b]0;owned\u0007\u009b2J","time":"2026-01-02T03:04:05Z"}`, `by \x1b]0;owned\a\u009b2J on`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Objects[lockObject] = fakeaws.Object{Body: test.body, ETag: `"foreign"`}
			if result, err := b.deploy(); result.Outcome != report.NothingChanged || !strings.Contains(fmt.Sprint(err), "lock: somebody else holds the lock: ") {
				t.Errorf("deploy: %v: %v", result.Outcome, err)
			}
			status, err := b.app.Status(t.Context())
			var text strings.Builder
			status.Page().WriteText(&text)
			if err != nil || !strings.Contains(text.String(), test.want) || strings.Contains(text.String(), "2562047h") {
				t.Errorf("status: %v, want %q in\n%s", err, test.want, text.String())
			}
			plan, err := b.app.PlanUnlock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if done, err := b.app.Unlock(t.Context(), plan); err != nil || !done.Removed || b.locked() {
				t.Errorf("unlock: %+v: %v", done, err)
			}
			if _, err := b.deploy(); err != nil {
				t.Errorf("deploy afterwards: %v", err)
			}
		})
	}
}

// What is no record is left out with a warning, and hides none that is one.
func TestForeignRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	const folder = "ohmycoins-terraform-state/deployments/staging/records/"
	for name, body := range map[string]string{
		"": "", "!notes.txt": "notes", "0000000000-first.json": "{", "0000000001-second.json": "{}",
		"0000000002-third.json": `{"id":"x","started":"2026-01-02T03:04:05Z"}`, "~.json": "null",
	} {
		b.cloud.Objects[folder+name] = fakeaws.Object{Body: body, ETag: `"foreign"`}
	}
	for i := range 400 { // more than one page
		b.cloud.Objects[fmt.Sprintf("%s!%04d", folder, i)] = fakeaws.Object{Body: "x", ETag: `"foreign"`}
	}
	later := b.another()
	status, err := later.app.Status(t.Context())
	if err != nil || status.Last == nil || status.Last.Outcome != report.Succeeded {
		t.Fatalf("%+v: %v", status, err)
	}
	contains(t, later.log.text(), "405 objects below s3://ohmycoins-terraform-state/deployments/staging/records/ are no records of omc, and are left out: ")
	if n := strings.Count(later.log.text(), "are left out"); n != 1 {
		t.Errorf("%d warnings", n)
	}
	contains(t, later.log.text(), "deployments/staging/records/, deployments/staging/records/!0000, deployments/staging/records/!0001, …")
	if result, err := later.app.Rollback(t.Context(), RollbackOptions{}); err != nil {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	if got := b.runs("backend"); got != "ohmycoins-staging-backend:41" {
		t.Errorf("backend runs %s", got)
	}
}
