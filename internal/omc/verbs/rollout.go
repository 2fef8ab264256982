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
	"github.com/aws/smithy-go"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/rollout"
)

// A transition is one service on its way to another task definition.
type transition struct {
	target *target
	// definition is the ARN that it goes to.
	definition string
	// id is the deployment that our own update returned.
	id string
	// older are the deployments that ECS had when it answered our update.
	older []string
	// service is how it was described last, as far as that was believed.
	service ecstypes.Service
	doubt   awsapi.Doubt
	// shown are the events that were reported.
	shown map[string]bool
}

// rolloutFailed is the error of a roll-out that did not succeed.
type rolloutFailed struct {
	service, reason string
}

func (e rolloutFailed) Error() string { return e.service + ": " + e.reason }

// see takes in how the service is described now. A description that does not know the
// service, or only deployments that are older than ours, may be from before our update:
// it counts when ECS insists on it. A deployment that is newer than ours counts at once.
func (ro *transition) see(service ecstypes.Service, now time.Time) {
	odd := service.Status == nil || !slices.ContainsFunc(service.Deployments, func(d ecstypes.Deployment) bool {
		return !slices.Contains(ro.older, aws.ToString(d.Id))
	})
	if ro.doubt.Believe(odd, now) {
		ro.service = service
	}
}

// updateInput is the request that rolls out a task definition. What the service's
// deployment configuration says otherwise is kept. Back says whether ECS returns to what
// ran before when the roll-out fails.
func updateInput(cluster string, t *target, definition string, back bool) *ecs.UpdateServiceInput {
	config := ecstypes.DeploymentConfiguration{}
	if t.service.DeploymentConfiguration != nil {
		config = *t.service.DeploymentConfiguration
	}
	config.DeploymentCircuitBreaker = &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: back}
	if len(t.env.DeploymentAlarms) > 0 {
		config.Alarms = &ecstypes.DeploymentAlarms{AlarmNames: t.env.DeploymentAlarms, Enable: true, Rollback: back}
	}
	return &ecs.UpdateServiceInput{
		Cluster:                 &cluster,
		Service:                 &t.env.Name,
		TaskDefinition:          &definition,
		DeploymentConfiguration: &config,
		// Where it is the newest already and has failed, ECS would do nothing.
		ForceNewDeployment: rollout.Runs(t.seen, definition) && rollout.PrimaryOf(t.seen).RolloutState == ecstypes.DeploymentRolloutStateFailed,
	}
}

