package verbs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/stacks/environment"
)

// RollbackOptions are the choices of one rollback.
type RollbackOptions struct {
	// To is the revision to return to: "family:revision", or "revision" together with
	// Service. Default: what ran before what runs now, as the records say, and never
	// anything newer than what runs now.
	To string
	// Service is the key of the only service that is to be rolled back. Default: all.
	Service string
	// Timeout is how long everything may take but asking. Default: what the environment says.
	Timeout time.Duration
	// DryRun says what would be done and changes nothing.
	DryRun bool
	// Confirm is asked, after everything was shown that is going to change, whether to go
	// on; its error is why not. Default: nobody is asked.
	Confirm func(context.Context) error
}

// recordsRead is how many records a rollback looks at.
const recordsRead = 50

// Rollback returns the environment's services to a task definition that ran before,
// and waits and checks like a deployment.
func (a *App) Rollback(ctx context.Context, opt RollbackOptions) (Result, error) {
	run := a.newRun(opt.Timeout)
	r := &run
	started := a.clock.Now()
	work, stop := a.interruptible(ctx)
	defer stop()

	var who identity
	outcome, failure := report.Succeeded, r.rollback(work, opt, &who)
	switch {
	case failure != nil:
		failure = interruption(work, failure)
		outcome = unstarted(failure)
		if touched := r.touched(); len(touched) > 0 {
			// There is nothing better to return to: what is left has to be known.
			outcome = report.Stuck
			r.lastLook(ctx, touched)
		}
	case opt.DryRun:
		outcome = report.Planned
	}
	r.end(ctx, outcome, failure)
	result := r.result(verbRollback, started, who)
	switch {
	case failure != nil && outcome != report.NothingChanged:
		result.State = r.leaves(ctx, failure)
	case failure == nil:
		result.State = r.answer
	}
	return result, a.fail(&result.Ending, outcome, failure)
}

func (r *run) rollback(ctx context.Context, opt RollbackOptions, who *identity) error {
	const phases = 3
	if err := checkRollback(opt, r.env); err != nil {
		return err
	}
	r.out.Phase(1, phases, "Read the cluster and the records")
	var chosen []*target
	err := r.spend(ctx, func(ctx context.Context) (err error) {
		chosen, err = r.plan(ctx, opt, who)
		return err
	})
	if err != nil || opt.DryRun || len(chosen) == 0 {
		return err
	}
	if opt.Confirm != nil {
		if err := opt.Confirm(ctx); err != nil {
			return err
		}
	}
	return r.spend(ctx, func(ctx context.Context) error {
		if err := r.begin(ctx, verbRollback, "", *who); err != nil {
			return err
		}
		if err := r.note(ctx, "read the cluster"); err != nil {
			return err
		}
		r.out.Phase(2, phases, "Update")
		var services []environment.Service
		for _, t := range chosen {
			services = append(services, t.env)
		}
		const back = true
		rollouts, err := r.rollOut(ctx, chosen, back)
		if err != nil {
			return err
		}
		r.out.Phase(3, phases, "Wait and check")
		if err := r.awaitAndExplain(ctx, rollouts); err != nil {
			return err
		}
		return r.checkAll(ctx, services)
	})
}

// plan finds out which services a rollback changes. It fails when something is in the way.
func (r *run) plan(ctx context.Context, opt RollbackOptions, who *identity) (chosen []*target, err error) {
	if *who, err = r.permitted(ctx); err != nil {
		return nil, err
	}
	found := &findings{}
	r.checkLock(ctx, found)
	if err := r.readTargets(ctx); err != nil {
		return nil, err
	}
	if chosen, err = r.choose(ctx, opt, found); err != nil {
		return nil, err
	}
	return chosen, found.unmet()
}

// checkRollback finds out whether the options make sense.
func checkRollback(opt RollbackOptions, env environment.Environment) error {
	if opt.Service != "" {
		if _, ok := serviceByKey(env, opt.Service); !ok {
			return fmt.Errorf("--service: is %q, want %s", opt.Service, strings.Join(serviceKeys(env), " or "))
		}
	}
	if opt.To == "" {
		return nil
	}
	_, _, err := parseRevision(opt, env)
	return err
}

