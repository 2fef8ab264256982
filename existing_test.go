package main

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/test/doctest"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// asSaid is what the look-ups of the tests say about the things that they look up.
type asSaid struct {
	class, engine   string
	storageGiB      float64
	group, nodeType string
}

// existingStack looks up one thing of each kind. The ids are none of the names, so
// that an error which has the name has it from the look-up.
func existingStack(stack cdk.Scope, said asSaid) {
	outputs := map[string]string{}
	balancer := existing.NewLoadBalancer(stack, "found-balancer", existing.LoadBalancer{Name: "example-alb"})
	outputs["balancer"], outputs["balancer-suffix"] = balancer.ARN, balancer.ARNSuffix
	targets := existing.NewTargetGroup(stack, "found-targets", existing.TargetGroup{Name: "example-tg"})
	outputs["targets"], outputs["targets-suffix"] = targets.ARN, targets.ARNSuffix
	web := existing.NewECSService(stack, "found-web", existing.ECSService{Cluster: "example", Name: "example-web"})
	outputs["web"], outputs["cluster"] = web.ARN, web.ClusterARN
	worker := existing.NewECSService(stack, "found-worker", existing.ECSService{Cluster: "example", Name: "example-worker"})
	outputs["worker"] = worker.ARN
	outputs["database"] = existing.NewDatabase(stack, "found-database", existing.Database{
		Instance: "example-postgres", Class: said.class, Engine: said.engine, AllocatedStorageGiB: said.storageGiB,
	}).ARN
	outputs["node"] = existing.NewCacheNode(stack, "found-node", existing.CacheNode{
		ID: "example-redis-001", ReplicationGroup: said.group, NodeType: said.nodeType,
	}).ARN
	outputs["role"] = existing.NewRole(stack, "found-role", existing.Role{Name: "example-execution"}).ARN
	outputs["policy"] = existing.NewPolicy(stack, "found-policy", existing.Policy{Name: "example-boundary"}).ARN
	outputs["secret"] = existing.NewSecret(stack, "found-secret", existing.Secret{Name: "example/app-secrets"}).ARN
	queue := existing.NewQueue(stack, "found-queue", existing.Queue{Name: "example-orders"})
	outputs["queue"], outputs["queue-url"] = queue.ARN, queue.URL
	outputs["function"] = existing.NewFunction(stack, "found-function", existing.Function{Name: "example-resize"}).ARN
	outputs["table"] = existing.NewTable(stack, "found-table", existing.Table{Name: "example-carts"}).ARN
	outputs["topic"] = existing.NewTopic(stack, "found-topic", existing.Topic{Name: "example-pager"}).ARN
	outputs["log-group"] = existing.NewLogGroup(stack, "found-log-group", existing.LogGroup{Name: "/ecs/example/web"}).ARN
	for name, value := range outputs {
		cdk.NewOutput(stack, name, cdk.Output{Value: value})
	}
}

// existingAliases asks a provider of another region.
func existingAliases(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("virginia"), &provider.AwsProviderConfig{
		Alias: jsii.String("virginia"), Region: jsii.String("us-east-1"),
	})
	existing.NewQueue(stack, "orders", existing.Queue{Name: "example-orders", Provider: "virginia"})
	existing.NewECSService(stack, "web", existing.ECSService{Cluster: "example", Name: "web"})
	existing.NewECSService(stack, "web-virginia", existing.ECSService{Cluster: "example", Name: "web", Provider: "virginia"})
}

// existingReferences looks up what only Terraform knows the names of.
func existingReferences(stack cdk.Scope) {
	ref := references(stack)
	existing.NewLoadBalancer(stack, "balancer", existing.LoadBalancer{Name: ref("name")})
	existing.NewECSService(stack, "web", existing.ECSService{Cluster: ref("cluster"), Name: ref("service")})
	existing.NewDatabase(stack, "postgres", existing.Database{
		Instance: ref("instance"), Class: ref("class"), Engine: ref("engine"), AllocatedStorageGiB: *number(stack, "storage"),
	})
	existing.NewCacheNode(stack, "redis", existing.CacheNode{ID: ref("node"), ReplicationGroup: ref("group")})
}

