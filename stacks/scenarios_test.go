package stacks_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

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

// stage is a stack's environment with its scenarios, which tests read and do not change.
type stage struct {
	env       environment.Environment
	cfg       monitoring.Config
	scenarios []alarmtest.Scenario
}

var stages = sync.OnceValue(func() []stage {
	var all []stage
	for _, env := range environment.All() {
		cfg := stacks.Monitoring(env)
		all = append(all, stage{env, cfg, scenarios(env, cfg)})
	}
	return all
})

// everyEnvironment runs a test for each stack.
func everyEnvironment(t *testing.T, test func(t *testing.T, s stage)) {
	for _, s := range stages() {
		t.Run(s.env.Name, func(t *testing.T) { t.Parallel(); test(t, s) })
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

// healthy is a day on which nothing happens: there is no maintenance either.
func healthy(cfg monitoring.Config) *alarmtest.Series {
	return alarmtest.Healthy(cfg).Set("", "Maintenance", alarmtest.Gap(), alarmtest.Always())
}

// scenarios are what may happen to an environment, and what its alarms have to make
// of it: as people hear of it, and under maintenance.
func scenarios(env environment.Environment, cfg monitoring.Config) []alarmtest.Scenario {
	return slices.Concat(stories(env, cfg), maintained(env, stories(env, cfg)), heldBack(env, stories(env, cfg)))
}

// heldBack are the scenarios of edges with a switch that is on until 3:40. What goes off at
// three and is not over then is told five minutes after it.
func heldBack(env environment.Environment, list []alarmtest.Scenario) []alarmtest.Scenario {
	var all []alarmtest.Scenario
	for _, s := range list {
		if !strings.HasSuffix(s.Name, " edge") {
			continue
		}
		begins, ends := switched(env, at(2, 1), cloudwatch.InAlarm), switched(env, at(3, 41), cloudwatch.OK)
		want := []alarmtest.Event{begins, ends}
		for _, e := range s.Want {
			if e.At > at(3, 0) && e.At < at(3, 41) && len(e.Tells) > 0 {
				want = append(want, alarmtest.Event{At: at(3, 46), Alarm: e.Alarm, State: e.State, Held: true, Tells: e.Tells})
				e.Tells, e.Delay = alarmtest.Nobody, 0
			}
			want = append(want, e)
		}
		all = append(all, alarmtest.Scenario{
			Name: s.Name + ", after maintenance", Want: want,
			Series: s.Series.Set("", "Maintenance", alarmtest.Constant(0.5), alarmtest.Between(at(2, 0), at(3, 40))).
				Set("", "Maintenance", alarmtest.Constant(0), alarmtest.At(at(3, 40))),
		})
	}
	return all
}

// switched is that the switch is on or off, which is told.
func switched(env environment.Environment, d time.Duration, state cloudwatch.State) alarmtest.Event {
	r := env.Notify.Warning
	return alarmtest.Event{At: d, Alarm: "maintenance", State: state, Tells: slices.Concat(r.Emails, r.URLs, r.TopicARNs)}
}

// maintained are scenarios in which the switch is on all the time: the same goes off, and
// nobody hears of anything but of the switch.
func maintained(env environment.Environment, list []alarmtest.Scenario) []alarmtest.Scenario {
	begins := switched(env, 0, cloudwatch.InAlarm)
	var all []alarmtest.Scenario
	for _, s := range list {
		if strings.Contains(s.Name, "maintenance") || strings.HasPrefix(s.Name, "everything is lost") || len(s.Want) == 0 {
			continue // they have a switch of their own, or nothing to tell
		}
		want := []alarmtest.Event{begins}
		for _, e := range s.Want {
			if !e.Held {
				e.Tells, e.Delay = alarmtest.Nobody, 0
				want = append(want, e)
			}
		}
		all = append(all, alarmtest.Scenario{
			Name: s.Name + ", under maintenance", Want: want,
			Series: s.Series.Set("", "Maintenance", alarmtest.Constant(0.5), alarmtest.Always()),
		})
	}
	return all
}

// stories are worked out by hand.
func stories(env environment.Environment, cfg monitoring.Config) []alarmtest.Scenario {
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
	// returns: no message comes about data that is there again.
	returns := func(d time.Duration, alarm string) alarmtest.Event { return isOver(d, alarm, alarmtest.Nobody) }
	// isHeld: another alarm says what is wrong.
	isHeld := func(e alarmtest.Event) alarmtest.Event { e.Tells = alarmtest.Nobody; return e }
	healthy := func() *alarmtest.Series { return healthy(cfg) }

	list := []alarmtest.Scenario{
		{
			Name:   "a healthy day",
			Series: healthy(),
		},
		{
			// Without tasks there is neither CPU nor a target to be unhealthy: only alarms that
			// count missing data as bad can tell.
			Name:   "no task runs",
			Series: healthy().Stop("backend", alarmtest.At(at(0, 10))).Stop("alb-backend", alarmtest.At(at(0, 10))),
			Want: []alarmtest.Event{
				loses(at(0, 15), "alb-backend/unhealthy-targets"), // 3 + 2 periods without data
				loses(at(0, 17), "backend/cpu-high"),              // 5 + 2
				loses(at(0, 17), "backend/memory-high"),
				isHeld(goesOff(at(0, 15), "backend/tasks-missing", nil)), // 3 + 2
				isHeld(goesOff(at(0, 15), "alb-backend/no-healthy-targets", nil)),
				goesOff(at(0, 15), "backend/down", critical),
			},
		},
		{
			Name: "one of two tasks is left",
			Series: healthy().
				Samples("backend", "CPUUtilization", 1, alarmtest.Between(at(1, 0), at(2, 0))).
				Samples("frontend", "CPUUtilization", 1, alarmtest.Between(at(1, 0), at(2, 0))),
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
				// From 6:29 on the six hours before the last six were so much lower than those
				// before them that the storage would have lasted for less than four days; the last
				// six have long been. At 9:11 they have enough of the raised storage.
				goesOff(at(6, 29), "postgres/storage-full-soon", warning),
				isOver(at(9, 11), "postgres/storage-full-soon", warning),
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
			// The average of five minutes is above 80 % after 84 minutes, two in a row at 89. A
			// minute is above 90 % after 101, five in a row at 106.
			Name:   "a query that gets slower",
			Series: healthy().Set("postgres", "CPUUtilization", alarmtest.Ramp(40, 100), alarmtest.Between(at(1, 0), at(3, 0))),
			Want: []alarmtest.Event{
				goesOff(at(2, 29), "postgres/cpu-high", warning),
				isOver(at(3, 2), "postgres/cpu-high", warning),
				goesOff(at(2, 46), "postgres/cpu-saturated", critical),
				isOver(at(3, 1), "postgres/cpu-saturated", critical),
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
			// note on metrics that stop says. That is told three times; the alarm is one of
			// the eight whose definition is given.
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
			// the alarm goes on seeing its last data point for three periods of five minutes. Of
			// the six minutes of catching up the first five are enough for another one.
			Name: "the database fails over",
			Series: healthy().
				Stop("postgres", alarmtest.Between(at(0, 10), at(0, 12))).
				Set("postgres", "CPUUtilization", alarmtest.Constant(95), alarmtest.Between(at(0, 12), at(0, 18))).
				Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(0, 10), at(0, 12))).
				Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(30), alarmtest.Between(at(0, 10), at(0, 12))),
			Want: []alarmtest.Event{
				goesOff(at(0, 11), "alb/5xx-high", critical),
				isOver(at(0, 27), "alb/5xx-high", critical),
				goesOff(at(0, 17), "postgres/cpu-saturated", critical),
				isOver(at(0, 19), "postgres/cpu-saturated", critical),
			},
		},
		{
			// 4.5 % of a thousand requests fail, then 5.5 % for an hour, and once more before
			// everything stops: three of five minutes are enough.
			Name: "the share of errors rises",
			// The load balancer's own errors count against the API, too: here among so many
			// requests of the API that its budget does not burn.
			Series: share(share(healthy(), "HTTPCode_Target_5XX_Count", 45, 55), "HTTPCode_ELB_5XX_Count", 47, 58).
				Set("api-availability", "RequestCount", alarmtest.Constant(100_000), alarmtest.Always()).
				Set("alb", "RequestCount", alarmtest.Constant(1000), alarmtest.Always()).
				Set("alb", "RequestCount", alarmtest.Gap(), alarmtest.Between(at(5, 0), at(7, 0))),
			Want: []alarmtest.Event{
				goesOff(at(2, 31), "alb/5xx-high", critical), isOver(at(5, 15), "alb/5xx-high", critical),
				goesOff(at(3, 3), "alb/5xx-rate-high", critical), isOver(at(4, 3), "alb/5xx-rate-high", critical),
				goesOff(at(4, 53), "alb/5xx-rate-high", critical), isOver(at(5, 5), "alb/5xx-rate-high", critical),
				goesOff(at(3, 3), "alb/elb-5xx-rate-high", critical), isOver(at(4, 3), "alb/elb-5xx-rate-high", critical),
				goesOff(at(4, 53), "alb/elb-5xx-rate-high", critical), isOver(at(5, 5), "alb/elb-5xx-rate-high", critical),
			},
		},
		{
			Name: "many errors among few requests",
			Series: healthy().
				Set("alb", "RequestCount", alarmtest.Constant(15), alarmtest.Between(at(1, 0), at(2, 0))).
				Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(1), alarmtest.Between(at(1, 0), at(2, 0))).
				Set("alb", "HTTPCode_ELB_5XX_Count", alarmtest.Constant(15), alarmtest.Between(at(1, 0), at(2, 0))).
				Set("api-availability", "RequestCount", alarmtest.Constant(100_000), alarmtest.Always()),
		},
		{
			// The switch is on for an hour. What goes off meanwhile and is over
			// before the switch is, nobody hears of; what is not is told when the five minutes after
			// it have passed. Data of the switch that stops ends it after three periods.
			Name: "a maintenance window",
			Series: healthy().For(at(6, 0)).
				Set("", "Maintenance", alarmtest.Constant(0), alarmtest.Between(at(0, 30), at(1, 0))).
				Set("", "Maintenance", alarmtest.Constant(0.5), alarmtest.Between(at(1, 0), at(2, 0))).
				Set("", "Maintenance", alarmtest.Gap(), alarmtest.Between(at(2, 0), at(3, 0))).
				Set("postgres", "FreeStorageSpace", alarmtest.Constant(5*monitoring.GiB), alarmtest.Between(at(1, 30), at(2, 30))).
				Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(1, 10), at(1, 20))).
				Stop("backend", alarmtest.Between(at(1, 30), at(1, 50))),
			Want: []alarmtest.Event{
				goesOff(at(1, 1), "maintenance", warning), isOver(at(2, 3), "maintenance", warning),
				isHeld(goesOff(at(1, 13), "alb-backend/unhealthy-targets", nil)), returns(at(1, 21), "alb-backend/unhealthy-targets"),
				isHeld(goesOff(at(1, 31), "postgres/storage-low", nil)),
				{At: at(2, 8), Alarm: "postgres/storage-low", State: cloudwatch.InAlarm, Held: true, Tells: critical},
				isOver(at(2, 35), "postgres/storage-low", critical),
				isHeld(goesOff(at(1, 35), "backend/tasks-missing", nil)), returns(at(1, 51), "backend/tasks-missing"),
				isHeld(goesOff(at(1, 35), "backend/down", nil)), returns(at(1, 51), "backend/down"),
				loses(at(1, 37), "backend/cpu-high"), returns(at(1, 51), "backend/cpu-high"),
				loses(at(1, 37), "backend/memory-high"), returns(at(1, 51), "backend/memory-high"),
			},
		},
		{
			// Held back until five minutes after the outage: nothing is lost.
			Name: "an alarm goes off during an outage, and stays",
			Series: healthy().
				Stop("backend", alarmtest.Between(at(1, 0), at(1, 20))).
				Set("alb-backend", "UnHealthyHostCount", alarmtest.Constant(1), alarmtest.Between(at(1, 10), at(2, 0))),
			Want: []alarmtest.Event{
				isHeld(goesOff(at(1, 5), "backend/tasks-missing", nil)), returns(at(1, 21), "backend/tasks-missing"),
				goesOff(at(1, 5), "backend/down", critical), isOver(at(1, 21), "backend/down", critical),
				loses(at(1, 7), "backend/cpu-high"), returns(at(1, 21), "backend/cpu-high"),
				loses(at(1, 7), "backend/memory-high"), returns(at(1, 21), "backend/memory-high"),
				isHeld(goesOff(at(1, 13), "alb-backend/unhealthy-targets", nil)),
				{At: at(1, 26), Alarm: "alb-backend/unhealthy-targets", State: cloudwatch.InAlarm, Held: true, Tells: critical},
				isOver(at(2, 1), "alb-backend/unhealthy-targets", critical),
			},
		},
		{
			// Of its two periods and two more the first has nothing before it to differ from, so
			// that three without data are enough: 18 hours.
			Name:   "nothing is known of the disk for two days",
			Series: healthy().Set("postgres", "FreeStorageSpace", alarmtest.Gap(), alarmtest.Between(at(12, 0), at(60, 0))).For(at(84, 0)),
			Want: []alarmtest.Event{
				loses(at(12, 15), "postgres/storage-low"), returns(at(60, 1), "postgres/storage-low"),
				loses(at(30, 0), "postgres/storage-full-soon"), returns(at(66, 1), "postgres/storage-full-soon"),
			},
		},
	}
	for _, canary := range env.Synthetics.Canaries {
		failed := func(minutes ...time.Duration) *alarmtest.Series {
			series := healthy()
			for _, m := range minutes {
				series.Set(canary.Key, "SuccessPercent", alarmtest.Constant(0), alarmtest.Between(m, m+time.Minute))
			}
			return series
		}
		list = append(list,
			alarmtest.Scenario{Name: canary.Key + ": one check fails", Series: failed(at(1, 0))},
			// A failed minute is a fifth of the average of five, and in two windows of five that
			// follow each other until the first is six minutes old.
			alarmtest.Scenario{
				Name: canary.Key + ": two checks in a row fail", Series: failed(at(1, 0), at(1, 5)),
				Want: []alarmtest.Event{goesOff(at(1, 6), canary.Key+"/failing", critical), isOver(at(1, 11), canary.Key+"/failing", critical)},
			},
		)
	}
	if !alarms(cfg)["alb/5xx-rate-high"] { // nothing looks at these metrics
		list = slices.DeleteFunc(list, func(s alarmtest.Scenario) bool {
			return s.Name == "the share of errors rises" || s.Name == "many errors among few requests"
		})
	}

	list = slices.Concat(burns(healthy, goesOff, isOver, critical, warning), list)

	storm := alarmtest.Scenario{Name: "an eviction storm of Redis", Series: healthy()}
	busy := alarmtest.Scenario{Name: "Redis gets busy", Series: healthy()}
	lost := alarmtest.Scenario{
		Name:   "everything is lost at once, and comes back",
		Series: healthy().StopAll(alarmtest.Between(at(1, 0), at(2, 0))),
		Want: []alarmtest.Event{
			loses(at(1, 15), "postgres/storage-low"), returns(at(2, 1), "postgres/storage-low"),
			loses(at(1, 20), "postgres/cpu-high"), returns(at(2, 1), "postgres/cpu-high"),
			isHeld(goesOff(at(1, 7), "postgres/cpu-saturated", nil)), returns(at(2, 1), "postgres/cpu-saturated"),
			goesOff(at(1, 7), "postgres/down", critical), isOver(at(2, 1), "postgres/down", critical),
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
		if alarms(cfg)[node+"/evictions-high"] {
			// Two minutes of 60 make more than 100 in five minutes; three such periods in a row
			// are there ten minutes later. The last period has one minute of it at 1:34.
			storm.Series.Set(node, "Evictions", alarmtest.Constant(60), alarmtest.Between(at(1, 0), at(1, 30)))
			storm.Want = append(storm.Want, goesOff(at(1, 12), node+"/evictions-high", warning), isOver(at(1, 34), node+"/evictions-high", warning))
		}
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
		// The database speaks for the nodes that are gone with it.
		lost.Want = append(lost.Want,
			isHeld(goesOff(at(1, 7), node+"/node-missing", nil)), returns(at(2, 1), node+"/node-missing"),
			loses(at(1, 7), node+"/cpu-high"), returns(at(2, 1), node+"/cpu-high"),
			loses(at(1, 20), node+"/hit-rate-low"), returns(at(2, 1), node+"/hit-rate-low"),
		)
		gone := alarmtest.Scenario{
			Name:   node + " is gone, and is replaced",
			Series: healthy().Stop(node, alarmtest.Between(at(1, 0), at(1, 30))),
			Want: []alarmtest.Event{
				goesOff(at(1, 7), node+"/node-missing", critical), isOver(at(1, 31), node+"/node-missing", critical), // 5 + 2
				loses(at(1, 7), node+"/cpu-high"), returns(at(1, 31), node+"/cpu-high"),
				loses(at(1, 20), node+"/hit-rate-low"), returns(at(1, 31), node+"/hit-rate-low"),
			},
		}
		for _, e := range atTheEdge(env, cfg) {
			if e.resource == node && e.missing == cloudwatch.Missing {
				gone.Want = append(gone.Want, loses(at(1, 0)+time.Duration(e.n+2)*e.period, e.alarm), returns(at(1, 31), e.alarm))
			}
		}
		list = append(list, gone)
	}
	for _, service := range env.Cluster.Services {
		lost.Want = append(lost.Want,
			loses(at(1, 5), "alb-"+service.Key+"/unhealthy-targets"), returns(at(2, 1), "alb-"+service.Key+"/unhealthy-targets"),
			loses(at(1, 7), service.Key+"/cpu-high"), returns(at(2, 1), service.Key+"/cpu-high"),
			loses(at(1, 7), service.Key+"/memory-high"), returns(at(2, 1), service.Key+"/memory-high"),
			isHeld(goesOff(at(1, 5), service.Key+"/tasks-missing", nil)), returns(at(2, 1), service.Key+"/tasks-missing"),
			goesOff(at(1, 5), service.Key+"/down", critical), isOver(at(2, 1), service.Key+"/down", critical),
		)
	}
	edges := alarmtest.Scenario{Name: "each alarm at its edge", Series: healthy()}
	// A target group without healthy targets holds the others back.
	groups := alarmtest.Scenario{Name: "target groups at their edge", Series: healthy()}
	for _, e := range atTheEdge(env, cfg) {
		tells, s := warning, &edges
		if e.critical {
			tells = critical
		}
		who := map[string][]string{e.alarm: tells}
		if e.down != "" {
			s, who = &groups, map[string][]string{e.alarm: alarmtest.Nobody, e.down: tells}
		}
		e.happens(s)
		off, over := e.startsAndEnds()
		for alarm, tells := range who {
			s.Want = append(s.Want, goesOff(at(3, 0)+off, alarm, tells), isOver(at(4, 0)+over, alarm, tells), goesOff(at(6, 0)+e.again(), alarm, tells))
			if e.missing == cloudwatch.Breaching {
				s.Want = append(s.Want, isOver(at(9, 1), alarm, tells))
			}
		}
		silent := time.Duration(e.n+2) * e.period // that an alarm looks back
		switch e.missing {
		case cloudwatch.Missing:
			noData := loses(at(7, 0)+silent, e.alarm)
			noData.Tells = tells // that it is not in ALARM any more
			s.Want = append(s.Want, noData, returns(at(9, 1), e.alarm))
			lost.Want = append(lost.Want, loses(at(1, 0)+silent, e.alarm), returns(at(2, 1), e.alarm))
		case cloudwatch.NotBreaching:
			s.Want = append(s.Want, isOver(at(7, 0)+time.Duration(e.n-e.m+3)*e.period, e.alarm, tells))
		case cloudwatch.Breaching:
			lost.Want = append(lost.Want, isHeld(goesOff(at(1, 0)+silent, e.alarm, nil)), returns(at(2, 1), e.alarm))
		}
	}
	list = append(list, storm, busy, lost, edges, groups)
	if alarms(cfg)[nodes(env)[0]+"/failover"] {
		// Each node changes its role, and then says nothing of it any more: the alarm looks
		// at its last data point a minute longer.
		failover := alarmtest.Scenario{Name: "Redis fails over", Series: healthy()}
		for i, node := range nodes(env) {
			before := float64(i)
			failover.Series.
				Set(node, "IsMaster", alarmtest.Constant(before), alarmtest.Always()).
				Set(node, "IsMaster", alarmtest.Constant(1-before), alarmtest.Between(at(1, 0), at(1, 1))).
				Set(node, "IsMaster", alarmtest.Gap(), alarmtest.At(at(1, 1)))
			failover.Want = append(failover.Want, goesOff(at(1, 1), node+"/failover", warning), isOver(at(1, 3), node+"/failover", warning))
		}
		list = append(list, failover)
	}
	made, held := alarms(cfg), cfg.Held()
	for i := range list {
		list[i].Want = slices.DeleteFunc(list[i].Want, func(e alarmtest.Event) bool { return !made[e.Alarm] })
		for k := range list[i].Want {
			e := &list[i].Want[k]
			if by, ok := held[e.Alarm]; ok && len(e.Tells) > 0 && !e.Held {
				e.Delay = cmp.Or(by.Wait, time.Minute) // for what may hold the message back
			}
		}
	}
	return list
}

