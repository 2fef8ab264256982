package stacks_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/alarmtest"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// at is a time of a scenario, "3:04" after midnight.
func at(hours, minutes int) time.Duration {
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
}

// everyEnvironment runs a test for each stack.
func everyEnvironment(t *testing.T, test func(t *testing.T, env environment.Environment, cfg monitoring.Config)) {
	for _, env := range environment.All() {
		t.Run(env.Name, func(t *testing.T) { test(t, env, stacks.Monitoring(env)) })
	}
}

// nodes are the resource keys of the nodes of Redis.
func nodes(env environment.Environment) []string {
	var keys []string
	for _, node := range env.Cache.Nodes {
		keys = append(keys, "redis-"+node.Key)
	}
	return keys
}

// scenarios are what may happen to an environment, and what its alarms have to make
// of it. The times are worked out by hand.
func scenarios(env environment.Environment, cfg monitoring.Config) []alarmtest.Scenario {
	people := func(r environment.Recipients) []string { return slices.Concat(r.Emails, r.URLs, r.TopicARNs) }
	critical, warning := people(env.Notify.Critical), people(env.Notify.Warning)
	goesOff := func(d time.Duration, alarm string, tells []string) alarmtest.Event {
		return alarmtest.Event{At: d, Alarm: alarm, State: cloudwatch.InAlarm, Tells: tells}
	}
	isOver := func(d time.Duration, alarm string, tells []string) alarmtest.Event {
		return alarmtest.Event{At: d, Alarm: alarm, State: cloudwatch.OK, Tells: tells}
	}
	loses := func(d time.Duration, alarm string) alarmtest.Event {
		return alarmtest.Event{At: d, Alarm: alarm, State: cloudwatch.InsufficientData, Tells: alarmtest.Nobody}
	}
	healthy := func() *alarmtest.Series { return alarmtest.Healthy(cfg) }

	list := []alarmtest.Scenario{
		{
			Name:   "a healthy day",
			Series: healthy(),
		},
		{
			// Without tasks there is neither CPU nor a target to be unhealthy. That nobody is
			// told is what an alarm on missing tasks has to change.
			Name:   "no task runs",
			Series: healthy().Stop("backend", alarmtest.At(at(0, 10))).Stop("alb-backend", alarmtest.At(at(0, 10))),
			Want: []alarmtest.Event{
				loses(at(0, 15), "alb-backend/unhealthy-targets"), // 3 + 2 periods without data
				loses(at(0, 17), "backend/cpu-high"),              // 5 + 2
				loses(at(0, 17), "backend/memory-high"),
			},
		},
		{
			Name:   "one of two target groups is dead",
			Series: healthy().Set("alb-frontend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(0, 10), at(0, 40))),
			Want: []alarmtest.Event{
				goesOff(at(0, 13), "alb-frontend/unhealthy-targets", critical),
				isOver(at(0, 41), "alb-frontend/unhealthy-targets", critical),
			},
		},
		{
			Name:   "the other target group is dead",
			Series: healthy().Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(0, 10), at(0, 40))),
			Want: []alarmtest.Event{
				goesOff(at(0, 13), "alb-backend/unhealthy-targets", critical),
				isOver(at(0, 41), "alb-backend/unhealthy-targets", critical),
			},
		},
		{
			// 20 GiB are gone after six hours: 10 after three, and less from 3:01 on. Five
			// minutes after somebody has raised the storage, the alarm is over.
			Name: "the disk fills in six hours",
			Series: healthy().Set("postgres", "FreeStorageSpace",
				alarmtest.Ramp(20*monitoring.GiB, 0), alarmtest.Between(0, at(6, 0))),
			Want: []alarmtest.Event{
				goesOff(at(3, 2), "postgres/storage-low", critical),
				isOver(at(6, 5), "postgres/storage-low", critical),
			},
		},
		{
			// From 50 to 100 % in five hours: above 80 % after 180 minutes, for five of them
			// at 186.
			Name: "a memory leak",
			Series: healthy().
				Set("backend", "MemoryUtilization", alarmtest.Ramp(50, 100), alarmtest.Between(at(1, 0), at(6, 0))).
				Set("frontend", "MemoryUtilization", alarmtest.Ramp(50, 100), alarmtest.Between(at(2, 0), at(7, 0))),
			Want: []alarmtest.Event{
				goesOff(at(4, 6), "backend/memory-high", warning),
				isOver(at(6, 1), "backend/memory-high", warning),
				goesOff(at(5, 6), "frontend/memory-high", warning),
				isOver(at(7, 1), "frontend/memory-high", warning),
			},
		},
		{
			// Half a percent a minute: above 80 % after 60 minutes, for five at 66.
			Name: "traffic rises until the services are too small",
			Series: healthy().
				Set("backend", "CPUUtilization", alarmtest.Ramp(50, 100), alarmtest.Between(at(1, 0), at(2, 40))).
				Set("frontend", "CPUUtilization", alarmtest.Ramp(50, 100), alarmtest.Between(at(2, 0), at(3, 40))),
			Want: []alarmtest.Event{
				goesOff(at(2, 6), "backend/cpu-high", warning),
				isOver(at(2, 41), "backend/cpu-high", warning),
				goesOff(at(3, 6), "frontend/cpu-high", warning),
				isOver(at(3, 41), "frontend/cpu-high", warning),
			},
		},
		{
			// The average of five minutes is above 80 % after 84 minutes, two in a row at 89.
			Name:   "a query that gets slower",
			Series: healthy().Set("postgres", "CPUUtilization", alarmtest.Ramp(40, 100), alarmtest.Between(at(1, 0), at(3, 0))),
			Want: []alarmtest.Event{
				goesOff(at(2, 29), "postgres/cpu-high", warning),
				isOver(at(3, 2), "postgres/cpu-high", warning),
			},
		},
		{
			// New tasks start: three minutes of full CPU, two of unhealthy targets, a gap, and
			// eight errors. Nobody wants to hear of it.
			Name: "the blip of a deployment",
			Series: healthy().
				Set("backend", "CPUUtilization", alarmtest.Constant(100), alarmtest.Between(at(1, 0), at(1, 3))).
				Set("backend", "MemoryUtilization", alarmtest.Gap(), alarmtest.Between(at(1, 0), at(1, 2))).
				Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(1, 0), at(1, 2))).
				Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(2), alarmtest.Between(at(1, 0), at(1, 4))),
		},
		{
			Name: "a night without traffic",
			Series: healthy().
				Stop("alb", alarmtest.Between(at(1, 0), at(5, 0))).
				Set("backend", "CPUUtilization", alarmtest.Constant(0), alarmtest.Between(at(1, 0), at(5, 0))).
				Set("frontend", "CPUUtilization", alarmtest.Constant(0), alarmtest.Between(at(1, 0), at(5, 0))).
				Set("postgres", "CPUUtilization", alarmtest.Constant(0), alarmtest.Between(at(1, 0), at(5, 0))),
		},
		{
			Name:   "errors, but few",
			Series: healthy().Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(2), alarmtest.Between(at(0, 10), at(0, 15))),
		},
		{
			// Three a minute: 12 after four minutes, and 9 in the window once two have passed.
			// Without errors there is no data, and the alarm looks at its last data points
			// again, in windows five and ten minutes old: it goes off twice more, as AWS's
			// note on metrics that stop says.
			Name:   "a burst of errors",
			Series: healthy().Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(3), alarmtest.Between(at(0, 10), at(0, 15))),
			Want: []alarmtest.Event{
				goesOff(at(0, 14), "alb/5xx-high", critical),
				isOver(at(0, 17), "alb/5xx-high", critical),
				goesOff(at(0, 20), "alb/5xx-high", critical),
				isOver(at(0, 22), "alb/5xx-high", critical),
				goesOff(at(0, 25), "alb/5xx-high", critical),
				isOver(at(0, 27), "alb/5xx-high", critical),
			},
		},
		{
			// Two minutes without a database, then six of catching up. Errors stop at once, but
			// the alarm goes on seeing its last data point for three periods of five minutes.
			Name: "the database fails over",
			Series: healthy().
				Stop("postgres", alarmtest.Between(at(0, 10), at(0, 12))).
				Set("postgres", "CPUUtilization", alarmtest.Constant(95), alarmtest.Between(at(0, 12), at(0, 18))).
				Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(0, 10), at(0, 12))).
				Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(30), alarmtest.Between(at(0, 10), at(0, 12))),
			Want: []alarmtest.Event{
				goesOff(at(0, 11), "alb/5xx-high", critical),
				isOver(at(0, 27), "alb/5xx-high", critical),
			},
		},
	}

	storm := alarmtest.Scenario{Name: "Redis evicts", Series: healthy()}
	busy := alarmtest.Scenario{Name: "Redis gets busy", Series: healthy()}
	lost := alarmtest.Scenario{
		Name:   "everything is lost at once, and comes back",
		Series: healthy().StopAll(alarmtest.Between(at(1, 0), at(2, 0))),
		Want: []alarmtest.Event{
			loses(at(1, 15), "postgres/storage-low"), isOver(at(2, 1), "postgres/storage-low", critical),
			loses(at(1, 20), "postgres/cpu-high"), isOver(at(2, 1), "postgres/cpu-high", warning),
		},
	}
	for _, node := range nodes(env) {
		// Two minutes of 40 % bring an average of five below 70 %; two averages in a row
		// are below it five minutes later. Four good minutes bring it back.
		storm.Series.
			Set(node, "CacheHitRate", alarmtest.Constant(40), alarmtest.Between(at(1, 0), at(1, 30))).
			Set(node, "EngineCPUUtilization", alarmtest.Constant(85), alarmtest.Between(at(1, 0), at(1, 30)))
		storm.Want = append(storm.Want,
			goesOff(at(1, 5), node+"/cpu-high", warning), isOver(at(1, 31), node+"/cpu-high", warning),
			goesOff(at(1, 7), node+"/hit-rate-low", warning), isOver(at(1, 34), node+"/hit-rate-low", warning),
		)
		// Half a percent a minute: CPU is above 70 % after 60 minutes, for five at 66. The
		// average hit rate is below 70 % after 44 minutes, two in a row at 49; four
		// minutes of 80 % bring it back.
		busy.Series.
			Set(node, "EngineCPUUtilization", alarmtest.Ramp(40, 80), alarmtest.Between(at(1, 0), at(2, 20))).
			Set(node, "CacheHitRate", alarmtest.Ramp(90, 50), alarmtest.Between(at(1, 0), at(2, 20)))
		busy.Want = append(busy.Want,
			goesOff(at(2, 6), node+"/cpu-high", warning), isOver(at(2, 21), node+"/cpu-high", warning),
			goesOff(at(1, 49), node+"/hit-rate-low", warning), isOver(at(2, 24), node+"/hit-rate-low", warning),
		)
		lost.Want = append(lost.Want,
			loses(at(1, 7), node+"/cpu-high"), isOver(at(2, 1), node+"/cpu-high", warning),
			loses(at(1, 20), node+"/hit-rate-low"), isOver(at(2, 1), node+"/hit-rate-low", warning),
		)
	}
	for _, service := range env.Cluster.Services {
		lost.Want = append(lost.Want,
			loses(at(1, 5), "alb-"+service.Key+"/unhealthy-targets"), isOver(at(2, 1), "alb-"+service.Key+"/unhealthy-targets", critical),
			loses(at(1, 7), service.Key+"/cpu-high"), isOver(at(2, 1), service.Key+"/cpu-high", warning),
			loses(at(1, 7), service.Key+"/memory-high"), isOver(at(2, 1), service.Key+"/memory-high", warning),
		)
	}
	return append(list, storm, busy, lost)
}

