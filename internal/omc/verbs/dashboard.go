package verbs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
	"github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/omc/backtest"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// DashboardOptions are what [App.Dashboard] draws.
type DashboardOptions struct {
	// Since is how far the graphs go back. Default: three hours, as CloudWatch has it.
	Since time.Duration
	// File is where the page is written. Default: dashboard-ENV.html in the current folder.
	File string
	// DryRun reads everything and writes no page.
	DryRun bool
}

// longestGraph is how far back a graph goes at most: its period does not change with the
// time, because its thresholds would not go with it.
const longestGraph = 7 * 24 * time.Hour

// DashboardPicture is what was drawn. It is what --output json prints.
type DashboardPicture struct {
	Environment string `json:"environment"`
	report.Ending
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// File is the page.
	File string `json:"file,omitempty"`
	// Dashboards are the names of what is on it.
	Dashboards []string `json:"dashboards"`
	// Notes are what could not be drawn. The page says it, too.
	Notes []string `json:"notes"`
}

// Dashboard draws the dashboards of the environment as they are now. It changes nothing in
// AWS.
func (a *App) Dashboard(ctx context.Context, opt DashboardOptions) (DashboardPicture, error) {
	work, stop := a.interruptible(ctx)
	defer stop()
	result := DashboardPicture{Environment: a.env.Name, Dashboards: []string{}, Notes: []string{}}
	if err := a.drawDashboards(work, opt, &result); err != nil {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	if opt.DryRun {
		return result, a.fail(&result.Ending, report.Planned, nil)
	}
	return result, a.fail(&result.Ending, report.Succeeded, nil)
}

func (a *App) drawDashboards(ctx context.Context, opt DashboardOptions, result *DashboardPicture) error {
	since := cmp.Or(opt.Since, 3*time.Hour)
	if since < 15*time.Minute || since > longestGraph {
		return fmt.Errorf("--since: is %s, want 15m to %dd", since, longestGraph/(24*time.Hour))
	}
	who, err := a.permitted(ctx)
	if err != nil {
		return err
	}
	read, err := account.Dashboards(ctx, a.aws.Alarms, a.env.Prefix)
	if err != nil {
		return err
	}
	if len(read) == 0 {
		return fmt.Errorf("no dashboard's name begins with %q: deploy the operations stack first: cdktf deploy %s", a.env.Prefix, a.env.Name)
	}
	now := a.clock.Now()
	l := &liveBoard{region: a.env.Region, account: who.account, from: now.Add(-since), to: now, data: backtest.NewData(a.env.Region, now)}
	for _, d := range read {
		body, err := dashboard.Parse(d.Body)
		if err != nil {
			return fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
		l.boards = append(l.boards, picture.Dashboard{Name: d.Name, Body: drawable(body)})
		result.Dashboards = append(result.Dashboards, d.Name)
	}
	queries := l.queries()
	a.out.Info(fmt.Sprintf("reading the data of %s", plural(len(queries), "metric")))
	series, err := account.Data(ctx, a.aws.Alarms, queries)
	if err != nil {
		return err
	}
	l.data.Put(series...)
	if err := a.readStates(ctx, l); err != nil {
		return err
	}
	path := opt.File
	if path == "" {
		path = "dashboard-" + a.env.Name + ".html"
	}
	page, err := drawPage(l.picture(a.env.Prefix))
	if err == nil && !opt.DryRun {
		result.File, err = path, backtest.WriteFile(path, page)
	}
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	result.From, result.To = l.from, l.to
	result.Notes = append(result.Notes, l.problems...)
	return nil
}

// readStates reads the states of the alarms on the dashboards, and how they became that.
func (a *App) readStates(ctx context.Context, l *liveBoard) error {
	arns := l.alarms()
	l.states = map[string]picture.Alarm{}
	if len(arns) == 0 {
		return nil
	}
	all, err := account.Alarms(ctx, a.aws.Alarms)
	if err != nil {
		return err
	}
	byARN := map[string]picture.Alarm{}
	for _, m := range all.Metrics {
		byARN[m.ARN] = picture.Alarm{Name: m.Name, State: m.State}
	}
	for _, c := range all.Composites {
		byARN[c.ARN] = picture.Alarm{Name: c.Name, State: c.State}
	}
	for _, o := range all.Others {
		byARN[o.ARN] = picture.Alarm{Name: o.Name, State: o.State}
	}
	var names []string
	for _, arn := range arns {
		if alarm, there := byARN[arn]; there {
			names = append(names, alarm.Name)
		}
	}
	// Whoever may not read the history sees the state alone.
	found, _, err := account.History(ctx, a.aws.Alarms, names, l.from, l.to)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		alarm, there := byARN[arn]
		if !there {
			alarm.Name = evaluate.NameOf(arn)
			l.problems = append(l.problems, "alarm "+alarm.Name+": there is none in AWS")
		}
		if changes, known := found[alarm.Name]; known && there {
			state := alarm.State
			if len(changes) > 0 {
				state = changes[0].From
			}
			alarm.History = []picture.Change{{At: l.from, State: state}}
			for _, c := range changes {
				alarm.History = append(alarm.History, picture.Change{At: c.At, State: c.To})
			}
		}
		l.states[arn] = alarm
	}
	return nil
}

// A liveBoard is what is drawn of the dashboards of an account.
type liveBoard struct {
	region, account string
	from, to        time.Time
	boards          []picture.Dashboard
	data            *backtest.Data
	states          map[string]picture.Alarm
	problems        []string
}

// drawable replaces the graph of an alarm, which says no metric, by a widget that nobody
// can draw: an empty graph would be wrong.
func drawable(body dashboard.Body) dashboard.Body {
	for i, w := range body.Widgets {
		if graph, ok := w.Properties.(dashboard.Metrics); ok && len(graph.Metrics) == 0 && graph.Annotations != nil && len(graph.Annotations.Alarms) > 0 {
			body.Widgets[i].Type, body.Widgets[i].Properties = "graph of an alarm", nil
		}
	}
	return body
}

// graphs are the graphs of all dashboards.
func (l *liveBoard) graphs(yield func(dashboard.Metrics) bool) {
	for _, b := range l.boards {
		for _, w := range b.Body.Widgets {
			if graph, ok := w.Properties.(dashboard.Metrics); ok && !yield(graph) {
				return
			}
		}
	}
}

// alarms are the ARNs of the alarms on the dashboards, each once.
func (l *liveBoard) alarms() []string {
	var list []string
	for _, b := range l.boards {
		for _, w := range b.Body.Widgets {
			if alarms, ok := w.Properties.(dashboard.Alarms); ok {
				list = append(list, alarms.Alarms...)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// graphPeriod is CloudWatch's default.
const graphPeriod = 5 * time.Minute

// line returns what a line of a graph shows, and the data that it needs.
func (l *liveBoard) line(graph dashboard.Metrics, n int) ([]cloudwatch.Query, []backtest.Query, error) {
	if region := cmp.Or(graph.Metrics[n].Options.Region, graph.Region, l.region); region != l.region {
		return nil, nil, fmt.Errorf("its metric is in %s, and what is read is in %s", region, l.region)
	}
	if sender := cmp.Or(graph.Metrics[n].Options.AccountID, l.account); sender != l.account {
		return nil, nil, fmt.Errorf("its metric is in account %s, and what is read in %s", sender, l.account)
	}
	queries, err := graph.Queries(n)
	if err != nil {
		return nil, nil, err
	}
	var needs []backtest.Query
	for i, q := range queries {
		if q.Expression != "" {
			continue
		}
		period := cmp.Or(q.Metric.Period, graphPeriod)
		queries[i].Metric.Period = period
		if _, err := evaluate.FromPoints(period, q.Metric.Stat, nil); err != nil {
			return nil, nil, err
		}
		needs = append(needs, backtest.Query{Metric: queries[i].Metric, From: backtest.Floor(l.from, period), To: backtest.Floor(l.to, period).Add(period)})
	}
	if len(needs) == 0 {
		return nil, nil, fmt.Errorf("%s: names no metric, and what it finds only CloudWatch knows", queries[0].Expression)
	}
	return queries, needs, nil
}

// queries are the data that the graphs need, each once. What cannot be read is said where
// it is drawn.
func (l *liveBoard) queries() []backtest.Query {
	var list []backtest.Query
	seen := map[string]bool{}
	for graph := range l.graphs {
		for n, line := range graph.Metrics {
			if line.Options.Visible != nil && !*line.Options.Visible {
				continue
			}
			_, needs, _ := l.line(graph, n)
			for _, q := range needs {
				if !seen[q.String()] {
					seen[q.String()] = true
					list = append(list, q)
				}
			}
		}
	}
	return list
}

// values are what a graph shows as its n-th line.
func (l *liveBoard) values(graph dashboard.Metrics, n int) (picture.Series, error) {
	queries, needs, err := l.line(graph, n)
	if err != nil {
		l.problems = append(l.problems, fmt.Sprintf("%s: %s", graph.Title, err))
		return picture.Series{}, err
	}
	series := evaluate.Data{}
	for _, q := range needs {
		l.data.AddTo(series, q, backtest.Query{})
	}
	s, err := evaluate.Values(queries, series, l.from, l.to)
	if err != nil {
		l.problems = append(l.problems, fmt.Sprintf("%s: %s", graph.Title, strings.ReplaceAll(err.Error(), "\n", "; ")))
		return picture.Series{}, err
	}
	return picture.Series{Start: s.Start, Period: s.Period, Values: s.Values}, nil
}

func (l *liveBoard) picture(title string) picture.Page {
	return picture.Page{
		Title: title, Note: "As CloudWatch has it", Dashboards: l.boards, From: l.from, To: l.to, Values: l.values,
		Alarm: func(arn string) picture.Alarm { return l.states[arn] },
	}
}

// Page returns what was drawn for people.
func (r DashboardPicture) Page() report.Page {
	page := report.Page{Title: fmt.Sprintf("omc dashboard %s: %s", r.Environment, r.Outcome), Error: r.Error}
	if r.File != "" {
		page.Title += ", " + r.File
	}
	for _, note := range r.Notes {
		page.Notes = append(page.Notes, "Not drawn: "+note)
	}
	return page
}
