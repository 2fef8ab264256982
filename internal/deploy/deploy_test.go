package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/deploy/awstest"
)

const lockObject = "ohmycoins-terraform-state/deployments/staging/lock.json"

func TestDeploySucceeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil || result.Outcome != Succeeded {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	for _, key := range []string{"backend", "frontend"} {
		if got := b.runs(key); got != "ohmycoins-staging-"+key+":48" {
			t.Errorf("%s runs %s", key, got)
		}
		config, _ := json.Marshal(b.service(key).Configuration)
		contains(t, string(config), `"deploymentCircuitBreaker":{"enable":true,"rollback":true}`, `"maximumPercent":200`, `"minimumHealthyPercent":50`, `unhealthy-targets"],"enable":true,"rollback":true}`)
	}
	if b.locked() {
		t.Error("the lock was not given back")
	}
	record := b.record()
	if record.Outcome != Succeeded || record.Finished.IsZero() || len(record.Services) != 2 {
		t.Errorf("record: %+v", record)
	}
	for _, s := range record.Services {
		if s.Before.Desired != 2 || s.Before.Running != 2 || !strings.HasPrefix(s.Before.Deployment, "ecs-svc/before-") || s.Before.Digest == "" {
			t.Errorf("record of what ran before: %+v", s.Before)
		}
		if s.After.Digest == "" || s.After.Digest == s.Before.Digest || !strings.HasSuffix(s.After.Image, "@"+s.After.Digest) {
			t.Errorf("record of what runs now: %+v", s.After)
		}
	}
	for _, repository := range b.cloud.Repositories {
		if len(repository.Images) != 2 || repository.Images["latest"] != "" {
			t.Errorf("tags: %v, want the commit and the time", repository.Images)
		}
	}
	contains(t, b.log.text(), "running migrations", "has reached a steady state", "completed", "200, as wanted")

	var text strings.Builder
	result.WriteText(&text)
	contains(t, text.String(), "omc deploy staging: succeeded, commit ", "ohmycoins-staging-backend:41", "ohmycoins-staging-backend:48", "/health-check/")

	// The record is there before anything in ECS changes, and the lock before that.
	calls := ops(b.cloud.Calls())
	firstPut, register := slices.Index(calls, "PutObject"), slices.Index(calls, "RegisterTaskDefinition")
	puts := 0
	for _, op := range calls[:register] {
		if op == "PutObject" {
			puts++
		}
	}
	if firstPut < 0 || puts != 2 {
		t.Errorf("%d objects were written before the first revision, want the lock and the record", puts)
	}
	if run, update := slices.Index(calls, "RunTask"), slices.Index(calls, "UpdateService"); run < register || update < run {
		t.Errorf("order: register %d, migrate %d, update %d", register, run, update)
	}
}

// exit returns a pointer to an exit code.
func exit(code int32) *int32 { return &code }

