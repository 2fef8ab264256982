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

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/stacks/environment"
)

// The verbs that records are about.
const (
	verbDeploy   = "deploy"
	verbRollback = "rollback"
)

// A run is one verb that changes services: deploy or rollback. It holds the lock
// and writes a record.
type run struct {
	lease
	// timeout is how long everything may take but building, asking, and putting back; left
	// is what is left of it.
	timeout, left time.Duration
	record        *ledger.Record
	targets       []*target
	// answer is what a verb says that had nothing to do.
	answer []string
}

func (a *App) newRun(timeout time.Duration) run {
	limit := a.timeout(timeout)
	return run{lease: lease{App: a}, timeout: limit, left: limit, record: &ledger.Record{}}
}

// spend does a part of the run in what is left of its time.
func (r *run) spend(ctx context.Context, do func(context.Context) error) error {
	began := r.clock.Now()
	work, end := r.within(ctx, r.left, r.timeout)
	defer end()
	err := do(work)
	r.left -= r.clock.Now().Sub(began)
	return lateness(work, err)
}

// A target is a service that a run rolls out.
type target struct {
	env environment.Service
	// service and definition are what was there before the run.
	service    ecstypes.Service
	definition *ecs.DescribeTaskDefinitionOutput
	// repository is the URI of the image repository.
	repository string
	tags       image.Tags
	// image is the image to roll out, by digest; "" until it is known.
	image string
	// entry is the target's part of the record.
	entry *ledger.ServiceRecord

	// sent says that an update was sent which ECS did not refuse.
	sent bool
	// rollout is the last update that ECS answered, nil when it answered none.
	rollout *transition
	// seen is how the service was described last, by ECS or in its answer to an update;
	// it is empty when that is not known.
	seen ecstypes.Service
	// migrated says that the migration was started, or may have been.
	migrated bool
}

// good is the task definition that the target is to be left with when the verb has failed:
// what ran before a deployment, and what a rollback returns to.
func (t *target) good(verb string) string {
	if verb == verbRollback {
		return t.entry.After.TaskDefinition
	}
	return t.entry.Before.TaskDefinition
}

// undone returns the targets that a verb which failed has left somewhere else than where they
// are to be left, and reports whether somebody else has updated one. It goes by how the
// services were described last.
func undone(targets []*target, verb string) (left []*target, foreign bool) {
	for _, t := range targets {
		switch {
		case t.entry == nil || !t.entry.Touched:
		case t.isForeign():
			foreign = true
		case !rollout.SettledOn(t.seen, t.good(verb)):
			left = append(left, t)
		}
	}
	return left, foreign
}

// rollbacks are the commands that return services to where they are to be left.
func rollbacks(env string, left []*target, foreign bool) []string {
	if len(left) == 0 || !foreign {
		return slices.Repeat([]string{"omc rollback " + env}, min(len(left), 1))
	}
	var commands []string
	for _, t := range left { // the other one is not ours
		commands = append(commands, fmt.Sprintf("omc rollback %s --service %s", env, t.env.Key))
	}
	return commands
}

// isForeign reports whether somebody else has updated the service since the run began.
func (t *target) isForeign() bool {
	return rollout.PrimaryID(t.seen) != "" && !rollout.Runs(t.seen, t.entry.Before.TaskDefinition) && !rollout.Runs(t.seen, t.entry.After.TaskDefinition)
}

// isAsBefore reports whether the service runs what ran before, for sure: an update that
// ECS has not answered may still come.
func (t *target) isAsBefore() bool {
	return t.rollout != nil && !t.rollout.doubt.Open() && rollout.SettledOn(t.seen, t.entry.Before.TaskDefinition)
}

// begin takes the lock and begins a record. What the record says about services is
// kept.
func (r *run) begin(ctx context.Context, verb, commit string, who identity) error {
	now := r.clock.Now()
	r.record = &ledger.Record{
		ID: ledger.NewID(now), Environment: r.env.Name, Verb: verb, Commit: commit,
		By: who.arn, Host: r.host, Started: now.UTC(), Services: r.record.Services,
	}
	// Building takes its time too, and so does waiting for AWS before giving up.
	const building = time.Hour
	return r.take(ctx, ledger.Lock{
		ID: r.record.ID, Verb: verb, Owner: who.arn, Commit: commit,
		TimeoutSeconds: int((building + r.timeout + r.App.timeout(0) + awsapi.Outage).Seconds()),
	})
}

