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
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/stacks/environment"
)

// Options are the choices of one deployment, for [App.Deploy].
type Options struct {
	// Source is the application's working tree. Default: the current folder.
	Source string
	// AllowDirty builds from a tree that has changes which are in no commit.
	AllowDirty bool
	// Builder builds the images. It is not used when Images has them all.
	Builder image.Builder
	// Images are images that exist, by service key: "repository@sha256:…". Default:
	// the image is built.
	Images map[string]string
	// Timeout is how long everything may take but building and asking. Default: what the
	// environment says, which is also how long the rollback may take, in any case.
	Timeout time.Duration
	// NoRollback leaves a failed deployment as it is.
	NoRollback bool
	// Service is the key of the only service that is to be deployed. Default: all.
	Service string
	// Force rolls out also what runs already.
	Force bool
	// Maintenance holds the messages of alarms back while services change.
	Maintenance bool
	// DryRun says what would be done and changes nothing.
	DryRun bool
	// Confirm is asked, after the prerequisites are met and everything was shown that
	// would be done, whether to go on; its error is why not. Default: nobody is asked.
	Confirm func(context.Context) error
}

const phases = 5

// deployment is a deploy on its way.
type deployment struct {
	run
	opt    Options
	who    identity
	source image.Source
	// begun says that something may exist in AWS which did not before: images, revisions, or
	// what a migration did.
	begun bool
	// silent is the window in which messages are held back, or nil.
	silent *silence
}

// Deploy builds the images of the environment's services, rolls them out, waits,
// checks, and puts back what ran before when anything is wrong. The result says what
// happened, also when there is an error.
func (a *App) Deploy(ctx context.Context, opt Options) (Result, error) {
	if opt.Source == "" {
		opt.Source = "."
	}
	d := &deployment{run: a.newRun(opt.Timeout), opt: opt}
	started := a.clock.Now()
	work, stop := a.interruptible(ctx)
	defer stop()

	outcome, failure := report.Succeeded, d.phases(work)
	if failure == nil && opt.DryRun {
		outcome = report.Planned
	}
	if failure != nil {
		failure = interruption(work, failure)
		outcome, failure = d.recoverFrom(ctx, failure, d.begun, !opt.NoRollback)
	}
	d.speak(ctx, d.silent)
	d.end(ctx, outcome, failure)
	result := d.result(verbDeploy, started, d.who)
	switch {
	case failure != nil && outcome != report.NothingChanged:
		result.State = d.leaves(ctx, failure)
	case failure == nil:
		result.State = d.answer
	}
	return result, a.fail(&result.Ending, outcome, failure)
}

// timeout returns how long a deployment or a rollback may take.
func (a *App) timeout(given time.Duration) time.Duration {
	if given > 0 {
		return given
	}
	return a.env.Deployment.Timeout()
}

func (d *deployment) phases(ctx context.Context) error {
	if err := checkChoice(d.opt, d.env); err != nil {
		return err
	}
	d.out.Phase(1, phases, "Prerequisites")
	found := &findings{}
	err := d.spend(ctx, func(ctx context.Context) error {
		d.prerequisites(ctx, found)
		if ctx.Err() == nil {
			return nil
		}
		return errors.Join(fmt.Errorf("checking the prerequisites: %w", context.Cause(ctx)), found.unmet())
	})
	if err != nil {
		return err
	}
	nothing := d.runsAlready()
	if !nothing && (d.opt.DryRun || d.opt.Confirm != nil) {
		d.plan()
	}
	if err := found.unmet(); err != nil || d.opt.DryRun && !nothing {
		return err
	}
	if nothing {
		d.answer = []string{fmt.Sprintf("nothing to do: the same images run already; to roll them out again, which gives tasks new values of secrets, too: omc deploy %s --force", d.env.Name)}
		return nil
	}
	if d.opt.Confirm != nil {
		if err := d.opt.Confirm(ctx); err != nil {
			return err
		}
	}
	err = d.spend(ctx, func(ctx context.Context) error { return d.begin(ctx, verbDeploy, d.source.Version(), d.who) })
	if err != nil {
		return err
	}
	d.out.Phase(2, phases, "Build and push")
	if err := d.build(ctx); err != nil {
		return err
	}
	return d.spend(ctx, d.release)
}

