package verbs

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/omc/audit"
	"github.com/ohmycoins/infra/internal/omc/backtest"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// BacktestOptions are what [App.BacktestAlarms] tests.
type BacktestOptions struct {
	// Since is how far to look back. Default: a fortnight.
	Since time.Duration
	// Prefix is how the names of the alarms begin; "" is every alarm. Default, nil: those
	// of the operations stack.
	Prefix *string
	// Proposed are files of Terraform JSON with alarms that somebody proposes. Default:
	// what was synthesized for the environment, if it is there.
	Proposed []string
	// Data is a file that keeps what was read of metrics. One that is there already is
	// read instead of CloudWatch. Default: nothing is kept.
	Data string
	// Page is where to write a page with a graph for each alarm. Default: nowhere.
	Page string
	// DryRun writes no file.
	DryRun bool
}

// late is how long CloudWatch may take until it has a value: what is younger is not
// looked at.
const late = 5 * time.Minute

// AlarmBacktest is what the alarms would have done. It is what --output json prints.
type AlarmBacktest struct {
	Environment string `json:"environment"`
	// Ending has [report.Succeeded] when something is known of every alarm, and [report.Failed]
	// otherwise.
	report.Ending
	// Prefix is how the names of the tested alarms begin.
	Prefix string `json:"prefix"`
	// ProposedFrom are the files with the proposed alarms.
	ProposedFrom []string `json:"proposedFrom"`
	backtest.Report
	// DataFile and PageFile are what was written or, for the data, read.
	DataFile string `json:"dataFile,omitempty"`
	PageFile string `json:"pageFile,omitempty"`
	// Notes are what could not be told.
	Notes []string `json:"notes"`
}

