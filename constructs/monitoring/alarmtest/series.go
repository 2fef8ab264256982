package alarmtest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// midnight is when scenarios begin: a Monday.
var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// Series is what the metrics of a configuration do in a scenario, minute by minute.
// Its methods change it and return it, so that changes can be written one after
// another; a later one covers an earlier one. What is wrong with them is reported
// when the scenario runs.
type Series struct {
	lines  map[string]*line // by evaluate.ID
	before time.Duration    // how long before the begin the alarm that looks back longest does
	length time.Duration
	bands  map[string][2]Generator
	errs   []error
}

// line is one metric.
type line struct {
	metric cloudwatch.Metric
	// resources are the keys of those whose alarms look at the metric.
	resources []string
	changes   []change
	before    time.Duration // how long before the begin alarms look back at it
	delay     time.Duration
	// quarrels say which alarms go off on a healthy day.
	quarrels []string
}

// change is what a metric does for a time. Values nil: as before; samples 0: as many
// as before.
type change struct {
	span    Span
	values  Generator
	samples float64
}

// day is how long a scenario is unless it says something else.
const day = 24 * time.Hour

// Healthy is a day on which no alarm goes off: each metric moves with the time of the day
// between values that are usual for it, whatever the thresholds of the alarms are. An alarm
// with a threshold among them goes off, so that the scenario fails and says so. Usual are
// the values of an application with a few tasks and small instances; where yours are
// others, and for metrics that are not AWS's, say what is healthy with [Series.Set]:
//
//	alarmtest.Healthy(cfg).Set("sales", "Orders", alarmtest.Wave(5, 50, 0.1, 1), alarmtest.Always())
func Healthy(cfg monitoring.Config) *Series {
	s := &Series{lines: map[string]*line{}, length: day, before: time.Hour, bands: map[string][2]Generator{}}
	if err := cfg.Validate(); err != nil {
		s.errs = append(s.errs, err)
		return s
	}
	definitions, _ := cfg.Definitions()
	for _, a := range definitions {
		key := keyOf(cfg, a.Name)
		resource, _, owned := strings.Cut(key, "/")
		if !owned {
			resource = "" // it stands alone
		}
		before := (time.Duration(a.EvaluationPeriods+3)*a.Period() + time.Hour - 1).Truncate(time.Hour)
		s.before = max(s.before, before)
		for _, q := range a.Queries {
			if q.Expression != "" {
				continue
			}
			id := evaluate.ID(q.Metric)
			if s.lines[id] == nil {
				s.lines[id] = &line{metric: q.Metric}
				if values, samples := healthy(q.Metric); values != nil {
					s.lines[id].changes = []change{{Always(), values, samples}}
				}
			}
			l := s.lines[id]
			if l.before = max(l.before, before); !slices.Contains(l.resources, resource) {
				l.resources = append(l.resources, resource)
			}
			if usual, ok := known[q.Metric.Namespace+" "+q.Metric.Name]; ok && usual.beyond(a) != "" {
				l.quarrels = append(l.quarrels, key+" goes off at "+usual.beyond(a))
			}
		}
	}
	return s
}

// Set makes a metric of a resource do something: Set("postgres",
// "FreeStorageSpace", Ramp(50*GiB, 0), Between(0, 6*time.Hour)).
func (s *Series) Set(resource, metric string, values Generator, span Span) *Series {
	return s.change(resource, metric, change{span: span, values: values})
}

// Samples makes a metric of a resource have a number of samples a minute: for a
// service of ECS, its running tasks.
func (s *Series) Samples(resource, metric string, samples int, span Span) *Series {
	if samples < 1 {
		s.errs = append(s.errs, fmt.Errorf("Samples(%q, %q, %d): want 1 or more; Stop is for none", resource, metric, samples))
		return s
	}
	return s.change(resource, metric, change{span: span, samples: float64(samples)})
}

// Stop makes a resource publish nothing.
func (s *Series) Stop(resource string, span Span) *Series {
	return s.change(resource, "", change{span: span, values: Gap()})
}

// StopAll makes everything publish nothing.
func (s *Series) StopAll(span Span) *Series {
	for _, l := range s.lines {
		l.changes = append(l.changes, change{span: span, values: Gap()})
	}
	return s
}

// Delay makes the data of a resource arrive some time after its minute.
func (s *Series) Delay(resource string, d time.Duration) *Series {
	for _, l := range s.find(resource, "") {
		l.delay = d
	}
	return s
}

// Band gives the anomaly band of an alarm, by its key: what CloudWatch would have
// learned.
func (s *Series) Band(alarm string, lower, upper Generator) *Series {
	s.bands[alarm] = [2]Generator{lower, upper}
	return s
}

