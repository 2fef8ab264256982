package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// A workflow is what the tests look at in a workflow of GitHub.
type workflow struct {
	Jobs map[string]struct {
		Needs       any
		Environment any
		Outputs     map[string]string
		Steps       []workflowStep
	}
}

type workflowStep struct {
	ID, Name, Uses, Run string
	With, Env           map[string]any
}

// TestDeployInfrastructure checks that a plan is made before anybody agrees to it, by a
// role that may only read, and that apply applies exactly that plan: the artifact of the
// plan, compared with the checksum that the plan's job published.
func TestDeployInfrastructure(t *testing.T) {
	text, err := os.ReadFile("../../.github/workflows/deploy-infrastructure.yml")
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	plan, apply := w.Jobs["plan"], w.Jobs["apply"]
	if len(w.Jobs) != 2 {
		t.Errorf("%d jobs, want plan and apply", len(w.Jobs))
	}
	if plan.Environment != nil {
		t.Errorf("plan: environment is %v, want none: it would wait for somebody who agrees to a plan that is not there", plan.Environment)
	}
	if apply.Environment != "${{ inputs.environment }}" || apply.Needs != "plan" {
		t.Errorf("apply: environment is %v and needs %v, want the input's environment, after plan", apply.Environment, apply.Needs)
	}
	for i, s := range plan.Steps {
		if role, ok := s.With["role-to-assume"]; ok && !strings.Contains(fmt.Sprint(role), "vars.AWS_PLAN_ROLE_") {
			t.Errorf("plan: step %d assumes %v, want a plan role", i+1, role)
		}
	}
	upload, download := stepWith(plan.Steps, "upload-artifact"), stepWith(apply.Steps, "download-artifact")
	compare, credentials := stepWith(apply.Steps, "CHECKSUM"), stepWith(apply.Steps, "configure-aws-credentials")
	last := len(apply.Steps) - 1
	if upload < 0 || download < 0 || compare < download || credentials < compare || apply.Steps[last].Run != "make apply" {
		t.Fatalf("steps: upload %d, download %d, compare %d, credentials %d, last %q; want them in this order, and make apply", upload, download, compare, credentials, apply.Steps[last].Run)
	}
	if made, taken := plan.Steps[upload].With["name"], apply.Steps[download].With["name"]; made != taken {
		t.Errorf("plan uploads %v, apply downloads %v", made, taken)
	}
	if got := apply.Steps[compare].Env["CHECKSUM"]; got != "${{ needs.plan.outputs.checksum }}" || plan.Outputs["checksum"] != "${{ steps.plan.outputs.checksum }}" {
		t.Errorf("the checksum is %v of %v, want that of the plan's step", got, plan.Outputs)
	}
	for _, s := range apply.Steps[:last] {
		if strings.Contains(s.Run, "make") || strings.Contains(s.Uses, "setup-node") {
			t.Errorf("apply runs %q %q: want nothing that could make another plan", s.Run, s.Uses)
		}
	}

	// The steps themselves, with a make that writes a plan.
	dir := t.TempDir()
	file := filepath.Join(dir, "cdktf.out", "stacks", "staging", "plan")
	write(t, filepath.Join(dir, "bin", "make"), "#!/bin/sh\nmkdir -p cdktf.out/stacks/staging && echo shown > cdktf.out/stacks/staging/plan\n")
	outputs := filepath.Join(dir, "outputs")
	planned := slices.IndexFunc(plan.Steps, func(s workflowStep) bool { return s.ID == "plan" })
	if err := bash(dir, plan.Steps[planned].Run, "GITHUB_OUTPUT="+outputs, "GITHUB_STEP_SUMMARY="+os.DevNull); err != nil {
		t.Fatal(err)
	}
	checksum, err := os.ReadFile(outputs)
	if err != nil {
		t.Fatal(err)
	}
	variable := "CHECKSUM=" + strings.TrimSuffix(strings.TrimPrefix(string(checksum), "checksum="), "\n")
	if err := bash(dir, apply.Steps[compare].Run, variable); err != nil {
		t.Errorf("the plan that was shown is refused: %v", err)
	}
	write(t, file, "another\n")
	if bash(dir, apply.Steps[compare].Run, variable) == nil {
		t.Error("a plan that nobody has seen is applied")
	}
}

// stepWith returns the index of the step that uses an action or has a variable, or -1.
func stepWith(steps []workflowStep, what string) int {
	return slices.IndexFunc(steps, func(s workflowStep) bool {
		_, has := s.Env[what]
		return has || strings.Contains(s.Uses, what)
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// bash runs a step as GitHub does.
func bash(dir, script string, variables ...string) error {
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = append([]string{"ENV=staging", "PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH")}, variables...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
