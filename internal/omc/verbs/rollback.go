package verbs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/stacks/environment"
)

// RollbackOptions are the choices of one rollback.
type RollbackOptions struct {
	// To is the revision to return to: "family:revision", or "revision" together with
	// Service. Default: the last deployment that succeeded, and when that is what runs
	// now, the one before it.
	To string
	// Service is the key of the only service that is to be rolled back. Default: all.
	Service string
	// Timeout is how long it may take. Default: what the environment says.
	Timeout time.Duration
	// DryRun says what would be done and changes nothing.
	DryRun bool
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
	outcome, state := Succeeded, []string(nil)
	failure := r.rollback(work, opt, &who)
	switch {
	case failure != nil:
		failure = interruption(work, failure)
		outcome = unstarted(failure)
		if touched := r.touched(); len(touched) > 0 {
			// There is nothing better to return to: what is left has to be known.
			outcome, state = Stuck, r.leaves(touched)
		} else if outcome == Interrupted {
			state = []string{"no service was touched"}
		}
	case opt.DryRun:
		outcome = Planned
	}
	r.end(ctx, outcome, failure)
	result := r.result("rollback", started, who)
	result.State = state
	return result, a.fail(&result.Ending, outcome, failure)
}

func (r *run) rollback(ctx context.Context, opt RollbackOptions, who *identity) error {
	const phases = 3
	if err := checkRollback(opt, r.env); err != nil {
		return err
	}
	r.out.Phase(1, phases, "Read the cluster and the records")
	var err error
	if *who, err = r.permitted(ctx); err != nil {
		return err
	}
	found := &findings{}
	r.checkLock(ctx, found)
	if err := r.readTargets(ctx, found); err != nil {
		return err
	}
	chosen, err := r.choose(ctx, opt, found)
	if err != nil {
		return err
	}
	if err := found.unmet(); err != nil || opt.DryRun {
		return err
	}
	if err := r.begin(ctx, "rollback", "", *who); err != nil {
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
	rollouts, err := r.rollOut(ctx, chosen)
	if err != nil {
		return err
	}
	r.out.Phase(3, phases, "Wait and check")
	if err := r.awaitAndExplain(ctx, rollouts); err != nil {
		return err
	}
	return r.checkAll(ctx, services)
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
func (r *run) readTargets(ctx context.Context, found *findings) error {
	services, err := r.describeServices(ctx)
	if err != nil {
		return err
	}
	r.record.Services = make([]ServiceRecord, len(r.env.Cluster.Services))
	for i, service := range r.env.Cluster.Services {
		described, exists := services[service.Name]
		checkService(service.Name, described, exists, found)
		if !exists {
			r.record.Services[i] = ServiceRecord{Service: service.Key, Name: service.Name}
			continue
		}
		t := &target{env: service, service: described, entry: &r.record.Services[i]}
		if t.definition, err = r.describeDefinition(ctx, aws.ToString(described.TaskDefinition)); err != nil {
			return err
		}
		before, err := version(described, t.definition.TaskDefinition, service.Container)
		if err != nil {
			return err
		}
		*t.entry = ServiceRecord{Service: service.Key, Name: service.Name, Before: before, After: before}
		t.entry.After.Deployment = ""
		r.targets = append(r.targets, t)
	}
	return nil
}

// choose decides what services return to, and which do.
func (r *run) choose(ctx context.Context, opt RollbackOptions, found *findings) ([]*target, error) {
	to := versions{}
	from := "--to"
	if opt.To != "" {
		key, revision, err := parseRevision(opt, r.env)
		if err != nil {
			return nil, err
		}
		to[key] = revision
	} else {
		records, err := r.store().records(ctx, recordsRead)
		if err != nil {
			return nil, err
		}
		now := r.record.after()
		if opt.Service != "" {
			now = versions{opt.Service: now[opt.Service]}
			records = only(records, opt.Service)
		}
		if to, from, err = rollbackTarget(records, now); err != nil {
			found.add("records", err.Error(), "")
			return nil, nil
		}
	}
	var chosen []*target
	for _, t := range r.targets {
		wanted, is := to[t.env.Key]
		if !is || opt.Service != "" && opt.Service != t.env.Key {
			continue
		}
		definition, err := r.describeDefinition(ctx, wanted)
		if err != nil {
			return nil, err
		}
		after, err := version(t.service, definition.TaskDefinition, t.env.Container)
		if err != nil {
			return nil, err
		}
		if status := definition.TaskDefinition.Status; status != ecstypes.TaskDefinitionStatusActive {
			found.add("task definition "+revisionName(wanted), fmt.Sprintf("it is %s, want ACTIVE: ECS starts no tasks of it", status), "name another one with --to")
		}
		t.entry.After = Version{TaskDefinition: aws.ToString(definition.TaskDefinition.TaskDefinitionArn), Image: after.Image, Digest: after.Digest}
		chosen = append(chosen, t)
		r.out.Info(fmt.Sprintf("%s: %s -> %s (%s)", t.env.Key, revisionName(t.entry.Before.TaskDefinition), revisionName(t.entry.After.TaskDefinition), from))
		for _, line := range diffDefinitions(t.definition.TaskDefinition, definition.TaskDefinition) {
			r.out.Info(fmt.Sprintf("%s:   %s", t.env.Key, line))
		}
	}
	return chosen, nil
}

// only returns the records with one service in each, without those that have
// nothing to say about it.
func only(records []Record, key string) []Record {
	var list []Record
	for _, record := range records {
		for _, service := range record.Services {
			if service.Service == key {
				record.Services = []ServiceRecord{service}
				list = append(list, record)
				break
			}
		}
	}
	return list
}
