package verbs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A rollout is one service on its way to another task definition.
type rollout struct {
	target *target
	// definition is the ARN that it goes to.
	definition string
	// id is the deployment that our own update returned.
	id string
	// service is how it was described last.
	service ecstypes.Service
	// shown are the events that were reported.
	shown map[string]bool
}

// rolloutFailed is the error of a roll-out that did not succeed.
type rolloutFailed struct {
	service, reason string
}

func (e rolloutFailed) Error() string { return e.service + ": " + e.reason }

// updateInput is the request that rolls out a task definition. What the service's
// deployment configuration says otherwise is kept.
func updateInput(cluster string, t *target, definition string) *ecs.UpdateServiceInput {
	config := ecstypes.DeploymentConfiguration{}
	if t.service.DeploymentConfiguration != nil {
		config = *t.service.DeploymentConfiguration
	}
	config.DeploymentCircuitBreaker = &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true}
	if len(t.env.DeploymentAlarms) > 0 {
		config.Alarms = &ecstypes.DeploymentAlarms{AlarmNames: t.env.DeploymentAlarms, Enable: true, Rollback: true}
	}
	return &ecs.UpdateServiceInput{
		Cluster:                 &cluster,
		Service:                 &t.env.Name,
		TaskDefinition:          &definition,
		DeploymentConfiguration: &config,
	}
}

