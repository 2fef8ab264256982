package monitoring

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// SLO is a service level objective: which share of requests has to be good. What may
// be bad is its error budget, and its alarms say when that is used up too fast:
//
//	SLO{Key: "api-availability", Objective: 99.5, Of: alb.Availability("api")}
//	SLO{Key: "api-latency", Objective: 99, Of: alb.Latency("api", time.Second)}
//
// Each pair of [Burn] becomes an alarm that tells and goes off while both windows burn.
// The alarms on the windows are its parts and [Silent]. A window with too few requests
// to judge, or with none, does not burn. The method is that of "Alerting on SLOs" in
// Google's SRE workbook.
type SLO struct {
	// Key is the objective's stable name: "api-availability".
	Key string
	// Objective is the percentage of requests that have to be good: 90 to less than 100.
	// A pair that could not go off if every request failed is left out: that of 14.4
	// below 93.06.
	Objective float64
	// Window is how long the error budget has to last: whole days, more than the windows
	// of Burns and at most 90. Default: 30 days.
	Window time.Duration
	// Of says what is measured: [Availability], [Latency] or an Indicator of your own.
	Of Indicator
	// MinRequests is how many requests a window must have to count. It counts with more
	// anyway where one bad request would be a burn: 200 for a rate of 1 and 99.5 %.
	// Default: 20.
	MinRequests int
	// RequestsPerDay is how many requests there are on a usual day. An objective that
	// they are too few for is refused. Default: unknown, and nothing is refused.
	RequestsPerDay float64
	// Burns are the pairs of windows. Default: [DefaultBurns].
	Burns []Burn
	// FirstStep says what to do first. Default: what goes with Of.
	FirstStep string
}

// Burn is a pair of windows that both have to burn. The long one says that it matters,
// the short one that it still goes on.
type Burn struct {
	// Rate is how many times faster than Window allows the budget is used up: at 1 it
	// lasts just as long. At least 1.
	Rate float64
	// Long is whole minutes up to a day, or whole days up to seven. CloudWatch has no
	// period longer than a day, and an alarm counts periods and does not add them up:
	// three days burn when one of them burns 3 times as fast as Rate, two 1.5 times, or
	// each as fast as Rate. With the same traffic each day the sum burns, too, when one
	// of these holds, and they notice a steady burn at most a day after the sum would.
	Long time.Duration
	// Short is whole minutes up to a day, and less than Long.
	Short time.Duration
	// Severity is that of the alarm.
	Severity Severity
}

// DefaultBurns are the pairs that the SRE workbook recommends. Of a budget for 30 days
// they let 2, 5 and 10 % go.
func DefaultBurns() []Burn {
	return []Burn{
		{Rate: 14.4, Long: time.Hour, Short: 5 * time.Minute, Severity: Critical},
		{Rate: 6, Long: 6 * time.Hour, Short: 30 * time.Minute, Severity: Critical},
		{Rate: 1, Long: 3 * day, Short: 6 * time.Hour, Severity: Warning},
	}
}

// Indicator is what an [SLO] measures.
type Indicator interface {
	// Validate returns everything that is wrong with it, joined, or nil.
	Validate() error
	// Events returns what is counted. It is called for invalid indicators too.
	Events() Events
}

// Events are what an [Indicator] counts.
type Events struct {
	// All and Bad are metric math: how many events a period has, and how many of them are
	// bad. What is missing counts as 0.
	All, Bad string
	// Using holds the metrics by their ids. Their periods do not matter.
	Using map[string]cloudwatch.Metric
	// Name is what bad events are called: "failed requests".
	Name string
	// FirstStep says what to do first when there are too many.
	FirstStep string
}

// Availability is the share of requests that do not fail.
type Availability struct {
	// Requests counts all requests.
	Requests cloudwatch.Metric
	// Failed count those that fail. They may have requests that Requests lacks: a load
	// balancer does not count those that it finds no target for.
	Failed []cloudwatch.Metric
}

