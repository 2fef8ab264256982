package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

// version is set by the linker in releases: -X main.version=v1.2.3.
var version = ""

// options are what every command shares.
type options struct {
	output string
	yes    bool
	dryRun bool

	stdin          io.Reader
	stdout         io.Writer
	stderr         *os.File
	getenv         func(string) string
	interrupt      <-chan struct{}
	sharedReporter report.Reporter
	// summarized says that the step summary has the result.
	summarized bool
}

// outputs are what can be written to standard output.
var outputs = []string{"text", "json", "markdown"}

func command(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "omc",
		Short: "Deploy Oh My Coins and say what is going on",
		Long: `omc deploys the application to an environment, waits until it runs, checks it, and
puts back what ran before when anything is wrong.

Exit status: 0 done; 1 failed, what ran before runs again (or, with --no-rollback,
what the message says); 2 nothing was changed, because of the command line or a
prerequisite; 3 failed, and what ran before could not be put back; 130 interrupted,
what ran before runs.`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("omc {{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVar(&o.output, "output", "text", "what to write to standard output: text, json or markdown")
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would be done and change nothing")
	offer(root, "output", outputs...)
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(outputs, o.output) {
			return fmt.Errorf("--output: is %q, want text, json or markdown", o.output)
		}
		return nil
	}
	root.AddCommand(deployCommand(o), rollbackCommand(o), statusCommand(o), unlockCommand(o),
		verifyCommand(o), secretsCommand(o), alarmsCommand(o), dashboardCommand(o), maintenanceCommand(o))
	return root
}

func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.Main.Version
}

// group is a command that only has others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	var names []string
	for _, cmd := range below {
		names = append(names, cmd.Name())
	}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			return fmt.Errorf("command: is %q, want %s: %s %s ENV", strings.Join(args, " "), strings.Join(names, " or "), cmd.CommandPath(), names[0])
		},
	}
	cmd.AddCommand(below...)
	return cmd
}

// asks adds the flag of commands that ask before they change something.
func (o *options) asks(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask for the environment's name")
}

// offer tells the shell what the values of a flag can be.
func offer(cmd *cobra.Command, flag string, values ...cobra.Completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

// verb makes cmd one that takes an environment's name.
func (o *options) verb(cmd *cobra.Command, run func(ctx context.Context, app *verbs.App, env environment.Environment) error) *cobra.Command {
	cmd.Args = oneEnvironment
	cmd.ValidArgsFunction = completeEnvironment
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		app, env, err := o.app(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return run(cmd.Context(), app, env)
	}
	return cmd
}

// checkTimeout refuses a time-out that is over before it begins.
func checkTimeout(cmd *cobra.Command, timeout time.Duration) error {
	if timeout < 0 || timeout == 0 && cmd.Flags().Changed("timeout") {
		return fmt.Errorf("--timeout: is %s, want a positive duration such as 15m", timeout)
	}
	return nil
}

// oneEnvironment accepts the name of an environment and nothing else.
func oneEnvironment(cmd *cobra.Command, args []string) error {
	name := strings.Join(args, " ")
	if _, ok := environment.Lookup(name); !ok {
		return fmt.Errorf("ENV: is %q, want %s: %s %s", name, strings.Join(environment.Names(), " or "),
			cmd.CommandPath(), environment.Names()[0])
	}
	return nil
}

// completeEnvironment offers the names of environments.
func completeEnvironment(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return environment.Names(), cobra.ShellCompDirectiveNoFileComp
}

// reporter returns where progress goes: standard error.
func (o *options) reporter() report.Reporter {
	if o.sharedReporter == nil {
		o.sharedReporter = report.NewConsole(o.stderr, o.getenv, time.Now)
	}
	return o.sharedReporter
}

// app returns the engine for an environment.
func (o *options) app(ctx context.Context, name string) (*verbs.App, environment.Environment, error) {
	env, _ := environment.Lookup(name)
	if err := environment.Validate(env); err != nil {
		return nil, env, fmt.Errorf("stacks/environment:\n%w", err)
	}
	cfg, err := loadAWS(ctx, env)
	if err != nil {
		return nil, env, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	reread := func(ctx context.Context) (aws.CredentialsProvider, error) {
		again, err := loadAWS(ctx, env)
		return again.Credentials, err
	}
	return verbs.New(verbs.Config{
		Environment: env, AWS: cfg, Credentials: reread, Reporter: o.reporter(), Interrupt: o.interrupt,
	}), env, nil
}

// loadAWS reads the user's AWS configuration.
func loadAWS(ctx context.Context, env environment.Environment) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(env.Region),
		// Where credentials come from has a deadline, too.
		config.WithLogger(logging.Nop{}), // what matters is in errors
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(awsapi.AttemptTimeout)))
	cfg.Retryer = nil // the engine has its own, with bounds
	return cfg, err
}