// parseRevision reads --to: which service it is for, and "family:revision".
func parseRevision(opt RollbackOptions, env environment.Environment) (key, revision string, err error) {
	family, number, qualified := strings.Cut(opt.To, ":")
	if !qualified {
		family, number = "", opt.To
	}
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return "", "", fmt.Errorf("--to: is %q, want a revision such as 41 or family:41", opt.To)
	}
	if !qualified && opt.Service == "" {
		return "", "", fmt.Errorf("--to: is %q, and every service has revisions of its own: add --service %s",
			opt.To, strings.Join(serviceKeys(env), " or --service "))
	}
	var wanted []string
	for _, service := range env.Cluster.Services {
		if opt.Service == "" || opt.Service == service.Key {
			wanted = append(wanted, service.Name)
		}
		if service.Name == family && (opt.Service == "" || opt.Service == service.Key) || !qualified && service.Key == opt.Service {
			return service.Key, service.Name + ":" + number, nil
		}
	}
	return "", "", fmt.Errorf("--to: is %q, want a revision of %s", opt.To, strings.Join(wanted, " or "))
}

// readTargets describes every service as it is now. A roll-out may be in progress: a
// rollback is most urgent then.
func (r *run) readTargets(ctx context.Context) error {
	services, err := r.describeServices(ctx)
	if err != nil {
		return err
	}
	r.record.Services = make([]ledger.ServiceRecord, len(r.env.Cluster.Services))
	for i, service := range r.env.Cluster.Services {
		described := services[service.Name]
		t := &target{env: service, service: described, seen: described, entry: &r.record.Services[i]}
		before := ledger.Version{TaskDefinition: aws.ToString(described.TaskDefinition)}
		*t.entry = ledger.ServiceRecord{Service: service.Key, Name: service.Name, Before: before, After: before}
		r.targets = append(r.targets, t)
	}
	return nil
}

// choose decides what services return to, and which do: those that do not run it yet.
// What stands in the way of others is no matter.
func (r *run) choose(ctx context.Context, opt RollbackOptions, found *findings) ([]*target, error) {
	goal, older, err := r.goal(ctx, opt, found)
	if err != nil || goal.runs == nil {
		return nil, err
	}
	var chosen []*target
	for _, t := range r.targets {
		wanted, is := goal.runs[t.env.Key]
		if !is || opt.Service != "" && opt.Service != t.env.Key {
			continue
		}
		checkService(t.env.Name, t.service, t.service.Status != nil, found)
		if t.service.TaskDefinition == nil {
			continue
		}
		if t.definition, err = r.describeDefinition(ctx, *t.service.TaskDefinition); err != nil {
			return nil, err
		}
		before, err := version(t.service, t.definition.TaskDefinition, t.env.Container)
		if err != nil {
			return nil, err
		}
		definition, err := r.describeDefinition(ctx, wanted)
		if err != nil {
			return nil, err
		}
		after, err := version(t.service, definition.TaskDefinition, t.env.Container)
		if err != nil {
			return nil, err
		}
		arn := aws.ToString(definition.TaskDefinition.TaskDefinitionArn)
		t.entry.Before, t.entry.After = before, ledger.Version{TaskDefinition: arn, Image: after.Image, Digest: after.Digest}
		if rollout.SettledOn(t.service, arn) {
			r.out.Info(fmt.Sprintf("%s: runs %s already (%s)", t.env.Key, rollout.RevisionName(arn), goal.from))
			continue
		}
		if status := definition.TaskDefinition.Status; status != ecstypes.TaskDefinitionStatusActive {
			found.add("task definition "+rollout.RevisionName(arn), fmt.Sprintf("it is %s, want ACTIVE: ECS starts no tasks of it", status), "name another one with --to")
		}
		chosen = append(chosen, t)
		r.out.Info(fmt.Sprintf("%s: %s -> %s (%s)", t.env.Key, rollout.RevisionName(before.TaskDefinition), rollout.RevisionName(arn), goal.from))
		for _, line := range rollout.Diff(t.definition.TaskDefinition, definition.TaskDefinition) {
			r.out.Info(fmt.Sprintf("%s:   %s", t.env.Key, line))
		}
	}
	if len(chosen) == 0 {
		r.answer = r.nothingToDo(goal, older)
	}
	return chosen, nil
}