// burns are scenarios of the service levels: 99.5 % of the requests do not fail, 99 %
// take at most a second. Each minute has 1,000 requests and 600 response times. Parts of
// a pair tell nobody.
func burns(healthy func() *alarmtest.Series, goesOff, isOver func(time.Duration, string, []string) alarmtest.Event, critical, warning []string) []alarmtest.Scenario {
	const fails, isSlow = "api-availability/", "api-latency/"
	steady := func() *alarmtest.Series {
		return healthy().
			Set("api-availability", "RequestCount", alarmtest.Constant(1000), alarmtest.Always()).
			Set("api-latency", "TargetResponseTime", alarmtest.Constant(0.2), alarmtest.Always())
	}
	fail := func(s *alarmtest.Series, rate float64, from, to time.Duration) {
		s.Set("api-availability", "HTTPCode_Target_5XX_Count", alarmtest.Constant(rate*0.005*1000), alarmtest.Between(from, to))
	}
	// Of five minutes one is slow, with as many response times as make the share.
	delay := func(s *alarmtest.Series, rate float64, from, to time.Duration) {
		for t := from; t < to; t += 5 * time.Minute {
			minute := alarmtest.Between(t, t+time.Minute)
			s.Set("api-latency", "TargetResponseTime", alarmtest.Constant(2), minute).
				Samples("api-latency", "TargetResponseTime", int(math.Round(4*600*rate*0.01/(1-rate*0.01))), minute)
		}
	}
	days := func(d, hours, minutes int) time.Duration { return at(24*d+hours, minutes) }
	silent := alarmtest.Nobody
	var want []alarmtest.Event
	during := func(from, to time.Duration, alarm string, tells []string) {
		want = append(want, goesOff(from, alarm, tells), isOver(to, alarm, tells))
	}

	// 10.5 % of the requests fail from 1:00 on, 21 times what is allowed: x minutes of it
	// are 21 x / 60 in an hour. From 3:00 to 5:00 there are no requests at all.
	fast := steady().Set("api-availability", "RequestCount", alarmtest.Gap(), alarmtest.Between(at(3, 0), at(5, 0)))
	fail(fast, 21, at(1, 0), at(3, 0))
	during(at(1, 4), at(3, 5), fails+"burn-1h-short", silent)
	during(at(1, 42), at(4, 0), fails+"burn-1h-long", silent)
	during(at(1, 42), at(3, 5), fails+"burn-1h", critical)
	during(at(1, 9), at(3, 30), fails+"burn-6h-short", silent)
	during(at(2, 43), at(7, 52), fails+"burn-6h-long", silent)
	during(at(2, 43), at(3, 30), fails+"burn-6h", critical)
	during(at(1, 18), at(8, 49), fails+"burn-3d-short", silent)
	// 13 % are slow, a little less than 14.4 times what is allowed, and then 16 %. Slow
	// minutes have 359 and 457 response times, so that three of them in half an hour are
	// 6.2 %, two 5.2 %.
	delay(fast, 13, at(1, 0), at(2, 0))
	delay(fast, 16, at(2, 0), at(4, 0))
	during(at(2, 1), at(4, 1), isSlow+"burn-1h-short", silent)
	during(at(2, 26), at(4, 6), isSlow+"burn-1h-long", silent)
	during(at(2, 26), at(4, 1), isSlow+"burn-1h", critical)
	during(at(1, 11), at(4, 16), isSlow+"burn-6h-short", silent)
	during(at(3, 31), at(7, 36), isSlow+"burn-6h-long", silent)
	during(at(3, 31), at(4, 16), isSlow+"burn-6h", critical)
	during(at(1, 26), at(9, 36), isSlow+"burn-3d-short", silent)
	list := []alarmtest.Scenario{{Name: "error budgets burn fast", Series: fast, Want: want}}

	// Rates that the pairs of an hour and of six hours let pass, so that one, two or three
	// days of it are a burn. The windows of a day move from hour to hour. Slow minutes are
	// shorter of response times than others, and count for an hour less.
	for _, slow := range []struct {
		name string
		rate float64
		to   time.Duration
		want func()
	}{
		{"for three days", 1.3, days(4, 0, 0), func() {
			// A day burns with 19 hours of it at the end, and with 18 no longer.
			during(days(1, 4, 37), days(4, 1, 24), fails+"burn-3d-short", silent)
			during(days(3, 19, 0), days(4, 6, 0), fails+"burn-3d-3of3", silent)
			during(days(3, 19, 0), days(4, 1, 24), fails+"burn-3d", warning)
			during(days(1, 4, 46), days(4, 1, 11), isSlow+"burn-3d-short", silent)
			during(days(3, 20, 0), days(4, 5, 0), isSlow+"burn-3d-3of3", silent)
			during(days(3, 20, 0), days(4, 1, 11), isSlow+"burn-3d", warning)
		}},
		{"for almost three days", 1.9, days(3, 20, 0), func() {
			during(days(1, 3, 10), days(3, 22, 51), fails+"burn-3d-short", silent)
			during(days(2, 19, 0), days(5, 2, 0), fails+"burn-3d-2of3", silent)
			during(days(3, 13, 0), days(4, 8, 0), fails+"burn-3d-3of3", silent)
			during(days(2, 19, 0), days(3, 22, 51), fails+"burn-3d", warning)
			during(days(1, 3, 26), days(3, 22, 31), isSlow+"burn-3d-short", silent)
			during(days(2, 20, 0), days(5, 1, 0), isSlow+"burn-3d-2of3", silent)
			during(days(3, 14, 0), days(4, 7, 0), isSlow+"burn-3d-3of3", silent)
			during(days(2, 20, 0), days(3, 22, 31), isSlow+"burn-3d", warning)
		}},
		{"for more than a day", 4.9, days(2, 9, 0), func() {
			during(days(1, 1, 14), days(2, 13, 47), fails+"burn-3d-short", silent)
			during(days(1, 15, 0), days(4, 19, 0), fails+"burn-3d-1of3", silent)
			during(days(2, 8, 0), days(3, 2, 0), fails+"burn-3d-2of3", silent)
			during(days(3, 8, 0), days(4, 2, 0), fails+"burn-3d-2of3", silent)
			during(days(1, 15, 0), days(2, 13, 47), fails+"burn-3d", warning)
			during(days(1, 1, 21), days(2, 13, 36), isSlow+"burn-3d-short", silent)
			during(days(1, 16, 0), days(4, 18, 0), isSlow+"burn-3d-1of3", silent)
			during(days(2, 9, 0), days(3, 1, 0), isSlow+"burn-3d-2of3", silent)
			during(days(3, 9, 0), days(4, 1, 0), isSlow+"burn-3d-2of3", silent)
			during(days(1, 16, 0), days(2, 13, 36), isSlow+"burn-3d", warning)
		}},
	} {
		want = nil
		slow.want()
		s := steady().For(days(5, 6, 0))
		fail(s, slow.rate, days(1, 0, 0), slow.to)
		delay(s, slow.rate, days(1, 0, 0), slow.to)
		list = append(list, alarmtest.Scenario{Name: "error budgets burn slowly " + slow.name, Series: s, Want: want})
	}
	return list
}

