package doctest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"github.com/ohmycoins/infra/internal/terraform"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// Account is a local AWS account in which the application has been running for a
// while: what exists already is there, the operations stacks are applied, images were
// deployed, and there are metrics and log lines.
type Account struct {
	Server *localaws.Server

	projectDir string
	id         string
	programs   string // the folder of omc and of aws, which passes commands to cli
	cli        *awsCLI
	calls      Recorder
	names      names
	site       *site
	rollouts   rollouts
	engine     *engine
	stacks     map[string]*terraform.Workspace
	alarms     map[string]map[string]string // environment: section of the runbook: an alarm that links to it
	sessions   atomic.Int64
	mu         sync.Mutex
	dirs       []string // temporary ones
}

// tools are the programs that documents use.
var tools = map[string]string{
	"bash": "bash 5 or newer",
	"aws":  "the AWS CLI, version 1 or 2",
	"jq":   "jq",
	"curl": "curl",
}

// Open starts a local AWS, makes what exists already in every environment, and
// applies the reviewed operations stacks to it. Close ends it.
func Open(ctx context.Context, projectDir string, progress io.Writer) (_ *Account, err error) {
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		if _, err := exec.LookPath(name); err != nil {
			return nil, fmt.Errorf("%s is not on PATH: install %s; the documents' commands need it", name, tools[name])
		}
	}
	a := &Account{projectDir: projectDir, rollouts: rollouts{
		updates: map[string]int{}, running: map[string]string{}, queries: map[string]string{},
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.Server, err = localaws.Start(ctx, projectDir, progress, localaws.Intercept(a.handler)); err != nil {
		return nil, err
	}
	var hosts []string
	for _, env := range environment.All() {
		hosts = append(hosts, domains[env.Name]...)
		// The console of docs/ops.sh is a family that it registers itself.
		if err := a.names.add([]any{env, localaws.InfrastructureOf(env), env.Prefix + "-console"}); err != nil {
			return nil, err
		}
	}
	if a.site, err = newSite(ctx, hosts); err != nil {
		return nil, err
	}
	// The stacks take longest, and wait most of the time.
	var base, programs, environments errgroup.Group
	base.Go(func() error { return a.seed(ctx) })
	base.Go(func() error { return a.openStacks(ctx, progress) })
	programs.Go(func() error { return a.openPrograms(ctx, progress) })
	if err := base.Wait(); err != nil {
		return nil, errors.Join(err, programs.Wait())
	}
	for _, env := range environment.All() {
		environments.Go(func() error { return a.openEnvironment(ctx, env, programs.Wait) })
	}
	return a, environments.Wait()
}

// openPrograms starts and installs what commands need.
func (a *Account) openPrograms(ctx context.Context, progress io.Writer) error {
	var group errgroup.Group
	group.Go(func() error { return a.installPrograms(ctx, progress) })
	group.Go(func() (err error) { a.engine, err = startEngine(ctx, a.projectDir, progress); return err })
	if err := group.Wait(); err != nil {
		return err
	}
	return a.letIn(ctx)
}

// letIn lets the tasks into the database, as security groups do. Everything is in the
// default group.
func (a *Account) letIn(ctx context.Context) error {
	return a.command(ctx, "aws", "ec2", "authorize-security-group-ingress", "--group-name", "default", "--protocol", "tcp", "--port", "5432",
		"--source-group", "default")
}

// openEnvironment applies the operations stack while the application gets a past, with
// programs that have to be there, and then deploys it: omc wants the alarms of the stack.
func (a *Account) openEnvironment(ctx context.Context, env environment.Environment, programs func() error) error {
	var group errgroup.Group
	group.Go(func() error { return a.applyStack(ctx, env.Name) })
	group.Go(func() error {
		if err := programs(); err != nil {
			return err
		}
		if err := a.live(ctx, env); err != nil {
			return fmt.Errorf("making %s live: %w", env.Name, err)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if boundary := env.Synthetics.Boundary; boundary != "" {
		// The deployment guide makes it: here it does so after the stack, which needs it.
		if err := a.command(ctx, "aws", "iam", "delete-policy", "--policy-arn", "arn:aws:iam::"+a.id+":policy/"+boundary); err != nil {
			return err
		}
	}
	return a.deploy(ctx, env)
}

// seed makes what exists already.
func (a *Account) seed(ctx context.Context) error {
	for _, env := range environment.All() {
		if err := localaws.Seed(ctx, a.Server, env); err != nil {
			return err
		}
	}
	// The examples of the constructs are about a shop.
	if _, err := secretsmanager.NewFromConfig(a.Server.Config()).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("shop/app-secrets"),
	}); err != nil {
		return err
	}
	identity, err := sts.NewFromConfig(a.Server.Config()).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	a.id = aws.ToString(identity.Account)
	// Alarms are what no environment lists.
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(a.Server.Config(), localaws.CloudWatchJSON), &cloudwatch.DescribeAlarmsInput{AlarmTypes: allAlarms})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, alarm := range page.MetricAlarms {
			err = errors.Join(err, a.names.add(alarm.AlarmName))
		}
		for _, alarm := range page.CompositeAlarms {
			err = errors.Join(err, a.names.add(alarm.AlarmName))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// allAlarms asks for alarms on alarms, too.
var allAlarms = []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm}

// environ is the environment of a program that works in the account. Its calls are
// recorded under the name of the caller: every SDK of AWS puts AWS_EXECUTION_ENV into
// its user agent.
func (a *Account) environ(caller string) []string {
	environ := append(a.Server.Environ(os.Environ()), a.site.environ()...)
	// An editor that saves what is typed.
	return append(environ, "AWS_EXECUTION_ENV="+caller, "EDITOR=tee", "DOCTEST_AWSCLI="+a.cli.socket, "DOCTEST_CONSOLE="+a.engine.socket,
		"PATH="+a.programs+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// deploy deploys two images with omc, so that there is a record to go back by.
func (a *Account) deploy(ctx context.Context, env environment.Environment) error {
	words := []string{"omc", "deploy", env.Name, "--yes"}
	for _, service := range env.Cluster.Services {
		words = append(words, "--image", service.Key+"="+service.Repository+"@"+digest(service.Key, 1))
	}
	return a.command(ctx, words...)
}

// command runs a command line in the account.
func (a *Account) command(ctx context.Context, words ...string) error {
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", `exec "$@"`, "bash"}, words...)...) // its PATH counts
	cmd.Env = a.environ("preparation")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
	}
	return nil
}

// Close ends the local AWS and everything around it.
func (a *Account) Close() error {
	var errs []error
	if a.cli != nil {
		errs = append(errs, a.cli.close())
	}
	if a.site != nil {
		errs = append(errs, a.site.close())
	}
	if a.engine != nil {
		errs = append(errs, a.engine.close())
	}
	if a.Server != nil {
		errs = append(errs, a.Server.Stop())
	}
	for _, dir := range a.dirs {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

// domains are the domain names of the application.
var domains = map[string][]string{
	"staging":    {"api.staging.ohmycoins.com", "dashboard.staging.ohmycoins.com"},
	"production": {"api.ohmycoins.com", "dashboard.ohmycoins.com", "www.ohmycoins.com"},
}

func (a *Account) tempDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.dirs = append(a.dirs, dir)
	}
	return dir, err
}

// installPrograms builds omc into a folder, and aws, which has a running AWS CLI behind it.
func (a *Account) installPrograms(ctx context.Context, progress io.Writer) error {
	dir, err := a.tempDir("doctest-programs-")
	if err != nil {
		return err
	}
	if a.cli, err = startAWSCLI(ctx, a.Server.Environ(os.Environ()), progress); err != nil {
		return err
	}
	args := []string{"build", "-o", dir + string(os.PathSeparator), "./cmd/omc"}
	if a.cli.socket != "" {
		args = append(args, "./internal/test/doctest/aws")
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir = a.projectDir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	a.programs = dir
	return os.WriteFile(filepath.Join(dir, "session-manager-plugin"), sessionPlugin, 0o700)
}

// openStacks makes a folder for Terraform for each of the stacks, as they stand in
// __snapshots__.
func (a *Account) openStacks(ctx context.Context, progress io.Writer) error {
	inst, err := terraform.Setup(ctx, a.projectDir, progress)
	if err != nil {
		return err
	}
	env := a.Server.Env()
	a.stacks = map[string]*terraform.Workspace{}
	a.alarms = map[string]map[string]string{}
	for _, stack := range environment.Names() {
		doc, err := reviewed(a.projectDir, stack)
		if err != nil {
			return err
		}
		a.alarms[stack] = sections(doc)
		if resources, ok := doc["resource"].(map[string]any); ok {
			// No command is about them, and the provider waits a minute for them.
			delete(resources, "aws_s3_bucket_lifecycle_configuration")
		}
		if a.stacks[stack], err = a.workspace(inst, stack, doc, env); err != nil {
			return err
		}
	}
	return nil
}

func (a *Account) applyStack(ctx context.Context, stack string) error {
	if err := a.stacks[stack].Init(ctx); err != nil {
		return err
	}
	if err := a.stacks[stack].TrustProviders(); err != nil {
		return err
	}
	return a.stacks[stack].Apply(ctx)
}

// sectionLink is the link of an alarm's description to its section of the runbook.
var sectionLink = regexp.MustCompile(`runbook\.md#([a-z0-9-]+)`)

// sections returns the sections of the runbook that a stack's alarms link to, each with
// the name of such an alarm.
func sections(stack map[string]any) map[string]string {
	resources, _ := stack["resource"].(map[string]any)
	alarms, _ := resources["aws_cloudwatch_metric_alarm"].(map[string]any)
	found := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(alarms)) {
		alarm, _ := alarms[id].(map[string]any)
		if m := sectionLink.FindStringSubmatch(field(alarm, "alarm_description")); m != nil {
			found[m[1]] = field(alarm, "alarm_name")
		}
	}
	return found
}

// workspace makes a folder with a reviewed stack.
func (a *Account) workspace(inst *terraform.Installation, stack string, doc map[string]any, env map[string]string) (*terraform.Workspace, error) {
	if err := a.names.add(doc["resource"]); err != nil {
		return nil, err
	}
	dir, err := a.tempDir("doctest-" + stack + "-")
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "cdk.tf.json"), content, 0o600); err != nil {
		return nil, err
	}
	assets := filepath.Join(a.projectDir, "__snapshots__", stack, "assets")
	if _, err := os.Stat(assets); err == nil {
		if err := os.CopyFS(filepath.Join(dir, "assets"), os.DirFS(assets)); err != nil {
			return nil, err
		}
	}
	// As in the tests of the stacks: moto answers 500 to what it lacks.
	const override = `{"provider": {"aws": [{"max_retries": 3}]}}`
	if err := os.WriteFile(filepath.Join(dir, "local_override.tf.json"), []byte(override), 0o600); err != nil {
		return nil, err
	}
	return inst.Workspace(dir, env)
}

// reviewed reads a stack of __snapshots__, where the dashboard's body has a file of
// its own.
func reviewed(projectDir, stack string) (map[string]any, error) {
	dir := filepath.Join(projectDir, "__snapshots__", stack)
	text, err := os.ReadFile(filepath.Join(dir, "stack_1.snap.json"))
	if err != nil {
		return nil, fmt.Errorf("%w (make snapshots writes it)", err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "dashboard_1.snap.json"))
	if err != nil {
		return nil, err
	}
	resources, _ := doc["resource"].(map[string]any)
	boards, _ := resources["aws_cloudwatch_dashboard"].(map[string]any)
	for _, b := range boards {
		if board, ok := b.(map[string]any); ok {
			board["dashboard_body"] = strings.TrimSpace(string(body))
		}
	}
	return doc, nil
}

func (a *Account) ecsARN(resource string) string {
	return "arn:aws:ecs:ap-southeast-2:" + a.id + ":" + resource
}

// images is the URI of the repository of a service's images.
func (a *Account) images(key string) string {
	return a.id + ".dkr.ecr.ap-southeast-2.amazonaws.com/omc-" + key
}

// digest is the digest of the image that a service's nth revision runs.
func digest(key string, n int) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(manifest(key, n))))
}

