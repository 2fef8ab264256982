package coverage

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// TestCoverage fails for each alarm that AWS recommends and that is neither in a
// kind's table nor an exception with a reason.
func TestCoverage(t *testing.T) {
	_, wrong := compare(Kinds())
	for _, w := range wrong {
		t.Error(w)
	}
}

// TestDocument compares docs/coverage.md with what the code says, or writes it when
// snapshots are updated.
func TestDocument(t *testing.T) {
	const path = "../../../docs/coverage.md"
	want := Document(Kinds())
	if os.Getenv("UPDATE_SNAPS") != "" {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/coverage.md is not what the kinds say; make snapshots writes it:\n%s", diff)
	}
}

// Every metric of an alarm is one that AWS publishes, where its namespace is in the
// catalogue: an alarm on a misspelt one can never go off.
func TestMetricsExist(t *testing.T) {
	for _, kind := range Kinds() {
		if err := kind.Example.Validate(); err != nil {
			t.Errorf("%s: Example: %v", kind.Name, err)
		}
		for _, a := range kind.Example.Watch().Alarms {
			for _, m := range cloudwatch.Metrics(cloudwatch.SeriesOf(a.When)) {
				known, ok := cloudwatch.LookUp(m.Namespace, m.Name)
				switch {
				case len(cloudwatch.MetricNames(m.Namespace)) == 0:
				case !ok:
					t.Errorf("%s: %s: AWS publishes no %s in %s", kind.Name, a.ID, m.Name, m.Namespace)
				case known.Unit != m.Unit:
					t.Errorf("%s: %s: %s is in %s, AWS says %s", kind.Name, a.ID, m.Name, m.Unit, known.Unit)
				}
			}
		}
	}
}

// Without its namespace what AWS recommends there is not compared with a kind; with one
// that its alarms do not use it answers for others.
func TestNamespacesAreThoseOfTheAlarms(t *testing.T) {
	for _, kind := range Kinds() {
		used := map[string]bool{}
		for _, a := range kind.Example.Watch().Alarms {
			for _, m := range cloudwatch.Metrics(cloudwatch.SeriesOf(a.When)) {
				if strings.HasPrefix(m.Namespace, "AWS/") || len(cloudwatch.MetricNames(m.Namespace)) > 0 {
					used[m.Namespace] = true
				}
			}
		}
		got := slices.Sorted(slices.Values(kind.Namespaces))
		if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: Namespaces (-alarms +said):\n%s", kind.Name, diff)
		}
	}
}

// Every kind that there is stands in the list.
func TestKindsAreAll(t *testing.T) {
	listed := map[string]bool{}
	for _, kind := range Kinds() {
		of := reflect.TypeOf(kind.Example)
		listed[path.Base(of.PkgPath())+"."+of.Name()] = true
	}
	watches := regexp.MustCompile(`(?m)^func \(\w+ \*?([A-Z]\w*)\) Watch\(\)`)
	for _, folder := range []string{"monitoring", "monitoring/kinds"} {
		files, err := filepath.Glob("../../../constructs/" + folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range watches.FindAllStringSubmatch(string(text), -1) {
				found++
				if name := path.Base(folder) + "." + m[1]; !listed[name] {
					t.Errorf("%s is a kind and not in Kinds", name)
				}
			}
		}
		if found == 0 {
			t.Errorf("no kind in %s", folder)
		}
	}
}

// What an alarm needs is worked out by leaving out one field after the other.
func TestNeeds(t *testing.T) {
	for _, test := range []struct{ kind, alarm, want string }{
		{"RDS instance", "cpu-high", ""},
		{"RDS instance", "load-high", "`Class`, `PerformanceInsights`"},
		{"RDS instance", "burst-balance-low", "`GP2`"},
		{"Redis and Valkey", "host-cpu-high", "`NodeType`"},
		{"Redis and Valkey", "failover", "two `Nodes`"},
		{"Redis and Valkey", "memory-high", ""},
		{"DynamoDB table", "query-slow", "`MaxLatency`"},
		{"Custom metric", "silent", ""},
		{"Application load balancer", "no-healthy-targets", "`TargetGroups`"},
	} {
		i := slices.IndexFunc(Kinds(), func(kind Kind) bool { return kind.Name == test.kind })
		if i < 0 {
			t.Errorf("there is no kind %q", test.kind)
			continue
		}
		if got := Kinds()[i].Needs(test.alarm); got != test.want {
			t.Errorf("%s: %s needs %q, want %q", test.kind, test.alarm, got, test.want)
		}
	}
}