// share makes a number of requests a minute fail: few from 2:30 on, many from 3 to 4
// and from 4:50 on, until everything stops at 5.
func share(s *alarmtest.Series, metric string, few, many float64) *alarmtest.Series {
	return s.Set("alb", metric, alarmtest.Constant(few), alarmtest.Between(at(2, 30), at(4, 50))).
		Set("alb", metric, alarmtest.Constant(many), alarmtest.Between(at(3, 0), at(4, 0))).
		Set("alb", metric, alarmtest.Constant(many), alarmtest.Between(at(4, 50), at(5, 0)))
}

// edge is an alarm whose metric comes close to the threshold T and then goes a
// little beyond it.
type edge struct {
	alarm, resource, metric string
	base, beyond            float64 // 0.9 T and 1.1 T a period, or the other way round
	m, n                    int
	period                  time.Duration
	sum                     bool // the value is a total of the period
	missing                 cloudwatch.MissingData
	critical                bool
	with                    string // a metric that the first is compared with, and that stops with it
	down                    string // the alarm that speaks for it
}

// happens: close to the threshold all day, beyond it from 3 to 4 and from 6 to 7, and
// no data from 7 to 9.
func (e edge) happens(s *alarmtest.Scenario) {
	minutes := 1.0
	if e.sum {
		minutes = e.period.Minutes()
	}
	set := func(v float64, span alarmtest.Span) { s.Series.Set(e.resource, e.metric, alarmtest.Constant(v), span) }
	set(e.base/minutes, alarmtest.Always())
	set(e.beyond/minutes, alarmtest.Between(at(3, 0), at(4, 0)))
	set(e.beyond, alarmtest.Between(at(6, 0), at(7, 0))) // a single minute is enough
	s.Series.Set(e.resource, e.metric, alarmtest.Gap(), alarmtest.Between(at(7, 0), at(9, 0)))
	if e.with != "" {
		s.Series.Set(e.resource, e.with, alarmtest.Gap(), alarmtest.Between(at(7, 0), at(9, 0)))
	}
}

