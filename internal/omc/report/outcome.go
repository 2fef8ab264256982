package report

// Outcome is how a verb ended.
type Outcome string

// Outcomes and the exit statuses that they have.
const (
	// Succeeded: what was asked for is done. Exit status 0.
	Succeeded Outcome = "succeeded"
	// Planned: a dry run said what would be done. Exit status 0.
	Planned Outcome = "planned"
	// RolledBack: it failed, and what ran before runs again. Exit status 1.
	RolledBack Outcome = "rolled back"
	// Failed: it failed and left what the error says, because no service was touched
	// yet or because a rollback was not wanted. Exit status 1.
	Failed Outcome = "failed"
	// NothingChanged: it could not begin. Exit status 2.
	NothingChanged Outcome = "nothing changed"
	// Stuck: it failed and what ran before could not be put back. Exit status 3.
	Stuck Outcome = "rollback failed"
	// Interrupted: the user stopped it, and what ran before runs. Exit status 130.
	Interrupted Outcome = "interrupted"
)

// ExitStatus is the exit status of the process.
func (o Outcome) ExitStatus() int {
	switch o {
	case Succeeded, Planned:
		return 0
	case NothingChanged:
		return 2
	case Stuck:
		return 3
	case Interrupted:
		return 130
	default:
		return 1
	}
}

// Ending is how a verb ended. It is a part of every result.
type Ending struct {
	Outcome Outcome `json:"outcome"`
	// Error is why it did not succeed.
	Error string `json:"error,omitempty"`
	// Findings are the prerequisites that are not met.
	Findings []Finding `json:"findings,omitempty"`
	// State is what the verb leaves behind and what to do about it, when that is
	// not what the outcome says already.
	State []string `json:"state,omitempty"`
}

// ExitStatus is the exit status of the process.
func (e Ending) ExitStatus() int { return e.Outcome.ExitStatus() }

// Finding is a prerequisite that is not met.
type Finding struct {
	// Subject is what it is about: "service ohmycoins-staging-backend".
	Subject string `json:"subject"`
	// Problem says what is wrong with it.
	Problem string `json:"problem"`
	// Next says what to do. It may be empty.
	Next string `json:"next,omitempty"`
}

// String returns the finding as one line.
func (f Finding) String() string {
	text := f.Subject + ": " + f.Problem
	if f.Next != "" {
		text += ": " + f.Next
	}
	return text
}
