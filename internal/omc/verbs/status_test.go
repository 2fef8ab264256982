package verbs

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

func TestDescribeLast(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := func(change func(*ledger.Record)) *ledger.Record {
		r := &ledger.Record{ID: "r1", Verb: "deploy", By: "me", Host: "here", Commit: "0123", Started: at, Updated: at, Step: "updating the services", Services: []ledger.ServiceRecord{{
			Name: "P-backend", Touched: true, Before: ledger.Version{TaskDefinition: "x:task-definition/a:1"}, After: ledger.Version{TaskDefinition: "x:task-definition/a:2"},
		}}}
		change(r)
		return r
	}
	done := func(o report.Outcome) func(*ledger.Record) {
		return func(r *ledger.Record) { r.Finished, r.Outcome = at, o }
	}
	same := func(*ledger.Record) {}
	for name, test := range map[string]struct {
		last *ledger.Record
		lock *ledger.Lock
		want string
	}{
		"none":          {nil, nil, "none"},
		"succeeded":     {record(done(report.Succeeded)), nil, "deploy r1 by me on here, commit 0123: succeeded at 2026-01-02T03:04:05Z"},
		"stuck":         {record(done(report.Stuck)), nil, "rollback failed"},
		"running":       {record(same), &ledger.Lock{ID: "r1", Time: at, TimeoutSeconds: 3600}, "it is running"},
		"crashed":       {record(same), nil, "it did not finish; P-backend was or may have been updated from a:1 to a:2"},
		"crashed early": {record(func(r *ledger.Record) { r.Services[0].Touched = false }), nil, "no service was touched"},
		"another runs":  {record(same), &ledger.Lock{ID: "r2", Time: at, TimeoutSeconds: 3600}, "it did not finish"},
	} {
		if text := describeLast(test.last, test.lock, at.Add(time.Minute)); !strings.Contains(text, test.want) {
			t.Errorf("%s: %q, want %q", name, text, test.want)
		}
	}
}