// startsAndEnds is how long it takes until the alarm goes off and is over. Of five
// minutes, three at 1.1 T and two at 0.9 T are beyond T; more periods of five minutes
// follow later.
func (e edge) startsAndEnds() (off, over time.Duration) {
	if e.base == 0 { // each minute beyond T is enough, and over when there is none in the period
		return time.Minute + time.Duration(e.m-1)*e.period, e.period
	}
	half := (e.period/time.Minute + 1) / 2 * time.Minute
	return half + time.Duration(e.m-1)*e.period, half + time.Duration(e.n-e.m)*e.period
}

// again is the same for the second time.
func (e edge) again() time.Duration {
	if e.sum {
		return time.Minute + time.Duration(e.m-1)*e.period
	}
	off, _ := e.startsAndEnds()
	return off
}

// atTheEdge are the alarms of an environment that look at one number which no other
// alarm looks at.
func atTheEdge(env environment.Environment, cfg monitoring.Config) []edge {
	const minute, five = time.Minute, 5 * time.Minute
	const missing, good, bad = cloudwatch.Missing, cloudwatch.NotBreaching, cloudwatch.Breaching
	above := func(resource, id, metric string, limit float64, n int, period time.Duration, data cloudwatch.MissingData) edge {
		e := edge{alarm: resource + "/" + id, resource: resource, metric: metric, base: 0.9 * limit, beyond: 1.1 * limit, m: n, n: n, period: period, missing: data}
		if limit == 0 {
			e.beyond = 0.5
		}
		return e
	}
	below := func(resource, id, metric string, limit float64, n int, period time.Duration, data cloudwatch.MissingData) edge {
		e := above(resource, id, metric, limit, n, period, data)
		e.base, e.beyond = e.beyond, e.base
		return e
	}
	sum := func(e edge) edge { e.sum = true; return e }
	critical := func(e edge) edge { e.critical = true; return e }
	speaks := func(down string, e edge) edge { e.down = down; return critical(e) }
	list := []edge{
		critical(sum(above("alb", "connections-rejected", "RejectedConnectionCount", 0, 1, five, good))),
		sum(above("alb", "target-connection-errors", "TargetConnectionErrorCount", 10, 1, five, good)),
		sum(above("alb", "client-tls-errors", "ClientTLSNegotiationErrorCount", 100, 3, five, good)),
		sum(above("alb", "target-tls-errors", "TargetTLSNegotiationErrorCount", 10, 1, five, good)),
		critical(above("events", "undelivered", "ApproximateNumberOfMessagesVisible", 0, 1, minute, good)),
		sum(above("topic-critical", "delivery-failed", "NumberOfNotificationsFailed", 0, 1, minute, good)), // the other one tells
		critical(sum(above("topic-warning", "delivery-failed", "NumberOfNotificationsFailed", 0, 1, minute, good))),
		above("postgres", "read-latency-high", "ReadLatency", 0.02, 5, minute, missing),
		above("postgres", "write-latency-high", "WriteLatency", 0.02, 5, minute, missing),
		below("postgres", "ebs-byte-balance-low", "EBSByteBalance%", 10, 3, minute, missing),
		below("postgres", "ebs-io-balance-low", "EBSIOBalance%", 10, 3, minute, missing),
		critical(above("postgres", "transaction-ids-high", "MaximumUsedTransactionIDs", 1e9, 1, minute, missing)),
		above("postgres", "connections-high", "DatabaseConnections", 157, 5, minute, bad), // 80 % of 197
		below("postgres", "memory-low", "FreeableMemory", 2*monitoring.GiB/20, 15, minute, bad),
		below("postgres", "cpu-credits-low", "CPUCreditBalance", 57, 3, five, missing), // a tenth of 24 * 24
	}
	slow := above("alb", "response-time-high", "TargetResponseTime", 2, 5, minute, good)
	slow.m = 3
	list = append(list, slow)
	for _, service := range env.Cluster.Services {
		list = append(list,
			speaks(service.Key+"/down", below("alb-"+service.Key, "no-healthy-targets", "HealthyHostCount", 1, 3, minute, bad)),
			above(service.Key, "tasks-pending", "PendingTaskCount", 0, 10, minute, good),
			sum(above(service.Key, "containers-restart", "RestartCount", 3, 1, five, good)),
		)
		full := above(service.Key, "ephemeral-storage-high", "EphemeralStorageUtilized", 16, 5, minute, good) // of 20
		full.with = "EphemeralStorageReserved"
		// desired - running: 0, then 0.5.
		few := above(service.Key, "tasks-below-desired", "RunningTaskCount", 0, 10, minute, good)
		few.base, few.beyond, few.with = 2, 1.5, "DesiredTaskCount"
		list = append(list, full, few)
	}
	for _, node := range nodes(env) {
		list = append(list,
			above(node, "memory-high", "DatabaseMemoryUsagePercentage", 80, 5, minute, missing),
			sum(above(node, "evictions-high", "Evictions", 100, 3, five, missing)),
			above(node, "connections-high", "CurrConnections", 36_800, 10, minute, missing), // 80 % of 46,000
			above(node, "swap-high", "SwapUsage", 50<<20, 5, minute, missing),
			sum(above(node, "authentication-failures", "AuthenticationFailures", 10, 1, five, good)),
			above(node, "replication-lag-high", "ReplicationLag", 2, 15, minute, missing),
			above(node, "host-cpu-high", "CPUUtilization", 45, 5, minute, missing), // 90 % of one of two vCPUs
			below(node, "cpu-credits-low", "CPUCreditBalance", 57, 3, five, missing),
		)
	}
	for _, canary := range env.Synthetics.Canaries {
		list = append(list,
			critical(below(canary.Key, "failing", "SuccessPercent", 90, 2, five, bad)),
			above(canary.Key, "slow", "Duration", 5000, 3, five, missing),
		)
	}
	made := alarms(cfg)
	return slices.DeleteFunc(list, func(e edge) bool { return !made[e.alarm] })
}

