// Package localaws runs moto, an emulator of AWS, on 127.0.0.1 and seeds the
// infrastructure that exists already into it, under its real names: a place where
// Terraform, the AWS CLI and the SDKs can do everything they would do in the real
// account, without credentials. It is for tests and demonstrations, on Unix only.
package localaws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const (
	// defaultRegion is the region of the tools that Env configures.
	defaultRegion = "ap-southeast-2"
	// dummyKey is both halves of the credentials: moto accepts any.
	dummyKey = "testing"

	startTimeout = time.Minute
	pollInterval = 20 * time.Millisecond
	// stopGrace is how long moto may take to end before it is killed.
	stopGrace = 3 * time.Second
	// tailLines is how much of moto's output an error shows.
	tailLines = 15
)

// Server is a moto that listens on 127.0.0.1.
type Server struct {
	// URL is the endpoint of every AWS service: "http://127.0.0.1:43211". It is gone
	// when this process ends.
	URL string
	// MotoURL is moto's own endpoint, which a server that is kept running has after
	// this process. It may answer 500 to calls that are made at the same time.
	MotoURL string
	// PID is the id of moto's process and of its process group.
	PID int

	proxy   *proxy
	region  string
	output  *os.File
	exited  chan struct{} // closed after the process was waited for
	waitErr error         // valid once exited is closed
	forget  func() bool   // detaches the server from Start's context; nil when it is not attached

	stopOnce sync.Once
	stopErr  error
}

// StartOption changes what [Start] does.
type StartOption func(*startOptions)

type startOptions struct {
	region    string
	keep      bool
	logFile   string
	intercept func(next http.Handler) http.Handler
}

// Region sets the region that [Server.Env] and [Server.Config] name. Default:
// ap-southeast-2. The server itself answers for every region.
func Region(name string) StartOption {
	return func(o *startOptions) { o.region = name }
}

// KeepRunning lets moto outlive this process: once started, only [Server.Stop] or a
// signal to [Server.PID] ends it; the context given to [Start] no longer does. Its output
// goes to logFile, which must not exist yet: what is there may be another user's link to
// a file of ours. Default: moto ends with the context and, on Linux, with this process,
// even if that is killed.
func KeepRunning(logFile string) StartOption {
	return func(o *startOptions) { o.keep, o.logFile = true, logFile }
}

// Intercept puts a handler in front of moto. It sees every request to [Server.URL], may
// answer it by itself, and has moto answer it with next. Default: moto answers all.
func Intercept(handler func(next http.Handler) http.Handler) StartOption {
	return func(o *startOptions) { o.intercept = handler }
}

// Start starts moto on a free port of 127.0.0.1 and waits until it answers. It runs
// moto_server from PATH, else from a virtual environment in
// <projectDir>/.tools, which it makes on first use; progress of that goes to log
// (nil: nowhere). Canceling ctx stops the server. Errors name the tool that is
// missing and what to do, or quote the last lines that moto wrote.
func Start(ctx context.Context, projectDir string, log io.Writer, opts ...StartOption) (*Server, error) {
	o := startOptions{region: defaultRegion}
	for _, opt := range opts {
		opt(&o)
	}
	if log == nil {
		log = io.Discard
	}
	program, err := findMoto(ctx, projectDir, log)
	if err != nil {
		return nil, fmt.Errorf("finding moto: %w", err)
	}
	s := &Server{region: o.region, exited: make(chan struct{})}
	if s.output, err = openOutput(o); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	// With port 0 the system picks a free port while binding it: nobody can take it
	// in between. moto then says which one it is.
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", "0") //nolint:noctx // Stop ends the whole process group
	dir, pythonPath, err := writeExtension()
	defer func() { _ = os.RemoveAll(dir) }() // in the system's temporary folder
	if err != nil {
		s.output.Close()
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	cmd.Env = append(motoEnviron(os.Environ()), pythonPath)
	// A file, not a pipe: a server that outlives us must not die of SIGPIPE.
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.SysProcAttr = processAttributes(o.keep)
	if err := s.run(cmd); err != nil {
		s.output.Close()
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if err := s.awaitAnswer(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", program, err), s.stop())
	}
	if !strings.Contains(s.written(), loaded) {
		return nil, errors.Join(fmt.Errorf("starting %s: its Python did not load the extension from PYTHONPATH%s", program, tail(s.written())), s.stop())
	}
	if s.proxy, err = startProxy(ctx, s.MotoURL, o.intercept); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.URL = s.proxy.url
	if !o.keep {
		s.forget = context.AfterFunc(ctx, func() { _ = s.stop() })
	}
	return s, nil
}

// run starts cmd and waits for its end in the background.
func (s *Server) run(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		// The kernel ties the death signal to the thread that starts the process,
		// so that thread has to live as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.waitErr = cmd.Wait()
		// Children that it left behind; at once, while the group's id is still theirs.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.PID = cmd.Process.Pid
	return nil
}

var announcement = regexp.MustCompile(`Running on (http://127\.0\.0\.1:[1-9][0-9]*)`)

// awaitAnswer waits until moto has said where it listens and answers there.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %v", startTimeout))
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if s.MotoURL == "" {
			if found := announcement.FindStringSubmatch(s.written()); found != nil {
				s.MotoURL = found[1]
			}
		}
		if s.MotoURL != "" && s.api(ctx, http.MethodGet, "") == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w%s", context.Cause(ctx), tail(s.written()))
		case <-s.exited:
			return fmt.Errorf("it ended at once: %w%s", cmp.Or(s.waitErr, errors.New("exit status 0")), tail(s.written()))
		case <-tick.C:
		}
	}
}