// Latency is the share of requests that are fast enough.
type Latency struct {
	// Of is the time that requests take, in seconds, milliseconds or microseconds, with a
	// sample for each. Its statistic does not matter.
	Of cloudwatch.Metric
	// Within is how long a request may take.
	Within time.Duration
}

// Availability is that of a target group by its key: what its targets, and the load
// balancer in their place, answer with 5xx. The load balancer does not say for which
// target group it did.
func (b ALB) Availability(group string) Availability {
	return Availability{
		Requests: b.ofGroup(b.sum("RequestCount"), group),
		Failed:   []cloudwatch.Metric{b.ofGroup(b.sum("HTTPCode_Target_5XX_Count"), group), b.sum("HTTPCode_ELB_5XX_Count")},
	}
}

// Latency is that of the targets of a target group by its key.
func (b ALB) Latency(group string, within time.Duration) Latency {
	return Latency{Of: b.ofGroup(b.metric("TargetResponseTime", cloudwatch.Average, time.Minute, cloudwatch.Seconds), group), Within: within}
}

// Events implements [Indicator]. What fails without being counted as a request is one
// all the same.
func (a Availability) Events() Events {
	e := Events{
		Using: map[string]cloudwatch.Metric{"requests": a.Requests}, Name: "failed requests",
		FirstStep: "See which service answers with errors since when, and roll back when it began with a deployment.",
	}
	var ids []string
	for i, m := range a.Failed {
		id := fmt.Sprintf("failed%d", i+1)
		e.Using[id] = m
		ids = append(ids, id)
	}
	failed := "SUM([" + strings.Join(ids, ", ") + "])"
	e.All, e.Bad = "MAX([requests, "+failed+"])", failed
	return e
}

// Validate implements [Indicator].
func (a Availability) Validate() error {
	var p Problems
	counts := func(field string, m cloudwatch.Metric) {
		p.AddIn(field, m.Validate())
		if m.Stat != cloudwatch.Sum && m.Stat != cloudwatch.SampleCount {
			p.Want(field+".Stat", m.Stat, "Sum or SampleCount, which count")
		}
	}
	counts("Requests", a.Requests)
	if len(a.Failed) == 0 || len(a.Failed) > mostFailed {
		p.Want("Failed", len(a.Failed), "1 to %d metrics that count what fails: an alarm takes ten in all", mostFailed)
	}
	for i, m := range a.Failed {
		counts(fmt.Sprintf("Failed[%d]", i), m)
	}
	return p.Err()
}

const mostFailed = 9

// durations are what a second is in the units of time.
var durations = map[cloudwatch.Unit]time.Duration{
	cloudwatch.Seconds: time.Second, cloudwatch.Milliseconds: time.Millisecond, cloudwatch.Microseconds: time.Microsecond,
}

// Events implements [Indicator]. Trimmed counts have samples above their lower limit
// (user guide, "CloudWatch statistics definitions").
func (l Latency) Events() Events {
	limit := 0.0
	if unit := durations[l.Of.Unit]; unit > 0 {
		limit = float64(l.Within) / float64(unit)
	}
	return Events{
		All: "requests", Bad: "slow", Name: "requests slower than " + l.Within.String(),
		Using: map[string]cloudwatch.Metric{
			"requests": l.Of.WithStat(cloudwatch.SampleCount),
			"slow":     l.Of.WithStat("TC(" + decimal(limit) + ":)"),
		},
		FirstStep: "Look at the CPU of the services and at what the database is doing, and roll back when it began with a deployment.",
	}
}

// Validate implements [Indicator].
func (l Latency) Validate() error {
	var p Problems
	p.AddIn("Of", l.Of.WithStat(cloudwatch.SampleCount).Validate())
	if durations[l.Of.Unit] == 0 {
		p.Want("Of.Unit", string(l.Of.Unit), "Seconds, Milliseconds or Microseconds, so that Within can be compared with it")
	}
	if l.Within < time.Microsecond {
		p.Want("Within", l.Within, "how long a request may take, such as 500 * time.Millisecond")
	}
	return p.Err()
}