// alarms are the keys of the alarms that an environment has.
func alarms(cfg monitoring.Config) map[string]bool {
	made := map[string]bool{}
	for _, a := range cfg.Alarms() {
		made[a.Key()] = true
	}
	return made
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	everyEnvironment(t, func(t *testing.T, stage stage) {
		for _, s := range stage.scenarios {
			t.Run(s.Name, func(t *testing.T) { t.Parallel(); alarmtest.Run(t, stage.cfg, s) })
		}
	})
}

// An alarm that no scenario sets off may be one that nothing can. TestScenarios shows that
// what a scenario wants happens, and nothing else.
func TestEveryAlarmGoesOffInAScenario(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, stage stage) {
		goes := map[string]bool{}
		for _, s := range stage.scenarios {
			for _, e := range s.Want {
				if e.State == cloudwatch.InAlarm {
					goes[e.Alarm] = true
				}
			}
		}
		for _, a := range stage.cfg.Alarms() {
			if !goes[a.Key()] {
				t.Errorf("%s (%s) goes off in no scenario", a.Key(), a.Condition())
			}
		}
	})
}

// TestScenariosNoticeWrongAlarms: an alarm with one thing wrong makes a scenario fail. Only
// of periods and of how long a suppressor lasts not every change has to be noticed. The
// shares are in docs/architecture.md.
func TestScenariosNoticeWrongAlarms(t *testing.T) {
	t.Parallel()
	all, noticed := map[string]map[string]int{}, map[string]map[string]int{}
	var names []string
	for _, s := range stages() {
		env := s.env
		names = append(names, env.Name)
		mutants, err := alarmtest.Mutate(s.cfg, s.scenarios)
		if err != nil {
			t.Fatalf("%s: %v", env.Name, err)
		}
		for _, m := range mutants {
			if all[m.Field] == nil {
				all[m.Field], noticed[m.Field] = map[string]int{}, map[string]int{}
			}
			all[m.Field][env.Name]++
			if m.NoticedBy != "" {
				noticed[m.Field][env.Name]++
			} else if m.Field != "Period" && m.Field != "ActionsSuppressorExtensionPeriod" {
				t.Errorf("%s: %s: nothing notices %s %s instead of %s", env.Name, m.Alarm, m.Field, m.To, m.From)
			}
		}
	}
	table := "| Changed | " + strings.Join(names, " | ") + " |\n|---|" + strings.Repeat("---|", len(names)) + "\n"
	for _, field := range slices.Sorted(maps.Keys(all)) {
		table += "| `" + field + "` |"
		for _, name := range names {
			table += fmt.Sprintf(" %d of %d |", noticed[field][name], all[field][name])
		}
		table += "\n"
	}
	compareTable(t, filepath.Join("..", "docs", "architecture.md"), "noticed", table)
}

