package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// threeReleases is a bench on which revision 48 and then 49 were deployed, over 41.
func threeReleases(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	for range 2 {
		if _, err := b.deployAgain(); err != nil {
			t.Fatal(err)
		}
	}
	b.mustRun("49", "49")
	b.dirty()
	b.cloud.Clock.Advance(time.Hour)
	return b
}

// follow does what an end advises, line by line, as an operator would: omc's own commands,
// or those of the AWS CLI where they are to be used.
func (b *bench) follow(state []string, withoutOmc bool) {
	b.t.Helper()
	for _, line := range state {
		_, command, found := strings.Cut(line, "omc unlock staging")
		if found && command == "" {
			plan, err := b.another().app.PlanUnlock(b.t.Context())
			if err == nil {
				_, err = b.another().app.Unlock(b.t.Context(), plan)
			}
			if err != nil {
				b.t.Fatal(err)
			}
		}
		if _, args, found := strings.Cut(line, "omc rollback staging"); found && !withoutOmc {
			args, _, _ = strings.Cut(args, ";")
			opt := RollbackOptions{}
			words := strings.Fields(args)
			for i, word := range words {
				switch word {
				case "--service":
					opt.Service = words[i+1]
				case "--to":
					opt.To = words[i+1]
				}
			}
			if result, err := b.another().app.Rollback(b.t.Context(), opt); err != nil {
				b.t.Fatalf("following %q: %v: %v", line, result.Outcome, err)
			}
		}
		if strings.HasPrefix(line, "  aws ecs update-service ") && withoutOmc {
			words := strings.Fields(line)
			value := func(flag string) string { return words[slices.Index(words, flag)+1] }
			service, definition := b.cloud.Services[value("--service")], value("--task-definition")
			revision := 0
			if _, err := fmt.Sscanf(definition[strings.LastIndex(definition, ":")+1:], "%d", &revision); err != nil {
				b.t.Fatal(err)
			}
			for _, s := range b.cloud.Env.Cluster.Services {
				if s.Name == service.Name {
					b.cloud.Lock(func() { b.cloud.Runs(s.Key, revision) })
				}
			}
		}
	}
}

