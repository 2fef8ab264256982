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
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

const (
	// explainTasks is how many stopped tasks are shown, explainLines how many lines
	// of the log of the newest.
	explainTasks = 3
	explainLines = 20
	// explainPatience bounds what is asked before the rollback begins.
	explainPatience = 15 * time.Second
)

// awaitAndExplain waits like await, and says why a roll-out failed.
func (r *run) awaitAndExplain(ctx context.Context, rollouts []*transition) error {
	err := r.await(ctx, rollouts)
	if err == nil {
		return unproven(rollouts)
	}
	if !errors.As(err, &rolloutFailed{}) {
		return err
	}
	r.explain(ctx, slices.DeleteFunc(slices.Clone(rollouts), func(ro *transition) bool {
		return rollout.Judge(ro.service, ro.id).Verdict == rollout.Succeeded
	}))
	return err
}

// explain reports why roll-outs failed, as far as AWS knows: why tasks stopped, what
// the load balancer thinks of them, and what they said last. It is asked before the
// rollback, which ends the tasks that know.
func (r *run) explain(ctx context.Context, rollouts []*transition) {
	if errors.As(context.Cause(ctx), &overdue{}) { // this has a time of its own
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := r.within(ctx, explainPatience, explainPatience)
	defer cancel()
	texts := make([][]string, len(rollouts))
	_ = awsapi.Each(awsapi.Indexes(len(rollouts)), func(i int) error {
		texts[i] = append(r.explainTasks(ctx, rollouts[i]), r.explainTargets(ctx, rollouts[i])...)
		return nil
	})
	for i, ro := range rollouts {
		for _, line := range texts[i] {
			r.out.Warn(ro.target.env.Key + ": " + line)
		}
	}
}

// explainTasks says why the tasks of a roll-out stopped.
func (r *run) explainTasks(ctx context.Context, ro *transition) []string {
	list, err := r.aws.ECS.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: &r.env.Cluster.Name, ServiceName: &ro.target.env.Name, DesiredStatus: ecstypes.DesiredStatusStopped,
	})
	if err != nil {
		return []string{"its stopped tasks cannot be listed: " + awsapi.Brief(err)}
	}
	if len(list.TaskArns) == 0 {
		return nil
	}
	out, err := r.aws.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.env.Cluster.Name, Tasks: list.TaskArns})
	if err != nil {
		return []string{"its stopped tasks cannot be described: " + awsapi.Brief(err)}
	}
	tasks := tasksOf(out.Tasks, ro.definition)
	var lines []string
	for _, task := range tasks {
		lines = append(lines, stoppedTask(task)...)
	}
	if len(tasks) > 0 {
		lines = append(lines, r.lastLines(ctx, ro, tasks[0])...)
	}
	return lines
}

// tasksOf returns the newest stopped tasks of a task definition.
func tasksOf(tasks []ecstypes.Task, definition string) []ecstypes.Task {
	ours := slices.DeleteFunc(slices.Clone(tasks), func(t ecstypes.Task) bool {
		return aws.ToString(t.TaskDefinitionArn) != definition
	})
	slices.SortStableFunc(ours, func(a, b ecstypes.Task) int {
		return aws.ToTime(b.StoppedAt).Compare(aws.ToTime(a.StoppedAt))
	})
	return ours[:min(len(ours), explainTasks)]
}

// stoppedTask says why a task stopped.
func stoppedTask(task ecstypes.Task) []string {
	lines := []string{fmt.Sprintf("task %s stopped: %s", rollout.TaskID(aws.ToString(task.TaskArn)), cmp.Or(aws.ToString(task.StoppedReason), "nothing"))}
	for _, c := range task.Containers {
		var parts []string
		if c.ExitCode != nil {
			parts = append(parts, fmt.Sprintf("exit code %d", *c.ExitCode))
		}
		if why := aws.ToString(c.Reason); why != "" {
			parts = append(parts, why)
		}
		if c.HealthStatus == ecstypes.HealthStatusUnhealthy {
			parts = append(parts, "its health check fails")
		}
		if len(parts) > 0 {
			lines = append(lines, fmt.Sprintf("  container %s: %s", aws.ToString(c.Name), strings.Join(parts, ", ")))
		}
	}
	return lines
}

// lastLines returns what a stopped task said last.
func (r *run) lastLines(ctx context.Context, ro *transition, task ecstypes.Task) []string {
	stream, ok := rollout.LogStreamOf(ro.target.definition.TaskDefinition, ro.target.env.Container)
	if !ok {
		return nil
	}
	name := stream.Name(ro.target.env.Container, aws.ToString(task.TaskArn))
	out, err := r.aws.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &stream.Group, LogStreamName: &name, Limit: aws.Int32(explainLines), StartFromHead: aws.Bool(false),
	})
	if err != nil || len(out.Events) == 0 {
		return []string{fmt.Sprintf("its log %s %s has no lines", stream.Group, name)}
	}
	lines := []string{fmt.Sprintf("the last lines of its log (%s %s):", stream.Group, name)}
	for _, event := range out.Events {
		lines = append(lines, "  | "+strings.TrimRight(aws.ToString(event.Message), "\r\n"))
	}
	return lines
}

// usualHealth are states of targets that explain nothing.
var usualHealth = []elbtypes.TargetHealthStateEnum{
	elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumDraining,
}

// explainTargets says what the load balancer thinks of a service's tasks.
func (r *run) explainTargets(ctx context.Context, ro *transition) []string {
	var lines []string
	for _, lb := range ro.target.service.LoadBalancers {
		out, err := r.aws.Targets.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: lb.TargetGroupArn})
		if err != nil {
			lines = append(lines, "its targets cannot be described: "+awsapi.Brief(err))
			continue
		}
		for _, health := range out.TargetHealthDescriptions {
			if health.TargetHealth == nil || health.Target == nil || slices.Contains(usualHealth, health.TargetHealth.State) {
				continue
			}
			lines = append(lines, fmt.Sprintf("target %s is %s: %s", aws.ToString(health.Target.Id), health.TargetHealth.State,
				cmp.Or(aws.ToString(health.TargetHealth.Description), "nothing")))
		}
	}
	return lines
}