// TestDeployRollsBack has everything that can become of a roll-out other than success.
func TestDeployRollsBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script    awstest.Rollout
		unhealthy []string
		want      []string
	}{
		"FAILED": {
			script: awstest.Rollout{Looks: 3, End: awstest.Fails},
			want:   []string{"ECS says that the roll-out failed: ECS deployment circuit breaker: tasks failed to start."},
		},
		"FAILED, on its way back": {
			script: awstest.Rollout{Looks: 3, End: awstest.FailsAndReturns},
			want:   []string{"ECS says that the roll-out failed"},
		},
		"rolled back by the circuit breaker, stable": {
			script: awstest.Rollout{Looks: 3, End: awstest.Returned},
			want:   []string{"is gone: deployment ecs-svc/back-", "of ohmycoins-staging-backend:41 took its place", "circuit breaker"},
		},
		"superseded": {
			script: awstest.Rollout{Looks: 3, End: awstest.Superseded},
			want:   []string{"was superseded: deployment ecs-svc/other-", "ohmycoins-staging-backend:99"},
		},
		"time-out": {
			script: awstest.Rollout{Looks: 3, End: awstest.Hangs},
			want:   []string{"has not completed within 15m0s: ohmycoins-staging-backend:48: 0 of 2 running, 2 pending"},
		},
		"cannot pull": {
			script: awstest.Rollout{Looks: 3, End: awstest.Fails, Tasks: []awstest.StoppedTask{
				{Reason: "CannotPullContainerError: pull image manifest has been retried 5 time(s)"},
			}},
			want: []string{"stopped: CannotPullContainerError: pull image manifest", "has no lines"},
		},
		"exits": {
			script: awstest.Rollout{Looks: 3, End: awstest.Fails, Tasks: []awstest.StoppedTask{
				{Reason: "Essential container in task exited", ExitCode: exit(1), Log: []string{"Traceback", "KeyError: 'POSTGRES_SERVER'"}},
			}},
			want: []string{"Essential container in task exited", "container backend: exit code 1", "| KeyError: 'POSTGRES_SERVER'"},
		},
		"fails the health check": {
			script: awstest.Rollout{Looks: 3, End: awstest.Fails, Tasks: []awstest.StoppedTask{
				{Reason: "Task failed ELB health checks in (target-group backend)", ExitCode: exit(0), Unhealthy: true},
			}},
			unhealthy: []string{"10.0.1.23"},
			want:      []string{"Task failed ELB health checks", "its health check fails", "target 10.0.1.23 is unhealthy: Health checks failed with these codes: [503]"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.service("backend").Script = []awstest.Rollout{test.script}
			b.service("backend").Unhealthy = test.unhealthy
			result, err := b.deploy()
			if err == nil || result.Outcome != RolledBack || result.Outcome.ExitStatus() != 1 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			contains(t, b.log.text()+err.Error(), test.want...)
			b.runsAsBefore()
			record := b.record()
			if record.Outcome != RolledBack || !record.Services[0].Restored || !record.Services[1].Restored {
				t.Errorf("record: %+v", record)
			}
		})
	}
}

// runsAsBefore fails the test unless every service is back at what ran before, which
// is not the revision before the new one, and nothing is locked.
func (b *bench) runsAsBefore() {
	b.t.Helper()
	for _, key := range []string{"backend", "frontend"} {
		if got := b.runs(key); got != "ohmycoins-staging-"+key+":41" {
			b.t.Errorf("%s runs %s, want what ran before", key, got)
		}
	}
	if b.locked() {
		b.t.Error("the lock was not given back")
	}
}

func TestFailureIsNoticedWithinTwoPolls(t *testing.T) {
	t.Parallel()
	for _, end := range []awstest.End{awstest.Fails, awstest.Returned} {
		b := newBench(t)
		b.service("backend").Script = []awstest.Rollout{{Looks: 4, End: end}, {Looks: 1}}
		if _, err := b.deploy(); err == nil {
			t.Fatal("no error")
		}
		var failedAt time.Time
		n := 0
		for _, call := range b.cloud.Calls() {
			if call.Op == "DescribeServices" {
				if n++; n == 2+4 { // two before the roll-out
					failedAt = call.At
				}
			}
		}
		if took := b.cloud.Clock.Now().Sub(failedAt); took > 2*pollInterval {
			t.Errorf("%s: %v from the failure to the end, want two polls at most", end, took)
		}
	}
}

func TestServicesRollOutSideBySide(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.service("backend").Script = []awstest.Rollout{{Looks: 24}}
	b.service("frontend").Script = []awstest.Rollout{{Looks: 12}}
	started := b.cloud.Clock.Now()
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	took := b.cloud.Clock.Now().Sub(started)
	if slower := 24*pollInterval + 2*migrationInterval; took > slower+pollInterval {
		t.Errorf("it took %v, the slower service alone %v", took, slower)
	}
}