func TestScenarios(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, env environment.Environment, cfg monitoring.Config) {
		for _, s := range scenarios(env, cfg) {
			t.Run(s.Name, func(t *testing.T) { alarmtest.Run(t, cfg, s) })
		}
	})
}

// An alarm that no scenario sets off may be one that nothing can.
func TestEveryAlarmGoesOffInAScenario(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, env environment.Environment, cfg monitoring.Config) {
		goes := map[string]bool{}
		for _, s := range scenarios(env, cfg) {
			events, err := alarmtest.Play(cfg, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.State == cloudwatch.InAlarm {
					goes[e.Alarm] = true
				}
			}
		}
		for _, a := range cfg.Alarms() {
			if !goes[a.Key()] {
				t.Errorf("%s (%s) goes off in no scenario", a.Key(), a.Condition())
			}
		}
	})
}

// A threshold, a window or a treatment of missing data that is wrong makes a
// scenario fail.
func TestScenariosNoticeWrongAlarms(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, env environment.Environment, cfg monitoring.Config) {
		mutants, err := alarmtest.Mutate(cfg, scenarios(env, cfg))
		if err != nil {
			t.Fatal(err)
		}
		all, noticed := map[string]int{}, map[string]int{}
		for _, m := range mutants {
			all[m.Field]++
			if m.NoticedBy == "" {
				t.Errorf("%s: nothing notices %s %s instead of %s", m.Alarm, m.Field, m.To, m.From)
				continue
			}
			noticed[m.Field]++
		}
		for field, n := range all {
			t.Logf("%s: %d of %d changes noticed", field, noticed[field], n)
		}
	})
}