// compareTable compares the part of a document between two comments with what the code
// says, or writes it when snapshots are updated.
func compareTable(t *testing.T, path, name, want string) {
	t.Helper()
	begin, end := "<!-- "+name+": written by make snapshots -->\n", "<!-- end of "+name+" -->"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	got, after, ended := strings.Cut(rest, end)
	switch {
	case !found || !ended:
		t.Fatalf("%s has no section between %q and %q", path, begin, end)
	case os.Getenv("UPDATE_SNAPS") != "":
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case got != want:
		t.Errorf("the table %q of %s is out of date: make snapshots writes it (-code +document):\n%s", name, path, gocmp.Diff(want, got))
	}
}

// When everything is lost at once, a person gets three messages at most, and as many
// when it comes back.
func TestMessagesWhenEverythingIsLost(t *testing.T) {
	const most = 3
	everyEnvironment(t, func(t *testing.T, s stage) {
		cfg := s.cfg
		lost := healthy(cfg).StopAll(alarmtest.Between(at(1, 0), at(7, 0)))
		events, err := alarmtest.Play(cfg, alarmtest.Scenario{Name: "everything is lost", Series: lost})
		if err != nil {
			t.Fatal(err)
		}
		gone, back := map[string]int{}, map[string]int{}
		for _, e := range events {
			count := gone
			if e.At > at(7, 0) {
				count = back
			}
			for _, recipient := range e.Tells {
				count[recipient]++
			}
		}
		if len(gone) == 0 {
			t.Error("nobody is told")
		}
		for recipient := range gone {
			t.Logf("%s gets %d messages, and %d when it is over", recipient, gone[recipient], back[recipient])
			if gone[recipient] > most || back[recipient] > most {
				t.Errorf("%s gets %d messages, and %d when it is over: want at most %d", recipient, gone[recipient], back[recipient], most)
			}
		}
	})
}

