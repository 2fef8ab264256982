package verbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/backtest"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	// errorWindow is how far back the logs are read.
	errorWindow = 15 * time.Minute
	// errorLimit is how many lines with ERROR one log group may have in errorWindow.
	// More than that fails the check.
	errorLimit = 10
	// errorPages bounds how much of a log group is read. CloudWatch Logs answers with
	// at most 1 MB or 10,000 lines a page, and some pages are empty.
	errorPages = 20
)

// Verification is how an environment is. It is what --output json prints.
type Verification struct {
	Environment string `json:"environment"`
	// Ending has [report.Succeeded] when every check passed, and [report.Failed] otherwise.
	report.Ending
	Checks []HealthCheck `json:"checks"`
}

// HealthCheck is one of the checks of a [Verification].
type HealthCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail is what was found: in short when it is well, everything that is wrong
	// otherwise.
	Detail string `json:"detail"`
	// Next says what to do. It is empty when OK.
	Next string `json:"next,omitempty"`
}

// A finder looks at one side of the environment. It returns what to say when all is
// well, and everything that is wrong.
type finder func(ctx context.Context) (fine string, wrong []string)

// Verify makes the six health checks of the runbook, side by side, and returns all of
// them. It changes nothing.
func (a *App) Verify(ctx context.Context) (Verification, error) {
	work, stop := a.reading(ctx)
	defer stop()
	result := Verification{Environment: a.env.Name, Checks: []HealthCheck{}}
	if _, err := a.permitted(work); err != nil {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	checks := []struct {
		name string
		find finder
		next string
	}{
		{"ECS services", a.findServices, "see omc status " + a.env.Name + "; when a deployment began it, omc rollback " + a.env.Name},
		{"application endpoints", a.findEndpoints, "read the last lines of the service's log; when a deployment began it, omc rollback " + a.env.Name},
		{"ALB targets", a.findTargets, "find out why the target fails its health check: omc status " + a.env.Name + ", then the last lines of the task's log"},
		{"database", a.findDatabase, "read the latest events: aws rds describe-events --region " + a.env.Region + " --source-type db-instance --source-identifier " + a.env.Database.Instance},
		{"recent errors", a.findErrors, "read the lines: aws logs tail LOG-GROUP --region " + a.env.Region + " --since 15m --filter-pattern ERROR"},
		{"performance metrics", a.findAlarms, "do what the alarm's description says first: aws cloudwatch describe-alarms --region " + a.env.Region + " --state-value ALARM --alarm-name-prefix " + a.env.Prefix + "/"},
	}
	result.Checks = make([]HealthCheck, len(checks))
	_ = awsapi.Each(awsapi.Indexes(len(checks)), func(i int) error {
		fine, wrong := checks[i].find(work)
		check := HealthCheck{Name: checks[i].name, OK: len(wrong) == 0, Detail: fine}
		if !check.OK {
			check.Detail, check.Next = a.redact.Clean(strings.Join(wrong, "; ")), checks[i].next
		}
		result.Checks[i] = check
		return nil
	})
	if errors.Is(context.Cause(work), awsapi.ErrInterrupted) || ctx.Err() != nil {
		err := interruption(work, context.Cause(work))
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	outcome, err := report.Succeeded, lateness(work, unhealthy(result.Checks))
	if err != nil {
		outcome = report.Failed
	}
	return result, a.fail(&result.Ending, outcome, err)
}

// unhealthy returns an error that names the checks that failed, if any did.
func unhealthy(checks []HealthCheck) error {
	var failed []string
	for _, check := range checks {
		if !check.OK {
			failed = append(failed, check.Name)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d health checks failed: %s", len(failed), len(checks), strings.Join(failed, ", "))
}

func (a *App) findServices(ctx context.Context) (string, []string) {
	services, err := a.describeServices(ctx)
	if err != nil {
		return "", []string{"they cannot be described: " + awsapi.Brief(err)}
	}
	return judgeServices(a.env.Cluster.Services, services)
}

// judgeServices wants every service ACTIVE, with all the tasks that it is to have, and
// its newest roll-out completed.
func judgeServices(want []environment.Service, got map[string]ecstypes.Service) (string, []string) {
	var wrong []string
	for _, service := range want {
		described, exists := got[service.Name]
		s := serviceStatus(service.Key, described)
		switch {
		case !exists:
			wrong = append(wrong, service.Name+" does not exist")
			continue
		case s.Status != "ACTIVE":
			wrong = append(wrong, fmt.Sprintf("%s is %s, want ACTIVE", service.Name, s.Status))
			continue
		case s.Desired == 0:
			wrong = append(wrong, service.Name+" wants 0 tasks, so that nothing runs")
		case s.Running != s.Desired:
			wrong = append(wrong, fmt.Sprintf("%s runs %d of %d tasks", service.Name, s.Running, s.Desired))
		}
		if primary := rollout.PrimaryOf(described).RolloutState; primary != ecstypes.DeploymentRolloutStateCompleted {
			wrong = append(wrong, fmt.Sprintf("the roll-out of %s is %s, want COMPLETED", service.Name, cmp.Or(string(primary), "nothing")))
		}
	}
	return fmt.Sprintf("%d of %d run every task", len(want), len(want)), wrong
}

// findEndpoints makes each of the environment's checks once: an endpoint that answers
// only sometimes is not well.
func (a *App) findEndpoints(ctx context.Context) (string, []string) {
	var checks []environment.Check
	for _, service := range a.env.Cluster.Services {
		checks = append(checks, service.Checks...)
	}
	errs := make([]error, len(checks))
	_ = awsapi.Each(awsapi.Indexes(len(checks)), func(i int) error {
		_, errs[i] = a.check(ctx, checks[i])
		return nil
	})
	var wrong []string
	for i, err := range errs {
		if err != nil {
			wrong = append(wrong, checks[i].URL+": "+err.Error())
		}
	}
	return fmt.Sprintf("%d of %d answer", len(checks), len(checks)), wrong
}

// groupHealth is what a load balancer thinks of a target group.
type groupHealth struct {
	name string
	// problem is why nothing is known about it.
	problem string
	targets []elbtypes.TargetHealthDescription
}

func (a *App) findTargets(ctx context.Context) (string, []string) {
	groups := make([]groupHealth, len(a.env.LoadBalancer.TargetGroups))
	_ = awsapi.Each(awsapi.Indexes(len(groups)), func(i int) error {
		name := a.env.LoadBalancer.TargetGroups[i].Name
		groups[i].name = name
		// One call for each: with several names, one that is missing fails them all.
		described, err := a.aws.Targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
		if awsapi.IsCode(err, "TargetGroupNotFound") || err == nil && len(described.TargetGroups) == 0 {
			groups[i].problem = "does not exist"
			return nil
		}
		if err != nil {
			groups[i].problem = "cannot be described: " + awsapi.Brief(err)
			return nil
		}
		health, err := a.aws.Targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: described.TargetGroups[0].TargetGroupArn})
		if err != nil {
			groups[i].problem = "cannot be described: " + awsapi.Brief(err)
			return nil
		}
		groups[i].targets = health.TargetHealthDescriptions
		return nil
	})
	return judgeTargets(groups)
}

// judgeTargets wants at least one healthy target in each group, and no other target
// than healthy ones and those that are draining: they leave, as at the end of every
// roll-out, and get no more requests.
func judgeTargets(groups []groupHealth) (string, []string) {
	var wrong []string
	total := 0
	for _, group := range groups {
		if group.problem != "" {
			wrong = append(wrong, group.name+" "+group.problem)
			continue
		}
		healthy := 0
		for _, target := range group.targets {
			if target.TargetHealth == nil || target.Target == nil {
				continue
			}
			if target.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				healthy++
			}
			if slices.Contains(usualHealth, target.TargetHealth.State) {
				continue
			}
			text := fmt.Sprintf("%s: target %s is %s", group.name, aws.ToString(target.Target.Id), target.TargetHealth.State)
			if why := aws.ToString(target.TargetHealth.Description); why != "" {
				text += ": " + why
			}
			wrong = append(wrong, text)
		}
		if healthy == 0 {
			wrong = append(wrong, group.name+" has no healthy target")
		}
		total += healthy
	}
	return fmt.Sprintf("%d healthy in %d target groups", total, len(groups)), wrong
}

// available is what RDS and ElastiCache call an instance that is well.
const available = "available"

// findDatabase asks AWS about the database and the nodes of the cache. That the
// application reaches them is what its endpoints show.
func (a *App) findDatabase(ctx context.Context) (string, []string) {
	name := a.env.Database.Instance
	states := make([]string, 1+len(a.env.Cache.Nodes))
	_ = awsapi.Each(awsapi.Indexes(len(states)), func(i int) error {
		if i == 0 {
			states[i] = a.databaseState(ctx, name)
		} else {
			states[i] = a.nodeState(ctx, a.env.Cache.Nodes[i-1].ID)
		}
		return nil
	})
	var wrong []string
	for i, state := range states {
		subject := name
		if i > 0 {
			subject = a.env.Cache.Nodes[i-1].ID
		}
		if state != available {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", subject, state, available))
		}
	}
	fine := available
	if n := len(a.env.Cache.Nodes); n > 0 {
		fine += fmt.Sprintf(", and %d of %d Redis nodes", n, n)
	}
	return fine, wrong
}

func (a *App) databaseState(ctx context.Context, name string) string {
	out, err := a.aws.Databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	switch {
	case awsapi.IsCode(err, "DBInstanceNotFound"), awsapi.IsCode(err, "DBInstanceNotFoundFault"), err == nil && len(out.DBInstances) == 0:
		return "missing"
	case err != nil:
		return "unknown (" + awsapi.Brief(err) + ")"
	}
	return cmp.Or(aws.ToString(out.DBInstances[0].DBInstanceStatus), "nothing")
}

func (a *App) nodeState(ctx context.Context, id string) string {
	out, err := a.aws.Caches.DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{CacheClusterId: &id})
	switch {
	case awsapi.IsCode(err, "CacheClusterNotFound"), awsapi.IsCode(err, "CacheClusterNotFoundFault"), err == nil && len(out.CacheClusters) == 0:
		return "missing"
	case err != nil:
		return "unknown (" + awsapi.Brief(err) + ")"
	}
	return cmp.Or(aws.ToString(out.CacheClusters[0].CacheClusterStatus), "nothing")
}

