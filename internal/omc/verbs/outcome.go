package verbs

import "time"

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

// Result is what deploy and rollback did. It is what --output json prints.
type Result struct {
	Environment string `json:"environment"`
	Verb        string `json:"verb"`
	Ending
	// ID is the id of the deployment's record.
	ID       string          `json:"id,omitempty"`
	Commit   string          `json:"commit,omitempty"`
	Account  string          `json:"account,omitempty"`
	Caller   string          `json:"caller,omitempty"`
	Started  time.Time       `json:"started"`
	Finished time.Time       `json:"finished"`
	Services []ServiceResult `json:"services"`
}

// ServiceResult is what happened to one service.
type ServiceResult struct {
	Service string `json:"service"`
	// Before ran when the verb began, After is what it rolls out.
	Before Version `json:"before"`
	After  Version `json:"after"`
	// Touched says that the service was, or may have been, updated.
	Touched bool     `json:"touched"`
	URLs    []string `json:"urls,omitempty"`
	// Changes is how After differs from Before.
	Changes []string `json:"changes,omitempty"`
}

// Version is what a service runs.
type Version struct {
	// TaskDefinition is an ARN.
	TaskDefinition string `json:"taskDefinition,omitempty"`
	// Image is the image of the service's container.
	Image string `json:"image,omitempty"`
	// Digest is the digest of the image, when it is known.
	Digest string `json:"digest,omitempty"`
	// Deployment is ECS's id of the roll-out.
	Deployment string `json:"deployment,omitempty"`
	Desired    int32  `json:"desired,omitempty"`
	Running    int32  `json:"running,omitempty"`
}

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
