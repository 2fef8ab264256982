// Package backtest finds out what alarms would have done with the data of the past:
// those that are deployed, beside those that somebody proposes, and with other thresholds.
// It decides on plain data: [New] says which data it needs, [Test.Run] what comes of it.
// What it cannot know of an alarm is a problem of that alarm, never a guess. The package
// account reads what it needs from AWS.
package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Side is a set of alarms.
type Side struct {
	Metrics    []cloudwatch.MetricAlarm
	Composites []cloudwatch.CompositeAlarm
	// Problems says of alarms, by name, why they cannot be tested although their
	// definition could.
	Problems map[string]string
}

// Input is what a backtest is about.
type Input struct {
	// From and To are the time in which alarms are evaluated. The data ends at To.
	From, To time.Time
	// Prefix is how the names of the alarms begin that are tested. Others are looked at
	// only where a composite alarm watches them.
	Prefix string
	// Deployed are all alarms of the account and region, Proposed those that somebody
	// wants; nil when nobody proposes any.
	Deployed Side
	Proposed *Side
	// History is what really happened, by the name of the alarm. Default: not known.
	History map[string]History
}

// Report is what the alarms would have done.
type Report struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Alarms []Alarm   `json:"alarms"`
}

// Alarm is what one alarm would have done.
type Alarm struct {
	Name string `json:"name"`
	// Deployed and Proposed are nil where there is no such alarm.
	Deployed *Outcome `json:"deployed,omitempty"`
	Proposed *Outcome `json:"proposed,omitempty"`
	// Same says that both are the same but for what they tell whom.
	Same bool `json:"same,omitempty"`
	// Sweep is what other thresholds would have done: of the proposed alarm, or else of
	// the deployed one.
	Sweep []Step `json:"sweep,omitempty"`
	// Agreement compares the deployed alarm with what AWS remembers.
	Agreement *Agreement `json:"agreement,omitempty"`
}

// Outcome is what an alarm of one side would have done.
type Outcome struct {
	// When says when it goes off: "> 80 % for 5 minutes".
	When string `json:"when"`
	// From is when its test begins, and Limited says why, where that is later than the
	// report's.
	From    time.Time `json:"from"`
	Limited string    `json:"limited,omitempty"`
	// Times is how often it was in ALARM, Seconds how long altogether.
	Times   int `json:"times"`
	Seconds int `json:"seconds"`
	// Episodes are the times in ALARM.
	Episodes []Episode `json:"episodes,omitempty"`
	// WithoutData is how long it was in INSUFFICIENT_DATA.
	WithoutData int `json:"secondsWithoutData,omitempty"`
	// Problem says why nothing is known of it.
	Problem string `json:"problem,omitempty"`
}

// Episode is a time in ALARM. One that lasts at the end ends there.
type Episode struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason,omitempty"`
}

// Duration is how long it was.
func (e Episode) Duration() time.Duration { return e.To.Sub(e.From) }

// Problems returns how many alarms nothing is known of.
func (r Report) Problems() int {
	n := 0
	for _, a := range r.Alarms {
		if a.Deployed != nil && a.Deployed.Problem != "" || a.Proposed != nil && a.Proposed.Problem != "" {
			n++
		}
	}
	return n
}

// Test is a backtest that needs data.
type Test struct {
	in       Input
	deployed *side
	proposed *side
	// Queries are the data that it needs.
	Queries []Query
}

// side is a [Side] by name.
type side struct {
	name       string
	plans      map[string]plan
	composites map[string]cloudwatch.CompositeAlarm
	problems   map[string]string
	// below has the alarms of the side that this one would replace.
	below *side
	tests map[string]tested
}

// New prepares a backtest. It fails when it would need more data than there is room for.
func New(in Input) (*Test, error) {
	t := &Test{in: in}
	wanted := wantedOf(in)
	t.deployed = newSide("deployed", in, in.Deployed, wanted, nil)
	if in.Proposed != nil {
		t.proposed = newSide("proposed", in, *in.Proposed, wanted, t.deployed)
	}
	var plans []plan
	for _, s := range t.sides() {
		for _, name := range slices.Sorted(maps.Keys(s.plans)) {
			plans = append(plans, s.plans[name])
		}
	}
	var err error
	t.Queries, err = merge(plans)
	return t, err
}

func (t *Test) sides() []*side {
	if t.proposed == nil {
		return []*side{t.deployed}
	}
	return []*side{t.deployed, t.proposed}
}

