package kinds_test

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func name(r monitoring.Resource) string { return reflect.TypeOf(r).Name() }

// config watches resources of one region.
func config(resources ...monitoring.Resource) monitoring.Config {
	region := "ap-southeast-2"
	if place, ok := resources[0].(monitoring.Placed); ok {
		region = place.Region()
	}
	return monitoring.Config{
		Name: "shop", Region: region, Profile: monitoring.Recommended,
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")},
			monitoring.Warning:  {monitoring.Email("team@example.com")},
		},
		Resources: resources,
	}
}

// TestEveryKindIsHere finds kinds that the tables of examples forget.
func TestEveryKindIsHere(t *testing.T) {
	var declared []string
	for _, path := range sources(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(content), "\n") {
			if kind, ok := strings.CutSuffix(line, ") Watch() monitoring.Watch {"); ok {
				declared = append(declared, kind[strings.LastIndex(kind, " ")+1:])
			}
		}
	}
	slices.Sort(declared)
	for what, examples := range map[string][]monitoring.Resource{"minimal": minimal, "full": full} {
		var got []string
		for _, r := range examples {
			got = append(got, name(r))
		}
		slices.Sort(got)
		if diff := cmp.Diff(declared, got); diff != "" {
			t.Errorf("%s examples (-declared +examples):\n%s", what, diff)
		}
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
}

