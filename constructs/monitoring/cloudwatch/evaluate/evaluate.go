// Package evaluate says what CloudWatch alarms would do with given data: when
// their states change, why, and who is notified. It is plain Go, makes no AWS calls,
// and follows the rules that AWS publishes:
//
//   - "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data"
//     in the CloudWatch user guide;
//   - "Metric math" and "CloudWatch statistics definitions" there;
//   - PutMetricAlarm and PutCompositeAlarm in the API reference.
//
// What these do not say is an error, never a guess. Where AWS leaves a number
// open, it is a field of [Input] whose comment says what the default rests on.
//
//	history, err := evaluate.Run(evaluate.Input{
//		Alarms: []cloudwatch.MetricAlarm{alarm},
//		Data:   data,
//		From:   from,
//		To:     to,
//	})
//
// # How an alarm is evaluated
//
// An alarm is evaluated every minute, one with a period under a minute every ten
// seconds, one that looks back more than a day every hour, always on the clock:
// at 13:05:00, 13:06:00, … It looks back from there, so that a period of five
// minutes is 13:01 to 13:06 at 13:06; with WallClock it is 13:00 to 13:05 from 13:05
// to 13:09 ("Alarm evaluation window" in the user guide). Data that is coarser than
// that is evaluated as often as it has points.
//
// CloudWatch looks at more periods than EvaluationPeriods, the evaluation range,
// so that real data is used before missing data is filled in; see
// [Input.ExtraPeriods].
package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/problems"
)

// Input is what [Run] evaluates.
type Input struct {
	// Alarms are those on metrics. Their names, and those of Composites, are all different.
	Alarms []cloudwatch.MetricAlarm
	// Composites are those on the states of others. Default: none.
	Composites []cloudwatch.CompositeAlarm
	// Data holds a series for each metric of the alarms; one without points for a
	// metric that has no data.
	Data Data
	// Bands are the anomaly bands by the name of the alarm. An alarm with
	// ANOMALY_DETECTION_BAND needs one: the model behind it is AWS's.
	Bands map[string]Band
	// Start are the states at From, by the name of the alarm. Default:
	// INSUFFICIENT_DATA, the state of a new alarm.
	Start map[string]cloudwatch.State
	// Given are alarms that are not evaluated and that composite alarms watch: the
	// changes of each by its name, from From on and in order of time. History has them,
	// too.
	Given map[string][]Change
	// From and To are the first and the last moment at which alarms are evaluated.
	// Data from before From is used as far as alarms look back.
	From, To time.Time
	// ExtraPeriods is how many more periods than EvaluationPeriods an alarm
	// retrieves. Default: 2. AWS says that the number depends on the period and the
	// resolution, and has published one example: 5 periods where 3 are evaluated.
	ExtraPeriods int
	// step is how far evaluations are apart. Default: as far as CloudWatch's.
	step time.Duration
}

// Change is a change of an alarm's state.
type Change struct {
	// At is the evaluation at which the state changed.
	At time.Time
	// Alarm is the alarm's name.
	Alarm string
	// From and To are the states before and after.
	From, To cloudwatch.State
	// Reason says in words what the alarm saw.
	Reason string
	// SuppressedBy says why a composite alarm did nothing at this change: "Alarm",
	// "WaitPeriod" or "ExtensionPeriod", as ActionsSuppressedBy does. What it puts
	// off is a [Notification] of a later time.
	SuppressedBy string
}

// Notification is what an alarm does because of its state: it is told to all
// Actions. An Auto Scaling action, which CloudWatch repeats every minute, is
// listed once.
type Notification struct {
	// At is when it is sent: later than the change where a suppressor was waited for.
	At time.Time
	// Alarm is the alarm's name.
	Alarm string
	// State is the one that it tells of.
	State cloudwatch.State
	// Actions are the ARNs of all that is told.
	Actions []string
}

// History is what happened, in order of time. At one moment, metric alarms come
// first, by name, and composite alarms after the alarms that they watch.
type History struct {
	// Changes are those of all alarms, of Given included.
	Changes []Change
	// Notifications are those of all alarms that are evaluated.
	Notifications []Notification
	// End are the states at the end, by the name of the alarm.
	End map[string]cloudwatch.State
}