// Stop ends moto and its children and waits until they are gone. Stopping a
// stopped server does nothing. It fails when the system refuses the signal.
func (s *Server) Stop() error {
	if s.forget != nil {
		s.forget()
	}
	return s.stop()
}

func (s *Server) stop() error {
	s.stopOnce.Do(func() {
		if s.proxy != nil {
			s.stopErr = s.proxy.stop()
		}
		s.stopErr = errors.Join(s.stopErr, s.end())
		s.output.Close()
	})
	return s.stopErr
}

func (s *Server) end() error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-s.exited: // its id may belong to somebody else by now
			return nil
		default:
		}
		if err := syscall.Kill(-s.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping moto (process group %d): %w", s.PID, err)
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(stopGrace):
		}
	}
	return fmt.Errorf("stopping moto (process group %d): still there after SIGKILL", s.PID)
}

// Reset empties the server: every account and region, seeded or not.
func (s *Server) Reset(ctx context.Context) error {
	if err := s.api(ctx, http.MethodPost, "reset"); err != nil {
		return fmt.Errorf("resetting moto: %w", err)
	}
	return nil
}

// api calls moto's own API.
func (s *Server) api(ctx context.Context, method, call string) error {
	req, err := http.NewRequestWithContext(ctx, method, s.MotoURL+"/moto-api/"+call, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, req.URL, resp.Status)
	}
	return nil
}

// Env returns the environment variables that point Terraform, the AWS CLI and the
// SDKs at the server and away from the user's own account. An empty value means
// that the variable must be unset: some tools reject an empty AWS_PROFILE.
// [Server.Environ] does that.
func (s *Server) Env() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL":            s.URL,
		"AWS_ACCESS_KEY_ID":           dummyKey,
		"AWS_SECRET_ACCESS_KEY":       dummyKey,
		"AWS_SESSION_TOKEN":           "",
		"AWS_REGION":                  s.region,
		"AWS_DEFAULT_REGION":          s.region,
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	}
}

// Environ returns base, a list such as [os.Environ], without any AWS setting of the
// user (profiles, roles, endpoints of single services) and with those of
// [Server.Env]: the environment for a child process.
func (s *Server) Environ(base []string) []string {
	environ := without(base, "AWS_")
	env := s.Env()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if env[name] != "" {
			environ = append(environ, name+"="+env[name])
		}
	}
	return environ
}

// Config returns the configuration for SDK clients of the server. Nothing in it
// comes from the user's files or environment.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       s.region,
		BaseEndpoint: aws.String(s.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(dummyKey, dummyKey, ""),
		// moto answers 500 to calls that it lacks: retrying them only wastes time.
		Retryer: func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 2) },
	}
}

// motoEnviron returns the environment of moto itself. botocore inside it fails on
// a profile that does not exist, and MOTO_ variables change accounts and ports.
func motoEnviron(base []string) []string {
	return without(base, "AWS_", "MOTO_", "INITIAL_NO_AUTH_ACTION_COUNT=", "WERKZEUG_", "PYTHONPATH=")
}

// without returns the entries of environ that begin with none of prefixes.
func without(environ []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(entry, p) })
	})
}

// openOutput opens the file that moto writes to. Unless it was asked for, it has
// no name any more, so that nothing is left behind however this process ends.
func openOutput(o startOptions) (*os.File, error) {
	if o.keep {
		return os.OpenFile(o.logFile, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	}
	f, err := os.CreateTemp("", "moto-*.log")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// written returns what moto wrote so far.
func (s *Server) written() string {
	info, err := s.output.Stat()
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(io.NewSectionReader(s.output, 0, info.Size()))
	if err != nil {
		return ""
	}
	return string(text)
}

// tail returns the last lines of output, ready to follow an error's text.
func tail(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if lines[0] == "" {
		return " (it wrote nothing)"
	}
	lines = lines[max(0, len(lines)-tailLines):]
	return "; its last output:\n\t" + strings.Join(lines, "\n\t")
}
