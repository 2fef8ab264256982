package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/ohmycoins/infra/internal/terraform"
)

// The pipeline plans and applies with Terraform on the synthesized JSON. cdktf deploy
// plans and applies in one breath: it cannot apply the plan that somebody has approved,
// and its hundreds of npm packages would run beside credentials that may write.

// planFile is the plan in the folder of its stack.
const planFile = "plan"

// synthesize writes the JSON of every stack into a folder, without credentials for AWS.
func synthesize(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "run", ".")
	cmd.Env = append(withoutCredentials(os.Environ()), "CDKTF_OUTDIR="+dir)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("synthesizing: %w", err)
	}
	return nil
}

// withoutCredentials returns an environment without the variables of AWS, for programs
// that need none.
func withoutCredentials(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool { return strings.HasPrefix(variable, "AWS_") })
}

// makePlan plans a stack, keeps the plan in its folder, and writes what it would do.
func makePlan(ctx context.Context, inst *terraform.Installation, env, dir string, out io.Writer) error {
	ws, err := inst.Workspace(dir, nil)
	if err != nil {
		return err
	}
	if err := ws.Init(ctx); err != nil {
		return err
	}
	file := filepath.Join(dir, planFile)
	if _, err := ws.PlanTo(ctx, file); err != nil {
		return err
	}
	text, err := ws.ShowPlanText(ctx, file)
	if err != nil {
		return err
	}
	plan, err := ws.ShowPlan(ctx, file)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.TrimSpace(text))
	if lost := destroyed(plan); len(lost) > 0 {
		fmt.Fprintf(out, "\nThis plan destroys:\n  %s\nTo apply it: DESTROY=%q\n", strings.Join(lost, "\n  "), destroyWord(env, len(lost)))
	}
	return nil
}

// applyPlan applies the plan that makePlan kept, and nothing else. A plan that destroys
// something wants its word among words, which are separated by commas.
func applyPlan(ctx context.Context, inst *terraform.Installation, env, dir, words string, out io.Writer) error {
	if _, err := os.Stat(filepath.Join(dir, planFile)); err != nil {
		return fmt.Errorf("there is no plan for %s: %w: make plan ENV=%s", env, err, env)
	}
	ws, err := inst.Workspace(dir, nil)
	if err != nil {
		return err
	}
	if err := ws.Init(ctx); err != nil {
		return err
	}
	plan, err := ws.ShowPlan(ctx, filepath.Join(dir, planFile))
	if err != nil {
		return err
	}
	if err := agreed(env, destroyed(plan), words); err != nil {
		return err
	}
	if err := ws.ApplyPlan(ctx, filepath.Join(dir, planFile)); err != nil {
		return err
	}
	// A plan is applied once.
	if err := os.Remove(filepath.Join(dir, planFile)); err != nil {
		return err
	}
	fmt.Fprintf(out, "Applied the plan for %s: %d changes.\n", env, len(terraform.Changes(plan)))
	return nil
}

// destroyed returns the addresses of what a plan deletes or replaces.
func destroyed(plan *tfjson.Plan) []string {
	var lost []string
	for _, c := range terraform.Changes(plan) {
		actions := strings.Split(c.Action, "+")
		if !strings.HasPrefix(c.Address, "output.") && (slices.Contains(actions, "delete") || slices.Contains(actions, "replace")) {
			lost = append(lost, c.Address)
		}
	}
	return lost
}

// destroyWord is what somebody has to say who wants a plan that destroys. It names the
// environment and the number, so that it fits no other plan by accident.
func destroyWord(env string, number int) string { return fmt.Sprintf("destroy %d in %s", number, env) }

// agreed returns an error when a plan destroys something and nobody has said so.
func agreed(env string, lost []string, words string) error {
	if len(lost) == 0 {
		return nil
	}
	want := destroyWord(env, len(lost))
	for word := range strings.SplitSeq(words, ",") {
		if strings.TrimSpace(word) == want {
			return nil
		}
	}
	return errors.New("the plan destroys " + strings.Join(lost, ", ") + fmt.Sprintf(": DESTROY: is %q, want %q; nothing was changed", words, want))
}