// TestNothingInternal keeps the promise that another team can write every kind.
func TestNothingInternal(t *testing.T) {
	for _, path := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if imported, _ := strconv.Unquote(spec.Path.Value); strings.Contains(imported, "/internal/") {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
}

// byRegion are the resources by the region that their metrics are in.
func byRegion(resources []monitoring.Resource) map[string][]monitoring.Resource {
	groups := map[string][]monitoring.Resource{}
	for _, r := range resources {
		region := config(r).Region
		groups[region] = append(groups[region], r)
	}
	return groups
}

// TestKinds compiles each kind alone, with little and with everything.
func TestKinds(t *testing.T) {
	for what, examples := range map[string][]monitoring.Resource{"minimal": minimal, "full": full} {
		for _, r := range examples {
			t.Run(what+"/"+name(r), func(t *testing.T) {
				if err := r.Validate(); err != nil {
					t.Fatal(err)
				}
				if err := config(r).Validate(); err != nil {
					t.Fatal(err)
				}
				metric, _ := config(r).Definitions()
				if len(metric) == 0 {
					t.Error("no alarms")
				}
				for _, a := range r.Watch().Alarms {
					if !monitoring.IsPart(a.Section) {
						t.Errorf("%s: section %q", a.ID, a.Section)
					}
					if a.FirstStep == "" || !strings.HasSuffix(a.FirstStep, ".") {
						t.Errorf("%s: first step %q is no sentence", a.ID, a.FirstStep)
					}
				}
			})
		}
	}
	for region, resources := range byRegion(full) {
		if err := config(resources...).Validate(); err != nil {
			t.Errorf("all of %s together: %v", region, err)
		}
	}
}

// notInCatalogue are metrics of namespaces that AWS's recommendations do not cover,
// from the user guides that the kinds name.
var notInCatalogue = map[string]cloudwatch.AWSMetric{}

func init() {
	for _, m := range []cloudwatch.AWSMetric{
		{Namespace: "AWS/NetworkELB", Name: "ActiveFlowCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/NetworkELB", Name: "HealthyHostCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/NetworkELB", Name: "PortAllocationErrorCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/NetworkELB", Name: "ProcessedBytes", Unit: cloudwatch.Bytes},
		{Namespace: "AWS/NetworkELB", Name: "RejectedFlowCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/NetworkELB", Name: "TargetTLSNegotiationErrorCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/NetworkELB", Name: "UnHealthyHostCount", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionThrottled", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionTime", Unit: cloudwatch.Milliseconds},
		{Namespace: "AWS/States", Name: "ExecutionsAborted", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionsFailed", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionsStarted", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionsSucceeded", Unit: cloudwatch.Count},
		{Namespace: "AWS/States", Name: "ExecutionsTimedOut", Unit: cloudwatch.Count},
		{Namespace: "AWS/Logs", Name: "IncomingLogEvents", Unit: cloudwatch.Count},
	} {
		notInCatalogue[m.Namespace+" "+m.Name] = m
	}
}

// otherDimensions are metrics on which AWS recommends alarms by other dimensions.
var otherDimensions = map[string]string{
	"AWS/EC2 CPUUtilization":                "an alarm for each instance of a group would follow instances that come and go",
	"AWS/EC2 StatusCheckFailed":             "as above",
	"AWS/EC2 StatusCheckFailed_AttachedEBS": "as above",
	"AWS/Scheduler":                         "AWS publishes by group of schedules, and its recommendation leaves that out",
}

// TestMetrics compares what alarms and panels look at with what AWS publishes: a
// misspelt metric or a wrong set of dimensions never has data.
func TestMetrics(t *testing.T) {
	for _, r := range append(slices.Clone(minimal), full...) {
		watch := r.Watch()
		for _, a := range watch.Alarms {
			for _, m := range cloudwatch.Metrics(cloudwatch.SeriesOf(a.When)) {
				documented := checkMetric(t, name(r)+": "+a.ID, m)
				checkDimensions(t, name(r)+": "+a.ID, m, documented)
			}
		}
		for _, p := range watch.Panels {
			for _, l := range p.Lines {
				for _, m := range cloudwatch.Metrics(l.Of) {
					checkMetric(t, name(r)+": panel "+p.ID, m)
				}
			}
		}
	}
}

func checkMetric(t *testing.T, at string, m cloudwatch.Metric) cloudwatch.AWSMetric {
	t.Helper()
	if !strings.HasPrefix(m.Namespace, "AWS/") {
		return cloudwatch.AWSMetric{} // of the application's own
	}
	documented, ok := cloudwatch.LookUp(m.Namespace, m.Name)
	if !ok {
		documented, ok = notInCatalogue[m.Namespace+" "+m.Name]
	}
	if !ok {
		t.Errorf("%s: AWS publishes no %s in %s", at, m.Name, m.Namespace)
	} else if m.Unit != documented.Unit {
		t.Errorf("%s: the unit of %s is %s, want %s", at, m.Name, m.Unit, documented.Unit)
	}
	return documented
}

func checkDimensions(t *testing.T, at string, m cloudwatch.Metric, documented cloudwatch.AWSMetric) {
	t.Helper()
	if otherDimensions[m.Namespace+" "+m.Name]+otherDimensions[m.Namespace] != "" || len(documented.Recommended) == 0 {
		return
	}
	var want []string
	for _, r := range documented.Recommended {
		if slices.EqualFunc(sortedNames(m), slices.Sorted(slices.Values(r.Dimensions)), func(got, want string) bool {
			name, _, _ := strings.Cut(got, "=")
			return want == got || want == name
		}) {
			return
		}
		want = append(want, strings.Join(r.Dimensions, ", "))
	}
	t.Errorf("%s: the dimensions of %s are %v, want those that AWS recommends alarms by: %s", at, m.Name, sortedNames(m), strings.Join(want, "; "))
}

func sortedNames(m cloudwatch.Metric) []string {
	var list []string
	for _, d := range m.Dimensions {
		list = append(list, d.Name+"="+d.Value)
	}
	return slices.Sorted(slices.Values(list))
}

// TestReferences gives each string that is not a key as a reference, of which nothing
// can be known before Terraform runs.
func TestReferences(t *testing.T) {
	const ref = "${aws_example.it.id}"
	for _, r := range full {
		v := reflect.New(reflect.TypeOf(r)).Elem()
		v.Set(reflect.ValueOf(r))
		for i := range v.NumField() {
			field := v.Type().Field(i)
			switch field.Type {
			case reflect.TypeFor[string]():
				if field.Name != "Key" && field.Name != "Section" {
					v.Field(i).SetString(ref)
				}
			case reflect.TypeFor[map[string]string]():
				values := map[string]string{}
				for _, key := range v.Field(i).MapKeys() {
					values[key.String()] = "${aws_example." + key.String() + ".id}"
				}
				v.Field(i).Set(reflect.ValueOf(values))
			}
		}
		resource := v.Interface().(monitoring.Resource)
		if q, ok := resource.(kinds.SQSQueue); ok {
			q.DeadLetterQueue = "${aws_sqs_queue.dead.name}"
			resource = q
		}
		if err := config(resource).Validate(); err != nil {
			t.Errorf("%s: %v", name(r), err)
		}
	}
}

func TestRegions(t *testing.T) {
	for _, r := range full {
		global, ok := r.(interface{ Region() string })
		if want := name(r) == "CloudFront" || name(r) == "HealthCheck"; ok != want {
			t.Errorf("%s: has a Region: %t, want %t", name(r), ok, want)
		} else if ok && global.Region() != kinds.GlobalRegion {
			t.Errorf("%s: region %s", name(r), global.Region())
		}
	}
}

// TestAlarmsAreAsReviewed compares the alarms with testdata/alarms.txt, in words that
// a reviewer can judge.
func TestAlarmsAreAsReviewed(t *testing.T) {
	var b strings.Builder
	for _, r := range full {
		fmt.Fprintf(&b, "%s\n", name(r))
		essential := map[string]bool{}
		cfg := config(r)
		cfg.Profile = monitoring.Essential
		for _, a := range cfg.Alarms() {
			essential[a.Key()] = true
		}
		for _, a := range config(r).Alarms() {
			missing := a.Missing
			if missing == "" {
				missing = cloudwatch.Breaching // a heartbeat's
			}
			profile := monitoring.Recommended
			if essential[a.Key()] {
				profile = monitoring.Essential
			}
			fmt.Fprintf(&b, "  %s: %s, %s: %s %s; no data: %s\n", a.Key(), profile, a.Severity, cloudwatch.SeriesOf(a.When), a.Condition(), missing)
		}
	}
	path := filepath.Join("testdata", "alarms.txt")
	if os.Getenv("UPDATE_SNAPS") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-reviewed +code), make snapshots writes it:\n%s", path, diff)
	}
}

