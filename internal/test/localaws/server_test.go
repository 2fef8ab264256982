package localaws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"github.com/ohmycoins/infra/stacks/environment"
)

// helperMode makes the test binary a program that starts a server and is killed.
const helperMode = "LOCALAWS_TEST_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helperMode); mode != "" {
		helper(mode)
		return
	}
	code := m.Run()
	if shared.server != nil {
		_ = shared.server.Stop() // a test shows that it does
	}
	os.Exit(code)
}

func helper(mode string) {
	var opts []StartOption
	if mode == "keep" {
		opts = append(opts, KeepRunning(filepath.Join(os.Getenv("LOCALAWS_TEST_DIR"), "moto.log")))
	}
	s, err := Start(context.Background(), os.Getenv("LOCALAWS_TEST_DIR"), os.Stderr, opts...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.PID, s.MotoURL)
	select {} // until killed
}

func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start(t.Context(), t.TempDir(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shared is the server of tests that need no server of their own: starting one takes
// longer than most of them.
var shared struct {
	mu     sync.Mutex
	server *Server
}

// empty returns a server with nothing in it, which the test has to itself until it ends.
func empty(t *testing.T) *Server {
	t.Helper()
	shared.mu.Lock()
	t.Cleanup(shared.mu.Unlock)
	if shared.server == nil {
		s, err := Start(context.Background(), t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		shared.server = s
	}
	if err := shared.server.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	return shared.server
}

// open says whether something listens at the address of url.
func open(url string) bool {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// eventually fails the test unless cond holds within ten seconds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// gone says whether no process of the group is left.
func gone(pid int) bool { return errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) }

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	s := start(t)
	if !strings.HasPrefix(s.URL, "http://127.0.0.1:") || !open(s.URL) || gone(s.PID) {
		t.Fatalf("URL %q, process %d: want a server there", s.URL, s.PID)
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if open(s.URL) || !gone(s.PID) {
			t.Fatal("still there after Stop")
		}
	}
	if err := s.Reset(t.Context()); err == nil {
		t.Error("Reset of a stopped server: no error")
	}
	begin := time.Now()
	err := Seed(t.Context(), s, environment.Staging())
	if err == nil || !strings.Contains(err.Error(), "replication group ohmycoins-staging-redis") {
		t.Errorf("seeding a stopped server: %v", err)
	}
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("it took %v to fail", took)
	}
}

func TestServersAreIndependent(t *testing.T) {
	t.Parallel()
	a, b := start(t), start(t)
	if a.URL == b.URL {
		t.Fatalf("both at %s", a.URL)
	}
	if _, err := s3.NewFromConfig(a.Config()).CreateBucket(t.Context(), createBucket("only-in-a")); err != nil {
		t.Fatal(err)
	}
	if got := bucketNames(t, b); len(got) != 0 {
		t.Errorf("the other server has buckets %v", got)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if !open(b.URL) {
		t.Error("stopping one server stopped the other")
	}
}

func TestContextStopsServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	eventually(t, "the server ends with its context", func() bool { return gone(s.PID) && !open(s.URL) })
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestKeepRunningIgnoresContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	log := filepath.Join(t.TempDir(), "moto.log")
	s, err := Start(ctx, t.TempDir(), nil, KeepRunning(log))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	time.Sleep(5 * pollInterval)
	if !open(s.MotoURL) {
		t.Error("the server ended with the context")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), s.MotoURL) {
		t.Errorf("log file: %q, %v", text, err)
	}
}

func TestCanceledStart(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("not today"))
	if _, err := Start(ctx, t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("got %v, want the context's cause", err)
	}
}

// TestParentKilled starts a server from another process and kills that process.
func TestParentKilled(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"die", "keep"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			parent := exec.CommandContext(t.Context(), os.Args[0])
			parent.Env = append(os.Environ(), helperMode+"="+mode, "LOCALAWS_TEST_DIR="+t.TempDir())
			parent.Stderr = t.Output()
			stdout, err := parent.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			var url string
			if _, err := fmt.Sscan(line, &pid, &url); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			if mode == "keep" {
				time.Sleep(5 * pollInterval)
				// It answers, and writes its log, without us.
				s := &Server{MotoURL: url}
				if err := s.Reset(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			eventually(t, "the server ends with its parent", func() bool { return !open(url) })
		})
	}
}

// script writes an executable and puts its directory first on PATH, or makes it
// all of PATH.
func script(t *testing.T, name, text string, only bool) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	if !only {
		dir += string(os.PathListSeparator) + os.Getenv("PATH")
	}
	t.Setenv("PATH", dir)
}

