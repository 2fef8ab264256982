package verbs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	const service, group = "ohmycoins-staging-backend", "ohmycoins-staging-backend-tg"
	tests := map[string]struct {
		change func(*bench)
		failed string // names of the checks that fail
		want   string
	}{
		"all well":           {func(*bench) {}, "", ""},
		"inactive service":   {func(b *bench) { b.service("backend").Status = "INACTIVE" }, "ECS services", service + " is INACTIVE, want ACTIVE"},
		"missing service":    {func(b *bench) { delete(b.cloud.Services, service) }, "ECS services", service + " does not exist"},
		"a task is missing":  {func(b *bench) { d := b.service("backend").Deployments[0]; d.Running, d.Hold = 1, true }, "ECS services", service + " runs 1 of 2 tasks"},
		"roll-out failed":    {func(b *bench) { d := b.service("backend").Deployments[0]; d.State, d.Hold = "FAILED", true }, "ECS services", "the roll-out of " + service + " is FAILED, want COMPLETED"},
		"missing cluster":    {func(b *bench) { b.cloud.ClusterState = "" }, "ECS services", "they cannot be described: ClusterNotFoundException"},
		"endpoint says 503":  {func(b *bench) { b.answer("/api/v1/utils/health-check/", 503, "") }, "application endpoints", "/health-check/: status is 503, want 200"},
		"endpoint says no":   {func(b *bench) { b.answer("/api/v1/utils/health-check/", 200, "false") }, "application endpoints", `body is "false", want "true"`},
		"unhealthy target":   {func(b *bench) { b.service("backend").Unhealthy = []string{"10.0.3.10"} }, "ALB targets", group + ": target 10.0.3.10 is unhealthy: Health checks failed with these codes: [503]"},
		"no target":          {func(b *bench) { b.cloud.Health.Healthy[group] = nil }, "ALB targets", group + " has no healthy target"},
		"no target group":    {func(b *bench) { delete(b.cloud.Health.Healthy, group) }, "ALB targets", group + " does not exist"},
		"database stopped":   {func(b *bench) { b.cloud.Health.Database = "stopped" }, "database", "ohmycoins-staging-postgres is stopped, want available"},
		"no database":        {func(b *bench) { b.cloud.Health.Database = "" }, "database", "ohmycoins-staging-postgres is missing"},
		"node snapshotting":  {func(b *bench) { b.cloud.Health.CacheNodes["ohmycoins-staging-redis-001"] = "snapshotting" }, "database", "ohmycoins-staging-redis-001 is snapshotting"},
		"as many errors":     {func(b *bench) { b.cloud.Health.Errors["/ecs/ohmycoins-staging/backend"] = errorLimit }, "", ""},
		"too many errors":    {func(b *bench) { b.cloud.Health.Errors["/ecs/ohmycoins-staging/backend"] = errorLimit + 1 }, "recent errors", "/ecs/ohmycoins-staging/backend has 11 lines with ERROR in 15 minutes, want at most 10"},
		"endless errors":     {func(b *bench) { b.cloud.Health.Errors["/ecs/ohmycoins-staging/backend"] = 1e6 }, "recent errors", "has more in 15 minutes than was read, 95 lines with ERROR so far"},
		"no log group":       {func(b *bench) { delete(b.cloud.Health.Errors, "/ecs/ohmycoins-staging/frontend") }, "recent errors", "/ecs/ohmycoins-staging/frontend does not exist"},
		"alarm":              {func(b *bench) { b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM" }, "performance metrics", "ohmycoins-staging/alb/5xx-high is in ALARM: CPUUtilization > 80 % for 5 minutes"},
		"somebody's alarm":   {func(b *bench) { b.cloud.Alarms["ohmycoins-staging-alb-5xx-errors"] = "ALARM" }, "", ""},
		"alarm without data": {func(b *bench) { b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "INSUFFICIENT_DATA" }, "", ""},
		"no alarms":          {func(b *bench) { clear(b.cloud.Alarms) }, "performance metrics", "there are no alarms"},
		"denied":             {func(b *bench) { b.denied("DescribeDBInstances") }, "database", "ohmycoins-staging-postgres is unknown (AccessDeniedException: "},
		"everything": {func(b *bench) {
			b.service("backend").Status, b.service("frontend").Unhealthy = "INACTIVE", []string{"10.0.3.10"}
			b.answer("/api/v1/utils/health-check/", 503, "")
			b.cloud.Health.Database = "stopped"
			b.cloud.Health.Errors["/ecs/ohmycoins-staging/backend"] = 50
			b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
		}, "ECS services, application endpoints, ALB targets, database, recent errors, performance metrics", "6 of 6 health checks failed"},
		"part of an alarm": {func(b *bench) {
			b.cloud.Alarms["ohmycoins-staging/api-latency/burn-3d-1of3"] = "ALARM"
			b.cloud.Health.AlarmDetails["ohmycoins-staging/api-latency/burn-3d-1of3"] = fakeaws.AlarmDetail{Severity: "silent"}
		}, "", ""},
		"alarm without actions": {func(b *bench) {
			b.cloud.Alarms["ohmycoins-staging/mute"] = "ALARM"
			b.cloud.Health.AlarmDetails["ohmycoins-staging/mute"] = fakeaws.AlarmDetail{Severity: "critical"}
		}, "performance metrics", "ohmycoins-staging/mute is in ALARM"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			test.change(b)
			result, err := b.app.Verify(t.Context())
			var failed []string
			for _, check := range result.Checks {
				if !check.OK {
					failed = append(failed, check.Name)
				}
				if check.OK != (check.Next == "") {
					t.Errorf("%s: ok is %v and what to do is %q", check.Name, check.OK, check.Next)
				}
			}
			if got := strings.Join(failed, ", "); got != test.failed || len(result.Checks) != 6 {
				t.Errorf("failed: %q of %d, want %q: %v", got, len(result.Checks), test.failed, err)
			}
			if want := map[bool]int{true: 0, false: 1}[test.failed == ""]; result.Outcome.ExitStatus() != want || (err == nil) != (want == 0) {
				t.Errorf("%v: %v, want exit status %d", result.Outcome, err, want)
			}
			var text strings.Builder
			result.Page().WriteText(&text)
			contains(t, text.String()+fmt.Sprint(err), test.want)
			if strings.Contains(text.String(), fakeaws.SecretMarker) {
				t.Errorf("a line of the log is shown:\n%s", text.String())
			}
			for _, op := range ops(b.cloud.Calls()) {
				if fakeaws.IsWrite(op) {
					t.Errorf("%s was called", op)
				}
			}
		})
	}
}