// wantedOf returns the names of the alarms that are tested, and of those that they watch.
func wantedOf(in Input) map[string]bool {
	wanted := map[string]bool{}
	watched := map[string][]string{}
	sides := []Side{in.Deployed}
	if in.Proposed != nil {
		sides = append(sides, *in.Proposed)
	}
	var open []string
	for _, s := range sides {
		for _, a := range s.Metrics {
			open = append(open, a.Name)
		}
		for _, c := range s.Composites {
			open = append(open, c.Name)
			watched[c.Name] = append(watched[c.Name], children(c)...)
		}
	}
	open = slices.DeleteFunc(open, func(name string) bool { return !strings.HasPrefix(name, in.Prefix) })
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		if !wanted[name] {
			wanted[name] = true
			open = append(open, watched[name]...)
		}
	}
	return wanted
}

// children are the alarms that a composite alarm watches. What is wrong with its rule is
// said where it is evaluated.
func children(c cloudwatch.CompositeAlarm) []string {
	rule, _ := evaluate.ParseRule(c.AlarmRule)
	list := slices.Clone(rule.Alarms)
	if c.ActionsSuppressor != "" {
		list = append(list, c.ActionsSuppressor)
	}
	for i, name := range list {
		list[i] = evaluate.NameOf(name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func newSide(name string, in Input, from Side, wanted map[string]bool, below *side) *side {
	s := &side{name: name, plans: map[string]plan{}, composites: map[string]cloudwatch.CompositeAlarm{}, problems: map[string]string{}, below: below, tests: map[string]tested{}}
	maps.Copy(s.problems, from.Problems)
	seen := map[string]bool{}
	once := func(name string) bool {
		if seen[name] {
			s.problems[name] = "two alarms have this name, and overwrite each other"
		}
		seen[name] = true
		return wanted[name]
	}
	for _, a := range from.Metrics {
		if !once(a.Name) {
			continue
		}
		p := plan{alarm: a, from: in.From, problem: s.problems[a.Name]}
		if p.problem == "" && below != nil {
			p.problem = unknown(a)
		}
		if p.problem == "" {
			p = newPlan(a, in.From, in.To)
		}
		s.plans[a.Name] = p
	}
	for _, c := range from.Composites {
		if once(c.Name) {
			s.composites[c.Name] = c
		}
	}
	return s
}

// tested is what became of an alarm.
type tested struct {
	from    time.Time
	start   cloudwatch.State
	changes []evaluate.Change
	limited string
	problem string
}

// Run evaluates the alarms with data that answers the test's queries.
func (t *Test) Run(data *Data) (Report, error) {
	if missing := data.Missing(t.Queries); len(missing) > 0 {
		return Report{}, fmt.Errorf("the data lacks %s from %s to %s", missing[0], moment(missing[0].From), moment(missing[0].To))
	}
	r := Report{From: t.in.From, To: t.in.To, Alarms: []Alarm{}}
	names := map[string]bool{}
	for _, s := range t.sides() {
		t.evaluate(s, data)
		for _, name := range slices.Concat(slices.Collect(maps.Keys(s.plans)), slices.Collect(maps.Keys(s.composites))) {
			if strings.HasPrefix(name, t.in.Prefix) {
				names[name] = true
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	r.Alarms = make([]Alarm, len(sorted))
	parallel(len(sorted), func(i int) { r.Alarms[i] = t.alarm(sorted[i], data) })
	return r, nil
}

// parallel calls do for 0 to n-1 on all cores.
func parallel(n int, do func(i int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// evaluate tests every alarm of a side.
func (t *Test) evaluate(s *side, data *Data) {
	names := slices.Sorted(maps.Keys(s.plans))
	results := make([]tested, len(names))
	parallel(len(names), func(i int) { results[i] = t.metric(s, s.plans[names[i]], data) })
	for i, name := range names {
		s.tests[name] = results[i]
	}
	for _, name := range slices.Sorted(maps.Keys(s.composites)) {
		t.composite(s, name, nil)
	}
}

// start is the state of an alarm at a time, where AWS remembers it.
func (t *Test) start(s *side, name string, at time.Time) map[string]cloudwatch.State {
	h, ok := t.in.History[name]
	if !ok || s.below != nil || h.Since.After(at) {
		return nil
	}
	return map[string]cloudwatch.State{name: h.state(at)}
}

// metric tests an alarm on metrics.
func (t *Test) metric(s *side, p plan, data *Data) tested {
	if p.problem != "" {
		return tested{from: p.from, problem: p.problem}
	}
	out := tested{from: p.from, limited: p.limited}
	var err error
	start := t.start(s, p.alarm.Name, p.from)
	out.start, out.changes, err = p.run(p.alarm, data, start, t.in.To)
	if err != nil {
		return tested{from: p.from, problem: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return out
}

// run evaluates an alarm with the data of a plan. Without a start, the first evaluation
// says in which state the alarm is.
func (p plan) run(a cloudwatch.MetricAlarm, data *Data, start map[string]cloudwatch.State, to time.Time) (cloudwatch.State, []evaluate.Change, error) {
	history, err := evaluate.Run(evaluate.Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: p.series(data), Start: start, From: p.from, To: to})
	if err != nil {
		return "", nil, trim(err, a.Name)
	}
	state, changes := opening(start[a.Name], history.Changes, p.from)
	return state, changes, nil
}

// opening returns the state that an alarm begins in and the changes that follow. Where
// the state is not known, the first evaluation says it.
func opening(known cloudwatch.State, changes []evaluate.Change, from time.Time) (cloudwatch.State, []evaluate.Change) {
	switch {
	case known != "":
		return known, changes
	case len(changes) > 0 && changes[0].At.Equal(from):
		return changes[0].To, changes[1:]
	}
	return cloudwatch.InsufficientData, changes
}

// series is what the data has of the alarm's metrics.
func (p plan) series(data *Data) evaluate.Data {
	series := evaluate.Data{}
	for _, w := range p.wants {
		data.AddTo(series, w.values, w.counts)
	}
	return series
}

// find returns what became of an alarm that a composite alarm of a side watches.
func (t *Test) find(s *side, name string, path []string) tested {
	for ; s != nil; s = s.below {
		if result, done := s.tests[name]; done {
			return result
		}
		if _, there := s.composites[name]; there {
			return t.composite(s, name, path)
		}
	}
	return tested{problem: "there is no such alarm"}
}

// composite tests a composite alarm after those that it watches, and remembers it.
func (t *Test) composite(s *side, name string, path []string) tested {
	if result, done := s.tests[name]; done {
		return result
	}
	result := t.composed(s, s.composites[name], append(path, name))
	s.tests[name] = result
	return result
}

func (t *Test) composed(s *side, c cloudwatch.CompositeAlarm, path []string) tested {
	out := tested{from: t.in.From, problem: s.problems[c.Name]}
	if out.problem != "" {
		return out
	}
	watched := map[string]tested{}
	for _, name := range children(c) {
		if slices.Contains(path, name) {
			out.problem = fmt.Sprintf("it watches itself: %s", strings.Join(append(path, name), ", "))
			return out
		}
		child := t.find(s, name, path)
		if child.problem != "" {
			out.problem = fmt.Sprintf("it watches %s, of which nothing is known: %s", name, child.problem)
			return out
		}
		if child.from.After(out.from) {
			out.from, out.limited = child.from, fmt.Sprintf("it watches %s: %s", name, child.limited)
		}
		watched[name] = child
	}
	in := evaluate.Input{
		Composites: []cloudwatch.CompositeAlarm{c}, Given: map[string][]evaluate.Change{}, Start: map[string]cloudwatch.State{}, From: out.from, To: t.in.To,
	}
	for name, child := range watched {
		in.Start[name], in.Given[name] = child.since(out.from)
	}
	start := t.start(s, c.Name, out.from)
	maps.Copy(in.Start, start)
	history, err := evaluate.Run(in)
	if err != nil {
		out.problem = strings.ReplaceAll(trim(err, c.Name).Error(), "\n", "; ")
		return out
	}
	out.start, out.changes = opening(start[c.Name], history.Of(c.Name), out.from)
	return out
}

// since is the state at a time and the changes that follow.
func (r tested) since(at time.Time) (cloudwatch.State, []evaluate.Change) {
	state := r.start
	for i, c := range r.changes {
		if c.At.After(at) {
			return state, r.changes[i:]
		}
		state = c.To
	}
	return state, nil
}

// alarm puts together what is known of an alarm.
func (t *Test) alarm(name string, data *Data) Alarm {
	a := Alarm{Name: name}
	var newest *side
	for _, s := range t.sides() {
		result, there := s.tests[name]
		if !there {
			continue
		}
		newest = s
		outcome := t.outcome(s, name, result)
		if s.below == nil {
			a.Deployed = &outcome
		} else {
			a.Proposed = &outcome
		}
	}
	a.Same = a.Deployed != nil && a.Proposed != nil && t.same(name)
	if p, ok := newest.plans[name]; ok && p.problem == "" {
		a.Sweep = t.sweep(newest, p, data)
	}
	if h, ok := t.in.History[name]; ok && a.Deployed != nil && a.Deployed.Problem == "" {
		a.Agreement = agree(t.deployed.tests[name], h, t.in.To, t.tolerance(name))
	}
	return a
}

// same reports whether both sides define an alarm alike.
func (t *Test) same(name string) bool {
	before, isMetric := t.deployed.plans[name]
	after, staysMetric := t.proposed.plans[name]
	if isMetric != staysMetric {
		return false
	}
	if isMetric {
		return essence(before.alarm) == essence(after.alarm)
	}
	one, other := t.deployed.composites[name], t.proposed.composites[name]
	return one.AlarmRule == other.AlarmRule && evaluate.NameOf(one.ActionsSuppressor) == evaluate.NameOf(other.ActionsSuppressor) &&
		one.ActionsSuppressorWaitPeriod == other.ActionsSuppressorWaitPeriod && one.ActionsSuppressorExtensionPeriod == other.ActionsSuppressorExtensionPeriod
}

// essence is what of an alarm decides about its state, as a text.
func essence(a cloudwatch.MetricAlarm) string {
	var text strings.Builder
	fmt.Fprintln(&text, a.Threshold, a.ThresholdMetricID, a.ComparisonOperator, a.EvaluationPeriods, cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods),
		cmp.Or(a.TreatMissingData, cloudwatch.Missing), cmp.Or(a.EvaluateLowSampleCountPercentile, "evaluate"), a.WallClock)
	for _, q := range a.Queries {
		id := q.ID
		if len(a.Queries) == 1 {
			id = ""
		}
		fmt.Fprintln(&text, id, q.Expression, q.ReturnData, evaluate.ID(q.Metric), q.Metric.Stat, q.Metric.Period)
	}
	return text.String()
}

// outcome sums up what became of an alarm.
func (t *Test) outcome(s *side, name string, r tested) Outcome {
	out := Outcome{From: r.from, Limited: r.limited, Problem: r.problem}
	if p, ok := s.plans[name]; ok {
		out.When = WithUnits(p.alarm).Words()
	} else {
		out.When = s.composites[name].AlarmRule
	}
	if r.problem != "" {
		return out
	}
	out.Episodes = r.episodes(t.in.To)
	out.Times = len(out.Episodes)
	out.Seconds = total(out.Episodes)
	out.WithoutData = int(r.in(cloudwatch.InsufficientData, t.in.To) / time.Second)
	return out
}

func total(episodes []Episode) int {
	var d time.Duration
	for _, e := range episodes {
		d += e.Duration()
	}
	return int(d / time.Second)
}

// episodes are the times in ALARM.
func (r tested) episodes(to time.Time) []Episode {
	var list []Episode
	open := r.start == cloudwatch.InAlarm
	if open {
		list = append(list, Episode{From: r.from, Reason: "it was in ALARM at the begin"})
	}
	for _, c := range r.changes {
		switch is := c.To == cloudwatch.InAlarm; {
		case is && !open:
			list = append(list, Episode{From: c.At, Reason: c.Reason})
			open = true
		case !is && open:
			list[len(list)-1].To = c.At
			open = false
		}
	}
	if open {
		list[len(list)-1].To = to
	}
	return list
}

// in is how long the alarm was in a state.
func (r tested) in(state cloudwatch.State, to time.Time) time.Duration {
	var d time.Duration
	at, now := r.from, r.start
	for _, c := range append(slices.Clone(r.changes), evaluate.Change{At: to}) {
		if now == state {
			d += c.At.Sub(at)
		}
		at, now = c.At, c.To
	}
	return d
}

// WithUnits returns an alarm with the units of its metrics: the only one that counts, or
// that of AWS's catalogue. CloudWatch and Terraform say no other.
func WithUnits(a cloudwatch.MetricAlarm) cloudwatch.MetricAlarm {
	a.Queries = slices.Clone(a.Queries)
	for i, q := range a.Queries {
		known, _ := cloudwatch.LookUp(q.Metric.Namespace, q.Metric.Name)
		if unit := cmp.Or(q.Metric.OnlyUnit, known.Unit); unit != "" {
			a.Queries[i].Metric.Unit = unit
		}
	}
	return a
}
