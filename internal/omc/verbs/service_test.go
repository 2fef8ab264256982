package verbs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// TestDeployOneService leaves the other service alone, and a rollback later knows it.
func TestDeployOneService(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.Service = "backend"
	// What is wrong with the other one is no reason not to.
	b.service("frontend").Desired = 0
	b.cloud.Answers["/app/frontend/"] = fakeaws.Answer{Status: 503}
	result, err := b.deploy()
	if err != nil || len(result.Services) != 1 || !slices.Equal(b.builder.built, []string{"backend"}) {
		t.Fatalf("%+v, built %v: %v", result.Services, b.builder.built, err)
	}
	if b.runs("backend") != "ohmycoins-staging-backend:48" || b.runs("frontend") != "ohmycoins-staging-frontend:41" || b.cloud.Count("UpdateService") != 1 {
		t.Errorf("%s and %s run", b.runs("backend"), b.runs("frontend"))
	}
	record := b.record()
	if len(record.Services) != 2 || record.Services[1].Touched || record.Services[1].After.TaskDefinition == "" ||
		record.Services[1].After.TaskDefinition != record.Services[1].Before.TaskDefinition {
		t.Errorf("record: %+v", record.Services)
	}
	b.service("frontend").Desired = 2
	if result, err := b.another().app.Rollback(t.Context(), RollbackOptions{}); err != nil || b.runs("backend") != "ohmycoins-staging-backend:41" {
		t.Errorf("%v: %v, %s runs", result.Outcome, err, b.runs("backend"))
	}
	for want, opt := range map[string]Options{
		`--service: is "other", want backend or frontend`:                {Service: "other"},
		"--image: is for frontend, which --service backend leaves alone": {Service: "backend", Images: map[string]string{"frontend": "x"}},
	} {
		opt.Builder = b.builder
		if result, err := b.app.Deploy(t.Context(), opt); result.Outcome != report.NothingChanged || fmt.Sprint(err) != want {
			t.Errorf("%v: %v, want %s", result.Outcome, err, want)
		}
	}
}

// What runs already is not rolled out again, unless that is what is wanted.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	b.opt.Force = false
	for _, dryRun := range []bool{false, true} {
		before := len(b.cloud.Calls())
		b.opt.DryRun = dryRun
		result, err := b.deploy()
		if err != nil || result.ExitStatus() != 0 || len(result.Services) != 2 {
			t.Fatalf("%v: %v", result.Outcome, err)
		}
		for _, op := range ops(b.cloud.Calls()[before:]) {
			if fakeaws.IsWrite(op) {
				t.Errorf("%s was called", op)
			}
		}
		contains(t, strings.Join(result.State, "\n"), "nothing to do: the same images run already", "omc deploy staging --force")
		if !dryRun {
			contains(t, result.Page().Title, "omc deploy staging: succeeded, nothing to do, commit ")
		}
	}
	b.opt.DryRun = false
	for name, change := range map[string]func(b *bench){
		"force":             func(b *bench) { b.opt.Force = true },
		"another commit":    func(b *bench) { b.dirty(); b.opt.AllowDirty = true },
		"a failed roll-out": func(b *bench) { b.service("backend").Deployments[0].State = "FAILED" },
		"tasks are missing": func(b *bench) { b.service("frontend").Deployments[0].Running = 1 },
	} {
		b := newBench(t)
		if _, err := b.deploy(); err != nil {
			t.Fatal(err)
		}
		b.opt.Force = false
		change(b)
		before := b.cloud.Count("UpdateService")
		if _, err := b.deploy(); err != nil || b.cloud.Count("UpdateService") == before {
			t.Errorf("%s: %v, nothing was updated", name, err)
		}
	}
}
