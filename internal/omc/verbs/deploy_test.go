package verbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

const lockObject = "ohmycoins-terraform-state/deployments/staging/lock.json"

func TestDeploySucceeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil || result.Outcome != report.Succeeded {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	for _, key := range []string{"backend", "frontend"} {
		if got := b.runs(key); got != "ohmycoins-staging-"+key+":48" {
			t.Errorf("%s runs %s", key, got)
		}
		config, _ := json.Marshal(b.service(key).Configuration)
		contains(t, string(config), `"deploymentCircuitBreaker":{"enable":true,"rollback":true}`, `"maximumPercent":200`, `"minimumHealthyPercent":50`, `unhealthy-targets"],"enable":true,"rollback":true}`)
	}
	if b.locked() {
		t.Error("the lock was not given back")
	}
	record := b.record()
	if record.Outcome != report.Succeeded || record.Finished.IsZero() || len(record.Services) != 2 {
		t.Errorf("record: %+v", record)
	}
	for _, s := range record.Services {
		if s.Before.Desired != 2 || s.Before.Running != 2 || !strings.HasPrefix(s.Before.Deployment, "ecs-svc/before-") || s.Before.Digest == "" {
			t.Errorf("record of what ran before: %+v", s.Before)
		}
		if s.After.Digest == "" || s.After.Digest == s.Before.Digest || !strings.HasSuffix(s.After.Image, "@"+s.After.Digest) {
			t.Errorf("record of what runs now: %+v", s.After)
		}
	}
	for _, repository := range b.cloud.Repositories {
		if len(repository.Images) != 2 || repository.Images["latest"] != "" {
			t.Errorf("tags: %v, want the commit and the time", repository.Images)
		}
	}
	contains(t, b.log.text(), "running migrations", "has reached a steady state", "completed", "200, as wanted")

	var text strings.Builder
	result.Page().WriteText(&text)
	contains(t, text.String(), "omc deploy staging: succeeded, commit ", "ohmycoins-staging-backend:41", "ohmycoins-staging-backend:48", "/health-check/")

	// On the wire, too, the new revision differs in nothing but the image.
	before, after := b.cloud.Definitions[record.Services[0].Before.TaskDefinition], b.cloud.Definitions[record.Services[0].After.TaskDefinition]
	container := func(definition map[string]any) map[string]any {
		return definition["containerDefinitions"].([]any)[0].(map[string]any)
	}
	if container(before)["image"] == container(after)["image"] {
		t.Error("the image is the same as before")
	}
	container(after)["image"] = container(before)["image"]
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the new revision differs in more than the image:\n%s", diff)
	}

	// The record is there before anything in ECS changes, and the lock before that.
	calls := ops(b.cloud.Calls())
	firstPut, register := slices.Index(calls, "PutObject"), slices.Index(calls, "RegisterTaskDefinition")
	puts := 0
	for _, op := range calls[:register] {
		if op == "PutObject" {
			puts++
		}
	}
	if firstPut < 0 || puts != 2 {
		t.Errorf("%d objects were written before the first revision, want the lock and the record", puts)
	}
	if run, update := slices.Index(calls, "RunTask"), slices.Index(calls, "UpdateService"); run < register || update < run {
		t.Errorf("order: register %d, migrate %d, update %d", register, run, update)
	}
}

func TestFailureIsNoticedWithinTwoPolls(t *testing.T) {
	t.Parallel()
	for _, end := range []fakeaws.End{fakeaws.Fails, fakeaws.Returned} {
		b := newBench(t)
		b.service("backend").Script = []fakeaws.Rollout{{Looks: 4, End: end}, {Looks: 1}}
		b.service("frontend").Script = []fakeaws.Rollout{{Looks: 40}, {Looks: 1}} // it goes on
		if _, err := b.deploy(); err == nil {
			t.Fatal("no error")
		}
		var failedAt time.Time
		n := 0
		for _, call := range b.cloud.Calls() {
			if call.Op == "DescribeServices" {
				if n++; n == 2+4 { // two before the roll-out
					failedAt = call.At
				}
			}
		}
		if took := b.cloud.Clock.Now().Sub(failedAt); took > 2*awsapi.PollInterval {
			t.Errorf("%s: %v from the failure to the end, want two polls at most", end, took)
		}
	}
}

func TestServicesRollOutSideBySide(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 24}}
	b.service("frontend").Script = []fakeaws.Rollout{{Looks: 12}}
	started := b.cloud.Clock.Now()
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
	took := b.cloud.Clock.Now().Sub(started)
	if slower := 24*awsapi.PollInterval + 2*migrationInterval; took > slower+awsapi.PollInterval {
		t.Errorf("it took %v, the slower service alone %v", took, slower)
	}
}