// release brings what was built to where it runs.
func (d *deployment) release(ctx context.Context) error {
	d.out.Phase(3, phases, "Read the cluster")
	if err := d.readCluster(ctx); err != nil {
		return err
	}
	if d.opt.Maintenance {
		d.silent = d.silence(ctx)
	}
	for _, t := range d.targets {
		if len(t.env.Migration) == 0 {
			continue
		}
		if err := d.awaitEarlier(ctx, t); err != nil {
			return err
		}
	}
	d.out.Phase(4, phases, "Update")
	rollouts, err := d.update(ctx)
	if err != nil {
		return err
	}
	d.out.Phase(5, phases, "Wait and check")
	if err := d.awaitAndExplain(ctx, rollouts); err != nil {
		return err
	}
	d.tryNote(ctx, "rolled out, checking")
	return d.checkAll(ctx, d.services())
}

// prerequisites finds out everything that would make the deployment fail.
func (d *deployment) prerequisites(ctx context.Context, found *findings) {
	for _, service := range d.services() {
		d.targets = append(d.targets, &target{env: service})
	}
	toBuild := d.servicesToBuild()
	local := []func(){}
	if len(toBuild) > 0 {
		local = append(local,
			func() { d.source = d.checkSource(ctx, d.opt, toBuild, found) },
			func() {
				if err := d.opt.Builder.Check(ctx); err != nil {
					found.add("builder", err.Error(), "start it, or name another one with --builder")
				}
			})
	}
	_ = awsapi.Each(local, func(check func()) error { check(); return nil })
	// Without credentials everything else in AWS would fail for the same reason.
	if d.who = d.identify(ctx, found); d.who.arn != "" {
		d.checkAWS(ctx, found)
	}
}

// checkChoice finds out whether the options name services that there are.
func checkChoice(opt Options, env environment.Environment) error {
	if opt.Service == "" {
		return nil
	}
	if _, ok := serviceByKey(env, opt.Service); !ok {
		return fmt.Errorf("--service: is %q, want %s", opt.Service, strings.Join(serviceKeys(env), " or "))
	}
	for _, key := range sortedKeys(opt.Images) {
		if key != opt.Service {
			return fmt.Errorf("--image: is for %s, which --service %s leaves alone", key, opt.Service)
		}
	}
	return nil
}

// services are the services to deploy.
func (d *deployment) services() []environment.Service {
	var list []environment.Service
	for _, service := range d.env.Cluster.Services {
		if d.opt.Service == "" || d.opt.Service == service.Key {
			list = append(list, service)
		}
	}
	return list
}

// runsAlready reports whether a deployment would roll out what every service runs: a copy
// of its task definition with the same image. It notes what runs.
func (d *deployment) runsAlready() bool {
	if d.opt.Force {
		return false
	}
	services := make([]ledger.ServiceRecord, len(d.targets))
	for i, t := range d.targets {
		if t.image == "" || t.definition == nil || !rollout.SettledOn(t.service, aws.ToString(t.definition.TaskDefinition.TaskDefinitionArn)) {
			return false
		}
		before, err := version(t.service, t.definition.TaskDefinition, t.env.Container)
		if err != nil || before.Image != t.image {
			return false
		}
		services[i] = ledger.ServiceRecord{Service: t.env.Key, Name: t.env.Name, Before: before, After: before}
	}
	d.record.Commit, d.record.Services = d.source.Version(), services
	for i, t := range d.targets {
		t.entry = &services[i]
	}
	return true
}

