package verbs

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

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
					leave(op, done)
				}
			}
			result, err := b.deploy()
			if err == nil || result.Outcome != report.Interrupted || result.Outcome.ExitStatus() != 130 {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			b.runsAsBefore()
			if updated := b.cloud.Count("UpdateService") > 0; updated != test.touched {
				t.Errorf("updated: %v, want %v", updated, test.touched)
			}
			if started := b.cloud.Count("RunTask"); len(b.cloud.StopReasons()) != started && !test.touched {
				t.Errorf("%d migrations were started, and %d stopped", started, len(b.cloud.StopReasons()))
			}
		})
	}
	t.Run("2 while building", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.builder.during = func(ctx context.Context) error { b.stop(); <-ctx.Done(); return context.Cause(ctx) }
		result, err := b.deploy()
		if result.Outcome != report.Interrupted || b.locked() || b.cloud.Count("RegisterTaskDefinition") > 0 {
			t.Errorf("%v: %v", result.Outcome, err)
		}
	})
	t.Run("5 while checking", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.app.http.Transport = interrupting{b.stop}
		result, err := b.deploy()
		if result.Outcome != report.Interrupted {
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
			}
		}
		result, err := b.app.Deploy(ctx, b.opt)
		if err == nil || result.Outcome != report.Stuck || b.locked() {
			t.Fatalf("%v: %v, locked: %v", result.Outcome, err, b.locked())
		}
		contains(t, strings.Join(result.State, "\n"), ":41 (0 of 2 tasks); ohmycoins-staging-", " is on its way to ", "omc rollback staging") // one of the two
		if record := b.record(); record.Outcome != report.Stuck {
			t.Errorf("record: %+v", record)
		}
	})
}

// slowNetwork presses Ctrl-C while the first update of a service is on its way. When its
// caller leaves, the update arrives nevertheless, at last.
type slowNetwork struct {
	aws.HTTPClient
	stop func()
	once sync.Once
	last func() // delivers what is still on its way
}

func (n *slowNetwork) Do(req *http.Request) (resp *http.Response, err error) {
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".UpdateService") {
		n.once.Do(func() {
			var body []byte
			if body, err = io.ReadAll(req.Body); err != nil {
				return
			}
			req.Body = io.NopCloser(bytes.NewReader(body))
			n.stop()
			select {
			case <-req.Context().Done():
				err = req.Context().Err()
				late := req.Clone(context.WithoutCancel(req.Context()))
				late.Body = io.NopCloser(bytes.NewReader(body))
				n.last = func() {
					if resp, err := n.HTTPClient.Do(late); err == nil {
						_ = resp.Body.Close()
					}
				}
			case <-time.After(100 * time.Millisecond):
			}
		})
	}
	if err != nil {
		return nil, err
	}
	return n.HTTPClient.Do(req)
}

// An update that is on its way is waited for: else it could come after its own rollback.
func TestInterruptUpdateOnItsWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cfg := b.cloud.Config()
	network := &slowNetwork{HTTPClient: cfg.HTTPClient, stop: b.stop, last: func() {}}
	cfg.HTTPClient = network
	b.app.aws = awsapi.New(cfg, b.cloud.Env, nil)
	result, err := b.deploy()
	if err == nil || result.Outcome != report.Interrupted {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	network.last()
	b.runsAsBefore()
}

// Verbs that only read end with the status of an interruption, too.
func TestInterruptReading(t *testing.T) {
	t.Parallel()
	verbs := map[string]func(*bench) (report.Ending, error){
		"status": func(b *bench) (report.Ending, error) { s, err := b.app.Status(b.t.Context()); return s.Ending, err },
		"unlock": func(b *bench) (report.Ending, error) { u, err := b.app.PlanUnlock(b.t.Context()); return u.Ending, err },
	}
	for name, verb := range verbs {
		b := newBench(t)
		b.cloud.OnCall = func(op string, _ int, done <-chan struct{}) {
			if op == "GetObject" {
				b.stop()
				<-done
			}
		}
		if ending, err := verb(b); err == nil || ending.ExitStatus() != 130 {
			t.Errorf("%s: %v: %v", name, ending.Outcome, err)
		}
	}
}