// existingEnvironment is what the look-ups find, as far as environments know it.
func existingEnvironment() (environment.Environment, localaws.Infrastructure) {
	env := environment.Staging()
	infra := localaws.InfrastructureOf(env)
	env.State.Bucket = "example-state"
	env.Cluster.Name = "example"
	services := env.Cluster.Services[:2]
	services[0].Name, services[0].LogGroup = "example-web", "/ecs/example/web"
	services[1].Name, services[1].LogGroup = "example-worker", "/ecs/example/worker"
	env.LoadBalancer.Name = "example-alb"
	env.LoadBalancer.TargetGroups = env.LoadBalancer.TargetGroups[:1]
	env.LoadBalancer.TargetGroups[0].Name = "example-tg"
	env.Database.Instance = "example-postgres"
	env.Cache.ReplicationGroup = "example-redis"
	env.Cache.Nodes[0].ID = "example-redis-001"
	env.Secret.Name = "example/app-secrets"
	env.Roles.TaskExecution, infra.TaskRole = "example-execution", "example-task"
	env.Synthetics.Boundary = "example-boundary"
	return env, infra
}

// otherKinds makes what environments do not know.
const otherKinds = `{
	"provider": {"aws": [{}]},
	"resource": {
		"aws_sqs_queue": {"x": {"name": "example-orders"}},
		"aws_sns_topic": {"x": {"name": "example-pager"}},
		"aws_dynamodb_table": {"x": {
			"name": "example-carts", "billing_mode": "PAY_PER_REQUEST", "hash_key": "id", "attribute": [{"name": "id", "type": "S"}]
		}},
		"aws_lambda_function": {"x": {
			"function_name": "example-resize", "filename": "code.zip", "handler": "main", "runtime": "provided.al2023",
			"role": "arn:aws:iam::123456789012:role/example-execution"
		}}
	}
}`

// names are the names of everything in env that can be left out.
func names(env environment.Environment, infra localaws.Infrastructure) []string {
	list := []string{
		env.Cluster.Name, env.LoadBalancer.Name, env.Database.Instance, env.Cache.ReplicationGroup, env.Secret.Name,
		env.Roles.TaskExecution, infra.TaskRole, infra.GitHubRole, env.Synthetics.Boundary,
	}
	for _, service := range env.Cluster.Services {
		list = append(list, service.Name, service.LogGroup, service.Repository)
	}
	for _, group := range env.LoadBalancer.TargetGroups {
		list = append(list, group.Name)
	}
	for _, node := range env.Cache.Nodes {
		list = append(list, node.ID)
	}
	return list
}

// TestExisting looks everything up where nothing is, where everything is, and where
// what is there is not as said.
func TestExisting(t *testing.T) {
	t.Parallel()
	env, infra := existingEnvironment()
	var recorder doctest.Recorder
	const terraform = "terraform"
	seed := func(t *testing.T, options ...localaws.SeedOption) map[string]string {
		return startAWS(t, recorder.Handler, []environment.Environment{env}, append(options, localaws.With(infra))...).Env()
	}
	plan := func(t *testing.T, stack string, variables map[string]string) error {
		t.Helper()
		ws := workspace(t, stack, variables)
		must(t, ws.Init(t.Context()))
		_, err := ws.Plan(t.Context())
		return err
	}
	wantNamed := func(t *testing.T, err error, names ...string) {
		t.Helper()
		if err == nil {
			t.Fatal("the plan succeeded")
		}
		message := strings.Join(strings.Fields(err.Error()), " ") // without Terraform's line breaks
		for _, name := range names {
			if !strings.Contains(message, name) {
				t.Errorf("the plan does not name %s:\n%v", name, err)
			}
		}
	}

	t.Run("nothing there", func(t *testing.T) {
		t.Parallel()
		variables := seed(t, localaws.Without(names(env, infra)...))
		err := plan(t, reviewed(t, "existing-full"), variables)
		wantNamed(t, err, "example-alb", "example-tg", "(example)", "example-postgres", "example-redis-001", "example-execution",
			"example-boundary", "example/app-secrets", "example-orders", "example-resize", "example-carts", "example-pager", "/ecs/example/web")
	})
	t.Run("no service in the cluster", func(t *testing.T) {
		t.Parallel()
		variables := seed(t, localaws.Without(slices.DeleteFunc(names(env, infra), func(name string) bool { return name == env.Cluster.Name })...))
		wantNamed(t, plan(t, reviewed(t, "existing-full"), variables), "example-web", "example-worker")
	})
	t.Run("everything there", func(t *testing.T) {
		t.Parallel()
		variables := seed(t)
		others := workspace(t, otherKinds, variables)
		must(t, os.WriteFile(filepath.Join(others.dir, "code.zip"), emptyZip(t), 0o600))
		must(t, others.InitWithoutBackend(t.Context()))
		must(t, others.Apply(t.Context()))

		variables["AWS_EXECUTION_ENV"] = terraform
		ws := workspace(t, reviewed(t, "existing-full"), variables)
		must(t, ws.Init(t.Context()))
		must(t, ws.Apply(t.Context()))
		got, err := ws.Output(t.Context())
		must(t, err)
		checkFound(t, got)
		checkDocumentedActions(t, recorder.Actions(terraform))

		ws.put(t, synthesized["existing-wrong"])
		_, err = ws.Plan(t.Context())
		wantNamed(t, err, "database example-postgres: Class is db.t3.micro, want db.m5.large.",
			"database example-postgres: Engine is postgres, want mysql.",
			"database example-postgres: AllocatedStorageGiB is 20, want 100.",
			"cache node example-redis-001: ReplicationGroup is example-redis, want other-redis.",
			"cache node example-redis-001: NodeType is cache.t3.micro, want cache.r7g.large.")
	})
}

