package localaws

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/ohmycoins/infra/stacks/environment"
)

// SeedOption changes what [Seed] does.
type SeedOption func(*seeder)

// Without leaves out what has one of these names in AWS, such as
// "ohmycoins-staging-alb", and what cannot be without it: the services of a cluster,
// the listener of a load balancer. What merely refers to it is made without the
// reference. Default: everything is made. A name that the environment does not have is
// an error that lists those that it has.
func Without(names ...string) SeedOption {
	return func(s *seeder) {
		for _, name := range names {
			s.without[name] = true
		}
	}
}

// With makes another infrastructure than [InfrastructureOf] says.
func With(infra Infrastructure) SeedOption { return func(s *seeder) { s.infra = infra } }

// Seed makes the existing infrastructure of env in server, under its real names. Every
// key of the secret has the value "seeded-<key>". The state bucket and the image
// repositories may exist, since all environments share them, and environments may
// be seeded at the same time; seeding one twice is an error. All errors are
// returned, joined, each with the kind and the name of what could not be made.
func Seed(ctx context.Context, server *Server, env environment.Environment, opts ...SeedOption) error {
	cfg := server.Config()
	cfg.Region = env.Region
	s := &seeder{
		env:     env,
		infra:   InfrastructureOf(env),
		cfg:     cfg,
		without: map[string]bool{},
		alarms:  cloudwatch.NewFromConfig(cfg, CloudWatchJSON),
		logs:    cloudwatchlogs.NewFromConfig(cfg),
		images:  ecr.NewFromConfig(cfg),
		ecs:     ecs.NewFromConfig(cfg),
		cache:   elasticache.NewFromConfig(cfg),
		elb:     elb.NewFromConfig(cfg),
		iam:     iam.NewFromConfig(cfg),
		rds:     rds.NewFromConfig(cfg),
		s3:      s3.NewFromConfig(cfg),
		secrets: secretsmanager.NewFromConfig(cfg),
	}
	for _, opt := range opts {
		opt(s)
	}
	if err := s.run(ctx, s.waves()); err != nil {
		return fmt.Errorf("seeding %s: %w", env.Name, err)
	}
	return nil
}

// PathStyle is an option of S3 clients: names of buckets are no host names here.
func PathStyle(o *s3.Options) { o.UsePathStyle = true }

// CloudWatchJSON makes a CloudWatch client speak JSON, which AWS and moto understand
// alike: cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON). Without it the SDK
// speaks CBOR, and moto answers every call with 404.
func CloudWatchJSON(o *cloudwatch.Options) {
	o.Protocol = awsjson.New10(cloudwatchschemas.GraniteServiceVersion20100801)
}

type seeder struct {
	env     environment.Environment
	infra   Infrastructure
	cfg     aws.Config
	without map[string]bool
	network network
	account string
	arns    sync.Map // "<kind>/<name>" of what was made: its ARN, or a repository's URI

	alarms  *cloudwatch.Client
	logs    *cloudwatchlogs.Client
	images  *ecr.Client
	ecs     *ecs.Client
	cache   *elasticache.Client
	elb     *elb.Client
	iam     *iam.Client
	rds     *rds.Client
	s3      *s3.Client
	secrets *secretsmanager.Client
}

// A step makes one thing and returns its ARN, if later steps want it.
type step struct {
	kind, name string
	make       func(context.Context) (arn string, err error)
}

// Kinds that later steps refer to.
const (
	kindRepository   = "repository"
	kindRole         = "role"
	kindSecret       = "secret"
	kindCluster      = "cluster"
	kindLoadBalancer = "load balancer"
	kindTargetGroup  = "target group"
)