// nothingToDo says that the goal runs already, and how to go further back.
func (r *run) nothingToDo(goal, older release) []string {
	lines := []string{"nothing to do: " + goal.from + " runs already"}
	for _, t := range r.targets {
		if revision, is := older.runs[t.env.Key]; is && !rollout.Runs(t.service, revision) {
			_, number, _ := strings.Cut(rollout.RevisionName(revision), ":")
			lines = append(lines, fmt.Sprintf("to go further back (%s): omc rollback %s --service %s --to %s", older.from, r.env.Name, t.env.Key, number))
		}
	}
	return lines
}

// goal returns what services return to, and when that may run already what is older.
func (r *run) goal(ctx context.Context, opt RollbackOptions, found *findings) (goal, older release, err error) {
	if opt.To != "" {
		key, revision, err := parseRevision(opt, r.env)
		return release{runs: ledger.Versions{key: revision}, from: "--to"}, release{}, err
	}
	records, err := r.store().Records(ctx, recordsRead)
	if err != nil {
		return release{}, release{}, err
	}
	now := r.record.After()
	if opt.Service != "" {
		now = ledger.Versions{opt.Service: now[opt.Service]}
		records = only(records, opt.Service)
	}
	goal, older = rollbackTarget(records, now)
	if goal.runs == nil {
		found.add("records", fmt.Sprintf("the %d newest name nothing that ran before what runs now", len(records)),
			"name a revision with --to and a service with --service")
	}
	return goal, older, nil
}

// A release is what services run together, and where that is from.
type release struct {
	runs ledger.Versions
	from string
}

// rollbackTarget decides what a rollback returns to, given the records, newest first, and
// what the services run now: what ran before what runs now. It is empty when no record
// says that. After a verb that did not succeed it is what that verb wanted to leave: what
// ran before the deployment, what the rollback returned to. That may be what runs already;
// older is then what ran before it.
func rollbackTarget(records []ledger.Record, now ledger.Versions) (goal, older release) {
	var history []release // oldest first; what was returned from is not in it
	seen := func(r release) {
		for i, old := range history {
			if maps.Equal(old.runs, r.runs) {
				history = history[:i+1]
				return
			}
		}
		history = append(history, r)
	}
	for _, r := range slices.Backward(records) {
		if r.Outcome == report.Succeeded {
			seen(release{r.Before(), "what ran before " + r.ID})
			seen(release{r.After(), r.ID})
		}
	}
	for _, r := range slices.Backward(history) {
		if !r.runs.Within(now) && !r.runs.NewerThan(now) {
			older = r
			break
		}
	}
	// A verb that came to nothing else than what ran anyway is no part of this.
	at := slices.IndexFunc(records, func(r ledger.Record) bool { return !maps.Equal(r.Before(), r.After()) })
	if at < 0 || records[at].Outcome == report.Succeeded {
		return older, release{}
	}
	last := records[at]
	goal = release{last.Before(), "what ran before " + last.ID}
	if last.Verb == verbRollback {
		goal = release{last.After(), "what " + last.ID + " returned to"}
	}
	if goal.runs.NewerThan(now) {
		return older, release{}
	}
	return goal, older
}

// only returns the records with one service in each, without those that have
// nothing to say about it.
func only(records []ledger.Record, key string) []ledger.Record {
	var list []ledger.Record
	for _, record := range records {
		for _, service := range record.Services {
			if service.Service == key {
				record.Services = []ledger.ServiceRecord{service}
				list = append(list, record)
				break
			}
		}
	}
	return list
}
