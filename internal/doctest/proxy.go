package doctest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A proxy stands between the tools and the local AWS. It notes every call and every
// name in it, and lets the doubles answer what the local AWS lacks.
type proxy struct {
	account  *Account
	listener net.Listener
	server   *http.Server

	mu    sync.Mutex
	calls []call
}

// A call is one request to AWS.
type call struct {
	block   int // index of the block that made it, -1 when unknown
	action  string
	double  bool
	unknown []string // names in it that do not exist
	status  int
}

// A response is what a call is answered.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (a *Account) proxy(ctx context.Context) (*proxy, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{account: a, listener: listener}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with close
	return p, nil
}

func (p *proxy) close() { _ = p.server.Close() } // nothing is written to it

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// environ is base with the variables that send the AWS tools here.
func (p *proxy) environ(base []string) []string {
	environ := p.account.Server.Environ(base)
	environ = slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "AWS_ENDPOINT_URL=") })
	return append(environ, append([]string{"AWS_ENDPOINT_URL=" + p.url()}, p.account.site.environ()...)...)
}

var executionEnv = regexp.MustCompile(`exec-env/block-([0-9]+)`)

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := call{block: -1, action: identify(r, body)}
	if m := executionEnv.FindStringSubmatch(r.UserAgent()); m != nil {
		c.block, _ = strconv.Atoi(m[1]) // digits only
	}
	c.unknown = p.account.unknownNames(c.action, text(r, body))

	answer, double, err := p.answer(r, c.action, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	c.double, c.status = double, answer.status
	p.mu.Lock()
	p.calls = append(p.calls, c)
	p.mu.Unlock()
	for name, values := range answer.header {
		if name != "Content-Length" && name != "Transfer-Encoding" && name != "Connection" {
			w.Header()[name] = values
		}
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", answer.header.Get("Content-Length"))
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // the client may be gone
}

// answer forwards a request, or lets a double answer.
func (p *proxy) answer(r *http.Request, action string, body []byte) (response, bool, error) {
	forward := func() (response, error) { return p.forward(r, body) }
	if double, ok := doubles[action]; ok && !p.account.withoutDoubles {
		return double(p.account, body, forward)
	}
	answer, err := forward()
	return answer, false, err
}

func (p *proxy) forward(r *http.Request, body []byte) (response, error) {
	target := p.account.Server.URL + r.URL.RequestURI()
	req, err := http.NewRequestWithContext(r.Context(), r.Method, target, bytes.NewReader(body)) //nolint:gosec // the host is always the local AWS
	if err != nil {
		return response{}, err
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, content}, err
}

// of returns what a block did: its calls, those that a double answered, and the
// names in them that do not exist.
func (p *proxy) of(block int) (calls, doubled, unknown []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add := func(list *[]string, item string) {
		if !slices.Contains(*list, item) {
			*list = append(*list, item)
		}
	}
	for _, c := range p.calls {
		if c.block != block {
			continue
		}
		add(&calls, c.action)
		if c.double {
			add(&doubled, c.action)
		}
		for _, name := range c.unknown {
			add(&unknown, name)
		}
	}
	return calls, doubled, unknown
}

// actions returns every call that was answered, sorted: "ecs:DescribeServices".
func (p *proxy) actions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, c := range p.calls {
		list = append(list, c.action)
	}
	slices.Sort(list)
	return slices.Compact(list)
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
