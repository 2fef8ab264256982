package evaluate

import (
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// pattern reads AWS's notation: 0 is good, X breaches, - is missing; the newest
// data point is on the right.
func pattern(text string) []datapoint {
	var points []datapoint
	for _, word := range strings.Fields(text) {
		points = append(points, map[string]datapoint{"0": good, "X": breaching, "-": missing}[word])
	}
	return points
}

const retain = cloudwatch.State("retain")

// The tables of "Configuring how CloudWatch alarms treat missing data", row by row,
// and the examples in its text. In each, 3 periods are evaluated of 5.
func TestAWSTablesOfMissingData(t *testing.T) {
	const (
		ok    = cloudwatch.OK
		alarm = cloudwatch.InAlarm
		none  = cloudwatch.InsufficientData
	)
	treatments := []cloudwatch.MissingData{cloudwatch.Missing, cloudwatch.Ignore, cloudwatch.Breaching, cloudwatch.NotBreaching}
	tests := []struct {
		source  string
		toAlarm int
		points  string
		filled  int
		want    [4]cloudwatch.State // in the order of treatments
	}{
		{"table 1", 3, "0 - X - X", 0, [4]cloudwatch.State{ok, ok, ok, ok}},
		{"table 1", 3, "0 - - - -", 2, [4]cloudwatch.State{ok, ok, ok, ok}},
		{"table 1", 3, "- - - - -", 3, [4]cloudwatch.State{none, retain, alarm, ok}},
		{"table 1", 3, "0 X X - X", 0, [4]cloudwatch.State{alarm, alarm, alarm, alarm}},
		{"table 1", 3, "- - X - -", 2, [4]cloudwatch.State{alarm, retain, alarm, ok}},

		{"table 2", 2, "0 - X - X", 0, [4]cloudwatch.State{alarm, alarm, alarm, alarm}},
		{"table 2", 2, "0 0 X 0 X", 0, [4]cloudwatch.State{alarm, alarm, alarm, alarm}},
		{"table 2", 2, "0 - X - -", 1, [4]cloudwatch.State{ok, ok, alarm, ok}},
		{"table 2", 2, "- - - - 0", 2, [4]cloudwatch.State{ok, ok, alarm, ok}},
		{"table 2", 2, "- - - X -", 2, [4]cloudwatch.State{alarm, retain, alarm, ok}},

		// In the text on premature transitions: not ALARM yet.
		{"text", 3, "- - - - X", 2, [4]cloudwatch.State{ok, retain, alarm, ok}},
		{"text", 3, "- - - X -", 2, [4]cloudwatch.State{ok, retain, alarm, ok}},
		{"text", 3, "- - - X 0", 1, [4]cloudwatch.State{ok, ok, ok, ok}},
		{"text", 3, "- - X - 0", 1, [4]cloudwatch.State{ok, ok, ok, ok}},
		{"table of 2019", 3, "X - - - -", 2, [4]cloudwatch.State{alarm, retain, alarm, ok}},

		// What no table says but the text: enough real data points need no filling.
		{"text", 2, "- - X - X", 1, [4]cloudwatch.State{alarm, alarm, alarm, alarm}},
		{"text", 1, "- - - - X", 2, [4]cloudwatch.State{alarm, alarm, alarm, alarm}},
		{"text", 3, "X X X 0 0", 0, [4]cloudwatch.State{ok, ok, ok, ok}},
	}
	for _, test := range tests {
		for i, treat := range treatments {
			for _, current := range states {
				want := test.want[i]
				if want == retain {
					want = current
				}
				got := decide(pattern(test.points), 3, test.toAlarm, treat, current)
				if got.state != want || got.filled != test.filled {
					t.Errorf("%s: %s, %d of 3, %s, in %s: got %s with %d filled, want %s with %d",
						test.source, test.points, test.toAlarm, treat, current, got.state, got.filled, want, test.filled)
				}
			}
		}
	}
}
