package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/terraform"
)

// project is a folder with a stack of what Terraform brings itself, so that no provider
// is needed.
func project(t *testing.T) (*terraform.Installation, string) {
	t.Helper()
	inst, err := terraform.Setup(t.Context(), "../..", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return inst, t.TempDir()
}

func configure(t *testing.T, dir string, values ...string) {
	t.Helper()
	var resources []string
	for _, value := range values {
		resources = append(resources, `"`+value+`": {"input": "`+value+`"}`)
	}
	text := `{"resource": {"terraform_data": {` + strings.Join(resources, ",") + `}}}`
	if len(values) == 0 {
		text = "{}"
	}
	if err := os.WriteFile(filepath.Join(dir, "cdk.tf.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestApplyPlan checks that what is applied is what was planned, whatever happened since.
func TestApplyPlan(t *testing.T) {
	inst, dir := project(t)
	ctx := t.Context()
	if err := applyPlan(ctx, inst, "staging", dir, "", io.Discard); err == nil || !strings.Contains(err.Error(), "make plan ENV=staging") {
		t.Errorf("without a plan: %v", err)
	}
	configure(t, dir, "one")
	var shown bytes.Buffer
	if err := makePlan(ctx, inst, "staging", dir, &shown); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown.String(), "terraform_data.one will be created") || strings.Contains(shown.String(), "destroys") {
		t.Errorf("the plan shows:\n%s", shown.String())
	}
	configure(t, dir, "two") // after somebody approved the plan
	approved, err := os.ReadFile(filepath.Join(dir, planFile))
	if err != nil {
		t.Fatal(err)
	}
	var applied bytes.Buffer
	if err := applyPlan(ctx, inst, "staging", dir, "", &applied); err != nil {
		t.Fatal(err)
	}
	if got, want := state(t, inst, dir), []string{"terraform_data.one"}; !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
	if applied.String() != "Applied the plan for staging: 1 changes.\n" {
		t.Errorf("it says %q", applied.String())
	}
	// The same plan again is out of date.
	if err := os.WriteFile(filepath.Join(dir, planFile), approved, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := applyPlan(ctx, inst, "staging", dir, "", io.Discard); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("a plan that is out of date: %v", err)
	}
}

// TestDestroyWord checks that a plan that destroys is applied for its own word only.
func TestDestroyWord(t *testing.T) {
	inst, dir := project(t)
	ctx := t.Context()
	configure(t, dir, "one", "two")
	if err := makePlan(ctx, inst, "staging", dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := applyPlan(ctx, inst, "staging", dir, "", io.Discard); err != nil {
		t.Fatal(err)
	}
	configure(t, dir, "two")
	var shown bytes.Buffer
	if err := makePlan(ctx, inst, "staging", dir, &shown); err != nil {
		t.Fatal(err)
	}
	if want := "This plan destroys:\n  terraform_data.one\nTo apply it: DESTROY=\"destroy 1 in staging\"\n"; !strings.HasSuffix(shown.String(), want) {
		t.Errorf("the plan shows:\n%s\nwant at the end:\n%s", shown.String(), want)
	}
	for _, words := range []string{"", "yes", "destroy 2 in staging", "destroy 1 in production", "destroy 1 in staging!"} {
		err := applyPlan(ctx, inst, "staging", dir, words, io.Discard)
		if want := `the plan destroys terraform_data.one: DESTROY: is "` + words + `", want "destroy 1 in staging"; nothing was changed`; err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", words, err, want)
		}
	}
	if got := state(t, inst, dir); len(got) != 2 {
		t.Fatalf("there is %q, want both", got)
	}
	if err := applyPlan(ctx, inst, "staging", dir, "destroy 3 in production, destroy 1 in staging", io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, want := state(t, inst, dir), []string{"terraform_data.two"}; !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

func state(t *testing.T, inst *terraform.Installation, dir string) []string {
	t.Helper()
	ws, err := inst.Workspace(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := ws.Show(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, r := range shown.Values.RootModule.Resources {
		addresses = append(addresses, r.Address)
	}
	return addresses
}

func TestWithoutCredentials(t *testing.T) {
	environ := []string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "AWS_PROFILE=y", "HOME=/root"}
	if got := withoutCredentials(environ); !slices.Equal(got, []string{"PATH=/bin", "HOME=/root"}) || len(environ) != 4 || environ[1] == "" {
		t.Errorf("%q of %q", got, environ)
	}
}

// TestLocked checks that the lock file has a checksum for every package, and comes from no
// other place than the registry.
func TestLocked(t *testing.T) {
	lock := string(cdktfLock)
	packages := strings.Count(lock, `"node_modules/`)
	if packages < 100 || strings.Count(lock, `"integrity": "sha512-`) < packages-strings.Count(lock, `"inBundle": true`) {
		t.Errorf("%d packages, %d checksums", packages, strings.Count(lock, `"integrity": "sha512-`))
	}
	for _, word := range []string{"git+", "github:", "http://", `"file:`} {
		if strings.Contains(lock, word) {
			t.Errorf("the lock file has %s", word)
		}
	}
	if !strings.Contains(string(cdktfPackage), `"cdktf-cli": "0.21.0"`) {
		t.Errorf("package.json is %s", cdktfPackage)
	}
}
