package verbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Lock is who changes an environment. Only one can hold it at a time.
type Lock struct {
	// ID is the id of the holder's record.
	ID string `json:"id"`
	// Verb is what the holder does: "deploy", "rollback", "secrets put", "alarms test".
	Verb string `json:"verb"`
	// Owner is the ARN of the holder's identity, Host the machine that it runs on.
	Owner string `json:"owner"`
	Host  string `json:"host"`
	// Commit is what the holder deploys. It may be empty.
	Commit string    `json:"commit,omitempty"`
	Time   time.Time `json:"time"`
	// TimeoutSeconds is how long the holder may take. An older lock belongs to a
	// process that died.
	TimeoutSeconds int `json:"timeoutSeconds"`
	// HeartbeatSeconds is how often the holder writes the lock again while it lives; 0
	// is never.
	HeartbeatSeconds int `json:"heartbeatSeconds,omitempty"`

	// object is the lock file that it was read from.
	object object
	// foreign says why the lock file is no lock.
	foreign string
}

const (
	// heartbeat is how often a holder writes its lock again.
	heartbeat = 20 * time.Second
	// silences is how many times in a row it may fail to before it is taken for dead.
	silences = 3
)

// Expired reports whether the lock is older than its own time-out.
func (l Lock) Expired(now time.Time) bool { return now.After(l.expires()) }

func (l Lock) expires() time.Time { return l.Time.Add(seconds(l.TimeoutSeconds)) }

// seconds returns a duration that somebody wrote into a file: none that is longer than a
// year.
func seconds(n int) time.Duration {
	const most = 365 * 24 * 60 * 60
	return time.Duration(min(max(n, 0), most)) * time.Second
}

// abandoned says why nobody is likely to hold the lock any more; "" when somebody may.
func (l Lock) abandoned(now time.Time) string {
	beat := seconds(l.HeartbeatSeconds)
	switch {
	case l.foreign != "":
		return "the lock file is no lock of omc (" + l.foreign + ")"
	case beat > 0 && l.object.age > silences*beat:
		return fmt.Sprintf("whoever held it is most likely gone: no sign of life for %s, want one every %s", l.object.age.Round(time.Second), beat)
	case l.Time.IsZero():
		return "it does not say since when"
	case l.Expired(now):
		return fmt.Sprintf("the lock is older than its own time-out of %s: whoever held it is most likely gone", seconds(l.TimeoutSeconds))
	}
	return ""
}

// describe says who holds the lock, and whether anybody does.
func (l Lock) describe(now time.Time) string {
	why := l.abandoned(now)
	if l.foreign != "" {
		return why
	}
	text := fmt.Sprintf("%s by %s on %s since %s", cmp.Or(l.Verb, "something"), cmp.Or(shortARN(l.Owner), "somebody"), cmp.Or(l.Host, "an unknown host"), since(l.Time, now))
	if l.Commit != "" {
		text += ", commit " + l.Commit
	}
	if why != "" {
		text += "; " + why
	}
	return text
}

// since says when something was that somebody wrote into a file, and how long ago.
func since(t, now time.Time) string {
	age := now.Sub(t)
	const lifetime = 100 * 365 * 24 * time.Hour
	switch {
	case t.IsZero():
		return "an unknown time"
	case age < 0:
		return t.UTC().Format(time.RFC3339) + " (in the future: one of the clocks is wrong)"
	case age > lifetime:
		return t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s (%s ago)", t.UTC().Format(time.RFC3339), age.Round(time.Second))
}

// shortARN returns the part of an ARN that says who it is: "assumed-role/deployer/me".
func shortARN(arn string) string {
	const fields = 6
	if parts := strings.SplitN(arn, ":", fields); len(parts) == fields && parts[0] == "arn" {
		return parts[fields-1]
	}
	return arn
}

// held is the error of a lock that somebody else has.
type held struct {
	lock Lock
	now  time.Time
}

func (h held) Error() string { return "somebody else holds the lock: " + h.lock.describe(h.now) }

// lockLost is the error of a lock that is not ours any more. Nothing may be changed
// after it.
type lockLost struct{ now string }

func (l lockLost) Error() string {
	return "the lock is lost: it was " + l.now + ", so that nothing more was changed"
}

// A lease is the lock of the environment in the hands of a verb.
type lease struct {
	*App
	lock Lock
	// taken says that the lock is, or may be, ours.
	taken bool
	// signs are the signs of life that the lock gives.
	signs *signs
}

// take takes the lock. Everybody else is kept out until giveBack.
func (l *lease) take(ctx context.Context, lock Lock) error {
	lock.Host, lock.Time, lock.HeartbeatSeconds = l.host, l.clock.Now().UTC(), int(heartbeat.Seconds())
	// From here on it may be ours, whatever the answer is.
	l.lock, l.taken = lock, true
	etag, err := l.store().acquire(ctx, lock, lock.Time)
	if h := (held{}); errors.As(err, &h) {
		l.taken = false
		return unmet{[]Finding{l.heldBy(h.lock)}}
	}
	if err == nil {
		l.signs = l.beginSigns(lock, etag)
	}
	return err
}

// check fails unless the lock is still ours. It waits for AWS to be reachable.
func (l *lease) check(ctx context.Context, what string) error {
	return l.persist(ctx, what, func(ctx context.Context) error { return l.store().verify(ctx, l.lock) })
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
		_, err := l.store().release(ctx, l.lock)
		return err
	})
	if l.taken = err != nil; l.taken {
		l.out.Warn(fmt.Sprintf("the lock could not be given back: %s: omc unlock %s does", brief(err), l.env.Name))
	}
}

// signs writes a lock again now and then, so that others see that its holder lives.
type signs struct {
	*App
	lock Lock
	ctx  context.Context //nolint:containedctx // it ends with the signs and bounds what gives them
	stop context.CancelFunc

	mu     sync.Mutex
	etag   string // of the lock file
	cancel func() // the next sign
}

func (a *App) beginSigns(lock Lock, etag string) *signs {
	s := &signs{App: a, lock: lock, etag: etag}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.cancel = a.clock.After(heartbeat, s.give)
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
	ctx, cancel := context.WithTimeout(s.ctx, heartbeat)
	defer cancel()
	switch etag, err := s.store().renew(ctx, s.lock, s.etag); {
	case err == nil:
		s.etag = etag
	case errors.As(err, &lockLost{}):
		return
	}
	s.cancel = s.clock.After(heartbeat, s.give)
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
const borrowTime = outage + 10*time.Minute

// borrow takes the lock for a verb that changes something other than what runs. It
// leaves no record. The lease is to be given back also when there is an error.
func (a *App) borrow(ctx context.Context, verb string, who identity) (*lease, error) {
	l := &lease{App: a}
	return l, l.take(ctx, Lock{ID: newID(a.clock.Now()), Verb: verb, Owner: who.arn, TimeoutSeconds: int(borrowTime.Seconds())})
}
