package monitoring

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	ecs := map[string]string{"ClusterName": "cluster", "ServiceName": "service"}
	group := map[string]string{"LoadBalancer": "app/alb/1", "TargetGroup": "targetgroup/b/2"}
	want := []Alarm{
		{"backend", "cpu-high", Warning, "AWS/ECS", "CPUUtilization", ecs, "Average", "GreaterThanThreshold", 80, 60, 5, "missing", "", "ecs-cpu-high"},
		{"backend", "memory-high", Warning, "AWS/ECS", "MemoryUtilization", ecs, "Average", "GreaterThanThreshold", 80, 60, 5, "missing", "", "ecs-memory-high"},
		{"alb", "5xx-high", Critical, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", map[string]string{"LoadBalancer": "app/alb/1"}, "Sum", "GreaterThanThreshold", 10, 300, 1, "notBreaching", "", "alb-5xx-high"},
		{"alb-backend", "unhealthy-targets", Critical, "AWS/ApplicationELB", "UnHealthyHostCount", group, "Maximum", "GreaterThanThreshold", 0, 60, 3, "missing", "", "alb-unhealthy-targets"},
		{"postgres", "cpu-high", Warning, "AWS/RDS", "CPUUtilization", map[string]string{"DBInstanceIdentifier": "db"}, "Average", "GreaterThanThreshold", 80, 300, 2, "missing", "", "rds-cpu-high"},
		{"postgres", "storage-low", Critical, "AWS/RDS", "FreeStorageSpace", map[string]string{"DBInstanceIdentifier": "db"}, "Minimum", "LessThanThreshold", 10_737_418_240, 300, 1, "missing", "", "rds-storage-low"},
		{"redis-001", "hit-rate-low", Warning, "AWS/ElastiCache", "CacheHitRate", map[string]string{"CacheClusterId": "redis-001"}, "Average", "LessThanThreshold", 70, 300, 2, "missing", "", "redis-hit-rate-low"},
		{"redis-001", "cpu-high", Warning, "AWS/ElastiCache", "EngineCPUUtilization", map[string]string{"CacheClusterId": "redis-001"}, "Average", "GreaterThanThreshold", 70, 60, 5, "missing", "", "redis-cpu-high"},
	}
	var got []Alarm
	for _, a := range application().Alarms() {
		if a.FirstStep == "" {
			t.Errorf("%s does not say what to do first", a.Key())
		}
		a.FirstStep = ""
		if !slices.Contains([]string{"alb-frontend", "redis-002"}, a.ResourceKey) {
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
		thresholds[a.Key()] = a.Threshold
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

// published are the metrics that AWS publishes, by namespace. Source: the metric
// metadata of github.com/awslabs/mcp.
func published(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/cloudwatch-metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var metrics map[string][]string
	if err := json.Unmarshal(data, &metrics); err != nil {
		t.Fatal(err)
	}
	return metrics
}

func TestMetricsExist(t *testing.T) {
	metrics := published(t)
	check := func(where, namespace, metric string) {
		if !slices.Contains(metrics[namespace], metric) {
			t.Errorf("%s: AWS publishes no metric %s in %s", where, metric, namespace)
		}
	}
	cfg := application()
	for _, a := range cfg.Alarms() {
		check(a.Key(), a.Namespace, a.Metric)
	}
	lines := 0
	for _, r := range cfg.Resources {
		for _, p := range r.panels() {
			for _, l := range p.lines {
				check(p.widget.title, l.namespace, l.metric)
				lines++
			}
		}
	}
	if lines == 0 {
		t.Error("the dashboard draws nothing")
	}
}