// waves returns everything to make. The steps of a wave are independent; each wave
// refers to the ones before it.
func (s *seeder) waves() [3][]step {
	env := s.env
	first := []step{
		{"network", "", s.findNetwork},
		{"account", "", s.findAccount},
		{"state bucket", env.State.Bucket, s.makeBucket},
		{kindCluster, env.Cluster.Name, s.makeCluster},
		{kindRole, env.Roles.TaskExecution, s.makeRole(env.Roles.TaskExecution, trustTasks)},
		{kindRole, s.infra.TaskRole, s.makeRole(s.infra.TaskRole, trustTasks)},
		{kindSecret, env.Secret.Name, s.makeSecret},
		{"replication group", env.Cache.ReplicationGroup, s.makeReplicationGroup},
	}
	for _, node := range env.Cache.Nodes {
		first = append(first, step{"cache node", node.ID, s.makeCacheNode(node)})
	}
	second := []step{
		{"database", env.Database.Instance, s.makeDatabase},
		{kindLoadBalancer, env.LoadBalancer.Name, s.makeLoadBalancer},
		{kindRole, s.infra.GitHubRole, s.makeRole(s.infra.GitHubRole, trustGitHub)},
	}
	if boundary := env.Synthetics.Boundary; boundary != "" {
		first = append(first, step{"policy", boundary, s.makePolicy(boundary)})
	}
	for _, group := range env.LoadBalancer.TargetGroups {
		second = append(second, step{kindTargetGroup, group.Name, s.makeTargetGroup(group)})
	}
	third := []step{{"listener of load balancer", env.LoadBalancer.Name, s.makeListener}}
	for _, service := range env.Cluster.Services {
		first = append(first,
			step{"log group", service.LogGroup, s.makeLogGroup(service)},
			step{kindRepository, service.Repository, s.makeRepository(service)})
		third = append(third, step{"service", service.Name, s.makeService(service)})
	}
	for _, alarm := range existingAlarms {
		name := env.Prefix + "-" + alarm.suffix
		third = append(third, step{"alarm", name, s.makeAlarm(name, alarm)})
	}
	return [...][]step{first, second, third}
}

// run makes the steps of each wave at the same time, and stops after a wave with
// errors.
func (s *seeder) run(ctx context.Context, waves [3][]step) error {
	known := map[string]bool{}
	for _, wave := range waves {
		for _, step := range wave {
			known[step.name] = step.name != ""
		}
	}
	for name := range s.without {
		if !known[name] {
			maps.DeleteFunc(known, func(_ string, named bool) bool { return !named })
			return fmt.Errorf("leaving out %q: no such name, want one of %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	for _, wave := range waves {
		errs := make([]error, len(wave))
		var steps sync.WaitGroup
		for i, step := range wave {
			if s.without[step.name] {
				continue
			}
			steps.Go(func() {
				arn, err := step.make(ctx)
				if err != nil {
					errs[i] = fmt.Errorf("%s %s: %w", step.kind, step.name, err)
					return
				}
				s.arns.Store(step.kind+"/"+step.name, arn)
			})
		}
		steps.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// arn returns the ARN of what an earlier wave made, "" when it was left out.
func (s *seeder) arn(kind, name string) string {
	arn, _ := s.arns.Load(kind + "/" + name)
	text, _ := arn.(string)
	return text
}

func (s *seeder) findNetwork(ctx context.Context) (_ string, err error) {
	s.network, err = defaultNetwork(ctx, s.cfg)
	return "", err
}

func (s *seeder) findAccount(ctx context.Context) (string, error) {
	identity, err := sts.NewFromConfig(s.cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", err
	}
	s.account = aws.ToString(identity.Account)
	return "", nil
}

func (s *seeder) makeBucket(ctx context.Context) (string, error) {
	bucket := aws.String(s.env.State.Bucket)
	_, err := s.s3.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: bucket,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{
			LocationConstraint: s3types.BucketLocationConstraint(s.env.Region),
		},
	})
	if exists := new(s3types.BucketAlreadyOwnedByYou); err != nil && !errors.As(err, &exists) {
		return "", err
	}
	_, err = s.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  bucket,
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	return "", err
}

func (s *seeder) makeRepository(service environment.Service) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		created, err := s.images.CreateRepository(ctx, &ecr.CreateRepositoryInput{
			RepositoryName: &service.Repository, // no tags: no environment owns it
		})
		if exists := new(ecrtypes.RepositoryAlreadyExistsException); errors.As(err, &exists) {
			found, err := s.images.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{service.Repository}})
			if err != nil {
				return "", err
			}
			return aws.ToString(found.Repositories[0].RepositoryUri), nil
		}
		if err != nil {
			return "", err
		}
		return aws.ToString(created.Repository.RepositoryUri), nil
	}
}

