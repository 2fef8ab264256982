// Command omc deploys Oh My Coins and says what is going on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/ohmycoins/infra/internal/omc/report"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run carries out a command line and returns the exit status.
func run(args []string) int {
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	interrupt := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signal.Notify(signals, syscall.SIGHUP)
	}
	// Output that nobody reads must not end the process: writing then only fails. Unlike
	// with signal.Ignore, the programs that it starts are as they always are.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go onSignals(signals, interrupt, giveUp, os.Stderr)

	o := &options{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, interrupt: interrupt}
	root := command(o)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	o.reporter().Fail(err.Error())
	code := report.NothingChanged.ExitStatus()
	var status exitStatus
	if errors.As(err, &status) {
		code = status.status
	}
	if !o.summarized {
		o.endUnbegun(cmd, args, code, err)
	}
	return code
}

// onSignals closes interrupt at the first signal, gives up at the second, and lets
// the third end the process.
func onSignals(signals chan os.Signal, interrupt chan<- struct{}, giveUp func(), stderr io.Writer) {
	<-signals
	fmt.Fprintln(stderr, "\nStopping; what was changed is put back. Once more gives up and leaves everything as it is.")
	close(interrupt)
	<-signals
	fmt.Fprintln(stderr, "\nGiving up.")
	signal.Stop(signals)
	giveUp()
}

// exitStatus is an error that says what the exit status is.
type exitStatus struct {
	error
	status int
}

func (e exitStatus) Unwrap() error { return e.error }