// answer changes what an endpoint of the application answers.
func (b *bench) answer(path string, status int, body string) {
	for known := range b.cloud.Answers {
		if strings.HasSuffix(known, path) {
			b.cloud.Answers[known] = fakeaws.Answer{Status: status, Body: body}
		}
	}
}

// denied makes AWS refuse a call.
func (b *bench) denied(op string) {
	b.cloud.Faults = append(b.cloud.Faults, &fakeaws.Fault{Op: op, Kind: fakeaws.Denied})
}

func TestVerifyAsTextAndJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.Health.Database = "stopped"
	result, err := b.app.Verify(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	var text strings.Builder
	result.Page().WriteText(&text)
	const want = `omc verify staging: failed
RESULT  CHECK                  FOUND
ok      ECS services           2 of 2 run every task
ok      application endpoints  2 of 2 answer
ok      ALB targets            4 healthy in 2 target groups
failed  database               ohmycoins-staging-postgres is stopped, want available
ok      recent errors          0 in 15 minutes
ok      performance metrics    3 alarms, none in ALARM
What to do about database: read the latest events: aws rds describe-events --region ap-southeast-2 --source-type db-instance --source-identifier ohmycoins-staging-postgres
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	body, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(body), `"outcome":"failed"`, `{"name":"database","ok":false,"detail":"ohmycoins-staging-postgres is stopped, want available","next":"read`)
}

// The logs are read from 15 minutes ago, by the time of the clock.
func TestVerifyReadsTheLastMinutes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.app.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, call := range b.cloud.Calls() {
		if call.Op == "FilterLogEvents" {
			contains(t, call.Body, fmt.Sprintf(`"startTime":%d`, b.cloud.Clock.Now().Add(-errorWindow).UnixMilli()), `"filterPattern":"ERROR"`)
		}
	}
}

func TestVerifyCannotBegin(t *testing.T) {
	t.Parallel()
	t.Run("credentials", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Expired}}
		result, err := b.app.Verify(t.Context())
		if result.Outcome != report.NothingChanged || len(b.cloud.Calls()) != 1 {
			t.Errorf("%v: %v, %d calls", result.Outcome, err, len(b.cloud.Calls()))
		}
		contains(t, fmt.Sprint(err), "credentials: AWS does not accept them")
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		for _, op := range []string{"GetCallerIdentity", "DescribeDBInstances"} {
			b := newBench(t)
			b.cloud.OnCall = func(got string, _ int, done <-chan struct{}) {
				if got == op {
					b.stop()
					<-done
				}
			}
			if result, err := b.app.Verify(t.Context()); err == nil || result.Outcome.ExitStatus() != 130 {
				t.Errorf("%s: %v: %v", op, result.Outcome, err)
			}
		}
	})
}

