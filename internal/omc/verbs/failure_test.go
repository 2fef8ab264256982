package verbs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// exit returns a pointer to an exit code.
func exit(code int32) *int32 { return &code }

// TestDeployRollsBack has everything that can become of a roll-out other than success.
func TestDeployRollsBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script    fakeaws.Rollout
		unhealthy []string
		want      []string
	}{
		"FAILED": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Fails},
			want:   []string{"ECS says that the roll-out failed: ECS deployment circuit breaker: tasks failed to start."},
		},
		"FAILED, on its way back": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.FailsAndReturns},
			want:   []string{"ECS says that the roll-out failed"},
		},
		"rolled back by the circuit breaker, stable": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Returned},
			want:   []string{"is gone: deployment ecs-svc/back-", "of ohmycoins-staging-backend:41 took its place", "circuit breaker"},
		},
		"time-out": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Hangs},
			want:   []string{"has not completed within 15m0s: ohmycoins-staging-backend:48: 0 of 2 running, 2 pending"},
		},
		"cannot pull": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Fails, Tasks: []fakeaws.StoppedTask{
				{Reason: "CannotPullContainerError: pull image manifest has been retried 5 time(s)"},
			}},
			want: []string{"stopped: CannotPullContainerError: pull image manifest", "has no lines"},
		},
		"exits": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Fails, Tasks: []fakeaws.StoppedTask{
				{Reason: "Essential container in task exited", ExitCode: exit(1), Log: []string{"Traceback", "KeyError: 'POSTGRES_SERVER'"}},
			}},
			want: []string{"Essential container in task exited", "container backend: exit code 1", "| KeyError: 'POSTGRES_SERVER'"},
		},
		"fails the health check": {
			script: fakeaws.Rollout{Looks: 3, End: fakeaws.Fails, Tasks: []fakeaws.StoppedTask{
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
			b.service("backend").Script = []fakeaws.Rollout{test.script}
			b.service("backend").Unhealthy = test.unhealthy
			result, err := b.deploy()
			if err == nil || result.Outcome != report.RolledBack || result.Outcome.ExitStatus() != 1 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			contains(t, b.log.text()+err.Error(), test.want...)
			b.runsAsBefore()
			record := b.record()
			if record.Outcome != report.RolledBack || !record.Services[0].Restored || !record.Services[1].Restored {
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

// TestDeploySurvives has what must not stop a deployment.
func TestDeploySurvives(t *testing.T) {
	t.Parallel()
	tests := map[string][]*fakeaws.Fault{
		"every first call throttled": {{Times: 1, Kind: fakeaws.Throttled}},
		"a burst of throttling":      {{After: 10, Times: 4, Kind: fakeaws.Throttled}},
		"500s":                       {{Op: "DescribeServices", Times: 3, Kind: fakeaws.Broken}, {Op: "RegisterTaskDefinition", Times: 3, Kind: fakeaws.Broken}},
		"resets":                     {{Op: "DescribeServices", Times: 3, Kind: fakeaws.Reset}, {Op: "UpdateService", Times: 2, Kind: fakeaws.Reset}},
		// What happened, but was never answered.
		"an update that nobody answers":   {{Op: "UpdateService", Times: 2, Kind: fakeaws.Reset, Effect: true}},
		"a lock that nobody answers":      {{Op: "PutObject", Times: 1, Kind: fakeaws.Reset, Effect: true}},
		"a revision that nobody answers":  {{Op: "RegisterTaskDefinition", Times: 1, Kind: fakeaws.Broken, Effect: true}},
		"an unlock that nobody answers":   {{Op: "DeleteObject", Times: 1, Kind: fakeaws.Reset, Effect: true}},
		"a short outage while waiting":    {{Op: "DescribeServices", After: 3, Times: 12, Kind: fakeaws.Reset}},
		"five minutes without a network":  {{Op: "DescribeServices", After: 3, Times: 60, Kind: fakeaws.Reset}},
		"five minutes in which AWS fails": {{Op: "DescribeServices", After: 3, Times: 60, Kind: fakeaws.Broken}},
		"no log":                          {{Op: "GetLogEvents", Kind: fakeaws.Denied}},
		"the migration cannot be seen":    {{Op: "DescribeTasks", Times: 20, Kind: fakeaws.Reset}},
	}
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Faults = faults
			result, err := b.deploy()
			if err != nil || result.Outcome != report.Succeeded {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			if b.runs("backend") == "ohmycoins-staging-backend:41" || b.locked() {
				t.Errorf("backend runs %s, locked: %v", b.runs("backend"), b.locked())
			}
			if faults[0].Times == 60 {
				contains(t, b.log.text(), "AWS (4m55s): no answer, still waiting", "it answers again")
			}
		})
	}
}

// An outage does not lengthen the time-out: what cannot be seen in time is put back, and the
// end says why it could not be seen.
func TestOutageAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.Timeout = time.Minute
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 6}}
	b.cloud.Faults = []*fakeaws.Fault{{Op: "DescribeServices", After: 7, Times: 50, Kind: fakeaws.Reset}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.RolledBack {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	contains(t, err.Error(), "ohmycoins-staging-backend: the roll-out has not completed within 1m0s: ", "; no answer from AWS for ", "connection reset by peer")
	b.runsAsBefore()
}

func TestDeployGetsStuck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []*fakeaws.Fault
		hook   func(*bench, string, int)
		script []fakeaws.Rollout
		want   []string
	}{
		"credentials expire while waiting": {
			faults: []*fakeaws.Fault{{Op: "DescribeServices", After: 3, Kind: fakeaws.Expired}, {Op: "UpdateService", After: 2, Kind: fakeaws.Expired}},
			want:   []string{"the credentials have expired", "ohmycoins-staging-backend was updated to ohmycoins-staging-backend:48 and may run it or ohmycoins-staging-backend:41"},
		},
		"AWS is gone for good": {
			script: []fakeaws.Rollout{{Looks: 9}},
			hook: func(b *bench, op string, n int) {
				if op == "DescribeServices" && n == 4 {
					b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Reset}} })
				}
			},
			want: []string{"(5m0s): no answer from AWS, trying again", "rolling back"},
		},
		"the rollback fails": {
			script: []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}, {Looks: 2, End: fakeaws.Hangs}},
			want:   []string{"rolling back: ohmycoins-staging-backend: the roll-out has not completed", "ohmycoins-staging-frontend runs ohmycoins-staging-frontend:41 again"},
		},
		"the rollback is not allowed": {
			script: []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}},
			faults: []*fakeaws.Fault{{Op: "UpdateService", After: 2, Kind: fakeaws.Denied}},
			want:   []string{"rolling back", "AccessDenied"},
		},
		"the lock is taken while waiting": {
			script: []fakeaws.Rollout{{Looks: 4, End: fakeaws.Fails}},
			hook: func(b *bench, op string, n int) {
				if op == "DescribeServices" && n == 4 {
					b.cloud.Lock(func() {
						b.cloud.Objects[lockObject] = fakeaws.Object{Body: `{"id":"other","owner":"mallory","host":"laptop"}`, ETag: `"x"`}
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
			if err == nil || result.Outcome != report.Stuck || result.Outcome.ExitStatus() != 3 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			contains(t, b.log.text()+err.Error()+strings.Join(result.State, "\n"), append(test.want,
				"omc status staging", "omc rollback staging",
				"aws ecs update-service --region ap-southeast-2 --cluster ohmycoins-staging-cluster --service ohmycoins-staging-backend --task-definition ohmycoins-staging-backend:41")...)
		})
	}
}

// A service that somebody else updates meanwhile is not overwritten; what is ours is put
// back.
func TestSomebodyElseUpdates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 3, End: fakeaws.Superseded}}
	result, err := b.deploy()
	if err == nil || result.ExitStatus() != 3 || b.cloud.Count("UpdateService") != 3 || b.locked() {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	b.mustRun("99", "41")
	contains(t, err.Error(), "was superseded: deployment ecs-svc/other-", "ohmycoins-staging-backend: somebody else has updated it to ohmycoins-staging-backend:99", "it is left as it is")
	state := strings.Join(result.State, "\n")
	contains(t, state, "ohmycoins-staging-backend was updated by somebody else to ohmycoins-staging-backend:99", "ohmycoins-staging-frontend runs ohmycoins-staging-frontend:41 again")
	if strings.Contains(state, "omc rollback") {
		t.Errorf("it advises to overwrite what somebody else did:\n%s", state)
	}
}

