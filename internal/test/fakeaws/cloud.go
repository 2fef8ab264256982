// Package fakeaws is an AWS for tests of deployments: a server on 127.0.0.1 that
// speaks the wire formats of the SDK and whose roll-outs go as a script says. Time in
// it is the test's. Only what a deployment calls is there; anything else is an error
// that names the call.
package fakeaws

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/ohmycoins/infra/internal/test/policy"
	"github.com/ohmycoins/infra/stacks/environment"
)

// Account is the account that every caller belongs to.
const Account = "000000000000"

// Password is the password of the image registry. It must never be seen anywhere.
const Password = "marker-registry-password"

// SecretMarker is part of every value of the application's secret.
const SecretMarker = "marker-secret-value"

// Cloud is the server and everything in it. Fields may be changed before a verb
// runs, and from OnCall.
type Cloud struct {
	// URL is the endpoint of every AWS service.
	URL   string
	Clock *Clock
	Env   environment.Environment

	Services     map[string]*Service
	Repositories map[string]*Repository
	Secrets      map[string]string // "" has no present version
	Alarms       map[string]string // state by name
	// Data are the sums of custom metrics in each minute, in seconds since 1970.
	Data         map[int64]float64
	Objects      map[string]Object // by "bucket/key"
	Logs         map[string][]string
	Definitions  map[string]map[string]any // by ARN, as they were registered
	Inactive     string                    // "family:revision" that was deregistered
	Stopped      []map[string]any          // stopped tasks
	Migration    Migration
	Answers      map[string]Answer // of the application, by path
	ClusterState string
	// EndlessPages lets a description of alarms have always another page.
	EndlessPages bool
	Health       Health
	Audited      Audited
	// RegistryURL is a real registry; digests come from there when it is set.
	RegistryURL string

	// Permissions are those of the deployment role, whose policy decides about every call
	// as AWS would. Nil allows every one.
	Permissions *policy.Recorder

	// Faults are what goes wrong, the first that matches.
	Faults []*Fault
	// ExpiredKeys are access keys whose credentials are over: every call that they
	// sign is refused.
	ExpiredKeys []string
	// Accounts are those of access keys that do not belong to [Account].
	Accounts map[string]string
	// OnCall is called after a call took effect and before it is answered. n counts
	// the calls of that operation, from 1. Done is closed when the caller has left.
	OnCall func(op string, n int, done <-chan struct{})

	mu       sync.Mutex
	server   *httptest.Server
	calls    []Call
	counts   map[string]int
	revision map[string]int
	serial   int
	tasks    map[string]*task
	hung     map[string]bool // attempts that were left without an answer
}

// Call is one request.
type Call struct {
	Op   string
	At   time.Time
	Body string
}

// Object is an object in S3.
type Object struct {
	Body string
	ETag string
	// Modified is when it was written. Default: before the test began.
	Modified time.Time
}

// Repository is an image repository.
type Repository struct {
	URI    string
	Images map[string]string // digest by tag
}

// Migration is what happens to one-off tasks.
type Migration struct {
	// Polls is how often the task is described before it has stopped.
	Polls    int
	ExitCode *int32
	Reason   string
	Log      []string
}

// Answer is what the application answers.
type Answer struct {
	Status int
	Body   string
	// Location is where a redirect leads to.
	Location string
}

// Fault makes calls fail.
type Fault struct {
	// Op is an operation such as "UpdateService". Default: every one.
	Op string
	// After is how many calls go well before, Times how many fail then; Times 0 means
	// all of them.
	After, Times int
	// Kind is one of the kinds below.
	Kind FaultKind
	// Until ends the fault at that time, when it is set.
	Until time.Time
	// Effect lets the call take effect before it fails.
	Effect bool

	seen int
}

// FaultKind is a way in which a call fails.
type FaultKind string

// Ways in which calls fail.
const (
	Throttled FaultKind = "throttled"
	Broken    FaultKind = "500"
	Reset     FaultKind = "connection reset"
	Expired   FaultKind = "expired token"
	Denied    FaultKind = "access denied"
	// Exists and Conflict are how S3 refuses a conditional write.
	Exists   FaultKind = "412"
	Conflict FaultKind = "409"
	// Hang is no answer within the client's time-out: ten seconds of the scripted
	// clock. Only the client of [Cloud.Config] knows it.
	Hang FaultKind = "hang"
	// Malformed, HTML and Empty are answers with status 200 that say nothing.
	Malformed FaultKind = "malformed"
	HTML      FaultKind = "HTML"
	Empty     FaultKind = "empty"
	// Stale is a description of services from before their newest update, Missing
	// one that does not know what it is asked for: ECS is eventually consistent.
	Stale   FaultKind = "stale"
	Missing FaultKind = "MISSING"
)

// Clock is a time that passes only while somebody sleeps.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	alarms []*alarmClock
}

