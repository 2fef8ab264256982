package ledger

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
		keys = append(keys, recordKey(&Record{Started: at.Add(after), ID: NewID(at.Add(after))}))
	}
	newestFirst := slices.Clone(keys)
	slices.Reverse(newestFirst)
	if !slices.IsSorted(newestFirst) {
		t.Errorf("%v: an alphabetical list has the newest last", keys)
	}
	if one, two := NewID(at), NewID(at); one == two {
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
		if said := strings.Contains(lock.Describe(at.Add(after)), "older than its own time-out of 1m0s"); said != want {
			t.Errorf("after %v: %s", after, lock.Describe(at.Add(after)))
		}
	}
}
