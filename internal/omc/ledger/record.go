package ledger

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
)

// Record is what is known about one deployment. It is written before the first
// change and after every step, so that a crash leaves enough to know what to do.
type Record struct {
	ID          string `json:"id"`
	Environment string `json:"environment"`
	// Verb is "deploy" or "rollback".
	Verb   string `json:"verb"`
	Commit string `json:"commit,omitempty"`
	// By is the ARN of whoever did it, Host the machine.
	By      string    `json:"by"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"`
	// Finished is zero while it runs, and for ever when it crashed.
	Finished time.Time `json:"finished,omitzero"`
	// Outcome is empty as long as Finished is zero.
	Outcome report.Outcome `json:"outcome,omitempty"`
	// Step is what was done last.
	Step     string          `json:"step"`
	Error    string          `json:"error,omitempty"`
	Services []ServiceRecord `json:"services"`
}

// ServiceRecord is one service in a record. Services that the verb leaves alone are
// there too, with Before and After alike.
type ServiceRecord struct {
	// Service is the service's key, Name its name in AWS.
	Service string  `json:"service"`
	Name    string  `json:"name"`
	Before  Version `json:"before"`
	After   Version `json:"after"`
	// Touched is set before the service is updated, so that it is true whenever the
	// update may have happened.
	Touched bool `json:"touched"`
	// Restored says that the service runs Before again.
	Restored bool `json:"restored"`
	// Migration is the service's migration, nil when none was to be started yet.
	Migration *MigrationRecord `json:"migration,omitempty"`
}

// MigrationRecord is a migration in a record. It is written before the task is started.
type MigrationRecord struct {
	// StartedBy is by what ECS finds the task.
	StartedBy string `json:"startedBy"`
	// Task is the ARN of the task. It is empty while ECS has not answered.
	Task string `json:"task,omitempty"`
	// Ended says that the task has stopped, whatever came of it.
	Ended bool `json:"ended"`
}

// NewID returns the id of a record: when it began, and something that nobody else has.
func NewID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails
	return now.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
}

// endOfTime is a second far in the future, 10 digits like every second before it.
const endOfTime = 9_999_999_999

// recordKey returns the last part of a record's object key. Keys are listed in
// alphabetical order, so that the newest comes first.
func recordKey(r *Record) string {
	return fmt.Sprintf("%010d-%s.json", endOfTime-r.Started.Unix(), r.ID)
}

// Crashed reports whether the record's verb ended without saying so: it is not
// finished and does not hold the lock, which is nil when nobody does.
func (r *Record) Crashed(lock *Lock, now time.Time) bool {
	return r.Finished.IsZero() && (lock == nil || lock.ID != r.ID || lock.Abandoned(now) != "")
}

// Versions are what each service runs, by service key: its task definition.
type Versions map[string]string

// Before is what ran before.
func (r *Record) Before() Versions {
	v := Versions{}
	for _, s := range r.Services {
		v[s.Service] = s.Before.TaskDefinition
	}
	return v
}

// After is what was to run afterwards.
func (r *Record) After() Versions {
	v := Versions{}
	for _, s := range r.Services {
		v[s.Service] = s.After.TaskDefinition
	}
	return v
}

// Within reports whether every service of v runs the same in w.
func (v Versions) Within(w Versions) bool {
	for key, definition := range v {
		if w[key] != definition {
			return false
		}
	}
	return true
}

// NewerThan reports whether a service of v is a later revision than that of w. ECS counts
// the revisions of a family.
func (v Versions) NewerThan(w Versions) bool {
	for key, definition := range v {
		family, number := revisionOf(definition)
		if other, than := revisionOf(w[key]); family == other && number > than {
			return true
		}
	}
	return false
}

// revisionOf takes "family:revision" apart.
func revisionOf(definition string) (family string, number int) {
	at := strings.LastIndex(definition, ":")
	number, _ = strconv.Atoi(definition[at+1:]) // 0 is older than every revision
	return definition[:max(at, 0)], number
}