// Credentials that expire are waited for; in vain when nobody logs in again. The end then
// says what to do, and in which order.
func TestExpiredCredentials(t *testing.T) {
	t.Parallel()
	expire := func(b *bench) {
		b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
			if op == "DescribeServices" && n == 4 {
				b.cloud.Lock(func() { b.cloud.ExpiredKeys = []string{"test"} })
			}
		}
	}
	t.Run("for ever", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.service("backend").Script = []fakeaws.Rollout{{Looks: 3}}
		expire(b)
		result, err := b.deploy()
		if err == nil || result.Outcome != report.Stuck || b.cloud.Count("UpdateService") != 2 {
			t.Fatalf("%v: %v, %d updates", result.Outcome, err, b.cloud.Count("UpdateService"))
		}
		contains(t, err.Error(), "the credentials have expired, and there were no new ones within 5m0s")
		contains(t, b.log.text(), "log in again within 5m0s and it goes on", "log in again within 5s")
		contains(t, strings.Join(result.State, "\n"), "log in first", "omc unlock staging", "may run it or", "omc rollback staging")
		if strings.Contains(b.log.text(), "returning to what ran before") {
			t.Error("it says that it rolls back, and cannot")
		}
	})
	for name, key := range map[string]string{"new ones": "fresh", "of another account": "other"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.service("backend").Script = []fakeaws.Rollout{{Looks: 3}}
			b.cloud.Accounts["other"] = "111111111111"
			expire(b)
			reads := 0
			b.app = New(Config{
				Environment: b.cloud.Env, AWS: b.cloud.Config(), Clock: b.cloud.Clock, Reporter: b.log,
				Credentials: func(context.Context) (aws.CredentialsProvider, error) {
					if reads++; reads < 3 {
						return nil, errors.New("the token has expired")
					}
					return credentials.NewStaticCredentialsProvider(key, "secret", ""), nil
				},
			})
			result, err := b.deploy()
			if key == "fresh" {
				if err != nil || b.locked() {
					t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
				}
				contains(t, b.log.text(), "log in again within 5m0s and it goes on: the token has expired", "there are new credentials")
				return
			}
			if err == nil || result.Outcome != report.Stuck {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			contains(t, b.log.text(), "the new ones belong to account 111111111111, want 000000000000")
		})
	}
}

