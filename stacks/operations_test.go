package stacks_test

import (
	"strings"
	"testing"

	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// What an environment says of its parts decides on alarms and on what is refused.
func TestWhatAnEnvironmentSaysReachesItsAlarms(t *testing.T) {
	conditions := func(change func(*environment.Environment)) map[string]string {
		env := environment.Production()
		change(&env)
		all := map[string]string{}
		for _, a := range stacks.Monitoring(env).Alarms() {
			all[a.Key()] = a.Condition()
		}
		return all
	}
	for _, test := range []struct {
		alarm, before, after string
		change               func(*environment.Environment)
	}{
		{"backend/tasks-missing", "< 1 in each of 3 periods of 1 minute", "< 2 in each of 3 periods of 1 minute", func(e *environment.Environment) { e.Cluster.Services[0].Tasks = 2 }},
		{"backend/service-5xx-high", "", "> 2 in each of 5 periods of 1 minute", func(e *environment.Environment) { e.Cluster.Services[0].ServiceConnect = true }},
		{"postgres/load-high", "", "> 2 for 15 minutes", func(e *environment.Environment) { e.Database.PerformanceInsights = true }},
		{"postgres/burst-balance-low", "", "< 20 % for 5 minutes", func(e *environment.Environment) { e.Database.GP2 = true }},
	} {
		before, after := conditions(func(*environment.Environment) {})[test.alarm], conditions(test.change)[test.alarm]
		if before != test.before || after != test.after {
			t.Errorf("%s is %q and then %q, want %q and %q", test.alarm, before, after, test.before, test.after)
		}
	}
	env := environment.Production()
	env.ServiceLevels[0].RequestsPerDay = 10
	if err := stacks.Monitoring(env).Validate(); err == nil || !strings.Contains(err.Error(), "(api-availability).RequestsPerDay: is 10, want at least") {
		t.Errorf("ten requests a day: %v", err)
	}
}
