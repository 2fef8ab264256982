package monitoring

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// application is one of each kind of resource, with two parts where there are parts.
func application() Config {
	return Config{
		Name:   "app",
		Region: "ap-southeast-2",
		Notify: map[Severity][]Target{
			Critical: {Email("oncall@example.com")},
			Warning:  {Email("team@example.com")},
		},
		Resources: []Resource{
			ECSService{Key: "backend", Cluster: "cluster", Service: "service", ContainerInsights: true},
			ALB{Key: "alb", ARNSuffix: "app/alb/1", TargetGroups: map[string]string{"backend": "targetgroup/b/2", "frontend": "targetgroup/f/3"}},
			RDS{Key: "postgres", Instance: "db"},
			Redis{Key: "redis", Nodes: map[string]string{"001": "redis-001", "002": "redis-002"}},
		},
	}
}

// TestAlarms pins what is promised for every alarm: README.md and the runbook
// state the same.
func TestAlarms(t *testing.T) {
	metric := func(namespace, name string, unit cloudwatch.Unit, stat string, period time.Duration, dimensions ...string) cloudwatch.Metric {
		m := cloudwatch.Metric{Namespace: namespace, Name: name, Unit: unit, Stat: stat, Period: period}
		for pair := range slices.Chunk(dimensions, 2) {
			m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: pair[0], Value: pair[1]})
		}
		return m
	}
	ecs := []string{"ClusterName", "cluster", "ServiceName", "service"}
	const minute, five = time.Minute, 5 * time.Minute
	row := func(resource, id string, severity Severity, when cloudwatch.Condition, periods int, missing cloudwatch.MissingData, section string) Alarm {
		return Alarm{
			Resource: resource, ID: id, Severity: severity, When: when,
			Window: cloudwatch.Window{EvaluationPeriods: periods}, Missing: missing, Section: section,
		}
	}
	want := []Alarm{
		row("backend", "cpu-high", Warning, metric("AWS/ECS", "CPUUtilization", "Percent", "Average", minute, ecs...).Above(80), 5, "missing", "ecs-cpu-high"),
		row("backend", "memory-high", Warning, metric("AWS/ECS", "MemoryUtilization", "Percent", "Average", minute, ecs...).Above(80), 5, "missing", "ecs-memory-high"),
		row("alb", "5xx-high", Critical, metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Count", "Sum", five, "LoadBalancer", "app/alb/1").Above(10), 1, "notBreaching", "alb-5xx-high"),
		row("alb-backend", "unhealthy-targets", Critical, metric("AWS/ApplicationELB", "UnHealthyHostCount", "Count", "Maximum", minute, "LoadBalancer", "app/alb/1", "TargetGroup", "targetgroup/b/2").Above(0), 3, "missing", "alb-unhealthy-targets"),
		row("postgres", "cpu-high", Warning, metric("AWS/RDS", "CPUUtilization", "Percent", "Average", five, "DBInstanceIdentifier", "db").Above(80), 2, "missing", "rds-cpu-high"),
		row("postgres", "storage-low", Critical, metric("AWS/RDS", "FreeStorageSpace", "Bytes", "Minimum", five, "DBInstanceIdentifier", "db").Below(10_737_418_240), 1, "missing", "rds-storage-low"),
		row("redis-001", "hit-rate-low", Warning, metric("AWS/ElastiCache", "CacheHitRate", "Percent", "Average", five, "CacheClusterId", "redis-001").Below(70), 2, "missing", "redis-hit-rate-low"),
		row("redis-001", "cpu-high", Warning, metric("AWS/ElastiCache", "EngineCPUUtilization", "Percent", "Average", minute, "CacheClusterId", "redis-001").Above(70), 5, "missing", "redis-cpu-high"),
	}
	var got []Alarm
	for _, a := range application().Alarms() {
		if a.FirstStep == "" {
			t.Errorf("%s does not say what to do first", a.Key())
		}
		a.FirstStep = ""
		if !slices.Contains([]string{"alb-frontend", "redis-002"}, a.Resource) {
			got = append(got, a)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

func TestCondition(t *testing.T) {
	want := map[string]string{
		"backend/cpu-high":              "> 80 % for 5 minutes",
		"backend/memory-high":           "> 80 % for 5 minutes",
		"alb/5xx-high":                  "> 10 in 5 minutes",
		"alb-backend/unhealthy-targets": "> 0 for 3 minutes",
		"postgres/cpu-high":             "> 80 % for 10 minutes",
		"postgres/storage-low":          "< 10 GiB for 5 minutes",
		"redis-001/hit-rate-low":        "< 70 % for 10 minutes",
		"redis-001/cpu-high":            "> 70 % for 5 minutes",
	}
	for _, a := range application().Alarms() {
		if w, ok := want[a.Key()]; ok && a.Condition() != w {
			t.Errorf("%s: condition is %q, want %q", a.Key(), a.Condition(), w)
		}
	}
}

func TestTune(t *testing.T) {
	cfg := application()
	cfg.Tune = map[string]Tuning{
		"backend/cpu-high":    {Threshold: 90},
		"alb/5xx-high":        {ThresholdZero: true},
		"backend/memory-high": {Off: true, Reason: "the service caches in memory"},
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	thresholds := map[string]float64{}
	for _, a := range cfg.Alarms() {
		thresholds[a.Key()] = a.When.(cloudwatch.Threshold).Value
	}
	if got := thresholds["backend/cpu-high"]; got != 90 {
		t.Errorf("backend/cpu-high: threshold is %v, want 90", got)
	}
	if got := thresholds["alb/5xx-high"]; got != 0 {
		t.Errorf("alb/5xx-high: threshold is %v, want 0", got)
	}
	if _, ok := thresholds["backend/memory-high"]; ok {
		t.Error("backend/memory-high is there, want it off")
	}
	if got, want := len(thresholds), len(application().Alarms())-1; got != want {
		t.Errorf("%d alarms, want %d", got, want)
	}
}

// TestMetricsExist looks every metric up in AWS's list, with its unit.
func TestMetricsExist(t *testing.T) {
	checked := 0
	check := func(where string, series cloudwatch.Series) {
		for _, m := range cloudwatch.Metrics(series) {
			checked++
			known, ok := cloudwatch.LookUp(m.Namespace, m.Name)
			if !ok {
				t.Errorf("%s: AWS publishes no metric %s in %s", where, m.Name, m.Namespace)
			} else if known.Unit != m.Unit {
				t.Errorf("%s: %s is in %s, AWS says %s", where, m.Name, m.Unit, known.Unit)
			}
		}
	}
	model := application().model()
	for _, a := range model.alarms {
		check(a.Key(), cloudwatch.SeriesOf(a.When))
	}
	for _, p := range model.panels {
		for _, l := range p.Lines {
			check(p.Title, l.Of)
		}
	}
	if checked == 0 {
		t.Error("nothing was checked")
	}
}
