// Package cdk is the only package that knows the cdktf and jsii bindings: their
// pointers, their panics and the generated resources. Everything else passes
// plain Go values to it, so that a move to other bindings is the work of this
// package alone.
//
// Like the bindings, it must be used from one goroutine at a time.
package cdk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Scope is where a construct is made: an app, a stack or another construct.
type Scope = constructs.Construct

// Synth lets build fill an app and writes the Terraform JSON of its stacks to
// outdir. When any construct is misconfigured the error lists every problem of
// every stack, a line each, and nothing is written.
func Synth(outdir string, build func(app Scope)) error {
	// The app creates its folder before it knows whether it is valid, and writes
	// stack by stack, so it works elsewhere and a complete result is copied.
	dir, err := os.MkdirTemp("", "cdktf-")
	if err != nil {
		return fmt.Errorf("synthesizing: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the system's temporary folder

	if err := synth(dir, build); err != nil {
		return err
	}
	if err := copyTree(dir, outdir); err != nil {
		return fmt.Errorf("writing %s: %w", outdir, err)
	}
	return nil
}

func synth(outdir string, build func(app Scope)) error {
	var app cdktf.App
	if err := try(func() {
		app = cdktf.NewApp(&cdktf.AppConfig{Outdir: String(outdir), SkipValidation: jsii.Bool(true)})
		build(app)
	}); err != nil {
		return fmt.Errorf("building the construct tree: %w", err)
	}
	// App.Synth validates a stack when it comes to it and stops at the first that
	// is invalid; here every stack is validated before any is written.
	var problems []error
	for _, child := range *app.Node().Children() {
		if stack, ok := child.(cdktf.TerraformStack); ok {
			problems = append(problems, try(stack.RunAllValidations))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if err := try(app.Synth); err != nil {
		return fmt.Errorf("synthesizing: %w", err)
	}
	return nil
}

// try runs f and returns what it panicked with: the bindings panic instead of
// returning errors. This is the only place that recovers, and callers give up
// after it, because the tree may be broken then.
func try(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New(panicMessage(fmt.Sprint(r)))
		}
	}()
	f()
	return nil
}

var (
	jsStack    = regexp.MustCompile(`(?m)\n\s+at .*`)
	validation = regexp.MustCompile(`(?m)^\s*\[(.*?)\] `)
)

// panicMessage turns what the bindings panicked with into what a person wants to
// read: no JavaScript stack, and "path: problem" lines for failed validations.
func panicMessage(s string) string {
	s = jsStack.ReplaceAllString(strings.TrimSpace(s), "")
	s = strings.TrimPrefix(s, "Error: ")
	if _, list, ok := strings.Cut(s, "Validation failed with the following errors:\n"); ok {
		list, _, _ = strings.Cut(list, "\n\nIf you wish to ignore")
		return validation.ReplaceAllString(list, "$1: ")
	}
	return s
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}