const (
	day                = 24 * time.Hour
	defaultMinRequests = 20
	leastObjective     = 90
	longestWindow      = 90 * day
	longestBurn        = 7 * day
	// finest is the resolution of budgets, finer than anybody can measure.
	finest = 1e10
)

// ResourceKey implements [Resource].
func (s SLO) ResourceKey() string { return s.Key }

func (s SLO) window() time.Duration {
	if s.Window == 0 {
		return 30 * day
	}
	return s.Window
}

func (s SLO) minRequests() int {
	if s.MinRequests == 0 {
		return defaultMinRequests
	}
	return s.MinRequests
}

// burns are the pairs that can go off.
func (s SLO) burns() []Burn {
	if len(s.Burns) > 0 {
		return s.Burns
	}
	return slices.DeleteFunc(DefaultBurns(), func(b Burn) bool { return !s.reaches(b.Rate) })
}

// budget is the share of requests that may be bad: 0.005.
func (s SLO) budget() float64 { return math.Round((100-s.Objective)/100*finest) / finest }

// reaches reports whether a rate can be exceeded when every request is bad.
func (s SLO) reaches(rate float64) bool { return rate*s.budget() < 1 }

// few is how many requests a window must have: with fewer, one bad request could
// exceed the rate.
func (s SLO) few(rate float64) int {
	return max(s.minRequests(), int(math.Ceil(1/(rate*s.budget())-1e-6)))
}

// Validate implements [Resource].
func (s SLO) Validate() error {
	var p Problems
	s.validateObjective(&p)
	if w := s.Window; w != 0 && (w < day || w > longestWindow || w%day != 0) {
		p.Want("Window", w, "0 (the default of 30 days) or whole days up to 90: 28 * 24 * time.Hour")
	}
	if s.Of == nil {
		p.Want("Of", Text("nil"), "what is measured: an Availability, a Latency or an Indicator of your own")
	} else {
		p.AddIn("Of", s.Of.Validate())
	}
	if s.MinRequests < 0 {
		p.Want("MinRequests", s.MinRequests, "0 (the default of %d) or more", defaultMinRequests)
	}
	shape.CheckKnown(&p, "RequestsPerDay", s.RequestsPerDay, "how many requests there are on a usual day, or 0 when nobody knows")
	s.validateBurns(&p)
	if p.Err() == nil && s.RequestsPerDay > 0 {
		s.validateTraffic(&p)
	}
	return p.Err()
}

func (s SLO) validateObjective(p *Problems) {
	const percentage = "a percentage from 90 to less than 100"
	before := p.Len()
	shape.CheckKnown(p, "Objective", s.Objective, percentage)
	switch o := s.Objective; {
	case p.Len() > before:
	case 100*o >= leastObjective && o < 1:
		p.Want("Objective", o, "%s: write %s for %s of all requests", percentage, decimal(math.Round(o*100*finest)/finest), decimal(o))
	case o == 100:
		p.Want("Objective", o, "%s: 100 leaves no error budget, and the first bad request would break it for the whole window; write 99.9, or what you can keep", percentage)
	case o > 100:
		p.Want("Objective", o, "%s: there are no more than 100 in a hundred; write 99.5", percentage)
	case o < leastObjective:
		p.Want("Objective", o, "%s: below 90, more than every tenth request may be bad, and nothing much is promised; write 99, or what users need", percentage)
	case s.budget() == 0:
		p.Want("Objective", o, "%s: its error budget is smaller than one request of ten thousand million", percentage)
	}
}