// beginning is when every test begins.
var beginning = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// New starts a cloud that holds an environment in which everything is well.
func New(env environment.Environment) *Cloud {
	c := &Cloud{
		Clock:        &Clock{now: beginning},
		Services:     map[string]*Service{},
		Repositories: map[string]*Repository{},
		Secrets:      map[string]string{},
		Alarms:       map[string]string{},
		Objects:      map[string]Object{},
		Logs:         map[string][]string{},
		Definitions:  map[string]map[string]any{},
		Migration:    Migration{Polls: 2, ExitCode: aws.Int32(0), Log: []string{"running migrations", "done"}},
		Answers:      map[string]Answer{},
		ClusterState: "ACTIVE",
		counts:       map[string]int{},
		revision:     map[string]int{},
		tasks:        map[string]*task{},
		hung:         map[string]bool{},
		Accounts:     map[string]string{},
	}
	role, err := policy.ReadRole("deployment", env, Account)
	if err != nil {
		panic(err) // the policy is part of the program
	}
	world := policy.NewWorld(Account, env)
	world.Tags = map[string]map[string]string{c.arn("kms", "key/"+KeyID): env.Tags}
	c.Permissions = &policy.Recorder{Role: role, World: world}
	c.Audited = Audited{Silent: map[string]bool{}, Samples: map[string][]Sample{}, History: map[string][]Transition{}, Bodies: map[string]string{
		env.Prefix: `{"widgets":[{"type":"text","x":0,"y":0,"width":24,"height":1,"properties":{"markdown":"# All is well"}}]}`,
	}, KeyPolicy: letCloudWatchIn(`["kms:Decrypt","kms:GenerateDataKey*"]`)}
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	c.URL = c.server.URL
	c.seed(env)
	return c
}

// Close stops the server.
func (c *Cloud) Close() {
	c.server.CloseClientConnections()
	c.server.Close()
}

// seed makes everything that env says, and points its checks at the server.
func (c *Cloud) seed(env environment.Environment) {
	env.Cluster.Services = slices.Clone(env.Cluster.Services)
	values := map[string]string{}
	for _, key := range env.Secret.Keys {
		values[key.Name] = SecretMarker + "-" + key.Name
	}
	text, _ := json.Marshal(values)
	secret := c.arn("secretsmanager", "secret:"+env.Secret.Name+"-AbCdEf")
	c.Secrets[secret] = string(text)
	for i := range env.Cluster.Services {
		service := &env.Cluster.Services[i]
		c.Repositories[service.Repository] = &Repository{
			URI:    Account + ".dkr.ecr." + env.Region + ".amazonaws.com/" + service.Repository,
			Images: map[string]string{},
		}
		for _, name := range service.DeploymentAlarms {
			c.Alarms[name] = "OK"
		}
		service.Checks = slices.Clone(service.Checks)
		for j := range service.Checks {
			check := &service.Checks[j]
			u, _ := url.Parse(check.URL)
			path := "/app/" + service.Key + u.Path
			c.Answers[path] = Answer{Status: check.Status, Body: check.Body}
			check.URL = c.URL + path
		}
		var secrets []any
		for _, key := range env.Secret.Keys {
			if !key.Optional && service.Key == "backend" {
				secrets = append(secrets, map[string]any{"name": key.Name, "valueFrom": secret + ":" + key.Name + "::"})
			}
		}
		// Revisions before this one exist: what ran before is not revision N-1.
		c.revision[service.Name] = 40
		arn := c.register(map[string]any{
			"family": service.Name,
			"cpu":    "256", "memory": "512", "networkMode": "awsvpc",
			"requiresCompatibilities": []any{"FARGATE"},
			"executionRoleArn":        c.arn("iam", "role/"+env.Roles.TaskExecution),
			"tags":                    []any{map[string]any{"key": "Project", "value": "Oh My Coins"}},
			"containerDefinitions": []any{map[string]any{
				"name": service.Container, "essential": true,
				"image":        c.Repositories[service.Repository].URI + "@" + Digest("old-"+service.Key),
				"portMappings": []any{map[string]any{"containerPort": 8000, "protocol": "tcp"}},
				"environment":  []any{map[string]any{"name": "MODE", "value": "plain"}},
				"secrets":      secrets,
				"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]any{
					"awslogs-group": service.LogGroup, "awslogs-region": env.Region, "awslogs-stream-prefix": "ecs",
				}},
			}},
		})
		c.revision[service.Name] = 47 // revisions that were registered and never ran
		c.Services[service.Name] = &Service{
			Name: service.Name, Status: "ACTIVE", Desired: 2,
			TargetGroup: c.arn("elasticloadbalancing", "targetgroup/"+service.Key+"/0123456789abcdef"),
			Deployments: []*Deployment{{
				ID: "ecs-svc/before-" + service.Key, Status: "PRIMARY", Definition: arn,
				State: "COMPLETED", Desired: 2, Running: 2,
			}},
		}
	}
	c.Env = env
	c.seedHealth(env)
}