// TestCallsWhileWaiting counts the calls of every minute between the update and the end.
func TestCallsWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]*awstest.Fault{
		"quiet":     nil,
		"throttled": {{Op: "DescribeServices", After: 5, Times: 40, Kind: awstest.Throttled}},
	} {
		b := newBench(t)
		b.cloud.Faults = faults
		b.cloud.Migration.Polls = 30
		b.service("backend").Script = []awstest.Rollout{{Looks: 60}}
		if _, err := b.deploy(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// While the migration runs, and while the roll-out does.
		for from, waiting := range map[string][]string{"RunTask": {"DescribeTasks", "GetLogEvents"}, "UpdateService": {"DescribeServices"}} {
			if minutes := busiest(t, b.cloud.Calls(), from, waiting); minutes > 12 {
				t.Errorf("%s: %d calls in a minute after %s, want 12 at most", name, minutes, from)
			}
		}
	}
}

// busiest returns how many of the calls that wait came in the busiest minute after a call.
func busiest(t *testing.T, calls []awstest.Call, from string, waiting []string) int {
	t.Helper()
	calls = calls[slices.Index(ops(calls), from):]
	calls = slices.DeleteFunc(calls, func(c awstest.Call) bool { return !slices.Contains(waiting, c.Op) })
	if len(calls) < 20 {
		t.Fatalf("only %d calls after %s", len(calls), from)
	}
	most := 0
	for i := range calls {
		n := 0
		for _, later := range calls[i:] {
			if later.At.Sub(calls[i].At) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestDeploySurvives has what must not stop a deployment.
func TestDeploySurvives(t *testing.T) {
	t.Parallel()
	tests := map[string][]*awstest.Fault{
		"every first call throttled": {{Times: 1, Kind: awstest.Throttled}},
		"a burst of throttling":      {{After: 10, Times: 4, Kind: awstest.Throttled}},
		"500s":                       {{Op: "DescribeServices", Times: 3, Kind: awstest.Broken}, {Op: "RegisterTaskDefinition", Times: 3, Kind: awstest.Broken}},
		"resets":                     {{Op: "DescribeServices", Times: 3, Kind: awstest.Reset}, {Op: "UpdateService", Times: 2, Kind: awstest.Reset}},
		// What happened, but was never answered.
		"an update that nobody answers":   {{Op: "UpdateService", Times: 2, Kind: awstest.Reset, Effect: true}},
		"a lock that nobody answers":      {{Op: "PutObject", Times: 1, Kind: awstest.Reset, Effect: true}},
		"a revision that nobody answers":  {{Op: "RegisterTaskDefinition", Times: 1, Kind: awstest.Broken, Effect: true}},
		"an unlock that nobody answers":   {{Op: "DeleteObject", Times: 1, Kind: awstest.Reset, Effect: true}},
		"a short outage while waiting":    {{Op: "DescribeServices", After: 3, Times: 12, Kind: awstest.Reset}},
		"five minutes without a network":  {{Op: "DescribeServices", After: 3, Times: 60, Kind: awstest.Reset}},
		"five minutes in which AWS fails": {{Op: "DescribeServices", After: 3, Times: 60, Kind: awstest.Broken}},
		"no log":                          {{Op: "GetLogEvents", Kind: awstest.Denied}},
		"the migration cannot be seen":    {{Op: "DescribeTasks", Times: 20, Kind: awstest.Reset}},
	}
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Faults = faults
			result, err := b.deploy()
			if err != nil || result.Outcome != Succeeded {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			if b.runs("backend") == "ohmycoins-staging-backend:41" || b.locked() {
				t.Errorf("backend runs %s, locked: %v", b.runs("backend"), b.locked())
			}
			if faults[0].Times == 60 {
				contains(t, b.log.text(), "no answer from AWS for 4m55s, still waiting")
			}
		})
	}
}

// An outage at the end of the allowed time is no verdict about the roll-out.
func TestOutageAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.Timeout = time.Minute
	b.service("backend").Script = []awstest.Rollout{{Looks: 6}}
	b.cloud.Faults = []*awstest.Fault{{Op: "DescribeServices", After: 7, Times: 50, Kind: awstest.Reset}}
	if result, err := b.deploy(); err != nil {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
}

func TestDeployGetsStuck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []*awstest.Fault
		hook   func(*bench, string, int)
		script []awstest.Rollout
		want   []string
	}{
		"credentials expire while waiting": {
			faults: []*awstest.Fault{{Op: "DescribeServices", After: 3, Kind: awstest.Expired}, {Op: "UpdateService", After: 2, Kind: awstest.Expired}},
			want:   []string{"the credentials have expired", "ohmycoins-staging-backend was updated to ohmycoins-staging-backend:48 and may run it or ohmycoins-staging-backend:41"},
		},
		"AWS is gone for good": {
			script: []awstest.Rollout{{Looks: 9}},
			hook: func(b *bench, op string, n int) {
				if op == "DescribeServices" && n == 4 {
					b.cloud.Lock(func() { b.cloud.Faults = []*awstest.Fault{{Kind: awstest.Reset}} })
				}
			},
			want: []string{"no answer from AWS for 5m0s", "rolling back"},
		},
		"the rollback fails": {
			script: []awstest.Rollout{{Looks: 2, End: awstest.Fails}, {Looks: 2, End: awstest.Hangs}},
			want:   []string{"rolling back: ohmycoins-staging-backend: the roll-out has not completed", "ohmycoins-staging-frontend runs ohmycoins-staging-frontend:41 again"},
		},
		"the rollback is not allowed": {
			script: []awstest.Rollout{{Looks: 2, End: awstest.Fails}},
			faults: []*awstest.Fault{{Op: "UpdateService", After: 2, Kind: awstest.Denied}},
			want:   []string{"rolling back", "AccessDenied"},
		},
		"the lock is taken while waiting": {
			script: []awstest.Rollout{{Looks: 4, End: awstest.Fails}},
			hook: func(b *bench, op string, n int) {
				if op == "DescribeServices" && n == 4 {
					b.cloud.Lock(func() {
						b.cloud.Objects[lockObject] = awstest.Object{Body: `{"id":"other","owner":"mallory","host":"laptop"}`, ETag: `"x"`}
					})
				}
			},
			want: []string{"the lock is lost: it was taken by mallory on laptop", "nothing more was changed"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Faults = test.faults
			b.service("backend").Script = test.script
			if test.hook != nil {
				b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) { test.hook(b, op, n) }
			}
			result, err := b.deploy()
			if err == nil || result.Outcome != Stuck || result.Outcome.ExitStatus() != 3 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			contains(t, b.log.text()+err.Error()+strings.Join(result.State, "\n"), append(test.want,
				"omc status staging", "omc rollback staging",
				"aws ecs update-service --region ap-southeast-2 --cluster ohmycoins-staging-cluster --service ohmycoins-staging-backend --task-definition ohmycoins-staging-backend:41")...)
		})
	}
}

