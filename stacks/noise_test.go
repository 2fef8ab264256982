package stacks_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// speaker is an alarm of CloudWatch, and what it depends on.
type speaker struct {
	rule       evaluate.Rule
	names      []string
	suppressor string
	tells      bool
}

// speakers are all alarms of a configuration by their names.
func speakers(t *testing.T, cfg monitoring.Config) map[string]speaker {
	t.Helper()
	all := map[string]speaker{}
	metric, composite := cfg.Definitions()
	for _, a := range metric {
		all[a.Name] = speaker{tells: len(a.Actions.Alarm) > 0}
	}
	for _, a := range composite {
		rule, err := evaluate.ParseRule(a.AlarmRule)
		if err != nil {
			t.Fatal(err)
		}
		all[a.Name] = speaker{rule, rule.Alarms, a.ActionsSuppressor, len(a.Actions.Alarm) > 0}
	}
	return all
}

// settle returns the states that composite alarms have when these alarms are in ALARM.
func settle(all map[string]speaker, on ...string) map[string]cloudwatch.State {
	states := map[string]cloudwatch.State{}
	for name := range all {
		states[name] = cloudwatch.OK
	}
	for _, name := range on {
		states[name] = cloudwatch.InAlarm
	}
	for changed := true; changed; {
		changed = false
		for name, s := range all {
			if len(s.names) > 0 && states[name] == cloudwatch.OK && s.rule.True(func(a string) cloudwatch.State { return states[a] }) {
				states[name], changed = cloudwatch.InAlarm, true
			}
		}
	}
	return states
}

// told returns the alarms that tell people what is wrong when an alarm is in ALARM:
// its own message, or that of what holds it back.
func told(all map[string]speaker, states map[string]cloudwatch.State, name string, seen map[string]bool) []string {
	if seen[name] {
		return nil
	}
	seen[name] = true
	var list []string
	if s := all[name]; s.tells {
		if states[s.suppressor] != cloudwatch.InAlarm {
			return []string{name}
		}
		// Whatever in the suppressor is on has to speak in its place.
		for _, part := range append([]string{s.suppressor}, all[s.suppressor].names...) {
			if states[part] == cloudwatch.InAlarm {
				list = append(list, told(all, states, part, seen)...)
			}
		}
	}
	for other, s := range all {
		if states[other] == cloudwatch.InAlarm && slices.Contains(s.names, name) {
			list = append(list, told(all, states, other, seen)...)
		}
	}
	return list
}

// isPart says whether an alarm means something only together with others.
func isPart(cfg monitoring.Config, name string) bool {
	return slices.ContainsFunc(cfg.Alarms(), func(a monitoring.Alarm) bool {
		return cfg.Name+"/"+a.Key() == name && a.Severity == monitoring.Silent
	})
}

// Whatever one or two alarms are in ALARM, somebody is told about each.
func TestNoAlarmIsForgotten(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, s stage) {
		cfg := s.cfg
		all := speakers(t, cfg)
		var metric []string
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if len(all[name].names) == 0 && !isPart(cfg, name) {
				metric = append(metric, name)
			}
		}
		for i, first := range metric {
			for _, second := range metric[i:] {
				states := settle(all, first, second)
				for _, name := range []string{first, second} {
					if len(told(all, states, name, map[string]bool{})) == 0 {
						t.Errorf("with %s and %s in ALARM nobody is told about %s", first, second, name)
					}
				}
			}
		}
	})
}

// Alone, an alarm tells by itself, or the alarm on its service or database does.
func TestEveryAlarmTellsByItself(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, s stage) {
		cfg := s.cfg
		all, messages := speakers(t, cfg), cfg.Messages()
		for name, s := range all {
			if len(s.names) > 0 || isPart(cfg, name) {
				continue
			}
			key := strings.TrimPrefix(name, cfg.Name+"/")
			list := told(all, settle(all, name), name, map[string]bool{})
			for i, teller := range list {
				if subject, ok := messages[teller]; ok {
					list[i] = cfg.Name + "/" + subject
				}
			}
			want := name
			if service, _, _ := strings.Cut(strings.TrimPrefix(key, "alb-"), "/"); strings.HasSuffix(key, "/tasks-missing") || strings.HasSuffix(key, "/no-healthy-targets") {
				want = cfg.Name + "/" + service + "/down"
			}
			if !slices.Equal(list, []string{want}) {
				t.Errorf("%s is told by %q, want %q", name, list, want)
			}
		}
	})
}
