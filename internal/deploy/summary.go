package deploy

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the result for people.
func (r Result) WriteText(w io.Writer) {
	fmt.Fprintln(w, r.headline())
	if len(r.Services) > 0 {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SERVICE\tRAN BEFORE\tROLLED OUT\tIMAGE\tURL")
		for _, s := range r.Services {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", s.Service, revisionName(s.Before.TaskDefinition),
				revisionName(s.After.TaskDefinition), s.After.Image, strings.Join(s.URLs, " "))
		}
		_ = table.Flush()
	}
	for _, line := range r.State {
		fmt.Fprintln(w, line)
	}
}

// WriteMarkdown writes the result as GitHub Actions shows it below a run.
func (r Result) WriteMarkdown(w io.Writer) {
	fmt.Fprintf(w, "### %s\n\n", r.headline())
	if len(r.Services) > 0 {
		fmt.Fprint(w, "| Service | Ran before | Rolled out | Image | URL |\n|---|---|---|---|---|\n")
		for _, s := range r.Services {
			fmt.Fprintf(w, "| %s | `%s` | `%s` | `%s` | %s |\n", s.Service, revisionName(s.Before.TaskDefinition),
				revisionName(s.After.TaskDefinition), s.After.Image, strings.Join(s.URLs, " "))
		}
	}
	if r.Error != "" {
		fmt.Fprintf(w, "\n```\n%s\n```\n", r.Error)
	}
	if len(r.State) > 0 {
		fmt.Fprintf(w, "\n```\n%s\n```\n", strings.Join(r.State, "\n"))
	}
}

// headline says how it ended, in one line.
func (r Result) headline() string {
	text := fmt.Sprintf("omc %s %s: %s", r.Verb, r.Environment, r.Outcome)
	switch {
	case r.Outcome == Interrupted && len(r.State) == 0:
		text += ", rolled back"
	case r.Outcome == Failed && len(r.State) == 1:
		text += ", " + r.State[0]
	}
	if r.Commit != "" {
		text += ", commit " + r.Commit
	}
	return fmt.Sprintf("%s (%s)", text, r.Finished.Sub(r.Started).Round(time.Second))
}
