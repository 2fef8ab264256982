package verbs

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

func TestRecordKeys(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var keys []string
	for _, after := range []time.Duration{0, time.Second, time.Hour, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		keys = append(keys, recordKey(&Record{Started: at.Add(after), ID: newID(at.Add(after))}))
	}
	newestFirst := slices.Clone(keys)
	slices.Reverse(newestFirst)
	if !slices.IsSorted(newestFirst) {
		t.Errorf("%v: an alphabetical list has the newest last", keys)
	}
	if one, two := newID(at), newID(at); one == two {
		t.Error("two ids are the same")
	}
}

func TestLockExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lock := Lock{ID: "x", Verb: "deploy", Owner: "me", Host: "here", Time: at, TimeoutSeconds: 60}
	for after, want := range map[time.Duration]bool{0: false, time.Minute: false, time.Minute + time.Second: true, -time.Hour: false} {
		if got := lock.Expired(at.Add(after)); got != want {
			t.Errorf("after %v: %v", after, got)
		}
		if said := strings.Contains(lock.describe(at.Add(after)), "older than its own time-out of 1m0s"); said != want {
			t.Errorf("after %v: %s", after, lock.describe(at.Add(after)))
		}
	}
}

func TestDescribeLast(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := func(change func(*Record)) *Record {
		r := &Record{ID: "r1", Verb: "deploy", By: "me", Host: "here", Commit: "0123", Started: at, Updated: at, Step: "updating the services", Services: []ServiceRecord{{
			Name: "P-backend", Touched: true, Before: Version{TaskDefinition: "x:task-definition/a:1"}, After: Version{TaskDefinition: "x:task-definition/a:2"},
		}}}
		change(r)
		return r
	}
	done := func(o Outcome) func(*Record) { return func(r *Record) { r.Finished, r.Outcome = at, o } }
	same := func(*Record) {}
	for name, test := range map[string]struct {
		last *Record
		lock *Lock
		want string
	}{
		"none":          {nil, nil, "none"},
		"succeeded":     {record(done(Succeeded)), nil, "deploy r1 by me on here, commit 0123: succeeded at 2026-01-02T03:04:05Z"},
		"stuck":         {record(done(Stuck)), nil, "rollback failed"},
		"running":       {record(same), &Lock{ID: "r1", Time: at, TimeoutSeconds: 3600}, "it is running"},
		"crashed":       {record(same), nil, "it did not finish; P-backend was or may have been updated from a:1 to a:2"},
		"crashed early": {record(func(r *Record) { r.Services[0].Touched = false }), nil, "no service was touched"},
		"another runs":  {record(same), &Lock{ID: "r2", Time: at, TimeoutSeconds: 3600}, "it did not finish"},
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
	definition := func(n string) Version {
		return Version{TaskDefinition: "arn:aws:ecs:ap-southeast-2:000000000000:task-definition/app:" + n}
	}
	record := func(verb string, outcome Outcome) *Record {
		r := &Record{ID: "r1", Verb: verb, Started: at, Updated: at, Outcome: outcome, Services: []ServiceRecord{
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
	on := func(id string) ecstypes.Deployment { return deploymentOf(id, "PRIMARY", completed, 2) }
	before, after, half := running(on("d1"), on("d1")), running(on("d2"), on("d2")), running(on("d1"), on("d2"))
	rollback := []string{"omc rollback staging"}
	for name, test := range map[string]struct {
		last     *Record
		lock     *Lock
		services map[string]ecstypes.Service
		want     []string
	}{
		"none":                         {nil, nil, before, nil},
		"succeeded":                    {record(verbDeploy, Succeeded), nil, after, nil},
		"stuck":                        {record(verbDeploy, Stuck), nil, after, rollback},
		"stuck, half":                  {record(verbDeploy, Stuck), nil, half, rollback},
		"stuck, and put back since":    {record(verbDeploy, Stuck), nil, before, nil},
		"stuck, on its way back":       {record(verbDeploy, Stuck), nil, running(on("d1"), deploymentOf("d1", "PRIMARY", begun, 1)), rollback},
		"stuck, and updated by others": {record(verbDeploy, Stuck), nil, running(on("d3"), on("d3")), nil},
		"stuck, one by others":         {record(verbDeploy, Stuck), nil, running(on("d3"), on("d2")), []string{"omc rollback staging --service frontend"}},
		"stuck, not known":             {record(verbDeploy, Stuck), nil, nil, nil},
		"left as it is":                {record(verbDeploy, Failed), nil, after, rollback},
		"rolled back":                  {record(verbDeploy, RolledBack), nil, before, nil},
		"a rollback, stuck":            {record(verbRollback, Stuck), nil, before, rollback},
		"a rollback, done":             {record(verbRollback, Stuck), nil, after, nil},
		"running":                      {record(verbDeploy, ""), &Lock{ID: "r1", Time: at, TimeoutSeconds: 3600}, half, nil},
		"crashed":                      {record(verbDeploy, ""), nil, half, rollback},
		"crashed, nothing came of it":  {record(verbDeploy, ""), nil, before, nil},
		"crashed, locked":              {record(verbDeploy, ""), &Lock{ID: "r1", Time: at, TimeoutSeconds: 1}, after, []string{"omc unlock staging", "omc rollback staging"}},
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
	if status, err = b.another().app.Status(t.Context()); err != nil || len(status.Next) > 0 || status.Last.Outcome != Failed {
		t.Fatalf("%v: %q after %v", err, status.Next, status.Last.Outcome)
	}
}
