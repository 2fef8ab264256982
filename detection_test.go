package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/provider"
	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/guardduty"
	"github.com/ohmycoins/infra/constructs/healthcheck"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/internal/cdk"
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
	monitoring.New(stack, "monitoring", monitoring.Config{
		Name: "example-global", Region: kinds.GlobalRegion, Provider: "virginia",
		Resources: []monitoring.Resource{api.Resource("api"), site.Resource("site")},
		Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Critical: {monitoring.Email("oncall@example.com")}},
	})
	made := guardduty.New(stack, "guardduty", guardduty.Config{Detector: guardduty.Create, Tags: map[string]string{"Team": "example"}})
	off := guardduty.New(stack, "guardduty-off", guardduty.Config{})
	for name, value := range map[string]string{"api": api.ID(), "site": site.ARN(), "detector": made.DetectorID(), "off": off.DetectorID()} {
		cdk.NewOutput(stack, name, cdk.Output{Value: value})
	}
}

// TestDetection applies health checks with alarms in another region, and a detector,
// which a second stack then finds; where there is none its plan fails.
func TestDetection(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := startAWS(t, nil, nil)
	finder := withLocalState(t, workspace(t, reviewed(t, "guardduty-adopt"), server.Env()))
	if _, err := finder.PlanTo(ctx, filepath.Join(t.TempDir(), "plan")); err == nil {
		t.Error("a detector was found where there is none")
	}
	ws := withLocalState(t, workspace(t, reviewed(t, "detection"), server.Env()))
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
	must(t, finder.Destroy(ctx))
	must(t, ws.Destroy(ctx))
}

// withLocalState has a stack keep its state in its folder, and makes it ready.
func withLocalState(t *testing.T, ws stackWorkspace) stackWorkspace {
	t.Helper()
	const override = `{"terraform": {"backend": {"local": {}}}}`
	must(t, os.WriteFile(filepath.Join(ws.dir, "backend_override.tf.json"), []byte(override), 0o600))
	must(t, ws.Init(t.Context()))
	return ws
}