// Of returns the changes of one alarm.
func (h History) Of(alarm string) []Change {
	var changes []Change
	for _, c := range h.Changes {
		if c.Alarm == alarm {
			changes = append(changes, c)
		}
	}
	return changes
}

// Run evaluates the alarms. Its error holds everything that is wrong with the
// input, joined, each with the name of the alarm or the metric.
func Run(in Input) (History, error) {
	in.ExtraPeriods = cmp.Or(in.ExtraPeriods, defaultExtraPeriods)
	runs, rules, err := compile(in)
	if err != nil {
		return History{}, err
	}
	var changes []Change
	for _, r := range runs {
		if changes, err = r.evaluate(changes); err != nil {
			return History{}, err
		}
	}
	for _, name := range sortedKeys(in.Given) {
		changes = append(changes, in.Given[name]...)
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Alarm, b.Alarm))
	})
	return compose(in, rules, changes), nil
}

const defaultExtraPeriods = 2

func compile(in Input) ([]*run, []*composite, error) {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case in.From.IsZero() || in.To.IsZero():
		fail("From and To: want the time range to evaluate")
	case in.To.Before(in.From):
		fail("To: is %s, want From, %s, or later", clock(in.To), clock(in.From))
	}
	if in.ExtraPeriods < 0 {
		fail("ExtraPeriods: is %d, want 1 or more", in.ExtraPeriods)
	}
	errs = append(errs, in.Data.validate()...)
	names := map[string]bool{}
	for _, name := range in.names() {
		switch {
		case name == "":
			fail("an alarm without a name")
		case names[name]:
			fail("alarm %q: there are two of that name", name)
		}
		names[name] = true
	}
	for _, name := range sortedKeys(in.Start) {
		if !names[name] {
			fail("Start[%q]: there is no alarm of that name", name)
		}
		if s := in.Start[name]; !slices.Contains(states, s) {
			fail("Start[%q]: is %q, want one of %v", name, s, states)
		}
	}
	for _, name := range sortedKeys(in.Bands) {
		if !names[name] {
			fail("Bands[%q]: there is no alarm of that name", name)
		}
	}
	for _, name := range sortedKeys(in.Given) {
		before := in.From
		for i, c := range in.Given[name] {
			if c.Alarm != name || c.At.Before(before) || !slices.Contains(states, c.To) {
				fail("Given[%q][%d]: is %q to %q at %s, want a change of the alarm to a state, at %s or later", name, i, c.Alarm, c.To, clock(c.At), clock(before))
			}
			before = c.At
		}
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}

	var runs []*run
	for _, a := range in.Alarms {
		var r *run
		err := validateAlarm(a)
		if err == nil {
			r, err = newRun(in, a)
		}
		for _, problem := range problems.List(err) {
			fail("alarm %q: %w", a.Name, problem)
		}
		runs = append(runs, r)
	}
	rules, err := newComposites(in)
	if err != nil {
		errs = append(errs, err)
	}
	return runs, rules, errors.Join(errs...)
}

func (in Input) names() []string {
	var names []string
	for _, a := range in.Alarms {
		names = append(names, a.Name)
	}
	for _, c := range in.Composites {
		names = append(names, c.Name)
	}
	return append(names, sortedKeys(in.Given)...)
}

func (in Input) start(alarm string) cloudwatch.State {
	return cmp.Or(in.Start[alarm], cloudwatch.InsufficientData)
}

var states = []cloudwatch.State{cloudwatch.OK, cloudwatch.InAlarm, cloudwatch.InsufficientData}

// notify is what an alarm does in a state, if anything.
func notify(at time.Time, alarm string, state cloudwatch.State, actions cloudwatch.Actions) []Notification {
	targets := map[cloudwatch.State][]string{
		cloudwatch.OK:               actions.OK,
		cloudwatch.InAlarm:          actions.Alarm,
		cloudwatch.InsufficientData: actions.InsufficientData,
	}[state]
	if actions.Disabled || len(targets) == 0 {
		return nil
	}
	return []Notification{{At: at, Alarm: alarm, State: state, Actions: targets}}
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
