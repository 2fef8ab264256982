package deploy

import (
	"testing"

	"github.com/ohmycoins/infra/internal/deploy/awstest"
)

func TestDeploy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil || result.Outcome != Succeeded {
		t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
	}
	t.Log(b.log.text())
	if got := b.runs("backend"); got != "ohmycoins-staging-backend:48" {
		t.Errorf("backend runs %s", got)
	}
	if b.locked() {
		t.Error("the lock was not given back")
	}
	if r := b.record(); r.Outcome != Succeeded || r.Finished.IsZero() {
		t.Errorf("record: %+v", r)
	}
}

func TestDeployRollsBack(t *testing.T) {
	t.Parallel()
	for _, end := range []awstest.End{awstest.Fails, awstest.FailsAndReturns, awstest.Returned, awstest.Superseded, awstest.Hangs} {
		t.Run(string(end), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.service("frontend").Script = []awstest.Rollout{{Looks: 3, End: end}}
			result, err := b.deploy()
			if err == nil || result.Outcome != RolledBack {
				t.Fatalf("%v: %v\n%s", result.Outcome, err, b.log.text())
			}
			t.Log(err)
			for _, key := range []string{"backend", "frontend"} {
				if got := b.runs(key); got != "ohmycoins-staging-"+key+":41" {
					t.Errorf("%s runs %s, want what ran before", key, got)
				}
			}
		})
	}
}