func (s *seeder) makeLogGroup(service environment.Service) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		_, err := s.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
			LogGroupName: &service.LogGroup,
			Tags:         s.env.Tags,
		})
		return "", err
	}
}

// Who may assume a role.
const (
	trustTasks = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
		`"Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`
	trustGitHub = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",` +
		`"Principal":{"Federated":"arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com"},` +
		`"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},` +
		`"StringLike":{"token.actions.githubusercontent.com:sub":"repo:ohmycoins/*"}}}]}`
)

func (s *seeder) makeRole(name, trust string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		created, err := s.iam.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName:                 &name,
			AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(trust, "ACCOUNT", s.account)),
			Tags: tags(s.env.Tags, func(k, v *string) iamtypes.Tag {
				return iamtypes.Tag{Key: k, Value: v}
			}),
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(created.Role.Arn), nil
	}
}

// makePolicy makes a permissions boundary. What it allows plays no part: the emulator
// does not ask.
func (s *seeder) makePolicy(name string) func(context.Context) (string, error) {
	const nothing = `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}`
	return func(ctx context.Context) (string, error) {
		created, err := s.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(nothing)})
		if err != nil {
			return "", err
		}
		return aws.ToString(created.Policy.Arn), nil
	}
}

func (s *seeder) makeSecret(ctx context.Context) (string, error) {
	values := map[string]string{}
	for _, key := range s.env.Secret.Keys {
		values[key.Name] = "seeded-" + key.Name
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", err
	}
	created, err := s.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name:         &s.env.Secret.Name,
		Description:  &s.env.Secret.Description,
		SecretString: aws.String(string(text)),
		Tags: tags(s.env.Tags, func(k, v *string) secrettypes.Tag {
			return secrettypes.Tag{Key: k, Value: v}
		}),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(created.ARN), nil
}

func (s *seeder) makeDatabase(ctx context.Context) (string, error) {
	db, id := s.infra.Database, s.env.Database.Instance
	if _, err := s.rds.CreateDBSubnetGroup(ctx, &rds.CreateDBSubnetGroupInput{
		DBSubnetGroupName:        &id,
		DBSubnetGroupDescription: aws.String("Subnets of the database of Oh My Coins, " + s.env.Name),
		SubnetIds:                s.network.subnets,
	}); err != nil {
		return "", err
	}
	_, err := s.rds.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &id,
		DBInstanceClass:      &s.env.Database.Class,
		Engine:               aws.String("postgres"),
		AllocatedStorage:     aws.Int32(int32(db.StorageGiB)),
		MultiAZ:              &db.MultiAZ,
		DBSubnetGroupName:    &id,
		VpcSecurityGroupIds:  []string{s.network.securityGroup},
		DBName:               &db.Name,
		MasterUsername:       &db.User,
		// Nobody needs to know it: nothing listens there.
		MasterUserPassword: aws.String(rand.Text()),
		Tags: tags(s.env.Tags, func(k, v *string) rdstypes.Tag {
			return rdstypes.Tag{Key: k, Value: v}
		}),
	})
	return "", err
}

