package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ohmycoins/infra/constructs/monitoring"
	definition "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	omcaccount "github.com/ohmycoins/infra/internal/omc/account"
	"github.com/ohmycoins/infra/internal/test/localaws"
)

// TestReadBack applies what our own stacks have little of, together in one account:
// an alarm of every kind, and everything that budgets, canaries and events can have. It
// looks at all of it through the API of AWS.
func TestReadBack(t *testing.T) {
	t.Parallel() // the provider waits a minute for queues and rules of buckets
	server := startAWS(t, nil, nil)
	arn := func(service, region, name string) string {
		return "arn:aws:" + service + ":" + region + ":" + localAccount + ":" + name
	}
	topic, secret := arn("sns", "ap-southeast-2", "team"), arn("secretsmanager", "ap-southeast-2", "secret:example-AbCdEf")
	canary := map[string]string{
		"bucket": "example-canaries", "role": "example-canaries", "boundary": arn("iam", "", "policy/example-boundary"),
		"name": "example-bucket", "url": "https://www.example.com/",
	}
	variables := map[string]string{
		"budget-full-topic-arn": topic, "events-full-cluster": "example", "events-full-secret-arn": secret,
	}
	for name, value := range canary {
		variables["canary-full-"+name] = value
	}
	stacks := map[string]string{}
	for _, id := range []string{"monitoring-kinds", "budget-full", "canary-full", "events-full"} {
		stacks[id] = reviewed(t, id)
	}
	ws := group(t, stacks, server.Env())
	ws.setVariables(t, variables)
	must(t, ws.Init(t.Context()))
	must(t, ws.Apply(t.Context()))
	wantChanges(t, ws, "applied twice")

	here, global := everyKindConfigs()
	checkDefinitions(t, server, here)
	checkDefinitions(t, server, global)
	checkBudget(t, server, everyBudgetConfig(topic))
	checkCanaries(t, server, everyCanaryConfig(func(id string) string { return canary[id] }), "Team")
	told, watched := everyEventConfigs("example", secret)
	checkDefinitions(t, server, watched)
	told.Topics = map[monitoring.Severity][]string{
		monitoring.Critical: {arn("sns", told.Region, "example-critical"), "arn:aws:sns:ap-southeast-2:000000000000:pager"},
		monitoring.Warning:  {"arn:aws:sns:ap-southeast-2:000000000000:team"},
	}
	cfg := server.Config()
	checkRules(t, eventbridge.NewFromConfig(cfg), sqs.NewFromConfig(cfg), told)
}

// setVariables gives the variables of a stack their values.
func (w stackWorkspace) setVariables(t *testing.T, values map[string]string) {
	t.Helper()
	content, err := json.Marshal(values)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(w.dir, "terraform.tfvars.json"), content, 0o600))
}

// checkDefinitions compares the alarms that AWS has of a configuration with its
// definitions: every field, as whoever reads alarms in AWS sees it.
func checkDefinitions(t *testing.T, server *localaws.Server, cfg monitoring.Config) {
	t.Helper()
	region := server.Config()
	region.Region = cfg.Region
	all, err := omcaccount.Alarms(t.Context(), cloudwatch.NewFromConfig(region, localaws.CloudWatchJSON))
	must(t, err)
	of := func(name string) bool { return strings.HasPrefix(name, cfg.Name+"/") }
	var gotMetrics []definition.MetricAlarm
	var gotComposites []definition.CompositeAlarm
	for _, a := range all.Metrics {
		if of(a.Name) {
			gotMetrics = append(gotMetrics, a.MetricAlarm)
		}
	}
	for _, a := range all.Composites {
		if of(a.Name) {
			gotComposites = append(gotComposites, a.CompositeAlarm)
		}
	}
	wantMetrics, wantComposites := cfg.Definitions()
	if len(wantMetrics) == 0 {
		t.Errorf("%s has no alarms to read back", cfg.Name)
	}
	for i := range wantMetrics {
		actionsInAWS(&wantMetrics[i].Actions, cfg.Region)
	}
	for i := range wantComposites {
		actionsInAWS(&wantComposites[i].Actions, cfg.Region)
	}
	options := cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b definition.MetricAlarm) bool { return a.Name < b.Name }),
		cmpopts.SortSlices(func(a, b definition.CompositeAlarm) bool { return a.Name < b.Name }),
		cmpopts.SortSlices(func(a, b definition.Query) bool { return a.ID < b.ID }),
		cmpopts.SortSlices(func(a, b definition.Dimension) bool { return a.Name < b.Name }),
		// Nobody tells CloudWatch the unit, and DescribeAlarms does not tell tags.
		cmpopts.IgnoreFields(definition.Metric{}, "Unit"), cmpopts.IgnoreFields(definition.Query{}, "Unit"),
		cmpopts.IgnoreFields(definition.MetricAlarm{}, "Tags"), cmpopts.IgnoreFields(definition.CompositeAlarm{}, "Tags"),
	}
	if diff := cmp.Diff(wantMetrics, gotMetrics, options); diff != "" {
		t.Errorf("alarms of %s (-want +got):\n%s", cfg.Name, diff)
	}
	if diff := cmp.Diff(wantComposites, gotComposites, options); diff != "" {
		t.Errorf("composite alarms of %s (-want +got):\n%s", cfg.Name, diff)
	}
}

// actionsInAWS puts the ARNs of topics in place of their names.
func actionsInAWS(actions *definition.Actions, region string) {
	for _, list := range []*[]string{&actions.Alarm, &actions.OK, &actions.InsufficientData} {
		*list = slices.Clone(*list)
		for i, name := range *list {
			if !strings.HasPrefix(name, "arn:") {
				(*list)[i] = "arn:aws:sns:" + region + ":" + localAccount + ":" + name
			}
		}
	}
}
