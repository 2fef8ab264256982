package localaws

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/canary/runtimes"
)

// packed is an archive with an empty file.
func packed(t *testing.T, path string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if _, err := w.Create(path); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// TestCanaries goes through the life of a canary, and over what AWS refuses of it.
func TestCanaries(t *testing.T) {
	t.Parallel()
	ctx, cfg := t.Context(), empty(t).Config()
	client := synthetics.NewFromConfig(cfg)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	role := func(name, service string) string {
		out, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "` + service + `"}}]}`,
		)})
		must(out, err)
		return *out.Role.Arn
	}
	runs, other := role("canaries", "lambda.amazonaws.com"), role("tasks", "ecs-tasks.amazonaws.com")
	must(s3.NewFromConfig(cfg, PathStyle).CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("results"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(cfg.Region)},
	}))
	deprecated := ""
	for _, r := range runtimes.All() {
		if r.Deprecated != "" {
			deprecated = r.Name
		}
	}
	canary := func() *synthetics.CreateCanaryInput {
		return &synthetics.CreateCanaryInput{
			Name: aws.String("shop"), ArtifactS3Location: aws.String("s3://results/shop"), ExecutionRoleArn: &runs,
			Code:           &types.CanaryCodeInput{Handler: aws.String("check.handler"), ZipFile: packed(t, "nodejs/node_modules/check.js")},
			RuntimeVersion: &runtimes.Usable()[0], Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(5 minutes)")},
			RunConfig: &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(60), EnvironmentVariables: map[string]string{"URL": "https://example.com"}},
			Tags:      map[string]string{"Team": "shop"},
		}
	}
	for what, change := range map[string]func(*synthetics.CreateCanaryInput){
		"a name with a capital":      func(c *synthetics.CreateCanaryInput) { c.Name = aws.String("Shop") },
		"a long name":                func(c *synthetics.CreateCanaryInput) { c.Name = aws.String(strings.Repeat("a", 256)) },
		"a deprecated runtime":       func(c *synthetics.CreateCanaryInput) { c.RuntimeVersion = &deprecated },
		"an unknown runtime":         func(c *synthetics.CreateCanaryInput) { c.RuntimeVersion = aws.String("syn-nodejs-puppeteer-8.9") },
		"a role of others":           func(c *synthetics.CreateCanaryInput) { c.ExecutionRoleArn = &other },
		"no such role":               func(c *synthetics.CreateCanaryInput) { c.ExecutionRoleArn = aws.String(runs + "-2") },
		"no such bucket":             func(c *synthetics.CreateCanaryInput) { c.ArtifactS3Location = aws.String("s3://others/shop") },
		"a script at another place":  func(c *synthetics.CreateCanaryInput) { c.Code.ZipFile = packed(t, "check.js") },
		"no archive":                 func(c *synthetics.CreateCanaryInput) { c.Code.ZipFile = []byte("check") },
		"a handler without function": func(c *synthetics.CreateCanaryInput) { c.Code.Handler = aws.String("check") },
		"every second":               func(c *synthetics.CreateCanaryInput) { c.Schedule.Expression = aws.String("rate(1 second)") },
		"every 1 minutes":            func(c *synthetics.CreateCanaryInput) { c.Schedule.Expression = aws.String("rate(1 minutes)") },
		"every 61 minutes":           func(c *synthetics.CreateCanaryInput) { c.Schedule.Expression = aws.String("rate(61 minutes)") },
		"a timeout of 2 seconds":     func(c *synthetics.CreateCanaryInput) { c.RunConfig.TimeoutInSeconds = aws.Int32(2) },
		"a timeout beyond the rate":  func(c *synthetics.CreateCanaryInput) { c.RunConfig.TimeoutInSeconds = aws.Int32(301) },
		"an odd memory":              func(c *synthetics.CreateCanaryInput) { c.RunConfig.MemoryInMB = aws.Int32(1000) },
		"little memory":              func(c *synthetics.CreateCanaryInput) { c.RunConfig.MemoryInMB = aws.Int32(128) },
		"results for no day":         func(c *synthetics.CreateCanaryInput) { c.SuccessRetentionPeriodInDays = aws.Int32(0) },
		"results for 456 days":       func(c *synthetics.CreateCanaryInput) { c.FailureRetentionPeriodInDays = aws.Int32(456) },
		"a variable with a dash":     func(c *synthetics.CreateCanaryInput) { c.RunConfig.EnvironmentVariables["A-B"] = "1" },
		"variables of more than 4 KB": func(c *synthetics.CreateCanaryInput) {
			c.RunConfig.EnvironmentVariables["BODY"] = strings.Repeat("x", 4096)
		},
		"a tag of AWS's": func(c *synthetics.CreateCanaryInput) { c.Tags["aws:team"] = "shop" },
	} {
		in := canary()
		change(in)
		_, err := client.CreateCanary(ctx, in)
		wantRefused(t, what, err, "ValidationException")
	}
	name := aws.String("shop")
	_, err := client.GetCanary(ctx, &synthetics.GetCanaryInput{Name: name})
	wantRefused(t, "reading one that is not there", err, "ResourceNotFoundException")
	_, err = client.StartCanary(ctx, &synthetics.StartCanaryInput{Name: name})
	wantRefused(t, "starting one that is not there", err, "ResourceNotFoundException")

	made, err := client.CreateCanary(ctx, canary())
	must(made, err)
	_, err = client.CreateCanary(ctx, canary())
	wantRefused(t, "a second one of the name", err, "ConflictException")
	_, err = client.StopCanary(ctx, &synthetics.StopCanaryInput{Name: name})
	wantRefused(t, "stopping one that does not run", err, "ConflictException")
	must(client.StartCanary(ctx, &synthetics.StartCanaryInput{Name: name}))
	_, err = client.StartCanary(ctx, &synthetics.StartCanaryInput{Name: name})
	wantRefused(t, "starting one that runs", err, "ConflictException")
	_, err = client.DeleteCanary(ctx, &synthetics.DeleteCanaryInput{Name: name})
	wantRefused(t, "deleting one that runs", err, "ConflictException")
	must(client.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: name, Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(1 hour)")}}))
	_, err = client.UpdateCanary(ctx, &synthetics.UpdateCanaryInput{Name: name, RuntimeVersion: &deprecated})
	wantRefused(t, "a deprecated runtime for one that is there", err, "ValidationException")

	arn := aws.String("arn:aws:synthetics:" + cfg.Region + ":123456789012:canary:shop")
	must(client.TagResource(ctx, &synthetics.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"Stage": "test"}}))
	must(client.UntagResource(ctx, &synthetics.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"Team"}}))
	found, err := client.GetCanary(ctx, &synthetics.GetCanaryInput{Name: name})
	must(found, err)
	tags, err := client.ListTagsForResource(ctx, &synthetics.ListTagsForResourceInput{ResourceArn: arn})
	must(tags, err)
	got := fmt.Sprint(found.Canary.Status.State, " ", *found.Canary.Schedule.Expression, " ", tags.Tags)
	if want := "RUNNING rate(1 hour) map[Stage:test]"; got != want {
		t.Errorf("the canary is %s, want %s", got, want)
	}
	must(client.StopCanary(ctx, &synthetics.StopCanaryInput{Name: name}))
	must(client.DeleteCanary(ctx, &synthetics.DeleteCanaryInput{Name: name}))
	list, err := client.DescribeCanaries(ctx, &synthetics.DescribeCanariesInput{})
	must(list, err)
	if len(list.Canaries) != 0 {
		t.Errorf("%d canaries are left", len(list.Canaries))
	}

	answer, err := client.DescribeRuntimeVersions(ctx, &synthetics.DescribeRuntimeVersionsInput{})
	must(answer, err)
	var versions []runtimes.Runtime
	for _, v := range answer.RuntimeVersions {
		r := runtimes.Runtime{Name: *v.VersionName}
		if v.DeprecationDate != nil {
			r.Deprecated = v.DeprecationDate.UTC().Format("2006-01-02")
		}
		versions = append(versions, r)
	}
	if diff := cmp.Diff(runtimes.All(), versions); diff != "" {
		t.Errorf("runtimes (-want +got):\n%s", diff)
	}
}

// TestHealthChecks goes over what AWS refuses of health checks.
func TestHealthChecks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := route53.NewFromConfig(empty(t).Config())
	check := func() *route53.CreateHealthCheckInput {
		return &route53.CreateHealthCheckInput{CallerReference: aws.String("one"), HealthCheckConfig: &route53types.HealthCheckConfig{
			Type: route53types.HealthCheckTypeHttpsStrMatch, FullyQualifiedDomainName: aws.String("shop.example.com"), Port: aws.Int32(443),
			ResourcePath: aws.String("/health"), SearchString: aws.String("ok"), RequestInterval: aws.Int32(30), FailureThreshold: aws.Int32(3),
		}}
	}
	for what, change := range map[string]func(*route53types.HealthCheckConfig){
		"an unknown type":          func(c *route53types.HealthCheckConfig) { c.Type = "FTP" },
		"no text to look for":      func(c *route53types.HealthCheckConfig) { c.SearchString = nil },
		"a text that nobody reads": func(c *route53types.HealthCheckConfig) { c.Type = route53types.HealthCheckTypeHttps },
		"a long text":              func(c *route53types.HealthCheckConfig) { c.SearchString = aws.String(strings.Repeat("x", 256)) },
		"no address":               func(c *route53types.HealthCheckConfig) { c.FullyQualifiedDomainName = nil },
		"a long host": func(c *route53types.HealthCheckConfig) {
			c.FullyQualifiedDomainName = aws.String(strings.Repeat("x", 256))
		},
		"a long path":       func(c *route53types.HealthCheckConfig) { c.ResourcePath = aws.String("/" + strings.Repeat("x", 255)) },
		"every 20 seconds":  func(c *route53types.HealthCheckConfig) { c.RequestInterval = aws.Int32(20) },
		"after 11 failures": func(c *route53types.HealthCheckConfig) { c.FailureThreshold = aws.Int32(11) },
		"port 0":            func(c *route53types.HealthCheckConfig) { c.Port = aws.Int32(0) },
		"two regions": func(c *route53types.HealthCheckConfig) {
			c.Regions = []route53types.HealthCheckRegion{"us-east-1", "eu-west-1"}
		},
		"a path of no protocol":     func(c *route53types.HealthCheckConfig) { c.Type, c.SearchString = route53types.HealthCheckTypeTcp, nil },
		"a number instead of an IP": func(c *route53types.HealthCheckConfig) { c.IPAddress = aws.String("999.0.2.1") },
	} {
		in := check()
		change(in.HealthCheckConfig)
		_, err := client.CreateHealthCheck(ctx, in)
		wantRefused(t, what, err, "InvalidInput")
	}
	made, err := client.CreateHealthCheck(ctx, check())
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CreateHealthCheck(ctx, check())
	if err != nil || *again.HealthCheck.Id != *made.HealthCheck.Id {
		t.Errorf("the same call again: %v, want the health check that is there", err)
	}
	other := check()
	other.HealthCheckConfig.FailureThreshold = aws.Int32(2)
	_, err = client.CreateHealthCheck(ctx, other)
	wantRefused(t, "another one with the same reference", err, "HealthCheckAlreadyExists")
	id := made.HealthCheck.Id
	if _, err := client.DeleteHealthCheck(ctx, &route53.DeleteHealthCheckInput{HealthCheckId: id}); err != nil {
		t.Error(err)
	}
	_, err = client.DeleteHealthCheck(ctx, &route53.DeleteHealthCheckInput{HealthCheckId: id})
	wantRefused(t, "deleting what is gone", err, "NoSuchHealthCheck")
	_, err = client.GetHealthCheck(ctx, &route53.GetHealthCheckInput{HealthCheckId: id})
	wantRefused(t, "reading what is gone", err, "NoSuchHealthCheck")
	_, err = client.CreateHealthCheck(ctx, check())
	wantRefused(t, "the reference of what is gone", err, "HealthCheckAlreadyExists")
}

// TestDetectors goes over what AWS refuses of detectors: there is one in a region.
func TestDetectors(t *testing.T) {
	t.Parallel()
	ctx, cfg := t.Context(), empty(t).Config()
	client := guardduty.NewFromConfig(cfg)
	detector := func(frequency string) *guardduty.CreateDetectorInput {
		return &guardduty.CreateDetectorInput{
			Enable: aws.Bool(true), FindingPublishingFrequency: guarddutytypes.FindingPublishingFrequency(frequency), Tags: map[string]string{"Team": "shop"},
		}
	}
	_, err := client.CreateDetector(ctx, detector("DAILY"))
	wantRefused(t, "an unknown frequency", err, "BadRequestException")
	tagged := detector("ONE_HOUR")
	tagged.Tags["aws:team"] = "shop"
	_, err = client.CreateDetector(ctx, tagged)
	wantRefused(t, "a tag of AWS's", err, "BadRequestException")
	made, err := client.CreateDetector(ctx, detector("ONE_HOUR"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateDetector(ctx, detector("ONE_HOUR"))
	wantRefused(t, "a second one", err, "BadRequestException")
	elsewhere := cfg.Copy()
	elsewhere.Region = "us-east-1"
	if _, err := guardduty.NewFromConfig(elsewhere).CreateDetector(ctx, detector("ONE_HOUR")); err != nil {
		t.Errorf("one in another region: %v", err)
	}
	update := func(frequency string) error {
		_, err := client.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{
			DetectorId: made.DetectorId, Enable: aws.Bool(false), FindingPublishingFrequency: guarddutytypes.FindingPublishingFrequency(frequency),
		})
		return err
	}
	wantRefused(t, "an unknown frequency for one that is there", update("DAILY"), "BadRequestException")
	if err := update("SIX_HOURS"); err != nil {
		t.Error(err)
	}
	found, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: made.DetectorId})
	if err != nil || found.Status != guarddutytypes.DetectorStatusDisabled || found.FindingPublishingFrequency != "SIX_HOURS" || found.Tags["Team"] != "shop" {
		t.Errorf("the detector is %+v, %v", found, err)
	}
	gone := &guardduty.DeleteDetectorInput{DetectorId: made.DetectorId}
	if _, err := client.DeleteDetector(ctx, gone); err != nil {
		t.Error(err)
	}
	_, err = client.DeleteDetector(ctx, gone)
	wantRefused(t, "deleting what is gone", err, "BadRequestException")
}