// When each alarm's metric goes too far at once, which is not one outage but dozens,
// each alarm tells everybody once at most. Where tasks are missing there is no CPU to be
// high, so that the services' tasks are there.
func TestMessagesWhenEverythingFails(t *testing.T) {
	everyEnvironment(t, func(t *testing.T, s stage) {
		env, cfg := s.env, s.cfg
		failing, span := healthy(cfg), alarmtest.At(at(1, 0))
		set := func(resource, metric string, value float64) {
			failing.Set(resource, metric, alarmtest.Constant(value), span)
		}
		for _, service := range env.Cluster.Services {
			set(service.Key, "CPUUtilization", 100)
			set(service.Key, "MemoryUtilization", 100)
			set("alb-"+service.Key, "UnHealthyHostCount", 2)
		}
		set("alb", "HTTPCode_Target_5XX_Count", 100)
		set("postgres", "CPUUtilization", 100)
		set("postgres", "FreeStorageSpace", 0)
		for _, node := range nodes(env) {
			set(node, "CacheHitRate", 0)
			set(node, "EngineCPUUtilization", 100)
		}
		for _, e := range atTheEdge(env, cfg) {
			set(e.resource, e.metric, e.beyond)
		}
		for _, node := range nodes(env) {
			if alarms(cfg)[node+"/failover"] { // one after the other
				failing.Set(node, "IsMaster", alarmtest.Ramp(0, 100), span)
			}
		}
		if alarms(cfg)["alb/elb-5xx-rate-high"] {
			set("alb", "HTTPCode_ELB_5XX_Count", 100)
			set("alb", "RequestCount", 1000)
		}
		set("api-availability", "RequestCount", 1000)
		set("api-availability", "HTTPCode_Target_5XX_Count", 1000)
		set("api-latency", "TargetResponseTime", 10)
		events, err := alarmtest.Play(cfg, alarmtest.Scenario{Name: "everything fails", Series: failing})
		if err != nil {
			t.Fatal(err)
		}
		goesOff, told := map[string]bool{}, map[string]int{}
		for _, e := range events {
			goesOff[e.Alarm] = true
			if len(e.Tells) > 0 {
				told[e.Alarm]++
			}
		}
		for key := range alarms(cfg) {
			// Two or three days of burning are more than this day has.
			days := strings.HasSuffix(key, "-2of3") || strings.HasSuffix(key, "-3of3")
			isMissing := strings.HasSuffix(key, "-missing") // what is there and fails
			want := key != "maintenance" && !days && !isMissing && (!strings.HasSuffix(key, "/down") || env.Profile == "recommended")
			if goesOff[key] != want {
				t.Errorf("%s goes off: %t, want %t", key, goesOff[key], want)
			}
			if told[key] > 1 {
				t.Errorf("%s tells %d times", key, told[key])
			}
		}
		for recipient, n := range alarmtest.Messages(events) {
			t.Logf("%s gets %d messages about %d alarms", recipient, n, len(goesOff))
		}
	})
}
