package verbs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/rollout"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// A bench is an App in front of a scripted AWS.
type bench struct {
	t       *testing.T
	cloud   *fakeaws.Cloud
	log     *recorder
	app     *App
	opt     Options
	builder *fakeBuilder
	stop    func() // what Ctrl-C does
}

func newBench(t *testing.T) *bench {
	t.Helper()
	cloud := fakeaws.New(environment.Staging())
	t.Cleanup(cloud.Close)
	recorders.Lock()
	recorders.all = append(recorders.all, cloud.Permissions)
	recorders.Unlock()
	b := &bench{t: t, cloud: cloud, log: &recorder{clock: cloud.Clock}, builder: &fakeBuilder{cloud: cloud}}
	b.opt = Options{Source: workingTree(t), Builder: b.builder, Force: true}
	interrupt := make(chan struct{})
	b.stop = sync.OnceFunc(func() { close(interrupt) })
	b.app = New(Config{
		Environment: cloud.Env, AWS: cloud.Config(), Clock: cloud.Clock, Reporter: b.log, Interrupt: interrupt,
	})
	return b
}

// another returns a bench on the same cloud, as a later process would be.
func (b *bench) another() *bench {
	n := *b
	n.log = &recorder{clock: b.cloud.Clock}
	n.app = New(Config{Environment: b.cloud.Env, AWS: b.cloud.Config(), Clock: b.cloud.Clock, Reporter: n.log})
	return &n
}

func (b *bench) deploy() (Result, error) {
	b.t.Helper()
	return b.app.Deploy(b.t.Context(), b.opt)
}

// runs returns the revision that a service's primary deployment is for.
func (b *bench) runs(key string) string {
	service, _ := serviceByKey(b.cloud.Env, key)
	return rollout.RevisionName(b.cloud.Services[service.Name].Deployments[0].Definition)
}

func (b *bench) service(key string) *fakeaws.Service {
	service, ok := serviceByKey(b.cloud.Env, key)
	if !ok {
		b.t.Fatalf("no service %s", key)
	}
	return b.cloud.Services[service.Name]
}

// record returns the newest record.
func (b *bench) record() ledger.Record {
	b.t.Helper()
	records, err := b.another().app.store().Records(b.t.Context(), 1)
	if err != nil || len(records) == 0 {
		b.t.Fatalf("no record: %v", err)
	}
	return records[0]
}

func (b *bench) locked() bool {
	_, locked := b.cloud.Objects["ohmycoins-terraform-state/deployments/staging/lock.json"]
	return locked
}

// everything returns all that a run left anywhere: output, result, error, objects.
func (b *bench) everything(result Result, err error) string {
	text, _ := json.Marshal(result)
	all := b.log.text() + string(text) + fmt.Sprint(err)
	for _, object := range b.cloud.Objects {
		all += object.Body
	}
	return all
}

// recorder keeps what is reported.
type recorder struct {
	clock *fakeaws.Clock
	mu    sync.Mutex
	lines []string
}

func (r *recorder) add(kind, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, kind+" "+text)
}

func (r *recorder) Phase(n, _ int, title string) { r.add("phase", fmt.Sprint(n, " ", title)) }
func (r *recorder) Info(text string)             { r.add("info", text) }
func (r *recorder) Live(key, text string, elapsed time.Duration) {
	r.add("live", fmt.Sprintf("%s (%s): %s", key, elapsed, text))
}
func (r *recorder) Settle()          {}
func (r *recorder) Warn(text string) { r.add("warn", text) }
func (r *recorder) Fail(text string) { r.add("fail", text) }

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

// fakeBuilder pushes to the scripted registry.
type fakeBuilder struct {
	cloud  *fakeaws.Cloud
	mu     sync.Mutex
	built  []string
	login  image.Login
	failOn string
	// during is called while an image is built.
	during func(ctx context.Context) error
}

func (*fakeBuilder) Name() string                { return "fake" }
func (*fakeBuilder) Check(context.Context) error { return nil }