func TestJudgeServices(t *testing.T) {
	t.Parallel()
	want := []environment.Service{{Key: "a", Name: "a"}}
	for name, test := range map[string]struct {
		service ecstypes.Service
		want    string
	}{
		"fine":           {ecsService("ACTIVE", 2, 2, "COMPLETED"), ""},
		"draining":       {ecsService("DRAINING", 2, 2, "COMPLETED"), "a is DRAINING, want ACTIVE"},
		"nothing wanted": {ecsService("ACTIVE", 0, 0, "COMPLETED"), "a wants 0 tasks, so that nothing runs"},
		"too many":       {ecsService("ACTIVE", 3, 2, "COMPLETED"), "a runs 3 of 2 tasks"},
		"in progress":    {ecsService("ACTIVE", 2, 2, "IN_PROGRESS"), "the roll-out of a is IN_PROGRESS, want COMPLETED"},
		"two problems":   {ecsService("ACTIVE", 0, 2, "FAILED"), "a runs 0 of 2 tasks; the roll-out of a is FAILED, want COMPLETED"},
		"no roll-out":    {ecsService("ACTIVE", 2, 2, ""), "the roll-out of a is nothing, want COMPLETED"},
	} {
		_, wrong := judgeServices(want, map[string]ecstypes.Service{"a": test.service})
		if got := strings.Join(wrong, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func ecsService(status string, running, desired int32, state ecstypes.DeploymentRolloutState) ecstypes.Service {
	return ecstypes.Service{
		Status: &status, RunningCount: running, DesiredCount: desired,
		Deployments: []ecstypes.Deployment{{Status: aws.String("PRIMARY"), RolloutState: state}},
	}
}

func TestJudgeTargets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		states string
		want   string
	}{
		"healthy":   {"healthy healthy", ""},
		"draining":  {"healthy draining", ""},
		"one is":    {"healthy unhealthy", "g: target t1 is unhealthy"},
		"initial":   {"initial", "g: target t0 is initial; g has no healthy target"},
		"unused":    {"healthy unused", "g: target t1 is unused"},
		"none":      {"", "g has no healthy target"},
		"all leave": {"draining", "g has no healthy target"},
	} {
		group := groupHealth{name: "g"}
		for i, state := range strings.Fields(test.states) {
			group.targets = append(group.targets, elbtypes.TargetHealthDescription{
				Target:       &elbtypes.TargetDescription{Id: aws.String(fmt.Sprint("t", i))},
				TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnum(state)},
			})
		}
		_, wrong := judgeTargets([]groupHealth{group})
		if got := strings.Join(wrong, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestJudgeAlarms(t *testing.T) {
	t.Parallel()
	fine, wrong := judgeAlarms([]cloudwatchtypes.MetricAlarm{
		{AlarmName: aws.String("a"), StateValue: "OK"},
		{AlarmName: aws.String("b"), StateValue: "INSUFFICIENT_DATA"},
	}, environment.Staging())
	if fine != "2 alarms, none in ALARM, 1 without data" || wrong != nil {
		t.Errorf("%q, %q", fine, wrong)
	}
	_, wrong = judgeAlarms([]cloudwatchtypes.MetricAlarm{
		{AlarmName: aws.String("computed"), StateValue: "ALARM", StateReason: aws.String("Thresholds Crossed")},
		{
			AlarmName: aws.String("disk"), StateValue: "ALARM", Namespace: aws.String("AWS/RDS"), MetricName: aws.String("FreeStorageSpace"), Statistic: "Minimum",
			ComparisonOperator: "LessThanThreshold", Threshold: aws.Float64(10 << 30), Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1),
		},
	}, environment.Staging())
	if got := strings.Join(wrong, "; "); got != "computed is in ALARM: Thresholds Crossed; disk is in ALARM: FreeStorageSpace < 10 GiB for 5 minutes" {
		t.Error(got)
	}
	switched := cloudwatchtypes.MetricAlarm{AlarmName: aws.String("ohmycoins-staging/maintenance"), StateValue: "ALARM"}
	if fine, wrong = judgeAlarms([]cloudwatchtypes.MetricAlarm{switched}, environment.Staging()); fine != "1 alarms, none in ALARM, under maintenance: messages are held back" || wrong != nil {
		t.Errorf("%q, %q", fine, wrong)
	}
}
