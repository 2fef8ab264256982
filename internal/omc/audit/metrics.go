package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// checkMetrics wants every metric of every alarm to exist and to have data.
func (w *World) checkMetrics(r *report) {
	for a := range w.metrics {
		for _, q := range a.Queries {
			switch {
			case strings.HasPrefix(strings.TrimSpace(q.Expression), "SELECT"):
				r.note("alarm %s looks at what a query finds: whether that has data was not looked into", a.Name)
			case q.Metric.Name == "":
			case w.isForeign(a, q):
				r.note("alarm %s looks at a metric of account %s: whether it has data was not looked into", a.Name, a.Accounts[q.ID])
			default:
				w.checkMetric(r, a, q.Metric)
			}
		}
	}
}

// isForeign reports whether another account sends the metric of a query.
func (w *World) isForeign(a MetricAlarm, q cloudwatch.Query) bool {
	account := a.Accounts[q.ID]
	return account != "" && account != w.Account
}

func (w *World) checkMetric(r *report, a MetricAlarm, m cloudwatch.Metric) {
	subject, data, treat := "alarm "+a.Name, w.Data[evaluate.ID(m)], missing(a.MetricAlarm)
	if data.Last.IsZero() && !w.Data[evaluate.ID(everyUnit(m))].Last.IsZero() {
		r.add(subject, "unit", fmt.Sprintf("%s %s has data, and none in %s, which is all that the alarm counts", m.Namespace, m.Name, m.OnlyUnit), "take Unit out of the alarm")
		return
	}
	if data.Last.IsZero() {
		if !w.checkExists(r, subject, m, treat == cloudwatch.NotBreaching) && w.index.isListed(m) && treat != cloudwatch.NotBreaching {
			r.add(subject, "no-data", m.Namespace+" "+m.Name+" has had no data in the last two weeks", "find out whether "+dimensions(m)+" still runs; delete the alarm when it does not")
		}
		return
	}
	window := Window(a.MetricAlarm)
	frozen := treat == cloudwatch.Missing || treat == cloudwatch.Ignore
	if frozen && !data.Recent[window] {
		r.add(subject, "no-recent-data", fmt.Sprintf("%s %s has had no data in the last %s, which is what it looks at; the last was on %s", m.Namespace, m.Name,
			window, data.Last.UTC().Format("2006-01-02 at 15:04 MST")), "find out why "+dimensions(m)+" sends none; when that is usual, say what missing data means: notBreaching or breaching")
	}
}

// checkExists wants a metric to be one that something sends, and suggests what is nearest
// to one that is not. It reports whether it said anything. A sparse metric has no data as
// long as nothing happens.
func (w *World) checkExists(r *report, subject string, m cloudwatch.Metric, sparse bool) bool {
	others := w.index.sentWith(m)
	_, documented := cloudwatch.LookUp(m.Namespace, m.Name)
	switch ours, there := !isAWS(m.Namespace), w.index.isThere(m); {
	case w.index.isListed(m):
		return false
	case there && sparse && documented: // nothing happened, such as no error
		return false
	case len(others) == 0 && !documented && !ours:
		r.add(subject, "no-such-metric", fmt.Sprintf("%s has no metric %s, so that it never has data", m.Namespace, m.Name), suggest(m))
	case ours && sparse:
		r.note("%s: %s %s has had no data in two weeks; whether anything would send it cannot be told", subject, m.Namespace, m.Name)
	case there:
		r.add(subject, "no-data", fmt.Sprintf("%s %s has had no data in the last two weeks, and other metrics of %s have", m.Namespace, m.Name, dimensions(m)),
			"find out what makes AWS send it; delete the alarm when nothing does")
	default:
		r.add(subject, "no-such-dimensions", fmt.Sprintf("nothing sends %s %s for %s: it never has data", m.Namespace, m.Name, dimensions(m)), instead(m, others))
	}
	return true
}

// everyUnit is a metric of which the values of every unit count.
func everyUnit(m cloudwatch.Metric) cloudwatch.Metric {
	m.OnlyUnit = ""
	return m
}

// isAWS reports whether AWS, not a program of the user, sends what is in a namespace.
func isAWS(namespace string) bool {
	return strings.HasPrefix(namespace, "AWS/") || slices.Contains(cloudwatch.Namespaces(), namespace)
}

// suggest says what the metric of a wrong name may be.
func suggest(m cloudwatch.Metric) string {
	var elsewhere, near []string
	for _, namespace := range cloudwatch.Namespaces() {
		if _, found := cloudwatch.LookUp(namespace, m.Name); found {
			elsewhere = append(elsewhere, namespace)
		}
		if strings.EqualFold(namespace, m.Namespace) && namespace != m.Namespace {
			return fmt.Sprintf("the namespace is %s; names are case-sensitive", namespace)
		}
	}
	if len(elsewhere) > 0 {
		return fmt.Sprintf("%s is in %s", m.Name, strings.Join(elsewhere, ", "))
	}
	best := 1 + len(m.Name)/3
	for _, name := range cloudwatch.MetricNames(m.Namespace) {
		switch d := distance(strings.ToLower(name), strings.ToLower(m.Name)); {
		case d < best:
			near, best = []string{name}, d
		case d == best:
			near = append(near, name)
		}
	}
	if len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if names := cloudwatch.MetricNames(m.Namespace); len(names) > 0 {
		return fmt.Sprintf("use one of its %d metrics: AWS's documentation of %s lists them", len(names), m.Namespace)
	}
	return "use a namespace that AWS documents, such as AWS/ECS or AWS/RDS"
}

