package verbs

import (
	"fmt"
	"time"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// Result is what deploy and rollback did. It is what --output json prints.
type Result struct {
	Environment string `json:"environment"`
	Verb        string `json:"verb"`
	report.Ending
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
	Before ledger.Version `json:"before"`
	After  ledger.Version `json:"after"`
	// Touched says that the service was, or may have been, updated.
	Touched bool     `json:"touched"`
	URLs    []string `json:"urls,omitempty"`
	// Changes is how After differs from Before.
	Changes []string `json:"changes,omitempty"`
}

// describeChange says how what will run differs from what runs, one line for each
// difference.
func describeChange(before, after ledger.Version) []string {
	var lines []string
	line := func(what, from, to string) {
		if from != to {
			lines = append(lines, fmt.Sprintf("%s: %s -> %s", what, from, to))
		}
	}
	line("image", before.Image, after.Image)
	line("task definition", rollout.RevisionName(before.TaskDefinition), rollout.RevisionName(after.TaskDefinition))
	if len(lines) == 0 {
		return []string{"the same image and task definition as now"}
	}
	return lines
}