func (d *deployment) servicesToBuild() []environment.Service {
	var list []environment.Service
	for _, service := range d.services() {
		if d.opt.Images[service.Key] == "" {
			list = append(list, service)
		}
	}
	return list
}

// checkAWS checks everything in AWS, and remembers in the targets what it finds.
func (d *deployment) checkAWS(ctx context.Context, found *findings) {
	checks := []func(){
		func() { d.checkCluster(ctx, found) },
		func() { d.checkAlarms(ctx, guards(d.services()), found) },
		func() { d.checkLock(ctx, found) },
		func() { d.checkServices(ctx, found) },
	}
	if d.opt.Maintenance {
		checks = append(checks, func() { d.checkSwitch(ctx, found) })
	}
	for _, t := range d.targets {
		checks = append(checks, func() {
			if t.repository = d.checkRepository(ctx, t.env, found); t.repository != "" {
				d.checkImage(ctx, t, found)
			}
		})
	}
	_ = awsapi.Each(checks, func(check func()) error { check(); return nil })
}

// checkServices describes the services and their task definitions.
func (d *deployment) checkServices(ctx context.Context, found *findings) {
	services, err := d.describeServices(ctx)
	if err != nil {
		if !awsapi.IsCode(err, "ClusterNotFoundException") { // checkCluster says so
			found.add("services of "+d.env.Cluster.Name, "they cannot be described: "+awsapi.Brief(err), "")
		}
		return
	}
	var refs []rollout.SecretRef
	for _, t := range d.targets {
		service, exists := services[t.env.Name]
		checkService(t.env.Name, service, exists, found)
		checkNoRollout(service, found)
		if !exists || service.TaskDefinition == nil {
			continue
		}
		t.service = service
		if t.definition, err = d.describeDefinition(ctx, *service.TaskDefinition); err != nil {
			found.add("service "+t.env.Name, awsapi.Brief(err), "")
			continue
		}
		if _, err := rollout.ImageOf(t.definition.TaskDefinition, t.env.Container); err != nil {
			found.add("service "+t.env.Name, err.Error(), "")
		}
		if status := t.definition.TaskDefinition.Status; status == ecstypes.TaskDefinitionStatusInactive && !d.opt.NoRollback {
			found.add("service "+t.env.Name, fmt.Sprintf("it runs %s, which is %s: ECS starts no tasks of it, so that there would be no way back",
				rollout.RevisionName(*service.TaskDefinition), status), "update it to a revision that is ACTIVE, or deploy with --no-rollback")
		}
		refs = append(refs, rollout.SecretRefs(t.definition.TaskDefinition)...)
	}
	d.checkSecrets(ctx, refs, found)
}

// checkImage decides whether a target's image exists already.
func (d *deployment) checkImage(ctx context.Context, t *target, found *findings) {
	subject := "image of " + t.env.Key
	id := ecrtypes.ImageIdentifier{}
	if given := d.opt.Images[t.env.Key]; given != "" {
		ref, err := image.Parse(given)
		if err == nil && ref.Repository != t.repository && ref.Repository != t.env.Repository {
			err = fmt.Errorf("repository is %q, want %s", ref.Repository, t.repository)
		}
		if err != nil {
			found.add(subject, err.Error(), "correct --image")
			return
		}
		id.ImageDigest = &ref.Digest
	} else {
		t.tags = image.TagsOf(d.source, d.env.Name, t.env.Build, d.clock.Now())
		if d.source.Commit == "" || d.source.Dirty {
			return // to be built in any case
		}
		id.ImageTag = &t.tags.Commit
	}
	digest, err := d.findImage(ctx, t.env.Repository, id)
	switch {
	case err != nil:
		found.add(subject, awsapi.Brief(err), "")
	case digest != "":
		t.image = image.Ref{Repository: t.repository, Digest: digest}.String()
	case id.ImageDigest != nil:
		found.add(subject, fmt.Sprintf("%s has no image %s", t.env.Repository, *id.ImageDigest), "correct --image, or build it")
	}
}

