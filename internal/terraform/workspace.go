package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/ohmycoins/infra/internal/filelock"
)

// Workspace runs Terraform in one folder that holds *.tf or *.tf.json files.
//
// Every verb returns "terraform <verb> in <folder>: why", with Terraform's own
// message. When the context ends, Terraform is interrupted, so that it saves its
// state and releases its lock; it is killed when it has not ended 60 seconds
// later. errors.Is then finds context.Canceled or context.DeadlineExceeded.
//
// A Workspace runs one verb at a time: it is not for concurrent use.
type Workspace struct {
	dir    string
	inst   Installation
	tf     *tfexec.Terraform
	stderr bytes.Buffer
}

// Workspace returns a workspace for dir, which must exist.
//
// Terraform gets the environment of this process, then the variables of
// [Installation.Environ], then env. TF_VAR_*, TF_CLI_ARGS*, TF_LOG*, TF_INPUT,
// TF_WORKSPACE and the few others that terraform-exec manages are left out of the
// process's environment, so that a run depends on its folder; in env they are an
// error.
func (i *Installation) Workspace(dir string, env map[string]string) (*Workspace, error) {
	abs, err := existingDir(dir)
	if err != nil {
		return nil, fmt.Errorf("opening terraform workspace: %w", err)
	}
	if refused := tfexec.ProhibitedEnv(env); len(refused) > 0 {
		slices.Sort(refused)
		return nil, fmt.Errorf("opening terraform workspace %s: environment holds %s: not supported, leave them out",
			abs, strings.Join(refused, ", "))
	}
	tf, err := tfexec.NewTerraform(abs, i.ExecPath)
	if err != nil {
		return nil, fmt.Errorf("opening terraform workspace %s: %w", abs, err)
	}
	if err := tf.SetEnv(i.environment(os.Environ(), env)); err != nil {
		return nil, fmt.Errorf("opening terraform workspace %s: %w", abs, err)
	}
	w := &Workspace{dir: abs, inst: *i, tf: tf}
	tf.SetStderr(&w.stderr)
	return w, nil
}

// environment returns process, the installation's variables and env, in one map.
func (i *Installation) environment(process []string, env map[string]string) map[string]string {
	merged := map[string]string{}
	for _, variable := range process {
		key, value, _ := strings.Cut(variable, "=")
		merged[key] = value
	}
	merged = tfexec.CleanEnv(merged)
	maps.Copy(merged, i.vars())
	maps.Copy(merged, env)
	return merged
}

// Init installs the providers and connects to the backend. A provider that the
// project's lock file lacks, or has with other checksums, is an error.
func (w *Workspace) Init(ctx context.Context) error {
	return w.init(ctx, true)
}

// InitWithoutBackend installs the providers and leaves the backend alone, which
// is enough for Validate and needs no credentials.
func (w *Workspace) InitWithoutBackend(ctx context.Context) error {
	return w.init(ctx, false)
}

// init holds the lock of the provider cache, which Terraform does not protect
// against a second init at the same time.
func (w *Workspace) init(ctx context.Context, backend bool) error {
	return w.run(ctx, "init", func() error {
		if err := w.inst.PutLock(w.dir); err != nil {
			return err
		}
		if w.inst.cacheLock != "" {
			unlock, err := filelock.Lock(ctx, w.inst.cacheLock)
			if err != nil {
				return fmt.Errorf("locking the provider cache: %w", err)
			}
			defer unlock()
		}
		if err := w.tf.Init(ctx, tfexec.Backend(backend)); err != nil {
			return err
		}
		return w.inst.checkLock(w.dir)
	})
}

// Validate checks the files. The error of an invalid folder lists every problem,
// one a line, with its address, its place and its source text.
func (w *Workspace) Validate(ctx context.Context) error {
	return w.run(ctx, "validate", func() error {
		result, err := w.tf.Validate(ctx)
		if err != nil {
			return err
		}
		return diagnosticsError(result)
	})
}

// Plan returns what Apply would do now, which [Changes] summarizes: an empty plan when
// it would do nothing.
func (w *Workspace) Plan(ctx context.Context) (*tfjson.Plan, error) {
	tmp, err := os.MkdirTemp("", "terraform-plan-")
	if err != nil {
		return nil, fmt.Errorf("terraform plan in %s: %w", w.dir, err)
	}
	defer func() { _ = os.RemoveAll(tmp) }() // in the system's temporary folder
	file := filepath.Join(tmp, "plan")
	changes, err := w.PlanTo(ctx, file)
	if err != nil || !changes {
		return &tfjson.Plan{}, err
	}
	return w.ShowPlan(ctx, file)
}

// PlanTo plans, keeps the plan in a file for [Workspace.ApplyPlan], and reports whether
// it would do anything. It takes no lock, so that it needs no right to write: a plan that
// is out of date is refused when it is applied.
func (w *Workspace) PlanTo(ctx context.Context, file string) (changes bool, err error) {
	err = w.run(ctx, "plan", func() error {
		changes, err = w.tf.Plan(ctx, tfexec.Out(file), tfexec.Lock(false))
		return err
	})
	return changes, err
}

