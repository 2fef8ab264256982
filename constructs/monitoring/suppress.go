package monitoring

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/problems"
)

// Suppressor says what holds messages back: nobody is told while one of its alarms is
// in ALARM. What is still in ALARM afterwards is told then, so that nothing is lost.
//
// CloudWatch holds back only what composite alarms do (user guide, "Composite alarm
// actions suppression"). An alarm that is held back therefore has no actions of its
// own: a composite alarm with its name and "-message" behind it follows its state and
// sends its messages.
type Suppressor struct {
	// By are the keys of alarms: "backend/down". Default: nothing holds the messages
	// back.
	By []string
	// Wait is how long a message waits for one of them to go off: whole seconds. Default:
	// a minute.
	Wait time.Duration
	// Extension is how long messages are held back after the last of them is over: whole
	// seconds. Default: a minute.
	Extension time.Duration
}

const (
	messageSuffix = "-message"
	heldPrefix    = "held-by-"
)

// suppressorOf is what holds the messages of an alarm back: what is said for the
// alarm, else for its resource or part, else for all.
func (c Config) suppressorOf(m model, a Alarm) Suppressor {
	for _, key := range []string{a.Key(), a.Resource, m.owners[a.Resource], ""} {
		if s, ok := c.Suppressors[key]; ok {
			return s
		}
	}
	return Suppressor{}
}

// key returns the key of the one alarm that a suppressor is for CloudWatch: an
// alarm on its alarms, where there are several.
func (s Suppressor) key() string {
	if len(s.By) < 2 {
		return strings.Join(s.By, "")
	}
	keys := slices.Sorted(slices.Values(s.By))
	return heldPrefix + strings.ReplaceAll(strings.Join(keys, "-"), "/", "-")
}

// suppressed is a model with what holds messages back.
type suppressed struct {
	// by is the suppressor of each alarm whose messages are held back, by its key.
	by map[string]Suppressor
	// joined are the alarms that stand for several, messages those that send the messages
	// of metric alarms. Both are composite.
	joined, messages []Alarm
	// subjects are the keys of the alarms whose messages an alarm sends.
	subjects map[string]string
	// spokenFor are the alarms that always come with one that holds them back.
	spokenFor map[string]bool
}

// suppression works out who is held back by what.
func (c Config) suppression(m model) suppressed {
	s := suppressed{by: map[string]Suppressor{}, subjects: map[string]string{}, spokenFor: map[string]bool{}}
	made := m.byKey()
	for _, a := range m.alarms {
		by := c.suppressorOf(m, a)
		if len(by.By) == 0 || a.Severity == Silent {
			continue
		}
		key := by.key()
		isJoined := func(a Alarm) bool { return a.ID == key }
		if len(by.By) > 1 && !slices.ContainsFunc(s.joined, isJoined) {
			s.joined = append(s.joined, Alarm{
				ID: key, Severity: Silent, When: cloudwatch.Composite{Rule: cloudwatch.AnyOf(slices.Sorted(slices.Values(by.By))...)},
				FirstStep: "Nothing: it holds messages back while one of its alarms says what is wrong.",
			})
		}
		s.by[a.Key()] = by
		if _, isComposite := a.When.(cloudwatch.Composite); isComposite {
			continue // it holds its own messages back
		}
		if slices.ContainsFunc(by.By, func(key string) bool { return implies(a.Key(), key, made, nil) }) {
			s.spokenFor[a.Key()] = true
			continue
		}
		message := a
		message.ID += messageSuffix
		message.When = cloudwatch.Composite{Rule: cloudwatch.AnyOf(a.Key()), Suppressor: key, Wait: by.Wait, Extension: by.Extension}
		message.Window, message.Missing, message.MinSamples, message.Levels = cloudwatch.Window{}, "", 0, nil
		s.messages = append(s.messages, message)
		s.subjects[message.Key()] = a.Key()
	}
	return s
}

// implies reports whether an alarm is in ALARM whenever another one is.
func implies(cause, effect string, made map[string]Alarm, way []string) bool {
	if cause == effect {
		return true
	}
	composite, ok := made[effect].When.(cloudwatch.Composite)
	if !ok || slices.Contains(way, effect) {
		return false
	}
	rule, ok := composite.Rule.(cloudwatch.Any)
	return ok && slices.ContainsFunc(rule, func(r cloudwatch.Rule) bool {
		is, ok := r.(cloudwatch.Is)
		return ok && is.State == cloudwatch.InAlarm && implies(cause, is.Alarm, made, append(way, effect))
	})
}

// composites are the alarms that there are besides those that are configured.
func (s suppressed) composites() []Alarm { return slices.Concat(s.joined, s.messages) }

