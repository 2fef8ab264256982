// Package canary makes canaries of CloudWatch Synthetics: somebody who calls addresses
// as a customer does, every few minutes. What they call, and the alarms on it, say the
// values of monitoring.Canary, which go into the Resources of a monitoring.Config too.
//
// It is a package of its own because a kind of resource returns data only, and a canary
// has to be made: a script, a role, and a bucket for what runs leave behind.
package canary

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// timeout is how long a run may take. The script gives up after half of it.
const timeout = time.Minute

// Canaries are canaries in a stack. What the methods return are Terraform references.
type Canaries struct {
	node         cdk.Scope
	bucket, role string
	arns         map[string]string
}

// New makes canaries below scope, usually a stack, with the role that they run with and
// the bucket that they write to. What is wrong with the configuration is reported when
// the app is synthesized.
func New(scope constructs.Construct, id string, cfg Config) *Canaries {
	invalid := cfg.Validate()
	c := &Canaries{node: cdk.NewNode(scope, id, invalid), bucket: cdk.Invalid, role: cdk.Invalid, arns: map[string]string{}}
	cdk.TakeNames(c.node, cfg.Provider, cfg.names())
	cdk.CheckProvider(c.node, cfg.Provider, cfg.validateRegion)
	for _, canary := range cfg.Canaries {
		c.arns[canary.Key] = cdk.Invalid
	}
	if invalid != nil {
		return c
	}
	zip, err := archive(scriptPath, script)
	cdk.AddProblems(c.node, err)
	asset := cdk.NewAsset(c.node, "check.zip", cdk.Asset{Content: zip})
	bucket := cdk.NewBucket(c.node, "bucket", cdk.Bucket{Name: cfg.Bucket, ExpireDays: cfg.keepDays(), Tags: cfg.Tags})
	role := cdk.NewRole(c.node, "role", cdk.Role{
		Name: cfg.Role, Description: "Runs canaries", Service: "lambda.amazonaws.com",
		BoundaryARN: cfg.PermissionsBoundary, Tags: cfg.Tags,
		May: func(arn string) []cdk.Statement { return cfg.runStatements(arn, bucket.ARN) },
	})
	c.bucket, c.role = bucket.Name, role.ARN
	checks := cdk.NewNode(c.node, "checks", nil)
	for _, canary := range cfg.Canaries {
		c.arns[canary.Key] = cdk.NewCanary(checks, canary.Key, cdk.Canary{
			Name: canary.Name, Runtime: cfg.runtime(), Zip: asset.Path, Handler: handler,
			Bucket: bucket, Role: role, Every: canary.Every, Timeout: timeout,
			Variables: variables(canary), KeepDays: cfg.keepDays(), Tags: cfg.Tags,
		}).ARN
	}
	if cfg.Provider != "" {
		cdk.UseProvider(c.node, cfg.Provider)
	}
	return c
}

// variables tell the script what to call and what to want.
func variables(canary monitoring.Canary) map[string]string {
	v := map[string]string{"URL": canary.URL, "STATUS": strconv.Itoa(canary.WantedStatus())}
	if canary.Body != "" {
		v["BODY"] = canary.Body
	}
	return v
}

// runStatements are what a canary needs to run: user guide, "Required roles and
// permissions for canaries", without tracing and without reading what it wrote.
func (c Config) runStatements(roleARN, bucketARN string) []cdk.Statement {
	var results, logs []string
	for _, canary := range c.Canaries {
		results = append(results, fmt.Sprintf("%s/%s/*", bucketARN, canary.Name))
		// Synthetics ends the name of the function with an id.
		logs = append(logs, fmt.Sprintf("arn:%s:logs:%s:%s:log-group:/aws/lambda/cwsyn-%s-*",
			cdk.ARNPart(roleARN, cdk.ARNPartition), c.Region, cdk.ARNPart(roleARN, cdk.ARNAccount), canary.Name))
	}
	return []cdk.Statement{
		{SID: "WriteResults", Actions: []string{"s3:PutObject"}, Resources: results},
		{SID: "FindBucket", Actions: []string{"s3:GetBucketLocation"}, Resources: []string{bucketARN}},
		{SID: "WriteLogs", Actions: []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}, Resources: logs},
		// Neither has permissions for single resources.
		{SID: "ListBuckets", Actions: []string{"s3:ListAllMyBuckets"}, Resources: []string{"*"}},
		{
			SID: "PublishMetrics", Actions: []string{"cloudwatch:PutMetricData"}, Resources: []string{"*"},
			Conditions: []cdk.Condition{{Test: "StringEquals", Variable: "cloudwatch:namespace", Values: []string{"CloudWatchSynthetics"}}},
		},
	}
}

// names are what others must not be called.
func (c Config) names() []cdk.Name {
	var names []cdk.Name
	for i, canary := range c.Canaries {
		names = append(names, cdk.Name{Of: "canary", Name: canary.Name, Field: fmt.Sprintf("Canaries[%d].Name", i)})
	}
	for _, n := range []cdk.Name{
		{Of: "bucket", Name: c.Bucket, Field: "Bucket", Global: true},
		{Of: "role", Name: c.Role, Field: "Role", Global: true, AnyCase: true},
	} {
		if !token.Is(n.Name) {
			names = append(names, n)
		}
	}
	return names
}

// Node returns the construct that everything is in, for aspects and for adding more.
func (c *Canaries) Node() constructs.Construct { return c.node }

// ARN returns the ARN of a canary by its key. Another key is reported when the app is
// synthesized.
func (c *Canaries) ARN(key string) string {
	arn, ok := c.arns[key]
	if !ok {
		var p problems.Problems
		p.Want("ARN", key, "the key of a canary: %s", problems.OneOf(key, problems.SortedKeys(c.arns)))
		cdk.AddProblems(c.node, p.Err())
		return cdk.Invalid
	}
	return arn
}

// BucketName returns the name of the bucket that the canaries write to.
func (c *Canaries) BucketName() string { return c.bucket }

// RoleARN returns the ARN of the role that the canaries run with.
func (c *Canaries) RoleARN() string { return c.role }
