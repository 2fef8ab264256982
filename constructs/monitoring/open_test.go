package monitoring

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

// TestKindsUseTheExportedAPI proves that another package can write what the kinds of
// resources here are: their files use nothing unexported that the rest of this package
// declares, and import nothing that is internal. A file with a Watch method is one of a
// kind.
func TestKindsUseTheExportedAPI(t *testing.T) {
	fset := token.NewFileSet()
	files := map[string]*ast.File{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		if files[path], err = parser.ParseFile(fset, path, nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		if !isKind(files[path]) {
			continue
		}
		kinds[path] = true
		for _, spec := range files[path].Imports {
			if name, _ := strconv.Unquote(spec.Path.Value); strings.Contains(name, "/internal/") {
				t.Errorf("%s imports %s, which another team cannot", path, name)
			}
		}
	}
	if len(kinds) < 4 {
		t.Fatalf("kinds are in %v, want at least four files", slices.Sorted(maps.Keys(kinds)))
	}
	for id, used := range usesOf(t, fset, slices.Collect(maps.Values(files))) {
		at, declared := fset.Position(id.Pos()), fset.Position(used.Pos()).Filename
		if _, ours := files[declared]; kinds[at.Filename] && ours && !kinds[declared] && !used.Exported() {
			t.Errorf("%s uses %s of %s, which is not exported", at, id.Name, declared)
		}
	}
}

// usesOf says what every identifier of the package stands for, as the compiler sees it.
func usesOf(t *testing.T, fset *token.FileSet, files []*ast.File) map[*ast.Ident]types.Object {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		t.Fatalf("go list -export: %v", err)
	}
	compiled := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		compiled[name] = path
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	cfg := types.Config{Importer: importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) { return os.Open(compiled[name]) })}
	if _, err := cfg.Check("monitoring", fset, files, info); err != nil {
		t.Fatal(err)
	}
	return info.Uses
}

func isKind(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv != nil && f.Name.Name == "Watch"
	})
}

// worker extends a kind by embedding it.
type worker struct {
	ECSService
	Queue string
}

func (w worker) Watch() Watch {
	watch := w.ECSService.Watch()
	age := cloudwatch.Metric{
		Namespace: "AWS/SQS", Name: "ApproximateAgeOfOldestMessage", Stat: cloudwatch.Maximum, Period: time.Minute, Unit: cloudwatch.Seconds,
		Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: w.Queue}},
	}
	watch.Alarms = append(watch.Alarms, Alarm{
		ID: "queue-old", Severity: Warning, When: age.Above(600), Window: cloudwatch.Window{EvaluationPeriods: 1},
		Missing: cloudwatch.Missing, FirstStep: "Add workers.",
	})
	return watch
}

