package verbs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// history makes records, newest first, from lines such as "deploy succeeded a1,b1 a2,b2":
// verb, outcome, what ran before, what ran after.
func history(lines ...string) []Record {
	var records []Record
	for i, line := range lines {
		words := strings.Fields(line)
		before, after := strings.Split(words[2], ","), strings.Split(words[3], ",")
		outcome := Outcome(strings.ReplaceAll(words[1], "-", " "))
		if words[1] == "crashed" {
			outcome = ""
		}
		r := Record{ID: fmt.Sprint("r", i), Verb: words[0], Outcome: outcome}
		for n, key := range []string{"a", "b"}[:len(before)] {
			r.Services = append(r.Services, ServiceRecord{
				Service: key, Before: Version{TaskDefinition: before[n]}, After: Version{TaskDefinition: after[n]},
			})
		}
		records = append(records, r)
	}
	slices.Reverse(records)
	return records
}

func TestRollbackTarget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		records []Record // written oldest first
		now     string
		want    string // "" is an error
	}{
		"no records":              {nil, "1,1", ""},
		"one, it runs":            {history("deploy succeeded 1,1 2,2"), "2,2", "1,1"},
		"two, the second runs":    {history("deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3"), "3,3", "2,2"},
		"the last one failed":     {history("deploy succeeded 1,1 2,2", "deploy failed 2,2 3,3"), "3,3", "2,2"},
		"the last one crashed":    {history("deploy succeeded 1,1 2,2", "deploy crashed 2,2 3,3"), "3,2", "2,2"},
		"it was rolled back":      {history("deploy succeeded 1,1 2,2", "deploy rolled-back 2,2 3,3"), "2,2", "1,1"},
		"rolled back by hand":     {history("deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3", "rollback succeeded 3,3 2,2"), "2,2", "1,1"},
		"and deployed again":      {history("deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3", "rollback succeeded 3,3 2,2", "deploy succeeded 2,2 4,4"), "4,4", "2,2"},
		"twice back":              {history("deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3", "deploy succeeded 3,3 4,4", "rollback succeeded 4,4 3,3", "rollback succeeded 3,3 2,2"), "2,2", "1,1"},
		"the very first crashed":  {history("deploy crashed 1,1 2,2"), "2,1", "1,1"},
		"changed by somebody":     {history("deploy succeeded 1,1 2,2"), "9,2", "2,2"},
		"one service went back":   {history("deploy succeeded 1,1 2,2", "rollback succeeded 2,2 1,2"), "1,2", "2,2"},
		"a rollback that crashed": {history("deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3", "rollback crashed 3,3 2,2"), "2,3", "3,3"},
	} {
		now := strings.Split(test.now, ",")
		got, from, err := rollbackTarget(test.records, versions{"a": now[0], "b": now[1]})
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: %v from %s, want an error", name, got, from)
			}
			continue
		}
		want := strings.Split(test.want, ",")
		if err != nil || !maps.Equal(got, versions{"a": want[0], "b": want[1]}) {
			t.Errorf("%s: %v from %s, %v, want %s", name, got, from, err, test.want)
		}
	}
}

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