// all are the alarms that CloudWatch will have.
func (m model) all() []Alarm { return slices.Concat(m.alarms, m.held.composites()) }

func (m model) byKey() map[string]Alarm {
	made := map[string]Alarm{}
	for _, a := range m.alarms {
		made[a.Key()] = a
	}
	return made
}

// held returns a composite alarm with what holds its own messages back.
func (s suppressed) held(a Alarm) Alarm {
	composite, isComposite := a.When.(cloudwatch.Composite)
	if by, ok := s.by[a.Key()]; ok && isComposite {
		composite.Suppressor, composite.Wait, composite.Extension = by.key(), by.Wait, by.Extension
		a.When = composite
	}
	return a
}

// Messages returns the names of the alarms in [Config.Definitions] that send the
// messages of others, each with the key of the alarm that it speaks for.
func (c Config) Messages() map[string]string {
	subjects := map[string]string{}
	for key, subject := range c.model().held.subjects {
		subjects[c.Name+"/"+key] = subject
	}
	return subjects
}

// Held returns what holds the messages of each alarm back, by the alarm's key, for
// tests and documents. Alarms whose messages nothing holds back are not in it.
func (c Config) Held() map[string]Suppressor { return c.model().held.by }

// validateSuppressors looks for suppressors that hold back nothing or forever.
func (c Config) validateSuppressors(p *problems.Problems, m model) {
	made, known := m.byKey(), map[string]bool{"": true}
	for key := range made {
		known[key] = true
	}
	for part, owner := range m.owners {
		known[part], known[owner] = true, true
	}
	off := map[string]bool{}
	for _, r := range m.rows {
		off[r.Key()] = true
	}
	for _, key := range problems.SortedKeys(c.Suppressors) {
		at, s := fmt.Sprintf("Suppressors[%q]", key), c.Suppressors[key]
		if !known[key] && !off[key] {
			p.Want(at, key, "%s, or \"\" for all others", problems.OneOf(key, problems.SortedKeys(known)))
		}
		for i, by := range s.By {
			if _, ok := made[by]; !ok {
				p.Want(fmt.Sprintf("%s.By[%d]", at, i), by, "%s", problems.OneOf(by, problems.SortedKeys(made)))
			}
			if slices.Index(s.By, by) < i {
				p.Want(fmt.Sprintf("%s.By[%d]", at, i), by, "each alarm once")
			}
		}
		for _, period := range []struct {
			field string
			d     time.Duration
		}{{".Wait", s.Wait}, {".Extension", s.Extension}} {
			switch {
			case period.d < 0 || period.d%time.Second != 0:
				p.Want(at+period.field, period.d, "whole seconds")
			case period.d != 0 && len(s.By) == 0:
				p.Want(at+period.field, period.d, "0 without By")
			}
		}
	}
	held := m.held
	for _, a := range m.alarms {
		by, ok := held.by[a.Key()]
		composite, isComposite := a.When.(cloudwatch.Composite)
		switch {
		case !ok:
		case isComposite && composite.Suppressor != "":
			p.Want(fmt.Sprintf("Suppressors of %s", a.Key()), strings.Join(by.By, ", "), "none: the alarm says its Suppressor itself; Suppressors[%q] without By leaves it alone", a.Key())
		case isComposite && slices.ContainsFunc(by.By, func(key string) bool { return reaches(key, a.Key(), made, nil) }):
			p.Want(fmt.Sprintf("Suppressors of %s", a.Key()), strings.Join(by.By, ", "), "alarms that do not depend on it: it would hold its own messages back; Suppressors[%q] without By leaves it alone", a.Key())
		case held.spokenFor[a.Key()] && !c.isSpokenFor(a.Key(), by, made):
			p.Want(fmt.Sprintf("Suppressors of %s", a.Key()), strings.Join(by.By, ", "), "another alarm: it would hold its own messages back, and nobody would be told; Suppressors[%q] without By leaves it alone", a.Key())
		}
	}
}

// reaches reports whether the rule of an alarm, or of one in it, names another one.
func reaches(from, to string, made map[string]Alarm, way []string) bool {
	if from == to {
		return true
	}
	composite, ok := made[from].When.(cloudwatch.Composite)
	if !ok || composite.Rule == nil || slices.Contains(way, from) {
		return false
	}
	return slices.ContainsFunc(composite.Alarms(), func(key string) bool { return reaches(key, to, made, append(way, from)) })
}

// isSpokenFor reports whether one of the alarms that hold an alarm back tells people
// about it: any but the alarm itself.
func (c Config) isSpokenFor(key string, s Suppressor, made map[string]Alarm) bool {
	return slices.ContainsFunc(s.By, func(by string) bool { return by != key && implies(key, by, made, nil) })
}
