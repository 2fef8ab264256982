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

// workspace returns a Terraform workspace that holds a stack.
func workspace(t *testing.T, stack string, env map[string]string) *terraform.Workspace {
	t.Helper()
	inst, err := install()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// moto answers 500 to what it does not implement; the provider would retry that
	// for minutes. A dropped connection deserves a second attempt.
	const override = `{"provider": {"aws": [{"max_retries": 3}]}}`
	for name, content := range map[string]string{"cdk.tf.json": stack, "local_override.tf.json": override} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ws, err := inst.Workspace(dir, env)
	if err != nil {
		t.Fatal(err)
	}
	return ws
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
