package verbs

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// migrationInterval is how often a migration is looked at. Each look is two calls:
// the task and its log.
const migrationInterval = 10 * time.Second

// migrate runs a service's migration in a task of its own, with the new task
// definition, where the service's tasks run. Its exit code decides.
func (r *run) migrate(ctx context.Context, t *target, definition *ecstypes.TaskDefinition) error {
	command := strings.Join(t.env.Migration, " ")
	r.out.Info(fmt.Sprintf("%s: running %q with %s", t.env.Key, command, rollout.RevisionName(aws.ToString(definition.TaskDefinitionArn))))
	t.migrated = true
	var out *ecs.RunTaskOutput
	err := r.change(ctx, "starting the migration", func(ctx context.Context) (err error) {
		out, err = r.aws.ECS.RunTask(ctx, r.migrationInput(t, definition))
		return err
	})
	if err != nil {
		if awsapi.TroubleOf(err) != awsapi.Permanent {
			r.stopStarted(ctx, t, err)
		}
		return err
	}
	if len(out.Tasks) == 0 {
		why := "ECS gave no reason"
		if len(out.Failures) > 0 {
			why = aws.ToString(out.Failures[0].Reason) + " " + aws.ToString(out.Failures[0].Detail)
		}
		return fmt.Errorf("starting the migration: ECS started no task: %s", strings.TrimSpace(why))
	}
	arn := aws.ToString(out.Tasks[0].TaskArn)
	r.noteMigration(ctx, t, arn)
	task, err := r.awaitTask(ctx, t, definition, arn, r.timeout)
	if err != nil {
		r.stopTask(ctx, arn, err)
		return fmt.Errorf("running the migration %q (task %s): %w", command, rollout.TaskID(arn), err)
	}
	t.entry.Migration.Ended = true
	if err := judgeTask(task, t.env.Container); err != nil {
		return fmt.Errorf("running the migration %q (task %s): %w", command, rollout.TaskID(arn), err)
	}
	r.out.Info(fmt.Sprintf("%s: the migration succeeded", t.env.Key))
	return nil
}

func (r *run) migrationInput(t *target, definition *ecstypes.TaskDefinition) *ecs.RunTaskInput {
	input := &ecs.RunTaskInput{
		Cluster:              &r.env.Cluster.Name,
		TaskDefinition:       definition.TaskDefinitionArn,
		Count:                aws.Int32(1),
		NetworkConfiguration: t.service.NetworkConfiguration,
		PlatformVersion:      t.service.PlatformVersion,
		StartedBy:            aws.String(r.startedBy(t)),
		ClientToken:          aws.String(r.record.ID + "-" + t.env.Key), // a repeated call starts no second task
		Overrides: &ecstypes.TaskOverride{ContainerOverrides: []ecstypes.ContainerOverride{
			{Name: &t.env.Container, Command: t.env.Migration},
		}},
	}
	if len(t.service.CapacityProviderStrategy) > 0 {
		input.CapacityProviderStrategy = t.service.CapacityProviderStrategy
	} else {
		input.LaunchType = t.service.LaunchType
	}
	return input
}

// startedBy is by what ECS finds the migration of a service again.
func (r *run) startedBy(t *target) string { return startedByOmc + r.record.ID + "-" + t.env.Key }

