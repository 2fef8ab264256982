package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

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
		"missing key": {
			func(b *bench) { b.cloud.Secrets[secretOf(b)] = `{"SECRET_KEY":"marker-secret-value"}` },
			[]string{"it has no key SMTP_HOST, which the task definition names", "it has no key OPENAI_API_KEY"},
		},
		"not JSON":        {func(b *bench) { b.cloud.Secrets[secretOf(b)] = fakeaws.SecretMarker }, []string{"its value is not a JSON object"}},
		"alarm":           {func(b *bench) { b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM" }, []string{"alarm ohmycoins-staging/alb/5xx-high: it is in ALARM", "12 datapoints"}},
		"missing alarm":   {func(b *bench) { delete(b.cloud.Alarms, "ohmycoins-staging/alb-backend/unhealthy-targets") }, []string{"alarm ohmycoins-staging/alb-backend/unhealthy-targets: it does not exist"}},
		"wrong account":   {func(b *bench) { b.app.env.AccountID = "999999999999" }, []string{"credentials: they belong to account 000000000000, want 999999999999"}},
		"bad credentials": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Op: "GetCallerIdentity", Kind: fakeaws.Expired}} }, []string{"credentials: AWS does not accept them"}},
		"dirty tree":      {func(b *bench) { b.dirty() }, []string{"working tree: it has changes that are in no commit"}},
		"no repository":   {func(b *bench) { b.opt.Source = t.TempDir() }, []string{"working tree: git rev-parse", "--source"}},
		"builder is missing": {
			func(b *bench) { b.opt.Builder = missing{b.builder} },
			[]string{"builder: omc-no-such-builder: it is not installed"},
		},
		"another lock": {func(b *bench) { b.lockedBy(b.cloud.Clock.Now().Add(-time.Minute)) }, []string{"somebody else holds the lock: deploy by mallory on laptop since 2026-01-02T03:03:05Z (1m0s ago), commit 0123456789ab", "wait until it has ended"}},
		"an old lock":  {func(b *bench) { b.lockedBy(b.cloud.Clock.Now().Add(-3 * time.Hour)) }, []string{"older than its own time-out of 1h0m0s", "omc unlock staging"}},
		"unknown image": {
			func(b *bench) {
				b.opt.Images = map[string]string{"backend": "omc-backend@" + fakeaws.Digest("nowhere")}
			},
			[]string{"image of backend: omc-backend has no image sha256:"},
		},
		"somebody else's image": {
			func(b *bench) {
				b.opt.Images = map[string]string{"backend": "evil/backend@" + fakeaws.Digest("nowhere")}
			},
			[]string{`image of backend: repository is "evil/backend", want 000000000000.dkr.ecr`},
		},
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
			if err == nil || result.Outcome != report.NothingChanged || result.Outcome.ExitStatus() != 2 || len(result.Findings) == 0 {
				t.Fatalf("%v: %v", result.Outcome, err)
			}
			contains(t, err.Error(), test.want...)
			for _, op := range ops(b.cloud.Calls()) {
				if fakeaws.IsWrite(op) {
					t.Errorf("%s was called", op)
				}
			}
			if len(b.builder.built) > 0 {
				t.Error("an image was built")
			}
		})
	}
}

// Two deployments both find that nobody deploys, and then both begin.
func TestTwoDeploymentsBeginAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var looked sync.WaitGroup
	looked.Add(2)
	over := make(chan struct{}) // one of them has ended
	b.cloud.OnCall = func(op string, n int, _ <-chan struct{}) {
		switch {
		case op == "GetObject" && n <= 2: // the prerequisites: there is no lock
			looked.Done()
			looked.Wait()
		case op == "RegisterTaskDefinition" && n == 1: // the winner is in the middle
			<-over
		}
	}
	outcomes := make([]report.Outcome, 2)
	_ = awsapi.Each([]*bench{b, b.another()}, func(who *bench) error {
		result, err := who.deploy()
		b.cloud.Lock(func() {
			if outcomes[0] == "" {
				outcomes[0] = result.Outcome
				close(over)
			} else {
				outcomes[1] = result.Outcome
			}
		})
		if result.Outcome == report.NothingChanged {
			contains(t, fmt.Sprint(err), "somebody else holds the lock: deploy by ")
		}
		return nil
	})
	if want := []report.Outcome{report.NothingChanged, report.Succeeded}; !slices.Equal(outcomes, want) {
		t.Errorf("they ended as %q, want %q", outcomes, want)
	}
	if n := b.cloud.Count("RegisterTaskDefinition"); n != 2 {
		t.Errorf("%d revisions, want those of one deployment", n)
	}
}

// A deployment begins in the middle of another.
func TestTwoDeploymentsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.another()
	// The other one begins and ends in the middle of the first.
	var begun atomic.Bool
	var refused Result
	b.cloud.OnCall = func(op string, _ int, _ <-chan struct{}) {
		if op == "RegisterTaskDefinition" && begun.CompareAndSwap(false, true) {
			refused, _ = other.deploy()
		}
	}
	first, _ := b.deploy()
	if first.Outcome != report.Succeeded || refused.Outcome != report.NothingChanged {
		t.Errorf("outcomes: %v and %v, want the first to succeed and the other to change nothing", first.Outcome, refused.Outcome)
	}
	if n := b.cloud.Count("RegisterTaskDefinition"); n != 2 {
		t.Errorf("%d revisions, want those of one deployment", n)
	}
}

// missing is a builder that is not installed.
type missing struct{ *fakeBuilder }

func (missing) Check(context.Context) error {
	return errors.New("omc-no-such-builder: it is not installed or not in PATH")
}
