package verbs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/stacks/environment"
)

// A run is one verb that changes services: deploy or rollback. It holds the lock
// and writes a record.
type run struct {
	lease
	timeout time.Duration
	record  *Record
	targets []*target
}

func (a *App) newRun(timeout time.Duration) run {
	return run{lease: lease{App: a}, timeout: a.timeout(timeout), record: &Record{}}
}

// A target is a service that a run rolls out.
type target struct {
	env environment.Service
	// service and definition are what was there before the run.
	service    ecstypes.Service
	definition *ecs.DescribeTaskDefinitionOutput
	// repository is the URI of the image repository.
	repository string
	tags       tags
	// image is the image to roll out, by digest; "" until it is known.
	image string
	// entry is the target's part of the record.
	entry *ServiceRecord
}

// begin takes the lock and begins a record. What the record says about services is
// kept.
func (r *run) begin(ctx context.Context, verb, commit string, who identity) error {
	now := r.clock.Now()
	r.record = &Record{
		ID: newID(now), Environment: r.env.Name, Verb: verb, Commit: commit,
		By: who.arn, Host: r.host, Started: now.UTC(), Services: r.record.Services,
	}
	// Building takes its time too; a migration and a rollback as long as the roll-out.
	const building = time.Hour
	return r.take(ctx, Lock{
		ID: r.record.ID, Verb: verb, Owner: who.arn, Commit: commit,
		TimeoutSeconds: int((building + 3*r.timeout).Seconds()),
	})
}

// note writes the record after a step. Before the first change it has to succeed.
func (r *run) note(ctx context.Context, step string) error {
	r.record.Step = step
	r.record.Updated = r.clock.Now().UTC()
	return r.store().save(ctx, r.record)
}

// tryNote writes the record when something has been changed already: going on
// matters more than the record.
func (r *run) tryNote(ctx context.Context, step string) {
	if err := r.note(ctx, step); err != nil {
		r.out.Warn("the record could not be written: " + brief(err))
	}
}

// touched returns the targets that were, or may have been, updated.
func (r *run) touched() []*target {
	var list []*target
	for _, t := range r.targets {
		if t.entry != nil && t.entry.Touched {
			list = append(list, t)
		}
	}
	return list
}

// end writes the record for the last time and gives the lock back.
func (r *run) end(ctx context.Context, outcome Outcome, failure error) {
	if !r.taken {
		return
	}
	defer r.giveBack(ctx)
	ctx, cancel := lastWords(ctx)
	defer cancel()
	if r.record.Step != "" { // else nothing was worth a record
		r.record.Outcome = outcome
		r.record.Finished = r.clock.Now().UTC()
		if failure != nil {
			r.record.Error = r.redact.clean(failure.Error())
		}
		r.tryNote(ctx, r.record.Step)
	}
}

// result returns what the run knows.
func (r *run) result(verb string, started time.Time, who identity) Result {
	res := Result{
		Environment: r.env.Name, Verb: verb, Commit: r.record.Commit, Account: who.account, Caller: who.arn,
		Started: started.UTC(), Finished: r.clock.Now().UTC(), Services: []ServiceResult{},
	}
	if r.record.Step != "" { // it was written
		res.ID = r.record.ID
	}
	for _, t := range r.targets {
		if t.entry == nil {
			continue
		}
		s := ServiceResult{
			Service: t.env.Key, Before: t.entry.Before, After: t.entry.After, Touched: t.entry.Touched,
			Changes: describeChange(t.entry.Before, t.entry.After),
		}
		for _, check := range t.env.Checks {
			s.URLs = append(s.URLs, check.URL)
		}
		res.Services = append(res.Services, s)
	}
	return res
}

// recoverFrom decides how a failed run ends, and puts back what it can. ctx ends
// when the user gives up. It returns the outcome, the state that is left, and why it failed.
func (r *run) recoverFrom(ctx context.Context, failure error, begun, rollback bool) (Outcome, []string, error) {
	stopped := errors.Is(failure, errInterrupted)
	touched := r.touched()
	switch {
	case len(touched) == 0 && stopped:
		return Interrupted, []string{"no service was touched"}, failure
	case len(touched) == 0 && begun:
		return Failed, []string{"no service was touched"}, failure
	case len(touched) == 0:
		return NothingChanged, nil, failure
	}
	lost := lockLost{}
	switch {
	case errors.As(failure, &lost), troubleOf(failure) == expired, ctx.Err() != nil:
		return Stuck, r.leaves(touched), failure
	case !rollback && stopped:
		return Interrupted, r.leaves(touched), failure
	case !rollback:
		return Failed, r.leaves(touched), failure
	}
	r.out.Warn("returning to what ran before: " + failure.Error())
	if err := r.restore(ctx, touched); err != nil {
		return Stuck, r.leaves(touched), errors.Join(failure, fmt.Errorf("rolling back: %w", err))
	}
	if stopped {
		return Interrupted, nil, failure
	}
	return RolledBack, nil, failure
}

// leaves says what state services are left in and what to do.
func (r *run) leaves(touched []*target) []string {
	var lines, commands []string
	for _, t := range touched {
		before, after := revisionName(t.entry.Before.TaskDefinition), revisionName(t.entry.After.TaskDefinition)
		good := before
		if r.record.Verb == "rollback" {
			good = after
		}
		commands = append(commands, fmt.Sprintf("  aws ecs update-service --region %s --cluster %s --service %s --task-definition %s",
			r.env.Region, r.env.Cluster.Name, t.env.Name, good))
		if t.entry.Restored {
			lines = append(lines, fmt.Sprintf("%s runs %s again, as before", t.env.Name, before))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s was updated to %s and may run it or %s, which ran before", t.env.Name, after, before))
	}
	next := "to return to what ran before: omc rollback %s; without omc:"
	if r.record.Verb == "rollback" {
		next = "to try again: omc rollback %s; without omc:"
	}
	lines = append(lines, "to see what runs: omc status "+r.env.Name, fmt.Sprintf(next, r.env.Name))
	return append(lines, commands...)
}

// version returns what a service runs.
func version(service ecstypes.Service, definition *ecstypes.TaskDefinition, container string) (Version, error) {
	image, err := imageOf(definition, container)
	if err != nil {
		return Version{}, err
	}
	return Version{
		TaskDefinition: aws.ToString(service.TaskDefinition),
		Image:          image,
		Digest:         digestOf(image),
		Deployment:     primaryID(service),
		Desired:        service.DesiredCount,
		Running:        service.RunningCount,
	}, nil
}
