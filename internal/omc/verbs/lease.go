package verbs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// A lease is the lock of the environment in the hands of a verb.
type lease struct {
	*App
	lock ledger.Lock
	// taken says that the lock is, or may be, ours.
	taken bool
	// signs are the signs of life that the lock gives.
	signs *signs
}

// take takes the lock. Everybody else is kept out until giveBack.
func (l *lease) take(ctx context.Context, lock ledger.Lock) error {
	lock.Host, lock.Time, lock.HeartbeatSeconds = l.host, l.clock.Now().UTC(), int(ledger.Heartbeat.Seconds())
	// From here on it may be ours, whatever the answer is.
	l.lock, l.taken = lock, true
	etag, err := l.store().Acquire(ctx, lock, lock.Time)
	if h := (ledger.Held{}); errors.As(err, &h) {
		l.taken = false
		return unmet{[]report.Finding{l.heldBy(h.Lock)}}
	}
	if err == nil {
		l.signs = l.beginSigns(lock, etag)
	}
	return err
}

// check fails unless the lock is still ours. It waits for AWS to be reachable.
func (l *lease) check(ctx context.Context, what string) error {
	return l.persist(ctx, what, func(ctx context.Context) error { return l.store().Verify(ctx, l.lock) })
}

// change changes something in AWS. It does so only while the lock is ours.
func (l *lease) change(ctx context.Context, what string, do func(context.Context) error) error {
	if err := l.check(ctx, what); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// giveBack gives the lock back, also after ctx has ended.
func (l *lease) giveBack(ctx context.Context) {
	if !l.taken {
		return
	}
	l.signs.end()
	ctx, cancel := l.lastWords(ctx)
	defer cancel()
	err := l.insist(ctx, "giving the lock back", func(ctx context.Context) error {
		_, err := l.store().Release(ctx, l.lock)
		return err
	})
	if l.taken = err != nil; l.taken {
		l.out.Warn(fmt.Sprintf("the lock could not be given back: %s: omc unlock %s does", awsapi.Brief(err), l.env.Name))
	}
}

// signs writes a lock again now and then, so that others see that its holder lives.
type signs struct {
	*App
	lock ledger.Lock
	ctx  context.Context //nolint:containedctx // it ends with the signs and bounds what gives them
	stop context.CancelFunc

	mu     sync.Mutex
	etag   string // of the lock file
	cancel func() // the next sign
}

func (a *App) beginSigns(lock ledger.Lock, etag string) *signs {
	s := &signs{App: a, lock: lock, etag: etag}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.cancel = a.clock.After(ledger.Heartbeat, s.give)
	return s
}

// give gives a sign of life, and sees to the next one. Where that is not possible, others
// see it; the next change finds out whether the lock is lost.
func (s *signs) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, ledger.Heartbeat)
	defer cancel()
	switch etag, err := s.store().Renew(ctx, s.lock, s.etag); {
	case err == nil:
		s.etag = etag
	case errors.As(err, &ledger.Lost{}):
		return
	}
	s.cancel = s.clock.After(ledger.Heartbeat, s.give)
}

// end ends the signs. None is under way afterwards.
func (s *signs) end() {
	if s == nil {
		return
	}
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
}

// borrowTime is how long a verb may hold the lock that changes something small: an
// outage of AWS, and what it does before and after.
const borrowTime = awsapi.Outage + 10*time.Minute

// borrow takes the lock for a verb that changes something other than what runs. It
// leaves no record. The lease is to be given back also when there is an error.
func (a *App) borrow(ctx context.Context, verb string, who identity) (*lease, error) {
	l := &lease{App: a}
	return l, l.take(ctx, ledger.Lock{ID: ledger.NewID(a.clock.Now()), Verb: verb, Owner: who.arn, TimeoutSeconds: int(borrowTime.Seconds())})
}

func (a *App) store() ledger.Store {
	return ledger.Store{Objects: a.aws.Objects, Bucket: a.env.State.Bucket, Folder: a.env.Deployment.Folder, Warn: a.out.Warn}
}
