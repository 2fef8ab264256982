package verbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/stacks/environment"
)

// identity is who we are in AWS.
type identity struct{ account, arn string }

// findings collects what is not as it has to be, from several goroutines.
type findings struct {
	mu   sync.Mutex
	list []report.Finding
}

func (f *findings) add(subject, problem, next string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, report.Finding{Subject: subject, Problem: problem, Next: next})
}

// sorted returns the findings in an order that does not depend on who was faster.
func (f *findings) sorted() []report.Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.SortFunc(f.list, func(a, b report.Finding) int { return strings.Compare(a.String(), b.String()) })
	return slices.CompactFunc(f.list, func(a, b report.Finding) bool { return a == b })
}

// unmet returns the findings as an error, or nil when there are none.
func (f *findings) unmet() error {
	if list := f.sorted(); len(list) > 0 {
		return unmet{list}
	}
	return nil
}

// unmet is the error of prerequisites that are not met.
type unmet struct{ findings []report.Finding }

func (u unmet) Error() string {
	lines := []string{fmt.Sprintf("%d of the prerequisites are not met:", len(u.findings))}
	if len(u.findings) == 1 {
		lines[0] = "a prerequisite is not met:"
	}
	for _, f := range u.findings {
		lines = append(lines, "  - "+f.String())
	}
	return strings.Join(lines, "\n")
}

// identityTimeout is how long the credentials may take, all attempts together.
const identityTimeout = 30 * time.Second

// identify says who we are, and refuses another account than the environment's.
func (a *App) identify(ctx context.Context, found *findings) identity {
	// Every attempt of this call asks the source of the credentials again, which has
	// attempts of its own.
	asking, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	out, err := a.aws.Caller.GetCallerIdentity(asking, &sts.GetCallerIdentityInput{})
	if err != nil {
		none := awsapi.NoCredentials{}
		switch {
		case errors.As(err, &none):
			found.add("credentials", "there are none that work: "+none.Error(), "log in, or set AWS_PROFILE")
		case awsapi.TroubleOf(err) == awsapi.Transient:
			found.add("AWS", "it does not answer: "+awsapi.Brief(err), "try again; when it stays so, look at the network, its proxy, and AWS_ENDPOINT_URL")
		default:
			found.add("credentials", "AWS does not accept them: "+awsapi.Brief(err), "log in, or set AWS_PROFILE")
		}
		return identity{}
	}
	who := identity{account: aws.ToString(out.Account), arn: aws.ToString(out.Arn)}
	a.aws.Login.BelongsTo(who.account)
	a.out.Info(fmt.Sprintf("AWS account %s as %s, region %s", who.account, who.arn, a.env.Region))
	if want := a.env.AccountID; want != "" && who.account != want {
		found.add("credentials", fmt.Sprintf("they belong to account %s, want %s", who.account, want),
			"use credentials of "+a.env.Name+"'s account")
	}
	return who
}

// checkCluster finds out whether the cluster is there.
func (a *App) checkCluster(ctx context.Context, found *findings) {
	name := a.env.Cluster.Name
	out, err := a.aws.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{name}})
	switch {
	case err != nil:
		found.add("cluster "+name, "it cannot be described: "+awsapi.Brief(err), "")
	case len(out.Clusters) == 0:
		found.add("cluster "+name, "it does not exist in "+a.env.Region, "deploy the infrastructure first")
	case aws.ToString(out.Clusters[0].Status) != "ACTIVE":
		found.add("cluster "+name, fmt.Sprintf("it is %s, want ACTIVE", aws.ToString(out.Clusters[0].Status)), "deploy the infrastructure first")
	}
}

// describeServices returns the services by name, in one call.
func (a *App) describeServices(ctx context.Context, opts ...func(*ecs.Options)) (map[string]ecstypes.Service, error) {
	var names []string
	for _, service := range a.env.Cluster.Services {
		names = append(names, service.Name)
	}
	out, err := a.aws.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &a.env.Cluster.Name, Services: names}, opts...)
	if err != nil {
		return nil, fmt.Errorf("describing the services of %s: %w", a.env.Cluster.Name, err)
	}
	services := map[string]ecstypes.Service{}
	for _, service := range out.Services {
		services[aws.ToString(service.ServiceName)] = service
	}
	return services, nil
}

