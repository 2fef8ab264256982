package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsguardduty "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ohmycoins/infra/constructs/guardduty"
	"github.com/ohmycoins/infra/constructs/healthcheck"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/internal/test/policy"
	"github.com/ohmycoins/infra/stacks/environment"
)

// detection has what our own stacks leave off: health checks with their alarms where
// their metrics are, and the detector of a region, made in one and found in it by
// another's provider.
func detection(stack cdk.Scope) {
	provider.NewAwsProvider(stack, jsii.String("virginia"), &provider.AwsProviderConfig{
		Alias: jsii.String("virginia"), Region: jsii.String(kinds.GlobalRegion),
	})
	api := healthcheck.New(stack, "api-check", healthcheck.Config{
		Name: "example-api", URL: "https://api.example.com:8443/health?deep=1", Contains: "true", EverySeconds: 10, Failures: 2,
		MeasureLatency: true, Tags: map[string]string{"Team": "example"},
	})
	site := healthcheck.New(stack, "site-check", healthcheck.Config{Name: "example-site", URL: "https://www.example.com"})
	monitoring.New(stack, "monitoring", detectionConfig(api.ID(), site.ID()))
	made := guardduty.New(stack, "guardduty", guardduty.Config{
		Detector: guardduty.Create, Tags: map[string]string{"Project": "Oh My Coins", "Environment": "staging"},
	})
	off := guardduty.New(stack, "guardduty-off", guardduty.Config{})
	for name, value := range map[string]string{"api": api.ID(), "site": site.ARN(), "detector": made.DetectorID(), "off": off.DetectorID()} {
		cdk.NewOutput(stack, name, cdk.Output{Value: value})
	}
}

// detectionConfig watches the health checks with these ids.
func detectionConfig(api, site string) monitoring.Config {
	return monitoring.Config{
		Name: "example-global", Region: kinds.GlobalRegion, Provider: "virginia",
		Resources: []monitoring.Resource{kinds.HealthCheck{Key: "api", ID: api}, kinds.HealthCheck{Key: "site", ID: site}},
		Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Critical: {monitoring.Email("oncall@example.com")}},
	}
}

