// Package cdk is the only package that knows the cdktf and jsii bindings: their
// pointers, their panics and the generated resources. Everything else passes
// plain Go values to it, so that a move to other bindings is the work of this
// package alone.
//
// Like the bindings, it must be used from one goroutine at a time: inside [Synth],
// which lets one build at a time.
package cdk

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/constructs/synth/fastsynth"
)

// Scope is where a construct is made: an app, a stack or another construct.
type Scope = constructs.Construct

// one is held by the synth that runs: jsii can serve one goroutine at a time.
var one sync.Mutex

// Synth lets build fill an app and writes the Terraform JSON of its stacks to
// outdir. When any construct is misconfigured the error lists every problem of
// every construct, a line each, and nothing is written. Otherwise it returns what
// constructs warn of.
//
// It makes jsii start fast. A second synth waits for the first, so tests may run side by side as long as
// they use constructs inside build only. Build must not call Synth.
func Synth(outdir string, build func(app Scope)) ([]Warning, error) {
	one.Lock()
	defer one.Unlock()
	if err := fastsynth.Enable(); err != nil {
		return nil, err
	}
	// The app creates its folder before it knows whether it is valid, and writes
	// stack by stack, so it works elsewhere and a complete result is copied.
	dir, remove, err := workDir()
	if err != nil {
		return nil, fmt.Errorf("synthesizing: %w", err)
	}
	defer remove()

	if err := synth(dir, build); err != nil {
		return nil, err
	}
	warned, err := warnings(dir)
	if err != nil {
		return nil, err
	}
	if err := copyTree(dir, outdir); err != nil {
		return nil, fmt.Errorf("writing %s: %w", outdir, err)
	}
	return warned, nil
}

func synth(outdir string, build func(app Scope)) error {
	var app cdktf.App
	var unread error
	if err := try(func() {
		app = cdktf.NewApp(&cdktf.AppConfig{Outdir: String(outdir), SkipValidation: jsii.Bool(true)})
		build(app)
		_, stacks := split(app)
		for _, stack := range stacks {
			setDefaultBackend(stack)
		}
		unread = warnOfClashes(app)
	}); err != nil {
		return fmt.Errorf("building the construct tree: %w", err)
	}
	if unread != nil {
		return unread
	}
	// App.Synth would validate a stack when it comes to it and stop at the first
	// that is invalid. Aspects run only there, so everything is validated after it,
	// before anything leaves the folder.
	synthesized := try(app.Synth)
	if problems := validate(app); problems != nil {
		return problems
	}
	if synthesized != nil {
		return fmt.Errorf("synthesizing: %w", synthesized)
	}
	return nil
}

// split returns the outermost stacks of an app and the constructs that are in no
// stack. It leaves what is in stacks alone: each call of the bindings takes time.
func split(app Scope) (outside []constructs.IConstruct, stacks []cdktf.TerraformStack) {
	var add func(node constructs.IConstruct)
	add = func(node constructs.IConstruct) {
		if stack, ok := node.(cdktf.TerraformStack); ok {
			stacks = append(stacks, stack)
			return
		}
		outside = append(outside, node)
		for _, child := range *node.Node().Children() {
			add(child)
		}
	}
	add(app)
	return outside, stacks
}

// validate joins what is wrong with every construct of an app.
func validate(app Scope) error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	check := func(f func()) {
		if err := try(f); err != nil {
			report("%w", err)
		}
	}
	check(func() {
		outside, stacks := split(app)
		for _, node := range outside {
			path := cmp.Or(*node.Node().Path(), "the app")
			check(func() {
				for _, message := range *node.Node().Validate() {
					report("%s: %s", path, *message)
				}
			})
		}
		if len(stacks) == 0 {
			report("the app has no stack, so there is nothing to write: give it one with cdktf.NewTerraformStack")
		}
		paths := map[string]string{} // by id
		for _, stack := range stacks {
			id, path := *stack.Node().Id(), *stack.Node().Path()
			if first, ok := paths[id]; ok {
				report("%s: id: is %q, want one that no other stack has: %s is written to stacks/%s too", path, id, first, id)
			}
			paths[id] = path
			check(stack.RunAllValidations)
		}
	})
	return errors.Join(problems...)
}

// setDefaultBackend gives a stack without a backend the one that cdktf would give
// it, a file beside the output folder, but without the folder's absolute path.
func setDefaultBackend(stack cdktf.TerraformStack) {
	const id = "backend" // of every backend
	node := stack.Node()
	if node.TryFindChild(jsii.String(id)) != nil {
		return
	}
	// Finds those that are further below, and makes one only if there is none.
	stack.EnsureBackendExists()
	if *node.TryRemoveChild(jsii.String(id)) {
		cdktf.NewLocalBackend(stack, &cdktf.LocalBackendConfig{
			// Terraform runs in OUTDIR/stacks/ID.
			Path: jsii.String("../../../terraform." + *node.Id() + ".tfstate"),
		})
	}
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
	s = strings.ReplaceAll(strings.TrimPrefix(s, "Error: "), "\n\n", "\n")
	if _, list, ok := strings.Cut(s, "Validation failed with the following errors:\n"); ok {
		list, _, _ = strings.Cut(list, "\nIf you wish to ignore")
		return validation.ReplaceAllString(list, "$1: ")
	}
	return s
}

// copyTree copies files with their modes: an asset may be a program.
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
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return err
		}
		return os.Chmod(target, info.Mode().Perm()) // where a file was, or a umask
	})
}