// BacktestAlarms finds out what the alarms would have done in the past. It changes nothing
// in AWS.
func (a *App) BacktestAlarms(ctx context.Context, opt BacktestOptions) (AlarmBacktest, error) {
	work, stop := a.interruptible(ctx)
	defer stop()
	result := AlarmBacktest{
		Environment: a.env.Name, Prefix: a.env.Prefix + "/", ProposedFrom: []string{}, Notes: []string{}, DataFile: opt.Data,
		Report: backtest.Report{Alarms: []backtest.Alarm{}},
	}
	if err := a.backtest(work, opt, &result); err != nil {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	switch n := result.Problems(); {
	case len(result.Alarms) == 0:
		return result, a.fail(&result.Ending, report.Failed, fmt.Errorf("no alarm's name begins with %q: deploy the operations stack first: cdktf deploy %s; or name another --prefix", result.Prefix, a.env.Name))
	case n > 0:
		return result, a.fail(&result.Ending, report.Failed, fmt.Errorf("nothing is known of %d of %s", n, plural(len(result.Alarms), "alarm")))
	}
	return result, a.fail(&result.Ending, report.Succeeded, nil)
}

// backtest reads, tests and writes.
func (a *App) backtest(ctx context.Context, opt BacktestOptions, result *AlarmBacktest) error {
	if opt.Since == 0 {
		opt.Since = audit.Fortnight
	}
	if opt.Since < time.Hour || opt.Since > backtest.Longest {
		return fmt.Errorf("--since: is %s, want 1h to %dd, for which CloudWatch keeps data", opt.Since, backtest.Longest/(24*time.Hour))
	}
	if opt.Prefix != nil {
		result.Prefix = *opt.Prefix
	}
	expected, missing, err := a.expectedAlarms("--proposed", opt.Proposed, opt.Prefix == nil)
	if err != nil {
		return err
	}
	if missing != "" {
		result.Notes = append(result.Notes, "No alarms are proposed: "+missing)
	}
	now := a.clock.Now()
	data := backtest.NewData(a.env.Region, now.Add(-late).Truncate(5*time.Minute))
	if opt.Data != "" {
		kept, err := backtest.ReadData(opt.Data, a.env.Region)
		if err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		if kept != nil {
			data = kept
			result.Notes = append(result.Notes, fmt.Sprintf("The data is that of %s, up to %s: delete it to read anew", opt.Data, shortTime(kept.To)))
		}
	}
	who, err := a.permitted(ctx)
	if err != nil {
		return err
	}
	in := backtest.Input{From: data.To.Add(-opt.Since).Truncate(time.Hour), To: data.To, Prefix: result.Prefix}
	if err := a.readSides(ctx, &in, who.account, expected, now, result); err != nil {
		return err
	}
	test, err := backtest.New(in)
	if err != nil {
		return err
	}
	if err := a.readData(ctx, data, test.Queries, now, opt); err != nil {
		return err
	}
	if result.Report, err = test.Run(data); err != nil {
		return err
	}
	if opt.Page != "" && !opt.DryRun {
		page, err := drawPage(test.Picture(result.Report, data, a.env.Name))
		if err == nil {
			err = backtest.WriteFile(opt.Page, page)
		}
		if err != nil {
			return fmt.Errorf("--page: %w", err)
		}
		result.PageFile = opt.Page
	}
	return nil
}

// readSides reads the alarms of both sides, and what AWS remembers of the deployed ones.
func (a *App) readSides(ctx context.Context, in *backtest.Input, number string, expected *audit.Expected, now time.Time, result *AlarmBacktest) error {
	all, err := account.Alarms(ctx, a.aws.Alarms)
	if err != nil {
		return err
	}
	in.Deployed.Problems = map[string]string{}
	history := map[string]backtest.History{}
	from := now.Add(-backtest.Remembered)
	if in.From.After(from) {
		from = in.From
	}
	var names []string
	remember := func(name string, s audit.Status) {
		since := from
		if s.Configured.After(since) {
			since = s.Configured
		}
		history[name] = backtest.History{Since: since, Now: s.State}
		if strings.HasPrefix(name, in.Prefix) {
			names = append(names, name)
		}
	}
	for _, m := range all.Metrics {
		in.Deployed.Metrics = append(in.Deployed.Metrics, m.MetricAlarm)
		remember(m.Name, m.Status)
		for _, sender := range m.Accounts {
			if sender != number {
				in.Deployed.Problems[m.Name] = "it looks at a metric of account " + sender + ", whose data this one may not have"
			}
		}
		if len(m.Unread) > 0 {
			in.Deployed.Problems[m.Name] = "it has " + strings.Join(m.Unread, " and ") + ", and what that does is not known here"
		}
	}
	for _, o := range all.Others {
		in.Deployed.Metrics = append(in.Deployed.Metrics, cloudwatch.MetricAlarm{Name: o.Name})
		in.Deployed.Problems[o.Name] = "it is a " + o.Type + ", and when that goes off is not known here"
	}
	for _, c := range all.Composites {
		in.Deployed.Composites = append(in.Deployed.Composites, c.CompositeAlarm)
		remember(c.Name, c.Status)
	}
	if expected != nil {
		proposed := backtest.Side{}
		proposed.Metrics, proposed.Composites = expected.Alarms(in.Deployed.Metrics)
		in.Proposed = &proposed
		result.ProposedFrom = expected.Sources
	}
	found, refused, err := account.History(ctx, a.aws.Alarms, names, from, now)
	if err != nil {
		return err
	}
	in.History = map[string]backtest.History{}
	for _, name := range names {
		if why := refused[name]; why != "" {
			result.Notes = append(result.Notes, fmt.Sprintf("What really happened to %s is not known: %s", name, why))
			continue
		}
		h := history[name]
		h.Transitions = found[name]
		in.History[name] = h
	}
	return nil
}

// readData reads what the data does not have yet, and keeps it in a file.
func (a *App) readData(ctx context.Context, data *backtest.Data, queries []backtest.Query, now time.Time, opt BacktestOptions) error {
	missing := data.Missing(queries)
	if len(missing) == 0 {
		return nil
	}
	if gone := backtest.Gone(missing, now); len(gone) > 0 {
		return fmt.Errorf("--data: %s lacks %s from %s, and CloudWatch does not keep that any more: delete the file to read anew", opt.Data, gone[0], shortTime(gone[0].From))
	}
	a.out.Info(fmt.Sprintf("reading the data of %s", plural(len(missing), "metric")))
	series, err := account.Data(ctx, a.aws.Alarms, missing)
	if err != nil {
		return err
	}
	data.Put(series...)
	if opt.Data == "" || opt.DryRun {
		return nil
	}
	if err := data.Write(opt.Data); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	return nil
}

// drawPage is a picture as a file.
func drawPage(page picture.Page) ([]byte, error) {
	var html bytes.Buffer
	err := picture.Write(&html, page)
	return html.Bytes(), err
}

func shortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// Page returns the backtest for people.
func (r AlarmBacktest) Page() report.Page {
	page := report.Page{Title: fmt.Sprintf("omc alarms backtest %s: %s", r.Environment, r.Outcome), Error: r.Error}
	if !r.To.IsZero() {
		page.Title += fmt.Sprintf(", %s from %s to %s UTC", plural(len(r.Alarms), "alarm"), shortTime(r.From), shortTime(r.To))
	}
	page.Columns = []string{"ALARM", "DEPLOYED", "PROPOSED", "HISTORY"}
	for _, alarm := range r.Alarms {
		page.Rows = append(page.Rows, []string{alarm.Name, sideCell(alarm.Deployed, false), sideCell(alarm.Proposed, alarm.Same), agreementCell(alarm.Agreement)})
		page.Notes = append(page.Notes, alarmNotes(alarm)...)
	}
	page.Notes = append(page.Notes, r.Notes...)
	if len(r.ProposedFrom) > 0 {
		page.Notes = append(page.Notes, "Proposed are the alarms of "+strings.Join(r.ProposedFrom, ", "))
	}
	if r.PageFile != "" {
		page.Notes = append(page.Notes, "The page with a graph for each alarm: "+r.PageFile)
	}
	return page
}

func sideCell(o *backtest.Outcome, same bool) string {
	switch {
	case o == nil:
		return "-"
	case o.Problem != "":
		return "not known"
	case same:
		return "the same"
	case o.Times == 0:
		return "never"
	}
	return fmt.Sprintf("%s, %s", plural(o.Times, "time"), shortDuration(time.Duration(o.Seconds)*time.Second))
}

func agreementCell(a *backtest.Agreement) string {
	if a == nil {
		return "-"
	}
	return fmt.Sprintf("%d of %s, %.1f %%", a.Matched, plural(a.Real, "change"), 100*a.SameState)
}

// shortDuration says "3h20m", without what is nothing.
func shortDuration(d time.Duration) string {
	text := d.Round(time.Second).String()
	if d >= time.Minute {
		text = strings.TrimSuffix(text, "0s")
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
	}
	return text
}

// mostTimes is how many of the times that an alarm went off are listed.
const mostTimes = 5

// alarmNotes are what the table has no room for.
func alarmNotes(alarm backtest.Alarm) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, alarm.Name+": "+fmt.Sprintf(format, args...)) }
	deployed, proposed := alarm.Deployed, alarm.Proposed
	for _, side := range []struct {
		name string
		*backtest.Outcome
		repeated bool
	}{{"deployed", deployed, false}, {"proposed", proposed, alarm.Same}} {
		o := side.Outcome
		switch {
		case o == nil || side.repeated:
			continue
		case o.Problem != "":
			add("%s: not known: %s", side.name, o.Problem)
			continue
		case o.Limited != "":
			add("%s: from %s only: %s", side.name, shortTime(o.From), o.Limited)
		}
		if o.Times > 0 {
			add("%s, %s, went off on %s", side.name, o.When, times(o.Episodes))
		}
	}
	if text := sweepNote(alarm); text != "" {
		add("%s", text)
	}
	if a := alarm.Agreement; a != nil {
		if len(a.Missed) > 0 {
			add("only in AWS: %s", transitions(a.Missed))
		}
		if len(a.Extra) > 0 {
			add("not in AWS: %s", transitions(a.Extra))
		}
	}
	return notes
}

