package alarmtest

import (
	"errors"
	"fmt"
	"hash/fnv"
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

// Healthy is a day on which no alarm goes off: each metric moves between what its
// alarms allow, with the time of the day. Metrics that only occur in metric math are
// known for the kinds of resources of the package monitoring; others have to be
// [Series.Set].
func Healthy(cfg monitoring.Config) *Series {
	s := &Series{lines: map[string]*line{}, length: day, before: time.Hour, bands: map[string][2]Generator{}}
	if err := cfg.Validate(); err != nil {
		s.errs = append(s.errs, err)
		return s
	}
	limits := map[string]*limit{}
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
				limits[id] = &limit{low: math.Inf(-1), high: math.Inf(1)}
			}
			l := s.lines[id]
			if l.before = max(l.before, before); !slices.Contains(l.resources, resource) {
				l.resources = append(l.resources, resource)
			}
			if len(a.Queries) == 1 && q.Metric.Stat != cloudwatch.SampleCount {
				limits[id].add(a, q.Metric.Stat)
			}
		}
	}
	for id, l := range s.lines {
		if g, samples := healthy(l.metric, *limits[id]); g != nil {
			l.changes = []change{{Always(), g, samples}}
		}
	}
	return s
}

// limit is what the alarms on a metric allow.
type limit struct{ low, high float64 }

func (l *limit) add(a cloudwatch.MetricAlarm, stat string) {
	threshold := a.Threshold
	if stat == cloudwatch.Sum {
		threshold /= a.Period().Minutes()
	}
	switch a.ComparisonOperator {
	case cloudwatch.GreaterThan, cloudwatch.GreaterThanOrEqual:
		l.high = min(l.high, threshold)
	case cloudwatch.LessThan, cloudwatch.LessThanOrEqual:
		l.low = max(l.low, threshold)
	}
}

// known is what metrics are like that alarms look at only together with others, or
// that are not there most of the time. Samples: how many a minute has.
var known = map[string]struct {
	low, high, samples float64
}{
	"AWS/ApplicationELB RequestCount":                {300, 3000, 1},
	"AWS/ApplicationELB RequestCountPerTarget":       {150, 1500, 1},
	"AWS/ApplicationELB HTTPCode_Target_5XX_Count":   {math.NaN(), math.NaN(), 1}, // absent without errors
	"AWS/ApplicationELB HTTPCode_ELB_5XX_Count":      {math.NaN(), math.NaN(), 1},
	"AWS/ApplicationELB HTTPCode_Target_4XX_Count":   {math.NaN(), math.NaN(), 1},
	"AWS/ApplicationELB HTTPCode_Target_2XX_Count":   {300, 3000, 1},
	"AWS/ApplicationELB HealthyHostCount":            {2, 2, 1},
	"AWS/ApplicationELB TargetResponseTime":          {0.1, 0.4, 600},         // a sample for each request
	"AWS/RDS FreeStorageSpace":                       {60 << 30, 61 << 30, 1}, // hardly changes in a day
	"AWS/ElastiCache IsMaster":                       {1, 1, 1},               // the role does not change
	"ECS/ContainerInsights DesiredTaskCount":         {2, 2, 1},
	"ECS/ContainerInsights RunningTaskCount":         {2, 2, 1},
	"ECS/ContainerInsights EphemeralStorageUtilized": {1, 4, 1},
	"ECS/ContainerInsights EphemeralStorageReserved": {20, 20, 1},
	"AWS/ECS CPUUtilization":                         {20, 50, 2}, // a sample for each task
	"AWS/ECS MemoryUtilization":                      {40, 60, 2},
}

// healthy is how a metric moves on a healthy day, and how many samples it has a
// minute.
func healthy(m cloudwatch.Metric, l limit) (Generator, float64) {
	const noise = 0.1
	seed := fnv.New64a()
	seed.Write([]byte(evaluate.ID(m)))
	wave := func(low, high float64) Generator { return Wave(low, high, noise, seed.Sum64()) }
	k, isKnown := known[m.Namespace+" "+m.Name]
	samples := 1.0
	if isKnown {
		samples = k.samples
		if math.IsNaN(k.low) {
			return Gap(), samples
		}
	}
	if m.Unit == cloudwatch.Percent && l.low > 0 {
		l.high = min(l.high, 100)
	}
	between := func(from, to float64) (Generator, float64) {
		return wave(l.low+from*(l.high-l.low), l.low+to*(l.high-l.low)), samples
	}
	switch hasLow, hasHigh := !math.IsInf(l.low, 0), !math.IsInf(l.high, 0); {
	case isKnown && (!hasLow || k.low > l.low) && (!hasHigh || k.high < l.high):
		return wave(k.low, k.high), samples
	case hasLow && hasHigh:
		return between(0.3, 0.7)
	case hasHigh && l.high > 0:
		l.low = 0
		return between(0.3, 0.6)
	case hasHigh:
		return Constant(l.high), samples // at most zero
	case hasLow:
		return wave(1.5*l.low, 2*l.low), samples
	}
	return nil, samples
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
	var names []string
	for _, id := range slices.Sorted(maps.Keys(s.lines)) {
		l := s.lines[id]
		for _, r := range l.resources {
			if name := fmt.Sprintf("%q %q", r, l.metric.Name); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if slices.Contains(l.resources, resource) && (metric == "" || metric == l.metric.Name) {
			found = append(found, l)
		}
	}
	if len(found) == 0 && len(s.lines) > 0 {
		slices.Sort(names)
		s.errs = append(s.errs, fmt.Errorf("no alarm looks at %q of %q; there are %s", metric, resource, strings.Join(names, ", ")))
	}
	return found
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
		data.Add(l.metric, s.render(l))
	}
	return data, errors.Join(errs...)
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
