package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ohmycoins/infra/stacks/environment"
)

func createBucket(name string) *s3.CreateBucketInput {
	return &s3.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: defaultRegion},
	}
}

func bucketNames(t *testing.T, s *Server) []string {
	t.Helper()
	out, err := s3.NewFromConfig(s.Config()).ListBuckets(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, bucket := range out.Buckets {
		names = append(names, aws.ToString(bucket.Name))
	}
	return names
}

func TestSeed(t *testing.T) {
	t.Parallel()
	s := empty(t)
	// At the same time, as two packages or a demonstration would.
	begin := time.Now()
	var group sync.WaitGroup
	errs := make([]error, len(environment.All()))
	for i, env := range environment.All() {
		group.Go(func() { errs[i] = Seed(t.Context(), s, env) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	t.Logf("seeded %d environments in %v", len(errs), time.Since(begin))
	for _, env := range environment.All() {
		t.Run(env.Name, func(t *testing.T) {
			for name, got := range readBack(t, s, env) {
				if got != nil {
					t.Errorf("%s: %v", name, got)
				}
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		err := Seed(t.Context(), s, environment.Staging())
		for _, want := range []string{"seeding staging", "role ohmycoins-staging-ecs-task-role", "secret ohmycoins-staging-app-secrets", "replication group ohmycoins-staging-redis"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "bucket") {
			t.Errorf("%v: the bucket may exist", err)
		}
	})
}

func TestSeedWithout(t *testing.T) {
	t.Parallel()
	env := environment.Production()
	infra := InfrastructureOf(env)
	service := env.Cluster.Services[0]
	s := empty(t)
	// What goes, and what goes with it.
	for _, names := range [][]string{
		{env.State.Bucket},
		{env.LoadBalancer.Name},
		{env.LoadBalancer.TargetGroups[0].Name},
		{env.Database.Instance},
		{env.Cache.Nodes[1].ID},
		{env.Cache.ReplicationGroup},
		{env.Cluster.Name, service.Name, env.Cluster.Services[1].Name},
		{service.Name},
		{service.LogGroup},
		{service.Repository},
		{env.Secret.Name},
		{env.Roles.TaskExecution},
		{infra.TaskRole},
		{infra.GitHubRole},
		{env.Synthetics.Boundary},
		{"ohmycoins-prod-alb-5xx-errors"},
		{env.LoadBalancer.Name, env.Database.Instance, env.Cache.Nodes[0].ID},
	} {
		t.Run(names[0], func(t *testing.T) {
			if err := s.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			leaveOut := names
			if names[0] == env.Cluster.Name {
				leaveOut = names[:1]
			}
			if err := Seed(t.Context(), s, env, Without(leaveOut...)); err != nil {
				t.Fatal(err)
			}
			var missing []string
			for name, err := range readBack(t, s, env) {
				if err != nil {
					missing = append(missing, name)
				}
			}
			slices.Sort(missing)
			if want := slices.Sorted(slices.Values(names)); !slices.Equal(missing, want) {
				t.Errorf("missing %q, want %q", missing, want)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		err := Seed(t.Context(), s, env, Without("ohmycoins-staging-alb"))
		for _, want := range []string{`"ohmycoins-staging-alb": no such name`, "ohmycoins-prod-alb, ", "omc-backend"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
	})
}

// readBack reads every identifier of env with the SDK. The result has an entry for
// each: what is wrong with it, or nil.
func readBack(t *testing.T, s *Server, env environment.Environment) map[string]error {
	t.Helper()
	ctx, cfg, infra := t.Context(), s.Config(), InfrastructureOf(env)
	found := map[string]error{}
	check := func(name string, err error, wants ...[2]any) {
		t.Helper()
		if _, twice := found[name]; twice && err == nil {
			err = found[name]
		}
		for _, want := range wants {
			if got, want := fmt.Sprint(want[0]), fmt.Sprint(want[1]); err == nil && got != want {
				err = fmt.Errorf("got %s, want %s", got, want)
				t.Errorf("%s: %v", name, err) // there, but not as it should be
			}
		}
		found[name] = err
	}
	absent := errors.New("absent")

	clusters, err := ecs.NewFromConfig(cfg).DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{env.Cluster.Name}, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldSettings},
	})
	if err == nil && len(clusters.Clusters) == 0 {
		err = absent
	}
	check(env.Cluster.Name, err)
	if err == nil {
		insights := map[bool]string{true: "enabled", false: "disabled"}[env.Cluster.ContainerInsights]
		check(env.Cluster.Name, nil, [2]any{aws.ToString(clusters.Clusters[0].Settings[0].Value), insights})
	}

	groups := map[string]string{}
	for _, group := range env.LoadBalancer.TargetGroups {
		out, err := elb.NewFromConfig(cfg).DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{group.Name}})
		check(group.Name, err)
		if err == nil {
			got := out.TargetGroups[0]
			groups[group.Key] = aws.ToString(got.TargetGroupArn)
			check(group.Name, nil, [2]any{aws.ToInt32(got.Port), infra.Services[group.Key].Port}, [2]any{aws.ToString(got.HealthCheckPath), infra.Services[group.Key].HealthCheckPath})
		}
	}
	balancers, err := elb.NewFromConfig(cfg).DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{env.LoadBalancer.Name}})
	check(env.LoadBalancer.Name, err)
	var balancer string
	if err == nil {
		arn := balancers.LoadBalancers[0].LoadBalancerArn
		_, balancer, _ = strings.Cut(aws.ToString(arn), ":loadbalancer/")
		listeners, err := elb.NewFromConfig(cfg).DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: arn})
		check(env.LoadBalancer.Name, err, [2]any{len(listeners.Listeners), 1})
		for _, group := range env.LoadBalancer.TargetGroups {
			if groups[group.Key] != "" {
				out, err := elb.NewFromConfig(cfg).DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{group.Name}})
				check(group.Name, err, [2]any{out.TargetGroups[0].LoadBalancerArns, []string{aws.ToString(arn)}})
			}
		}
	}

	db, id := infra.Database, env.Database.Instance
	databases, err := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	check(id, err)
	if err == nil {
		got := databases.DBInstances[0]
		check(id, nil,
			[2]any{aws.ToString(got.DBInstanceClass), env.Database.Class},
			[2]any{aws.ToInt32(got.AllocatedStorage), db.StorageGiB},
			[2]any{aws.ToBool(got.MultiAZ), db.MultiAZ},
			[2]any{aws.ToString(got.DBName), db.Name},
			[2]any{aws.ToString(got.MasterUsername), db.User},
			[2]any{aws.ToString(got.Engine), "postgres"})
	}

	for _, node := range env.Cache.Nodes {
		out, err := elasticache.NewFromConfig(cfg).DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{CacheClusterId: &node.ID})
		check(node.ID, err)
		if err == nil {
			got := out.CacheClusters[0]
			check(node.ID, nil,
				[2]any{aws.ToString(got.CacheClusterId), node.ID},
				[2]any{aws.ToString(got.CacheNodeType), env.Cache.NodeType},
				[2]any{aws.ToString(got.ReplicationGroupId), env.Cache.ReplicationGroup})
		}
	}
	_, err = elasticache.NewFromConfig(cfg).DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{
		ReplicationGroupId: &env.Cache.ReplicationGroup,
	})
	check(env.Cache.ReplicationGroup, err)

	secret := secretsmanager.NewFromConfig(cfg)
	var secretARN string
	described, err := secret.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &env.Secret.Name})
	check(env.Secret.Name, err)
	if err == nil {
		secretARN = aws.ToString(described.ARN)
		got := map[string]string{}
		for _, tag := range described.Tags {
			got[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		check(env.Secret.Name, nil, [2]any{got, env.Tags}, [2]any{aws.ToString(described.Description), env.Secret.Description})
		value, err := secret.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &env.Secret.Name, VersionStage: aws.String("AWSCURRENT")})
		if err != nil {
			t.Fatal(err)
		}
		values, want := map[string]string{}, map[string]string{}
		if err := json.Unmarshal([]byte(aws.ToString(value.SecretString)), &values); err != nil {
			t.Fatal(err)
		}
		for _, key := range env.Secret.Keys {
			want[key.Name] = "seeded-" + key.Name
		}
		if !maps.Equal(values, want) {
			check(env.Secret.Name, fmt.Errorf("keys %v, want %v", values, want))
		}
	}

	roles := map[string]string{}
	for name, trusted := range map[string]string{
		env.Roles.TaskExecution: "ecs-tasks.amazonaws.com",
		infra.TaskRole:          "ecs-tasks.amazonaws.com",
		infra.GitHubRole:        "token.actions.githubusercontent.com",
	} {
		out, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		check(name, err)
		if err == nil {
			roles[name] = aws.ToString(out.Role.Arn)
			check(name, nil, [2]any{strings.Contains(aws.ToString(out.Role.AssumeRolePolicyDocument), trusted), true})
		}
	}
	identity, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}

	if boundary := env.Synthetics.Boundary; boundary != "" {
		_, err := iam.NewFromConfig(cfg).GetPolicy(ctx, &iam.GetPolicyInput{
			PolicyArn: aws.String("arn:aws:iam::" + aws.ToString(identity.Account) + ":policy/" + boundary),
		})
		check(boundary, err)
	}

	for _, service := range env.Cluster.Services {
		port := infra.Services[service.Key].Port
		var uri string
		repository, err := ecr.NewFromConfig(cfg).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{service.Repository}})
		check(service.Repository, err)
		if err == nil {
			uri = aws.ToString(repository.Repositories[0].RepositoryUri)
			check(service.Repository, nil, [2]any{strings.HasPrefix(uri, aws.ToString(identity.Account)), true})
		}
		logs, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &service.LogGroup})
		if err == nil && len(logs.LogGroups) == 0 {
			err = absent
		}
		check(service.LogGroup, err)

		client := ecs.NewFromConfig(cfg)
		services, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &env.Cluster.Name, Services: []string{service.Name}})
		if err == nil && len(services.Services) == 0 {
			err = absent
		}
		check(service.Name, err)
		if err != nil {
			continue
		}
		got := services.Services[0]
		task, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: got.TaskDefinition})
		if err != nil {
			t.Fatal(err)
		}
		definition := task.TaskDefinition
		container := definition.ContainerDefinitions[0]
		var secrets, wantSecrets []string
		for _, s := range container.Secrets {
			secrets = append(secrets, aws.ToString(s.Name)+"="+aws.ToString(s.ValueFrom))
		}
		if service.Key == "backend" && secretARN != "" {
			for _, key := range env.Secret.Keys {
				if !key.Optional {
					wantSecrets = append(wantSecrets, key.Name+"="+secretARN+":"+key.Name+"::")
				}
			}
			if len(wantSecrets) != 8 {
				t.Errorf("%d container secrets, want 8", len(wantSecrets))
			}
		}
		if uri == "" {
			uri = service.Repository
		}
		wantGroups := []string{}
		if arn := groups[service.Key]; arn != "" {
			wantGroups = append(wantGroups, arn)
		}
		gotGroups := []string{}
		for _, lb := range got.LoadBalancers {
			gotGroups = append(gotGroups, aws.ToString(lb.TargetGroupArn))
			check(service.Name, nil, [2]any{aws.ToString(lb.ContainerName), service.Container}, [2]any{aws.ToInt32(lb.ContainerPort), port})
		}
		check(service.Name, nil,
			[2]any{got.LaunchType, "FARGATE"},
			[2]any{got.DesiredCount, map[string]int{"staging": 1, "production": 2}[env.Name]},
			[2]any{gotGroups, wantGroups},
			[2]any{aws.ToString(definition.Family), service.Name},
			[2]any{aws.ToString(definition.ExecutionRoleArn), roles[env.Roles.TaskExecution]},
			[2]any{aws.ToString(definition.TaskRoleArn), roles[infra.TaskRole]},
			[2]any{aws.ToString(container.Name), service.Container},
			[2]any{aws.ToString(container.Image), uri + ":latest"},
			[2]any{aws.ToInt32(container.PortMappings[0].ContainerPort), port},
			[2]any{container.LogConfiguration.Options["awslogs-group"], service.LogGroup},
			[2]any{secrets, wantSecrets})
	}

	storage := s3.NewFromConfig(cfg)
	versioning, err := storage.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &env.State.Bucket})
	check(env.State.Bucket, err)
	if err == nil {
		check(env.State.Bucket, nil, [2]any{versioning.Status, "Enabled"})
	}

	alarms, err := cloudwatch.NewFromConfig(cfg, CloudWatchJSON).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(env.Prefix + "-")})
	if err != nil {
		t.Fatal(err)
	}
	dimensions := map[string]string{}
	for _, alarm := range alarms.MetricAlarms {
		dimensions[aws.ToString(alarm.AlarmName)] = "none"
		if len(alarm.Dimensions) == 1 {
			dimensions[aws.ToString(alarm.AlarmName)] = aws.ToString(alarm.Dimensions[0].Value)
		}
	}
	if balancer == "" {
		balancer = "none"
	}
	for _, suffix := range []string{
		"alb-target-response-time", "alb-unhealthy-targets", "alb-5xx-errors",
		"rds-cpu-utilization", "rds-free-storage", "rds-database-connections",
		"redis-cpu-utilization", "redis-memory-utilization", "redis-evictions",
	} {
		name := env.Prefix + "-" + suffix
		dimension, ok := dimensions[name]
		if !ok {
			check(name, absent)
			continue
		}
		kind, _, _ := strings.Cut(suffix, "-")
		check(name, nil, [2]any{dimension, map[string]string{"alb": balancer, "rds": id, "redis": env.Cache.Nodes[0].ID}[kind]})
	}
	return found
}
