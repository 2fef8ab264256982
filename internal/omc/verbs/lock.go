package verbs

import (
	"context"
	"errors"
	"fmt"
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
}

// Expired reports whether the lock is older than its own time-out.
func (l Lock) Expired(now time.Time) bool { return now.After(l.expires()) }

func (l Lock) expires() time.Time {
	return l.Time.Add(time.Duration(l.TimeoutSeconds) * time.Second)
}

// describe says who holds the lock, and whether it is too old.
func (l Lock) describe(now time.Time) string {
	text := fmt.Sprintf("%s by %s on %s since %s (%s ago)",
		l.Verb, l.Owner, l.Host, l.Time.UTC().Format(time.RFC3339), now.Sub(l.Time).Round(time.Second))
	if l.Commit != "" {
		text += ", commit " + l.Commit
	}
	if l.Expired(now) {
		text += fmt.Sprintf("; the lock is older than its own time-out of %s: whoever held it is most likely gone",
			time.Duration(l.TimeoutSeconds)*time.Second)
	}
	return text
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
}

// take takes the lock. Everybody else is kept out until giveBack.
func (l *lease) take(ctx context.Context, lock Lock) error {
	lock.Host, lock.Time = l.host, l.clock.Now().UTC()
	// From here on it may be ours, whatever the answer is.
	l.lock, l.taken = lock, true
	err := l.store().acquire(ctx, lock, lock.Time)
	if h := (held{}); errors.As(err, &h) {
		l.taken = false
		return unmet{[]Finding{l.heldBy(h.lock)}}
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
	ctx, cancel := lastWords(ctx)
	defer cancel()
	err := l.insist(ctx, "giving the lock back", func(ctx context.Context) error { return l.store().release(ctx, l.lock.ID) })
	if l.taken = err != nil; l.taken {
		l.out.Warn(fmt.Sprintf("the lock could not be given back: %s: omc unlock %s does", brief(err), l.env.Name))
	}
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
