package verbs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/omc/audit"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// AuditOptions are what [App.AuditAlarms] looks at.
type AuditOptions struct {
	// Prefix is how the names of the alarms begin; "" is every alarm. Default, nil: those
	// of the operations stack.
	Prefix *string
	// Expected are files of Terraform JSON that say what the alarms ought to be.
	// Default: what was synthesized for the environment's own alarms, if it is there.
	Expected []string
}

// AlarmAudit is what is wrong with the alarms. It is what --output json prints.
type AlarmAudit struct {
	Environment string `json:"environment"`
	// Ending has [report.Succeeded] when nothing is wrong, and [report.Failed] otherwise.
	report.Ending
	// Prefix is how the names of the audited alarms begin, and Alarms how many there are.
	Prefix string `json:"prefix"`
	Alarms int    `json:"alarms"`
	// Expected are the files that the alarms were compared with.
	Expected []string `json:"expected"`
	// Found is everything that is wrong.
	Found []audit.Finding `json:"found"`
	// Notes are what could not be told.
	Notes []string `json:"notes"`
}

// AuditAlarms finds out whether the alarms can ever tell anybody anything. It changes
// nothing.
func (a *App) AuditAlarms(ctx context.Context, opt AuditOptions) (AlarmAudit, error) {
	work, stop := a.interruptible(ctx)
	defer stop()
	result := AlarmAudit{Environment: a.env.Name, Expected: []string{}, Found: []audit.Finding{}, Notes: []string{}}
	world, err := a.lookAtAlarms(work, opt, &result)
	if err != nil {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	result.Alarms = world.Audited()
	found, notes := audit.Audit(world)
	if result.Alarms == 0 {
		found = append(found, audit.Finding{
			Subject: "alarms", Check: "none", Problem: fmt.Sprintf("no alarm's name begins with %q, so that nobody is told of anything", world.Prefix),
			Next: "deploy the operations stack first: cdktf deploy " + a.env.Name + "; or name another --prefix",
		})
	}
	for _, f := range found {
		f.Subject, f.Problem, f.Next = a.redact.Clean(f.Subject), a.redact.Clean(f.Problem), a.redact.Clean(f.Next)
		result.Found = append(result.Found, f)
	}
	for _, note := range notes {
		result.Notes = append(result.Notes, a.redact.Clean(note))
	}
	if n := len(found); n > 0 {
		return result, a.fail(&result.Ending, report.Failed, fmt.Errorf("%s in %s", plural(n, "finding"), plural(result.Alarms, "alarm")))
	}
	return result, a.fail(&result.Ending, report.Succeeded, nil)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// lookAtAlarms reads the files and AWS.
func (a *App) lookAtAlarms(ctx context.Context, opt AuditOptions, result *AlarmAudit) (audit.World, error) {
	scope := account.Scope{Now: a.clock.Now(), Prefix: a.env.Prefix + "/", Part: a.env.Prefix, Dashboards: a.env.Prefix}
	if opt.Prefix != nil {
		scope.Prefix = *opt.Prefix
		scope.Part = strings.TrimRight(*opt.Prefix, "/-_.")
		scope.Dashboards = scope.Part
	}
	result.Prefix = scope.Prefix
	expected, missing, err := a.expectedAlarms("--expected", opt.Expected, opt.Prefix == nil)
	if err != nil {
		return audit.World{}, err
	}
	if missing != "" {
		result.Notes = append(result.Notes, "whether the alarms are as they ought to be: "+missing)
	}
	who, err := a.permitted(ctx)
	if err != nil {
		return audit.World{}, err
	}
	scope.Account = who.account
	world, err := account.Read(ctx, account.Clients{CloudWatch: a.aws.Alarms, SNS: a.aws.Topics, KMS: a.aws.Keys, Lambda: a.aws.Functions}, scope)
	if err != nil {
		return audit.World{}, err
	}
	if expected != nil {
		result.Expected = expected.Sources
	}
	world.Expected = expected
	return world, nil
}

// expectedAlarms reads alarms from the files of a flag. Without files it reads what was
// synthesized for the environment, if that is wanted and there; otherwise it returns nil,
// and what is missing where it is wanted.
func (a *App) expectedAlarms(flag string, files []string, synthesized bool) (expected *audit.Expected, missing string, err error) {
	if len(files) == 0 {
		if !synthesized {
			return nil, "", nil
		}
		file := filepath.Join("cdktf.out", "stacks", a.env.Name, "cdk.tf.json")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Sprintf("there is no %s here; cdktf synth writes it, and %s names another file", file, flag), nil
		}
		files = []string{file}
	}
	expected = &audit.Expected{}
	var errs []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = expected.Read(file, text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", flag, err))
		}
	}
	return expected, "", errors.Join(errs...)
}

// Page returns the audit for people.
func (r AlarmAudit) Page() report.Page {
	page := report.Page{
		Title:   fmt.Sprintf("omc alarms audit %s: %s", r.Environment, r.Outcome),
		Columns: []string{"SUBJECT", "CHECK", "FOUND"}, Error: r.Error,
	}
	if r.Outcome == report.Succeeded {
		page.Title += fmt.Sprintf(", %s and nothing wrong", plural(r.Alarms, "alarm"))
	}
	for _, f := range r.Found {
		page.Rows = append(page.Rows, []string{f.Subject, f.Check, f.Problem})
		page.Notes = append(page.Notes, fmt.Sprintf("What to do about %s (%s): %s", f.Subject, f.Check, f.Next))
	}
	for _, note := range r.Notes {
		page.Notes = append(page.Notes, "Not known: "+note)
	}
	if len(r.Expected) > 0 {
		page.Notes = append(page.Notes, "Compared with "+strings.Join(r.Expected, ", "))
	}
	return page
}
