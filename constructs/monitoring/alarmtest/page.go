package alarmtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Picture is what the dashboards of a configuration show of a span of a scenario;
// [picture.Write] draws it. Graphs of metrics that the scenario does not know are
// empty and say so. States of alarms are those at the scenario's end.
func Picture(cfg monitoring.Config, s Scenario, span Span) (picture.Page, error) {
	in, err := s.input(cfg)
	if err != nil {
		return picture.Page{}, err
	}
	history, err := evaluate.Run(in)
	if err != nil {
		return picture.Page{}, fmt.Errorf("scenario %q: %w", s.Name, err)
	}
	p := picture.Page{
		Title: cfg.Name, Note: "Scenario: " + s.Name,
		From: midnight.Add(max(0, span.from)), To: midnight.Add(min(span.to, s.Series.length)),
		Alarm: func(name string) picture.Alarm { return drawn(cfg, in, history, name) },
	}
	p.Values = func(graph dashboard.Metrics, n int) (picture.Series, error) {
		queries, err := graph.Queries(n)
		if err != nil {
			return picture.Series{}, err
		}
		for _, q := range queries {
			if _, ok := in.Data[evaluate.ID(q.Metric)]; q.Expression == "" && !ok {
				return picture.Series{}, errors.New(q.Metric.Name + ": the scenario does not say")
			}
		}
		values, err := evaluate.Values(queries, in.Data, p.From, p.To)
		return picture.Series{Start: values.Start, Period: values.Period, Values: values.Values}, err
	}
	bodies := cfg.DashboardBodies()
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		p.Dashboards = append(p.Dashboards, picture.Dashboard{Name: name, Body: unescaped(bodies[name])})
	}
	if len(p.Dashboards) == 0 {
		return picture.Page{}, errors.New("Dashboards: there are none, want one to draw")
	}
	return p, nil
}

func drawn(cfg monitoring.Config, in evaluate.Input, history evaluate.History, name string) picture.Alarm {
	state := in.Start[name]
	a := picture.Alarm{Name: keyOf(cfg, name), History: []picture.Change{{At: in.From, State: state}}}
	for _, c := range history.Of(name) {
		state = c.To
		a.History = append(a.History, picture.Change{At: c.At, State: state})
	}
	a.State = state
	return a
}

// unescaped undoes what Terraform undoes: a body says "$${LAST}" for CloudWatch's
// "${LAST}".
func unescaped(body dashboard.Body) dashboard.Body {
	for _, w := range body.Widgets {
		graph, ok := w.Properties.(dashboard.Metrics)
		if !ok {
			continue
		}
		for i := range graph.Metrics {
			graph.Metrics[i].Options.Label = strings.ReplaceAll(graph.Metrics[i].Options.Label, "$${", "${")
		}
	}
	return body
}