// Nothing in ECS is changed after the lock is lost, whenever that happens.
func TestNothingChangesWithoutTheLock(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"DescribeServices", "RegisterTaskDefinition", "RunTask", "DescribeTasks", "UpdateService"} {
		for _, other := range []string{"", `{"id":"other","owner":"mallory","host":"laptop"}`} {
			b := newBench(t)
			b.service("backend").Script = []fakeaws.Rollout{{Looks: 4, End: fakeaws.Fails}}
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
							b.cloud.Objects[lockObject] = fakeaws.Object{Body: other, ETag: `"x"`}
						}
					})
					lost = len(b.cloud.Calls())
				})
			}
			if _, err := b.deploy(); !errors.As(err, &ledger.Lost{}) {
				t.Fatalf("%s: %v", when, err)
			}
			// Calls of the other service that had been allowed already may still come.
			allowed := map[string]int{"UpdateService": 1, "RegisterTaskDefinition": 1}
			for _, call := range b.cloud.Calls()[lost:] {
				if fakeaws.IsWrite(call.Op) && call.Op != "PutObject" {
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

func TestChecks(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]fakeaws.Answer{
		"wrong status": {Status: 503, Body: "true"},
		"wrong body":   {Status: 200, Body: "false"},
		"a redirect":   {Status: 301, Location: "/app/redirected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Answers["/app/redirected"] = fakeaws.Answer{Status: 200, Body: "true"}
			b.cloud.Answers["/app/backend/api/v1/utils/health-check/"] = answer
			result, err := b.deploy()
			if err == nil || result.Outcome != report.RolledBack {
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
		migration fakeaws.Migration
		want      []string
	}{
		"exit 1":        {fakeaws.Migration{Polls: 3, ExitCode: exit(1), Reason: "Essential container in task exited", Log: []string{"column exists"}}, []string{"exit code 1: Essential container in task exited", "backend migration | column exists"}},
		"never started": {fakeaws.Migration{Polls: 1, Reason: "CannotPullContainerError"}, []string{"it never ran: CannotPullContainerError"}},
		"no capacity":   {fakeaws.Migration{Reason: "RESOURCE:MEMORY"}, []string{"ECS started no task: RESOURCE:MEMORY"}},
		"never ends":    {fakeaws.Migration{Polls: 1 << 20}, []string{"it has not ended within 15m0s", "was told to stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.cloud.Migration = test.migration
			result, err := b.deploy()
			if err == nil || result.Outcome != report.Failed || result.Outcome.ExitStatus() != 1 {
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

// Somebody sets the desired count to 0 while the roll-out goes on: ECS calls that
// completed, and it proves nothing.
func TestNothingRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
		if op == "UpdateService" && n == 2 {
			b.cloud.Lock(func() {
				b.service("backend").Desired = 0
				b.service("backend").Deployments[0].Desired = 0
			})
		}
	}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.RolledBack {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, err.Error(), "ohmycoins-staging-backend: the roll-out completed with 0 tasks, which proves nothing")
	b.runsAsBefore()
}

// A migration whose start nobody answered may run all the same.
func TestMigrationThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.Faults = []*fakeaws.Fault{{Op: "RunTask", Kind: fakeaws.Reset, Effect: true}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.Failed {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	if n := len(b.cloud.StopReasons()); n != 1 {
		t.Errorf("%d migrations were stopped, want the one that runs", n)
	}
}
