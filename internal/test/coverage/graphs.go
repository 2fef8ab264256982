package coverage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
)

// WithoutGraph returns the alarms on metrics that no dashboard draws together with their
// threshold, each with what is missing. Parts of other alarms, which tell nobody, need
// none.
func WithoutGraph(cfg monitoring.Config) []string {
	var graphs []dashboard.Metrics
	for _, body := range cfg.DashboardBodies() {
		for _, w := range body.Widgets {
			if graph, ok := w.Properties.(dashboard.Metrics); ok {
				graphs = append(graphs, graph)
			}
		}
	}
	var list []string
	for _, a := range cfg.Alarms() {
		if _, ok := a.When.(cloudwatch.Composite); ok || a.Severity == monitoring.Silent {
			continue
		}
		drawn := slices.DeleteFunc(slices.Clone(graphs), func(g dashboard.Metrics) bool { return !draws(g, a) })
		_, limited := a.When.(cloudwatch.Threshold)
		switch {
		case len(drawn) == 0:
			list = append(list, fmt.Sprintf("%s: no graph draws %s", a.Key(), cloudwatch.SeriesOf(a.When)))
		case limited && !slices.ContainsFunc(drawn, func(g dashboard.Metrics) bool { return marks(g, a) }):
			list = append(list, fmt.Sprintf("%s: no graph of %s has its threshold, %s", a.Key(), cloudwatch.SeriesOf(a.When), a.Condition()))
		}
	}
	return list
}

// draws reports whether a graph has every metric that an alarm looks at.
func draws(g dashboard.Metrics, a monitoring.Alarm) bool {
	for _, m := range cloudwatch.Metrics(cloudwatch.SeriesOf(a.When)) {
		path := []string{m.Namespace, m.Name}
		for _, d := range m.Dimensions {
			path = append(path, d.Name, d.Value)
		}
		if !slices.ContainsFunc(g.Metrics, func(l dashboard.Line) bool { return slices.Equal(l.Metric, path) }) {
			return false
		}
	}
	return true
}

// marks reports whether a graph has a line at the threshold of an alarm.
func marks(g dashboard.Metrics, a monitoring.Alarm) bool {
	return g.Annotations != nil && slices.ContainsFunc(g.Annotations.Horizontal, func(m dashboard.Mark) bool {
		return slices.Contains(strings.FieldsFunc(m.Label, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }), a.ID)
	})
}