func (f *fakeBuilder) Build(ctx context.Context, _ string, build environment.Build, names []string, progress func(string)) error {
	f.mu.Lock()
	f.built = append(f.built, build.Context)
	f.mu.Unlock()
	progress("STEP 1/1: FROM scratch")
	if f.during != nil {
		if err := f.during(ctx); err != nil {
			return err
		}
	}
	if f.failOn == build.Context {
		return fmt.Errorf("no space left on device")
	}
	_ = names
	return ctx.Err()
}

func (f *fakeBuilder) Push(_ context.Context, names []string, login image.Login, _ func(string)) error {
	f.mu.Lock()
	f.login = login
	f.mu.Unlock()
	f.cloud.Lock(func() {
		for _, name := range names {
			repository, tag, _ := strings.Cut(name, ":")
			f.cloud.Repositories[repository[strings.LastIndex(repository, "/")+1:]].Images[tag] = fakeaws.Digest(names[0]) // one image, whatever its tags
		}
	})
	return nil
}

// workingTree is a git repository that looks like the application's. It is the same for
// all, because git takes longer than most tests.
func workingTree(t *testing.T) string {
	t.Helper()
	if err := makeTrees(); err != nil {
		t.Fatalf("making working trees: %v", err)
	}
	return filepath.Join(trees, "clean")
}

// trees has a working tree as it was committed, and one with a change. TestMain removes it.
var trees string

var makeTrees = sync.OnceValue(func() (err error) {
	if trees, err = os.MkdirTemp("", ""); err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", `set -e
mkdir -p clean/backend clean/frontend; cd clean
printf 'FROM scratch\nCOPY app /app\n' >backend/Dockerfile; echo backend >backend/app
printf 'FROM scratch\nARG VITE_API_URL\nLABEL api=$VITE_API_URL\nCOPY app /app\n' >frontend/Dockerfile; echo frontend >frontend/app
git init -q .
git add .
git -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false commit -qm first
cp -R . ../dirty; echo changed >../dirty/backend/app`)
	cmd.Dir = trees
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
})

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

func ops(calls []fakeaws.Call) []string {
	var list []string
	for _, call := range calls {
		list = append(list, call.Op)
	}
	return list
}

// dirty gives the bench a working tree that differs from its commit.
func (b *bench) dirty() { b.opt.Source = filepath.Join(trees, "dirty") }

// lockedBy makes somebody else hold the lock since a time.
func (b *bench) lockedBy(since time.Time) {
	b.t.Helper()
	text, err := json.Marshal(ledger.Lock{ID: "other", Verb: "deploy", Owner: "mallory", Host: "laptop", Commit: "0123456789ab", Time: since, TimeoutSeconds: 3600})
	if err != nil {
		b.t.Fatal(err)
	}
	b.cloud.Objects[lockObject] = fakeaws.Object{Body: string(text), ETag: `"other"`}
}

// leave waits until the caller of a call has left. Nobody leaves a change of the cluster
// that has been sent.
func leave(op string, done <-chan struct{}) {
	if !slices.Contains([]string{"RegisterTaskDefinition", "RunTask", "StopTask", "UpdateService"}, op) {
		<-done
	}
}

// stopAtFirstCall presses Ctrl-C at the first call, which is answered to nobody.
func (b *bench) stopAtFirstCall() {
	b.cloud.OnCall = func(_ string, _ int, done <-chan struct{}) { b.stop(); <-done }
}

// interrupting is a network on which the user presses Ctrl-C.
type interrupting struct{ stop func() }

func (i interrupting) RoundTrip(r *http.Request) (*http.Response, error) {
	i.stop()
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// leaking is a builder that says the password in its output and its error.
type leaking struct{ *fakeBuilder }

func (leaking) Push(_ context.Context, _ []string, login image.Login, progress func(string)) error {
	progress("using password " + login.Password)
	return fmt.Errorf("denied: %s:%s", login.User, login.Password)
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
