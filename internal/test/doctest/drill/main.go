// Command drill walks through the runbook and the guides on a local AWS, as the people
// on call would, and reports each procedure: its commands, pass or fail, and time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/ohmycoins/infra/internal/test/doctest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	docs, err := doctest.Documents(".")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Start a local AWS, create what exists already, apply the operations stacks")
	account, err := doctest.Open(ctx, ".", out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, account.Close()) }()
	fmt.Fprintln(out, "Run the commands of every document")
	runs, err := account.RunAll(ctx, docs)
	if err != nil {
		return err
	}
	doctest.Report(out, runs)
	if failed := doctest.Count(runs).Failed; failed > 0 {
		return fmt.Errorf("%d blocks failed", failed)
	}
	return nil
}