// errorCount is how many lines with ERROR a log group has.
type errorCount struct {
	group string
	lines int
	// partial says that there is more log than was read.
	partial bool
	// problem is why the log could not be read.
	problem string
}

func (a *App) findErrors(ctx context.Context) (string, []string) {
	counts := make([]errorCount, len(a.env.Cluster.Services))
	since := a.clock.Now().Add(-errorWindow)
	_ = awsapi.Each(awsapi.Indexes(len(counts)), func(i int) error {
		counts[i] = a.countErrors(ctx, a.env.Cluster.Services[i].LogGroup, since)
		return nil
	})
	return judgeErrors(counts)
}

// countErrors counts the lines with ERROR in a log group. The lines themselves are
// not shown: nobody knows what an application logs.
func (a *App) countErrors(ctx context.Context, group string, since time.Time) errorCount {
	count := errorCount{group: group}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.aws.Logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: aws.String("ERROR"), StartTime: aws.Int64(since.UnixMilli()),
	})
	for range errorPages {
		if !pages.HasMorePages() {
			return count
		}
		page, err := pages.NextPage(ctx)
		if awsapi.IsCode(err, "ResourceNotFoundException") {
			count.problem = "does not exist"
			return count
		}
		if err != nil {
			count.problem = "cannot be read: " + awsapi.Brief(err)
			return count
		}
		count.lines += len(page.Events)
	}
	count.partial = pages.HasMorePages()
	return count
}