// start updates one service and remembers the deployment that this makes. It outlives an
// outage: the same update twice makes one deployment.
func (r *run) start(ctx context.Context, t *target, definition string, back bool) (*transition, error) {
	var out *ecs.UpdateServiceOutput
	what := fmt.Sprintf("updating %s to %s", t.env.Name, rollout.RevisionName(definition))
	err := r.persist(ctx, what, func(ctx context.Context) (err error) {
		if err := r.store().Verify(ctx, r.lock); err != nil {
			return err
		}
		out, err = r.aws.ECS.UpdateService(ctx, updateInput(r.env.Cluster.Name, t, definition, back))
		var refused smithy.APIError
		if !errors.As(err, &refused) || awsapi.TroubleOf(err) == awsapi.Transient {
			t.sent = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Service == nil || rollout.PrimaryID(*out.Service) == "" {
		return nil, fmt.Errorf("%s: ECS answered without a deployment", what)
	}
	t.seen = *out.Service
	ro := &transition{target: t, definition: definition, id: rollout.PrimaryID(*out.Service), service: *out.Service, shown: map[string]bool{}}
	for _, d := range out.Service.Deployments {
		if id := aws.ToString(d.Id); id != ro.id {
			ro.older = append(ro.older, id)
		}
	}
	for _, event := range out.Service.Events {
		ro.shown[aws.ToString(event.Id)] = true
	}
	t.rollout = ro
	r.out.Info(fmt.Sprintf("%s: rolling out %s as deployment %s", t.env.Key, rollout.RevisionName(definition), ro.id))
	return ro, nil
}

// rollOut updates services, side by side, to what their part of the record says.
// Back says whether ECS returns to what ran before when a roll-out fails.
func (r *run) rollOut(ctx context.Context, targets []*target, back bool) ([]*transition, error) {
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
	rollouts := make([]*transition, len(targets))
	err := awsapi.Each(awsapi.Indexes(len(targets)), func(i int) (err error) {
		entry := targets[i].entry
		rollouts[i], err = r.start(ctx, targets[i], entry.After.TaskDefinition, back)
		if err == nil {
			entry.After.Deployment = rollouts[i].id
		}
		entry.Touched = targets[i].sent
		return err
	})
	if err != nil {
		return nil, err
	}
	r.tryNote(ctx, "updated the services, waiting")
	return rollouts, nil
}

// await waits until every roll-out has succeeded or one has failed, or ctx ends. It asks
// ECS once for all of them at each poll.
func (r *run) await(ctx context.Context, rollouts []*transition) error {
	defer r.out.Settle()
	started := r.clock.Now()
	var silentSince time.Time
	var silence error // why AWS does not answer
	ended := func() error {
		if late := (overdue{}); errors.As(context.Cause(ctx), &late) {
			return r.timedOut(rollouts, late.limit, silence, r.clock.Now().Sub(silentSince))
		}
		return fmt.Errorf("waiting for the roll-out: %w", context.Cause(ctx))
	}
	for {
		done, err := r.judgeAll(rollouts, started)
		if done || err != nil {
			return err
		}
		if r.clock.Sleep(ctx, awsapi.PollInterval) != nil {
			return ended()
		}
		services, err := r.describeServices(ctx, awsapi.OneAttempt)
		now := r.clock.Now()
		if err != nil && ctx.Err() != nil {
			return ended()
		}
		if err != nil && silentSince.IsZero() {
			silentSince = now
		}
		silent := now.Sub(silentSince)
		switch trouble := awsapi.TroubleOf(err); {
		case err == nil:
			if !silentSince.IsZero() {
				r.out.Live("AWS", "it answers again", silent)
			}
			silentSince, silence = time.Time{}, nil
			for _, ro := range rollouts {
				ro.see(services[ro.target.env.Name], now)
			}
		case trouble == awsapi.Transient:
			silence = err
			r.out.Live("AWS", "no answer, still waiting: "+awsapi.Brief(err), silent)
		case trouble == awsapi.Expired && silent < awsapi.Relogin:
			silence = err
			r.logInAgain(ctx, "AWS", silent)
		case trouble == awsapi.Expired:
			return fmt.Errorf("waiting for the roll-out: the credentials have expired, and there were no new ones within %s: %w", awsapi.Relogin, err)
		default:
			return fmt.Errorf("waiting for the roll-out: %w", err)
		}
	}
}

// judgeAll judges and shows every roll-out by how it was described last.
func (r *run) judgeAll(rollouts []*transition, started time.Time) (done bool, err error) {
	done = true
	var errs []error
	elapsed := r.clock.Now().Sub(started)
	for _, ro := range rollouts {
		r.showEvents(ro)
		j := rollout.Judge(ro.service, ro.id)
		r.out.Live(ro.target.env.Key, progressLine(ro, j), elapsed)
		switch j.Verdict {
		case rollout.Failed:
			errs = append(errs, rolloutFailed{ro.target.env.Name, j.Reason})
		case rollout.Progressing:
			done = false
		case rollout.Succeeded:
		}
	}
	return done, errors.Join(errs...)
}

func progressLine(ro *transition, j rollout.Judgment) string {
	text := fmt.Sprintf("%s: %d of %d running, %d pending", rollout.RevisionName(ro.definition), j.Running, j.Desired, j.Pending)
	if j.FailedTasks > 0 {
		text += fmt.Sprintf(", %d failed", j.FailedTasks)
	}
	switch j.Verdict {
	case rollout.Succeeded:
		text += ", completed"
	case rollout.Failed:
		text += ", failed"
	case rollout.Progressing:
	}
	return text
}

// showEvents reports what ECS has to say that is new, oldest first.
func (r *run) showEvents(ro *transition) {
	for _, event := range slices.Backward(ro.service.Events) {
		if id := aws.ToString(event.Id); !ro.shown[id] {
			ro.shown[id] = true
			r.out.Info(ro.target.env.Key + ": " + aws.ToString(event.Message))
		}
	}
}

// unproven returns an error for every roll-out that completed without running anything.
func unproven(rollouts []*transition) error {
	var errs []error
	for _, ro := range rollouts {
		if rollout.Judge(ro.service, ro.id).Desired == 0 {
			errs = append(errs, rolloutFailed{ro.target.env.Name, "the roll-out completed with 0 tasks, which proves nothing: somebody has set its desired count to 0"})
		}
	}
	return errors.Join(errs...)
}

// timedOut says how far the roll-outs have come, and since when AWS has not answered, if it
// does not.
func (r *run) timedOut(rollouts []*transition, timeout time.Duration, silence error, silent time.Duration) error {
	var errs []error
	for _, ro := range rollouts {
		if j := rollout.Judge(ro.service, ro.id); j.Verdict != rollout.Succeeded {
			reason := fmt.Sprintf("the roll-out has not completed within %s: %s", timeout, progressLine(ro, j))
			if silence != nil {
				reason += fmt.Sprintf("; no answer from AWS for %s: %s", silent.Round(time.Second), awsapi.Brief(silence))
			}
			errs = append(errs, rolloutFailed{ro.target.env.Name, reason})
		}
	}
	return errors.Join(errs...)
}

// updatedByOthers is the error of a service that somebody else has updated meanwhile.
type updatedByOthers struct{ service, deployment, definition string }

func (e updatedByOthers) Error() string {
	return fmt.Sprintf("%s: somebody else has updated it to %s (deployment %s): it is left as it is",
		e.service, rollout.RevisionName(e.definition), e.deployment)
}

// restore returns services to what ran before, and waits for that. A service that
// somebody else has updated is not ours to put back.
func (r *run) restore(ctx context.Context, targets []*target) error {
	limit := r.App.timeout(0)
	ctx, end := r.within(ctx, limit, limit)
	defer end()
	r.tryNote(ctx, "rolling back")
	if err := r.persist(ctx, "reading what runs", func(ctx context.Context) error { return r.look(ctx, targets) }); err != nil {
		return err
	}
	rollouts := make([]*transition, len(targets))
	err := awsapi.Each(awsapi.Indexes(len(targets)), func(i int) (err error) {
		t := targets[i]
		if now := rollout.PrimaryOf(t.seen); t.isForeign() {
			return updatedByOthers{t.env.Name, aws.ToString(now.Id), aws.ToString(now.TaskDefinition)}
		}
		const back = true
		rollouts[i], err = r.start(ctx, t, t.entry.Before.TaskDefinition, back)
		return err
	})
	// Those that could be updated are waited for, whatever became of the others. It takes
	// as long as the environment allows, whatever the deployment was given.
	rollouts = slices.DeleteFunc(rollouts, func(ro *transition) bool { return ro == nil })
	if len(rollouts) > 0 {
		err = errors.Join(err, r.await(ctx, rollouts))
	}
	for _, ro := range rollouts {
		ro.target.entry.Restored = rollout.Judge(ro.service, ro.id).Verdict == rollout.Succeeded
		if ro.target.entry.Restored {
			r.out.Info(fmt.Sprintf("%s: runs %s again", ro.target.env.Key, rollout.RevisionName(ro.definition)))
		}
	}
	return err
}
