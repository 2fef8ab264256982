package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// composite is a composite alarm, ready to be evaluated.
type composite struct {
	alarm      cloudwatch.CompositeAlarm
	rule       Rule
	suppressor string
	actions    suppression
}

// newComposites parses the rules and puts each composite alarm after those that
// it watches, by name where that leaves a choice.
func newComposites(in Input) ([]*composite, error) {
	known := map[string]bool{}
	for _, name := range in.names() {
		known[name] = true
	}
	var errs []error
	composites := map[string]*composite{}
	for _, alarm := range in.Composites {
		c := &composite{alarm: alarm, suppressor: NameOf(alarm.ActionsSuppressor)}
		composites[alarm.Name] = c
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("alarm %q: %s", alarm.Name, fmt.Sprintf(format, args...)))
		}
		var err error
		if c.rule, err = ParseRule(alarm.AlarmRule); err != nil {
			fail("AlarmRule: %v", err)
		}
		for _, name := range c.rule.Alarms {
			if !known[NameOf(name)] {
				fail("AlarmRule: there is no alarm %q", name)
			}
		}
		wait, extension := alarm.ActionsSuppressorWaitPeriod, alarm.ActionsSuppressorExtensionPeriod
		switch {
		case c.suppressor == "" && (wait != 0 || extension != 0):
			fail("ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod: are %s and %s, want none without ActionsSuppressor", wait, extension)
		case c.suppressor != "" && c.suppressor == alarm.Name:
			fail("ActionsSuppressor: is the alarm itself")
		case c.suppressor != "" && !known[c.suppressor]:
			fail("ActionsSuppressor: there is no alarm %q", alarm.ActionsSuppressor)
		}
		if wait < 0 || extension < 0 {
			fail("ActionsSuppressorWaitPeriod, ActionsSuppressorExtensionPeriod: are %s and %s, want 0 or more", wait, extension)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return inOrder(composites)
}

func inOrder(composites map[string]*composite) ([]*composite, error) {
	var ordered []*composite
	var path []string // the alarms that are being put in order, each of which watches the next
	done := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		c := composites[name]
		if c == nil || done[name] {
			return nil
		}
		if i := slices.Index(path, name); i >= 0 {
			return fmt.Errorf("alarms %q: watch each other in a circle, in which CloudWatch stops evaluating", path[i:])
		}
		path = append(path, name)
		for _, watched := range c.rule.Alarms {
			if err := visit(NameOf(watched)); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		done[name] = true
		ordered = append(ordered, c)
		return nil
	}
	for _, name := range sortedKeys(composites) {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

// NameOf is the name of an alarm in a name or an ARN, as a rule has either.
func NameOf(alarm string) string {
	if _, name, ok := strings.Cut(alarm, ":alarm:"); ok && strings.HasPrefix(alarm, "arn:") {
		return name
	}
	return alarm
}

// compose replays the changes of the metric alarms and adds what follows: the
// states of composite alarms and the notifications of all.
func compose(in Input, composites []*composite, changes []Change) History {
	h := History{End: map[string]cloudwatch.State{}}
	actions := map[string]cloudwatch.Actions{}
	for _, a := range in.Alarms {
		actions[a.Name] = a.Actions
	}
	for _, name := range in.names() {
		h.End[name] = in.start(name)
	}
	state := func(alarm string) cloudwatch.State { return h.End[NameOf(alarm)] }
	for _, c := range composites {
		c.actions = suppression{told: h.End[c.alarm.Name], held: state(c.suppressor) == cloudwatch.InAlarm}
	}
	for now, more := in.From, true; more; now, more = next(now, in.To, changes, composites) {
		for ; len(changes) > 0 && changes[0].At.Equal(now); changes = changes[1:] {
			c := changes[0]
			h.End[c.Alarm] = c.To
			h.Changes = append(h.Changes, c)
			h.Notifications = append(h.Notifications, notify(now, c.Alarm, c.To, actions[c.Alarm])...)
		}
		var changed []int
		for _, c := range composites {
			changed = append(changed, c.evaluate(now, &h, state))
		}
		for i, c := range composites {
			by, act := c.actions.step(now, c.alarm, changed[i] >= 0, h.End[c.alarm.Name], state(c.suppressor) == cloudwatch.InAlarm)
			if changed[i] >= 0 {
				h.Changes[changed[i]].SuppressedBy = by
			}
			if act {
				h.Notifications = append(h.Notifications, notify(now, c.alarm.Name, c.actions.told, c.alarm.Actions)...)
			}
		}
	}
	return h
}

// evaluate adds the change of a composite alarm's state, if there is one, and
// returns its index, or -1.
func (c *composite) evaluate(now time.Time, h *History, state func(string) cloudwatch.State) int {
	from, to := h.End[c.alarm.Name], cloudwatch.OK
	holds := c.rule.True(state)
	if holds {
		to = cloudwatch.InAlarm
	}
	if from == to {
		return -1
	}
	h.End[c.alarm.Name] = to
	reason := fmt.Sprintf("the rule is %t:", holds)
	for i, name := range c.rule.Alarms {
		if i > 0 {
			reason += ","
		}
		reason += fmt.Sprintf(" %s is %s", NameOf(name), state(name))
	}
	h.Changes = append(h.Changes, Change{At: now, Alarm: c.alarm.Name, From: from, To: to, Reason: strings.TrimSuffix(reason, ":")})
	return len(h.Changes) - 1
}

// next is the next moment at which something happens.
func next(now, end time.Time, changes []Change, composites []*composite) (time.Time, bool) {
	var at time.Time
	consider := func(t time.Time) {
		if t.After(now) && !t.After(end) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if len(changes) > 0 {
		consider(changes[0].At)
	}
	for _, c := range composites {
		consider(c.actions.waitUntil)
		consider(c.actions.extendedUntil)
	}
	return at, !at.IsZero()
}

// suppression holds back the actions of a composite alarm. AWS: a change of state
// waits for the suppressor, at most for the wait period; while the suppressor is
// in ALARM, and for the extension period after it, nothing is done. Then the alarm
// acts on the state that it has, if that is not the one it acted on last.
type suppression struct {
	told                     cloudwatch.State // the state that it acted on last
	held                     bool             // the suppressor is in ALARM
	waitUntil, extendedUntil time.Time
}

func (s *suppression) step(now time.Time, alarm cloudwatch.CompositeAlarm, changed bool, state cloudwatch.State, held bool) (by string, act bool) {
	switch {
	case held && !s.held:
		s.waitUntil, s.extendedUntil = time.Time{}, time.Time{}
	case !held && s.held:
		s.extendedUntil = now.Add(alarm.ActionsSuppressorExtensionPeriod)
	}
	s.held = held
	if changed && !held && !now.Before(s.extendedUntil) && state != s.told {
		s.waitUntil = now.Add(alarm.ActionsSuppressorWaitPeriod)
	}
	switch {
	case held:
		by = "Alarm"
	case now.Before(s.extendedUntil):
		by = "ExtensionPeriod"
	case now.Before(s.waitUntil), changed && state == s.told:
		by = "WaitPeriod"
	}
	if state == s.told {
		s.waitUntil = time.Time{}
		return by, false
	}
	if by != "" {
		return by, false
	}
	s.told, s.waitUntil = state, time.Time{}
	return "", true
}