func (s SLO) validateBurns(p *Problems) {
	seen := map[time.Duration]bool{}
	for i, b := range s.Burns {
		at := fmt.Sprintf("Burns[%d]", i)
		switch {
		case !(b.Rate >= 1) || math.IsInf(b.Rate, 0): // a reference is not, either
			p.Want(at+".Rate", b.Rate, "1 or more: at less, the budget outlasts the window")
		case !p.Has("Objective") && !s.reaches(b.Rate):
			p.Want(at+".Rate", b.Rate, "less than %s: with an objective of %s %% that is the rate when every request is bad, so that the alarm could never go off",
				decimal(math.Round(1/s.budget()*100)/100), decimal(s.Objective))
		}
		switch d := b.Long; {
		case d < 2*time.Minute || d > longestBurn || d <= day && d%time.Minute != 0 || d > day && d%day != 0:
			p.Want(at+".Long", d, "whole minutes from 2 up to a day, or whole days up to seven: CloudWatch has no period longer than a day, and no alarm looks at more than seven days")
		case d >= s.window():
			p.Want(at+".Long", d, "less than Window, %s", spelled(s.window()))
		case seen[d]:
			p.Want(at+".Long", d, "each window once")
		}
		seen[b.Long] = true
		if d := b.Short; d < time.Minute || d > day || d%time.Minute != 0 || d >= b.Long {
			p.Want(at+".Short", d, "whole minutes, up to a day and less than Long; a twelfth of Long is usual")
		}
		if b.Severity == "" || b.Severity == Silent {
			p.Want(at+".Severity", string(b.Severity), "a severity that Notify has, such as critical or warning")
		}
	}
	if len(s.Burns) == 0 && s.window() <= 3*day && !p.Has("Window") {
		p.Want("Window", s.Window, "more than 3 days, which the longest of the default Burns looks at; or Burns with shorter windows")
	}
}

// validateTraffic refuses what the traffic is too low for.
func (s SLO) validateTraffic(p *Problems) {
	all := s.RequestsPerDay * s.window().Hours() / 24
	if bad := all * s.budget(); bad < 1 {
		instead := "an objective for something that happens more often"
		if most := math.Floor((100-100/all)*100) / 100; most >= leastObjective {
			instead = "at most " + decimal(most)
		}
		p.Want("Objective", s.Objective, "one that lets at least one request of Window be bad: of the %s in %s it lets %s; write a longer Window, or %s",
			decimal(math.Round(all)), spelled(s.window()), decimal(math.Round(bad*1000)/1000), instead)
		return
	}
	for _, b := range s.burns() {
		if has, few := s.RequestsPerDay*b.Short.Hours()/24, s.few(b.Rate); has < float64(few) {
			p.Want("RequestsPerDay", s.RequestsPerDay, "at least %.0f for the burn rate of %s: %s have %s requests, and fewer than %d cannot tell a burn from one bad request; write Burns with longer windows, or a lower Objective",
				math.Ceil(float64(few)*24/b.Short.Hours()), decimal(b.Rate), short(b.Short), decimal(math.Round(has*10)/10), few)
		}
	}
}

// Watch implements [Resource].
func (s SLO) Watch() Watch {
	if s.Of == nil || !(s.Objective >= leastObjective) || !(s.budget() > 0) {
		return Watch{} // Validate says why
	}
	var watch Watch
	for _, b := range s.burns() {
		watch.Alarms = append(watch.Alarms, s.pair(b)...)
	}
	days := int(s.window() / day)
	lowest, full := -100.0, 100.0 // more than everything can be used up
	watch.Panels = []Panel{{
		ID: fmt.Sprintf("slo-budget-%dd", days), Title: fmt.Sprintf("Service levels: error budget left over %d days", days),
		Section: Overview, Range: s.window(), Rank: -1, Left: Axis{Min: &lowest, Max: &full}, Lines: []Line{{Of: s.left(), Label: "budget left"}},
	}}
	if burns := s.burns(); len(burns) > 0 {
		fastest := burns[0]
		watch.Panels = append(watch.Panels, Panel{
			ID: "slo-burn", Title: "Service levels: burn rate, 1 is what the objective allows", Rank: -1,
			Lines: []Line{{Of: s.burn(fastest.Rate, min(fastest.Long, day)), Label: "burn rate"}},
		})
	}
	return watch
}

