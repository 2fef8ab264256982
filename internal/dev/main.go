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
	"strings"
	"syscall"

	"github.com/spf13/cobra"

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
				return cli.run(cmd.Context(), verb, args[0], skipLock)
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
			return cli.run(cmd.Context(), "synth")
		},
	})
	root.AddCommand(&cobra.Command{
		Use:   "bench",
		Short: "Time synth and validate",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return runBench(cmd.Context(), os.Stdout) },
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
