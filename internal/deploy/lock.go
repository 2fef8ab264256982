package deploy

import (
	"fmt"
	"time"
)

// Lock is who deploys to an environment. Only one can hold it at a time.
type Lock struct {
	// ID is the id of the holder's record.
	ID string `json:"id"`
	// Verb is what the holder does: "deploy", "rollback".
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
