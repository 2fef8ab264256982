package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	w := stackWorkspace{ws, dir}
	w.put(t, stack)
	retryLittle(t, dir)
	return w
}

// retryLittle keeps the provider from retrying for minutes: moto answers 500 to what it
// does not implement. A dropped connection deserves a second attempt.
func retryLittle(t *testing.T, dir string) {
	t.Helper()
	const override = `{"provider": {"aws": [{"max_retries": 3}]}}`
	must(t, os.WriteFile(filepath.Join(dir, "local_override.tf.json"), []byte(override), 0o600))
}

// group is a workspace that holds several stacks as modules, by their ids, because
// Terraform and the provider take longer to start than to look at most of them. The
// variable "name" of a stack is "id-name" here. Only a root may import: it imports something
// to where a stack does, whose own ids are left to the stack as local values.
func group(t *testing.T, stacks map[string]string, env map[string]string) stackWorkspace {
	t.Helper()
	type object = map[string]any
	modules, variables, imports := map[string]object{}, object{"unused": object{"default": ""}}, []object{} // never no variable
	ws := workspace(t, "", env)
	must(t, os.Remove(filepath.Join(ws.dir, "local_override.tf.json"))) // the modules have the providers
	for id, text := range stacks {
		var stack object
		must(t, json.Unmarshal([]byte(text), &stack))
		modules[id] = object{"source": "./" + id}
		declared, _ := stack["variable"].(object)
		for name, declaration := range declared {
			variables[id+"-"+name] = declaration
			modules[id][name] = "${var." + id + "-" + name + "}"
		}
		local := object{}
		list, _ := stack["import"].([]any)
		for i, block := range list {
			imported := block.(object)
			imports = append(imports, object{"to": fmt.Sprintf("module.%s.%s", id, imported["to"]), "id": "something"})
			local[fmt.Sprintf("import-%d", i)] = imported["id"]
		}
		delete(stack, "import")

		dir := filepath.Join(ws.dir, id)
		must(t, os.Mkdir(dir, 0o700))
		module := stackWorkspace{ws.Workspace, dir}
		module.put(t, encode(stack))
		must(t, os.WriteFile(filepath.Join(dir, "imports.tf.json"), []byte(encode(object{"locals": local})), 0o600))
		retryLittle(t, dir)
		ws.addAssets(t, id)
	}
	ws.put(t, encode(object{"module": modules, "variable": variables, "import": imports}))
	return ws
}

// Init also has Terraform trust the provider from then on.
func (w stackWorkspace) Init(ctx context.Context) error {
	return errors.Join(w.Workspace.Init(ctx), w.TrustProviders())
}

// InitWithoutBackend is Init without the backend.
func (w stackWorkspace) InitWithoutBackend(ctx context.Context) error {
	return errors.Join(w.Workspace.InitWithoutBackend(ctx), w.TrustProviders())
}

// put replaces the stack by a variant of it.
func (w stackWorkspace) put(t *testing.T, stack string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(w.dir, "cdk.tf.json"), []byte(stack), 0o600))
}

// addAssets puts the files of a snapshot beside the stack. Folders of the same name, a
// hash, hold the same.
func (w stackWorkspace) addAssets(t *testing.T, id string) {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join("__snapshots__", id, "assets", "*"))
	must(t, err)
	for _, from := range folders {
		to := filepath.Join(w.dir, "assets", filepath.Base(from))
		if _, err := os.Stat(to); err != nil {
			must(t, os.CopyFS(to, os.DirFS(from)))
		}
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
	t.Parallel()
	all := map[string]string{}
	for _, id := range snapshotIDs() {
		all[id] = reviewed(t, id)
	}
	if err := validate(t, group(t, all, nil)); err != nil {
		t.Error(err)
	}
}

func validate(t *testing.T, ws stackWorkspace) error {
	t.Helper()
	must(t, ws.InitWithoutBackend(t.Context()))
	return ws.Validate(t.Context())
}

// TestValidateCanFail shows that the validation above sees what the provider
// refuses, in every stack of a group.
func TestValidateCanFail(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(reviewed(t, "monitoring-minimal"), "GreaterThanThreshold", "MoreThanThreshold", 1)
	unknown := strings.Replace(reviewed(t, "budget-minimal"), `"limit_unit"`, `"unit_of_the_limit"`, 1)
	undeclared := strings.Replace(reviewed(t, "secrets-references"), `"id": "${var.adopt-arn}"`, `"id": "${var.nothing}"`, 1)
	err := validate(t, group(t, map[string]string{
		"broken": broken, "sound": reviewed(t, "canary-minimal"), "unknown": unknown, "undeclared": undeclared,
	}, nil))
	if err == nil {
		t.Fatal("Terraform accepts what is broken")
	}
	for _, word := range []string{"MoreThanThreshold", "unit_of_the_limit", "nothing"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error is %v, want one about %s", err, word)
		}
	}
}