func (c *Cloud) arn(service, rest string) string {
	region := "ap-southeast-2"
	if service == "iam" {
		region = ""
	}
	return "arn:aws:" + service + ":" + region + ":" + Account + ":" + rest
}

// Config is the configuration of SDK clients of the cloud. Retries do not wait.
func (c *Cloud) Config() aws.Config {
	return aws.Config{
		Region:       "ap-southeast-2",
		BaseEndpoint: &c.URL,
		HTTPClient:   &attempts{cloud: c},
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 5
				o.RateLimiter = ratelimit.None
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// Calls returns the requests so far.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Count returns how often an operation was called.
func (c *Cloud) Count(op string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[op]
}

// writes are the operations that change something.
var writes = []string{
	"RegisterTaskDefinition", "UpdateService", "RunTask", "StopTask", "PutObject", "DeleteObject",
	"PutImage", "PutSecretValue", "SetAlarmState",
}

// IsWrite reports whether an operation changes something.
func IsWrite(op string) bool { return slices.Contains(writes, op) }

// Lock runs f while no request is served.
func (c *Cloud) Lock(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/app/") {
		c.serveApp(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	call := c.parse(r, body)
	c.mu.Lock()
	c.calls = append(c.calls, Call{Op: call.op, At: c.Clock.Now(), Body: string(body)})
	c.counts[call.op]++
	n := c.counts[call.op]
	fault := c.fault(call.op)
	if fault == nil && slices.Contains(c.ExpiredKeys, accessKey(r)) {
		fault = &Fault{Kind: Expired}
	}
	if fault != nil {
		call.stale, call.missing = fault.Kind == Stale, fault.Kind == Missing
	}
	old := call.stale || call.missing
	var reply reply
	if fault == nil || fault.Effect || old {
		reply = c.permitted(r, body, call)
	}
	hook := c.OnCall
	c.mu.Unlock()
	if hook != nil {
		hook(call.op, n, r.Context().Done())
	}
	if fault != nil && !old {
		c.fail(w, call, fault)
		return
	}
	reply.write(w, call)
}

// accessKey returns who signed a request.
func accessKey(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// permitted answers a call that the role may make, and refuses any other.
func (c *Cloud) permitted(r *http.Request, body []byte, call request) reply {
	if c.Permissions == nil {
		return c.answer(call)
	}
	if err := c.Permissions.Check(r, body); err != nil {
		return failure(http.StatusForbidden, "AccessDeniedException", "docs/policies/deployment.json: "+err.Error())
	}
	return c.answer(call)
}

func (c *Cloud) serveApp(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	answer, ok := c.Answers[r.URL.Path]
	c.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if answer.Location != "" {
		w.Header().Set("Location", answer.Location)
	}
	w.WriteHeader(answer.Status)
	fmt.Fprintln(w, answer.Body)
}

// fault returns what goes wrong with a call, or nil.
func (c *Cloud) fault(op string) *Fault {
	for _, f := range c.Faults {
		if f.Op != "" && f.Op != op {
			continue
		}
		f.seen++
		if f.seen <= f.After || f.Times > 0 && f.seen > f.After+f.Times {
			continue
		}
		if !f.Until.IsZero() && !c.Clock.Now().Before(f.Until) {
			continue
		}
		return f
	}
	return nil
}

func (c *Cloud) fail(w http.ResponseWriter, call request, f *Fault) {
	switch f.Kind {
	case Reset:
		reset(w)
	case Hang:
		c.Lock(func() { c.hung[call.http.Header.Get(attemptHeader)] = true })
		reset(w)
	case Malformed:
		garbage(w, "application/x-amz-json-1.1", `{"services":[{"serviceName":"`)
	case HTML:
		garbage(w, "text/html", "<html><body>Log in to the network first</body></html>")
	case Empty:
		garbage(w, "application/x-amz-json-1.1", "")
	case Stale, Missing: // answered
	case Throttled:
		failure(http.StatusBadRequest, "ThrottlingException", "Rate exceeded").write(w, call)
	case Broken:
		failure(http.StatusInternalServerError, "ServerException", "Service Unavailable. Please try again later.").write(w, call)
	case Expired:
		failure(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired").write(w, call)
	case Exists:
		preconditionFailed().write(w, call)
	case Conflict:
		failure(http.StatusConflict, "ConditionalRequestConflict", "A conflicting conditional operation is currently in progress against this resource.").write(w, call)
	case Denied:
		failure(http.StatusForbidden, "AccessDeniedException", "User is not authorized to perform this action").write(w, call)
	}
}

// reset ends the connection.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

func garbage(w http.ResponseWriter, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(w, body)
}
