package doctest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// An awsCLI is the installed AWS CLI, started once for all commands: starting it takes
// three times as long as what a command then does.
type awsCLI struct {
	// version is its major version.
	version int
	// socket is where it takes commands. "" when it has to be started for each.
	socket string
	dir    string
	server *exec.Cmd
	exited chan struct{}
}

//go:embed awscli.py
var awscliPlugin []byte

const (
	awscliTimeout = 30 * time.Second
	awscliPoll    = 20 * time.Millisecond
)

var cliRelease = regexp.MustCompile(`aws-cli/([0-9]+)\.`)

// startAWSCLI starts the AWS CLI with a plugin of ours that takes commands from the
// program aws. Both versions load plugins that their configuration file names; one
// that does not is only slower, which progress is told.
func startAWSCLI(ctx context.Context, environ []string, progress io.Writer) (*awsCLI, error) {
	out, err := exec.CommandContext(ctx, "aws", "--version").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("aws --version: %w: %s", err, out)
	}
	m := cliRelease.FindSubmatch(out)
	if m == nil {
		return nil, fmt.Errorf("aws --version says %q, want aws-cli/1 or aws-cli/2", out)
	}
	c := &awsCLI{exited: make(chan struct{})}
	if c.version, err = strconv.Atoi(string(m[1])); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "doctest-aws-"); err != nil {
		return nil, err
	}
	c.socket = filepath.Join(c.dir, "socket")
	if err := c.start(environ); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.await(ctx); err != nil {
		output, _ := os.ReadFile(c.output())
		if closeErr := c.close(); closeErr != nil || ctx.Err() != nil {
			return nil, errors.Join(err, closeErr)
		}
		fmt.Fprintf(progress, "the AWS CLI starts anew for each command: %v: %s\n", err, lastLines(string(output), 1))
		return &awsCLI{version: c.version}, nil
	}
	return c, nil
}

func (c *awsCLI) start(environ []string) error {
	if err := os.WriteFile(filepath.Join(c.dir, "doctest_awscli.py"), awscliPlugin, 0o600); err != nil {
		return err
	}
	config := "[plugins]\n"
	if c.version >= 2 { // version 1 would take it for a plugin, and finds ours by PYTHONPATH
		config += "cli_legacy_plugin_path = " + c.dir + "\n"
	}
	config += "doctest = doctest_awscli\n"
	file := filepath.Join(c.dir, "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	// Which command it is does not matter: the plugin is loaded before, and never returns.
	c.server = exec.Command("aws", "sts", "get-caller-identity") //nolint:noctx // close ends the whole process group
	c.server.Env = append(environ,
		"AWS_CONFIG_FILE="+file, "DOCTEST_AWSCLI="+c.socket,
		"PYTHONPATH="+strings.TrimSuffix(c.dir+string(os.PathListSeparator)+os.Getenv("PYTHONPATH"), string(os.PathListSeparator)))
	c.server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := os.Create(c.output())
	if err != nil {
		return err
	}
	defer output.Close()
	c.server.Stdout, c.server.Stderr = output, output
	if _, err := c.server.StdinPipe(); err != nil { // it ends with this process
		return err
	}
	if err := c.server.Start(); err != nil {
		return err
	}
	go func() {
		_ = c.server.Wait() // it is killed, or await tells what it wrote
		close(c.exited)
	}()
	return nil
}

// output is the file for what it prints itself.
func (c *awsCLI) output() string { return filepath.Join(c.dir, "output") }

// await waits until the plugin takes commands.
func (c *awsCLI) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, awscliTimeout, fmt.Errorf("its plugin did not start within %v", awscliTimeout))
	defer cancel()
	tick := time.NewTicker(awscliPoll)
	defer tick.Stop()
	for {
		if _, err := os.Stat(c.socket); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.exited:
			return errors.New("it does not load plugins")
		case <-tick.C:
		}
	}
}

// close ends the CLI and the commands that still run.
func (c *awsCLI) close() error {
	if c.socket == "" {
		return nil
	}
	_ = syscall.Kill(-c.server.Process.Pid, syscall.SIGKILL) // it may have ended
	<-c.exited
	return os.RemoveAll(c.dir)
}
