package backtest

import (
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Remembered is how long AWS keeps the history of alarms.
const Remembered = 30 * day

// Transition is a change of a state that really happened.
type Transition struct {
	At   time.Time        `json:"at"`
	From cloudwatch.State `json:"from"`
	To   cloudwatch.State `json:"to"`
	// ByHand says that somebody set the state, as a test of the alarm does.
	ByHand bool `json:"byHand,omitempty"`
}

// History is what AWS remembers of an alarm.
type History struct {
	// Since is when what it remembers begins, or when the alarm was changed last: what
	// was before that says nothing about the alarm as it is.
	Since time.Time
	// Transitions are in order of time.
	Transitions []Transition
	// Now is the state at the end.
	Now cloudwatch.State
}

// state is the state at a time.
func (h History) state(at time.Time) cloudwatch.State {
	for _, t := range h.Transitions {
		if t.At.After(at) {
			return t.From
		}
	}
	return h.Now
}

// Agreement says how far the evaluator agrees with what really happened.
type Agreement struct {
	// Since is when the comparison begins.
	Since time.Time `json:"since"`
	// Matched of Real changes are those for which the evaluator has one to the same state
	// within a period.
	Real    int `json:"real"`
	Matched int `json:"matched"`
	// ByHand is how many changes were left out, because somebody made them.
	ByHand int `json:"byHand,omitempty"`
	// Missed are real changes that the evaluator does not have, Extra those that only the
	// evaluator has.
	Missed []Transition `json:"missed,omitempty"`
	Extra  []Transition `json:"extra,omitempty"`
	// SameState is for which share of the time both were in one state, 0 to 1.
	SameState float64 `json:"sameState"`
}

// agree compares what the evaluator says with what really happened.
func agree(r tested, h History, to time.Time, tolerance time.Duration) *Agreement {
	a := &Agreement{Since: h.Since}
	if r.from.After(a.Since) {
		a.Since = r.from
	}
	if !a.Since.Before(to) {
		return nil
	}
	ours, byHand := h.own(a.Since, to)
	a.Real, a.ByHand = len(ours), byHand
	_, changes := r.since(a.Since)
	matched := make([]bool, len(changes))
	for _, t := range ours {
		best := -1
		for i, c := range changes {
			if matched[i] || c.To != t.To || apart(c.At, t.At) > tolerance {
				continue
			}
			if best < 0 || apart(c.At, t.At) < apart(changes[best].At, t.At) {
				best = i
			}
		}
		if best < 0 {
			a.Missed = append(a.Missed, t)
			continue
		}
		matched[best] = true
		a.Matched++
	}
	for i, c := range changes {
		if !matched[i] {
			a.Extra = append(a.Extra, Transition{At: c.At, From: c.From, To: c.To})
		}
	}
	a.SameState = float64(together(r, h, a.Since, to)) / float64(to.Sub(a.Since))
	return a
}

func apart(a, b time.Time) time.Duration { return a.Sub(b).Abs() }

// own are the changes that CloudWatch made by itself. What somebody made is left out,
// with the change that ended it.
func (h History) own(since, to time.Time) (list []Transition, byHand int) {
	after := false
	for _, t := range h.Transitions {
		if t.ByHand || after {
			if t.At.After(since) {
				byHand++
			}
			after = t.ByHand
			continue
		}
		if t.At.After(since) && !t.At.After(to) {
			list = append(list, t)
		}
	}
	return list, byHand
}

// together is how long both were in one state.
func together(r tested, h History, since, to time.Time) time.Duration {
	type turn struct {
		at    time.Time
		ours  bool
		state cloudwatch.State
	}
	var turns []turn
	mine, changes := r.since(since)
	for _, c := range changes {
		turns = append(turns, turn{c.At, true, c.To})
	}
	theirs := h.state(since)
	for _, t := range h.Transitions {
		if t.At.After(since) {
			turns = append(turns, turn{t.At, false, t.To})
		}
	}
	turns = append(turns, turn{at: to})
	slices.SortStableFunc(turns, func(a, b turn) int { return a.at.Compare(b.at) })
	var d time.Duration
	for at, i := since, 0; at.Before(to); i++ {
		next := turns[i]
		if mine == theirs {
			d += next.at.Sub(at)
		}
		at = next.at
		if next.ours {
			mine = next.state
		} else {
			theirs = next.state
		}
	}
	return d
}