// Nothing in ECS is changed after the lock is lost, whenever that happens.
func TestNothingChangesWithoutTheLock(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"DescribeServices", "RegisterTaskDefinition", "RunTask", "DescribeTasks", "UpdateService"} {
		for _, other := range []string{"", `{"id":"other","owner":"mallory","host":"laptop"}`} {
			b := newBench(t)
			b.service("backend").Script = []awstest.Rollout{{Looks: 4, End: awstest.Fails}}
			lost := -1
			var once sync.Once
			b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
				if op != when || op == "DescribeServices" && n < 2 {
					return
				}
				once.Do(func() {
					b.cloud.Lock(func() {
						delete(b.cloud.Objects, lockObject)
						if other != "" {
							b.cloud.Objects[lockObject] = awstest.Object{Body: other, ETag: `"x"`}
						}
					})
					lost = len(b.cloud.Calls())
				})
			}
			if _, err := b.deploy(); !errors.As(err, &lockLost{}) {
				t.Fatalf("%s: %v", when, err)
			}
			// Calls of the other service that had been allowed already may still come.
			allowed := map[string]int{"UpdateService": 1, "RegisterTaskDefinition": 1}
			for _, call := range b.cloud.Calls()[lost:] {
				if awstest.IsWrite(call.Op) && call.Op != "PutObject" {
					if allowed[call.Op]--; allowed[call.Op] < 0 || call.Op != when {
						t.Errorf("after the lock was lost at %s: %s", when, call.Op)
					}
				}
			}
			if _, still := b.cloud.Objects[lockObject]; still != (other != "") {
				t.Errorf("%s: somebody else's lock was removed", when)
			}
		}
	}
}

