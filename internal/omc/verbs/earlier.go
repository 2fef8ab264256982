package verbs

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// startedByOmc is how the startedBy of every migration begins.
const startedByOmc = "omc-"

// awaitEarlier waits until no migration of an earlier deployment runs: it may have died
// without its task. One that takes half of our time is stopped.
func (r *run) awaitEarlier(ctx context.Context, t *target) error {
	tasks, err := r.earlierMigrations(ctx, t)
	if err != nil {
		return err
	}
	for _, task := range tasks {
		arn := aws.ToString(task.TaskArn)
		r.out.Warn(fmt.Sprintf("%s: a migration of an earlier deployment still runs: task %s, started by %s: waiting for it",
			t.env.Key, rollout.TaskID(arn), aws.ToString(task.StartedBy)))
		limit := r.timeout / 2
		_, err := r.awaitTask(ctx, t, t.definition.TaskDefinition, arn, limit)
		if err != nil && ctx.Err() == nil {
			r.stopTask(ctx, arn, err)
			_, err = r.awaitTask(ctx, t, t.definition.TaskDefinition, arn, limit)
		}
		if err != nil {
			return fmt.Errorf("waiting for the migration of an earlier deployment (task %s), which may still run: %w", rollout.TaskID(arn), err)
		}
		r.out.Info(fmt.Sprintf("%s: the migration of the earlier deployment has ended", t.env.Key))
	}
	return nil
}

// earlierMigrations returns the migrations of a service that run, also those that were
// told to stop and have not done so yet.
func (r *run) earlierMigrations(ctx context.Context, t *target) ([]ecstypes.Task, error) {
	var running []ecstypes.Task
	for _, desired := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusRunning, ecstypes.DesiredStatusStopped} {
		pages := ecs.NewListTasksPaginator(r.aws.ECS, &ecs.ListTasksInput{
			Cluster: &r.env.Cluster.Name, Family: t.definition.TaskDefinition.Family, DesiredStatus: desired,
		})
		err := eachPage(pages.HasMorePages, func() error {
			const what = "looking for migrations of earlier deployments"
			var page *ecs.ListTasksOutput
			err := r.persist(ctx, what, func(ctx context.Context) (err error) {
				page, err = pages.NextPage(ctx)
				return err
			})
			if err != nil || len(page.TaskArns) == 0 {
				return err
			}
			var out *ecs.DescribeTasksOutput
			err = r.persist(ctx, what, func(ctx context.Context) (err error) { // a page comes only once
				out, err = r.aws.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.env.Cluster.Name, Tasks: page.TaskArns})
				return err
			})
			if err != nil {
				return err
			}
			for _, task := range out.Tasks {
				if strings.HasPrefix(aws.ToString(task.StartedBy), startedByOmc) && aws.ToString(task.LastStatus) != "STOPPED" {
					running = append(running, task)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return running, nil
}

// mostPages bounds how many pages of an answer are asked for.
const mostPages = 100

// eachPage asks for every page of an answer. It fails when they do not end.
func eachPage(more func() bool, next func() error) error {
	for range mostPages {
		if !more() {
			return nil
		}
		if err := next(); err != nil {
			return err
		}
	}
	if more() {
		return fmt.Errorf("the answer has more than %d pages", mostPages)
	}
	return nil
}

// noteMigration names the task of a migration in the record.
func (r *run) noteMigration(ctx context.Context, t *target, arn string) {
	t.entry.Migration.Task = arn
	r.tryNote(ctx, r.record.Step)
}

// unfinishedMigration says which migration a record left running, "" when it left none.
func unfinishedMigration(r *ledger.Record) string {
	for _, s := range r.Services {
		if m := s.Migration; m != nil && !m.Ended {
			return fmt.Sprintf("the migration of %s may still run (task %s, started by %s)", s.Service, cmp.Or(rollout.TaskID(m.Task), "nothing"), m.StartedBy)
		}
	}
	return ""
}