// TestBadInput gives each field what it must not hold; all problems of a resource come
// at once.
func TestBadInput(t *testing.T) {
	tests := []struct {
		in   monitoring.Resource
		want []string
	}{
		{kinds.SQSQueue{
			Name: "https://sqs.ap-southeast-2.amazonaws.com/000000000000/orders", DeadLetterQueue: "arn:aws:sqs:ap-southeast-2:000000000000:dead",
			MaxAge: -time.Minute, MaxWaiting: -1, MaxInFlight: math.NaN(),
		}, []string{
			`Name: is "https://sqs.ap-southeast-2.amazonaws.com/000000000000/orders", want the name of a queue: "orders"`,
			`DeadLetterQueue: is "arn:aws:sqs:ap-southeast-2:000000000000:dead", want the name of a queue: "dead"`,
			`MaxAge: is -1m0s, want at least a second (10 * time.Minute), or 0 for 15 minutes`,
			`MaxWaiting: is -1, want a number of messages (1000), or 0 for no alarm`,
			`MaxInFlight: is NaN, want a number of messages (50000), or 0 for 96000`,
		}},
		{kinds.SQSQueue{Name: "a", DeadLetterQueue: "a"}, []string{`DeadLetterQueue: is "a", want another queue than Name`}},
		{kinds.SQSQueue{}, []string{`Name: is "", want the name of a queue ("orders"): 1 to 80 of A-Z a-z 0-9 _ -, for a FIFO queue with ".fifo" at the end`}},
		{kinds.LambdaFunction{Name: "arn:aws:lambda:ap-southeast-2:000000000000:function:f", Timeout: time.Hour, Concurrency: math.Inf(1), MaxIteratorAge: 1}, []string{
			`Name: is "arn:aws:lambda:ap-southeast-2:000000000000:function:f", want the name of a function: "f"`,
			`Timeout: is 1h0m0s, want the function's timeout, 1 second to 15 minutes, or 0 for no alarm`,
			`Concurrency: is +Inf, want a number of executions (100), or 0 for 1000`,
			`MaxIteratorAge: is 1ns, want at least a second (time.Minute), or 0 for no alarm`,
		}},
		{kinds.DynamoDBTable{
			Name: "t/1", Indexes: map[string]string{"By Date": "x y z"}, MaxLatency: map[string]time.Duration{"Get": 20}, Replicas: []string{"Sydney"},
		}, []string{
			`Name: is "t/1", want the name of a table ("carts"): 3 to 255 of A-Z a-z 0-9 _ . -`,
			`Indexes["By Date"]: is "By Date", want a key of a-z 0-9 -`,
			`Indexes["By Date"]: is "x y z", want the name of a global secondary index ("by-date")`,
			`MaxLatency["Get"]: is "Get", want one of BatchGetItem, BatchWriteItem, DeleteItem, GetItem, GetRecords, PutItem, Query, Scan, TransactGetItems, TransactWriteItems, UpdateItem`,
			`MaxLatency["Get"]: is 20ns, want at least a millisecond (20 * time.Millisecond)`,
			`Replicas: is "Sydney", want the region of another replica ("eu-west-1")`,
		}},
		{kinds.RESTAPI{Name: "arn:aws:apigateway:x", Stage: "a/b", MinRequests: -1}, []string{
			`Name: is "arn:aws:apigateway:x", want the name of the API ("shop"), not its ARN or URL`,
			`Stage: is "a/b", want the name of a stage ("prod")`,
			`MinRequests: is -1, want a number of requests in a minute (10), or 0 for no alarm`,
		}},
		{kinds.HTTPAPI{ID: "https://a1b2c3d4e5.execute-api.ap-southeast-2.amazonaws.com", Stage: "$other", MinRequests: -1}, []string{
			`ID: is "https://a1b2c3d4e5.execute-api.ap-southeast-2.amazonaws.com", want the id of the API ("a1b2c3d4e5"), not its name, ARN or URL`,
			`Stage: is "$other", want the name of a stage ("prod"), or "" for $default`,
			`MinRequests: is -1, want a number of requests in a minute (10), or 0 for no alarm`,
		}},
		{kinds.NLB{ARNSuffix: "app/shop/1"}, []string{
			`ARNSuffix: is "app/shop/1", want the end of the load balancer's ARN ("net/<name>/<id>")`,
			`TargetGroups: is empty, want at least one, or nothing tells whether targets are healthy ({"web": "targetgroup/<name>/<id>"})`,
		}},
		{kinds.NLB{ARNSuffix: "net/shop/1", TargetGroups: map[string]string{"Web": "web"}}, []string{
			`TargetGroups["Web"]: is "Web", want a key of a-z 0-9 -`,
			`TargetGroups["Web"]: is "web", want the end of the target group's ARN ("targetgroup/<name>/<id>")`,
		}},
		{kinds.CloudFront{DistributionID: "d111111abcdef8.cloudfront.net", MaxOriginLatency: -1, Functions: map[string]string{"f": "arn:aws:cloudfront::000000000000:function/f"}}, []string{
			`DistributionID: is "d111111abcdef8.cloudfront.net", want the id of the distribution ("E1ABCDEFGHIJKL"), not its domain name or ARN`,
			`MaxOriginLatency: is -1ns, want at least a millisecond (time.Second), or 0 for no alarm`,
			`Functions["f"]: is "arn:aws:cloudfront::000000000000:function/f", want the name of a CloudFront function ("redirect"), not its ARN`,
		}},
		{kinds.S3Bucket{Name: "arn:aws:s3:::b"}, []string{
			`Name: is "arn:aws:s3:::b", want the name of the bucket ("shop-uploads"), not its ARN or URL`,
			`RequestMetrics: is empty, want the id of the bucket's request metrics configuration ("EntireBucket"), or Replications: S3 publishes nothing else to alarm on`,
		}},
		{kinds.S3Bucket{Name: "bucket", RequestMetrics: "entire bucket", Replications: map[string]kinds.S3Replication{"x y": {Destination: "arn:aws:s3:::b"}}}, []string{
			`RequestMetrics: is "entire bucket", want the id of a request metrics configuration ("EntireBucket")`,
			`Replications["x y"]: is "x y", want a key of a-z 0-9 -`,
			`Replications["x y"].Destination: is "arn:aws:s3:::b", want the name of the bucket that objects are copied to, not its ARN`,
			`Replications["x y"].RuleID: is "", want the id of the replication rule`,
		}},
		{kinds.EFS{FileSystem: "fs-01234567.efs.ap-southeast-2.amazonaws.com"}, []string{
			`FileSystem: is "fs-01234567.efs.ap-southeast-2.amazonaws.com", want the id of the file system ("fs-0123456789abcdef0"), not its ARN or DNS name`,
		}},
		{kinds.NATGateway{ID: "203.0.113.10"}, []string{`ID: is "203.0.113.10", want the id of the NAT gateway ("nat-0123456789abcdef0"), not its address`}},
		{kinds.SNSTopic{Name: "arn:aws:sns:ap-southeast-2:000000000000:t", MinMessages: math.Inf(-1)}, []string{
			`Name: is "arn:aws:sns:ap-southeast-2:000000000000:t", want the name of a topic: "t"`,
			`MinMessages: is -Inf, want a number of messages in a minute (1), or 0 for no alarm`,
		}},
		{kinds.Certificate{ARN: "api.example.com"}, []string{
			`ARN: is "api.example.com", want the ARN of the certificate ("arn:aws:acm:<region>:<account>:certificate/<id>"), not its domain name or id`,
		}},
		{kinds.HealthCheck{ID: "https://api.example.com"}, []string{
			`ID: is "https://api.example.com", want the id of the health check ("11111111-2222-3333-4444-555555555555"), not the address that it calls`,
		}},
		{kinds.AutoScalingGroup{Name: "arn:aws:autoscaling:x"}, []string{
			`Name: is "arn:aws:autoscaling:x", want the name of the Auto Scaling group ("workers"), not its ARN`,
			`MinInService: is 0, want at least 1: the capacity that the application needs`,
		}},
		{kinds.AutoScalingGroup{Name: "g", MinInService: math.Inf(1)}, []string{`MinInService: is +Inf, want at least 1: the capacity that the application needs`}},
		{kinds.StateMachine{ARN: "checkout", MaxDuration: -1}, []string{
			`ARN: is "checkout", want the ARN of the state machine ("arn:aws:states:<region>:<account>:stateMachine:<name>"), not its name, a version or an execution`,
			`MaxDuration: is -1ns, want at least a millisecond (time.Minute), or 0 for no alarm`,
		}},
		{kinds.ScheduleGroup{Name: "a/b"}, []string{`Name: is "a/b", want the name of the schedule group ("nightly"), not its ARN, or "" for "default"`}},
		{kinds.KinesisStream{Name: "a/b", MaxIteratorAge: 366 * 24 * time.Hour, Consumers: map[string]string{"c": "a:b"}}, []string{
			`Name: is "a/b", want the name of the stream ("events"), not its ARN`,
			`MaxIteratorAge: is 8784h0m0s, want a second to 365 days, the longest retention (time.Hour), or 0 for an hour`,
			`Consumers["c"]: is "a:b", want the name of a consumer ("search"), not its ARN`,
		}},
		{kinds.KinesisStream{Name: "s", OnlyConsumers: true}, []string{
			`Consumers: is empty, want at least one with OnlyConsumers: else nothing tells whether the stream is read`,
		}},
		{kinds.UserPool{ID: "customers", IdentityProviders: map[string]string{"g": "https://accounts.google.com"}}, []string{
			`ID: is "customers", want the id of the user pool ("ap-southeast-2_AbCdEf123"), not its name or ARN`,
			`Clients: is empty, want at least one id of an app client ({"web": "1h57kf5cpq17m0eml12example"}): CloudWatch has no metrics of a pool as a whole`,
			`IdentityProviders["g"]: is "https://accounts.google.com", want the name of an identity provider ("Google"), not its URL`,
		}},
		{kinds.UserPool{ID: "eu-west-1_a", Clients: map[string]string{"web": "Web"}}, []string{
			`Clients["web"]: is "Web", want the id of an app client ("1h57kf5cpq17m0eml12example"), not its name`,
		}},
		{kinds.LogGroup{Name: "arn:aws:logs:x", MaxErrors: 3}, []string{
			`Name: is "arn:aws:logs:x", want the name of a log group ("/ecs/shop/web"), not an ARN`,
			`ErrorPattern: is empty, want a pattern ("?ERROR ?Traceback"), or a MaxSilence (time.Hour): there is nothing to watch`,
			`MaxErrors: is 3, want 0 without an ErrorPattern`,
		}},
		{kinds.LogGroup{Name: "g", ErrorPattern: "x", MaxErrors: -1, MaxSilence: 7 * time.Minute}, []string{
			`MaxErrors: is -1, want a number of lines in five minutes (10), or 0 for none`,
			`MaxSilence: is 7m0s, want five minutes to a day, in steps of five minutes (time.Hour), or 0 for no alarm`,
		}},
		{kinds.ScheduledJob{}, []string{
			`Done.Namespace: is "", want 1 to 255 characters`,
			`Done.Name: is "", want 1 to 255 characters`,
			`Every: is 0s, want how often the job runs, at least a minute (24 * time.Hour)`,
		}},
		{kinds.ScheduledJob{Done: done, Every: time.Hour, Grace: -1}, []string{
			`Grace: is -1ns, want how much later the job may be done (time.Hour), or 0 for a quarter of Every`,
		}},
		{kinds.ScheduledJob{Done: done, Every: 7 * 24 * time.Hour}, []string{
			`Every: is 168h0m0s, want with a Grace of 42h0m0s at most seven days, 168h0m0s: CloudWatch looks back no further; let the job say in between that it waits`,
		}},
		{kinds.CustomMetric{}, []string{
			`Of.Namespace: is "", want 1 to 255 characters`,
			`Of.Name: is "", want 1 to 255 characters`,
			`Of.Stat: is "", want a statistic: Average, Sum, Minimum, Maximum, SampleCount, IQM, or one like "p99", "tm90", "TM(10%:90%)", "PR(:0.5)"`,
			`Of.Period: is 0s, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day`,
			`When: is empty, want at least one condition ({"low": metric.Below(5)})`,
			`FirstStep: is "", want what to do first when one of the alarms goes off`,
		}},
		{kinds.CustomMetric{Of: orders, FirstStep: "Look.", When: map[string]cloudwatch.Condition{"a": nil, "Too Low": cloudwatch.Composite{}}}, []string{
			`When["Too Low"]: is a Composite, want a condition on the metric; alarms over others are in monitoring.Config.Extra`,
			`When["Too Low"]: is "Too Low", want a key of a-z 0-9 -`,
			`When["a"]: is nil, want a Threshold, an Anomaly or a Heartbeat`,
		}},
	}
	tested := map[string]bool{}
	for i, tt := range tests {
		tested[name(tt.in)] = true
		t.Run(fmt.Sprintf("%s %d", name(tt.in), i), func(t *testing.T) {
			problemstest.Want(t, tt.want, tt.in.Validate())
			tt.in.Watch() // is called for invalid resources too
		})
	}
	for _, r := range full {
		if !tested[name(r)] {
			t.Errorf("no bad input of %s", name(r))
		}
	}
}

