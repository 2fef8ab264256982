package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// day is a day.
const day = 24 * time.Hour

// Kept is how long CloudWatch keeps values of each distance (API reference,
// GetMetricData). What is finer than a minute it keeps for three hours.
var kept = []struct{ period, age time.Duration }{
	{time.Second, 3 * time.Hour},
	{time.Minute, 15 * day},
	{5 * time.Minute, 63 * day},
	{time.Hour, 455 * day},
}

// Longest is how far back a backtest can look.
const Longest = 455 * day

// age is how long CloudWatch keeps values of a distance.
func age(period time.Duration) time.Duration {
	var longest time.Duration
	for _, k := range kept {
		if period%k.period == 0 {
			longest = k.age
		}
	}
	return longest
}

// Gone says which queries ask for what CloudWatch does not keep any more.
func Gone(queries []Query, now time.Time) []Query {
	return slices.DeleteFunc(slices.Clone(queries), func(q Query) bool { return !q.From.Before(now.Add(-age(q.Metric.Period))) })
}

// margin is how many periods more than its own an alarm looks at: those that the
// evaluator adds, and one that has begun.
const margin = 3

// slack is for what is rounded, and for the time until the data is read.
const slack = 2 * time.Hour

// A plan is how an alarm is tested.
type plan struct {
	alarm cloudwatch.MetricAlarm
	from  time.Time
	// wants are the queries of its metrics, and the sample counts that go with them.
	wants []want
	// limited says why from is later than what was asked for.
	limited string
	// problem says why the alarm cannot be tested.
	problem string
}

// A want is the data of one metric of an alarm. The zero value of counts is none.
type want struct{ values, counts Query }

// newPlan plans the test of an alarm from a time to another. Values are read as fine as
// CloudWatch has them for that time: alarms are evaluated every minute.
func newPlan(a cloudwatch.MetricAlarm, from, to time.Time) plan {
	p := plan{alarm: a, from: from}
	if err := definition(a); err != nil {
		p.problem = strings.ReplaceAll(err.Error(), "\n", "; ")
		return p
	}
	period := a.Period()
	lookback := time.Duration(a.EvaluationPeriods+margin) * period
	var resolution, reach time.Duration
	for _, k := range kept {
		distance := k.period
		if k.period < time.Minute {
			distance = min(period, time.Minute)
		}
		if period%distance != 0 || k.period < time.Minute && period >= time.Minute {
			continue
		}
		resolution, reach = distance, k.age
		if !from.Before(to.Add(lookback + slack - k.age)) {
			break
		}
	}
	if earliest := to.Add(lookback + slack - reach); from.Before(earliest) {
		p.from = earliest.Truncate(time.Minute).Add(time.Minute)
		p.limited = fmt.Sprintf("CloudWatch keeps values of %s for %s", words(resolution), words(reach))
		if !p.from.Before(to) {
			p.problem = p.limited + ", which is less than the alarm looks back"
			return p
		}
	}
	for _, q := range a.Queries {
		if q.Expression == "" {
			p.wants = append(p.wants, newWant(a, q.Metric, resolution, p.from.Add(-lookback), to))
		}
	}
	return p
}

func newWant(a cloudwatch.MetricAlarm, m cloudwatch.Metric, resolution time.Duration, from, to time.Time) want {
	stat, _ := cloudwatch.ParseStatistic(m.Stat) // it was checked
	if stat.Kind >= cloudwatch.KindPercentile {
		resolution = m.Period // percentiles do not add up
	}
	query := func(stat string) Query {
		m.Stat, m.Period = stat, resolution
		// A whole hour, so that many alarms ask for the same.
		return Query{Metric: m, From: Floor(from.Truncate(time.Hour), resolution), To: Floor(to, resolution)}
	}
	w := want{values: query(m.Stat)}
	if stat.Kind == cloudwatch.KindAverage && resolution != a.Period() || a.EvaluateLowSampleCountPercentile == "ignore" {
		w.counts = query(cloudwatch.SampleCount)
	}
	return w
}

// Floor is the begin of the period of a time.
func Floor(t time.Time, period time.Duration) time.Time {
	return t.Add(-time.Duration(t.UnixNano() % int64(period)))
}

// definition says why nothing can be said of an alarm, whatever the data.
func definition(a cloudwatch.MetricAlarm) error {
	data := evaluate.Data{}
	for _, q := range a.Queries {
		if q.Expression != "" {
			continue
		}
		empty, err := evaluate.FromPoints(q.Metric.Period, "", nil)
		if err != nil {
			empty.Period = time.Minute // what is wrong with it is said below
		}
		data.Add(q.Metric, empty)
	}
	at := time.Unix(0, 0)
	_, err := evaluate.Run(evaluate.Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: data, From: at, To: at})
	return trim(err, a.Name)
}

// trim leaves the alarm's name out of what is wrong with it.
func trim(err error, name string) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(err.Error(), fmt.Sprintf("alarm %q: ", name), ""))
}

// unknown says what of an alarm in Terraform JSON only an apply knows. See
// [audit.Expected].
func unknown(a cloudwatch.MetricAlarm) string {
	var list []string
	add := func(is bool, what string) {
		if is {
			list = append(list, what)
		}
	}
	add(strings.Contains(a.Name, "*"), "AlarmName")
	add(math.IsNaN(a.Threshold), "Threshold")
	add(a.EvaluationPeriods < 0, "EvaluationPeriods")
	add(a.DatapointsToAlarm < 0, "DatapointsToAlarm")
	for _, q := range a.Queries {
		add(q.Metric.Period < 0 || q.Period < 0, "Period")
		for _, d := range q.Metric.Dimensions {
			add(strings.Contains(d.Value, "*"), "the dimension "+d.Name)
		}
	}
	if len(list) == 0 {
		return ""
	}
	slices.Sort(list)
	return "only an apply knows " + strings.Join(slices.Compact(list), ", ") + ": no alarm in AWS has what the reference stands for"
}

// mostValues keeps a backtest within about half a gigabyte.
const mostValues = 50_000_000

// merge returns the queries of plans, each once, by name.
func merge(plans []plan) ([]Query, error) {
	byID := map[string]Query{}
	for _, p := range plans {
		for _, w := range p.wants {
			for _, q := range []Query{w.values, w.counts} {
				if q.Metric.Name == "" {
					continue
				}
				if other, ok := byID[q.String()]; ok && other.From.Before(q.From) {
					q.From = other.From
				}
				byID[q.String()] = q
			}
		}
	}
	total := 0
	for _, q := range byID {
		total += q.Len()
	}
	if total > mostValues {
		return nil, fmt.Errorf("%d metrics have %d values in this time, want at most %d: name fewer alarms with --prefix, or a shorter time with --since", len(byID), total, mostValues)
	}
	list := slices.Collect(maps.Values(byID))
	slices.SortFunc(list, func(a, b Query) int { return cmp.Compare(a.String(), b.String()) })
	return list, nil
}

// words says how long something is: "15 days", "1 minute".
func words(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.size && d%unit.size == 0 {
			if d == unit.size {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", d/unit.size, unit.name)
		}
	}
	return d.String()
}