// What is advised goes by what runs now, not by what the record says about it.
func TestWhatToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at, app := b.cloud.Clock.Now(), b.app
	b.cloud.Clock.Advance(time.Minute)
	const completed, begun = ecstypes.DeploymentRolloutStateCompleted, ecstypes.DeploymentRolloutStateInProgress
	definition := func(n string) ledger.Version {
		return ledger.Version{TaskDefinition: "arn:aws:ecs:ap-southeast-2:000000000000:task-definition/app:" + n}
	}
	record := func(verb string, outcome report.Outcome) *ledger.Record {
		r := &ledger.Record{ID: "r1", Verb: verb, Started: at, Updated: at, Outcome: outcome, Services: []ledger.ServiceRecord{
			{Service: "backend", Touched: true, Before: definition("1"), After: definition("2")},
			{Service: "frontend", Touched: true, Before: definition("1"), After: definition("2")},
		}}
		if outcome != "" {
			r.Finished = at
		}
		return r
	}
	running := func(backend, frontend ecstypes.Deployment) map[string]ecstypes.Service {
		services := map[string]ecstypes.Service{}
		for name, d := range map[string]ecstypes.Deployment{"ohmycoins-staging-backend": backend, "ohmycoins-staging-frontend": frontend} {
			services[name] = ecstypes.Service{Status: aws.String("ACTIVE"), Deployments: []ecstypes.Deployment{d}}
		}
		return services
	}
	on := func(id string) ecstypes.Deployment { return primary(id, completed, 2) }
	before, after, half := running(on("d1"), on("d1")), running(on("d2"), on("d2")), running(on("d1"), on("d2"))
	rollback := []string{"omc rollback staging"}
	for name, test := range map[string]struct {
		last     *ledger.Record
		lock     *ledger.Lock
		services map[string]ecstypes.Service
		want     []string
	}{
		"none":                         {nil, nil, before, nil},
		"succeeded":                    {record(verbDeploy, report.Succeeded), nil, after, nil},
		"stuck":                        {record(verbDeploy, report.Stuck), nil, after, rollback},
		"stuck, half":                  {record(verbDeploy, report.Stuck), nil, half, rollback},
		"stuck, and put back since":    {record(verbDeploy, report.Stuck), nil, before, nil},
		"stuck, on its way back":       {record(verbDeploy, report.Stuck), nil, running(on("d1"), primary("d1", begun, 1)), rollback},
		"stuck, and updated by others": {record(verbDeploy, report.Stuck), nil, running(on("d3"), on("d3")), nil},
		"stuck, one by others":         {record(verbDeploy, report.Stuck), nil, running(on("d3"), on("d2")), []string{"omc rollback staging --service frontend"}},
		"stuck, not known":             {record(verbDeploy, report.Stuck), nil, nil, nil},
		"left as it is":                {record(verbDeploy, report.Failed), nil, after, rollback},
		"rolled back":                  {record(verbDeploy, report.RolledBack), nil, before, nil},
		"a rollback, stuck":            {record(verbRollback, report.Stuck), nil, before, rollback},
		"a rollback, done":             {record(verbRollback, report.Stuck), nil, after, nil},
		"running":                      {record(verbDeploy, ""), &ledger.Lock{ID: "r1", Time: at, TimeoutSeconds: 3600}, half, nil},
		"crashed":                      {record(verbDeploy, ""), nil, half, rollback},
		"crashed, nothing came of it":  {record(verbDeploy, ""), nil, before, nil},
		"crashed, locked":              {record(verbDeploy, ""), &ledger.Lock{ID: "r1", Time: at, TimeoutSeconds: 1}, after, []string{"omc unlock staging", "omc rollback staging"}},
	} {
		if got := app.whatToDo(test.last, test.lock, test.services); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// The end of a deployment and the status after it advise the same; when somebody has put the
// services back, the record still says what it said, and the status advises nothing.
func TestStatusAdvisesWhatTheEndDid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.NoRollback = true
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.Fails}}
	result, err := b.deploy()
	if err == nil {
		t.Fatal("it succeeded")
	}
	contains(t, strings.Join(result.State, "\n"), "to return to what ran before: omc rollback staging")
	status, err := b.another().app.Status(t.Context())
	if err != nil || !slices.Equal(status.Next, []string{"omc rollback staging"}) {
		t.Fatalf("%v: %q", err, status.Next)
	}
	b.cloud.Lock(func() { b.cloud.Runs("backend", 41); b.cloud.Runs("frontend", 41) })
	if status, err = b.another().app.Status(t.Context()); err != nil || len(status.Next) > 0 || status.Last.Outcome != report.Failed {
		t.Fatalf("%v: %q after %v", err, status.Next, status.Last.Outcome)
	}
}

func TestStatusAsText(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	Status{
		Services: []ServiceStatus{{Service: "backend", Status: "ACTIVE", Revision: "app:7", Running: 1, Desired: 2, Pending: 1, Rollout: "IN_PROGRESS (2 deployments)", Image: "1.dkr/omc-backend@sha256:" + strings.Repeat("a", 64)}},
		Alarms:   []AlarmStatus{{Name: "cpu", State: "ALARM", Reason: "hot"}}, AlarmsTotal: aws.Int(9), LastText: "none", Next: []string{"omc unlock staging"},
	}.Page().WriteText(&out)
	contains(t, out.String(), "SERVICE  STATUS", "1/2 (1 pending)", "IN_PROGRESS (2 deployments)", "omc-backend@sha256:aaaaaaaaaaaa\n", "Alarms: 9, of which 1 are not OK", "ALARM cpu: hot", "What to do: omc unlock staging")
}

// primary is the newest deployment of a service: revision 1 of app when its id is d1.
func primary(id string, state ecstypes.DeploymentRolloutState, running int32) ecstypes.Deployment {
	return ecstypes.Deployment{
		Id: &id, Status: aws.String("PRIMARY"), RolloutState: state, RunningCount: running, DesiredCount: 2,
		TaskDefinition: aws.String("arn:aws:ecs:ap-southeast-2:000000000000:task-definition/app:" + strings.TrimLeft(id, "d")),
	}
}
