package stacks

import (
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	maintenanceKey = "maintenance"
	databaseKey    = "postgres"
	cacheKey       = "redis"
	balancerKey    = "alb"
)

// An outage makes alarms go off, of which only one says what is wrong. That one speaks,
// and holds the messages of the others back while it lasts.
const (
	// afterMaintenance is how long alarms of what is under maintenance look back.
	afterMaintenance = 5 * time.Minute
	// afterOutage is how long what was down may take to be as before.
	afterOutage = 5 * time.Minute
	// atOnce is the shortest wait: maintenance is announced before it begins.
	atOnce = time.Second
)

// quiet adds the alarms that speak for others, and says whom they hold back. It builds
// them on the alarms that the configuration has.
func quiet(env environment.Environment, cfg monitoring.Config) monitoring.Config {
	made := map[string]bool{}
	for _, a := range cfg.Alarms() {
		made[a.Key()] = true
	}
	cfg.Extra = append(slices.Clone(cfg.Extra), maintenance(env))
	during := monitoring.Suppressor{By: []string{maintenanceKey}, Wait: atOnce, Extension: afterMaintenance}
	cfg.Suppressors = map[string]monitoring.Suppressor{"": during, maintenanceKey: {}}
	// speaks adds an alarm that says what its parts come to and holds others back.
	speaks := func(a monitoring.Alarm, holds ...string) {
		cfg.Extra = append(cfg.Extra, a)
		cfg.Suppressors[a.Key()] = during
		for _, key := range holds {
			s := cfg.Suppressors[key]
			cfg.Suppressors[key] = monitoring.Suppressor{By: append(slices.Clone(s.By), a.Key()), Extension: afterOutage}
		}
	}
	for _, service := range env.Cluster.Services {
		group := balancerKey + "-" + service.Key
		signs := slices.DeleteFunc([]string{service.Key + "/tasks-missing", group + "/no-healthy-targets"}, func(key string) bool { return !made[key] })
		if len(signs) == 0 {
			continue
		}
		speaks(monitoring.Alarm{
			Resource: service.Key, ID: "down", Severity: monitoring.Critical, When: cloudwatch.Composite{Rule: cloudwatch.AnyOf(signs...)},
			FirstStep: "Customers get errors: read the service's events and why its tasks stopped, then roll back a deployment that just ended.",
			Section:   "service-down",
		}, slices.Concat(levels(env, service.Key), calling(env, service.Key), []string{service.Key, group, balancerKey})...)
	}
	// Both count missing data as bad: together they mean a database that does nothing any
	// more, for want of CPU and connections or because it is gone.
	if signs := []string{databaseKey + "/cpu-saturated", databaseKey + "/connections-high"}; made[signs[0]] && made[signs[1]] {
		speaks(monitoring.Alarm{
			Resource: databaseKey, ID: "down", Severity: monitoring.Critical, When: cloudwatch.Composite{Rule: cloudwatch.AllOf(signs...)},
			FirstStep: "Look whether the database is there and takes connections, then at its events.",
			Section:   "database-down",
		}, append(nodesMissing(env, made), databaseKey)...)
	}
	for key, s := range cfg.Suppressors {
		if len(s.By) > 0 && s.By[0] != maintenanceKey {
			s.By = append(slices.Clone(s.By), maintenanceKey)
			cfg.Suppressors[key] = s
		}
	}
	return cfg
}

// nodesMissing are the alarms on nodes of Redis that are gone. The database speaks for
// them: when it is gone too, it is the network or the zone, and one message says so.
func nodesMissing(env environment.Environment, made map[string]bool) []string {
	var keys []string
	for _, node := range env.Cache.Nodes {
		if key := cacheKey + "-" + node.Key + "/node-missing"; made[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

// levels are the keys of the service levels of a target group.
func levels(env environment.Environment, group string) []string {
	var keys []string
	for _, level := range env.ServiceLevels {
		if level.TargetGroup == group {
			keys = append(keys, level.Key)
		}
	}
	return keys
}

// calling are the keys of the canaries that a service answers.
func calling(env environment.Environment, service string) []string {
	var keys []string
	for _, canary := range env.Synthetics.Canaries {
		if canary.Service == service {
			keys = append(keys, canary.Key)
		}
	}
	return keys
}

// maintenance is the alarm that holds all messages back while omc says that the
// environment is under maintenance. It ends by itself when nothing says so any more,
// and tells when it begins and ends: silence has to be seen.
func maintenance(env environment.Environment) monitoring.Alarm {
	m := env.Maintenance()
	return monitoring.Alarm{
		ID: maintenanceKey, Severity: monitoring.Warning,
		When: cloudwatch.Metric{
			Namespace: m.Namespace, Name: m.Name, Stat: cloudwatch.Sum, Period: time.Minute, Unit: cloudwatch.Count, Label: "maintenance",
		}.Above(0),
		Window: cloudwatch.Window{EvaluationPeriods: 1}, Missing: cloudwatch.NotBreaching,
		FirstStep: "Nothing, when you know of it: messages are held back until it is over.",
		Section:   "maintenance-window",
	}
}
