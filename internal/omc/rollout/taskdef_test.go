package rollout

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
)

// fill sets a value and everything in it to something.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Struct && depth == 0 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(random, v.Elem(), depth-1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(random, v.Field(i), depth-1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+random.IntN(3), 3))
		for i := range v.Len() {
			fill(random, v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(random, key, depth)
		fill(random, value, depth)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", random.Int()))
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(random.Int32()))
	}
}

// TestCopyDefinition copies random task definitions: only the image may differ.
func TestCopyDefinition(t *testing.T) {
	t.Parallel()
	opts := cmp.Exporter(func(reflect.Type) bool { return true })
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		described := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{}}
		fill(random, reflect.ValueOf(described.TaskDefinition).Elem(), 6)
		fill(random, reflect.ValueOf(&described.Tags).Elem(), 3)
		containers := described.TaskDefinition.ContainerDefinitions
		chosen := random.IntN(len(containers))
		before := *described.TaskDefinition
		before.ContainerDefinitions = slices.Clone(containers)
		oldImage := *containers[chosen].Image

		got, err := CopyDefinition(described, *containers[chosen].Name, "new@sha256:0")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&before, described.TaskDefinition, opts); diff != "" {
			t.Fatalf("seed %d: the described definition was changed:\n%s", seed, diff)
		}
		if image := *got.ContainerDefinitions[chosen].Image; image != "new@sha256:0" {
			t.Fatalf("seed %d: image %s", seed, image)
		}
		got.ContainerDefinitions[chosen].Image = &oldImage
		request, from := reflect.ValueOf(got).Elem(), reflect.ValueOf(described.TaskDefinition).Elem()
		for i := range request.NumField() {
			field := request.Type().Field(i)
			if !field.IsExported() || field.Name == "Tags" {
				continue
			}
			if request.Field(i).IsZero() && field.Type.Kind() != reflect.Bool {
				t.Fatalf("seed %d: %s was dropped", seed, field.Name)
			}
			if diff := cmp.Diff(from.FieldByName(field.Name).Interface(), request.Field(i).Interface(), opts); diff != "" {
				t.Fatalf("seed %d: %s differs:\n%s", seed, field.Name, diff)
			}
		}
		if diff := cmp.Diff(described.Tags, got.Tags, opts); diff != "" {
			t.Fatalf("seed %d: tags differ:\n%s", seed, diff)
		}
	}
}

// Every field of a request comes from the description. When a new SDK adds one that
// does not, somebody has to say where it comes from.
func TestEveryFieldIsCopied(t *testing.T) {
	t.Parallel()
	request, described := reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), reflect.TypeFor[ecstypes.TaskDefinition]()
	for i := range request.NumField() {
		field := request.Field(i)
		if !field.IsExported() || field.Name == "Tags" { // they are beside the description
			continue
		}
		if from, ok := described.FieldByName(field.Name); !ok || from.Type != field.Type {
			t.Errorf("%s: a described task definition has no such field of type %s", field.Name, field.Type)
		}
	}
}

func TestCopyLeavesOut(t *testing.T) {
	t.Parallel()
	described := &ecs.DescribeTaskDefinitionOutput{
		TaskDefinition: &ecstypes.TaskDefinition{
			TaskDefinitionArn:    aws.String("arn:aws:ecs:ap-southeast-2:1:task-definition/app:7"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("backend")}, {Name: aws.String("sidecar")}},
		},
		Tags: []ecstypes.Tag{{Key: aws.String("aws:cloudformation:stack-name")}, {Key: aws.String("Project")}},
	}
	got, err := CopyDefinition(described, "backend", "image")
	if err != nil || len(got.Tags) != 1 || *got.Tags[0].Key != "Project" || len(described.Tags) != 2 {
		t.Errorf("tags %v, %v", got.Tags, err)
	}
	if _, err := CopyDefinition(described, "frontend", "image"); err == nil || err.Error() != `task definition app:7: has no container "frontend", only backend, sidecar` {
		t.Error(err)
	}
}

func TestSecretRefs(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:ap-southeast-2:000000000000:secret:app-AbCdEf"
	for from, want := range map[string]SecretRef{
		arn:                       {Secret: arn},
		arn + ":KEY::":            {Secret: arn, Key: "KEY"},
		arn + ":KEY:AWSPREVIOUS:": {Secret: arn, Key: "KEY", Stage: "AWSPREVIOUS"},
		arn + ":KEY::0123":        {Secret: arn, Key: "KEY", Version: "0123"},
	} {
		if got, ok := parseSecretRef(from); !ok || got != want {
			t.Errorf("%s: %+v", from, got)
		}
	}
	for _, from := range []string{"", "parameter", "arn:aws:ssm:ap-southeast-2:000000000000:parameter/x"} {
		if got, ok := parseSecretRef(from); ok {
			t.Errorf("%s: %+v, want none", from, got)
		}
	}
	refs := SecretRefs(&ecstypes.TaskDefinition{ContainerDefinitions: []ecstypes.ContainerDefinition{{
		Secrets:          []ecstypes.Secret{{Name: aws.String("A"), ValueFrom: aws.String(arn + ":A::")}},
		LogConfiguration: &ecstypes.LogConfiguration{SecretOptions: []ecstypes.Secret{{Name: aws.String("B"), ValueFrom: aws.String(arn + ":B::")}}},
	}}})
	if len(refs) != 2 || refs[0].variable != "A" || refs[1].Key != "B" {
		t.Errorf("%+v", refs)
	}
}

func TestDiffDefinitions(t *testing.T) {
	t.Parallel()
	container := func(image, password string) []ecstypes.ContainerDefinition {
		return []ecstypes.ContainerDefinition{{
			Name: aws.String("backend"), Image: &image,
			Environment: []ecstypes.KeyValuePair{{Name: aws.String("PASSWORD"), Value: &password}},
		}}
	}
	from := &ecstypes.TaskDefinition{Revision: 1, Cpu: aws.String("256"), ContainerDefinitions: container("a", "marker-one")}
	to := &ecstypes.TaskDefinition{Revision: 2, Cpu: aws.String("512"), ContainerDefinitions: container("b", "marker-two")}
	want := []string{
		"ContainerDefinitions[backend].Environment[PASSWORD].Value: changed",
		"ContainerDefinitions[backend].Image: a -> b",
		"Cpu: 256 -> 512",
	}
	if diff := cmp.Diff(want, Diff(from, to)); diff != "" {
		t.Error(diff)
	}
	if got := Diff(from, from); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
