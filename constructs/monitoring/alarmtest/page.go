package alarmtest

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Picture is what the dashboards of a configuration show of a span of a scenario;
// [picture.Write] draws it. Metrics that no alarm looks at have sample values, and
// the page says so. States of alarms are those at the scenario's end.
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
		Title: cfg.Name, Note: "Scenario: " + s.Name + " · sample values where no alarm looks",
		From: midnight.Add(max(0, span.from)), To: midnight.Add(min(span.to, s.Series.length)),
		Alarm: func(name string) picture.Alarm { return drawn(cfg, in, history, name) },
	}
	sampled := map[string]bool{}
	p.Values = func(graph dashboard.Metrics, n int) (picture.Series, error) {
		queries, err := graph.Queries(n)
		if err != nil {
			return picture.Series{}, err
		}
		for _, q := range queries {
			if _, ok := in.Data[evaluate.ID(q.Metric)]; q.Expression == "" && (!ok || sampled[evaluate.ID(q.Metric)]) {
				sampled[evaluate.ID(q.Metric)] = true
				in.Data.Add(q.Metric, sample(q.Metric, p.From, p.To))
			}
		}
		from := p.From
		if began := p.To.Add(-graph.Range()); began.Before(from) && graph.Range() > 0 {
			from = began
		}
		values, err := evaluate.Values(queries, in.Data, from, p.To)
		if err != nil {
			return picture.Series{}, err
		}
		before := int(max(0, p.From.Sub(values.Start)) / values.Period) // adds up, and is not drawn
		return picture.Series{Start: values.Start.Add(time.Duration(before) * values.Period), Period: values.Period, Values: values.Values[before:]}, nil
	}
	bodies := cfg.DashboardBodies()
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		p.Dashboards = append(p.Dashboards, picture.Dashboard{Name: name, Body: unescaped(bodies[name])})
	}
	if len(p.Dashboards) == 0 {
		return picture.Page{}, errors.New("drawing a scenario: Dashboards: there are none, want one to draw")
	}
	return p, nil
}

// sample is a day of a metric of which nothing is known but what it is measured in.
func sample(m cloudwatch.Metric, from, to time.Time) evaluate.Series {
	low, high := 2.0, 9.0
	if known, ok := cloudwatch.LookUp(m.Namespace, m.Name); ok {
		switch known.Unit {
		case cloudwatch.Percent:
			low, high = 25, 60
		case cloudwatch.Seconds:
			low, high = 0.05, 0.2
		case cloudwatch.Milliseconds:
			low, high = 20, 80
		case cloudwatch.Bytes:
			low, high = 2*monitoring.GiB, 3*monitoring.GiB
		}
	}
	if stat, err := cloudwatch.ParseStatistic(m.Stat); err == nil && stat.Kind == cloudwatch.KindPercentile {
		low, high = 3*low, 4*high // slower than the average
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(evaluate.ID(m) + m.Stat))
	values := Wave(low, high, 0.06, hash.Sum64())
	s := evaluate.Series{Start: from.Truncate(m.Period), Period: m.Period, Stat: m.Stat}
	for at := s.Start; at.Before(to); at = at.Add(m.Period) {
		s.Values = append(s.Values, values(Moment{At: at.Sub(midnight)}))
	}
	return s
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
