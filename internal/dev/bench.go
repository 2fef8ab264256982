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
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ohmycoins/infra/internal/terraform"
	"github.com/ohmycoins/infra/stacks/environment"
)

// benchRuns is how often each command is timed, after one run that is not.
const benchRuns = 5

// runBench prints how long it takes to synthesize both stacks, and to synthesize
// and validate them.
func runBench(ctx context.Context, out io.Writer) (err error) {
	inst, err := terraform.Setup(ctx, ".", out)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "infra-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := filepath.Join(dir, "infra")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, output)
	}
	synth := func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, program)
		cmd.Env = append(os.Environ(), "CDKTF_OUTDIR="+filepath.Join(dir, "out"))
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("synthesizing: %w\n%s", err, output)
		}
		return nil
	}
	validate := func(ctx context.Context) error {
		if err := synth(ctx); err != nil {
			return err
		}
		group, ctx := errgroup.WithContext(ctx)
		for _, name := range environment.Names() {
			group.Go(func() error { return validateStack(ctx, inst, filepath.Join(dir, "out", "stacks", name)) })
		}
		return group.Wait()
	}

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\nmedian of %d\tfastest\tslowest\t\n", benchRuns)
	for _, b := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"synth of both stacks", synth},
		{"synth and terraform validate of both stacks", validate},
	} {
		took, err := measure(ctx, b.run)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%.2f s\t%.2f s\t%.2f s\t  %s\n", took[len(took)/2].Seconds(), took[0].Seconds(), took[len(took)-1].Seconds(), b.name)
	}
	return table.Flush()
}

// measure returns the times of benchRuns runs, sorted.
func measure(ctx context.Context, run func(context.Context) error) ([]time.Duration, error) {
	if err := run(ctx); err != nil {
		return nil, err
	}
	var took []time.Duration
	for range benchRuns {
		start := time.Now()
		if err := run(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

func validateStack(ctx context.Context, inst *terraform.Installation, dir string) error {
	ws, err := inst.Workspace(dir, nil)
	if err != nil {
		return err
	}
	if err := ws.InitWithoutBackend(ctx); err != nil {
		return err
	}
	return ws.Validate(ctx)
}