// describeDefinition returns a task definition with its tags.
func (a *App) describeDefinition(ctx context.Context, arn string) (*ecs.DescribeTaskDefinitionOutput, error) {
	out, err := a.aws.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &arn,
		Include:        []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
	})
	if err != nil {
		return nil, fmt.Errorf("describing task definition %s: %w", rollout.RevisionName(arn), err)
	}
	return out, nil
}

// checkService judges what ECS says about a service before it is rolled out.
func checkService(name string, service ecstypes.Service, exists bool, found *findings) {
	subject := "service " + name
	if !exists {
		found.add(subject, "it does not exist", "deploy the infrastructure first")
		return
	}
	if status := aws.ToString(service.Status); status != "ACTIVE" {
		found.add(subject, fmt.Sprintf("it is %s, want ACTIVE", status), "deploy the infrastructure first")
		return
	}
	if service.DesiredCount == 0 {
		found.add(subject, "it wants 0 tasks, so that a roll-out would prove nothing", "set its desired count to 1 or more")
	}
	if controller := service.DeploymentController; controller != nil && controller.Type != ecstypes.DeploymentControllerTypeEcs {
		found.add(subject, fmt.Sprintf("its deployment controller is %s, want ECS", controller.Type), "")
	}
}

// checkNoRollout finds out whether somebody else is rolling out a service.
func checkNoRollout(service ecstypes.Service, found *findings) {
	for _, d := range service.Deployments {
		if d.RolloutState == ecstypes.DeploymentRolloutStateInProgress {
			found.add("service "+aws.ToString(service.ServiceName), fmt.Sprintf("a roll-out is in progress: deployment %s of %s",
				aws.ToString(d.Id), rollout.RevisionName(aws.ToString(d.TaskDefinition))), "wait until it has ended")
		}
	}
}

// checkSecrets finds out whether every secret that a task definition names has a
// present version with that key. A task does not start without it. The values are
// remembered as what must never be shown, and forgotten otherwise.
func (a *App) checkSecrets(ctx context.Context, refs []rollout.SecretRef, found *findings) {
	type version struct{ secret, stage, id string }
	wanted := map[version][]rollout.SecretRef{}
	for _, ref := range refs {
		v := version{ref.Secret, ref.Stage, ref.Version}
		wanted[v] = append(wanted[v], ref)
	}
	for v, refs := range wanted {
		input := &secretsmanager.GetSecretValueInput{SecretId: &v.secret}
		if v.stage != "" {
			input.VersionStage = &v.stage
		}
		if v.id != "" {
			input.VersionId = &v.id
		}
		subject := "secret " + v.secret[strings.LastIndex(v.secret, ":")+1:]
		out, err := a.aws.Secrets.GetSecretValue(ctx, input)
		if awsapi.IsCode(err, "ResourceNotFoundException") {
			found.add(subject, "it does not exist or has no present (AWSCURRENT) version, and no task starts without it", "give it a value")
			continue
		}
		if err != nil {
			found.add(subject, "it cannot be read: "+awsapi.Brief(err), "")
			continue
		}
		a.checkKeys(subject, aws.ToString(out.SecretString), refs, found)
	}
}

func (a *App) checkKeys(subject, text string, refs []rollout.SecretRef, found *findings) {
	a.hideSecret(text)
	var values map[string]json.RawMessage
	isObject := json.Unmarshal([]byte(text), &values) == nil && values != nil
	for _, ref := range refs {
		if ref.Key == "" {
			continue
		}
		if !isObject {
			found.add(subject, "its value is not a JSON object, and no task starts without its keys", "write it as a JSON object")
			return
		}
		if _, ok := values[ref.Key]; !ok {
			found.add(subject, fmt.Sprintf("it has no key %s, which the task definition names: no task starts without it", ref.Key),
				"add the key to the secret")
		}
	}
}

