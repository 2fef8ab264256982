package coverage

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// noGraph are the alarms of the stacks that have none, and why.
var noGraph = map[string]string{
	"staging/backend/tasks-missing":  essentialPanels,
	"staging/frontend/tasks-missing": essentialPanels,
	"staging/events/undelivered":     essentialPanels,
	"staging/maintenance":            isASwitch,
	"production/maintenance":         isASwitch,
}

const (
	essentialPanels = "the dashboard of the profile Essential has the panels that were promised, and no more"
	isASwitch       = "is on or off, which its state among the alarms says"
)

// What an alarm looks at is on a dashboard, with the threshold.
func TestEveryAlarmHasAGraph(t *testing.T) {
	for _, kind := range Kinds() {
		cfg := monitoring.Config{Name: "shop", Region: "ap-southeast-2", Profile: monitoring.Recommended, Resources: []monitoring.Resource{kind.Example}}
		for _, missing := range WithoutGraph(cfg) {
			t.Errorf("%s: %s", kind.Name, missing)
		}
	}
	needed := map[string]bool{}
	for _, env := range environment.All() {
		for _, missing := range WithoutGraph(stacks.Monitoring(env)) {
			key, _, _ := strings.Cut(missing, ": ")
			if needed[env.Name+"/"+key] = true; noGraph[env.Name+"/"+key] == "" {
				t.Errorf("%s: %s", env.Name, missing)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(noGraph)) {
		if !needed[key] {
			t.Errorf("%s is in noGraph and has a graph, or is no alarm", key)
		}
	}
}