// TestCallsWhileWaiting counts the calls of every minute between the update and the end,
// and apart from them the signs of life of the lock: they go to S3, and bother nobody.
func TestCallsWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]*fakeaws.Fault{
		"quiet":     nil,
		"throttled": {{Op: "DescribeServices", After: 5, Times: 40, Kind: fakeaws.Throttled}},
	} {
		b := newBench(t)
		b.cloud.Faults = faults
		b.cloud.Migration.Polls = 30
		b.service("backend").Script = []fakeaws.Rollout{{Looks: 60}}
		if _, err := b.deploy(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		isSign := func(c fakeaws.Call) bool { return c.Op == "PutObject" && strings.Contains(c.Body, "heartbeatSeconds") }
		isOther := func(c fakeaws.Call) bool { return !isSign(c) }
		// While the migration runs, and while the roll-out does.
		for from, poll := range map[string]string{"RunTask": "DescribeTasks", "UpdateService": "DescribeServices"} {
			calls := waiting(b.cloud.Calls(), from, poll)
			if n := busiest(t, slices.DeleteFunc(slices.Clone(calls), isSign)); n > 12 {
				t.Errorf("%s: %d calls in a minute after %s, want 12 at most", name, n, from)
			}
			if n := busiest(t, slices.DeleteFunc(slices.Clone(calls), isOther)); n > 3 {
				t.Errorf("%s: %d signs of life in a minute after %s, want 3 at most", name, n, from)
			}
		}
	}
}

// waiting returns the calls of a wait: from the first poll to the last, after a call.
func waiting(calls []fakeaws.Call, from, poll string) []fakeaws.Call {
	calls = calls[slices.Index(ops(calls), from):]
	isPoll := func(c fakeaws.Call) bool { return c.Op == poll }
	calls = calls[slices.IndexFunc(calls, isPoll):]
	for !isPoll(calls[len(calls)-1]) {
		calls = calls[:len(calls)-1]
	}
	return calls
}

// busiest returns how many calls came in the busiest minute.
func busiest(t *testing.T, calls []fakeaws.Call) int {
	t.Helper()
	if len(calls) < 5 {
		t.Fatalf("only %d calls", len(calls))
	}
	most := 0
	for i := range calls {
		n := 0
		for _, later := range calls[i:] {
			if later.At.Sub(calls[i].At) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestImages(t *testing.T) {
	t.Parallel()
	t.Run("built once for a commit", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		for range 2 {
			if _, err := b.deploy(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(sorted(b.builder.built), []string{"backend", "frontend"}) {
			t.Errorf("built: %v", b.builder.built)
		}
	})
	t.Run("given", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		digest := fakeaws.Digest("given")
		b.cloud.Repositories["omc-backend"].Images["some"] = digest
		b.opt.Images = map[string]string{"backend": "omc-backend@" + digest}
		result, err := b.deploy()
		if err != nil || result.Services[0].After.Digest != digest {
			t.Errorf("%+v: %v", result.Services, err)
		}
		if !slices.Equal(b.builder.built, []string{"frontend"}) {
			t.Errorf("built: %v", b.builder.built)
		}
	})
	t.Run("dirty", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.dirty()
		b.opt.AllowDirty = true
		if _, err := b.deploy(); err != nil {
			t.Fatal(err)
		}
		for tag := range b.cloud.Repositories["omc-backend"].Images {
			if !strings.Contains(tag, "-dirty-20260102T030405Z") && tag != "staging-20260102T030405Z" {
				t.Errorf("tag %s", tag)
			}
		}
	})
	t.Run("the build fails", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.builder.failOn = "frontend"
		result, err := b.deploy()
		if result.Outcome != report.Failed || b.locked() {
			t.Errorf("%v: %v", result.Outcome, err)
		}
		contains(t, result.Page().Title, "failed, no service was touched")
		contains(t, fmt.Sprint(err), "building frontend: no space left on device")
	})
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.DryRun = true
	result, err := b.deploy()
	if err != nil || result.Outcome != report.Planned {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	for _, op := range ops(b.cloud.Calls()) {
		if fakeaws.IsWrite(op) {
			t.Errorf("%s was called", op)
		}
	}
	contains(t, b.log.text(), "would build backend/Dockerfile with fake", `would run "bash scripts/prestart.sh"`, "would update ohmycoins-staging-frontend")
}

// A dry run whose prerequisites fail lists them all, and still says what it would do as
// far as that can be read.
func TestDryRunWithFindings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*bench)
		wants  []string // in what is reported
	}{
		"a lock, an alarm and a dirty tree": {func(b *bench) {
			b.lockedBy(b.cloud.Clock.Now())
			b.cloud.Alarms["ohmycoins-staging/alb/5xx-high"] = "ALARM"
			b.dirty()
		}, []string{"backend: would build backend/Dockerfile", "backend: image 000000000000.dkr.ecr", "frontend: would update"}},
		"a service is missing": {func(b *bench) { delete(b.cloud.Services, "ohmycoins-staging-backend") }, []string{
			"backend: what runs now could not be read", "backend: would build", "backend: image unknown -> ", "frontend: image 000000000000.dkr.ecr",
		}},
		"a repository is missing": {func(b *bench) { delete(b.cloud.Repositories, "omc-backend") }, []string{"would build backend/Dockerfile with fake and push it as "}},
		"no working tree":         {func(b *bench) { b.opt.Source = t.TempDir() }, []string{"would build backend/Dockerfile, but what from could not be read", "-> an image of 000000000000.dkr.ecr"}},
		"an unknown image": {func(b *bench) {
			b.opt.Images = map[string]string{"backend": "omc-backend@" + fakeaws.Digest("x")}
		}, []string{"backend: would use omc-backend@sha256:", "which was not found"}},
		"no credentials": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Expired}} }, []string{"backend: what runs now could not be read", "would build backend/Dockerfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.opt.DryRun = true
			test.change(b)
			result, err := b.deploy()
			if err == nil || result.ExitStatus() != 2 || len(result.Findings) == 0 || len(result.Services) != 2 {
				t.Fatalf("%v: %v: %+v", result.Outcome, err, result.Services)
			}
			contains(t, b.log.text(), test.wants...)
			for _, op := range ops(b.cloud.Calls()) {
				if fakeaws.IsWrite(op) {
					t.Errorf("%s was called", op)
				}
			}
		})
	}
}

func TestNoRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.opt.NoRollback = true
	b.service("backend").Script = []fakeaws.Rollout{{Looks: 2, End: fakeaws.FailsAndReturns}}
	result, err := b.deploy()
	if err == nil || result.Outcome != report.Failed || b.cloud.Count("UpdateService") != 2 || b.locked() {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	contains(t, strings.Join(result.State, "\n"), "ohmycoins-staging-backend failed to roll out ohmycoins-staging-backend:48")
	// Nor does ECS put back what was to be looked at.
	config, _ := json.Marshal(b.service("backend").Configuration)
	contains(t, string(config), `"deploymentCircuitBreaker":{"enable":true,"rollback":false}`, `"enable":true,"rollback":false}`)
	if got := b.runs("backend"); got != "ohmycoins-staging-backend:48" {
		t.Errorf("backend runs %s", got)
	}
}

// TestNothingSecretIsShown lets every way out carry the marker values.
func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench){
		"success": func(b *bench) {
			b.cloud.Migration.Log = []string{"url is postgres://" + fakeaws.SecretMarker + "-POSTGRES_PASSWORD@db"}
		},
		"failure": func(b *bench) {
			b.service("backend").Script = []fakeaws.Rollout{{Looks: 1, End: fakeaws.Fails, Tasks: []fakeaws.StoppedTask{
				{Reason: "failed with " + fakeaws.SecretMarker + "-SECRET_KEY", Log: []string{"password " + fakeaws.SecretMarker + "-SMTP_PASSWORD"}, ExitCode: exit(1)},
			}}}
		},
		// Its reason is part of the error, and so of the record.
		"migration": func(b *bench) {
			b.cloud.Migration.ExitCode, b.cloud.Migration.Reason = exit(1), "failed with "+fakeaws.SecretMarker+"-SECRET_KEY"
		},
		"push": func(b *bench) { b.opt.Builder = leaking{b.builder} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			change(b)
			all := b.everything(b.deploy())
			for _, marker := range []string{fakeaws.SecretMarker, fakeaws.Password} {
				if at := strings.Index(all, marker); at >= 0 {
					t.Errorf("%s is shown: …%s", marker, all[max(0, at-80):at+40])
				}
			}
		})
	}
}

func TestResultAsJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), `"outcome":"succeeded"`, `"environment":"staging"`, `"account":"000000000000"`, `"urls":["http://`)
}

// A task definition that names a tag does not say what runs; the tasks do.
func TestDigestOfARunningTag(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, definition := range b.cloud.Definitions {
		definition["containerDefinitions"].([]any)[0].(map[string]any)["image"] = "repository:latest"
	}
	result, err := b.deploy()
	if err != nil || result.Services[0].Before.Digest != fakeaws.Digest("running-ohmycoins-staging-backend") {
		t.Errorf("%+v: %v", result.Services, err)
	}
}

// Each build waits for the other to have begun.
func TestImagesAreBuiltSideBySide(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var begun sync.WaitGroup
	begun.Add(2)
	b.builder.during = func(context.Context) error {
		begun.Done()
		both := make(chan struct{})
		go func() { begun.Wait(); close(both) }()
		select {
		case <-both:
			return nil
		case <-time.After(10 * time.Second):
			return errors.New("the other build has not begun")
		}
	}
	if _, err := b.deploy(); err != nil {
		t.Fatal(err)
	}
}
