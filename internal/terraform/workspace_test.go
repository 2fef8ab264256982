package terraform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/ohmycoins/infra/internal/filelock"
)

// realTerraform sets up this project's own terraform, so that what it has to
// download is kept between runs.
func realTerraform(t *testing.T) *Installation {
	t.Helper()
	var progress strings.Builder
	inst, err := Setup(t.Context(), filepath.Join("..", ".."), &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	return inst
}

// workspace returns a workspace of the real terraform with one file.
func workspace(t *testing.T, content string) *Workspace {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.tf.json"), content)
	ws, err := realTerraform(t).Workspace(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

const awsProvider = `
  "terraform": {
    "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.99"}},
    "backend": {"s3": {"bucket": "no-such-bucket", "key": "k", "region": "ap-southeast-2", "use_lockfile": true}}
  },
  "provider": {"aws": {"region": "ap-southeast-2"}}`

func TestValidate(t *testing.T) {
	ws := workspace(t, `{"resource": {"terraform_data": {"good": {"input": "topic"}}}}`)
	if err := ws.InitWithoutBackend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := ws.Validate(t.Context()); err != nil {
		t.Error(err)
	}

	file := filepath.Join(ws.dir, "main.tf.json")
	write(t, file, `{`+awsProvider+`,
  "resource": {
    "aws_sns_topic": {
      "good": {"name": "topic"},
      "typo": {
        "nam": "topic"
      }
    },
    "aws_cloudwatch_metric_alarm": {
      "wrong": {
        "alarm_name": "alarm",
        "evaluation_periods": 1,
        "comparison_operator": "Greater"
      }
    }
  }
}`)
	if err := ws.InitWithoutBackend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(ws.stderr.String(), "Unable to open CLI configuration file") {
		t.Errorf("terraform warns: %s", ws.stderr.String())
	}
	err := ws.Validate(t.Context())
	if err == nil {
		t.Fatal("Validate accepts an invalid folder")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 {
		t.Fatalf("error has %d lines, want one for each of the 2 problems:\n%v", len(lines), err)
	}
	wantWords(t, lines[0], "terraform validate in "+ws.dir+": ", "aws_cloudwatch_metric_alarm.wrong", "comparison_operator", "got Greater", `"comparison_operator": "Greater"`)
	wantWords(t, lines[1], "aws_sns_topic.typo", `"nam"`, `Did you mean "name"?`, "main.tf.json:11")
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("got %q, want it to contain %q", text, word)
		}
	}
	if strings.ContainsAny(text, "\x1b╷│╵") {
		t.Errorf("got %q, want no colors and no frames", text)
	}
}

func TestInitFails(t *testing.T) {
	ws := workspace(t, `{"terraform": {"required_version": "< 1.0"}}`)
	err := ws.Init(t.Context())
	if err == nil {
		t.Fatal("Init succeeds")
	}
	wantWords(t, err.Error(), "terraform init in "+ws.dir+": Error: Unsupported Terraform Core version")
	if strings.Contains(err.Error(), "exit status") {
		t.Errorf("error = %q, want terraform's message alone", err)
	}
}

const twoResources = `{
  "terraform": {"backend": {"local": {}}},
  "resource": {"terraform_data": {"first": {"input": "INPUT"}, "second": {"input": "b", "triggers_replace": "INPUT"}}},
  "output": {
    "first": {"value": "${terraform_data.first.output}"},
    "list": {"value": ["x", 1], "sensitive": true}
  }
}`

func TestLifecycle(t *testing.T) {
	ctx := t.Context()
	ws := workspace(t, strings.ReplaceAll(twoResources, "INPUT", "a"))
	file := filepath.Join(ws.dir, "main.tf.json")
	steps := func(names ...string) (steps []Change) {
		for _, name := range names {
			action, address, _ := strings.Cut(name, " ")
			steps = append(steps, Change{Address: address, Action: action})
		}
		return steps
	}
	check := func(step string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	planned := func(step string, want ...string) {
		t.Helper()
		plan, err := ws.Plan(ctx)
		check(step, err)
		if diff := cmp.Diff(steps(want...), Changes(plan)); diff != "" {
			t.Errorf("%s: changes (-want +got):\n%s", step, diff)
		}
	}

	check("init", ws.Init(ctx))
	planned("first plan", "create output.first", "create output.list", "create terraform_data.first", "create terraform_data.second")
	check("apply", ws.Apply(ctx))
	planned("second plan")

	outputs, err := ws.Output(ctx)
	check("output", err)
	if diff := cmp.Diff(map[string]any{"first": "a", "list": []any{"x", 1.0}}, outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}

	write(t, file, strings.ReplaceAll(twoResources, "INPUT", "b"))
	planned("changed input", "update output.first", "update terraform_data.first", "replace terraform_data.second")
	write(t, file, strings.ReplaceAll(twoResources, "INPUT", "a"))

	check("state rm", ws.StateRm(ctx, "terraform_data.first"))
	planned("after state rm", "update output.first", "create terraform_data.first")
	state, err := ws.Show(ctx)
	check("show", err)
	if got := state.Values.RootModule.Resources; len(got) != 1 || got[0].Address != "terraform_data.second" {
		t.Errorf("state = %v, want terraform_data.second alone", got)
	}
	if err := ws.StateRm(ctx, "terraform_data.nothing"); err == nil {
		t.Error("StateRm of an unknown address succeeds")
	} else {
		wantWords(t, err.Error(), "terraform state rm in "+ws.dir, "Invalid target address")
	}

	check("destroy", ws.Destroy(ctx))
	state, err = ws.Show(ctx)
	check("show", err)
	if state.Values != nil && len(state.Values.RootModule.Resources) > 0 {
		t.Errorf("state after destroy = %v, want none", state.Values.RootModule.Resources)
	}
	if outputs, err := ws.Output(ctx); err != nil || len(outputs) > 0 {
		t.Errorf("outputs after destroy = %v, %v, want none", outputs, err)
	}
}

func TestApplyCanceled(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	ws := workspace(t, `{"resource": {"terraform_data": {
  "done": {},
  "slow": {"depends_on": ["terraform_data.done"], "provisioner": {"local-exec": {"command": "touch `+started+` && exec sleep 120"}}}
}}}`)
	if err := ws.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for deadline := time.Now().Add(time.Minute); !fileExists(started) && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		cancel()
	}()

	begin := time.Now()
	err := ws.Apply(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Apply = %v, want context.Canceled", err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("Apply took %v after its cancellation", took)
	}
	wantWords(t, err.Error(), "terraform apply in "+ws.dir+": interrupted: context canceled")

	state, err := ws.Show(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.Values == nil || len(state.Values.RootModule.Resources) != 2 {
		t.Errorf("state = %v, want both resources saved", state.Values)
	}
	if fileExists(filepath.Join(ws.dir, ".terraform.tfstate.lock.info")) {
		t.Error("the state is still locked")
	}
}

func TestCanceledBeforeStart(t *testing.T) {
	ws := workspace(t, `{}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for verb, err := range map[string]error{"init": ws.Init(ctx), "validate": ws.Validate(ctx), "apply": ws.Apply(ctx)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want context.Canceled", verb, err)
		}
	}
}

func TestInitWithoutBackend(t *testing.T) {
	ws := workspace(t, `{"terraform": {"backend": {"local": {"path": "elsewhere.tfstate"}}}}`)
	backend := filepath.Join(ws.dir, ".terraform", "terraform.tfstate")
	if err := ws.InitWithoutBackend(t.Context()); err != nil || fileExists(backend) {
		t.Errorf("InitWithoutBackend = %v, backend initialized: %v", err, fileExists(backend))
	}
	if err := ws.Init(t.Context()); err != nil || !fileExists(backend) {
		t.Errorf("Init = %v, backend initialized: %v", err, fileExists(backend))
	}
}

func TestWorkspaceEnvironment(t *testing.T) {
	t.Setenv("GOGC", "")
	inst := &Installation{ExecPath: "/x/terraform", CLIConfig: "/p/cli.tfrc"}
	process := []string{
		"HOME=/home/me", "AWS_REGION=us-east-1", "EQUAL=a=b", "TF_CLI_CONFIG_FILE=/missing",
		"TF_LOG=TRACE", "TF_INPUT=1", "TF_WORKSPACE=other", "TF_VAR_x=1", "TF_CLI_ARGS_plan=-refresh=false",
	}
	got := inst.environment(process, map[string]string{"AWS_REGION": "ap-southeast-2"})
	want := map[string]string{
		"HOME": "/home/me", "AWS_REGION": "ap-southeast-2", "EQUAL": "a=b",
		"TF_CLI_CONFIG_FILE": "/p/cli.tfrc", "CHECKPOINT_DISABLE": "1", "GOGC": "400",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}

	_, err := inst.Workspace(t.TempDir(), map[string]string{"TF_VAR_x": "1", "TF_LOG": "TRACE", "FINE": "1"})
	if err == nil {
		t.Fatal("Workspace accepts TF_VAR_x and TF_LOG")
	}
	wantWords(t, err.Error(), "TF_LOG, TF_VAR_x: not supported")
	if _, err := inst.Workspace(filepath.Join(t.TempDir(), "missing"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Workspace of a missing folder = %v", err)
	}
}

func TestChanges(t *testing.T) {
	change := func(actions ...tfjson.Action) *tfjson.Change { return &tfjson.Change{Actions: actions} }
	imported := change(tfjson.ActionUpdate)
	imported.Importing = &tfjson.Importing{ID: "x"}
	plan := &tfjson.Plan{
		ResourceChanges: []*tfjson.ResourceChange{
			{Address: "h.same", Change: change(tfjson.ActionNoop)},
			{Address: "g.moved", PreviousAddress: "g.old", Change: change(tfjson.ActionNoop)},
			{Address: "f.imported", Change: imported},
			{Address: "e.forgotten", Change: change(tfjson.ActionForget)},
			{Address: "d.first", Change: change(tfjson.ActionCreate, tfjson.ActionDelete)},
			{Address: "c.replaced", Change: change(tfjson.ActionDelete, tfjson.ActionCreate)},
			{Address: "b.gone", DeposedKey: "1a2b3c4d", Change: change(tfjson.ActionDelete)},
			{Address: "data.a.read", Change: change(tfjson.ActionRead)},
		},
		OutputChanges: map[string]*tfjson.Change{
			"new":  change(tfjson.ActionCreate),
			"same": change(tfjson.ActionNoop),
		},
	}
	want := []Change{
		{"b.gone (deposed 1a2b3c4d)", "delete"},
		{"c.replaced", "replace"},
		{"d.first", "replace"},
		{"data.a.read", "read"},
		{"e.forgotten", "forget"},
		{"f.imported", "import+update"},
		{"g.moved", "move"},
		{"output.new", "create"},
	}
	if diff := cmp.Diff(want, Changes(plan)); diff != "" {
		t.Errorf("Changes (-want +got):\n%s", diff)
	}
	if got := Changes(&tfjson.Plan{}); len(got) > 0 {
		t.Errorf("Changes of an empty plan = %v", got)
	}
}

func TestDescribe(t *testing.T) {
	inBlock := "resource.aws_sns_topic.a"
	tests := []struct {
		name string
		d    tfjson.Diagnostic
		want string
	}{
		{"summary alone", tfjson.Diagnostic{Summary: "Bad"}, "Bad"},
		{"all", tfjson.Diagnostic{
			Severity: tfjson.DiagnosticSeverityError, Address: "aws_sns_topic.a", Summary: "Bad", Detail: "Very\nbad.",
			Range:   &tfjson.Range{Filename: "main.tf.json", Start: tfjson.Pos{Line: 7}},
			Snippet: &tfjson.DiagnosticSnippet{Context: &inBlock, Code: `    "x": 1,`},
		}, `aws_sns_topic.a: Bad: Very bad. (main.tf.json:7: "x": 1,)`},
		{"address from the block", tfjson.Diagnostic{
			Summary: "Bad", Snippet: &tfjson.DiagnosticSnippet{Context: &inBlock, Code: "x"},
		}, "aws_sns_topic.a: Bad (x)"},
		{"warning", tfjson.Diagnostic{Severity: tfjson.DiagnosticSeverityWarning, Summary: "Old"}, "warning: Old"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := describe(test.d); got != test.want {
				t.Errorf("describe = %q, want %q", got, test.want)
			}
		})
	}
}

func TestInitLocksTheCache(t *testing.T) {
	ws := workspace(t, `{}`)
	ws.inst.cacheLock = filepath.Join(t.TempDir(), "lock")
	unlock, err := filelock.Lock(t.Context(), ws.inst.cacheLock)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := ws.Init(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Init while the cache is locked = %v, want it to wait", err)
	}
	unlock()
	if err := ws.Init(t.Context()); err != nil {
		t.Errorf("Init after that = %v", err)
	}
}

func TestNoConfigurationWarning(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(t.TempDir(), "missing.tfrc"))
	ws := workspace(t, `{}`)
	var stdout strings.Builder
	ws.tf.SetStdout(&stdout)
	if err := ws.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := stdout.String() + ws.stderr.String(); strings.Contains(out, "CLI configuration") || !strings.Contains(out, "initialized") {
		t.Errorf("terraform says %q, want no word about its configuration", out)
	}
}