// TestInterrupt presses Ctrl-C while each call is under way that belongs to a phase.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op      string
		n       int
		touched bool
	}{
		"1 while asking who we are":         {op: "GetCallerIdentity", n: 1},
		"1 while looking at the services":   {op: "DescribeServices", n: 1},
		"1 while taking the lock":           {op: "PutObject", n: 1},
		"2 while looking for the digest":    {op: "DescribeImages", n: 4},
		"3 while reading the cluster":       {op: "DescribeServices", n: 2},
		"3 while writing the record":        {op: "PutObject", n: 2},
		"4 while registering":               {op: "RegisterTaskDefinition", n: 2},
		"4 while starting the migration":    {op: "RunTask", n: 1},
		"4 while waiting for the migration": {op: "DescribeTasks", n: 1},
		"4 while updating the first":        {op: "UpdateService", n: 1, touched: true},
		"4 while updating the second":       {op: "UpdateService", n: 2, touched: true},
		"5 while waiting":                   {op: "DescribeServices", n: 4, touched: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
				if op == test.op && n == test.n {
					b.stop()
					<-done // the caller leaves
				}
			}
			result, err := b.deploy()
			if err == nil || result.Outcome != Interrupted || result.Outcome.ExitStatus() != 130 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			b.runsAsBefore()
			if updated := b.cloud.Count("UpdateService") > 0; updated != test.touched {
				t.Errorf("updated: %v, want %v", updated, test.touched)
			}
			if test.op == "DescribeTasks" && len(b.cloud.StopReasons()) != 1 {
				t.Error("the migration was not stopped")
			}
		})
	}
	t.Run("2 while building", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.builder.during = func(ctx context.Context) error { b.stop(); <-ctx.Done(); return context.Cause(ctx) }
		result, err := b.deploy()
		if result.Outcome != Interrupted || b.locked() || b.cloud.Count("RegisterTaskDefinition") > 0 {
			t.Errorf("%v: %v", result.Outcome, err)
		}
	})
	t.Run("5 while checking", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.app.http.Transport = interrupting{b.stop}
		result, err := b.deploy()
		if result.Outcome != Interrupted {
			t.Errorf("%v: %v", result.Outcome, err)
		}
		b.runsAsBefore()
	})
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		ctx, giveUp := context.WithCancel(t.Context())
		b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
			switch {
			case op == "DescribeServices" && n == 4:
				b.stop()
				<-done
			case op == "UpdateService" && n == 3: // the rollback
				giveUp()
				<-done
			}
		}
		result, err := b.app.Deploy(ctx, b.opt)
		if err == nil || result.Outcome != Stuck || b.locked() {
			t.Fatalf("%v: %v, locked: %v", result.Outcome, err, b.locked())
		}
		contains(t, strings.Join(result.State, "\n"), "may run it or ohmycoins-staging-backend:41", "omc rollback staging")
		if record := b.record(); record.Outcome != Stuck {
			t.Errorf("record: %+v", record)
		}
	})
}

