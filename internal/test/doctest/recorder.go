package doctest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A Recorder notes the calls to a local AWS.
type Recorder struct {
	mu    sync.Mutex
	calls []call
}

// A call is one request to AWS.
type call struct {
	by      string // the AWS_EXECUTION_ENV of the program that made it, "" when it has none
	action  string // "ecs:DescribeServices"
	double  bool
	unknown []string // names in it that do not exist
}

var executionEnv = regexp.MustCompile(`exec-env/(\S+)`)

func (rec *Recorder) note(c call) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.calls = append(rec.calls, c)
}

// Handler notes every request on its way to next. It is for [localaws.Intercept].
func (rec *Recorder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := readCall(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rec.note(c)
		next.ServeHTTP(w, r)
	})
}

// Actions returns the calls that name made, sorted, as IAM calls them:
// "ecs:DescribeServices".
func (rec *Recorder) Actions(name string) []string {
	actions, _, _ := rec.of(name)
	slices.Sort(actions)
	return actions
}

// of returns what name did: its calls, those that a double answered, and the names
// in them that do not exist; each once.
func (rec *Recorder) of(name string) (calls, doubled, unknown []string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	add := func(list *[]string, items ...string) {
		for _, item := range items {
			if !slices.Contains(*list, item) {
				*list = append(*list, item)
			}
		}
	}
	for _, c := range rec.calls {
		if c.by != name {
			continue
		}
		add(&calls, c.action)
		if c.double {
			add(&doubled, c.action)
		}
		add(&unknown, c.unknown...)
	}
	return calls, doubled, unknown
}

// readCall reads a request, which can still be forwarded after that.
func readCall(r *http.Request) (c call, body []byte, err error) {
	if body, err = io.ReadAll(r.Body); err != nil {
		return call{}, nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.action = identify(r, body)
	if m := executionEnv.FindStringSubmatch(r.UserAgent()); m != nil {
		c.by = m[1]
	}
	return c, body, nil
}

// A response is what a call is answered.
type response struct {
	status int
	header http.Header
	body   []byte
}

// A capture is an http.ResponseWriter that keeps what it is given.
type capture struct {
	response
	content bytes.Buffer
}

func (c *capture) Header() http.Header               { return c.header }
func (c *capture) WriteHeader(status int)            { c.status = status }
func (c *capture) Write(content []byte) (int, error) { return c.content.Write(content) }

// ask returns what handler answers to a request.
func ask(handler http.Handler, r *http.Request) response {
	c := &capture{response: response{status: http.StatusOK, header: http.Header{}}}
	handler.ServeHTTP(c, r)
	c.body = c.content.Bytes()
	return c.response
}

// handler is what every request to the account's local AWS goes through: it notes
// the call and the names in it, and has the doubles answer what the local AWS lacks.
// The account's own calls, which say nothing of who makes them, go straight to it.
func (a *Account) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, body, err := readCall(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if c.by == "" {
			next.ServeHTTP(w, r)
			return
		}
		c.unknown = a.unknownNames(c.action, text(r, body))
		answer, ok := doubles[c.action]
		if !ok {
			a.calls.note(c)
			next.ServeHTTP(w, r)
			return
		}
		var reply response
		reply, c.double, err = answer(a, body, func() response { return ask(next, r) })
		a.calls.note(c)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		for name, values := range reply.header {
			if name != "Content-Length" { // a double changes it
				w.Header()[name] = values
			}
		}
		w.WriteHeader(reply.status)
		_, _ = w.Write(reply.body) // the client may be gone
	})
}

var (
	scope = regexp.MustCompile(`Credential=[^/]*/[^/]*/[^/]*/([^/]*)/aws4_request`)
	// prefixes are IAM's names of services whose signatures use another one.
	prefixes = map[string]string{"monitoring": "cloudwatch"}
)

// identify returns the IAM action of a request: "ecs:DescribeServices". The names of
// API calls and of actions agree, but for S3.
func identify(r *http.Request, body []byte) string {
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return "unsigned:" + r.Method + r.URL.Path
	}
	service := cmp.Or(prefixes[m[1]], m[1])
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return service + ":" + target[strings.LastIndex(target, ".")+1:]
	}
	if service == "s3" {
		return "s3:" + identifyS3(r)
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return service + ":" + form.Get("Action")
	}
	return fmt.Sprintf("%s:%s %s", service, r.Method, r.URL.Path)
}

// identifyS3 returns the permission that a request to S3 needs. Reading a head needs
// that for reading the object.
func identifyS3(r *http.Request) string {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for name, action := range map[string]string{"versions": "ListBucketVersions", "versioning": "GetBucketVersioning", "location": "GetBucketLocation"} {
		if r.URL.Query().Has(name) && r.Method == http.MethodGet {
			return action
		}
	}
	switch {
	case r.URL.Query().Has("versionId") && r.Method != http.MethodDelete:
		return "GetObjectVersion"
	case key == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return "ListBucket"
	case key != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return "GetObject"
	case key != "" && r.Method == http.MethodPut:
		return "PutObject"
	case key != "" && r.Method == http.MethodDelete:
		return "DeleteObject"
	}
	return r.Method + " " + r.URL.RequestURI()
}

// text is everything in a request that may name something.
func text(r *http.Request, body []byte) string {
	all := r.URL.RequestURI() + "\n" + string(body)
	if plain, err := url.QueryUnescape(all); err == nil {
		return plain
	}
	return all
}
