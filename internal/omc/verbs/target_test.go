package verbs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// history makes records, newest first, from lines such as "deploy succeeded a1,b1 a2,b2":
// verb, outcome, what ran before, what ran after.
func history(lines ...string) []ledger.Record {
	var records []ledger.Record
	for i, line := range lines {
		words := strings.Fields(line)
		before, after := strings.Split(words[2], ","), strings.Split(words[3], ",")
		outcome := report.Outcome(strings.ReplaceAll(words[1], "-", " "))
		if words[1] == "crashed" {
			outcome = ""
		}
		r := ledger.Record{ID: fmt.Sprint("r", i), Verb: words[0], Outcome: outcome}
		for n, key := range []string{"a", "b"}[:len(before)] {
			r.Services = append(r.Services, ledger.ServiceRecord{
				Service: key, Before: ledger.Version{TaskDefinition: "f:" + before[n]}, After: ledger.Version{TaskDefinition: "f:" + after[n]},
			})
		}
		records = append(records, r)
	}
	slices.Reverse(records)
	return records
}

// deployed is a history of three deployments that succeeded, of 1 at first.
var deployed = []string{"deploy succeeded 1,1 2,2", "deploy succeeded 2,2 3,3", "deploy succeeded 3,3 4,4"}

func TestRollbackTarget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		records []string // oldest first
		now     string
		want    string // "" is that there is nothing
		older   string
	}{
		"no records":              {nil, "1,1", "", ""},
		"one, it runs":            {deployed[:1], "2,2", "1,1", ""},
		"two, the second runs":    {deployed[:2], "3,3", "2,2", ""},
		"the last one failed":     {append(deployed[:1:1], "deploy failed 2,2 3,3"), "3,3", "2,2", "2,2"},
		"the last one crashed":    {append(deployed[:1:1], "deploy crashed 2,2 3,3"), "3,2", "2,2", "2,2"},
		"it was rolled back":      {append(deployed[:1:1], "deploy rolled-back 2,2 3,3"), "2,2", "2,2", "1,1"},
		"it was interrupted":      {append(deployed[:2:2], "deploy interrupted 3,3 4,4"), "3,3", "3,3", "2,2"},
		"it came to nothing":      {append(deployed[:1:1], "deploy failed 2,2 2,2"), "2,2", "1,1", ""},
		"rolled back by hand":     {append(deployed[:2:2], "rollback succeeded 3,3 2,2"), "2,2", "1,1", ""},
		"and deployed again":      {append(deployed[:2:2], "rollback succeeded 3,3 2,2", "deploy succeeded 2,2 4,4"), "4,4", "2,2", ""},
		"twice back":              {append(deployed[:3:3], "rollback succeeded 4,4 3,3", "rollback succeeded 3,3 2,2"), "2,2", "1,1", ""},
		"three times back":        {append(deployed[:2:2], "rollback succeeded 3,3 2,2", "rollback succeeded 2,2 1,1"), "1,1", "", ""},
		"the very first crashed":  {[]string{"deploy crashed 1,1 2,2"}, "2,1", "1,1", ""},
		"and is back already":     {[]string{"deploy stuck 1,1 2,2"}, "1,1", "1,1", ""},
		"changed by somebody":     {deployed[:1], "9,2", "2,2", ""},
		"back by somebody":        {deployed[:3], "2,2", "1,1", ""},
		"one service went back":   {append(deployed[:3:3], "rollback succeeded 4,4 3,4"), "3,4", "3,3", ""},
		"and then both":           {append(deployed[:3:3], "rollback succeeded 4,4 3,4", "rollback succeeded 3,4 3,3"), "3,3", "2,2", ""},
		"and then a deployment":   {append(deployed[:3:3], "rollback succeeded 4,4 3,4", "deploy succeeded 3,4 5,5"), "5,5", "3,4", ""},
		"a rollback that crashed": {append(deployed[:2:2], "rollback crashed 3,3 2,2"), "2,3", "2,2", "2,2"},
		"that had not begun":      {append(deployed[:2:2], "rollback crashed 3,3 2,2"), "3,3", "2,2", "2,2"},
		"that had ended":          {append(deployed[:2:2], "rollback crashed 3,3 2,2"), "2,2", "2,2", "1,1"},
		"and deployed after that": {append(deployed[:2:2], "rollback crashed 3,3 2,2", "deploy succeeded 2,2 4,4"), "4,4", "2,2", ""},
		"failed, then by hand":    {append(deployed[:2:2], "deploy failed 3,3 4,4"), "2,2", "1,1", ""},
	} {
		now := strings.Split(test.now, ",")
		goal, older := rollbackTarget(history(test.records...), ledger.Versions{"a": "f:" + now[0], "b": "f:" + now[1]})
		for what, c := range map[string]struct {
			got  release
			want string
		}{"goal": {goal, test.want}, "older": {older, test.older}} {
			var want ledger.Versions
			if both := strings.Split(c.want, ","); c.want != "" {
				want = ledger.Versions{"a": "f:" + both[0], "b": "f:" + both[1]}
			}
			if !maps.Equal(c.got.runs, want) {
				t.Errorf("%s: %s is %v from %s, want %v", name, what, c.got.runs, c.got.from, want)
			}
		}
	}
}
