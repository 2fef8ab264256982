package ledger

import (
	"cmp"
	"fmt"
	"strings"
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
	// Heartbeat is how often a holder writes its lock again.
	Heartbeat = 20 * time.Second
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

// Abandoned says why nobody is likely to hold the lock any more; "" when somebody may.
func (l Lock) Abandoned(now time.Time) string {
	beat := seconds(l.HeartbeatSeconds)
	switch {
	case l.foreign != "":
		return "the lock file is no lock of omc (" + l.foreign + ")"
	case beat > 0 && l.Silence() > silences*beat:
		return fmt.Sprintf("whoever held it is most likely gone: no sign of life for %s, want one every %s", l.Silence().Round(time.Second), beat)
	case l.Time.IsZero():
		return "it does not say since when"
	case l.Expired(now):
		return fmt.Sprintf("the lock is older than its own time-out of %s: whoever held it is most likely gone", seconds(l.TimeoutSeconds))
	}
	return ""
}

// Silence is how long ago the holder wrote the lock, by the clock of S3.
func (l Lock) Silence() time.Duration { return l.object.age }

// Describe says who holds the lock, and whether anybody does.
func (l Lock) Describe(now time.Time) string {
	why := l.Abandoned(now)
	if l.foreign != "" {
		return why
	}
	text := fmt.Sprintf("%s by %s on %s since %s", cmp.Or(l.Verb, "something"), cmp.Or(ShortARN(l.Owner), "somebody"), cmp.Or(l.Host, "an unknown host"), since(l.Time, now))
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

// ShortARN returns the part of an ARN that says who it is: "assumed-role/deployer/me".
func ShortARN(arn string) string {
	const fields = 6
	if parts := strings.SplitN(arn, ":", fields); len(parts) == fields && parts[0] == "arn" {
		return parts[fields-1]
	}
	return arn
}

// Held is the error of a lock that somebody else has.
type Held struct {
	Lock Lock
	Now  time.Time
}

func (h Held) Error() string { return "somebody else holds the lock: " + h.Lock.Describe(h.Now) }

// Lost is the error of a lock that is not ours any more. Nothing may be changed
// after it.
type Lost struct{ now string }

func (l Lost) Error() string {
	return "the lock is lost: it was " + l.now + ", so that nothing more was changed"
}