// note writes the record after a step. Before the first change it has to succeed.
func (r *run) note(ctx context.Context, step string) error {
	r.record.Step = step
	r.record.Updated = r.clock.Now().UTC()
	return r.store().Save(ctx, r.record)
}

// tryNote writes the record when something has been changed already: going on
// matters more than the record.
func (r *run) tryNote(ctx context.Context, step string) {
	if err := r.note(ctx, step); err != nil {
		r.out.Warn("the record could not be written: " + awsapi.Brief(err))
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

// end writes the record for the last time and gives the lock back. Both have a time of
// their own, and are tried again.
func (r *run) end(ctx context.Context, outcome report.Outcome, failure error) {
	if !r.taken {
		return
	}
	defer r.giveBack(ctx)
	ctx, cancel := r.lastWords(ctx)
	defer cancel()
	if r.record.Step != "" { // else nothing was worth a record
		r.record.Outcome = outcome
		r.record.Finished = r.clock.Now().UTC()
		if failure != nil {
			r.record.Error = r.redact.Clean(failure.Error())
		}
		err := r.insist(ctx, "writing the record", func(ctx context.Context) error { return r.note(ctx, r.record.Step) })
		if err != nil {
			r.out.Warn("the record could not be written, so that omc status and omc rollback take this " + r.record.Verb + " for unfinished: " + awsapi.Brief(err))
		}
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
// when the user gives up. It returns the outcome and why it failed.
func (r *run) recoverFrom(ctx context.Context, failure error, begun, rollback bool) (report.Outcome, error) {
	stopped := errors.Is(failure, awsapi.ErrInterrupted)
	touched := r.touched()
	if len(touched) == 0 {
		switch {
		case begun:
			r.lastLook(ctx, r.targets)
			if !stopped {
				return report.Failed, failure
			}
			fallthrough
		case stopped:
			return report.Interrupted, failure
		}
		return report.NothingChanged, failure
	}
	lost := errors.As(failure, &ledger.Lost{})
	possible := !lost && awsapi.TroubleOf(failure) != awsapi.Expired && ctx.Err() == nil
	if rollback && possible {
		r.out.Warn("returning to what ran before: " + failure.Error())
		if err := r.restore(ctx, touched); err != nil {
			failure = errors.Join(failure, fmt.Errorf("rolling back: %w", err))
		}
	}
	r.lastLook(ctx, touched)
	back := !slices.ContainsFunc(touched, func(t *target) bool { return !t.isAsBefore() })
	switch {
	case back && stopped:
		return report.Interrupted, failure
	case back:
		return report.RolledBack, failure
	case !rollback:
		return report.Failed, failure
	default:
		return report.Stuck, failure
	}
}

// look describes services as they are now. What contradicts ECS's own answers to us is
// asked again until it is to be believed.
func (r *run) look(ctx context.Context, targets []*target) error {
	for {
		services, err := r.describeServices(ctx)
		if err != nil {
			return err
		}
		open := false
		for _, t := range targets {
			t.seen = services[t.env.Name]
			if t.rollout != nil {
				t.rollout.see(t.seen, r.clock.Now())
				t.seen = t.rollout.service
				open = open || t.rollout.doubt.Open() && r.clock.Now().Sub(t.rollout.doubt.Since) <= awsapi.Settling
			}
		}
		if !open {
			return nil
		}
		if err := r.clock.Sleep(ctx, awsapi.PollInterval); err != nil {
			return err
		}
	}
}

// lastLook describes what a failed run leaves. It says so when that is not known.
func (r *run) lastLook(ctx context.Context, targets []*target) {
	asking, cancel := r.lastWords(ctx)
	defer cancel()
	if ctx.Err() != nil { // whoever gave up is waiting
		asking, cancel = context.WithTimeout(asking, awsapi.AttemptTimeout)
		defer cancel()
	}
	if err := r.insist(asking, "reading what runs", func(ctx context.Context) error { return r.look(ctx, targets) }); err != nil {
		for _, t := range targets {
			t.seen = ecstypes.Service{}
		}
		r.out.Warn("what runs now is not known: " + awsapi.Brief(err))
	}
}

// leaves says, after the end, what runs and what to do. It goes by how the services were
// described last.
func (r *run) leaves(ctx context.Context, failure error) []string {
	verb := r.record.Verb
	touched := r.touched()
	var lines []string
	if len(touched) == 0 {
		lines = append(lines, "no service was touched")
	}
	for _, t := range r.targets {
		if t.entry == nil {
			continue
		}
		if t.migrated && len(touched) == 0 {
			lines = append(lines, "the migration of "+t.env.Key+" was started")
		}
		if line := t.describe(); line != "" {
			lines = append(lines, line)
		}
	}
	if awsapi.TroubleOf(failure) == awsapi.Expired {
		lines = append(lines, "log in first: the credentials have expired")
	}
	if r.taken {
		lines = append(lines, "the lock is still held, and everybody is kept out: omc unlock "+r.env.Name)
	}
	if len(touched) == 0 {
		return lines
	}
	lines = append(lines, "to see what runs: omc status "+r.env.Name)
	left, foreign := undone(r.targets, verb)
	if len(left) == 0 {
		return lines
	}
	next := "to return to what ran before: "
	if verb == verbRollback {
		next = "to try again: "
	}
	var commands []string
	for _, command := range rollbacks(r.env.Name, left, foreign) {
		commands = append(commands, next+command)
	}
	commands[len(commands)-1] += "; without omc:"
	asking, cancel := r.lastWords(ctx)
	defer cancel()
	for _, t := range left {
		good := rollout.RevisionName(t.good(verb))
		if out, err := r.describeDefinition(asking, t.good(verb)); err == nil && out.TaskDefinition.Status != ecstypes.TaskDefinitionStatusActive {
			commands = append(commands, fmt.Sprintf("  %s is %s, and ECS starts no tasks of it: name another one with omc rollback %s --service %s --to",
				good, out.TaskDefinition.Status, r.env.Name, t.env.Key))
			continue
		}
		commands = append(commands, fmt.Sprintf("  aws ecs update-service --region %s --cluster %s --service %s --task-definition %s",
			r.env.Region, r.env.Cluster.Name, t.env.Name, good))
	}
	return append(lines, commands...)
}

// describe says what a target runs, "" when there is nothing to say: nothing was done to
// it, and nobody has looked.
func (t *target) describe() string {
	before, after := t.entry.Before.TaskDefinition, t.entry.After.TaskDefinition
	now := rollout.PrimaryOf(t.seen)
	tasks := fmt.Sprintf("%d of %d tasks", now.RunningCount, now.DesiredCount)
	name := rollout.RevisionName(aws.ToString(now.TaskDefinition))
	switch known := t.seen.Status != nil && (t.rollout == nil || !t.rollout.doubt.Open()); {
	case !known && !t.entry.Touched:
		return ""
	case !known, t.entry.Touched && t.rollout == nil:
		return fmt.Sprintf("%s was updated to %s and may run it or %s, which ran before", t.env.Name, rollout.RevisionName(after), rollout.RevisionName(before))
	case t.entry.Touched && t.isForeign():
		return fmt.Sprintf("%s was updated by somebody else to %s (deployment %s)", t.env.Name, name, aws.ToString(now.Id))
	case rollout.SettledOn(t.seen, before) && t.entry.Touched:
		return fmt.Sprintf("%s runs %s again, as before (%s)", t.env.Name, name, tasks)
	case rollout.SettledOn(t.seen, before):
		return fmt.Sprintf("%s runs %s, as before (%s)", t.env.Name, name, tasks)
	case now.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		return fmt.Sprintf("%s failed to roll out %s (%s); %s ran before", t.env.Name, name, tasks, rollout.RevisionName(before))
	case rollout.SettledOn(t.seen, aws.ToString(now.TaskDefinition)):
		return fmt.Sprintf("%s runs %s (%s); %s ran before", t.env.Name, name, tasks, rollout.RevisionName(before))
	default:
		return fmt.Sprintf("%s is on its way to %s (%s); %s ran before", t.env.Name, name, tasks, rollout.RevisionName(before))
	}
}

// version returns what a service runs.
func version(service ecstypes.Service, definition *ecstypes.TaskDefinition, container string) (ledger.Version, error) {
	name, err := rollout.ImageOf(definition, container)
	if err != nil {
		return ledger.Version{}, err
	}
	return ledger.Version{
		TaskDefinition: aws.ToString(service.TaskDefinition),
		Image:          name,
		Digest:         image.DigestOf(name),
		Deployment:     rollout.PrimaryID(service),
		Desired:        service.DesiredCount,
		Running:        service.RunningCount,
	}, nil
}