func (s *seeder) makeReplicationGroup(ctx context.Context) (string, error) {
	_, err := s.cache.CreateReplicationGroup(ctx, &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId:          &s.env.Cache.ReplicationGroup,
		ReplicationGroupDescription: aws.String("Redis of Oh My Coins, " + s.env.Name),
		Engine:                      aws.String("redis"),
		CacheNodeType:               &s.env.Cache.NodeType,
		NumCacheClusters:            aws.Int32(int32(len(s.env.Cache.Nodes))),
		AutomaticFailoverEnabled:    aws.Bool(len(s.env.Cache.Nodes) > 1),
		Tags: tags(s.env.Tags, func(k, v *string) cachetypes.Tag {
			return cachetypes.Tag{Key: k, Value: v}
		}),
	})
	return "", err
}

// makeCacheNode makes a node of the replication group: moto does not make them
// with the group.
func (s *seeder) makeCacheNode(node environment.Node) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		_, err := s.cache.CreateCacheCluster(ctx, &elasticache.CreateCacheClusterInput{
			CacheClusterId:     &node.ID,
			ReplicationGroupId: &s.env.Cache.ReplicationGroup,
			Engine:             aws.String("redis"),
			CacheNodeType:      &s.env.Cache.NodeType,
			NumCacheNodes:      aws.Int32(1),
			Tags: tags(s.env.Tags, func(k, v *string) cachetypes.Tag {
				return cachetypes.Tag{Key: k, Value: v}
			}),
		})
		return "", err
	}
}

func (s *seeder) makeLoadBalancer(ctx context.Context) (string, error) {
	created, err := s.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name:    &s.env.LoadBalancer.Name,
		Type:    elbtypes.LoadBalancerTypeEnumApplication,
		Scheme:  elbtypes.LoadBalancerSchemeEnumInternetFacing,
		Subnets: s.network.subnets,
		Tags:    s.elbTags(),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(created.LoadBalancers[0].LoadBalancerArn), nil
}

func (s *seeder) makeTargetGroup(group environment.TargetGroup) func(context.Context) (string, error) {
	service := s.infra.Services[group.Key]
	return func(ctx context.Context) (string, error) {
		created, err := s.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name:            &group.Name,
			Port:            aws.Int32(int32(service.Port)),
			Protocol:        elbtypes.ProtocolEnumHttp,
			TargetType:      elbtypes.TargetTypeEnumIp,
			VpcId:           &s.network.vpc,
			HealthCheckPath: &service.HealthCheckPath,
			Tags:            s.elbTags(),
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(created.TargetGroups[0].TargetGroupArn), nil
	}
}