// confirmation returns what asks for the environment's name where the environment wants
// that; nil where nobody is to be asked.
func (o *options) confirmation(what string, env environment.Environment) func(context.Context) error {
	if o.yes || o.dryRun || !env.Deployment.Confirm {
		return nil
	}
	return func(ctx context.Context) error { return o.question(ctx, what, env) }
}

// confirm asks for the environment's name where the environment wants that.
func (o *options) confirm(ctx context.Context, what string, env environment.Environment) error {
	if o.confirmation(what, env) == nil {
		return nil
	}
	return o.ask(ctx, what, env)
}

// ask asks for the environment's name, outside of a verb, which would be interrupted by
// itself.
func (o *options) ask(ctx context.Context, what string, env environment.Environment) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-o.interrupt:
			cancel(exitStatus{errors.New("interrupted: nothing was changed"), report.Interrupted.ExitStatus()})
		case <-ctx.Done():
		}
	}()
	return o.question(ctx, what, env)
}

// question asks for the environment's name until ctx ends.
func (o *options) question(ctx context.Context, what string, env environment.Environment) error {
	fmt.Fprintf(o.stderr, "omc %s changes %s. Type %q to go on: ", what, env.Name, env.Name)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(o.stdin).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case got := <-answer:
		if got != env.Name {
			return fmt.Errorf("the answer is %q, want %q: nothing was changed; where nobody can answer, use --yes", got, env.Name)
		}
	}
	return nil
}

// result is what a verb found or did.
type result interface {
	Page() report.Page
	ExitStatus() int
}

// finish shows the result of a verb, wherever it is to be seen, and turns the verb's
// error into an exit status. A result that cannot be written changes nothing about it.
func (o *options) finish(r result, failure error) error {
	if failure != nil {
		failure = exitStatus{failure, r.ExitStatus()}
	}
	o.summarize(r.Page())
	var text bytes.Buffer
	switch o.output {
	case "json":
		o.writeJSON(r)
		return failure
	case "markdown":
		r.Page().WriteMarkdown(&text)
	default:
		r.Page().WriteText(&text)
	}
	o.write(text.Bytes())
	return failure
}

// writeJSON writes a result for programs.
func (o *options) writeJSON(r any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(r) // it has no type that JSON lacks
	o.write(text.Bytes())
}

func (o *options) write(text []byte) {
	if _, err := o.stdout.Write(text); err != nil {
		o.reporter().Warn("the result could not be written to standard output: " + err.Error())
	}
}

// unbegun is what --output json prints of a command that did not begin.
type unbegun struct {
	Command string `json:"command"`
	report.Ending
}

// endUnbegun shows that a command did not begin, wherever it is to be seen.
func (o *options) endUnbegun(cmd *cobra.Command, args []string, status int, failure error) {
	outcome := report.NothingChanged
	if status == report.Interrupted.ExitStatus() {
		outcome = report.Interrupted
	}
	o.summarize(report.Page{Title: cmd.CommandPath() + ": " + string(outcome), Error: failure.Error()})
	// The flag may come after what is wrong with the command line.
	asked := strings.Contains(" "+strings.ReplaceAll(strings.Join(args, " "), "=", " ")+" ", " --output json ")
	if o.output == "json" || asked {
		o.writeJSON(unbegun{Command: cmd.CommandPath(), Ending: report.Ending{Outcome: outcome, Error: failure.Error()}})
	}
}

// summarize adds a page to GitHub's summary of the run.
func (o *options) summarize(page report.Page) {
	o.summarized = true
	if path := o.getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if err := appendSummary(path, page); err != nil {
			o.reporter().Warn(err.Error())
		}
	}
}

func appendSummary(path string, page report.Page) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing the step summary: %w", err)
	}
	page.WriteMarkdown(file)
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing the step summary: %w", err)
	}
	return nil
}
