package verbs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// unsigned is a scripted clock without signs of life: on it they would take the time of the
// verb that they run beside. Nothing else waits that long.
type unsigned struct{ *fakeaws.Clock }

func (c unsigned) After(d time.Duration, do func()) (cancel func()) {
	if d == ledger.Heartbeat {
		return func() {}
	}
	return c.Clock.After(d, do)
}

// after is how long a verb may go on beyond its time: the last call of each part of it has
// five attempts of ten seconds.
const after = time.Minute

// putBack is what a verb that has touched services does when its time is over: it waits
// for AWS for the length of an outage before it gives up on putting them back, looks
// at what runs, writes the record, and gives the lock back.
const putBack = explainPatience + awsapi.Outage + 2*after + 4*lastWordsTime

// TestPermanentHang lets every call hang for ever from some point on. The time-out is for
// everything that comes before putting back what ran.
func TestPermanentHang(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Minute
	for _, test := range []struct {
		verb, op string
		n        int // the call of op from which on everything hangs
		status   int
		most     time.Duration
		says     string
	}{
		{verbDeploy, "DescribeClusters", 1, 2, timeout, "cluster ohmycoins-staging-cluster: it cannot be described: "},
		{verbDeploy, "RegisterTaskDefinition", 1, 1, timeout + 3*lastWordsTime, "i/o timeout"},
		{verbDeploy, "DescribeTasks", 3, 1, timeout + 4*lastWordsTime, "it has not ended within 2m0s"},
		{verbDeploy, "UpdateService", 1, 3, timeout + putBack, "it has not ended within 2m0s"},
		{verbDeploy, "DescribeServices", 3, 3, timeout + putBack, "the roll-out has not completed within 2m0s: ohmycoins-staging-backend:49: "},
		{verbRollback, "ListObjects", 1, 2, timeout, "i/o timeout"},
		{verbRollback, "UpdateService", 1, 3, timeout + explainPatience + 4*lastWordsTime, "it has not ended within 2m0s"},
		{verbRollback, "DescribeServices", 2, 3, timeout + explainPatience + 4*lastWordsTime, "the roll-out has not completed within 2m0s: ohmycoins-staging-backend:41: "},
	} {
		t.Run(fmt.Sprint(test.verb, test.op, test.n), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if _, err := b.deploy(); err != nil {
				t.Fatal(err)
			}
			b.opt.Images = map[string]string{}
			for _, s := range b.record().Services {
				b.opt.Images[s.Service] = s.After.Image
			}
			b.hangFrom(test.op, test.n)
			b.opt.Timeout = timeout
			b.app.clock = unsigned{b.cloud.Clock}
			started := b.cloud.Clock.Now()
			var result Result
			var err error
			if test.verb == verbDeploy {
				result, err = b.app.Deploy(t.Context(), b.opt)
			} else {
				result, err = b.app.Rollback(t.Context(), RollbackOptions{Timeout: timeout})
			}
			took := b.cloud.Clock.Now().Sub(started)
			if err == nil || result.ExitStatus() != test.status {
				t.Fatalf("%v: %v, want status %d\n%s", result.Outcome, err, test.status, b.log.text())
			}
			contains(t, err.Error(), test.says)
			if strings.Contains(test.says, "roll-out") {
				contains(t, err.Error(), "no answer from AWS for ")
			}
			if took > test.most+after {
				t.Errorf("it took %s, want at most %s\n%v\n%s", took, test.most, err, b.log.text())
			}
		})
	}
}

// No single call is to blame when every answer takes its time.
func TestSlowPrerequisites(t *testing.T) {
	t.Parallel()
	for verb, do := range map[string]func(*bench) (Result, error){
		verbDeploy: func(b *bench) (Result, error) { return b.app.Deploy(b.t.Context(), b.opt) },
		verbRollback: func(b *bench) (Result, error) {
			return b.app.Rollback(b.t.Context(), RollbackOptions{Timeout: 2 * time.Minute})
		},
	} {
		b := newBench(t)
		b.opt.Timeout = 2 * time.Minute
		b.cloud.OnCall = func(string, int, <-chan struct{}) { b.cloud.Clock.Advance(time.Minute) }
		result, err := do(b)
		if err == nil || result.Outcome != report.NothingChanged || b.locked() {
			t.Fatalf("%s: %v: %v", verb, result.Outcome, err)
		}
		contains(t, err.Error(), "it has not ended within 2m0s")
	}
}

// Building and asking take nothing from the time of the others.
func TestBuildingHasNoDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.Timeout = 2 * time.Minute
	hour := func(context.Context) error { b.cloud.Clock.Advance(time.Hour); return nil }
	b.builder.during, b.opt.Confirm = hour, hour
	if result, err := b.deploy(); err != nil {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
}

// hangFrom lets the nth call of an operation from now on, and every call after it, hang.
func (b *bench) hangFrom(op string, n int) {
	from := b.cloud.Count(op) + n
	b.cloud.OnCall = func(got string, count int, _ <-chan struct{}) {
		if got == op && count == from {
			b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Hang}} })
		}
	}
	b.cloud.Lock(func() { b.cloud.Faults = []*fakeaws.Fault{{Op: op, After: n - 1, Kind: fakeaws.Hang}} })
}

// The verbs that only read end, too: when nothing answers, and when everything takes its
// time, so that no single call is to blame.
func TestReadingEnds(t *testing.T) {
	t.Parallel()
	for name, verb := range map[string]func(*bench) (report.Ending, error){
		"status": func(b *bench) (report.Ending, error) { r, err := b.app.Status(b.t.Context()); return r.Ending, err },
		"verify": func(b *bench) (report.Ending, error) { r, err := b.app.Verify(b.t.Context()); return r.Ending, err },
		"secrets check": func(b *bench) (report.Ending, error) {
			r, err := b.app.CheckSecret(b.t.Context())
			return r.Ending, err
		},
		"alarms test": func(b *bench) (report.Ending, error) {
			r, err := b.app.PlanAlarmTest(b.t.Context())
			return r.Ending, err
		},
		"unlock": func(b *bench) (report.Ending, error) { r, err := b.app.PlanUnlock(b.t.Context()); return r.Ending, err },
	} {
		for how, script := range map[string]func(*bench){
			// Whose credentials they are is answered, and nothing else.
			"hang": func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{After: 1, Kind: fakeaws.Hang}} },
			"slow": func(b *bench) {
				end := b.cloud.Clock.Now().Add(readTime)
				b.cloud.OnCall = func(_ string, _ int, done <-chan struct{}) {
					b.cloud.Clock.Advance(readTime / 2)
					if !b.cloud.Clock.Now().Before(end) {
						<-done // else the answer could be faster than the end
					}
				}
			},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				script(b)
				started := b.cloud.Clock.Now()
				ending, err := verb(b)
				if err == nil || ending.ExitStatus() != 1 && ending.ExitStatus() != 2 {
					t.Fatalf("%v: %v", ending.Outcome, err)
				}
				if how == "slow" {
					contains(t, err.Error(), "it has not ended within "+readTime.String())
				}
				if took := b.cloud.Clock.Now().Sub(started); how == "hang" && took > readTime+after {
					t.Errorf("it took %s, want at most %s", took, readTime)
				}
			})
		}
	}
}