// For makes the scenario last some time instead of a day.
func (s *Series) For(d time.Duration) *Series {
	if d <= 0 || d%time.Minute != 0 {
		s.errs = append(s.errs, fmt.Errorf("For(%s): want whole minutes, at least one", d))
		return s
	}
	s.length = d
	return s
}

func (s *Series) change(resource, metric string, c change) *Series {
	for _, l := range s.find(resource, metric) {
		l.changes = append(l.changes, c)
	}
	return s
}

// find returns the metrics of a resource: those of a name, or all.
func (s *Series) find(resource, metric string) []*line {
	var found []*line
	for _, l := range s.lines {
		if slices.Contains(l.resources, resource) && (metric == "" || metric == l.metric.Name) {
			found = append(found, l)
		}
	}
	if len(found) == 0 && len(s.lines) > 0 {
		s.errs = append(s.errs, fmt.Errorf("no alarm looks at %q of %q; there are %s", metric, resource, strings.Join(s.names(), ", ")))
	}
	return found
}

// names are the resources with the names of their metrics, in order.
func (s *Series) names() []string {
	var names []string
	for _, l := range s.lines {
		for _, r := range l.resources {
			names = append(names, fmt.Sprintf("%q %q", r, l.metric.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// data makes the series that alarms are evaluated on.
func (s *Series) data() (evaluate.Data, error) {
	if len(s.errs) > 0 {
		return nil, errors.Join(s.errs...)
	}
	data := evaluate.Data{}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(s.lines)) {
		l := s.lines[id]
		if len(l.changes) == 0 || l.changes[0].span != Always() {
			errs = append(errs, fmt.Errorf("nobody knows what is healthy for %s: say so with Set(%q, %q, …, Always())", id, l.resources[0], l.metric.Name))
			continue
		}
		if len(l.quarrels) > 0 && !l.isSet() {
			errs = append(errs, fmt.Errorf("%s: change the threshold, or say what is healthy here with Set(%q, %q, …, Always())", strings.Join(l.quarrels, "; "), l.resources[0], l.metric.Name))
		}
		data.Add(l.metric, s.render(l))
	}
	return data, errors.Join(errs...)
}

// isSet reports whether a scenario says itself what the metric does all day, or how often.
func (l *line) isSet() bool {
	return slices.ContainsFunc(l.changes[1:], func(c change) bool { return c.span == Always() })
}

// render lays the changes of a metric over each other.
func (s *Series) render(l *line) evaluate.Series {
	n := int((l.before + s.length) / time.Minute)
	sets := make([]evaluate.StatisticSet, n)
	for i := range sets {
		at := time.Duration(i)*time.Minute - l.before
		v, samples := math.NaN(), 1.0
		for k := len(l.changes) - 1; k >= 0; k-- {
			if c := l.changes[k]; c.values != nil && c.span.has(at) {
				v = c.values(s.moment(at, c.span))
				break
			}
		}
		for k := len(l.changes) - 1; k >= 0; k-- {
			if c := l.changes[k]; c.samples > 0 && c.span.has(at) {
				samples = c.samples
				break
			}
		}
		if !math.IsNaN(v) {
			sets[i] = evaluate.StatisticSet{SampleCount: samples, Sum: v * samples, Minimum: v, Maximum: v}
		}
	}
	return evaluate.Series{Start: midnight.Add(-l.before), Period: time.Minute, Sets: sets, Delay: l.delay}
}

func (span Span) has(at time.Duration) bool { return at >= span.from && at < span.to }

func (s *Series) moment(at time.Duration, span Span) Moment {
	from, to := max(span.from, -s.before), min(span.to, s.length)
	return Moment{At: at, Since: at - from, Of: to - from}
}

// limits are the bands of anomalies.
func (s *Series) limits(cfg monitoring.Config) map[string]evaluate.Band {
	bands := map[string]evaluate.Band{}
	for alarm, limits := range s.bands {
		values := func(g Generator) evaluate.Series {
			series := evaluate.Series{Start: midnight.Add(-s.before), Period: time.Minute}
			for at := -s.before; at < s.length; at += time.Minute {
				series.Values = append(series.Values, g(s.moment(at, Always())))
			}
			return series
		}
		bands[nameOf(cfg, alarm)] = evaluate.Band{Lower: values(limits[0]), Upper: values(limits[1])}
	}
	return bands
}

func keyOf(cfg monitoring.Config, name string) string { return strings.TrimPrefix(name, cfg.Name+"/") }

func nameOf(cfg monitoring.Config, key string) string { return cfg.Name + "/" + key }