// TestMissingIsAsked shows that a custom metric cannot leave out what no data means.
func TestMissingIsAsked(t *testing.T) {
	err := config(kinds.CustomMetric{Key: "k", Of: orders, FirstStep: "Look.", When: map[string]cloudwatch.Condition{"low": orders.Below(1)}}).Validate()
	const want = `Resources[0] (k) alarm "low".Missing: is "", want missing, notBreaching, breaching or ignore: what a period without data counts as`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestJobWindows looks at how far back a job's alarm looks, and how late it notices.
func TestJobWindows(t *testing.T) {
	for _, tt := range []struct {
		every, grace time.Duration
		want         string
	}{
		{15 * time.Minute, 0, "no data for 19 minutes"},
		{time.Hour, 0, "no data for 75 minutes"},
		{6 * time.Hour, 10 * time.Minute, "no data for 370 minutes"},
		{24 * time.Hour, 0, "no data for 30 hours"},
		{6 * 24 * time.Hour, 24 * time.Hour, "no data for 7 days"},
	} {
		job := kinds.ScheduledJob{Key: "j", Done: done, Every: tt.every, Grace: tt.grace}
		if err := config(job).Validate(); err != nil {
			t.Errorf("%v: %v", tt, err)
		}
		if got := job.Watch().Alarms[0].Condition(); got != tt.want {
			t.Errorf("every %s, grace %s: %q, want %q", tt.every, tt.grace, got, tt.want)
		}
	}
}

// TestEmbeddedMetricFormat reads the line of a log that the README shows, and looks for
// the metric that CloudWatch makes of it in the README's alarm.
func TestEmbeddedMetricFormat(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```json\n")
	block, program, _ := strings.Cut(block, "```")
	var line struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	var values map[string]any
	for _, into := range []any{&line, &values} {
		if err := json.Unmarshal([]byte(block), into); err != nil {
			t.Fatal(err)
		}
	}
	if line.AWS.Timestamp == 0 || len(line.AWS.CloudWatchMetrics) != 1 {
		t.Fatalf("the line is %+v, want a time and one set of metrics", line)
	}
	set := line.AWS.CloudWatchMetrics[0]
	for _, m := range set.Metrics {
		if _, ok := values[m.Name].(float64); !ok {
			t.Errorf("the line has no number %s", m.Name)
		}
		want := fmt.Sprintf("Namespace: %q, Name: %q, Stat: cloudwatch.Sum, Period: 5 * time.Minute, Unit: cloudwatch.%s", set.Namespace, m.Name, m.Unit)
		if !strings.Contains(program, want) {
			t.Errorf("the alarm is not on %s", want)
		}
	}
	for _, name := range set.Dimensions[0] {
		if want := fmt.Sprintf("{Name: %q, Value: %q}", name, values[name]); !strings.Contains(program, want) {
			t.Errorf("the alarm's metric lacks the dimension %s", want)
		}
	}
}
