// Command dev is what the Makefile runs: the cdktf command line with everything
// that it needs found or installed, and the demonstration on a local AWS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/terraform"
	"github.com/ohmycoins/infra/stacks/environment"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	// A tool that we ran has told its error itself.
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "Error:", err)
	}
	os.Exit(1)
}

// output is the folder of the synthesized JSON.
const output = "cdktf.out"

func stackDir(env string) (string, error) { return filepath.Abs(filepath.Join(output, "stacks", env)) }

func command() *cobra.Command {
	root := &cobra.Command{
		Use:               "dev",
		Short:             "Work on the infrastructure project",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	for _, verb := range []string{"deploy", "diff"} {
		root.AddCommand(&cobra.Command{
			Use:   verb + " ENV",
			Short: "Run cdktf " + verb + " for an environment",
			Args:  oneEnvironment,
			RunE: func(cmd *cobra.Command, args []string) error {
				cli, err := findCDKTF(cmd.Context(), os.Stderr)
				if err != nil {
					return err
				}
				return cli.run(cmd.Context(), output, args, verb, args[0], skipLock)
			},
		})
	}
	root.AddCommand(&cobra.Command{
		Use:   "synth",
		Short: "Run cdktf synth",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli, err := findCDKTF(cmd.Context(), os.Stderr)
			if err != nil {
				return err
			}
			return cli.run(cmd.Context(), output, nil, "synth")
		},
	})
	root.AddCommand(&cobra.Command{
		Use:   "bench",
		Short: "Time synth and validate",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runBench(cmd.Context(), os.Stdout) },
	})
	root.AddCommand(&cobra.Command{
		Use:   "plan ENV",
		Short: "Plan a stack with Terraform, and keep the plan",
		Args:  oneEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := synthesize(cmd.Context(), output); err != nil {
				return err
			}
			dir, err := stackDir(args[0])
			if err != nil {
				return err
			}
			inst, err := terraform.Setup(cmd.Context(), ".", os.Stderr)
			if err != nil {
				return err
			}
			return makePlan(cmd.Context(), inst, args[0], dir, os.Stdout)
		},
	}, &cobra.Command{
		Use:   "apply ENV",
		Short: "Apply the plan that was kept, and nothing else",
		Long:  "A plan that destroys something wants the word that the plan names in the variable DESTROY.",
		Args:  oneEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := stackDir(args[0])
			if err != nil {
				return err
			}
			inst, err := terraform.Setup(cmd.Context(), ".", os.Stderr)
			if err != nil {
				return err
			}
			return applyPlan(cmd.Context(), inst, args[0], dir, os.Getenv("DESTROY"), os.Stdout)
		},
	})
	var keep bool
	demo := &cobra.Command{
		Use:   "demo",
		Short: "Deploy staging to a local AWS and show the result",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), os.Stdout, keep)
		},
	}
	demo.Flags().BoolVar(&keep, "keep", false, "leave the local AWS running")
	root.AddCommand(demo)
	return root
}

// oneEnvironment accepts the name of an environment and nothing else.
func oneEnvironment(_ *cobra.Command, args []string) error {
	name := strings.Join(args, " ")
	if _, ok := environment.Lookup(name); !ok {
		return fmt.Errorf("ENV: is %q, want %s: make deploy ENV=%s",
			name, strings.Join(environment.Names(), " or "), environment.Names()[0])
	}
	return nil
}