// TestDetection applies health checks with alarms in another region, and a detector,
// which a second stack then finds; where there is none its plan fails. Every call for
// them is evaluated: write-detection.json has to be enough, and not too much.
func TestDetection(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	env := environment.Staging()
	recorder := newRecorder(t, "detection", env, policy.NewWorld(localAccount, env))
	server := startAWS(t, func(next http.Handler) http.Handler {
		recorded := recorder.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The alarms and their topics are not those of an environment.
			if signed := r.Header.Get("Authorization"); strings.Contains(signed, "/guardduty/") || strings.Contains(signed, "/route53/") {
				recorded.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil)
	finder := withLocalState(t, workspace(t, reviewed(t, "guardduty-adopt"), as("detection", env, server)))
	if _, err := finder.PlanTo(ctx, filepath.Join(t.TempDir(), "plan")); err == nil {
		t.Error("a detector was found where there is none")
	}
	ws := withLocalState(t, workspace(t, reviewed(t, "detection"), as("detection", env, server)))
	must(t, ws.Apply(ctx))
	wantChanges(t, ws, "applied twice")
	must(t, finder.Apply(ctx))
	outputs, err := ws.Output(ctx)
	must(t, err)
	found, err := finder.Output(ctx)
	must(t, err)
	if diff := cmp.Diff(outputs["detector"], found["detector"]); diff != "" || outputs["detector"] == "" {
		t.Errorf("detector (-made +found):\n%s", diff)
	}
	api, _ := outputs["api"].(string)
	arn, _ := outputs["site"].(string)
	site := strings.TrimPrefix(arn, "arn:aws:route53:::healthcheck/")
	checkHealthChecks(t, route53.NewFromConfig(server.Config()), map[string]route53types.HealthCheckConfig{
		api: {
			Type: "HTTPS_STR_MATCH", FullyQualifiedDomainName: aws.String("api.example.com"), Port: aws.Int32(8443),
			ResourcePath: aws.String("/health?deep=1"), SearchString: aws.String("true"), RequestInterval: aws.Int32(10),
			FailureThreshold: aws.Int32(2), EnableSNI: aws.Bool(true), MeasureLatency: aws.Bool(true),
			Inverted: aws.Bool(false), Disabled: aws.Bool(false),
		},
		site: {
			Type: "HTTPS", FullyQualifiedDomainName: aws.String("www.example.com"), Port: aws.Int32(443),
			ResourcePath: aws.String("/"), RequestInterval: aws.Int32(30),
			FailureThreshold: aws.Int32(3), EnableSNI: aws.Bool(true), MeasureLatency: aws.Bool(false),
			Inverted: aws.Bool(false), Disabled: aws.Bool(false),
		},
	}, map[string]map[string]string{api: {"Name": "example-api", "Team": "example"}, site: {"Name": "example-site"}})
	checkDefinitions(t, server, detectionConfig(api, site))
	id, _ := outputs["detector"].(string)
	detector, err := awsguardduty.NewFromConfig(server.Config()).GetDetector(ctx, &awsguardduty.GetDetectorInput{DetectorId: &id})
	must(t, err)
	if detector.Status != "ENABLED" || detector.FindingPublishingFrequency != "FIFTEEN_MINUTES" || detector.Tags["Environment"] != "staging" {
		t.Errorf("the detector is %s, publishes every %s and has the tags %v", detector.Status, detector.FindingPublishingFrequency, detector.Tags)
	}
	ws.put(t, strings.NewReplacer(
		`"finding_publishing_frequency": "FIFTEEN_MINUTES"`, `"finding_publishing_frequency": "ONE_HOUR"`,
		`"failure_threshold": 2`, `"failure_threshold": 3`,
		`"Name": "example-site"`, `"CostCenter": "1"`,
	).Replace(reviewed(t, "detection")))
	must(t, ws.Apply(ctx))
	must(t, ws.Destroy(ctx))

	if err := recorder.Err(); err != nil {
		t.Errorf("policies of the role:\n%v", err)
	}
	asked := map[string]bool{}
	for _, action := range recorder.Asked() {
		asked[action] = true
	}
	doc, err := policy.Read("write-detection", env, localAccount)
	must(t, err)
	for _, problem := range (policy.Role{Policies: []policy.Document{doc}}).Unused(asked, map[string]string{
		"iam:CreateServiceLinkedRole": "GuardDuty asks for it with the caller's permissions",
		"guardduty:UntagResource":     "a tag of the detector that goes: the emulator has no such call",
	}) {
		t.Error("write-detection.json: " + problem)
	}
}

// checkHealthChecks compares the health checks that AWS has, by id, and their tags.
func checkHealthChecks(t *testing.T, client *route53.Client, want map[string]route53types.HealthCheckConfig, wantTags map[string]map[string]string) {
	t.Helper()
	list, err := client.ListHealthChecks(t.Context(), &route53.ListHealthChecksInput{})
	must(t, err)
	if len(list.HealthChecks) != len(want) {
		t.Errorf("there are %d health checks, want %d", len(list.HealthChecks), len(want))
	}
	for id, wanted := range want {
		found, err := client.GetHealthCheck(t.Context(), &route53.GetHealthCheckInput{HealthCheckId: &id})
		must(t, err)
		if diff := cmp.Diff(wanted, *found.HealthCheck.HealthCheckConfig, cmpopts.IgnoreUnexported(wanted), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("health check %s (-want +got):\n%s", id, diff)
		}
		tagged, err := client.ListTagsForResource(t.Context(), &route53.ListTagsForResourceInput{ResourceType: "healthcheck", ResourceId: &id})
		must(t, err)
		tags := map[string]string{}
		for _, tag := range tagged.ResourceTagSet.Tags {
			tags[*tag.Key] = *tag.Value
		}
		if diff := cmp.Diff(wantTags[id], tags); diff != "" {
			t.Errorf("tags of health check %s (-want +got):\n%s", id, diff)
		}
	}
}

// withLocalState has a stack keep its state in its folder, and makes it ready.
func withLocalState(t *testing.T, ws stackWorkspace) stackWorkspace {
	t.Helper()
	const override = `{"terraform": {"backend": {"local": {}}}}`
	must(t, os.WriteFile(filepath.Join(ws.dir, "backend_override.tf.json"), []byte(override), 0o600))
	must(t, ws.Init(t.Context()))
	return ws
}
