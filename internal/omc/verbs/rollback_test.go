package verbs

import (
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// deployAgain deploys something new.
func (b *bench) deployAgain() (Result, error) {
	b.t.Helper()
	b.cloud.Clock.Advance(time.Hour)
	b.dirty()
	b.opt.AllowDirty = true
	return b.another().app.Deploy(b.t.Context(), b.opt)
}

func (b *bench) mustRun(backend, frontend string) {
	b.t.Helper()
	if got := strings.TrimPrefix(b.runs("backend"), "ohmycoins-staging-backend:"); got != backend {
		b.t.Errorf("backend runs %s, want %s", got, backend)
	}
	if got := strings.TrimPrefix(b.runs("frontend"), "ohmycoins-staging-frontend:"); got != frontend {
		b.t.Errorf("frontend runs %s, want %s", got, frontend)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 3 {
		if _, err := b.deployAgain(); err != nil {
			t.Fatal(err)
		}
	}
	b.mustRun("50", "50")
	back := func(opt RollbackOptions) Result {
		t.Helper()
		b.cloud.Clock.Advance(time.Hour)
		result, err := b.another().app.Rollback(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if result := back(RollbackOptions{DryRun: true}); result.Outcome != report.Planned {
		t.Errorf("%+v", result)
	}
	b.mustRun("50", "50")
	back(RollbackOptions{})
	b.mustRun("49", "49")
	back(RollbackOptions{}) // and not forward to 50
	b.mustRun("48", "48")
	back(RollbackOptions{}) // what ran before there were records
	b.mustRun("41", "41")
	back(RollbackOptions{To: "49", Service: "backend"})
	b.mustRun("49", "41")
	back(RollbackOptions{To: "ohmycoins-staging-frontend:50"})
	b.mustRun("49", "50")
	if b.locked() {
		t.Error("still locked")
	}
}

func TestRollbackOfOneService(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 2 {
		if _, err := b.deployAgain(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.another().app.Rollback(t.Context(), RollbackOptions{Service: "frontend"}); err != nil {
		t.Fatal(err)
	}
	b.mustRun("49", "48")
}

// A rollback is most urgent while a roll-out is in progress and an alarm goes off.
func TestRollbackInAnEmergency(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.deployAgain(); err != nil {
		t.Fatal(err)
	}
	b.opt.NoRollback = true
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Hangs}}
	if result, _ := b.deployAgain(); result.Outcome != report.Failed {
		t.Fatal(result.Outcome)
	}
	b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
	if result, err := b.another().app.Rollback(t.Context(), RollbackOptions{}); err != nil {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	b.mustRun("48", "48")
}

func TestRollbackFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.deployAgain(); err != nil {
		t.Fatal(err)
	}
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}}
	result, err := b.another().app.Rollback(t.Context(), RollbackOptions{})
	if err == nil || result.Outcome != report.Stuck {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, strings.Join(result.State, "\n"), "omc status staging")
}

func TestRollbackWithoutRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.app.Rollback(t.Context(), RollbackOptions{})
	if err == nil || result.Outcome != report.NothingChanged || b.cloud.Count("UpdateService") > 0 {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, err.Error(), "--to")
}

func TestParseRevision(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ to, service, key, revision, err string }{
		{to: "41", service: "backend", key: "backend", revision: "ohmycoins-staging-backend:41"},
		{to: "ohmycoins-staging-frontend:7", key: "frontend", revision: "ohmycoins-staging-frontend:7"},
		{to: "ohmycoins-staging-frontend:7", service: "frontend", key: "frontend", revision: "ohmycoins-staging-frontend:7"},
		{to: "ohmycoins-staging-frontend:7", service: "backend", err: "want a revision of ohmycoins-staging-backend"},
		{to: "41", err: "add --service backend or --service frontend"},
		{to: "other:41", err: "want a revision of ohmycoins-staging-backend or ohmycoins-staging-frontend"},
		{to: "latest", service: "backend", err: "want a revision such as 41"},
		{to: "x:", err: "want a revision such as 41"},
	} {
		key, revision, err := parseRevision(RollbackOptions{To: test.to, Service: test.service}, environment.Staging())
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s %s: %v, want %q", test.to, test.service, err, test.err)
			}
			continue
		}
		if err != nil || key != test.key || revision != test.revision {
			t.Errorf("%s %s: %s %s %v", test.to, test.service, key, revision, err)
		}
	}
}

// Everything that stands in the way of a rollback is listed, and a dry run also says what
// would be done.
func TestRollbackListsFindings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*bench)
		want   []string
	}{
		"somebody deploys":      {func(b *bench) { b.lockedBy(b.cloud.Clock.Now()) }, []string{"lock: somebody else holds the lock: deploy by mallory"}},
		"no tasks wanted":       {func(b *bench) { b.service("backend").Desired = 0 }, []string{"service ohmycoins-staging-backend: it wants 0 tasks"}},
		"deregistered revision": {func(b *bench) { b.cloud.Inactive = "ohmycoins-staging-backend:41" }, []string{"task definition ohmycoins-staging-backend:41: it is INACTIVE, want ACTIVE"}},
		"both": {func(b *bench) {
			b.lockedBy(b.cloud.Clock.Now())
			b.service("backend").Status = "INACTIVE"
		}, []string{"2 of the prerequisites are not met", "mallory", "it is INACTIVE, want ACTIVE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if _, err := b.deployAgain(); err != nil {
				t.Fatal(err)
			}
			test.change(b)
			updates := b.cloud.Count("UpdateService")
			for _, dry := range []bool{false, true} {
				result, err := b.another().app.Rollback(t.Context(), RollbackOptions{DryRun: dry})
				if err == nil || result.ExitStatus() != 2 || len(result.Findings) == 0 || b.cloud.Count("UpdateService") != updates {
					t.Fatalf("%v: %v", result.Outcome, err)
				}
				contains(t, err.Error(), test.want...)
				if got := result.Services[0].After.TaskDefinition; !strings.HasSuffix(got, ":41") {
					t.Errorf("it would go to %s", got)
				}
			}
		})
	}
}