// judgeErrors wants at most [errorLimit] lines in each log group, and no log that was
// not read to its end.
func judgeErrors(counts []errorCount) (string, []string) {
	var wrong []string
	total := 0
	for _, count := range counts {
		total += count.lines
		switch {
		case count.problem != "":
			wrong = append(wrong, count.group+" "+count.problem)
		case count.partial:
			wrong = append(wrong, fmt.Sprintf("%s has more in 15 minutes than was read, %d lines with ERROR so far, want at most %d", count.group, count.lines, errorLimit))
		case count.lines > errorLimit:
			wrong = append(wrong, fmt.Sprintf("%s has %d lines with ERROR in 15 minutes, want at most %d", count.group, count.lines, errorLimit))
		}
	}
	return fmt.Sprintf("%d in 15 minutes", total), wrong
}

func (a *App) findAlarms(ctx context.Context) (string, []string) {
	alarms, err := a.operationsAlarms(ctx)
	if err == nil {
		alarms, err = a.withoutParts(ctx, alarms)
	}
	if err != nil {
		return "", []string{"they cannot be described: " + awsapi.Brief(err)}
	}
	return judgeAlarms(alarms, a.env)
}

// withoutParts leaves out what is in ALARM and tells nobody, because it is a part of an
// alarm that does: a day that used up a service level's error budget stays in ALARM for
// two days more.
func (a *App) withoutParts(ctx context.Context, alarms []cloudwatchtypes.MetricAlarm) ([]cloudwatchtypes.MetricAlarm, error) {
	var judged, mute []cloudwatchtypes.MetricAlarm
	for _, alarm := range alarms {
		if alarm.StateValue == cloudwatchtypes.StateValueAlarm && len(alarm.AlarmActions) == 0 {
			mute = append(mute, alarm)
			continue
		}
		judged = append(judged, alarm)
	}
	alarmsOf := make([]anyAlarm, len(mute))
	for i, alarm := range mute {
		alarmsOf[i] = fromMetric(alarm)
	}
	tagged, err := a.tagAlarms(ctx, alarmsOf)
	for i, t := range tagged {
		if t.severity != silent {
			judged = append(judged, mute[i])
		}
	}
	return judged, err
}

