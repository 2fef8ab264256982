// Package image builds and names the images of the application.
package image

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/stacks/environment"
)

// Builder builds images and pushes them.
type Builder interface {
	// Name is the name of the program: "docker".
	Name() string
	// Check fails unless the builder is there and answers.
	Check(ctx context.Context) error
	// Build makes an image from the sources in dir and gives it names. What the
	// program says goes to progress, line by line.
	Build(ctx context.Context, dir string, build environment.Build, names []string, progress func(string)) error
	// Push pushes names to the registry that login is for.
	Push(ctx context.Context, names []string, login Login, progress func(string)) error
}

// Login is what a registry wants before it takes an image.
type Login struct {
	// Registry is a host, perhaps with a port.
	Registry string
	User     string
	Password string
}

// Builders are the names of the programs that can be used.
func Builders() []string { return []string{"docker", "buildah", "podman"} }

// NewBuilder returns the builder that runs a program of [Builders].
func NewBuilder(program string) (Builder, error) {
	if !slices.Contains(Builders(), program) {
		return nil, fmt.Errorf("--builder: is %q, want %s", program, strings.Join(Builders(), ", "))
	}
	return tool{program}, nil
}

// tool runs docker, buildah or podman, never through a shell.
type tool struct{ program string }

func (t tool) Name() string { return t.program }

func (t tool) Check(ctx context.Context) error {
	const patience = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// docker version asks the engine too; the others have none.
	if err := t.run(ctx, nil, "", nil, "version"); err != nil {
		return err
	}
	return nil
}

func (t tool) Build(ctx context.Context, dir string, build environment.Build, names []string, progress func(string)) error {
	args := []string{"build", "--platform", build.Platform, "--file", filepath.Join(dir, build.Dockerfile)}
	for _, key := range slices.Sorted(maps.Keys(build.Args)) {
		args = append(args, "--build-arg", key+"="+build.Args[key])
	}
	for _, name := range names {
		args = append(args, "--tag", name)
	}
	if t.program == "docker" {
		args = append(args, "--progress=plain")
	} else {
		args = append(args, "--format=docker") // ECR and ECS know both; health checks are in this one only
	}
	return t.run(ctx, nil, "", progress, append(args, filepath.Join(dir, build.Context))...)
}

// Push logs in and pushes. The password reaches the program through its standard
// input, so that no process list shows it. The program keeps it where it is told to:
// in a folder that only this user can enter, in memory where the system offers that
// (XDG_RUNTIME_DIR), and that is gone when Push returns. The user's own
// configuration is neither read for the log-in nor changed, and no credential helper
// keeps a copy.
func (t tool) Push(ctx context.Context, names []string, login Login, progress func(string)) (err error) {
	folder, err := privateFolder()
	if err != nil {
		return fmt.Errorf("making a folder for the log-in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	var global, auth, environ []string
	if t.program == "docker" {
		global = []string{"--config", folder}
		if environ, err = t.engine(ctx); err != nil {
			return err
		}
	} else {
		auth = []string{"--authfile", filepath.Join(folder, "auth.json")}
		if isLoopback(login.Registry) { // docker does so by itself
			auth = append(auth, "--tls-verify=false")
		}
	}
	logIn := slices.Concat(global, []string{"login", "--username", login.User, "--password-stdin"}, auth, []string{login.Registry})
	if err := t.run(ctx, environ, login.Password, nil, logIn...); err != nil {
		return fmt.Errorf("logging in to %s: %w", login.Registry, err)
	}
	for _, name := range names {
		if err := t.run(ctx, environ, "", progress, slices.Concat(global, []string{"push"}, auth, []string{name})...); err != nil {
			return fmt.Errorf("pushing %s: %w", name, err)
		}
	}
	return nil
}

// engine returns the environment variable that names the docker engine of the
// user's current context: with --config, docker does not know that context.
func (t tool) engine(ctx context.Context) ([]string, error) {
	if os.Getenv("DOCKER_HOST") != "" {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, t.program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
	if err != nil {
		return nil, fmt.Errorf("asking docker for its engine: %w", err)
	}
	return []string{"DOCKER_HOST=" + strings.TrimSpace(string(out))}, nil
}

// privateFolder makes a folder that only this user can enter.
func privateFolder() (string, error) {
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		if folder, err := os.MkdirTemp(runtime, "omc-"); err == nil {
			return folder, nil
		}
	}
	return os.MkdirTemp("", "omc-")
}

// tailLines is how much of a program's output an error shows.
const tailLines = 15

// run runs the program. Its output goes to progress line by line, and its end into
// the error.
func (t tool) run(ctx context.Context, environ []string, input string, progress func(string), args ...string) error {
	cmd := exec.CommandContext(ctx, t.program, args...)
	cmd.Env = append(os.Environ(), environ...)
	separate(cmd)
	const grace = 5 * time.Second
	cmd.WaitDelay = grace
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	var last []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := strings.TrimRight(lines.Text(), " \r")
			if line == "" {
				continue
			}
			if last = append(last, line); len(last) > tailLines {
				last = last[1:]
			}
			if progress != nil {
				progress(line)
			}
		}
		_, _ = io.Copy(io.Discard, reader) // a line longer than the buffer
	}()
	err := cmd.Run()
	_ = writer.Close() // it cannot fail
	<-read
	if err == nil {
		return nil
	}
	command := t.program + " " + verbOf(args)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", command, context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s: it is not installed or not in PATH: %w", t.program, err)
	case len(last) > 0:
		return fmt.Errorf("%s: %w; its last output:\n\t%s", command, err, strings.Join(last, "\n\t"))
	}
	return fmt.Errorf("%s: %w", command, err)
}

// verbOf returns what a program was told to do, without the rest of its arguments.
func verbOf(args []string) string {
	for _, arg := range args {
		if slices.Contains([]string{"version", "build", "login", "push"}, arg) {
			return arg
		}
	}
	return cmp.Or(strings.Join(args, " "), "run")
}

// isLoopback reports whether a registry is on this machine.
func isLoopback(registry string) bool {
	u, err := url.Parse("//" + registry)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
