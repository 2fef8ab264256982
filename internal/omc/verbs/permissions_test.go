package verbs

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/internal/test/policy"
	"github.com/ohmycoins/infra/stacks/environment"
)

// recorders are those of every bench, each with what omc asked for there.
var recorders struct {
	sync.Mutex
	all []*policy.Recorder
}

// TestMain checks after all tests that omc needs every permission of its role, and removes
// what they share.
func TestMain(m *testing.M) {
	status := m.Run()
	if all := flag.Lookup("test.run").Value.String()+flag.Lookup("test.skip").Value.String() == ""; status == 0 && all {
		for _, problem := range unused() {
			fmt.Fprintln(os.Stderr, "policies of the deployment role: "+problem)
			status = 1
		}
	}
	_ = os.RemoveAll(trees)
	os.Exit(status)
}

func unused() []string {
	asked := map[string]bool{}
	for _, action := range pushing {
		asked[action] = true
	}
	var role policy.Role
	for _, recorder := range recorders.all {
		if !strings.HasSuffix(recorder.Role.ARN, "-deployment") {
			continue // a backtest has the plan role
		}
		role = recorder.Role
		for _, action := range recorder.Asked() {
			asked[action] = true
		}
	}
	const functions = "the audit asks about a function that an alarm calls: internal/omc/account tests it"
	return role.Unused(asked, map[string]string{
		"lambda:GetFunctionConfiguration": functions,
		"lambda:GetPolicy":                functions,
	})
}

// pushing are the permissions that pushing an image takes, from the user guide of Amazon
// ECR, "IAM permissions for pushing an image to a private repository". The client of
// containers asks for them: omc itself calls none of these but the first.
var pushing = []string{
	"ecr:GetAuthorizationToken",
	"ecr:BatchCheckLayerAvailability",
	"ecr:BatchGetImage",
	"ecr:CompleteLayerUpload",
	"ecr:InitiateLayerUpload",
	"ecr:PutImage",
	"ecr:UploadLayerPart",
}

// TestPushPermissions evaluates what a push asks for, to each repository and to another.
func TestPushPermissions(t *testing.T) {
	for _, env := range environment.All() {
		role, err := policy.ReadRole("deployment", env, fakeaws.Account)
		if err != nil {
			t.Fatal(err)
		}
		may := func(action, repository string) bool {
			requests, err := policy.NewWorld(fakeaws.Account, env).Ask(action, map[string]any{"repositoryName": repository})
			if err != nil {
				t.Fatal(err)
			}
			decision, err := role.May(requests[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			return decision.Allowed
		}
		for i, action := range pushing {
			for _, service := range env.Cluster.Services {
				if !may(action, service.Repository) {
					t.Errorf("%s: %s to %s is denied", env.Name, action, service.Repository)
				}
			}
			if i > 0 && may(action, "billing") {
				t.Errorf("%s: %s to another application's repository is allowed", env.Name, action)
			}
		}
	}
}
