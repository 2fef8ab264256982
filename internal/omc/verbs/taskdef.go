package verbs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// copyDefinition returns the request that registers a task definition which
// differs from the described one only in the image of one container. Every field
// that a request can have is taken over, whatever it is; what describe returns
// beyond that (ARN, revision, who registered it) cannot be registered. Tags that
// begin with "aws:" belong to AWS and are refused in requests, as is an empty list of tags.
func copyDefinition(from *ecs.DescribeTaskDefinitionOutput, container, image string) (*ecs.RegisterTaskDefinitionInput, error) {
	input := &ecs.RegisterTaskDefinitionInput{}
	described, request := reflect.ValueOf(from.TaskDefinition).Elem(), reflect.ValueOf(input).Elem()
	for i := range request.NumField() {
		field := request.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if value := described.FieldByName(field.Name); value.IsValid() {
			request.Field(i).Set(value)
		}
	}
	input.Tags = slices.DeleteFunc(slices.Clone(from.Tags), func(tag ecstypes.Tag) bool {
		return strings.HasPrefix(aws.ToString(tag.Key), "aws:")
	})
	if len(input.Tags) == 0 {
		input.Tags = nil
	}
	// The containers are a copy, so that the described definition stays as it is.
	input.ContainerDefinitions = slices.Clone(input.ContainerDefinitions)
	at := containerIndex(input.ContainerDefinitions, container)
	if at < 0 {
		return nil, noContainer(from.TaskDefinition, container)
	}
	input.ContainerDefinitions[at].Image = &image
	return input, nil
}

func containerIndex(containers []ecstypes.ContainerDefinition, name string) int {
	return slices.IndexFunc(containers, func(c ecstypes.ContainerDefinition) bool {
		return aws.ToString(c.Name) == name
	})
}

func noContainer(definition *ecstypes.TaskDefinition, container string) error {
	var names []string
	for _, c := range definition.ContainerDefinitions {
		names = append(names, aws.ToString(c.Name))
	}
	return fmt.Errorf("task definition %s: has no container %q, only %s",
		revisionName(aws.ToString(definition.TaskDefinitionArn)), container, strings.Join(names, ", "))
}

// imageOf returns the image of a container of the task definition.
func imageOf(definition *ecstypes.TaskDefinition, container string) (string, error) {
	at := containerIndex(definition.ContainerDefinitions, container)
	if at < 0 {
		return "", noContainer(definition, container)
	}
	return aws.ToString(definition.ContainerDefinitions[at].Image), nil
}

// revisionName returns "family:revision" of a task definition's ARN.
func revisionName(arn string) string {
	if arn == "" {
		return "nothing"
	}
	if _, name, found := strings.Cut(arn, ":task-definition/"); found {
		return name
	}
	return arn
}

// A secretRef is where a container's secret comes from.
type secretRef struct {
	// variable is the environment variable that the container sees.
	variable string
	// secret is the ARN of a secret in Secrets Manager, with or without the suffix
	// that AWS appends to names.
	secret string
	// key is the JSON key; "" means the whole value.
	key string
	// stage and version select another version than the present one.
	stage, version string
}

// secretRefs returns the secrets in Secrets Manager that a task definition's
// containers name, log drivers included. Parameters of Systems Manager are left out.
func secretRefs(definition *ecstypes.TaskDefinition) []secretRef {
	var refs []secretRef
	add := func(secrets []ecstypes.Secret) {
		for _, s := range secrets {
			if ref, ok := parseSecretRef(aws.ToString(s.ValueFrom)); ok {
				ref.variable = aws.ToString(s.Name)
				refs = append(refs, ref)
			}
		}
	}
	for _, c := range definition.ContainerDefinitions {
		add(c.Secrets)
		if c.LogConfiguration != nil {
			add(c.LogConfiguration.SecretOptions)
		}
	}
	return refs
}

// parseSecretRef takes arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:KEY:STAGE:VERSION] apart.
func parseSecretRef(from string) (secretRef, bool) {
	const fields = 7 // of the secret's own ARN
	parts := strings.Split(from, ":")
	if len(parts) < fields || parts[2] != "secretsmanager" {
		return secretRef{}, false
	}
	rest := append(parts[fields:], "", "", "")
	return secretRef{
		secret:  strings.Join(parts[:fields], ":"),
		key:     rest[0],
		stage:   rest[1],
		version: rest[2],
	}, true
}

// A logStream is where a container's log goes.
type logStream struct{ group, prefix, region string }

// logStreamOf returns where a container logs to, when that is CloudWatch Logs with
// a stream for each task.
func logStreamOf(definition *ecstypes.TaskDefinition, container string) (logStream, bool) {
	at := containerIndex(definition.ContainerDefinitions, container)
	if at < 0 {
		return logStream{}, false
	}
	log := definition.ContainerDefinitions[at].LogConfiguration
	if log == nil || log.LogDriver != ecstypes.LogDriverAwslogs || log.Options["awslogs-stream-prefix"] == "" {
		return logStream{}, false
	}
	return logStream{group: log.Options["awslogs-group"], prefix: log.Options["awslogs-stream-prefix"], region: log.Options["awslogs-region"]}, true
}

// name returns the log stream of a task.
func (l logStream) name(container, taskARN string) string {
	return l.prefix + "/" + container + "/" + taskID(taskARN)
}

// taskID returns the last part of a task's ARN.
func taskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
