package verbs

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"time"
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
	Outcome Outcome `json:"outcome,omitempty"`
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
}

// newID returns the id of a record: when it began, and something that nobody else has.
func newID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails
	return now.UTC().Format(tagTime) + "-" + hex.EncodeToString(random[:])
}

// endOfTime is a second far in the future, 10 digits like every second before it.
const endOfTime = 9_999_999_999

// recordKey returns the last part of a record's object key. Keys are listed in
// alphabetical order, so that the newest comes first.
func recordKey(r *Record) string {
	return fmt.Sprintf("%010d-%s.json", endOfTime-r.Started.Unix(), r.ID)
}

// crashed reports whether the record's verb ended without saying so: it is not
// finished and does not hold the lock, which is nil when nobody does.
func (r *Record) crashed(lock *Lock, now time.Time) bool {
	return r.Finished.IsZero() && (lock == nil || lock.ID != r.ID || lock.abandoned(now) != "")
}

// versions is what each service runs, by service key: its task definition.
type versions map[string]string

func (r *Record) before() versions {
	v := versions{}
	for _, s := range r.Services {
		v[s.Service] = s.Before.TaskDefinition
	}
	return v
}

func (r *Record) after() versions {
	v := versions{}
	for _, s := range r.Services {
		v[s.Service] = s.After.TaskDefinition
	}
	return v
}

// rollbackTarget decides what a rollback returns to, given the records, newest
// first, and what the services run now. That is the last deployment that succeeded;
// when it is what runs now, it is the one before. Deployments that were rolled back
// from do not count. It returns the record that it comes from.
func rollbackTarget(records []Record, now versions) (versions, string, error) {
	type good struct {
		runs versions
		id   string
	}
	var stack []good
	for i := len(records) - 1; i >= 0; i-- {
		r := &records[i]
		if r.Outcome != Succeeded {
			continue
		}
		after := r.after()
		if r.Verb == "rollback" {
			// Everything since the state that it returned to is no longer good.
			for n := len(stack) - 1; n >= 0; n-- {
				if maps.Equal(stack[n].runs, after) {
					stack = stack[:n]
					break
				}
			}
		}
		if len(stack) == 0 || !maps.Equal(stack[len(stack)-1].runs, after) {
			if before := r.before(); len(stack) == 0 && r.Verb == "deploy" {
				stack = append(stack, good{before, "what ran before " + r.ID})
			}
			stack = append(stack, good{after, r.ID})
		}
	}
	for i := len(stack) - 1; i >= 0; i-- {
		if !maps.Equal(stack[i].runs, now) {
			return stack[i].runs, stack[i].id, nil
		}
	}
	// Nothing has ever succeeded: what ran before the newest attempt is the best guess.
	for i := range records {
		if before := records[i].before(); !maps.Equal(before, now) {
			return before, "what ran before " + records[i].ID, nil
		}
	}
	return nil, "", fmt.Errorf("the %d newest records name nothing other than what runs now: name a revision with --to and a service with --service", len(records))
}