// fake is a kind with one alarm.
type fake struct {
	monitoring.ECSService
	alarm monitoring.Alarm
}

func (f fake) Watch() monitoring.Watch { return monitoring.Watch{Alarms: []monitoring.Alarm{f.alarm}} }

// An alarm that differs in one thing from what AWS recommends does not count.
func TestCompareNoticesDifferences(t *testing.T) {
	alarm := func(change func(*monitoring.Alarm)) monitoring.Alarm {
		a := monitoring.Alarm{
			ID: "lag", Missing: cloudwatch.Breaching, Window: cloudwatch.Window{EvaluationPeriods: 10},
			When: cloudwatch.Metric{
				Namespace: "AWS/RDS", Name: "ReplicaLag", Stat: cloudwatch.Maximum, Period: 60e9,
				Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: "shop"}},
			}.Above(60),
		}
		change(&a)
		return a
	}
	metric := func(change func(*cloudwatch.Metric)) func(*monitoring.Alarm) {
		return func(a *monitoring.Alarm) {
			threshold := a.When.(cloudwatch.Threshold)
			m := threshold.Of.(cloudwatch.Metric)
			change(&m)
			threshold.Of = m
			a.When = threshold
		}
	}
	for name, test := range map[string]struct {
		change func(*monitoring.Alarm)
		want   string // in the complaint; "": the recommendation is met
	}{
		"the same": {func(*monitoring.Alarm) {}, ""},
		"faster":   {func(a *monitoring.Alarm) { a.Window.EvaluationPeriods = 5 }, ""},
		"lower threshold": {func(a *monitoring.Alarm) {
			a.When = cloudwatch.Threshold{Of: a.When.(cloudwatch.Threshold).Of, Op: cloudwatch.GreaterThan, Value: 30}
		}, ""},
		"higher threshold": {func(a *monitoring.Alarm) {
			a.When = cloudwatch.Threshold{Of: a.When.(cloudwatch.Threshold).Of, Op: cloudwatch.GreaterThan, Value: 61}
		}, "reached later"},
		"other comparison": {func(a *monitoring.Alarm) {
			a.When = cloudwatch.Threshold{Of: a.When.(cloudwatch.Threshold).Of, Op: cloudwatch.GreaterThanOrEqual, Value: 60}
		}, "compares"},
		"slower":              {func(a *monitoring.Alarm) { a.Window.EvaluationPeriods = 11 }, "slower"},
		"missing data":        {func(a *monitoring.Alarm) { a.Missing = cloudwatch.Missing }, "missing data as missing"},
		"longer periods":      {metric(func(m *cloudwatch.Metric) { m.Period = 300e9 }), "slower"},
		"another statistic":   {metric(func(m *cloudwatch.Metric) { m.Stat = cloudwatch.Average }), "statistic Average"},
		"another dimension":   {metric(func(m *cloudwatch.Metric) { m.Dimensions[0].Name = "DBClusterIdentifier" }), "neither"},
		"one dimension fewer": {metric(func(m *cloudwatch.Metric) { m.Dimensions = nil }), "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			_, wrong := compare([]Kind{{Name: "fake", Namespaces: []string{"AWS/RDS"}, Example: fake{alarm: alarm(test.change)}}})
			complaint := ""
			for _, w := range wrong {
				if strings.HasPrefix(w, "AWS/RDS ReplicaLag") {
					complaint = w
				}
			}
			if (complaint == "") != (test.want == "") || !strings.Contains(complaint, test.want) {
				t.Errorf("complaint %q, want one with %q", complaint, test.want)
			}
		})
	}
}

func TestCompareNoticesWrongExceptions(t *testing.T) {
	_, wrong := compare([]Kind{{Name: "fake", Namespaces: []string{"AWS/RDS"}, Example: fake{}, Exceptions: []Exception{
		{Metric: "AWS/RDS ReplicaLag"},
		{Metric: "AWS/RDS Misspelt", Why: "a reason"},
		{Metric: "AWS/RDS DBLoad", Why: "a reason", Instead: "none"},
	}}})
	for _, want := range []string{
		"fake: exception AWS/RDS ReplicaLag : has no reason",
		"fake: exception AWS/RDS Misspelt : AWS recommends no such alarm, or there is one, or another kind has the exception",
		`fake: exception AWS/RDS DBLoad : Instead: the kind has no alarm "none"`,
	} {
		if !strings.Contains(strings.Join(wrong, "\n"), want) {
			t.Errorf("no complaint %q in\n%s", want, strings.Join(wrong, "\n"))
		}
	}
}