// build makes sure that every image exists, services side by side.
func (d *deployment) build(ctx context.Context) error {
	defer d.out.Settle()
	// What is built is pushed, also when another image cannot be.
	d.begun = slices.ContainsFunc(d.targets, func(t *target) bool { return t.image == "" })
	return awsapi.EachUntilFailure(ctx, d.targets, func(ctx context.Context, t *target) (err error) {
		if t.image != "" {
			d.out.Info(fmt.Sprintf("%s: %s exists already", t.env.Key, t.image))
			d.tagAgain(ctx, t)
		}
		t.image, err = d.buildImage(ctx, t)
		return err
	})
}

// readCluster records what runs now, before anything changes.
func (d *deployment) readCluster(ctx context.Context) error {
	services, err := d.describeServices(ctx)
	if err != nil {
		return err
	}
	if err := d.recordOthers(ctx, services); err != nil {
		return err
	}
	for _, t := range d.targets {
		service, exists := services[t.env.Name]
		found := &findings{} // building took a while
		checkService(t.env.Name, service, exists, found)
		checkNoRollout(service, found)
		if err := found.unmet(); err != nil {
			return err
		}
		t.service = service
		if t.definition, err = d.describeDefinition(ctx, *service.TaskDefinition); err != nil {
			return err
		}
		before, err := version(service, t.definition.TaskDefinition, t.env.Container)
		if err != nil {
			return err
		}
		if before.Digest == "" { // the task definition names a tag
			before.Digest = d.runningDigest(ctx, t)
		}
		*t.entry = ledger.ServiceRecord{
			Service: t.env.Key, Name: t.env.Name, Before: before,
			After: ledger.Version{TaskDefinition: before.TaskDefinition, Image: t.image, Digest: image.DigestOf(t.image)},
		}
		d.out.Info(fmt.Sprintf("%s: runs %s, %d of %d tasks, deployment %s", t.env.Key,
			rollout.RevisionName(before.TaskDefinition), before.Running, before.Desired, before.Deployment))
		if image.DigestOf(before.Image) == "" && before.Digest != "" {
			d.out.Info(fmt.Sprintf("%s: image %s is %s", t.env.Key, before.Image, before.Digest))
		}
		d.out.Info(fmt.Sprintf("%s: image %s -> %s", t.env.Key, before.Image, t.image))
	}
	return d.note(ctx, "read the cluster")
}

// recordOthers gives every service its part of the record, and fills in those that the
// deployment leaves alone: a rollback later wants to know what ran together.
func (d *deployment) recordOthers(ctx context.Context, services map[string]ecstypes.Service) error {
	d.record.Services = make([]ledger.ServiceRecord, len(d.env.Cluster.Services))
	for i, service := range d.env.Cluster.Services {
		entry := &d.record.Services[i]
		*entry = ledger.ServiceRecord{Service: service.Key, Name: service.Name}
		if at := slices.IndexFunc(d.targets, func(t *target) bool { return t.env.Key == service.Key }); at >= 0 {
			d.targets[at].entry = entry
			continue
		}
		described, exists := services[service.Name]
		if !exists || described.TaskDefinition == nil {
			continue
		}
		definition, err := d.describeDefinition(ctx, *described.TaskDefinition)
		if err != nil {
			return err
		}
		if entry.Before, err = version(described, definition.TaskDefinition, service.Container); err != nil {
			return err
		}
		entry.After = entry.Before
		entry.After.Deployment = ""
	}
	return nil
}