// distance is how many letters have to be put in, left out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// instead says with which dimensions a metric is sent.
func instead(m cloudwatch.Metric, others []string) string {
	for _, d := range m.Dimensions {
		if d.Name == "DBInstanceIdentifier" && strings.HasPrefix(d.Value, "db-") {
			return fmt.Sprintf("%s is a resource id: use the instance's identifier%s", d.Value, among(others))
		}
		if d.Name == "CacheClusterId" && hasNode(others, d.Value) {
			return fmt.Sprintf("%s is a replication group: ElastiCache's metrics are those of its nodes%s", d.Value, among(others))
		}
	}
	if len(others) > 0 {
		return "use dimensions with which it is sent" + among(others)
	}
	return "find out whether what it watches exists, and what it is called; it has been silent for two weeks at least"
}

// hasNode reports whether one of the sorted texts is that of a node of a group: its first
// dimension is CacheClusterId.
func hasNode(sorted []string, group string) bool {
	node := "CacheClusterId=" + group + "-"
	i, _ := slices.BinarySearch(sorted, node)
	return i < len(sorted) && strings.HasPrefix(sorted[i], node)
}

// mostNamed is how many things a message names.
const mostNamed = 3

func among(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ": " + some(list, "; ")
}

// some names the first of a list, and how many more there are.
func some(list []string, separator string) string {
	if n := len(list) - mostNamed; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:mostNamed], separator), n)
	}
	return strings.Join(list, separator)
}

func sortedDimensions(list []cloudwatch.Dimension) []cloudwatch.Dimension {
	return slices.SortedFunc(slices.Values(list), func(a, b cloudwatch.Dimension) int { return cmp.Compare(a.Name, b.Name) })
}

// dimensions writes the dimensions of a metric, sorted.
func dimensions(m cloudwatch.Metric) string {
	var words []string
	for _, d := range sortedDimensions(m.Dimensions) {
		words = append(words, d.Name+"="+d.Value)
	}
	if len(words) == 0 {
		return "no dimensions"
	}
	return strings.Join(words, ", ")
}

// checkDashboards wants dashboards that CloudWatch draws, and every metric on them to
// exist.
func (w *World) checkDashboards(r *report) {
	for _, d := range w.Dashboards {
		subject := "dashboard " + d.Name
		if err := dashboard.Validate(d.Body); err != nil {
			r.add(subject, "dashboard-body", strings.ReplaceAll(err.Error(), "\n", "; "), "correct the body: CloudWatch draws an empty graph and says nothing")
		}
		for _, m := range d.metrics() {
			// A graph may be empty as long as nothing happens.
			w.checkExists(r, subject, m, true)
		}
	}
}

// metrics are what a dashboard shows.
func (d Dashboard) metrics() []cloudwatch.Metric {
	body, err := dashboard.Parse(d.Body)
	if err != nil {
		return nil // checkDashboards says so
	}
	var list []cloudwatch.Metric
	for _, widget := range body.Widgets {
		properties, ok := widget.Properties.(dashboard.Metrics)
		if !ok {
			continue
		}
		for _, line := range properties.Metrics {
			words := line.Metric
			if len(words) < 2 || len(words)%2 != 0 {
				continue
			}
			m := cloudwatch.Metric{Namespace: words[0], Name: words[1]}
			for i := 2; i < len(words); i += 2 {
				m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: words[i], Value: words[i+1]})
			}
			list = append(list, m)
		}
	}
	return list
}

// Namespaces returns the namespaces whose metrics the audit looks at, sorted: those of
// alarms and dashboards, and those for which AWS recommends alarms.
func (w World) Namespaces() []string {
	set := map[string]bool{}
	for a := range w.metrics {
		for _, q := range a.Queries {
			set[q.Metric.Namespace] = true
		}
	}
	for _, d := range w.Dashboards {
		for _, m := range d.metrics() {
			set[m.Namespace] = true
		}
	}
	for _, namespace := range cloudwatch.Namespaces() {
		if len(recommended(namespace)) > 0 {
			set[namespace] = true
		}
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// Wanted returns the metrics of the audited alarms, by [evaluate.ID], and the windows in
// which their alarms look at them.
func (w World) Wanted() map[string]Wanted {
	all := map[string]Wanted{}
	for a := range w.metrics {
		for _, q := range a.Queries {
			if q.Metric.Name == "" || w.isForeign(a, q) {
				continue
			}
			want := func(m cloudwatch.Metric) {
				id := evaluate.ID(m)
				wanted := all[id]
				wanted.Metric = m
				if window := Window(a.MetricAlarm); !slices.Contains(wanted.Windows, window) {
					wanted.Windows = append(wanted.Windows, window)
				}
				all[id] = wanted
			}
			want(q.Metric)
			want(everyUnit(q.Metric)) // is there any data in another one?
		}
	}
	return all
}

// Wanted is a metric, and for which latest lengths of time it matters whether it has data.
type Wanted struct {
	Metric  cloudwatch.Metric
	Windows []time.Duration
}
