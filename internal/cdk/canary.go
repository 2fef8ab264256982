package cdk

import (
	"fmt"
	"time"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrole"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamrolepolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucket"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketlifecycleconfiguration"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketpublicaccessblock"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketserversideencryptionconfiguration"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/s3bucketversioning"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/syntheticscanary"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Bucket is an aws_s3_bucket for what may be lost: nobody but its account reaches it, it
// is encrypted with the keys of S3, keeps versions, and everything in it expires.
// Destroying it takes along what is in it.
type Bucket struct {
	Name string
	// ExpireDays is after how many days objects go.
	ExpireDays int
	Tags       map[string]string
}

// BucketRef is a bucket that was made.
type BucketRef struct {
	Construct Scope
	ARN, Name string
}

// NewBucket makes an aws_s3_bucket and what closes it.
func NewBucket(scope Scope, id string, b Bucket) BucketRef {
	bucket := s3bucket.NewS3Bucket(scope, jsii.String(id), &s3bucket.S3BucketConfig{
		Bucket: String(b.Name), ForceDestroy: jsii.Bool(true), Tags: Map(b.Tags),
	})
	ref := BucketRef{bucket, *bucket.Arn(), *bucket.Bucket()}
	closed := s3bucketpublicaccessblock.NewS3BucketPublicAccessBlock(scope, jsii.String(id+"-public-access"), &s3bucketpublicaccessblock.S3BucketPublicAccessBlockConfig{
		Bucket: bucket.Bucket(), BlockPublicAcls: jsii.Bool(true), BlockPublicPolicy: jsii.Bool(true),
		IgnorePublicAcls: jsii.Bool(true), RestrictPublicBuckets: jsii.Bool(true),
	})
	s3bucketserversideencryptionconfiguration.NewS3BucketServerSideEncryptionConfigurationA(scope, jsii.String(id+"-encryption"), &s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationAConfig{
		Bucket: bucket.Bucket(),
		Rule: []*s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleA{{
			ApplyServerSideEncryptionByDefault: &s3bucketserversideencryptionconfiguration.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA{
				SseAlgorithm: jsii.String("AES256"),
			},
		}},
	})
	versions := s3bucketversioning.NewS3BucketVersioningA(scope, jsii.String(id+"-versioning"), &s3bucketversioning.S3BucketVersioningAConfig{
		Bucket:                  bucket.Bucket(),
		VersioningConfiguration: &s3bucketversioning.S3BucketVersioningVersioningConfiguration{Status: jsii.String("Enabled")},
	})
	s3bucketlifecycleconfiguration.NewS3BucketLifecycleConfiguration(scope, jsii.String(id+"-lifecycle"), &s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationConfig{
		Bucket:    bucket.Bucket(),
		DependsOn: &[]cdktf.ITerraformDependable{versions},
		Rule: []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRule{{
			Id: jsii.String("expire"), Status: jsii.String("Enabled"),
			Filter:                         []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleFilter{{Prefix: jsii.String("")}},
			Expiration:                     []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleExpiration{{Days: jsii.Number(b.ExpireDays)}},
			NoncurrentVersionExpiration:    []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration{{NoncurrentDays: jsii.Number(1)}},
			AbortIncompleteMultipartUpload: []*s3bucketlifecycleconfiguration.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload{{DaysAfterInitiation: jsii.Number(1)}},
		}},
	})
	s3bucketpolicy.NewS3BucketPolicy(scope, jsii.String(id+"-policy"), &s3bucketpolicy.S3BucketPolicyConfig{
		Bucket: bucket.Bucket(),
		// S3 refuses two changes of who may do what at once.
		DependsOn: &[]cdktf.ITerraformDependable{closed},
		Policy: String(NewPolicyDocument(scope, id+"-policy-document", PolicyDocument{Statements: []Statement{{
			SID: "OnlyOverTLS", Deny: true, Actions: []string{"s3:*"}, Resources: []string{ref.ARN, ref.ARN + "/*"},
			PrincipalType: "*", Principals: []string{"*"},
			Conditions: []Condition{{Test: "Bool", Variable: "aws:SecureTransport", Values: []string{"false"}}},
		}}}).JSON),
	})
	return ref
}

// Role is aws_iam_role with one policy of its own.
type Role struct {
	Name, Description string
	// Service may assume the role: "lambda.amazonaws.com".
	Service string
	// BoundaryARN is the role's permissions boundary; "" for none.
	BoundaryARN string
	// May returns what the role may do, for the role's ARN.
	May  func(arn string) []Statement
	Tags map[string]string
}

// RoleRef is a role that was made.
type RoleRef struct {
	Construct Scope
	ARN, Name string
	// policy is what the role may do; whoever uses the role waits for it.
	policy iamrolepolicy.IamRolePolicy
}

// NewRole makes an aws_iam_role and its aws_iam_role_policy.
func NewRole(scope Scope, id string, r Role) RoleRef {
	trust := NewPolicyDocument(scope, id+"-trust-document", PolicyDocument{Statements: []Statement{{
		SID: "Assume", Actions: []string{"sts:AssumeRole"}, PrincipalType: "Service", Principals: []string{r.Service},
	}}})
	role := iamrole.NewIamRole(scope, jsii.String(id), &iamrole.IamRoleConfig{
		Name: String(r.Name), Description: String(r.Description), AssumeRolePolicy: String(trust.JSON),
		PermissionsBoundary: String(r.BoundaryARN), Tags: Map(r.Tags),
	})
	policy := iamrolepolicy.NewIamRolePolicy(scope, jsii.String(id+"-policy"), &iamrolepolicy.IamRolePolicyConfig{
		Name: String(r.Name), Role: role.Name(),
		Policy: String(NewPolicyDocument(scope, id+"-policy-document", PolicyDocument{Statements: r.May(*role.Arn())}).JSON),
	})
	return RoleRef{role, *role.Arn(), *role.Name(), policy}
}

// Canary is aws_synthetics_canary, started.
type Canary struct {
	Name, Runtime string
	// Zip is the path of the script's archive, and Handler the function in it.
	Zip, Handler string
	// Bucket gets what runs leave behind, below the canary's name.
	Bucket BucketRef
	Role   RoleRef
	Every  time.Duration
	// Timeout is how long a run may take.
	Timeout time.Duration
	// Variables are in the environment of the script.
	Variables map[string]string
	// KeepDays is for how many days Synthetics knows of a run.
	KeepDays int
	Tags     map[string]string
}

// CanaryRef is a canary that was made.
type CanaryRef struct {
	Construct Scope
	ARN       string
}

// NewCanary makes an aws_synthetics_canary.
func NewCanary(scope Scope, id string, c Canary) CanaryRef {
	canary := syntheticscanary.NewSyntheticsCanary(scope, jsii.String(id), &syntheticscanary.SyntheticsCanaryConfig{
		Name:               String(c.Name),
		ArtifactS3Location: jsii.String("s3://" + c.Bucket.Name + "/" + c.Name),
		ExecutionRoleArn:   String(c.Role.ARN),
		RuntimeVersion:     String(c.Runtime),
		ZipFile:            String(c.Zip),
		Handler:            String(c.Handler),
		Schedule:           &syntheticscanary.SyntheticsCanarySchedule{Expression: String(rate(c.Every))},
		RunConfig: &syntheticscanary.SyntheticsCanaryRunConfig{
			TimeoutInSeconds: seconds(c.Timeout), EnvironmentVariables: Map(c.Variables),
		},
		SuccessRetentionPeriod: jsii.Number(c.KeepDays), FailureRetentionPeriod: jsii.Number(c.KeepDays),
		StartCanary: jsii.Bool(true), DeleteLambda: jsii.Bool(true),
		Tags:      Map(c.Tags),
		DependsOn: &[]cdktf.ITerraformDependable{c.Role.policy},
	})
	return CanaryRef{canary, *canary.Arn()}
}

// rate is a time between runs as Synthetics writes it, in whole minutes up to an hour.
func rate(every time.Duration) string {
	switch n := every / time.Minute; n {
	case 1:
		return "rate(1 minute)"
	case 60:
		return "rate(1 hour)"
	default:
		return fmt.Sprintf("rate(%d minutes)", n)
	}
}