func manifest(key string, n int) string {
	return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",`+
		`"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1,"digest":"sha256:%064d"},"layers":[],`+
		`"annotations":{"image":"%s %d"}}`, n, key, n)
}

// live gives an environment a past: two deployed images, healthy tasks, an hour of
// metrics and log lines.
func (a *Account) live(ctx context.Context, env environment.Environment) error {
	cfg := a.Server.Config()
	now := time.Now()
	containers := ecs.NewFromConfig(cfg)
	for _, service := range env.Cluster.Services {
		for n := 1; n <= 2; n++ {
			tag := fmt.Sprintf("%s-build%d", env.Name, n)
			if _, err := ecr.NewFromConfig(cfg).PutImage(ctx, &ecr.PutImageInput{
				RepositoryName: &service.Repository, ImageManifest: aws.String(manifest(service.Key, n)),
				ImageTag: &tag, ImageDigest: aws.String(digest(service.Key, n)),
			}); err != nil && !strings.Contains(err.Error(), "ImageAlreadyExists") {
				return err
			}
		}
		described, err := containers.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &service.Name})
		if err != nil {
			return err
		}
		old := described.TaskDefinition
		old.ContainerDefinitions[0].Image = aws.String(a.images(service.Key) + "@" + digest(service.Key, 2))
		registered, err := containers.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: old.Family, NetworkMode: old.NetworkMode, RequiresCompatibilities: old.RequiresCompatibilities, Cpu: old.Cpu, Memory: old.Memory,
			ExecutionRoleArn: old.ExecutionRoleArn, TaskRoleArn: old.TaskRoleArn, ContainerDefinitions: old.ContainerDefinitions,
		})
		if err != nil {
			return err
		}
		if _, err := containers.UpdateService(ctx, &ecs.UpdateServiceInput{
			Cluster: &env.Cluster.Name, Service: &service.Name, TaskDefinition: registered.TaskDefinition.TaskDefinitionArn,
		}); err != nil {
			return err
		}
		if err := a.writeLog(ctx, service, now); err != nil {
			return err
		}
	}
	dimensions, err := a.target(ctx, env)
	if err != nil {
		return err
	}
	if err := a.measure(ctx, env, dimensions, now); err != nil {
		return err
	}
	if err := a.charge(ctx); err != nil {
		return err
	}
	a.wentOff(env.Prefix+"/backend/cpu-high", now.Add(-3*time.Hour))
	return a.command(ctx, "aws", "acm", "request-certificate", "--domain-name", domains[env.Name][0], "--validation-method", "DNS")
}

