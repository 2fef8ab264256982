package main

import (
	"cmp"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/canary"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

// canaryView is what the promise says about a canary.
type canaryView struct {
	State, Rate, Runtime, Handler, Results, Role string
	Timeout, SuccessDays, FailureDays            int32
}

// canariesOf are the canaries of an environment, as its stack makes them.
func canariesOf(env environment.Environment) canary.Config {
	cfg := canary.Config{
		Region: env.Region, Bucket: env.Synthetics.Bucket, Role: env.Synthetics.Role, Tags: env.Tags,
		PermissionsBoundary: "arn:aws:iam::" + localAccount + ":policy/" + env.Synthetics.Boundary,
	}
	for _, resource := range stacks.Monitoring(env).Resources {
		if c, ok := resource.(monitoring.Canary); ok {
			cfg.Canaries = append(cfg.Canaries, c)
		}
	}
	return cfg
}

// checkCanaries reads back the canaries of a configuration, their role and their bucket.
// Canaries of others have another value of the tag.
func checkCanaries(t *testing.T, server *localaws.Server, made canary.Config, tag string) {
	t.Helper()
	cfg := server.Config()
	cfg.Region = made.Region
	list, err := synthetics.NewFromConfig(cfg).DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{})
	must(t, err)
	got, want := map[string]canaryView{}, map[string]canaryView{}
	for _, c := range list.Canaries {
		if c.Tags[tag] != made.Tags[tag] {
			continue
		}
		got[*c.Name] = canaryView{
			string(c.Status.State), *c.Schedule.Expression, *c.RuntimeVersion, *c.Code.Handler, *c.ArtifactS3Location, *c.ExecutionRoleArn,
			*c.RunConfig.TimeoutInSeconds, *c.SuccessRetentionPeriodInDays, *c.FailureRetentionPeriodInDays,
		}
	}
	role, days := "arn:aws:iam::"+localAccount+":role/"+made.Role, int32(cmp.Or(made.KeepDays, 31))
	for _, c := range made.Canaries {
		rate := map[time.Duration]string{5 * time.Minute: "rate(5 minutes)", time.Hour: "rate(1 hour)"}[c.Every]
		want[c.Name] = canaryView{
			"RUNNING", rate, cmp.Or(made.Runtime, canary.Newest()), "check.handler", made.Bucket + "/" + c.Name, role, 60, days, days,
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("canaries (-want +got):\n%s", diff)
	}
	if len(want) > 0 {
		checkCanaryRole(t, iam.NewFromConfig(cfg), made)
		checkCanaryBucket(t, s3.NewFromConfig(cfg, localaws.PathStyle), made.Bucket, days)
	}
}

// checkCanaryRole wants a role that Lambda may assume, and that may do what canaries
// need and nothing more.
func checkCanaryRole(t *testing.T, client *iam.Client, made canary.Config) {
	t.Helper()
	ctx, name := t.Context(), made.Role
	decoded := func(document *string) []statement {
		text, err := url.QueryUnescape(*document)
		must(t, err)
		return statements(t, text)
	}
	found, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	must(t, err)
	boundary := ""
	if b := found.Role.PermissionsBoundary; b != nil {
		boundary = *b.PermissionsBoundaryArn
	}
	if boundary != made.PermissionsBoundary {
		t.Errorf("the boundary of %s is %q, want %q", name, boundary, made.PermissionsBoundary)
	}
	if diff := gocmp.Diff([]statement{{
		Sid: "Assume", Effect: "Allow", Principal: map[string]any{"Service": "lambda.amazonaws.com"}, Action: "sts:AssumeRole",
	}}, decoded(found.Role.AssumeRolePolicyDocument)); diff != "" {
		t.Errorf("who may assume %s (-want +got):\n%s", name, diff)
	}
	attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	must(t, err)
	inline, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name})
	must(t, err)
	if len(attached.AttachedPolicies) != 0 || !slices.Equal(inline.PolicyNames, []string{name}) {
		t.Fatalf("%s has %d policies attached, want none, and the policies %q, want %s", name, len(attached.AttachedPolicies), inline.PolicyNames, name)
	}
	policy, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &name})
	must(t, err)
	bucket := "arn:aws:s3:::" + made.Bucket
	var results, logs []string
	for _, c := range made.Canaries {
		results = append(results, bucket+"/"+c.Name+"/*")
		logs = append(logs, "arn:aws:logs:"+made.Region+":"+localAccount+":log-group:/aws/lambda/cwsyn-"+c.Name+"-*")
	}
	// What AWS lists in "Required roles and permissions for canaries", without tracing.
	if diff := gocmp.Diff([]statement{
		{Sid: "WriteResults", Effect: "Allow", Action: "s3:PutObject", Resource: oneOrList(results)},
		{Sid: "FindBucket", Effect: "Allow", Action: "s3:GetBucketLocation", Resource: bucket},
		{Sid: "WriteLogs", Effect: "Allow", Action: []any{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}, Resource: oneOrList(logs)},
		{Sid: "ListBuckets", Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*"},
		{
			Sid: "PublishMetrics", Effect: "Allow", Action: "cloudwatch:PutMetricData", Resource: "*",
			Condition: map[string]map[string]any{"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}},
		},
	}, decoded(policy.PolicyDocument), unordered); diff != "" {
		t.Errorf("what %s may do (-want +got):\n%s", name, diff)
	}
}

// oneOrList is a list as it stands in a policy: one is no list.
func oneOrList(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	var list []any
	for _, v := range values {
		list = append(list, v)
	}
	return list
}

func checkCanaryBucket(t *testing.T, client *s3.Client, name string, days int32) {
	t.Helper()
	ctx, bucket := t.Context(), &name
	open, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	must(t, err)
	if c := open.PublicAccessBlockConfiguration; !*c.BlockPublicAcls || !*c.BlockPublicPolicy || !*c.IgnorePublicAcls || !*c.RestrictPublicBuckets {
		t.Errorf("public access is blocked by %+v, want everything", c)
	}
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
	must(t, err)
	if a := encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm; a != "AES256" {
		t.Errorf("encryption is %s", a)
	}
	versions, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
	must(t, err)
	if versions.Status != "Enabled" {
		t.Errorf("versioning is %q", versions.Status)
	}
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
	must(t, err)
	if r := lifecycle.Rules; len(r) != 1 || *r[0].Expiration.Days != days || *r[0].NoncurrentVersionExpiration.NoncurrentDays != 1 {
		t.Errorf("lifecycle is %+v", r)
	}
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	must(t, err)
	deny := statements(t, *policy.Policy)
	if len(deny) != 1 || deny[0].Effect != "Deny" || deny[0].Condition["Bool"]["aws:SecureTransport"] != "false" {
		t.Errorf("the bucket's policy is %+v, want everything denied that does not come over TLS", deny)
	}
}