// TestAdvice lets a deployment of revision 50 over 49 end in every way that is no success,
// follows what it advises, and looks at what runs then: always 49, what ran before. A
// rollback that nobody advised has nothing to do then.
func TestAdvice(t *testing.T) {
	t.Parallel()
	when := func(op string, n int, do func(b *bench, op string, done <-chan struct{})) func(*bench) {
		return func(b *bench) {
			before := b.cloud.Count(op)
			b.cloud.OnCall = func(got string, count int, done <-chan struct{}) {
				if got == op && count == before+n {
					do(b, op, done)
				}
			}
		}
	}
	fault := func(f fakeaws.Fault) func(*bench) {
		return func(b *bench) { one := f; b.cloud.Faults = []*fakeaws.Fault{&one} }
	}
	slow := func(b *bench) { b.service("backend").Script = []fakeaws.Rollout{{Looks: 9}} }
	fails := func(b *bench) { b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}} }
	hangs := func(b *bench) { b.service("backend").Script = []fakeaws.Rollout{{End: fakeaws.Hangs}} }
	everything := func(kind fakeaws.FaultKind) func(b *bench, op string, done <-chan struct{}) {
		return func(b *bench, _ string, _ <-chan struct{}) {
			b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Kind: kind}} })
		}
	}
	stop := func(b *bench, op string, done <-chan struct{}) { b.stop(); leave(op, done) }
	for name, test := range map[string]struct {
		change  []func(*bench)
		opt     func(*Options)
		status  int
		advises bool // to roll back
	}{
		"interrupted while updating": {[]func(*bench){when("UpdateService", 1, stop)}, nil, 130, false},
		"interrupted while waiting":  {[]func(*bench){when("DescribeServices", 3, stop)}, nil, 130, false},
		"interrupted, no rollback":   {[]func(*bench){when("DescribeServices", 3, stop)}, func(o *Options) { o.NoRollback = true }, 1, true},
		"failed":                     {[]func(*bench){fails}, nil, 1, false},
		"failed, no rollback":        {[]func(*bench){fails}, func(o *Options) { o.NoRollback = true }, 1, true},
		"timed out":                  {[]func(*bench){hangs}, func(o *Options) { o.Timeout = time.Minute }, 1, false},
		"every update denied":        {[]func(*bench){fault(fakeaws.Fault{Op: "UpdateService", Kind: fakeaws.Denied})}, nil, 1, false},
		"one update denied":          {[]func(*bench){fault(fakeaws.Fault{Op: "UpdateService", Times: 1, Kind: fakeaws.Denied})}, nil, 1, false},
		"the rollback denied":        {[]func(*bench){fails, fault(fakeaws.Fault{Op: "UpdateService", After: 2, Kind: fakeaws.Denied})}, nil, 3, true},
		"the rollback fails": {[]func(*bench){func(b *bench) {
			b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}, {Looks: 2, End: fakeaws.Fails}}
		}}, nil, 3, true},
		"one stale description":         {[]func(*bench){fails, fault(fakeaws.Fault{Op: "DescribeServices", After: 2, Times: 1, Kind: fakeaws.Stale})}, nil, 1, false},
		"stale after the rollback":      {[]func(*bench){fails, fault(fakeaws.Fault{Op: "DescribeServices", After: 5, Times: 3, Kind: fakeaws.Stale})}, nil, 1, false},
		"credentials expired":           {[]func(*bench){slow, when("DescribeServices", 4, everything(fakeaws.Expired))}, nil, 3, true},
		"AWS is gone":                   {[]func(*bench){fails, when("DescribeServices", 4, everything(fakeaws.Reset))}, nil, 3, true},
		"the update was never answered": {[]func(*bench){fault(fakeaws.Fault{Op: "UpdateService", Times: 700, Kind: fakeaws.Reset, Effect: true})}, nil, 3, true},
	} {
		for _, withoutOmc := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, without omc %v", name, withoutOmc), func(t *testing.T) {
				t.Parallel()
				b := threeReleases(t)
				b.opt.AllowDirty = true
				for _, change := range test.change {
					change(b)
				}
				if test.opt != nil {
					test.opt(&b.opt)
				}
				result, err := b.app.Deploy(t.Context(), b.opt)
				state := strings.Join(result.State, "\n")
				if err == nil || result.ExitStatus() != test.status || strings.Contains(state, "omc rollback") != test.advises {
					t.Fatalf("%v: %v, want status %d and advice: %v\n%s\n%s", result.Outcome, err, test.status, test.advises, state, b.log.text())
				}
				b.cloud.Lock(func() { b.cloud.Faults, b.cloud.OnCall = nil, nil })
				b.service("backend").Script, b.service("frontend").Script = nil, nil
				b.follow(result.State, withoutOmc)
				b.mustRun("49", "49")
				if withoutOmc || !test.advises { // else 49 is what the last rollback went to
					b.nothingToDo()
					b.mustRun("49", "49")
				}
			})
		}
	}
}

// nothingToDo fails the test unless a rollback has nothing to do and says so.
func (b *bench) nothingToDo() {
	b.t.Helper()
	if b.locked() {
		b.t.Error("still locked")
	}
	updates := b.cloud.Count("UpdateService")
	result, err := b.another().app.Rollback(b.t.Context(), RollbackOptions{})
	if err != nil || result.ExitStatus() != 0 || b.cloud.Count("UpdateService") != updates {
		b.t.Fatalf("%v: %v: %v", result.Outcome, err, result.State)
	}
	contains(b.t, strings.Join(result.State, "\n"), "nothing to do: ", " runs already",
		"omc rollback staging --service backend --to 48", "omc rollback staging --service frontend --to 48")
}