// checkAlarms finds out whether the alarms that guard a deployment are there and
// quiet: ECS ignores an alarm that is in ALARM when a deployment begins.
func (a *App) checkAlarms(ctx context.Context, names []string, found *findings) {
	if len(names) == 0 {
		return
	}
	alarms, err := a.describeAlarms(ctx, names)
	if err != nil {
		found.add("alarms", "they cannot be described: "+awsapi.Brief(err), "")
		return
	}
	for _, name := range names {
		alarm, ok := alarms[name]
		switch {
		case !ok:
			found.add("alarm "+name, "it does not exist, and a deployment is to be guarded by it", "deploy the operations stack first: cdktf deploy "+a.env.Name)
		case alarm.state == cloudwatchtypes.StateValueAlarm:
			found.add("alarm "+name, "it is in ALARM, and ECS would ignore it during the deployment: "+alarm.reason,
				"find the cause, or return to what ran before: omc rollback "+a.env.Name)
		}
	}
}

// guards returns the names of the alarms that guard a deployment of services.
func guards(services []environment.Service) []string {
	var names []string
	for _, service := range services {
		names = append(names, service.DeploymentAlarms...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkLock finds out whether somebody else is deploying.
func (a *App) checkLock(ctx context.Context, found *findings) {
	lock, exists, err := a.store().Holder(ctx)
	switch {
	case err != nil:
		found.add("lock", awsapi.Brief(err), "s3://"+a.env.State.Bucket+" must be there, and you must be allowed to read and write "+a.env.Deployment.Folder+"/ in it")
	case exists:
		f := a.heldBy(lock)
		found.add(f.Subject, f.Problem, f.Next)
	}
}

// heldBy says that somebody else has the lock, and what to do about it.
func (a *App) heldBy(lock ledger.Lock) report.Finding {
	f := report.Finding{Subject: "lock", Problem: ledger.Held{Lock: lock, Now: a.clock.Now()}.Error(), Next: "wait until it has ended: omc status " + a.env.Name}
	if lock.Abandoned(a.clock.Now()) != "" {
		f.Next = fmt.Sprintf("see omc status %s, then omc unlock %s", a.env.Name, a.env.Name)
	}
	return f
}

// checkRepository returns the URI of a service's image repository.
func (a *App) checkRepository(ctx context.Context, service environment.Service, found *findings) string {
	subject := "repository " + service.Repository
	out, err := a.aws.Images.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{service.Repository}})
	switch {
	case awsapi.IsCode(err, "RepositoryNotFoundException"):
		found.add(subject, "it does not exist in "+a.env.Region, "deploy the infrastructure first")
	case err != nil:
		found.add(subject, "it cannot be described: "+awsapi.Brief(err), "")
	case len(out.Repositories) > 0:
		return aws.ToString(out.Repositories[0].RepositoryUri)
	}
	return ""
}

// checkSource reads the working tree and looks for what the images are built from.
func (a *App) checkSource(ctx context.Context, opt Options, build []environment.Service, found *findings) image.Source {
	src, err := image.ReadSource(ctx, opt.Source)
	if err != nil {
		found.add("working tree", err.Error(), "run omc in the application's working tree, or name it with --source")
		return image.Source{}
	}
	if src.Dirty && !opt.AllowDirty {
		found.add("working tree", "it has changes that are in no commit", "commit them, or use --allow-dirty")
	}
	for _, service := range build {
		for _, path := range []string{service.Build.Context, service.Build.Dockerfile} {
			if _, err := os.Stat(filepath.Join(opt.Source, path)); errors.Is(err, os.ErrNotExist) {
				found.add("service "+service.Key, filepath.Join(opt.Source, path)+" does not exist", "run omc in the application's working tree, or name it with --source")
			}
		}
	}
	return src
}