// awaitTask waits until a task has stopped, at most for limit, and shows its log meanwhile.
func (r *run) awaitTask(ctx context.Context, t *target, definition *ecstypes.TaskDefinition, arn string, limit time.Duration) (ecstypes.Task, error) {
	defer r.out.Settle()
	started := r.clock.Now()
	log := follower{App: r.App, label: t.env.Key + " migration"}
	if stream, ok := rollout.LogStreamOf(definition, t.env.Container); ok {
		log.group, log.stream = stream.Group, stream.Name(t.env.Container, arn)
	}
	var unknown awsapi.Doubt
	for {
		if err := r.clock.Sleep(ctx, migrationInterval); err != nil {
			return ecstypes.Task{}, err
		}
		var out *ecs.DescribeTasksOutput
		err := r.persist(ctx, "asking for the migration", func(ctx context.Context) (err error) {
			out, err = r.aws.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.env.Cluster.Name, Tasks: []string{arn}}, awsapi.OneAttempt)
			return err
		})
		if err != nil {
			return ecstypes.Task{}, err
		}
		elapsed := r.clock.Now().Sub(started)
		missing := len(out.Tasks) == 0
		if believed := unknown.Believe(missing, r.clock.Now()); missing {
			if believed {
				return ecstypes.Task{}, fmt.Errorf("ECS has not known the task for %s", awsapi.Settling)
			}
			r.out.Live(t.env.Key+" migration", "ECS does not know the task yet", elapsed)
			continue
		}
		task := out.Tasks[0]
		status := aws.ToString(task.LastStatus)
		r.out.Live(t.env.Key+" migration", strings.ToLower(status), elapsed)
		log.show(ctx)
		if status == "STOPPED" {
			return task, nil
		}
		if elapsed >= limit {
			return ecstypes.Task{}, overdue{limit}
		}
	}
}

// judgeTask decides by the exit code of a container of a stopped task.
func judgeTask(task ecstypes.Task, container string) error {
	for _, c := range task.Containers {
		if aws.ToString(c.Name) != container {
			continue
		}
		switch {
		case c.ExitCode == nil:
			return fmt.Errorf("it never ran: %s", stopReason(task, c))
		case *c.ExitCode != 0:
			return fmt.Errorf("exit code %d: %s", *c.ExitCode, stopReason(task, c))
		}
		return nil
	}
	return fmt.Errorf("the task has no container %q", container)
}

func stopReason(task ecstypes.Task, c ecstypes.Container) string {
	reason := aws.ToString(task.StoppedReason)
	if why := aws.ToString(c.Reason); why != "" {
		reason = strings.TrimPrefix(reason+": "+why, ": ")
	}
	return cmp.Or(reason, "nothing")
}

// stopTask ends a migration that nobody waits for any more.
func (r *run) stopTask(ctx context.Context, arn string, why error) {
	ctx, cancel := r.lastWords(ctx)
	defer cancel()
	err := r.change(ctx, "stopping the migration", func(ctx context.Context) error {
		_, err := r.aws.ECS.StopTask(ctx, &ecs.StopTaskInput{
			Cluster: &r.env.Cluster.Name, Task: &arn, Reason: aws.String("omc: " + shorten(awsapi.Brief(why))),
		})
		return err
	})
	if err != nil {
		r.out.Warn(fmt.Sprintf("the migration task %s may still run: %s", rollout.TaskID(arn), awsapi.Brief(err)))
		return
	}
	r.out.Warn(fmt.Sprintf("the migration task %s was told to stop", rollout.TaskID(arn)))
}

// stopStarted ends a migration of which only ECS knows whether it was started.
func (r *run) stopStarted(ctx context.Context, t *target, why error) {
	asking, cancel := r.lastWords(ctx)
	defer cancel()
	list, err := r.aws.ECS.ListTasks(asking, &ecs.ListTasksInput{Cluster: &r.env.Cluster.Name, StartedBy: aws.String(r.startedBy(t))})
	if err != nil {
		r.out.Warn(fmt.Sprintf("a migration task, started by %s, may run: %s", r.startedBy(t), awsapi.Brief(err)))
		return
	}
	for _, arn := range list.TaskArns {
		r.stopTask(ctx, arn, why)
	}
}

// A follower shows what is new in a log stream.
type follower struct {
	*App
	label, group, stream string
	token                *string
}

// show reports the lines that came since the last time. That there are none yet, or
// that they cannot be read, is no reason to stop.
func (f *follower) show(ctx context.Context) {
	if f.group == "" {
		return
	}
	out, err := f.aws.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &f.group, LogStreamName: &f.stream, NextToken: f.token, StartFromHead: aws.Bool(true),
	})
	if err != nil {
		return
	}
	f.token = out.NextForwardToken
	for _, event := range out.Events {
		f.out.Info(f.label + " | " + strings.TrimRight(aws.ToString(event.Message), "\r\n"))
	}
}