// The advice is also right after a second Ctrl-C, whenever that comes, and after a crash.
func TestAdviceAfterGivingUp(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		op string
		n  int
	}{{"DescribeServices", 1}, {"UpdateService", 1}, {"UpdateService", 2}, {"DescribeServices", 2}} {
		t.Run(fmt.Sprint(at.op, at.n), func(t *testing.T) {
			t.Parallel()
			b := threeReleases(t)
			b.opt.AllowDirty = true
			ctx, giveUp := context.WithCancel(t.Context())
			waiting, before := b.cloud.Count("DescribeServices")+4, map[string]int{}
			var mu sync.Mutex // calls come side by side
			b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
				if op == "DescribeServices" && n == waiting {
					b.stop()
					<-done
				}
				mu.Lock()
				switch {
				case op == "DescribeServices" && n == waiting:
					before["DescribeServices"], before["UpdateService"] = n, -1
				case before["UpdateService"] == -1 && op == "UpdateService":
					before["UpdateService"] = n - 1
				}
				start, began := before[at.op]
				mu.Unlock()
				if began && start >= 0 && op == at.op && n == start+at.n {
					giveUp()
					leave(op, done)
				}
			}
			result, err := b.app.Deploy(ctx, b.opt)
			if err == nil || result.Outcome != report.Stuck && result.Outcome != report.Interrupted || b.locked() {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			b.cloud.Lock(func() { b.cloud.OnCall = nil })
			b.follow(result.State, false)
			b.mustRun("49", "49")
			if !strings.Contains(strings.Join(result.State, "\n"), "omc rollback") {
				b.nothingToDo()
			}
		})
	}
}

// A rollback that ends badly is finished by the next one, and never undone by it.
func TestAdviceOfRollback(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*bench)
		status int
	}{
		"interrupted": {func(b *bench) {
			before := b.cloud.Count("DescribeServices")
			b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
				if op == "DescribeServices" && n == before+2 {
					b.stop()
					<-done
				}
			}
		}, 3},
		"failed":    {func(b *bench) { b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}} }, 3},
		"put back":  {func(b *bench) { b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Returned}} }, 3},
		"timed out": {func(b *bench) { b.service("frontend").Script = []fakeaws.Rollout{{Looks: 250}} }, 3},
		"half denied": {func(b *bench) {
			b.cloud.Faults = []*fakeaws.Fault{{Op: "UpdateService", Times: 1, Kind: fakeaws.Denied}}
		}, 3},
		"denied": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Op: "UpdateService", Kind: fakeaws.Denied}} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := threeReleases(t)
			test.change(b)
			result, err := b.app.Rollback(t.Context(), RollbackOptions{})
			if err == nil || result.ExitStatus() != test.status || b.locked() {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			b.cloud.Lock(func() { b.cloud.Faults, b.cloud.OnCall = nil, nil })
			b.service("backend").Script, b.service("frontend").Script = nil, nil
			if test.status == 2 {
				b.mustRun("49", "49")
				return
			}
			b.follow(result.State, false)
			b.mustRun("48", "48")
			if strings.Contains(strings.Join(result.State, "\n"), "omc rollback") {
				return
			}
			if again, err := b.another().app.Rollback(t.Context(), RollbackOptions{}); err != nil || !strings.Contains(strings.Join(again.State, "\n"), "nothing to do") {
				t.Errorf("%v: %v: %v", again.Outcome, err, again.State)
			}
			b.mustRun("48", "48")
		})
	}
}

// Three rollbacks of three releases: the last one has nothing to go to, and says what to
// do about it.
func TestRollbackNeverGoesForward(t *testing.T) {
	t.Parallel()
	b := threeReleases(t)
	for _, want := range []string{"48", "41"} {
		if _, err := b.another().app.Rollback(t.Context(), RollbackOptions{}); err != nil {
			t.Fatal(err)
		}
		b.mustRun(want, want)
	}
	result, err := b.another().app.Rollback(t.Context(), RollbackOptions{})
	if err == nil || result.ExitStatus() != 2 {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, err.Error(), "nothing that ran before what runs now", "name a revision with --to")
	b.mustRun("41", "41")

	b = threeReleases(t)
	if _, err := b.another().app.Rollback(t.Context(), RollbackOptions{Service: "backend"}); err != nil {
		t.Fatal(err)
	}
	b.mustRun("48", "49")
	if _, err := b.another().app.Rollback(t.Context(), RollbackOptions{}); err != nil {
		t.Fatal(err)
	}
	b.mustRun("48", "48")
}