func TestStopEndsChildren(t *testing.T) {
	moto, err := findMoto(t.Context(), t.TempDir(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	script(t, "moto_server", `sh -c 'trap "" TERM; while :; do sleep 1; done' & `+"\nexec '"+moto+`' "$@"`, false)
	s := start(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a child that ignores SIGTERM ends", func() bool { return gone(s.PID) })
}

func TestMotoDies(t *testing.T) {
	script(t, "moto_server", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo line $i; done\necho no luck >&2\nexit 3\n", true)
	_, err := Start(t.Context(), t.TempDir(), nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"moto_server", "exit status 3", "line 15\n", "no luck"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "line 1\n") {
		t.Errorf("%v: want the last lines only", err)
	}
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	s := &Server{URL: "http://127.0.0.1:1", region: "eu-west-1"}
	got := s.Environ([]string{
		"HOME=/h", "AWS_PROFILE=mine", "AWS_SESSION_TOKEN=t", "AWS_ENDPOINT_URL_S3=http://elsewhere", "AWS_REGION=us-east-1", "AWSOME=1",
	})
	want := []string{
		"HOME=/h", "AWSOME=1",
		"AWS_ACCESS_KEY_ID=testing", "AWS_CONFIG_FILE=/dev/null", "AWS_DEFAULT_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_REGION=eu-west-1", "AWS_SECRET_ACCESS_KEY=testing", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// A user's own settings reach neither the clients nor moto.
func TestUserSettingsAreIgnored(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_PROFILE":         "does-not-exist",
		"AWS_ACCESS_KEY_ID":   "users-own",
		"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
		"AWS_ENDPOINT_URL":    "http://127.0.0.1:1",
		"MOTO_ACCOUNT_ID":     "000000000000",
	} {
		t.Setenv(name, value)
	}
	s := start(t)
	if got := bucketNames(t, s); len(got) != 0 {
		t.Errorf("buckets %v", got)
	}
	identity, err := sts.NewFromConfig(s.Config()).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(identity.Account) == "000000000000" {
		t.Error("moto took the account id from the user's environment")
	}
	// Half of the services ask botocore for their regions, which fails on an unknown profile.
	if err := Seed(t.Context(), s, environment.Staging()); err != nil {
		t.Error(err)
	}
	creds, err := s.Config().Credentials.Retrieve(t.Context())
	if err != nil || creds.AccessKeyID != dummyKey {
		t.Errorf("credentials %q, %v", creds.AccessKeyID, err)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	s := empty(t)
	if _, err := s3.NewFromConfig(s.Config()).CreateBucket(t.Context(), createBucket("x-y-z")); err != nil {
		t.Fatal(err)
	}
	if got := bucketNames(t, s); len(got) != 1 {
		t.Fatalf("buckets %v, want one", got)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := bucketNames(t, s); len(got) != 0 {
		t.Errorf("buckets %v after Reset", got)
	}
}

func TestIntercept(t *testing.T) {
	var agents []string
	s, err := Start(t.Context(), t.TempDir(), t.Output(), Intercept(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			agents = append(agents, r.UserAgent())
			if strings.Contains(r.Header.Get("Authorization"), "/s3/") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	if _, err := sts.NewFromConfig(s.Config()).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("a call that is passed on: %v", err)
	}
	if _, err := s3.NewFromConfig(s.Config()).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("b")}); err == nil {
		t.Error("the answer of the handler did not arrive")
	}
	if len(agents) != 2 || !strings.Contains(agents[0], "aws-sdk-go-v2") {
		t.Errorf("the handler saw requests of %q", agents)
	}
}

// TestManyCallsAtOnce makes the calls that moto itself answers with 500 now and then.
func TestManyCallsAtOnce(t *testing.T) {
	s := empty(t)
	client := iam.NewFromConfig(s.Config(), func(o *iam.Options) { o.Retryer = aws.NopRetryer{} })
	var group errgroup.Group
	for i := range 400 {
		group.Go(func() error {
			_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
				RoleName: aws.String(fmt.Sprintf("role-%d", i)), AssumeRolePolicyDocument: aws.String(`{}`),
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// TestWithoutExtension starts a moto whose Python does not see PYTHONPATH.
func TestWithoutExtension(t *testing.T) {
	program, err := findMoto(t.Context(), filepath.Join("..", "..", ".."), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\nunset PYTHONPATH\nexec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "moto_server"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	_, err = Start(t.Context(), t.TempDir(), t.Output())
	if err == nil || !strings.Contains(err.Error(), "did not load the extension") {
		t.Errorf("error is %v, want one about the extension", err)
	}
}

// TestKeepRunningFollowsNoLink checks that a link of another user's is not written through.
func TestKeepRunningFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "moto.log")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, link); err != nil {
		t.Fatal(err)
	}
	server, err := Start(t.Context(), "../../..", nil, KeepRunning(link))
	if err == nil {
		_ = server.Stop()
		t.Fatal("it started")
	}
	if content, _ := os.ReadFile(victim); string(content) != "mine" || !strings.Contains(err.Error(), link) {
		t.Errorf("the file that the link names holds %q; error %v", content, err)
	}
}