func TestEmbeddingExtends(t *testing.T) {
	cfg := application()
	cfg.Resources = []Resource{worker{ECSService{Key: "worker", Cluster: "c", Service: "s"}, "jobs"}}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range cfg.Alarms() {
		got = append(got, a.Key()+": "+a.Condition())
	}
	want := []string{
		"worker/cpu-high: > 80 % for 5 minutes",
		"worker/memory-high: > 80 % for 5 minutes",
		"worker/queue-old: > 600 s for 1 minute",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// extra is a valid alarm that stands alone.
func extra(id string, change func(*Alarm)) Alarm {
	a := Alarm{
		Resource: "shop", ID: id, Severity: Warning, Missing: cloudwatch.NotBreaching, FirstStep: "Look.",
		When: cloudwatch.Metric{
			Namespace: "Shop", Name: "Latency", Stat: "p99", Period: time.Minute, Unit: cloudwatch.Seconds,
		}.Above(1), Window: cloudwatch.Window{EvaluationPeriods: 3},
	}
	if change != nil {
		change(&a)
	}
	return a
}

func composite(rule cloudwatch.Rule) Alarm {
	return Alarm{ID: "down", Severity: Critical, FirstStep: "Call.", When: cloudwatch.Composite{Rule: rule}}
}

func TestExtraProblems(t *testing.T) {
	const what = "is 1e+300, want a finite number: 0, or from 2^-360 to 2^360"
	tests := []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"valid", func(c *Config) {
			c.Extra = []Alarm{extra("slow", nil), composite(cloudwatch.AnyOf("shop/slow", "alb/5xx-high"))}
		}, nil},
		{"empty", func(c *Config) { c.Extra = []Alarm{{}} }, []string{
			`Extra[0] ().ID: is "", want a name of a-z 0-9 -`,
			`Extra[0] ().Severity: is "", want a severity that Notify has, such as critical or warning`,
			`Extra[0] ().FirstStep: is "", want what to do first when the alarm goes off`,
			`Extra[0] ().When: is nil, want a condition: Threshold, Anomaly, Heartbeat or Composite`,
		}},
		{"names", func(c *Config) {
			c.Extra = []Alarm{extra("Too Slow", func(a *Alarm) { a.Resource, a.Profile = "The Shop", "all" })}
		}, []string{
			`Extra[0] (The Shop/Too Slow).ID: is "Too Slow", want a name of a-z 0-9 -`,
			`Extra[0] (The Shop/Too Slow).Resource: is "The Shop", want a key that matches [a-z][a-z0-9-]*`,
			`Extra[0] (The Shop/Too Slow).Profile: is "all", want essential or recommended`,
		}},
		{"same address", func(c *Config) {
			c.Extra = []Alarm{extra("slow", nil), {Resource: "shop-slow", ID: "x", Severity: Warning}, extra("slow", nil)}
			c.Extra[1] = extra("x", func(a *Alarm) { a.Resource = "shop-slow" })
			c.Extra = append(c.Extra, extra("slow-x", nil))
		}, []string{
			`Extra[2] (shop/slow): is "shop/slow", want another ID: the Terraform address would be that of shop/slow`,
			`Extra[3] (shop/slow-x): is "shop/slow-x", want another ID: the Terraform address would be that of shop-slow/x`,
		}},
		{"levels", func(c *Config) {
			c.Extra = []Alarm{extra("slow", func(a *Alarm) {
				a.Levels = []Level{{Critical, 2, cloudwatch.Window{}}, {"", 1e300, cloudwatch.Window{}}}
			})}
		}, []string{
			`Extra[0] (shop/slow).Severity: is "", want a severity that Notify has, such as critical or warning`,
			`Extra[0] (shop/slow).Levels[1].When.Value: ` + what,
		}},
		{"levels of a composite", func(c *Config) {
			c.Extra = []Alarm{composite(cloudwatch.AnyOf("alb/5xx-high"))}
			c.Extra[0].Levels = []Level{{Warning, 1, cloudwatch.Window{}}}
		}, []string{`Extra[0] (down).Levels: is set, want none without a Threshold or an Anomaly`}},
		{"severity that nobody hears", func(c *Config) {
			c.Extra = []Alarm{extra("slow", func(a *Alarm) { a.Severity = "page" })}
		}, []string{`Notify["page"]: is empty, want at least one target for shop/slow`}},
		{"severity of a level", func(c *Config) {
			c.Extra = []Alarm{extra("slow", func(a *Alarm) { a.Levels = []Level{{"page", 2, cloudwatch.Window{}}} })}
		}, []string{`Notify["page"]: is empty, want at least one target for shop/slow-page`}},

		{"rule over what is not there", func(c *Config) {
			c.Resources = []Resource{RDS{Key: "db", Instance: "i"}}
			c.Extra = []Alarm{composite(cloudwatch.AnyOf("db/cpu"))}
		}, []string{`Extra[0] (down).When: is "db/cpu", want one of db/cpu-high, db/storage-low, down`}},
		{"rule over what is off", func(c *Config) {
			c.Tune = map[string]Tuning{"alb/5xx-high": {Off: true, Reason: "r"}}
			c.Extra = []Alarm{composite(cloudwatch.AnyOf("alb/5xx-high"))}
		}, []string{`Extra[0] (down).When: is "alb/5xx-high", want an alarm that is on: Tune has switched it off`}},
		{"rule over what the profile lacks", func(c *Config) {
			c.Extra = []Alarm{extra("slow", func(a *Alarm) { a.Profile = Recommended }), composite(cloudwatch.AnyOf("shop/slow"))}
		}, []string{`Extra[1] (down).When: is "shop/slow", want an alarm of the profile: set Profile to recommended, or On in Tune`}},
		{"circle", func(c *Config) {
			c.Extra = []Alarm{composite(cloudwatch.AnyOf("up")), composite(cloudwatch.AllOf("alb/5xx-high", "down"))}
			c.Extra[1].ID = "up"
		}, []string{
			`Extra[0] (down).When: is "down > up > down", want a rule that does not come back to the alarm itself`,
			`Extra[1] (up).When: is "up > down > up", want a rule that does not come back to the alarm itself`,
		}},
		{"action of EC2 in a composite", func(c *Config) {
			c.Notify[Critical] = append(c.Notify[Critical], Action("arn:aws:automate:ap-southeast-2:ec2:reboot"))
			c.Extra = []Alarm{composite(cloudwatch.AnyOf("alb/5xx-high"))}
		}, []string{`Notify["critical"][1]: is "arn:aws:automate:ap-southeast-2:ec2:reboot", want no action of EC2 or Auto Scaling: AWS does not take them in the composite alarm down`}},

		{"filters", func(c *Config) {
			c.Filters = []LogFilter{{ID: "Errors", MetricFilter: cloudwatch.MetricFilter{LogGroup: "g", Namespace: "N", MetricName: "M"}}, {ID: "x"}}
		}, []string{
			`Filters[0] (Errors).ID: is "Errors", want a name of a-z 0-9 -`,
			`Filters[1] (x).LogGroup: is "", want the name of a log group: 1 to 512 of A-Z a-z 0-9 . _ / # -`,
			`Filters[1] (x).Namespace: is "", want 1 to 255 characters`,
			`Filters[1] (x).MetricName: is "", want 1 to 255 characters`,
		}},
		{"layout", func(c *Config) {
			c.Resources = c.Resources[:1]
			c.Layout = []string{"ecs-tasks", "ecs", "ecs-tasks"}
			c.Dashboards = []Dashboard{{Key: "a", Resources: []string{"web"}, Layout: []string{"x"}}, {Key: "a"}, {Key: "A"}}
		}, []string{
			`Layout[1]: is "ecs", want one of ecs-tasks, ecs-utilization`,
			`Layout[2]: is "ecs-tasks", want each panel once`,
			`Dashboards[0].Layout[0]: is "x", want one of ecs-tasks, ecs-utilization`,
			`Dashboards[0].Resources[0]: is "web", want one of backend`,
			`Dashboards[1].Key: is "a", want each key once`,
			`Dashboards[2].Key: is "A", want a key that matches [a-z][a-z0-9-]*`,
		}},
		{"names of the configuration", func(c *Config) {
			c.Provider, c.Profile, c.NoOKActions = "aws.sydney", "all", []Severity{"page"}
		}, []string{
			`Provider: is "aws.sydney", want the alias of an AWS provider: "sydney"`,
			`Profile: is "all", want essential or recommended`,
			`NoOKActions: is "page", want a severity that Notify has`,
		}},
		{"nothing", func(c *Config) { c.Resources = nil }, []string{`Resources: is empty, want at least one`}},
		{"only an extra alarm", func(c *Config) { c.Resources, c.Extra = nil, []Alarm{extra("slow", nil)} }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := application()
			tt.change(&cfg)
			problemstest.Want(t, tt.want, cfg.Validate())
		})
	}
}

