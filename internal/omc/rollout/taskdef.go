package rollout

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// CopyDefinition returns the request that registers a task definition which
// differs from the described one only in the image of one container. Every field
// that a request can have is taken over, whatever it is; what describe returns
// beyond that (ARN, revision, who registered it) cannot be registered. Tags that
// begin with "aws:" belong to AWS and are refused in requests, as is an empty list of tags.
func CopyDefinition(from *ecs.DescribeTaskDefinitionOutput, container, image string) (*ecs.RegisterTaskDefinitionInput, error) {
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
		RevisionName(aws.ToString(definition.TaskDefinitionArn)), container, strings.Join(names, ", "))
}

// ImageOf returns the image of a container of the task definition.
func ImageOf(definition *ecstypes.TaskDefinition, container string) (string, error) {
	at := containerIndex(definition.ContainerDefinitions, container)
	if at < 0 {
		return "", noContainer(definition, container)
	}
	return aws.ToString(definition.ContainerDefinitions[at].Image), nil
}

// RevisionName returns "family:revision" of a task definition's ARN.
func RevisionName(arn string) string {
	if arn == "" {
		return "nothing"
	}
	if _, name, found := strings.Cut(arn, ":task-definition/"); found {
		return name
	}
	return arn
}

// A SecretRef is where a container's secret comes from.
type SecretRef struct {
	// variable is the environment variable that the container sees.
	variable string
	// Secret is the ARN of a secret in Secrets Manager, with or without the suffix
	// that AWS appends to names.
	Secret string
	// Key is the JSON key; "" means the whole value.
	Key string
	// Stage and version select another version than the present one.
	Stage, Version string
}

// SecretRefs returns the secrets in Secrets Manager that a task definition's
// containers name, log drivers included. Parameters of Systems Manager are left out.
func SecretRefs(definition *ecstypes.TaskDefinition) []SecretRef {
	var refs []SecretRef
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
func parseSecretRef(from string) (SecretRef, bool) {
	const fields = 7 // of the secret's own ARN
	parts := strings.Split(from, ":")
	if len(parts) < fields || parts[2] != "secretsmanager" {
		return SecretRef{}, false
	}
	rest := append(parts[fields:], "", "", "")
	return SecretRef{
		Secret:  strings.Join(parts[:fields], ":"),
		Key:     rest[0],
		Stage:   rest[1],
		Version: rest[2],
	}, true
}

// A LogStream is where a container's log goes.
type LogStream struct {
	// Group is the log group.
	Group          string
	prefix, region string
}

// LogStreamOf returns where a container logs to, when that is CloudWatch Logs with
// a stream for each task.
func LogStreamOf(definition *ecstypes.TaskDefinition, container string) (LogStream, bool) {
	at := containerIndex(definition.ContainerDefinitions, container)
	if at < 0 {
		return LogStream{}, false
	}
	log := definition.ContainerDefinitions[at].LogConfiguration
	if log == nil || log.LogDriver != ecstypes.LogDriverAwslogs || log.Options["awslogs-stream-prefix"] == "" {
		return LogStream{}, false
	}
	return LogStream{Group: log.Options["awslogs-group"], prefix: log.Options["awslogs-stream-prefix"], region: log.Options["awslogs-region"]}, true
}

// Name returns the log stream of a task.
func (l LogStream) Name(container, taskARN string) string {
	return l.prefix + "/" + container + "/" + TaskID(taskARN)
}

// TaskID returns the last part of a task's ARN.
func TaskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