// charge prepares the answer to one question about costs.
func (a *Account) charge(ctx context.Context) error {
	const results = `{"results": [{"ResultsByTime": [{"Estimated": true, "TimePeriod": {"Start": "2026-11-22", "End": "2026-11-23"},
		"Groups": [{"Keys": ["AmazonCloudWatch"], "Metrics": {"UnblendedCost": {"Amount": "0.157", "Unit": "USD"}}}], "Total": {}}]}]}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Server.URL+"/moto-api/static/ce/cost-and-usage-results", strings.NewReader(results))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("preparing costs: %s", resp.Status)
	}
	return nil
}

func (a *Account) writeLog(ctx context.Context, service environment.Service, now time.Time) error {
	logs := cloudwatchlogs.NewFromConfig(a.Server.Config())
	stream := "ecs/" + service.Container + "/0123456789abcdef"
	if _, err := logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &service.LogGroup, LogStreamName: &stream}); err != nil {
		return err
	}
	lines := []string{
		`INFO: 10.0.1.15:48122 - "GET /api/v1/utils/health-check/ HTTP/1.1" 200 OK`,
		`ERROR: Exception in ASGI application`,
		`INFO: 10.0.2.31:40002 - "POST /api/v1/login/access-token HTTP/1.1" 200 OK`,
	}
	var events []logtypes.InputLogEvent
	for minute := 55; minute > 0; minute -= 5 {
		for i, line := range lines {
			at := now.Add(-time.Duration(minute)*time.Minute + time.Duration(i)*time.Second).UnixMilli()
			events = append(events, logtypes.InputLogEvent{Message: aws.String(line), Timestamp: &at})
		}
	}
	_, err := logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &service.LogGroup, LogStreamName: &stream, LogEvents: events})
	return err
}

// target puts a healthy task into each target group. It returns the dimensions of
// the load balancer's metrics.
func (a *Account) target(ctx context.Context, env environment.Environment) (map[string]string, error) {
	client := elb.NewFromConfig(a.Server.Config())
	dimensions := map[string]string{}
	balancers, err := client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{env.LoadBalancer.Name}})
	if err != nil {
		return nil, err
	}
	_, dimensions["LoadBalancer"], _ = strings.Cut(aws.ToString(balancers.LoadBalancers[0].LoadBalancerArn), ":loadbalancer/")
	for _, group := range env.LoadBalancer.TargetGroups {
		found, err := client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{group.Name}})
		if err != nil {
			return nil, err
		}
		arn := found.TargetGroups[0].TargetGroupArn
		_, dimensions[group.Key], _ = strings.Cut(aws.ToString(arn), "arn:aws:elasticloadbalancing:"+env.Region+":"+a.id+":")
		if _, err := client.RegisterTargets(ctx, &elb.RegisterTargetsInput{
			TargetGroupArn: arn,
			Targets:        []elbtypes.TargetDescription{{Id: aws.String("10.0.11.20"), Port: aws.Int32(int32(localaws.InfrastructureOf(env).Services[group.Key].Port))}},
		}); err != nil {
			return nil, err
		}
	}
	return dimensions, nil
}

// measure writes three hours of metrics, a value every five minutes.
func (a *Account) measure(ctx context.Context, env environment.Environment, balancer map[string]string, now time.Time) error {
	client := cloudwatch.NewFromConfig(a.Server.Config(), localaws.CloudWatchJSON, func(o *cloudwatch.Options) {
		o.DisableRequestCompression = true // moto does not decompress
	})
	put := func(namespace string, dimensions map[string]string, metrics map[string]float64) error {
		var dims []cloudwatchtypes.Dimension
		for _, name := range slices.Sorted(maps.Keys(dimensions)) {
			dims = append(dims, cloudwatchtypes.Dimension{Name: aws.String(name), Value: aws.String(dimensions[name])})
		}
		var data []cloudwatchtypes.MetricDatum
		for _, name := range slices.Sorted(maps.Keys(metrics)) {
			for minute := 175; minute > 0; minute -= 5 {
				data = append(data, cloudwatchtypes.MetricDatum{
					MetricName: &name, Dimensions: dims, Value: aws.Float64(metrics[name]),
					Timestamp: aws.Time(now.Add(-time.Duration(minute) * time.Minute)),
				})
			}
		}
		_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: data})
		return err
	}
	var errs []error
	for _, service := range env.Cluster.Services {
		errs = append(errs, put("AWS/ECS", map[string]string{"ClusterName": env.Cluster.Name, "ServiceName": service.Name},
			map[string]float64{"CPUUtilization": 23, "MemoryUtilization": 41}))
		errs = append(errs, put("AWS/ApplicationELB", map[string]string{"LoadBalancer": balancer["LoadBalancer"], "TargetGroup": balancer[service.Key]},
			map[string]float64{
				"HTTPCode_Target_5XX_Count": 1, "RequestCount": 300, "TargetResponseTime": 0.08, "UnHealthyHostCount": 0, "HealthyHostCount": 1,
				"TargetConnectionErrorCount": 0,
			}))
	}
	errs = append(errs, put("AWS/ApplicationELB", map[string]string{"LoadBalancer": balancer["LoadBalancer"]},
		map[string]float64{
			"HTTPCode_Target_5XX_Count": 2, "RequestCount": 600, "TargetResponseTime": 0.08,
			"ActiveConnectionCount": 40, "NewConnectionCount": 120, "RejectedConnectionCount": 0, "TargetConnectionErrorCount": 0,
			"ClientTLSNegotiationErrorCount": 1, "HTTPCode_ELB_5XX_Count": 3, "HTTPCode_ELB_502_Count": 1, "HTTPCode_ELB_503_Count": 2, "HTTPCode_ELB_504_Count": 0,
		}))
	errs = append(errs, put("AWS/RDS", map[string]string{"DBInstanceIdentifier": env.Database.Instance},
		map[string]float64{
			"CPUUtilization": 12, "DatabaseConnections": 9, "ReadIOPS": 3, "WriteIOPS": 11, "FreeStorageSpace": 14 << 30, "FreeableMemory": 300 << 20,
			"CPUCreditBalance": 280, "TransactionLogsDiskUsage": 64 << 20, "CPUSurplusCreditBalance": 0, "SwapUsage": 12 << 20, "BurstBalance": 100,
			"EBSIOBalance%": 99, "EBSByteBalance%": 99, "DiskQueueDepth": 0.02, "ReadLatency": 0.0007, "WriteLatency": 0.0014, "DBLoad": 0.3,
		}))
	for _, node := range env.Cache.Nodes {
		errs = append(errs, put("AWS/ElastiCache", map[string]string{"CacheClusterId": node.ID},
			map[string]float64{
				"CacheHitRate": 92, "CacheMisses": 40, "Evictions": 0, "DatabaseMemoryUsagePercentage": 35, "CurrItems": 5200, "CurrConnections": 14,
				"EngineCPUUtilization": 4, "CPUUtilization": 7, "CPUCreditBalance": 144, "NewConnections": 2, "GetTypeCmds": 900, "SetTypeCmds": 120,
				"FreeableMemory": 210 << 20, "SwapUsage": 0, "ReplicationLag": 0, "AuthenticationFailures": 0,
			}))
	}
	for _, topic := range []string{"critical", "warning"} {
		errs = append(errs, put("AWS/SNS", map[string]string{"TopicName": env.Prefix + "-" + topic},
			map[string]float64{"NumberOfNotificationsDelivered": 2, "NumberOfNotificationsFailed": 1}))
	}
	for _, canary := range env.Synthetics.Canaries {
		errs = append(errs, put("CloudWatchSynthetics", map[string]string{"CanaryName": canary.Name},
			map[string]float64{"SuccessPercent": 100, "Duration": 640}))
	}
	return errors.Join(errs...)
}

// notify publishes to the topics of an alarm's new state, and returns them and the type of
// the alarm.
func (a *Account) notify(alarm, state, reason string) (topics []string, kind string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cfg := a.Server.Config()
	found, err := cloudwatch.NewFromConfig(cfg, localaws.CloudWatchJSON).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{alarm}, AlarmTypes: allAlarms})
	if err != nil {
		return nil, "", err
	}
	kind = "MetricAlarm"
	switch {
	case len(found.MetricAlarms) == 1:
		a := found.MetricAlarms[0]
		topics = map[string][]string{"ALARM": a.AlarmActions, "OK": a.OKActions, "INSUFFICIENT_DATA": a.InsufficientDataActions}[state]
	case len(found.CompositeAlarms) == 1:
		a := found.CompositeAlarms[0]
		kind, topics = "CompositeAlarm", map[string][]string{"ALARM": a.AlarmActions, "OK": a.OKActions}[state]
	default:
		return nil, "", fmt.Errorf("no alarm is called %s", alarm)
	}
	for _, topic := range topics {
		if _, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: aws.String(state + ": " + alarm), Message: &reason}); err != nil {
			return nil, "", err
		}
	}
	return topics, kind, nil
}

// switchOff puts alarms again without their actions.
func (a *Account) switchOff(alarms []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := cloudwatch.NewFromConfig(a.Server.Config(), localaws.CloudWatchJSON)
	found, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: alarms})
	if err != nil {
		return err
	}
	for _, alarm := range found.MetricAlarms {
		if _, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: alarm.AlarmName, AlarmDescription: alarm.AlarmDescription, ActionsEnabled: aws.Bool(false),
			AlarmActions: alarm.AlarmActions, OKActions: alarm.OKActions,
			Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions, Statistic: alarm.Statistic,
			ComparisonOperator: alarm.ComparisonOperator, Threshold: alarm.Threshold, Period: alarm.Period, EvaluationPeriods: alarm.EvaluationPeriods,
		}); err != nil {
			return err
		}
	}
	return nil
}

// Changes returns what Terraform would change in the stacks now: "staging: update
// aws_sns_topic.x". Commands of documents leave alone what Terraform manages.
//
// A larger database is the one thing that the code has to follow, as the runbook says:
// until then every plan fails, by the check of its class. Here the database follows.
func (a *Account) Changes(ctx context.Context) ([]string, error) {
	stacks := environment.Names()
	found := make([][]string, len(stacks))
	var group errgroup.Group
	for i, stack := range stacks {
		group.Go(func() error {
			env, _ := environment.Lookup(stack)
			if _, err := rds.NewFromConfig(a.Server.Config()).ModifyDBInstance(ctx, &rds.ModifyDBInstanceInput{
				DBInstanceIdentifier: &env.Database.Instance, DBInstanceClass: &env.Database.Class, ApplyImmediately: aws.Bool(true),
			}); err != nil {
				return err
			}
			plan, err := a.stacks[stack].Plan(ctx)
			if err != nil {
				return err
			}
			for _, c := range terraform.Changes(plan) {
				found[i] = append(found[i], stack+": "+c.Action+" "+c.Address)
			}
			return nil
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}
