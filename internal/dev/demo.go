package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ohmycoins/infra/internal/problems"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// runDemo does the main job without an AWS account: it deploys staging with the
// real tools to a local AWS that holds what exists already, and shows what AWS
// says about the result.
func runDemo(ctx context.Context, out io.Writer, keep bool) (err error) {
	env := environment.Staging()
	steps := &steps{out: out}

	cli, err := findCDKTF(ctx, out)
	if err != nil {
		return err
	}
	// The demonstration's output and Terraform folder are its own, so that they
	// never meet those of a real deployment.
	dir, err := os.MkdirTemp("", "infra-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	var server *localaws.Server
	if err := steps.do("Start a local AWS", func() error {
		var options []localaws.StartOption
		if keep {
			log, err := keptLog()
			if err != nil {
				return err
			}
			options = append(options, localaws.KeepRunning(log))
		}
		server, err = localaws.Start(ctx, ".", out, options...)
		return err
	}); err != nil {
		return err
	}
	if !keep {
		defer func() { err = errors.Join(err, server.Stop()) }()
	}

	if err := steps.do("Create what exists already in "+strings.Join(environment.Names(), " and "), func() error {
		for _, existing := range environment.All() {
			if err := localaws.Seed(ctx, server, existing); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	// CI keeps the command line from animating its progress.
	cli.environ = append(server.Environ(cli.environ), "CI=true")
	cli.stdin = nil
	outputs := filepath.Join(dir, "outputs.json")
	if err := steps.do("cdktf deploy "+env.Name, func() error {
		lines := newProgress(out)
		cli.stdout, cli.stderr = lines, lines
		err := cli.run(ctx, dir, []string{env.Name}, "deploy", env.Name, skipLock, "--no-color", "--auto-approve", "--outputs-file", outputs)
		if err != nil {
			return fmt.Errorf("%w; it printed:\n%s", err, lines.everything())
		}
		return nil
	}); err != nil {
		return err
	}
	if err := steps.do("Ask CloudWatch for the alarms", func() error {
		return printAlarms(ctx, out, server.Config(), env.Prefix+"/")
	}); err != nil {
		return err
	}
	if err := printOutputs(out, outputs, env.Name); err != nil {
		return err
	}
	steps.print()
	if keep {
		printExports(out, server)
	}
	// The end is what a reader sees: the proof.
	return preview(ctx, out, env.Name)
}

// preview runs the program that the Makefile has built.
func preview(ctx context.Context, out io.Writer, env string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(".tools", "bin", "preview"), env)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

// keptLog returns where the local AWS writes after the demonstration: a file in a new
// folder that belongs to the user alone.
func keptLog() (string, error) {
	dir, err := os.MkdirTemp("", "infra-local-aws-")
	return filepath.Join(dir, "moto.log"), err
}

// steps runs the steps of the demonstration and remembers how long each took.
type steps struct {
	out  io.Writer
	took []string
}

func (s *steps) do(name string, step func() error) error {
	fmt.Fprintf(s.out, "\n==> %s\n", name)
	start := time.Now()
	if err := step(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.took = append(s.took, fmt.Sprintf("%6.1f s  %s", time.Since(start).Seconds(), name))
	return nil
}

func (s *steps) print() {
	fmt.Fprintf(s.out, "\nTime\n  %s\n", strings.Join(s.took, "\n  "))
}

// progress shows the lines of cdktf and Terraform that tell how far they are, as
// they come, and keeps all of them.
type progress struct {
	out  io.Writer
	all  bytes.Buffer
	line []byte
}

func newProgress(out io.Writer) *progress { return &progress{out: out} }

var (
	finished  = regexp.MustCompile(`(\w+)\.\S+ \(([^)]+)\): (Creation|Import) complete`)
	milestone = regexp.MustCompile(`(Initializing the backend|Plan: |Apply complete).*`)
)

// Write implements io.Writer.
func (p *progress) Write(b []byte) (int, error) {
	p.all.Write(b)
	for _, c := range b {
		if c != '\n' {
			p.line = append(p.line, c)
			continue
		}
		p.show(string(p.line))
		p.line = p.line[:0]
	}
	return len(b), nil
}

func (p *progress) show(line string) {
	switch {
	case finished.MatchString(line):
		m := finished.FindStringSubmatch(line)
		done := map[string]string{"Creation": "created", "Import": "imported"}[m[3]]
		fmt.Fprintf(p.out, "    %-8s  %-36s %s\n", done, m[1], m[2])
	case milestone.MatchString(line):
		fmt.Fprintln(p.out, "    "+milestone.FindString(line))
	}
}

func (p *progress) everything() string { return p.all.String() }

func printOutputs(out io.Writer, file, stack string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var outputs map[string]map[string]any
	if err := json.Unmarshal(content, &outputs); err != nil {
		return fmt.Errorf("reading the outputs of %s: %w", stack, err)
	}
	fmt.Fprintln(out, "\nOutputs")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range problems.SortedKeys(outputs[stack]) {
		value := outputs[stack][name]
		if list, ok := value.(map[string]any); ok {
			value = fmt.Sprintf("%d entries", len(list))
		}
		fmt.Fprintf(table, "  %s\t%v\n", name, value)
	}
	return table.Flush()
}

func printExports(out io.Writer, server *localaws.Server) {
	env := server.Env()
	var credentials []string
	for name, value := range env {
		if value != "" && name != "AWS_ENDPOINT_URL" {
			credentials = append(credentials, name+"="+value)
		}
	}
	sort.Strings(credentials)
	fmt.Fprintf(out, "\nThe local AWS is still running. To use it:\n  export AWS_ENDPOINT_URL=%s\n  export %s\nTo stop it: kill %d\n",
		server.MotoURL, strings.Join(credentials, " "), server.PID)
}