// What could not be found out because of an interruption is no finding.
func TestInterruptedPrerequisites(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.OnCall = func(op string, _ int, done <-chan struct{}) {
		if op == "GetCallerIdentity" {
			b.stop()
			<-done
		}
	}
	if result, err := b.app.Verify(t.Context()); err == nil || err.Error() != "interrupted" || len(result.Findings) > 0 {
		t.Errorf("%v: %v", err, result.Findings)
	}
}

// What could not be read is unknown, and neither 0 nor none.
func TestStatusKnowsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.denied("DescribeAlarms")
	b.denied("GetObject")
	status, err := b.app.Status(t.Context())
	if err == nil || status.ExitStatus() != 1 || len(status.Services) != 2 {
		t.Errorf("%+v: %v", status, err)
	}
	var text strings.Builder
	status.Page().WriteText(&text)
	contains(t, text.String(), "Alarms: unknown", "Last deployment: unknown")

	b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Expired}}
	if status, err = b.app.Status(t.Context()); status.ExitStatus() != 2 || len(status.Findings) != 1 {
		t.Errorf("%+v: %v", status, err)
	}
}

// A rollback that is stopped has nothing better to return to: it says what it leaves.
func TestInterruptRollback(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		op      string
		n       int // of the calls of the rollback
		outcome report.Outcome
		state   string
	}{
		"while asking who we are":     {"GetCallerIdentity", 1, report.Interrupted, "no service was touched"},
		"while reading the records":   {"ListObjects", 1, report.Interrupted, "no service was touched"},
		"while taking the lock":       {"PutObject", 1, report.Interrupted, "no service was touched"},
		"while writing the record":    {"PutObject", 2, report.Interrupted, "no service was touched"},
		"while updating":              {"UpdateService", 1, report.Stuck, "to try again: omc rollback staging"},
		"while waiting for the tasks": {"DescribeServices", 3, report.Stuck, "ohmycoins-staging-backend runs ohmycoins-staging-backend:41 (2 of 2 tasks); ohmycoins-staging-backend:48 ran before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if _, err := b.deploy(); err != nil {
				t.Fatal(err)
			}
			before := b.cloud.Count(test.op)
			b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
				if op == test.op && n == before+test.n {
					b.stop()
					leave(op, done)
				}
			}
			result, err := b.app.Rollback(t.Context(), RollbackOptions{})
			if err == nil || result.Outcome != test.outcome || b.locked() {
				t.Fatalf("%v: %v, locked: %v", result.Outcome, err, b.locked())
			}
			contains(t, strings.Join(result.State, "\n"), test.state)
			if changed := b.cloud.Count("UpdateService") > 2; changed != (test.outcome == report.Stuck) {
				t.Errorf("updated: %v", changed)
			}
		})
	}
}

// Without a rollback a stopped deployment stays as it is, and says so.
func TestInterruptWithoutRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.NoRollback = true
	b.cloud.OnCall = func(op string, n int, done <-chan struct{}) {
		if op == "DescribeServices" && n == 3 {
			b.stop()
			<-done
		}
	}
	result, err := b.deploy()
	// 130 would say that what ran before runs.
	if err == nil || result.ExitStatus() != 1 || b.cloud.Count("UpdateService") != 2 || b.locked() {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, strings.Join(result.State, "\n"), "ohmycoins-staging-backend runs ohmycoins-staging-backend:48 (2 of 2 tasks); ohmycoins-staging-backend:41 ran before", "omc rollback staging")
	if title := result.Page().Title; strings.Contains(title, "rolled back") || !strings.Contains(err.Error(), "interrupted") {
		t.Error(title, err)
	}
}