func TestChecks(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]awstest.Answer{
		"wrong status": {Status: 503, Body: "true"},
		"wrong body":   {Status: 200, Body: "false"},
		"a redirect":   {Status: 301, Body: "true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Answers["/app/backend/api/v1/utils/health-check/"] = answer
			result, err := b.deploy()
			if err == nil || result.Outcome != RolledBack {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			contains(t, err.Error(), "/app/backend/api/v1/utils/health-check/", "(6 attempts)")
			b.runsAsBefore()
		})
	}
}

func TestMigration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		migration awstest.Migration
		want      []string
	}{
		"exit 1":        {awstest.Migration{Polls: 3, ExitCode: exit(1), Reason: "Essential container in task exited", Log: []string{"column exists"}}, []string{"exit code 1: Essential container in task exited", "backend migration | column exists"}},
		"never started": {awstest.Migration{Polls: 1, Reason: "CannotPullContainerError"}, []string{"it never ran: CannotPullContainerError"}},
		"no capacity":   {awstest.Migration{Reason: "RESOURCE:MEMORY"}, []string{"ECS started no task: RESOURCE:MEMORY"}},
		"never ends":    {awstest.Migration{Polls: 1 << 20}, []string{"it has not ended within 15m0s", "was told to stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Migration = test.migration
			result, err := b.deploy()
			if err == nil || result.Outcome != Failed || result.Outcome.ExitStatus() != 1 {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			contains(t, b.log.text()+err.Error(), test.want...)
			if n := b.cloud.Count("UpdateService"); n != 0 {
				t.Errorf("%d services were updated", n)
			}
			b.runsAsBefore()
		})
	}
	b := newBench(t)
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	for _, call := range b.cloud.Calls() {
		if call.Op == "RunTask" {
			contains(t, call.Body, `"command":["bash","scripts/prestart.sh"]`, `ohmycoins-staging-backend:48`, `"subnets":["subnet-1"]`, `"clientToken":`, `"launchType":"FARGATE"`)
		}
	}
}