// update registers the new revisions, migrates, and updates every service.
func (d *deployment) update(ctx context.Context) ([]*transition, error) {
	d.begun = true
	registered := make([]*ecstypes.TaskDefinition, len(d.targets))
	err := awsapi.Each(awsapi.Indexes(len(d.targets)), func(i int) (err error) {
		registered[i], err = d.register(ctx, d.targets[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := d.note(ctx, "registered the new revisions"); err != nil {
		return nil, err
	}
	for i, t := range d.targets {
		if len(t.env.Migration) == 0 {
			continue
		}
		t.entry.Migration = &ledger.MigrationRecord{StartedBy: d.startedBy(t)}
		if err := d.note(ctx, "running the migration of "+t.env.Key); err != nil {
			return nil, err
		}
		if err := d.migrate(ctx, t, registered[i]); err != nil {
			return nil, err
		}
	}
	return d.rollOut(ctx, d.targets, !d.opt.NoRollback)
}

// register makes the new revision of a target's task definition.
func (d *deployment) register(ctx context.Context, t *target) (*ecstypes.TaskDefinition, error) {
	input, err := rollout.CopyDefinition(t.definition, t.env.Container, t.image)
	if err != nil {
		return nil, err
	}
	var out *ecs.RegisterTaskDefinitionOutput
	err = d.change(ctx, "registering a task definition of "+t.env.Name, func(ctx context.Context) (err error) {
		out, err = d.aws.ECS.RegisterTaskDefinition(ctx, input)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.entry.After.TaskDefinition = *out.TaskDefinition.TaskDefinitionArn
	d.out.Info(fmt.Sprintf("%s: registered %s", t.env.Key, rollout.RevisionName(t.entry.After.TaskDefinition)))
	for _, line := range rollout.Diff(t.definition.TaskDefinition, out.TaskDefinition) {
		d.out.Info(fmt.Sprintf("%s:   %s", t.env.Key, line))
	}
	return out.TaskDefinition, nil
}

// plan says what a deployment would do, as far as it could be read.
func (d *deployment) plan() {
	d.record.Commit = d.source.Version()
	d.record.Services = make([]ledger.ServiceRecord, len(d.targets))
	for i, t := range d.targets {
		key := t.env.Key
		var before ledger.Version
		if t.definition == nil {
			d.out.Warn(key + ": what runs now could not be read")
		} else if v, err := version(t.service, t.definition.TaskDefinition, t.env.Container); err == nil { // else it is a finding
			before = v
		}
		name := t.image
		switch {
		case name != "":
			d.out.Info(fmt.Sprintf("%s: would use %s, which exists", key, name))
		case d.opt.Images[key] != "":
			name = d.opt.Images[key]
			d.out.Warn(fmt.Sprintf("%s: would use %s, which was not found", key, name))
		case d.source.Commit == "":
			name = "an image of " + cmp.Or(t.repository, t.env.Repository)
			d.out.Warn(fmt.Sprintf("%s: would build %s, but what from could not be read", key, t.env.Build.Dockerfile))
		default:
			if t.tags.Time == "" { // the repository could not be read
				t.tags = image.TagsOf(d.source, d.env.Name, t.env.Build, d.clock.Now())
			}
			name = cmp.Or(t.repository, t.env.Repository) + ":" + t.tags.Commit
			d.out.Info(fmt.Sprintf("%s: would build %s with %s and push it as %s and %s", key,
				t.env.Build.Dockerfile, d.opt.Builder.Name(), t.tags.Commit, t.tags.Time))
		}
		d.record.Services[i] = ledger.ServiceRecord{
			Service: key, Name: t.env.Name, Before: before,
			After: ledger.Version{TaskDefinition: "a new revision of " + t.env.Name, Image: name, Digest: image.DigestOf(name)},
		}
		t.entry = &d.record.Services[i]
		d.out.Info(fmt.Sprintf("%s: image %s -> %s", key, cmp.Or(before.Image, "unknown"), name))
		if len(t.env.Migration) > 0 {
			d.out.Info(fmt.Sprintf("%s: would run %q in a task of its own", key, strings.Join(t.env.Migration, " ")))
		}
		d.out.Info(fmt.Sprintf("%s: would update %s, wait at most %s, and check %d URL", key, t.env.Name, d.timeout, len(t.env.Checks)))
	}
}
