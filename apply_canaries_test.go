package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// canaryView is what the promise says about a canary.
type canaryView struct {
	State, Rate, Runtime, Handler, Results, Role string
	Timeout                                      int32
	Environment                                  string // its tag
}

// checkCanaries reads back the canaries of an environment, their role and their bucket.
func checkCanaries(t *testing.T, server *localaws.Server, env environment.Environment) {
	t.Helper()
	ctx, cfg := t.Context(), server.Config()
	made, err := synthetics.NewFromConfig(cfg).DescribeCanaries(ctx, &synthetics.DescribeCanariesInput{})
	must(t, err)
	got, want := map[string]canaryView{}, map[string]canaryView{}
	for _, c := range made.Canaries {
		if !strings.HasPrefix(*c.Name, env.Prefix) {
			continue
		}
		got[*c.Name] = canaryView{
			string(c.Status.State), *c.Schedule.Expression, *c.RuntimeVersion, *c.Code.Handler, *c.ArtifactS3Location, *c.ExecutionRoleArn,
			*c.RunConfig.TimeoutInSeconds, c.Tags["Environment"],
		}
	}
	role := "arn:aws:iam::" + localAccount + ":role/" + env.Synthetics.Role
	for _, c := range env.Synthetics.Canaries {
		want[c.Name] = canaryView{"RUNNING", "rate(5 minutes)", "syn-nodejs-puppeteer-17.0", "check.handler", env.Synthetics.Bucket + "/" + c.Name, role, 60, env.Name}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("canaries (-want +got):\n%s", diff)
	}
	if len(want) > 0 {
		checkCanaryRole(t, iam.NewFromConfig(cfg), env)
		checkCanaryBucket(t, s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), env)
	}
}

func checkCanaryRole(t *testing.T, client *iam.Client, env environment.Environment) {
	t.Helper()
	name := env.Synthetics.Role
	found, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
	must(t, err)
	boundary := "arn:aws:iam::" + localAccount + ":policy/" + env.Synthetics.Boundary
	if b := found.Role.PermissionsBoundary; b == nil || aws.ToString(b.PermissionsBoundaryArn) != boundary {
		t.Errorf("the boundary of %s is %+v, want %s", name, b, boundary)
	}
	attached, err := client.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	must(t, err)
	inline, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &name})
	must(t, err)
	if len(attached.AttachedPolicies) != 0 || len(inline.PolicyNames) != 1 {
		t.Errorf("%s has %d policies attached, want none, and the policies %q, want one", name, len(attached.AttachedPolicies), inline.PolicyNames)
	}
}

func checkCanaryBucket(t *testing.T, client *s3.Client, env environment.Environment) {
	t.Helper()
	ctx, bucket := t.Context(), &env.Synthetics.Bucket
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
	if r := lifecycle.Rules; len(r) != 1 || *r[0].Expiration.Days != 31 || *r[0].NoncurrentVersionExpiration.NoncurrentDays != 1 {
		t.Errorf("lifecycle is %+v", r)
	}
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	must(t, err)
	deny := statements(t, *policy.Policy)
	if len(deny) != 1 || deny[0].Effect != "Deny" || deny[0].Condition["Bool"]["aws:SecureTransport"] != "false" {
		t.Errorf("the bucket's policy is %+v, want everything denied that does not come over TLS", deny)
	}
}