// operationsAlarms returns the alarms of the operations stack.
func (a *App) operationsAlarms(ctx context.Context) ([]cloudwatchtypes.MetricAlarm, error) {
	prefix := a.env.Prefix + "/"
	var alarms []cloudwatchtypes.MetricAlarm
	pages := cloudwatch.NewDescribeAlarmsPaginator(a.aws.Alarms, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
	err := eachPage(pages.HasMorePages, func() error {
		page, err := pages.NextPage(ctx)
		if err == nil {
			alarms = append(alarms, page.MetricAlarms...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("describing alarms: %w", err)
	}
	return alarms, nil
}

// judgeAlarms wants alarms, and none of them in ALARM but the one that says that the
// environment is under maintenance.
func judgeAlarms(alarms []cloudwatchtypes.MetricAlarm, env environment.Environment) (string, []string) {
	if len(alarms) == 0 {
		return "", []string{"there are no alarms, so that nothing is known: deploy the operations stack first: cdktf deploy " + env.Name}
	}
	var wrong []string
	unknown, maintenance := 0, ""
	for _, a := range alarms {
		switch {
		case aws.ToString(a.AlarmName) == env.MaintenanceAlarm():
			if a.StateValue == cloudwatchtypes.StateValueAlarm {
				maintenance = ", under maintenance: messages are held back"
			}
		case a.StateValue == cloudwatchtypes.StateValueAlarm:
			wrong = append(wrong, fmt.Sprintf("%s is in ALARM: %s", aws.ToString(a.AlarmName), conditionOf(a)))
		case a.StateValue == cloudwatchtypes.StateValueInsufficientData:
			unknown++
		}
	}
	fine := fmt.Sprintf("%d alarms, none in ALARM", len(alarms))
	if unknown > 0 {
		fine += fmt.Sprintf(", %d without data", unknown)
	}
	return fine + maintenance, wrong
}

// conditionOf says in words when an alarm goes off.
func conditionOf(a cloudwatchtypes.MetricAlarm) string {
	if a.MetricName == nil { // a computed metric has no words
		return cmp.Or(aws.ToString(a.StateReason), "nothing")
	}
	return aws.ToString(a.MetricName) + " " + backtest.WithUnits(account.MetricAlarm(a).MetricAlarm).Words()
}

// Page returns the checks for people.
func (v Verification) Page() report.Page {
	page := report.Page{Title: fmt.Sprintf("omc verify %s: %s", v.Environment, v.Outcome), Columns: []string{"RESULT", "CHECK", "FOUND"}, Error: v.Error}
	for _, check := range v.Checks {
		state := "ok"
		if !check.OK {
			state = "failed"
			page.Notes = append(page.Notes, fmt.Sprintf("What to do about %s: %s", check.Name, check.Next))
		}
		page.Rows = append(page.Rows, []string{state, check.Name, check.Detail})
	}
	return page
}
