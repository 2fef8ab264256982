package verbs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// Page returns the result for people.
func (r Result) Page() report.Page {
	page := report.Page{Title: r.headline(), Columns: []string{"SERVICE", "RAN BEFORE", "ROLLED OUT", "IMAGE", "URL"}, Notes: r.State, Error: r.Error}
	for _, s := range r.Services {
		page.Rows = append(page.Rows, []string{
			s.Service, rollout.RevisionName(s.Before.TaskDefinition), rollout.RevisionName(s.After.TaskDefinition), shortImage(s.After.Image), strings.Join(s.URLs, " "),
		})
	}
	return page
}

// headline says how it ended, in one line.
func (r Result) headline() string {
	text := fmt.Sprintf("omc %s %s: %s", r.Verb, r.Environment, r.Outcome)
	touched := slices.ContainsFunc(r.Services, func(s ServiceResult) bool { return s.Touched })
	switch {
	case r.Outcome == report.Succeeded && !touched:
		text += ", nothing to do"
	case r.Outcome == report.Interrupted && touched:
		text += ", rolled back"
	case r.Outcome == report.Failed && !touched:
		text += ", no service was touched"
	}
	if r.Commit != "" {
		text += ", commit " + r.Commit
	}
	return fmt.Sprintf("%s (%s)", text, r.Finished.Sub(r.Started).Round(time.Second))
}
