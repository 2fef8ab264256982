package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ohmycoins/infra/internal/terraform"
)

// install finds Terraform and the provider once for all tests.
var install = sync.OnceValues(func() (*terraform.Installation, error) {
	ctx, cancel := testContext()
	defer cancel()
	return terraform.Setup(ctx, ".", os.Stderr)
})

// stackWorkspace is a Terraform workspace that holds a stack.
type stackWorkspace struct {
	*terraform.Workspace
	dir string
}

func workspace(t *testing.T, stack string, env map[string]string) stackWorkspace {
	t.Helper()
	inst, err := install()
	must(t, err)
	dir := t.TempDir()
	ws, err := inst.Workspace(dir, env)
	must(t, err)
	// moto answers 500 to what it does not implement; the provider would retry that
	// for minutes. A dropped connection deserves a second attempt.
	const override = `{"provider": {"aws": [{"max_retries": 3}]}}`
	must(t, os.WriteFile(filepath.Join(dir, "local_override.tf.json"), []byte(override), 0o600))
	w := stackWorkspace{ws, dir}
	w.put(t, stack)
	return w
}

// put replaces the stack by a variant of it.
func (w stackWorkspace) put(t *testing.T, stack string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(w.dir, "cdk.tf.json"), []byte(stack), 0o600))
}

// addAssets puts the files of a snapshot beside the stack.
func (w stackWorkspace) addAssets(t *testing.T, id string) {
	t.Helper()
	assets := filepath.Join("__snapshots__", id, "assets")
	if _, err := os.Stat(assets); err == nil {
		must(t, os.CopyFS(filepath.Join(w.dir, "assets"), os.DirFS(assets)))
	}
}

// reviewed returns the JSON of a stack as it stands in __snapshots__: what people
// review is what is validated and applied.
func reviewed(t *testing.T, id string) string {
	t.Helper()
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join("__snapshots__", id, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(content)
	}
	stack, err := joinDashboard(read("stack_1.snap.json"), strings.TrimSpace(read("dashboard_1.snap.json")))
	if err != nil {
		t.Fatalf("%s: %v (make snapshots writes it)", id, err)
	}
	return stack
}

func TestValidate(t *testing.T) {
	for _, id := range snapshotIDs() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			validate(t, reviewed(t, id))
		})
	}
}

func validate(t *testing.T, stack string) {
	t.Helper()
	ws := workspace(t, stack, nil)
	if err := ws.InitWithoutBackend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ws.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestValidateCanFail shows that the validation above sees what the provider
// refuses.
func TestValidateCanFail(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(reviewed(t, "monitoring-minimal"), "GreaterThanThreshold", "MoreThanThreshold", 1)
	ws := workspace(t, broken, nil)
	if err := ws.InitWithoutBackend(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := ws.Validate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "MoreThanThreshold") {
		t.Errorf("error is %v, want one about MoreThanThreshold", err)
	}
}