func times(episodes []backtest.Episode) string {
	var list []string
	for _, e := range episodes[max(0, len(episodes)-mostTimes):] {
		list = append(list, fmt.Sprintf("%s for %s", shortTime(e.From), shortDuration(e.Duration())))
	}
	return before(list, len(episodes), "time")
}

func transitions(changes []backtest.Transition) string {
	var list []string
	for _, t := range changes[max(0, len(changes)-mostTimes):] {
		list = append(list, fmt.Sprintf("%s on %s", t.To, shortTime(t.At)))
	}
	return before(list, len(changes), "change")
}

// before lists the last of some, and says how many there were before.
func before(list []string, all int, word string) string {
	text := strings.Join(list, ", ")
	if n := all - len(list); n > 0 {
		text += fmt.Sprintf(", and %s before", plural(n, word))
	}
	return text
}

// sweepNote says what other thresholds would have done, where that is something else.
func sweepNote(alarm backtest.Alarm) string {
	o := alarm.Proposed
	if o == nil {
		o = alarm.Deployed
	}
	var list []string
	for _, s := range alarm.Sweep {
		if s.Times == o.Times && s.Seconds == o.Seconds {
			continue
		}
		if len(list) == 0 {
			list = append(list, fmt.Sprintf("at %s it would have gone off %s instead of %d", s.Words, plural(s.Times, "time"), o.Times))
			continue
		}
		list = append(list, fmt.Sprintf("at %s %d", s.Words, s.Times))
	}
	return strings.Join(list, ", ")
}