// ShowPlan returns what a plan that PlanTo kept would do.
func (w *Workspace) ShowPlan(ctx context.Context, file string) (plan *tfjson.Plan, err error) {
	err = w.run(ctx, "show", func() error {
		plan, err = w.tf.ShowPlanFile(ctx, file)
		return err
	})
	return plan, err
}

// ShowPlanText is ShowPlan for people.
func (w *Workspace) ShowPlanText(ctx context.Context, file string) (text string, err error) {
	err = w.run(ctx, "show", func() error {
		text, err = w.tf.ShowPlanFileRaw(ctx, file)
		return err
	})
	return text, err
}

// ApplyPlan applies a plan that PlanTo kept, and nothing else. Terraform refuses it when
// the state has changed since.
func (w *Workspace) ApplyPlan(ctx context.Context, file string) error {
	return w.run(ctx, "apply", func() error { return w.tf.Apply(ctx, tfexec.DirOrPlan(file)) })
}

// Apply plans and applies without asking.
func (w *Workspace) Apply(ctx context.Context) error {
	return w.run(ctx, "apply", func() error { return w.tf.Apply(ctx) })
}

// Destroy destroys everything in the state without asking.
func (w *Workspace) Destroy(ctx context.Context) error {
	return w.run(ctx, "destroy", func() error { return w.tf.Destroy(ctx) })
}

// Output returns the outputs in the state as JSON values: a string output is a
// string, a list of them []any. Sensitive outputs are included.
func (w *Workspace) Output(ctx context.Context) (map[string]any, error) {
	outputs := map[string]any{}
	err := w.run(ctx, "output", func() error {
		raw, err := w.tf.Output(ctx)
		if err != nil {
			return err
		}
		for name, output := range raw {
			var value any
			if err := json.Unmarshal(output.Value, &value); err != nil {
				return fmt.Errorf("decoding output %s: %w", name, err)
			}
			outputs[name] = value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outputs, nil
}

// Show returns the state.
func (w *Workspace) Show(ctx context.Context) (*tfjson.State, error) {
	var state *tfjson.State
	err := w.run(ctx, "show", func() (err error) {
		state, err = w.tf.Show(ctx)
		return err
	})
	return state, err
}

// StateRm makes Terraform forget the resources at the addresses, which stay as
// they are. An address that is not in the state is an error.
func (w *Workspace) StateRm(ctx context.Context, addresses ...string) error {
	return w.run(ctx, "state rm", func() error {
		for _, address := range addresses {
			if err := w.tf.StateRm(ctx, address); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Workspace) version(ctx context.Context) (*version.Version, error) {
	var v *version.Version
	err := w.run(ctx, "version", func() (err error) {
		v, _, err = w.tf.Version(ctx, true)
		return err
	})
	return v, err
}

// run calls f and words its error.
func (w *Workspace) run(ctx context.Context, verb string, f func() error) error {
	w.stderr.Reset()
	err := f()
	if err == nil {
		return nil
	}
	message := strings.TrimSpace(w.stderr.String())
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		// terraform-exec's error panics in Error when Terraform exited with 0.
		err = fmt.Errorf("interrupted: %w", ctx.Err())
		if message != "" {
			err = fmt.Errorf("%w\n%s", err, message)
		}
	case errors.As(err, &exit) && message != "":
		err = errors.New(message)
	}
	return fmt.Errorf("terraform %s in %s: %w", verb, w.dir, err)
}

// diagnosticsError returns nil for a valid folder, else all diagnostics, sorted.
func diagnosticsError(result *tfjson.ValidateOutput) error {
	if result.Valid {
		return nil
	}
	lines := make([]string, 0, len(result.Diagnostics))
	for _, d := range result.Diagnostics {
		lines = append(lines, describe(d))
	}
	slices.Sort(lines)
	return errors.New(strings.Join(lines, "\n"))
}

// describe words a diagnostic in one line: address: summary: detail (file:line: source).
func describe(d tfjson.Diagnostic) string {
	address := d.Address
	if address == "" && d.Snippet != nil && d.Snippet.Context != nil {
		address = strings.TrimPrefix(*d.Snippet.Context, "resource.")
	}
	var place []string
	if d.Range != nil {
		place = append(place, fmt.Sprintf("%s:%d", d.Range.Filename, d.Range.Start.Line))
	}
	if d.Snippet != nil {
		place = append(place, d.Snippet.Code)
	}

	var parts []string
	if d.Severity == tfjson.DiagnosticSeverityWarning {
		parts = append(parts, "warning")
	}
	for _, part := range []string{address, d.Summary, d.Detail} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, ": ")
	if len(place) > 0 {
		text += " (" + strings.Join(place, ": ") + ")"
	}
	return strings.Join(strings.Fields(text), " ")
}
