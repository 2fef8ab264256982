package verbs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
)

// findImage returns the digest that the registry has for an image of a repository,
// or "" when it has none.
func (a *App) findImage(ctx context.Context, repository string, id ecrtypes.ImageIdentifier) (string, error) {
	out, err := a.aws.Images.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &repository,
		ImageIds:       []ecrtypes.ImageIdentifier{id},
	})
	if awsapi.IsCode(err, "ImageNotFoundException") {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for an image in %s: %w", repository, err)
	}
	if len(out.ImageDetails) == 0 {
		return "", nil
	}
	return aws.ToString(out.ImageDetails[0].ImageDigest), nil
}

// pushedDigest returns the digest of an image that was pushed a moment ago.
func (a *App) pushedDigest(ctx context.Context, repository, tag string) (string, error) {
	const (
		attempts = 5
		pause    = 2 * time.Second
	)
	for range attempts {
		digest, err := a.findImage(ctx, repository, ecrtypes.ImageIdentifier{ImageTag: &tag})
		if err != nil || digest != "" {
			return digest, err
		}
		if err := a.clock.Sleep(ctx, pause); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s:%s was pushed, but the registry does not have it", repository, tag)
}

// runningDigest returns the digest of the image that a service's newest tasks run, or
// "" when that cannot be known: there are no tasks, or they do not run yet.
func (a *App) runningDigest(ctx context.Context, t *target) string {
	list, err := a.aws.ECS.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &a.env.Cluster.Name, ServiceName: &t.env.Name})
	if err != nil || len(list.TaskArns) == 0 {
		return ""
	}
	out, err := a.aws.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &a.env.Cluster.Name, Tasks: list.TaskArns})
	if err != nil {
		return ""
	}
	for _, task := range tasksOf(out.Tasks, aws.ToString(t.service.TaskDefinition)) {
		for _, container := range task.Containers {
			if aws.ToString(container.Name) == t.env.Container && container.ImageDigest != nil {
				return *container.ImageDigest
			}
		}
	}
	return ""
}

// registryLogin asks ECR for the password of its registry.
func (a *App) registryLogin(ctx context.Context, repositoryURI string) (image.Login, error) {
	out, err := a.aws.Images.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return image.Login{}, fmt.Errorf("asking ECR for a password: %w", err)
	}
	if len(out.AuthorizationData) == 0 {
		return image.Login{}, errors.New("asking ECR for a password: it gave none")
	}
	token := aws.ToString(out.AuthorizationData[0].AuthorizationToken)
	a.redact.Hide(token)
	text, err := base64.StdEncoding.DecodeString(token)
	user, password, found := strings.Cut(string(text), ":")
	if err != nil || !found {
		return image.Login{}, errors.New("asking ECR for a password: its answer is not user:password in base64")
	}
	a.redact.Hide(password)
	registry, _, _ := strings.Cut(repositoryURI, "/")
	return image.Login{Registry: registry, User: user, Password: password}, nil
}

// tagAgain gives an image that was built for this commit before the tag that says
// where and when it is deployed, so that the repository's life cycle rules and its
// readers see that it is in use.
func (d *deployment) tagAgain(ctx context.Context, t *target) {
	if t.tags.Time == "" { // given with --image
		return
	}
	err := d.change(ctx, "tagging", func(ctx context.Context) error {
		digest := image.DigestOf(t.image)
		out, err := d.aws.Images.BatchGetImage(ctx, &ecr.BatchGetImageInput{
			RepositoryName: &t.env.Repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
		})
		if err != nil || len(out.Images) == 0 {
			return err
		}
		_, err = d.aws.Images.PutImage(ctx, &ecr.PutImageInput{
			RepositoryName: &t.env.Repository, ImageTag: &t.tags.Time, ImageDigest: &digest,
			ImageManifest: out.Images[0].ImageManifest, ImageManifestMediaType: out.Images[0].ImageManifestMediaType,
		})
		return err
	})
	if err != nil {
		d.out.Warn(fmt.Sprintf("%s: the image could not be tagged %s: %s", t.env.Key, t.tags.Time, awsapi.Brief(err)))
	}
}

// buildImage makes sure that the registry has the service's image, and returns it
// by digest.
func (d *deployment) buildImage(ctx context.Context, t *target) (string, error) {
	if t.image != "" {
		return t.image, nil
	}
	started := d.clock.Now()
	names := []string{t.repository + ":" + t.tags.Commit, t.repository + ":" + t.tags.Time}
	live := func(line string) { d.out.Live(t.env.Key, line, d.clock.Now().Sub(started)) }

	if err := d.opt.Builder.Build(ctx, d.source.Dir, t.env.Build, names, live); err != nil {
		return "", fmt.Errorf("building %s: %w", t.env.Key, err)
	}
	login, err := d.registryLogin(ctx, t.repository)
	if err != nil {
		return "", fmt.Errorf("pushing %s: %w", t.env.Key, err)
	}
	if err := d.opt.Builder.Push(ctx, names, login, live); err != nil {
		return "", fmt.Errorf("pushing %s: %w", t.env.Key, err)
	}
	digest, err := d.pushedDigest(ctx, t.env.Repository, t.tags.Time)
	if err != nil {
		return "", fmt.Errorf("pushing %s: %w", t.env.Key, err)
	}
	image := image.Ref{Repository: t.repository, Digest: digest}.String()
	d.out.Info(fmt.Sprintf("%s: built and pushed %s as %s and %s in %s", t.env.Key, image, t.tags.Commit, t.tags.Time,
		d.clock.Now().Sub(started).Round(time.Second)))
	return image, nil
}