// checkFound compares outputs with what the local AWS holds.
func checkFound(t *testing.T, outputs map[string]any) {
	t.Helper()
	const region = ":ap-southeast-2:123456789012:"
	for output, want := range map[string]string{
		"balancer":        `arn:aws:elasticloadbalancing` + region + `loadbalancer/app/example-alb/\w+`,
		"balancer-suffix": `app/example-alb/\w+`,
		"targets":         `arn:aws:elasticloadbalancing` + region + `targetgroup/example-tg/\w+`,
		"targets-suffix":  `targetgroup/example-tg/\w+`,
		"cluster":         `arn:aws:ecs` + region + `cluster/example`,
		"web":             `arn:aws:ecs` + region + `service/example/example-web`,
		"worker":          `arn:aws:ecs` + region + `service/example/example-worker`,
		"database":        `arn:aws:rds` + region + `db:example-postgres`,
		"node":            `arn:aws:elasticache` + region + `cluster:example-redis-001`,
		"role":            `arn:aws:iam::123456789012:role/example-execution`,
		"policy":          `arn:aws:iam::123456789012:policy/example-boundary`,
		"secret":          `arn:aws:secretsmanager` + region + `secret:example/app-secrets-\w{6}`,
		"queue":           `arn:aws:sqs` + region + `example-orders`,
		"queue-url":       `http.*/123456789012/example-orders`,
		"function":        `arn:aws:lambda` + region + `function:example-resize`,
		"table":           `arn:aws:dynamodb` + region + `table/example-carts`,
		"topic":           `arn:aws:sns` + region + `example-pager`,
		"log-group":       `arn:aws:logs` + region + `log-group:/ecs/example/web`,
	} {
		got, _ := outputs[output].(string)
		if !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("output %s is %q, want %s", output, got, want)
		}
	}
}

// checkDocumentedActions looks in the README for what a role that plans has to be
// allowed.
func checkDocumentedActions(t *testing.T, called []string) {
	t.Helper()
	const path = "constructs/existing/README.md"
	readme, err := os.ReadFile(path)
	must(t, err)
	// Lambda's actions are told from paths.
	lambda := map[string]string{
		"lambda:GET /2015-03-31/functions/example-resize":                     "lambda:GetFunction",
		"lambda:GET /2015-03-31/functions/example-resize/versions":            "lambda:ListVersionsByFunction",
		"lambda:GET /2020-06-30/functions/example-resize/code-signing-config": "lambda:GetFunctionCodeSigningConfig",
	}
	for _, action := range called {
		if strings.HasPrefix(action, "s3:") || action == "sts:GetCallerIdentity" {
			continue // of the state, and of the provider itself
		}
		if name, ok := lambda[action]; ok {
			action = name
		}
		if !strings.Contains(string(readme), "`"+action+"`") {
			t.Errorf("%s does not say that a plan calls %s", path, action)
		}
	}
}

func emptyZip(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	must(t, zip.NewWriter(&archive).Close())
	return archive.Bytes()
}

// TestExistingMistakes checks that mistakes are reported with their place, and that
// what follows from them is not.
func TestExistingMistakes(t *testing.T) {
	_, err := cdk.Synth(filepath.Join(t.TempDir(), "out"), func(app cdk.Scope) {
		stack := constructStack(app, "shop")
		balancer := existing.NewLoadBalancer(stack, "alb", existing.LoadBalancer{Name: "app/shop/1"})
		database := existing.NewDatabase(stack, "db", existing.Database{Instance: "db-ABC", AllocatedStorageGiB: math.NaN()})
		cdk.NewOutput(stack, "suffix", cdk.Output{Value: balancer.ARNSuffix + database.ARN})
	})
	want := `shop/alb: Name: is "app/shop/1", want the name of a load balancer: "shop"
shop/db: Instance: is "db-ABC", want the DB instance identifier ("shop-postgres"): 1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end
shop/db: AllocatedStorageGiB: is NaN, want whole GiB, 1 to 65536, or 0 for any`
	if err == nil {
		t.Fatal("synthesized without an error")
	}
	if diff := cmp.Diff(want, strings.TrimSpace(err.Error())); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