// pair returns the alarm of two windows, after its parts.
func (s SLO) pair(b Burn) []Alarm {
	id := "burn-" + short(b.Long)
	part := func(name string, rate float64, period time.Duration, window cloudwatch.Window) Alarm {
		return Alarm{
			ID: id + "-" + name, Severity: Silent, When: s.burn(rate, period).Above(rate), Window: window, Missing: cloudwatch.NotBreaching,
			FirstStep: "Tells nobody: it is a part of " + s.Key + "/" + id + ".", Section: sloSection,
		}
	}
	var parts []Alarm
	var long cloudwatch.Any
	inAlarm := func(a Alarm) cloudwatch.Rule {
		parts = append(parts, a)
		return cloudwatch.Is{Alarm: s.Key + "/" + a.ID, State: cloudwatch.InAlarm}
	}
	if b.Long <= day {
		long = append(long, inAlarm(part("long", b.Rate, b.Long, cloudwatch.Window{EvaluationPeriods: 1})))
	} else {
		days := int(b.Long / day)
		for k := 1; k <= days; k++ {
			if rate := b.Rate * float64(days) / float64(k); s.reaches(rate) {
				window := cloudwatch.Window{EvaluationPeriods: days, DatapointsToAlarm: k}
				long = append(long, inAlarm(part(fmt.Sprintf("%dof%d", k, days), rate, day, window)))
			}
		}
	}
	still := inAlarm(part("short", b.Rate, b.Short, cloudwatch.Window{EvaluationPeriods: 1}))
	var rule cloudwatch.Rule = cloudwatch.All{long, still}
	if len(long) == 1 {
		rule = cloudwatch.All{long[0], still}
	}
	first := s.FirstStep
	if first == "" {
		first = s.Of.Events().FirstStep
	}
	lasts := time.Duration(float64(s.window()) / b.Rate)
	return append(parts, Alarm{
		ID: id, Severity: b.Severity, When: cloudwatch.Composite{Rule: rule}, Section: sloSection,
		FirstStep: fmt.Sprintf("At this rate the error budget of %s is gone in less than %s. %s", spelled(s.window()), spelled(lasts), first),
	})
}

const sloSection = "slo-burns"

// burn is how many times as many bad events there are as the objective allows. Without
// data it is 0, so that the alarm does not look at older periods instead.
func (s SLO) burn(rate float64, period time.Duration) cloudwatch.Math {
	e := s.Of.Events()
	return cloudwatch.Math{
		Expression: fmt.Sprintf("IF(FILL(%s, 0) >= %d, FILL(%s, 0) / %s / %s, 0)", e.All, s.few(rate), e.Bad, e.All, decimal(s.budget())),
		Using:      over(period, e.Using), Label: fmt.Sprintf("%s, in multiples of %s %%", e.Name, decimal(s.allowed())),
	}
}

// left is the percentage of the error budget that is left of all that a graph shows.
func (s SLO) left() cloudwatch.Math {
	e := s.Of.Events()
	return cloudwatch.Math{
		Expression: fmt.Sprintf("100 - 100 * RUNNING_SUM(FILL(%s, 0)) / RUNNING_SUM(FILL(%s, 0)) / %s", e.Bad, e.All, decimal(s.budget())),
		Using:      over(time.Hour, e.Using), Unit: cloudwatch.Percent, Label: "error budget left",
	}
}

// allowed is the percentage of requests that may be bad: 0.5.
func (s SLO) allowed() float64 { return math.Round((100-s.Objective)*finest/100) / (finest / 100) }

func over(period time.Duration, using map[string]cloudwatch.Metric) map[string]cloudwatch.Metric {
	all := map[string]cloudwatch.Metric{}
	for id, m := range using {
		all[id] = m.WithPeriod(period)
	}
	return all
}

// decimal writes a number as metric math takes it.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// short names a window: "3d", "6h", "90m".
func short(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{day, "d"}, {time.Hour, "h"}} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

// spelled writes a time in whole days, or below three of them in whole hours.
func spelled(d time.Duration) string {
	if d >= 3*day {
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	}
	return fmt.Sprintf("%.0f hours", d.Hours())
}