// makeListener sends the API's paths to the backend and every other request to the
// last target group, the frontend's. A target group that no listener knows would
// belong to no load balancer.
func (s *seeder) makeListener(ctx context.Context) (string, error) {
	var forwards []elbtypes.Action
	for _, group := range s.env.LoadBalancer.TargetGroups {
		if arn := s.arn(kindTargetGroup, group.Name); arn != "" {
			forwards = append(forwards, elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &arn})
		}
	}
	if len(forwards) == 0 {
		forwards = []elbtypes.Action{{
			Type:                elbtypes.ActionTypeEnumFixedResponse,
			FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("503")},
		}}
	}
	last := len(forwards) - 1
	created, err := s.elb.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: optional(s.arn(kindLoadBalancer, s.env.LoadBalancer.Name)),
		Protocol:        elbtypes.ProtocolEnumHttp,
		Port:            aws.Int32(80),
		DefaultActions:  forwards[last:],
		Tags:            s.elbTags(),
	})
	if err != nil {
		return "", err
	}
	for i, forward := range forwards[:last] {
		if _, err := s.elb.CreateRule(ctx, &elb.CreateRuleInput{
			ListenerArn: created.Listeners[0].ListenerArn,
			Priority:    aws.Int32(int32(i + 1)),
			Conditions: []elbtypes.RuleCondition{{
				Field:             aws.String("path-pattern"),
				PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/api/*"}},
			}},
			Actions: []elbtypes.Action{forward},
			Tags:    s.elbTags(),
		}); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (s *seeder) elbTags() []elbtypes.Tag {
	return tags(s.env.Tags, func(k, v *string) elbtypes.Tag { return elbtypes.Tag{Key: k, Value: v} })
}

func (s *seeder) makeCluster(ctx context.Context) (string, error) {
	insights := "disabled"
	if s.env.Cluster.ContainerInsights {
		insights = "enabled"
	}
	_, err := s.ecs.CreateCluster(ctx, &ecs.CreateClusterInput{
		ClusterName: &s.env.Cluster.Name,
		Settings:    []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: &insights}},
		Tags:        s.ecsTags(),
	})
	return "", err
}

// makeService registers the service's first task definition and makes the service.
func (s *seeder) makeService(service environment.Service) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		registered, err := s.ecs.RegisterTaskDefinition(ctx, s.taskDefinition(service))
		if err != nil {
			return "", fmt.Errorf("registering its task definition: %w", err)
		}
		if s.without[s.env.Cluster.Name] {
			return "", nil
		}
		desired := int32(1)
		if s.infra.Database.MultiAZ { // the environment that has to survive a zone
			desired = 2
		}
		input := &ecs.CreateServiceInput{
			Cluster:        &s.env.Cluster.Name,
			ServiceName:    &service.Name,
			TaskDefinition: registered.TaskDefinition.TaskDefinitionArn,
			DesiredCount:   &desired,
			LaunchType:     ecstypes.LaunchTypeFargate,
			NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
				Subnets:        s.network.subnets,
				SecurityGroups: []string{s.network.securityGroup},
			}},
			Tags: s.ecsTags(),
		}
		for _, group := range s.env.LoadBalancer.TargetGroups {
			if arn := s.arn(kindTargetGroup, group.Name); arn != "" && group.Key == service.Key {
				input.LoadBalancers = []ecstypes.LoadBalancer{{
					TargetGroupArn: &arn,
					ContainerName:  &service.Container,
					ContainerPort:  aws.Int32(int32(s.infra.Services[service.Key].Port)),
				}}
			}
		}
		_, err = s.ecs.CreateService(ctx, input)
		return "", err
	}
}

func (s *seeder) taskDefinition(service environment.Service) *ecs.RegisterTaskDefinitionInput {
	image, port := service.Repository, aws.Int32(int32(s.infra.Services[service.Key].Port))
	if uri := s.arn(kindRepository, service.Repository); uri != "" {
		image = uri
	}
	container := ecstypes.ContainerDefinition{
		Name:      &service.Container,
		Image:     aws.String(image + ":latest"),
		Essential: aws.Bool(true),
		Memory:    aws.Int32(512), // moto's RunTask fails without it
		PortMappings: []ecstypes.PortMapping{{
			ContainerPort: port,
			HostPort:      port,
			Protocol:      ecstypes.TransportProtocolTcp,
		}},
		LogConfiguration: &ecstypes.LogConfiguration{
			LogDriver: ecstypes.LogDriverAwslogs,
			Options: map[string]string{
				"awslogs-group":         service.LogGroup,
				"awslogs-region":        s.env.Region,
				"awslogs-stream-prefix": "ecs",
			},
		},
	}
	if secret := s.arn(kindSecret, s.env.Secret.Name); secret != "" && service.Key == "backend" {
		for _, key := range s.env.Secret.Keys {
			if !key.Optional {
				container.Secrets = append(container.Secrets, ecstypes.Secret{
					Name:      aws.String(key.Name),
					ValueFrom: aws.String(secret + ":" + key.Name + "::"),
				})
			}
		}
	}
	return &ecs.RegisterTaskDefinitionInput{
		Family:                  &service.Name,
		NetworkMode:             ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		Cpu:                     aws.String("256"),
		Memory:                  aws.String("512"),
		ExecutionRoleArn:        optional(s.arn(kindRole, s.env.Roles.TaskExecution)),
		TaskRoleArn:             optional(s.arn(kindRole, s.infra.TaskRole)),
		ContainerDefinitions:    []ecstypes.ContainerDefinition{container},
		Tags:                    s.ecsTags(),
	}
}

func (s *seeder) ecsTags() []ecstypes.Tag {
	return tags(s.env.Tags, func(k, v *string) ecstypes.Tag { return ecstypes.Tag{Key: k, Value: v} })
}

// An existingAlarm was made by the existing infrastructure. New alarms must not take
// its name.
type existingAlarm struct {
	suffix    string // of the name, after the environment's prefix
	namespace string
	metric    string
	statistic cloudwatchtypes.Statistic
	condition cloudwatchtypes.ComparisonOperator
	threshold float64
}

const (
	above = cloudwatchtypes.ComparisonOperatorGreaterThanThreshold
	below = cloudwatchtypes.ComparisonOperatorLessThanThreshold

	average = cloudwatchtypes.StatisticAverage
	sum     = cloudwatchtypes.StatisticSum
)

var existingAlarms = []existingAlarm{
	{"alb-target-response-time", "AWS/ApplicationELB", "TargetResponseTime", average, above, 1},
	{"alb-unhealthy-targets", "AWS/ApplicationELB", "UnHealthyHostCount", average, above, 0},
	{"alb-5xx-errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", sum, above, 10},
	{"rds-cpu-utilization", "AWS/RDS", "CPUUtilization", average, above, 80},
	{"rds-free-storage", "AWS/RDS", "FreeStorageSpace", average, below, 5 << 30},
	{"rds-database-connections", "AWS/RDS", "DatabaseConnections", average, above, 80},
	{"redis-cpu-utilization", "AWS/ElastiCache", "CPUUtilization", average, above, 75},
	{"redis-memory-utilization", "AWS/ElastiCache", "DatabaseMemoryUsagePercentage", average, above, 80},
	{"redis-evictions", "AWS/ElastiCache", "Evictions", sum, above, 1000},
}

func (s *seeder) makeAlarm(name string, alarm existingAlarm) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var balancer, node string
		_, balancer, _ = strings.Cut(s.arn(kindLoadBalancer, s.env.LoadBalancer.Name), ":loadbalancer/")
		if len(s.env.Cache.Nodes) > 0 {
			node = s.env.Cache.Nodes[0].ID
		}
		dimension := map[string]cloudwatchtypes.Dimension{
			"AWS/ApplicationELB": {Name: aws.String("LoadBalancer"), Value: optional(balancer)},
			"AWS/RDS":            {Name: aws.String("DBInstanceIdentifier"), Value: optional(s.env.Database.Instance)},
			"AWS/ElastiCache":    {Name: aws.String("CacheClusterId"), Value: optional(node)},
		}[alarm.namespace]
		input := &cloudwatch.PutMetricAlarmInput{
			AlarmName:          &name,
			Namespace:          &alarm.namespace,
			MetricName:         &alarm.metric,
			Statistic:          alarm.statistic,
			ComparisonOperator: alarm.condition,
			Threshold:          &alarm.threshold,
			Period:             aws.Int32(300),
			EvaluationPeriods:  aws.Int32(2),
			Tags: tags(s.env.Tags, func(k, v *string) cloudwatchtypes.Tag {
				return cloudwatchtypes.Tag{Key: k, Value: v}
			}),
		}
		if dimension.Value != nil {
			input.Dimensions = []cloudwatchtypes.Dimension{dimension}
		}
		_, err := s.alarms.PutMetricAlarm(ctx, input)
		return "", err
	}
}

// tags converts tags into the type that a service has for them.
func tags[T any](from map[string]string, tag func(key, value *string) T) []T {
	var list []T
	for _, key := range slices.Sorted(maps.Keys(from)) {
		list = append(list, tag(aws.String(key), aws.String(from[key])))
	}
	return list
}

// optional returns nil for "".
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