func TestPrerequisites(t *testing.T) {
	t.Parallel()
	secretOf := func(b *bench) string {
		for arn := range b.cloud.Secrets {
			return arn
		}
		return ""
	}
	tests := map[string]struct {
		change func(*bench)
		want   []string
	}{
		"INACTIVE service": {func(b *bench) { b.service("backend").Status = "INACTIVE" }, []string{"service ohmycoins-staging-backend: it is INACTIVE, want ACTIVE"}},
		"missing service":  {func(b *bench) { delete(b.cloud.Services, "ohmycoins-staging-frontend") }, []string{"service ohmycoins-staging-frontend: it does not exist"}},
		"no tasks wanted":  {func(b *bench) { b.service("backend").Desired = 0 }, []string{"it wants 0 tasks"}},
		"a roll-out goes on": {func(b *bench) {
			d := b.service("backend").Deployments[0]
			b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
				if op == "GetCallerIdentity" {
					b.cloud.Lock(func() { d.State, d.Hold = "IN_PROGRESS", true })
				}
			}
		}, []string{"a roll-out is in progress: deployment ecs-svc/before-backend of ohmycoins-staging-backend:41"}},
		"missing cluster":   {func(b *bench) { b.cloud.ClusterState = "" }, []string{"cluster ohmycoins-staging-cluster: it does not exist in ap-southeast-2"}},
		"inactive cluster":  {func(b *bench) { b.cloud.ClusterState = "INACTIVE" }, []string{"cluster ohmycoins-staging-cluster: it is INACTIVE, want ACTIVE"}},
		"missing ECR":       {func(b *bench) { delete(b.cloud.Repositories, "omc-frontend") }, []string{"repository omc-frontend: it does not exist"}},
		"no present secret": {func(b *bench) { b.cloud.Secrets[secretOf(b)] = "" }, []string{"secret ohmycoins-staging-app-secrets-AbCdEf: it does not exist or has no present (AWSCURRENT) version"}},
		"missing key": {func(b *bench) { b.cloud.Secrets[secretOf(b)] = `{"SECRET_KEY":"marker-secret-value"}` },
			[]string{"it has no key SMTP_HOST, which the task definition names", "it has no key OPENAI_API_KEY"}},
		"not JSON":        {func(b *bench) { b.cloud.Secrets[secretOf(b)] = awstest.SecretMarker }, []string{"its value is not a JSON object"}},
		"alarm":           {func(b *bench) { b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM" }, []string{"alarm ohmycoins-staging/alb/5xx-high: it is in ALARM", "12 datapoints"}},
		"missing alarm":   {func(b *bench) { delete(b.cloud.Alarms, "ohmycoins-staging/alb-backend/unhealthy-targets") }, []string{"alarm ohmycoins-staging/alb-backend/unhealthy-targets: it does not exist"}},
		"wrong account":   {func(b *bench) { b.app.env.AccountID = "999999999999" }, []string{"credentials: they belong to account 123456789012, want 999999999999"}},
		"bad credentials": {func(b *bench) { b.cloud.Faults = []*awstest.Fault{{Op: "GetCallerIdentity", Kind: awstest.Expired}} }, []string{"credentials: AWS does not accept them"}},
		"dirty tree":      {func(b *bench) { b.dirty() }, []string{"working tree: it has changes that are in no commit"}},
		"no repository":   {func(b *bench) { b.opt.Source = t.TempDir() }, []string{"working tree: git rev-parse", "--source"}},
		"builder is missing": {func(b *bench) { b.opt.Builder = tool{"omc-no-such-builder"} },
			[]string{"builder: omc-no-such-builder: it is not installed"}},
		"another lock": {func(b *bench) { b.lockedBy(b.cloud.Clock.Now().Add(-time.Minute)) }, []string{"somebody else holds the lock: deploy by mallory on laptop since 2026-01-02T03:03:05Z (1m0s ago), commit 0123456789ab", "wait until it has ended"}},
		"an old lock":  {func(b *bench) { b.lockedBy(b.cloud.Clock.Now().Add(-3 * time.Hour)) }, []string{"older than its own time-out of 1h0m0s", "omc unlock staging"}},
		"unknown image": {func(b *bench) {
			b.opt.Images = map[string]string{"backend": "omc-backend@" + awstest.Digest("nowhere")}
		},
			[]string{"image of backend: omc-backend has no image sha256:"}},
		"somebody else's image": {func(b *bench) {
			b.opt.Images = map[string]string{"backend": "evil/backend@" + awstest.Digest("nowhere")}
		},
			[]string{`image of backend: repository is "evil/backend", want 123456789012.dkr.ecr`}},
		"everything at once": {func(b *bench) {
			b.service("backend").Status = "INACTIVE"
			b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
			b.cloud.Secrets[secretOf(b)] = ""
			delete(b.cloud.Repositories, "omc-frontend")
			b.lockedBy(b.cloud.Clock.Now())
			b.dirty()
		}, []string{"6 of the prerequisites are not met", "INACTIVE", "ALARM", "AWSCURRENT", "omc-frontend", "mallory", "working tree"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			test.change(b)
			result, err := b.deploy()
			if err == nil || result.Outcome != NothingChanged || result.Outcome.ExitStatus() != 2 || len(result.Findings) == 0 {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			contains(t, err.Error(), test.want...)
			for _, op := range ops(b.cloud.Calls()) {
				if awstest.IsWrite(op) {
					t.Errorf("%s was called", op)
				}
			}
			if len(b.builder.built) > 0 {
				t.Error("an image was built")
			}
		})
	}
}

func TestTwoDeploymentsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.another()
	results := make([]Result, 2)
	var group sync.WaitGroup
	for i, bench := range []*bench{b, other} {
		group.Go(func() { results[i], _ = bench.deploy() })
	}
	group.Wait()
	outcomes := []Outcome{results[0].Outcome, results[1].Outcome}
	slices.Sort(outcomes)
	if !slices.Equal(outcomes, []Outcome{NothingChanged, Succeeded}) {
		t.Errorf("outcomes: %v", outcomes)
	}
	if n := b.cloud.Count("RegisterTaskDefinition"); n != 2 {
		t.Errorf("%d revisions, want those of one deployment", n)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	t.Run("built once for a commit", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		for range 2 {
			if _, err := b.deploy(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(sorted(b.builder.built), []string{"backend", "frontend"}) {
			t.Errorf("built: %v", b.builder.built)
		}
	})
	t.Run("given", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		digest := awstest.Digest("given")
		b.cloud.Repositories["omc-backend"].Images["some"] = digest
		b.opt.Images = map[string]string{"backend": "omc-backend@" + digest}
		result, err := b.deploy()
		if err != nil || result.Services[0].After.Digest != digest {
			t.Errorf("%+v: %v", result.Services, err)
		}
		if !slices.Equal(b.builder.built, []string{"frontend"}) {
			t.Errorf("built: %v", b.builder.built)
		}
	})
	t.Run("dirty", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.dirty()
		b.opt.AllowDirty = true
		if _, err := b.deploy(); err != nil {
			t.Fatal(err)
		}
		for tag := range b.cloud.Repositories["omc-backend"].Images {
			if !strings.Contains(tag, "-dirty-20260102T030405Z") && tag != "staging-20260102T030405Z" {
				t.Errorf("tag %s", tag)
			}
		}
	})
	t.Run("the build fails", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.builder.failOn = "frontend"
		result, err := b.deploy()
		if result.Outcome != NothingChanged || b.locked() {
			t.Errorf("%v: %v", result.Outcome, err)
		}
		contains(t, fmt.Sprint(err), "building frontend: no space left on device")
	})
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.DryRun = true
	result, err := b.deploy()
	if err != nil || result.Outcome != Planned {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	for _, op := range ops(b.cloud.Calls()) {
		if awstest.IsWrite(op) {
			t.Errorf("%s was called", op)
		}
	}
	contains(t, b.log.text(), "would build backend/Dockerfile with fake", `would run "bash scripts/prestart.sh"`, "would update ohmycoins-staging-frontend")
}

func TestNoRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.NoRollback = true
	b.service("backend").Script = []awstest.Rollout{{Looks: 2, End: awstest.Fails}}
	result, err := b.deploy()
	if err == nil || result.Outcome != Failed || b.cloud.Count("UpdateService") != 2 || b.locked() {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, strings.Join(result.State, "\n"), "may run it or ohmycoins-staging-backend:41")
}

// TestNothingSecretIsShown lets every way out carry the marker values.
func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench){
		"success": func(b *bench) {
			b.cloud.Migration.Log = []string{"url is postgres://" + awstest.SecretMarker + "-POSTGRES_PASSWORD@db"}
		},
		"failure": func(b *bench) {
			b.service("backend").Script = []awstest.Rollout{{Looks: 1, End: awstest.Fails, Tasks: []awstest.StoppedTask{
				{Reason: "failed with " + awstest.SecretMarker + "-SECRET_KEY", Log: []string{"password " + awstest.SecretMarker + "-SMTP_PASSWORD"}, ExitCode: exit(1)},
			}}}
		},
		"push": func(b *bench) { b.opt.Builder = leaking{b.builder} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			change(b)
			all := b.everything(b.deploy())
			for _, marker := range []string{awstest.SecretMarker, awstest.Password} {
				if at := strings.Index(all, marker); at >= 0 {
					t.Errorf("%s is shown: …%s", marker, all[max(0, at-80):at+40])
				}
			}
		})
	}
}

func TestResultAsJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), `"outcome":"succeeded"`, `"environment":"staging"`, `"account":"123456789012"`, `"urls":["http://`)
}
