// Command providers is what a test of fastsynth runs: it writes the Terraform JSON
// of a stack with resources of several providers to the folder that is its first
// argument. The second one is a folder with the archives of those whose Go bindings
// the program lacks: what the bindings would do is done here, in a few lines. It may
// have a smaller one of a provider whose bindings are there, which is loaded instead.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/jsii-runtime-go"
	jsiiruntime "github.com/aws/jsii-runtime-go/runtime"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucket"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/synth/fastsynth"
)

// The name tells jsii that nothing is overridden.
type jsiiProxy_object struct{ _ byte } //nolint:revive // jsii wants it so

func main() {
	if err := fastsynth.Enable(); err != nil {
		fail(err)
	}
	app := cdktf.NewApp(&cdktf.AppConfig{Outdir: jsii.String(os.Args[1])})
	stack := cdktf.NewTerraformStack(app, jsii.String("example"))
	cdktf.NewLocalBackend(stack, &cdktf.LocalBackendConfig{Path: jsii.String("example.tfstate")})
	type config = map[string]any
	loaded := map[string]bool{}
	archives, err := filepath.Glob(filepath.Join(os.Args[2], "cdktf-provider-*.tgz"))
	if err != nil {
		fail(err)
	}
	for _, file := range archives {
		archive, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		name, version, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "cdktf-provider-"), ".tgz"), "-")
		jsiiruntime.Load("@cdktf/provider-"+name, version, archive)
		loaded[name] = true
	}
	provider.NewAwsProvider(stack, jsii.String("aws"), &provider.AwsProviderConfig{Region: jsii.String("ap-southeast-2")})
	bucket := s3bucket.NewS3Bucket(stack, jsii.String("bucket"), &s3bucket.S3BucketConfig{})
	create := func(fqn, id string, cfg config) {
		if name, _, _ := strings.Cut(fqn, "."); !loaded[name] {
			return
		}
		var object jsiiProxy_object
		jsiiruntime.Create(jsiiruntime.FQN("@cdktf/provider-"+fqn), []any{stack, jsii.String(id), cfg}, &object)
	}
	create("random.provider.RandomProvider", "random", config{})
	create("random.pet.Pet", "pet", config{"length": 2})
	create("kubernetes.provider.KubernetesProvider", "kubernetes", config{"host": "https://cluster.example.com"})
	create("kubernetes.configMap.ConfigMap", "map", config{
		"metadata": config{"name": "example"}, "data": config{"bucket": bucket.Arn()},
	})
	create("kubernetes.deploymentV1.DeploymentV1", "deployment", config{
		"metadata": config{"name": "example"},
		"spec": config{
			"template": config{
				"metadata": config{"labels": config{"app": "example"}},
				"spec":     config{"container": []any{config{"name": "web", "image": "example.com/web:1"}}},
			},
		},
	})
	create("google.provider.GoogleProvider", "google", config{"project": "example"})
	create("google.storageBucket.StorageBucket", "google-bucket", config{
		"name": "example", "location": "AU", "lifecycleRule": []any{config{"action": config{"type": "Delete"}, "condition": config{"age": 3}}},
	})
	app.Synth()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