// TestTuneEverything changes each thing that Tune can.
func TestTuneEverything(t *testing.T) {
	cfg := application()
	cfg.Notify["page"] = []Target{Topic("arn:aws:sns:ap-southeast-2:000000000000:pager")}
	cfg.Extra = []Alarm{extra("slow", func(a *Alarm) { a.Levels = []Level{{"page", 5, cloudwatch.Window{}}} })}
	cfg.Tune = map[string]Tuning{
		"backend/cpu-high": {
			Severity: "page", Window: cloudwatch.Window{EvaluationPeriods: 6, DatapointsToAlarm: 4}, Period: 5 * time.Minute,
			Missing: cloudwatch.Breaching, Threshold: 90,
		},
		"shop/slow-page": {Threshold: 9},
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	got := map[string]Alarm{}
	for _, a := range cfg.Alarms() {
		got[a.Key()] = a
	}
	a := got["backend/cpu-high"]
	if a.Severity != "page" || a.Missing != cloudwatch.Breaching || a.Condition() != "> 90 % in 4 of 6 periods of 5 minutes" {
		t.Errorf("backend/cpu-high is %s, %s, %s", a.Severity, a.Missing, a.Condition())
	}
	if before := application().Alarms()[0]; before.Condition() != "> 80 % for 5 minutes" {
		t.Errorf("the row itself changed: %s", before.Condition())
	}
	if a, b := got["shop/slow"].Condition(), got["shop/slow-page"].Condition(); a != "> 1 s for 3 minutes" || b != "> 9 s for 3 minutes" {
		t.Errorf("the levels are %q and %q", a, b)
	}
}

func TestTuneProblems(t *testing.T) {
	tests := []struct {
		key    string
		tuning Tuning
		want   string
	}{
		{"backend/cpu-high", Tuning{Threshold: 0.8}, "Threshold: is 0.8, want 0 to 100: CPUUtilization is a percentage, and 0.8 is less than one percent"},
		{"postgres/storage-low", Tuning{Threshold: 20}, "Threshold: is 20, want bytes: FreeStorageSpace is in bytes, such as 20 * monitoring.GiB"},
		{"backend/cpu-high", Tuning{Threshold: 5e-324}, "Threshold: is 5e-324, want a finite number: 0, or from 2^-360 to 2^360"},
		{"backend/cpu-high", Tuning{Window: cloudwatch.Window{EvaluationPeriods: 2, DatapointsToAlarm: 3}}, "Window.DatapointsToAlarm: is 3, want 0 (all) to EvaluationPeriods"},
		{"backend/cpu-high", Tuning{Missing: "fine"}, `Missing: is "fine", want missing, notBreaching, breaching or ignore: what a period without data counts as`},
		{"backend/cpu-high", Tuning{Period: time.Millisecond}, "When.Of.Period: is 1ms, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day"},
		{"backend/cpu-high", Tuning{Threshold: 90, Reason: "r"}, `Reason: is "r", want none unless the alarm is Off`},
		{"backend/cpu-high", Tuning{Off: true, Reason: "r", Missing: "ignore"}, "Off: is true, want no other change of an alarm that is Off"},
		{"down", Tuning{Threshold: 90}, "Threshold: is 90, want none: the alarm has no threshold"},
	}
	for _, tt := range tests {
		cfg := application()
		cfg.Extra = []Alarm{composite(cloudwatch.AnyOf("alb/5xx-high"))}
		cfg.Tune = map[string]Tuning{tt.key: tt.tuning}
		want := "Tune[" + strconv.Quote(tt.key) + "]." + tt.want
		if err := cfg.Validate(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v\nwant %s", tt.tuning, err, want)
		}
	}
}

func TestDefinitions(t *testing.T) {
	cfg := application()
	cfg.RunbookURL = "https://example.com/runbook"
	cfg.Notify[Critical] = append(cfg.Notify[Critical], Action("arn:aws:ssm:ap-southeast-2:000000000000:opsitem:1"))
	cfg.Notify[Warning] = []Target{Topic("arn:aws:sns:ap-southeast-2:000000000000:team")}
	cfg.NoOKActions = []Severity{Warning}
	cfg.NotifyInsufficientData = true
	cfg.Resources = cfg.Resources[:1]
	cfg.Extra = []Alarm{composite(cloudwatch.AnyOf("backend/cpu-high"))}
	metric, composite := cfg.Definitions()
	if len(metric) != 2 || len(composite) != 1 {
		t.Fatalf("%d and %d alarms, want 2 and 1", len(metric), len(composite))
	}
	team := []string{"arn:aws:sns:ap-southeast-2:000000000000:team"}
	want := cloudwatch.Actions{Alarm: team, InsufficientData: team}
	if diff := cmp.Diff(want, metric[0].Actions); diff != "" {
		t.Errorf("actions of a warning (-want +got):\n%s", diff)
	}
	if got, want := metric[0].Description, "Compare with request count and recent deployments, then add tasks or roll back. Runbook: https://example.com/runbook#ecs-cpu-high"; got != want {
		t.Errorf("description is %q, want %q", got, want)
	}
	wanted := cloudwatch.CompositeAlarm{
		Name: "app/down", Description: "Call. Runbook: https://example.com/runbook", AlarmRule: `ALARM("app/backend/cpu-high")`,
		Actions: cloudwatch.Actions{
			Alarm:            []string{"app-critical", "arn:aws:ssm:ap-southeast-2:000000000000:opsitem:1"},
			OK:               []string{"app-critical"},
			InsufficientData: []string{"app-critical"},
		},
		Tags: map[string]string{"Severity": "critical"},
	}
	if diff := cmp.Diff(wanted, composite[0]); diff != "" {
		t.Errorf("composite alarm (-want +got):\n%s", diff)
	}
}

func TestProfile(t *testing.T) {
	made := func(change func(*Config)) map[string]bool {
		cfg := application()
		cfg.Extra = []Alarm{extra("slow", func(a *Alarm) { a.Profile = Recommended })}
		change(&cfg)
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for _, a := range cfg.Alarms() {
			keys[a.Key()] = true
		}
		return keys
	}
	essential := made(func(*Config) {})
	recommended := made(func(c *Config) { c.Profile = Recommended })
	one := made(func(c *Config) { c.Profiles = map[string]Profile{"redis": Recommended} })
	without := made(func(c *Config) {
		c.Profile, c.Profiles = Recommended, map[string]Profile{"redis": Essential}
	})
	on := made(func(c *Config) { c.Tune = map[string]Tuning{"backend/tasks-missing": {On: true}} })
	for _, test := range []struct {
		in   string
		keys map[string]bool
		want map[string]bool
	}{
		{"essential", essential, map[string]bool{"redis-001/cpu-high": true, "redis-001/memory-high": false, "backend/tasks-missing": false, "shop/slow": false}},
		{"recommended", recommended, map[string]bool{"redis-001/cpu-high": true, "redis-001/memory-high": true, "backend/tasks-missing": true, "shop/slow": true}},
		{"redis recommended", one, map[string]bool{"redis-002/memory-high": true, "backend/tasks-missing": false, "shop/slow": false}},
		{"redis essential", without, map[string]bool{"redis-002/cpu-high": true, "redis-002/memory-high": false, "backend/tasks-missing": true, "shop/slow": true}},
		{"one on", on, map[string]bool{"backend/tasks-missing": true, "backend/tasks-pending": false, "shop/slow": false}},
	} {
		for key, want := range test.want {
			if test.keys[key] != want {
				t.Errorf("%s: %s is made: %v, want %v", test.in, key, test.keys[key], want)
			}
		}
	}
	if len(on) != len(essential)+1 {
		t.Errorf("On made %d alarms of %d", len(on), len(essential))
	}
}

func TestProfileProblems(t *testing.T) {
	cfg := application()
	cfg.Profile = "all"
	cfg.Profiles = map[string]Profile{"redis-001": Recommended, "alb": "some"}
	cfg.Tune = map[string]Tuning{
		"backend/cpu-high":      {On: true},
		"backend/tasks-missing": {On: true, Off: true, Reason: "a reason"},
	}
	want := []string{
		`Profile: is "all", want essential or recommended`,
		`Profiles["alb"]: is "some", want essential or recommended`,
		`Profiles["redis-001"]: is "redis-001", want the key of a resource: one of alb, backend, postgres, redis`,
		`Tune["backend/cpu-high"].On: is true, want false: the profile has the alarm already`,
		`Tune["backend/tasks-missing"].On: is true, want false when the alarm is Off`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), cfg.Validate().Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// What a class has decides on alarms and their thresholds.
func TestSizedAlarms(t *testing.T) {
	for name, test := range map[string]struct {
		resource Resource
		want     map[string]float64 // by ID; -1: there is no such alarm
	}{
		"no class": {
			RDS{Key: "db", Instance: "db"},
			map[string]float64{"connections-high": -1, "memory-low": -1, "load-high": -1, "cpu-credits-low": -1, "replica-lag-high": -1, "transaction-ids-high": 1e9},
		},
		"small": {
			RDS{Key: "db", Instance: "db", Class: "db.t3.micro"},
			map[string]float64{"connections-high": 67, "memory-low": 53687091, "load-high": -1, "cpu-credits-low": 28},
		},
		"large": {
			RDS{Key: "db", Instance: "db", Class: "db.r6g.xlarge", Engine: "mysql", PerformanceInsights: true, Replica: true, GP2: true},
			map[string]float64{
				"connections-high": 2167, "memory-low": 1717986918, "load-high": 4, "cpu-credits-low": -1,
				"replica-lag-high": 60, "transaction-ids-high": -1, "burst-balance-low": 20,
			},
		},
		"connections said": {
			RDS{Key: "db", Instance: "db", MaxConnections: 50},
			map[string]float64{"connections-high": 40, "memory-low": -1},
		},
		"aurora": {
			Aurora{Key: "db", Cluster: "db", Instances: map[string]string{"one": "db-1"}, Engine: "aurora-mysql", Class: "db.t3.medium", BinlogReplica: true},
			map[string]float64{"connections-high": 83, "cpu-credits-low": 57, "history-list-long": 1e6, "volume-low": 12 << 40, "transaction-ids-high": -1, "writer-down": 0},
		},
		"redis": {
			Redis{Key: "r", Nodes: map[string]string{"001": "r-001"}, NodeType: "cache.t3.small"},
			map[string]float64{"host-cpu-high": 45, "cpu-credits-low": 57, "connections-high": 36800, "replication-lag-high": -1},
		},
		"two nodes": {
			Redis{Key: "r", Nodes: map[string]string{"001": "r-001", "002": "r-002"}, NodeType: "cache.r6g.xlarge", MaxConnections: 1000},
			map[string]float64{"host-cpu-high": 90, "cpu-credits-low": -1, "connections-high": 800, "replication-lag-high": 2},
		},
		"ECS": {
			ECSService{Key: "s", Cluster: "c", Service: "s", Tasks: 3},
			map[string]float64{"tasks-missing": 3, "tasks-pending": -1, "service-5xx-high": -1, "service-response-time-high": -1, "volume-full": -1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.resource.Validate(); err != nil {
				t.Fatal(err)
			}
			got := map[string]float64{}
			for _, a := range test.resource.Watch().Alarms {
				if threshold, ok := a.When.(cloudwatch.Threshold); ok {
					got[a.ID] = threshold.Value
				}
			}
			for id, want := range test.want {
				value, ok := got[id]
				if ok != (want != -1) || ok && value != want {
					t.Errorf("%s: %v, %v, want %v", id, value, ok, want)
				}
			}
		})
	}
}

func TestSizeProblems(t *testing.T) {
	want := map[Resource][]string{
		&RDS{Instance: "db", Class: "db.t3.mirco", MaxConnections: -1, FullWithinDays: -1}: {
			`Class: is "db.t3.mirco", want one of db.t3.micro, db.t3.small, db.t3.medium, db.t3.large, db.t3.xlarge, db.t3.2xlarge`,
			`MaxConnections: is -1, want a number of connections, or 0 for that of the class`,
			`FullWithinDays: is -1, want 1 to 90 days, or 0 for 4`,
		},
		&RDS{Instance: "db", Engine: "oracle-ee", PerformanceInsights: true}: {
			`Class: is "", want the instance class, with PerformanceInsights: the load is compared with its vCPUs`,
			`Engine: is "oracle-ee", want postgres, mysql or mariadb; or MaxConnections: for others it is not known`,
		},
		&Aurora{Class: "large", Instances: map[string]string{"A": ""}, MaxConnections: -1, BinlogReplica: true}: {
			`Cluster: is "", want the DB cluster identifier`,
			`Instances["A"]: is "A", want a key of a-z 0-9 -`,
			`Instances["A"]: is "", want the DB instance identifier ("shop-postgres"): 1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end`,
			`Class: is "large", want one of db.c6gd.large`,
			`Engine: is "", want aurora-postgresql or aurora-mysql`,
			`BinlogReplica: is true, want false: only aurora-mysql replicates by binlog`,
			`MaxConnections: is -1, want a number of connections, or 0 for that of the class`,
		},
		&Redis{Nodes: map[string]string{"001": "r-001"}, NodeType: "cache.t3.large", MaxConnections: -5}: {
			`NodeType: is "cache.t3.large", want one of cache.t3.micro, cache.t3.small, cache.t3.medium`,
			`MaxConnections: is -5, want at most 65000 connections, or 0 for that many`,
		},
		&Redis{Nodes: map[string]string{"001": "r-001"}, NodeType: "cache.t3.micro", MaxConnections: 20_001}: {
			`MaxConnections: is 20001, want at most 20000 connections, or 0 for that many: a node takes no more`,
		},
		&ECSService{Cluster: "c", Service: "s", Tasks: -1, MaxResponseTime: 2}: {
			`Tasks: is -1, want the smallest number of tasks that is enough, or 0 for 1`,
			`MaxResponseTime: is 2, want a response time above 0 with ServiceConnect, or 0 for no alarm`,
		},
	}
	for r, lines := range want {
		got := strings.Split(r.Validate().Error(), "\n")
		if len(got) != len(lines) {
			t.Errorf("%T: %q, want %q", r, got, lines)
			continue
		}
		for i := range lines {
			if !strings.HasPrefix(got[i], lines[i]) {
				t.Errorf("%T: %s, want %s", r, got[i], lines[i])
			}
		}
	}
}

// elsewhere is a resource whose metrics are in another region.
type elsewhere struct{ RDS }

func (elsewhere) Region() string { return "us-east-1" }

func TestPlacedResources(t *testing.T) {
	cfg := application()
	cfg.Resources = append(cfg.Resources, elsewhere{RDS{Key: "far", Instance: "far"}})
	want := fmt.Sprintf(`Resources[%d] (far): is in a Monitoring of ap-southeast-2, want a Monitoring of its own with the Region "us-east-1": its metrics are there only`, len(cfg.Resources)-1)
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	cfg.Region = "us-east-1"
	if err := cfg.Validate(); err != nil {
		t.Errorf("in its region: %v", err)
	}
}
