package verbs

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecordKeys(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var keys []string
	for _, after := range []time.Duration{0, time.Second, time.Hour, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		keys = append(keys, recordKey(&Record{Started: at.Add(after), ID: newID(at.Add(after))}))
	}
	newestFirst := slices.Clone(keys)
	slices.Reverse(newestFirst)
	if !slices.IsSorted(newestFirst) {
		t.Errorf("%v: an alphabetical list has the newest last", keys)
	}
	if one, two := newID(at), newID(at); one == two {
		t.Error("two ids are the same")
	}
}

func TestLockExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lock := Lock{ID: "x", Verb: "deploy", Owner: "me", Host: "here", Time: at, TimeoutSeconds: 60}
	for after, want := range map[time.Duration]bool{0: false, time.Minute: false, time.Minute + time.Second: true, -time.Hour: false} {
		if got := lock.Expired(at.Add(after)); got != want {
			t.Errorf("after %v: %v", after, got)
		}
		if said := strings.Contains(lock.describe(at.Add(after)), "older than its own time-out of 1m0s"); said != want {
			t.Errorf("after %v: %s", after, lock.describe(at.Add(after)))
		}
	}
}

func TestDescribeLast(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := func(change func(*Record)) *Record {
		r := &Record{ID: "r1", Verb: "deploy", By: "me", Host: "here", Commit: "0123", Started: at, Updated: at, Step: "updating the services", Services: []ServiceRecord{{
			Name: "P-backend", Touched: true, Before: Version{TaskDefinition: "x:task-definition/a:1"}, After: Version{TaskDefinition: "x:task-definition/a:2"},
		}}}
		change(r)
		return r
	}
	done := func(o Outcome) func(*Record) { return func(r *Record) { r.Finished, r.Outcome = at, o } }
	same := func(*Record) {}
	for name, test := range map[string]struct {
		last *Record
		lock *Lock
		want string
		next []string
	}{
		"none":            {nil, nil, "none", nil},
		"succeeded":       {record(done(Succeeded)), nil, "deploy r1 by me on here, commit 0123: succeeded at 2026-01-02T03:04:05Z", nil},
		"stuck":           {record(done(Stuck)), nil, "rollback failed", []string{"omc rollback staging"}},
		"running":         {record(same), &Lock{ID: "r1", Time: at, TimeoutSeconds: 3600}, "it is running", nil},
		"crashed, locked": {record(same), &Lock{ID: "r1", Time: at, TimeoutSeconds: 1}, "it did not finish; P-backend was or may have been updated from a:1 to a:2", []string{"omc unlock staging", "omc rollback staging"}},
		"crashed":         {record(same), nil, "it did not finish; P-backend", []string{"omc rollback staging"}},
		"crashed early":   {record(func(r *Record) { r.Services[0].Touched = false }), nil, "no service was touched", nil},
		"another runs":    {record(same), &Lock{ID: "r2", Time: at, TimeoutSeconds: 3600}, "it did not finish", []string{"omc rollback staging"}},
	} {
		text, next := describeLast("staging", test.last, test.lock, at.Add(time.Minute))
		if !strings.Contains(text, test.want) || !slices.Equal(next, test.next) {
			t.Errorf("%s: %q %v, want %q %v", name, text, next, test.want, test.next)
		}
	}
}