// start updates one service and remembers the deployment that this makes.
func (r *run) start(ctx context.Context, t *target, definition string) (*rollout, error) {
	var out *ecs.UpdateServiceOutput
	what := fmt.Sprintf("updating %s to %s", t.env.Name, revisionName(definition))
	err := r.change(ctx, what, func(ctx context.Context) (err error) {
		out, err = r.aws.ecs.UpdateService(ctx, updateInput(r.env.Cluster.Name, t, definition))
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Service == nil || primaryID(*out.Service) == "" {
		return nil, fmt.Errorf("%s: ECS answered without a deployment", what)
	}
	ro := &rollout{target: t, definition: definition, id: primaryID(*out.Service), service: *out.Service, shown: map[string]bool{}}
	for _, event := range out.Service.Events {
		ro.shown[aws.ToString(event.Id)] = true
	}
	r.out.Info(fmt.Sprintf("%s: rolling out %s as deployment %s", t.env.Key, revisionName(definition), ro.id))
	return ro, nil
}

// rollOut updates services, side by side, to what their part of the record says.
func (r *run) rollOut(ctx context.Context, targets []*target) ([]*rollout, error) {
	// Written first: after a crash in between, the services may have been updated.
	mark := func(touched bool) {
		for _, t := range targets {
			t.entry.Touched = touched
		}
	}
	mark(true)
	if err := r.note(ctx, "updating the services"); err != nil {
		mark(false)
		return nil, err
	}
	rollouts := make([]*rollout, len(targets))
	err := each(indexes(len(targets)), func(i int) (err error) {
		entry := targets[i].entry
		if rollouts[i], err = r.start(ctx, targets[i], entry.After.TaskDefinition); err == nil {
			entry.After.Deployment = rollouts[i].id
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.tryNote(ctx, "updated the services, waiting")
	return rollouts, nil
}

// await waits until every roll-out has succeeded or one has failed. It asks ECS
// once for all of them at each poll.
func (r *run) await(ctx context.Context, rollouts []*rollout) error {
	defer r.out.Settle()
	started := r.clock.Now()
	deadline := started.Add(r.timeout)
	var silentSince time.Time
	for {
		done, err := r.judgeAll(rollouts, started)
		if done || err != nil {
			return err
		}
		now := r.clock.Now()
		// As long as AWS does not answer, nothing can be said about the roll-out.
		out := !silentSince.IsZero() && now.Sub(silentSince) <= outage
		if !now.Before(deadline) && !out {
			return r.timedOut(rollouts)
		}
		if err := r.clock.Sleep(ctx, pollInterval); err != nil {
			return fmt.Errorf("waiting for the roll-out: %w", err)
		}
		services, err := r.describeServices(ctx, oneAttempt)
		switch {
		case err == nil:
			if !silentSince.IsZero() {
				r.out.Live("AWS", "it answers again", r.clock.Now().Sub(silentSince))
			}
			silentSince = time.Time{}
			for _, ro := range rollouts {
				ro.service = services[ro.target.env.Name]
			}
		case ctx.Err() != nil:
			return fmt.Errorf("waiting for the roll-out: %w", context.Cause(ctx))
		case troubleOf(err) == transient:
			if silentSince.IsZero() {
				silentSince = r.clock.Now()
			}
			r.out.Live("AWS", "no answer, still waiting: "+brief(err), r.clock.Now().Sub(silentSince))
		case troubleOf(err) == expired:
			return fmt.Errorf("waiting for the roll-out: the credentials have expired: %w", err)
		default:
			return fmt.Errorf("waiting for the roll-out: %w", err)
		}
	}
}

// judgeAll judges and shows every roll-out by how it was described last.
func (r *run) judgeAll(rollouts []*rollout, started time.Time) (done bool, err error) {
	done = true
	var errs []error
	elapsed := r.clock.Now().Sub(started)
	for _, ro := range rollouts {
		r.showEvents(ro)
		j := judge(ro.service, ro.id)
		r.out.Live(ro.target.env.Key, progressLine(ro, j), elapsed)
		switch j.verdict {
		case failed:
			errs = append(errs, rolloutFailed{ro.target.env.Name, j.reason})
		case progressing:
			done = false
		case succeeded:
		}
	}
	return done, errors.Join(errs...)
}

func progressLine(ro *rollout, j judgment) string {
	text := fmt.Sprintf("%s: %d of %d running, %d pending", revisionName(ro.definition), j.running, j.desired, j.pending)
	if j.failedTasks > 0 {
		text += fmt.Sprintf(", %d failed", j.failedTasks)
	}
	switch j.verdict {
	case succeeded:
		text += ", completed"
	case failed:
		text += ", failed"
	case progressing:
	}
	return text
}

// showEvents reports what ECS has to say that is new, oldest first.
func (r *run) showEvents(ro *rollout) {
	for _, event := range slices.Backward(ro.service.Events) {
		if id := aws.ToString(event.Id); !ro.shown[id] {
			ro.shown[id] = true
			r.out.Info(ro.target.env.Key + ": " + aws.ToString(event.Message))
		}
	}
}

// unproven returns an error for every roll-out that completed without running anything.
func unproven(rollouts []*rollout) error {
	var errs []error
	for _, ro := range rollouts {
		if judge(ro.service, ro.id).desired == 0 {
			errs = append(errs, rolloutFailed{ro.target.env.Name, "the roll-out completed with 0 tasks, which proves nothing: somebody has set its desired count to 0"})
		}
	}
	return errors.Join(errs...)
}

func (r *run) timedOut(rollouts []*rollout) error {
	var errs []error
	for _, ro := range rollouts {
		if j := judge(ro.service, ro.id); j.verdict != succeeded {
			errs = append(errs, rolloutFailed{ro.target.env.Name, fmt.Sprintf("the roll-out has not completed within %s: %s", r.timeout, progressLine(ro, j))})
		}
	}
	return errors.Join(errs...)
}

// restore returns services to what ran before, and waits for that.
func (r *run) restore(ctx context.Context, targets []*target) error {
	r.tryNote(ctx, "rolling back")
	rollouts := make([]*rollout, len(targets))
	err := each(indexes(len(targets)), func(i int) error {
		return r.persist(ctx, "rolling back "+targets[i].env.Name, func(ctx context.Context) (err error) {
			rollouts[i], err = r.start(ctx, targets[i], targets[i].entry.Before.TaskDefinition)
			return err
		})
	})
	// Those that could be updated are waited for, whatever became of the others.
	rollouts = slices.DeleteFunc(rollouts, func(ro *rollout) bool { return ro == nil })
	if len(rollouts) > 0 {
		err = errors.Join(err, r.await(ctx, rollouts))
	}
	for _, ro := range rollouts {
		ro.target.entry.Restored = judge(ro.service, ro.id).verdict == succeeded
		if ro.target.entry.Restored {
			r.out.Info(fmt.Sprintf("%s: runs %s again", ro.target.env.Key, revisionName(ro.definition)))
		}
	}
	return err
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
