// Package audit finds out whether the alarms of an account can ever tell anybody
// anything. It decides on plain data: [World] is what is there, [Audit] says what is
// wrong with it and what to do. The package account beside it
// reads a World from AWS.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

const (
	// Fortnight is how far back a metric is looked for: what has had no data for two
	// weeks is gone from CloudWatch's own lists, too (API reference, ListMetrics).
	Fortnight = 14 * 24 * time.Hour
	// lateness is how long after its time a data point may come.
	lateness = 5 * time.Minute
)

// World is what is there: everything that the audit decides on.
type World struct {
	Now time.Time
	// Account is the account's number.
	Account string
	// Prefix is how the names of the alarms begin that are audited.
	Prefix string
	// Part is what the dimensions of a resource contain when somebody ought to watch it.
	// Empty: every resource.
	Part string
	// Alarms are all of the account and region: those outside Prefix count as watching,
	// and as what a composite may name.
	Alarms
	// Listed are the metrics that CloudWatch lists, by namespace.
	Listed map[string][]cloudwatch.Metric
	// Data says when metrics had data, by [evaluate.ID].
	Data map[string]Data
	// Topics are the targets that are topics, by ARN.
	Topics map[string]Topic
	// Functions are the targets that are Lambda functions, by ARN.
	Functions  map[string]Function
	Dashboards []Dashboard
	// Expected is what the alarms ought to be; nil when nobody says.
	Expected *Expected
	// index is made of the rest when it is audited.
	index *index
}

// Alarms are alarms of every type.
type Alarms struct {
	Metrics    []MetricAlarm
	Composites []CompositeAlarm
	Others     []OtherAlarm
}

// Status is what CloudWatch says about an alarm that is not its definition.
type Status struct {
	ARN    string
	State  cloudwatch.State
	Reason string
	// Evaluation is why CloudWatch cannot evaluate it as it should, such as
	// "EVALUATION_ERROR"; "" where it can.
	Evaluation string
	// Since is when it entered the state.
	Since time.Time
	// Configured is when its definition was changed last.
	Configured time.Time
}

// MetricAlarm is an alarm on metrics.
type MetricAlarm struct {
	cloudwatch.MetricAlarm
	Status
	// Accounts are those that send the metrics of queries, by the queries' ids. Default:
	// this one.
	Accounts map[string]string
	// Unread are the fields of its definition that CloudWatch has and the model has not.
	Unread []string
}

// CompositeAlarm is an alarm on alarms.
type CompositeAlarm struct {
	cloudwatch.CompositeAlarm
	Status
}

// OtherAlarm is an alarm of a type whose condition the model does not have: when it goes
// off is not known here, only what it does then.
type OtherAlarm struct {
	Name string
	// Type says in words what it is: "log alarm".
	Type    string
	Actions cloudwatch.Actions
	Status
}

// Data is when a metric had data.
type Data struct {
	// Last is the last hour with data in the last two weeks; zero: none.
	Last time.Time
	// Recent says for lengths of time whether there was data in the latest.
	Recent map[time.Duration]bool
}

// Dashboard is a dashboard as CloudWatch holds it.
type Dashboard struct{ Name, Body string }

// Finding is something that is wrong.
type Finding struct {
	// Subject is what it is about: "alarm shop/cpu-high".
	Subject string `json:"subject"`
	// Check is a word for the kind of finding: "no-data".
	Check string `json:"check"`
	// Problem says what is wrong.
	Problem string `json:"problem"`
	// Next says what to do.
	Next string `json:"next"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.Subject, f.Check, f.Problem, f.Next)
}

// checks are all there are. Each looks at the whole world.
var checks = []func(*World, *report){
	(*World).checkActions,
	(*World).checkTargets,
	(*World).checkMetrics,
	(*World).checkStates,
	(*World).checkDuplicates,
	(*World).checkComposites,
	(*World).checkOthers,
	(*World).checkDashboards,
	(*World).checkExpected,
	(*World).checkUnwatched,
}

// Audit returns everything that is wrong, sorted, and notes about what cannot be told.
func Audit(w World) (findings []Finding, notes []string) {
	r := &report{}
	w.index = newIndex(w)
	for _, check := range checks {
		check(&w, r)
	}
	slices.SortFunc(r.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Problem, b.Problem))
	})
	slices.Sort(r.notes)
	return slices.Compact(r.findings), slices.Compact(r.notes)
}

// Audited returns how many alarms are audited.
func (w World) Audited() int {
	n := 0
	for range w.metrics {
		n++
	}
	for range w.composites {
		n++
	}
	for range w.others {
		n++
	}
	return n
}

// Window is how far back an alarm looks, and what data points may come late. A window on
// the clock ended up to a period ago.
func Window(a cloudwatch.MetricAlarm) time.Duration {
	periods := a.EvaluationPeriods
	if a.WallClock != "" {
		periods++
	}
	return time.Duration(periods)*a.Period() + lateness
}

// report collects findings.
type report struct {
	findings []Finding
	notes    []string
}

func (r *report) add(subject, check, problem, next string) {
	r.findings = append(r.findings, Finding{subject, check, problem, next})
}

func (r *report) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// metrics are the alarms on metrics that are audited.
func (w World) metrics(yield func(MetricAlarm) bool) {
	for _, a := range w.Metrics {
		if strings.HasPrefix(a.Name, w.Prefix) && !yield(a) {
			return
		}
	}
}

// composites are the composite alarms that are audited.
func (w World) composites(yield func(CompositeAlarm) bool) {
	for _, a := range w.Composites {
		if strings.HasPrefix(a.Name, w.Prefix) && !yield(a) {
			return
		}
	}
}

// others are the alarms of other types that are audited.
func (w World) others(yield func(OtherAlarm) bool) {
	for _, a := range w.Others {
		if strings.HasPrefix(a.Name, w.Prefix) && !yield(a) {
			return
		}
	}
}

// alarm is what alarms of all types have in common.
type alarm struct {
	name    string
	actions cloudwatch.Actions
	Status
	window time.Duration
}

func (w World) alarms(yield func(alarm) bool) {
	for a := range w.metrics {
		if !yield(alarm{a.Name, a.Actions, a.Status, Window(a.MetricAlarm)}) {
			return
		}
	}
	for a := range w.composites {
		if !yield(alarm{a.Name, a.Actions, a.Status, lateness}) {
			return
		}
	}
	for a := range w.others {
		// How often it is evaluated is not known: every day, say.
		if !yield(alarm{a.Name, a.Actions, a.Status, Fortnight}) {
			return
		}
	}
}

func (a alarm) subject() string { return "alarm " + a.name }
