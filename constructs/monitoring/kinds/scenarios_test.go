package kinds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/alarmtest"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// ours is what metrics that are not AWS's do in the examples: 20 orders a minute, a backup
// that says so every minute of its hour, and a log without errors.
var ours = map[string]alarmtest.Generator{
	"Orders":                   alarmtest.Constant(20),
	"BackupDone":               alarmtest.Constant(1),
	"/ecs/shop/backend errors": alarmtest.Gap(),
}

// quiet is a healthy day of a resource.
func quiet(cfg monitoring.Config) *alarmtest.Series {
	s := alarmtest.Healthy(cfg)
	metric, _ := cfg.Definitions()
	for _, a := range metric {
		for _, q := range a.Queries {
			if values, ok := ours[q.Metric.Name]; ok {
				s.Set(resourceOf(cfg, a), q.Metric.Name, values, alarmtest.Always())
			}
		}
		if a.ThresholdMetricID != "" { // 100 orders in five minutes
			s.Band(keyOf(cfg, a), alarmtest.Constant(50), alarmtest.Constant(200))
		}
	}
	return s
}

func keyOf(cfg monitoring.Config, a cloudwatch.MetricAlarm) string {
	return strings.TrimPrefix(a.Name, cfg.Name+"/")
}

func resourceOf(cfg monitoring.Config, a cloudwatch.MetricAlarm) string {
	resource, _, _ := strings.Cut(keyOf(cfg, a), "/")
	return resource
}

// TestScenarios: no alarm of any kind goes off on a healthy day, and each goes off once
// when its metric is a hundredth beyond its threshold, in the period in which the last of
// the data points that it wants is there, and is over when the metric is a hundredth on the
// other side again.
func TestScenarios(t *testing.T) {
	alarms := 0
	for what, examples := range map[string][]monitoring.Resource{"minimal": minimal, "full": full} {
		for _, r := range examples {
			t.Run(what+"/"+name(r), func(t *testing.T) {
				cfg := config(r)
				alarmtest.Run(t, cfg, alarmtest.Scenario{Name: "a healthy day", Series: quiet(cfg)})
				metric, _ := cfg.Definitions()
				for _, a := range metric {
					alarms++
					atTheEdge(t, cfg, a)
				}
			})
		}
	}
	if alarms < 100 {
		t.Errorf("%d alarms are played, want all of the kinds", alarms)
	}
}

// atTheEdge plays an alarm's metric on both sides of its threshold.
func atTheEdge(t *testing.T, cfg monitoring.Config, a cloudwatch.MetricAlarm) {
	t.Helper()
	key, resource, period := keyOf(cfg, a), resourceOf(cfg, a), a.Period()
	n, m := a.EvaluationPeriods, a.DatapointsToAlarm
	if m == 0 {
		m = n
	}
	from := 6 * time.Hour
	to := from + time.Duration(n+4)*period
	series := quiet(cfg).For(to + time.Duration(n+4)*period + 2*time.Hour)
	q, _ := a.Judged()
	if a.ThresholdMetricID != "" {
		q = a.Queries[0]
	}
	during := alarmtest.Between(from, to)
	set := func(good, bad float64) {
		series.Samples(resource, q.Metric.Name, 1, alarmtest.Always()).
			Set(resource, q.Metric.Name, alarmtest.Constant(good), alarmtest.Always()).
			Set(resource, q.Metric.Name, alarmtest.Constant(bad), during)
	}
	late := time.Duration(0) // later than the last data point
	minutes := period.Minutes()
	switch edge := a.Threshold; {
	case a.ThresholdMetricID != "":
		set(50/minutes*1.01, 50/minutes*0.99)
	case q.Metric.Stat == cloudwatch.SampleCount && edge <= minutes: // no data at all
		series.Set(resource, q.Metric.Name, alarmtest.Gap(), during)
		late = 3 * period // CloudWatch looks back a little further, and then counts what is missing
	case q.Metric.Stat == cloudwatch.SampleCount:
		series.Samples(resource, q.Metric.Name, int(edge), alarmtest.Always()).Samples(resource, q.Metric.Name, int(edge)-1, during)
	default:
		inside, beyond := 0.99*edge, 1.01*edge
		if edge == 0 {
			inside, beyond = 0, 1
		}
		switch a.ComparisonOperator {
		case cloudwatch.LessThan, cloudwatch.LessThanOrEqual:
			inside, beyond = beyond, inside
		}
		if q.Metric.Stat == cloudwatch.Sum {
			inside, beyond = inside/minutes, beyond/minutes
		}
		set(inside, beyond)
	}
	if time.Duration(n)*period > 24*time.Hour {
		late += time.Hour // then it is evaluated every hour
	}
	events, err := alarmtest.Play(cfg, alarmtest.Scenario{Name: key + " at its edge", Series: series})
	if err != nil {
		t.Error(err)
		return
	}
	var got []alarmtest.Event
	for _, e := range events {
		if e.Alarm == key {
			got = append(got, e)
		}
	}
	off, over := from+time.Duration(m-1)*period, to+time.Duration(n-m)*period
	if len(got) != 2 || got[0].State != cloudwatch.InAlarm || got[1].State != cloudwatch.OK ||
		got[0].At <= off || got[0].At > off+period+late || got[1].At <= over || got[1].At > over+period+late || len(got[0].Tells) == 0 {
		t.Errorf("%s: got %v, want ALARM between %s and %s and OK between %s and %s, and somebody told", key, got, off, off+period+late, over, over+period+late)
	}
}
