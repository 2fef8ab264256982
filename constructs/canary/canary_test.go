package canary

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func valid() Config {
	return Config{
		Region: "ap-southeast-2", Bucket: "shop-canaries", Role: "shop-canaries",
		Canaries: []monitoring.Canary{
			{Key: "api", Name: "shop-api", URL: "https://api.example.com/health", Every: 5 * time.Minute},
			{Key: "site", Name: "shop-site", URL: "https://www.example.com/", Every: 5 * time.Minute},
		},
	}
}

func TestBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"as it is":       {func(*Config) {}, nil},
		"no canaries":    {func(c *Config) { c.Canaries = nil }, []string{`Canaries: is empty, want at least one`}},
		"key":            {func(c *Config) { c.Canaries[0].Key = "API" }, []string{`Canaries[0].Key: is "API", want a key that matches [a-z][a-z0-9-]*`}},
		"one key":        {func(c *Config) { c.Canaries[1].Key = "api" }, []string{`Canaries[1] (api).Key: is "api", want a key of its own: Canaries[0] has it already`}},
		"one name":       {func(c *Config) { c.Canaries[1].Name = "shop-api" }, []string{`Canaries[1] (site).Name: is "shop-api", want a name of its own: Canaries[0] has it already`}},
		"of a canary":    {func(c *Config) { c.Canaries[1].Every = 0 }, []string{`Canaries[1] (site).Every: is 0s, want whole minutes, 1 to 60 (5 * time.Minute)`}},
		"bucket":         {func(c *Config) { c.Bucket = "s3://Shop" }, []string{`Bucket: is "s3://Shop", want the name of a bucket ("shop-canaries"): 3 to 63 of a-z 0-9 . -`}},
		"role":           {func(c *Config) { c.Role = "arn:aws:iam::000000000000:role/shop" }, []string{`Role: is "arn:aws:iam::000000000000:role/shop", want the name of a role: "shop"`}},
		"boundary":       {func(c *Config) { c.PermissionsBoundary = "arn:aws:iam::000000000000:policy/x" }, nil},
		"wrong boundary": {func(c *Config) { c.PermissionsBoundary = "x" }, []string{`PermissionsBoundary: is "x", want the ARN of a policy ("arn:aws:iam::<account>:policy/<name>")`}},
		"older runtime":  {func(c *Config) { c.Runtime = "syn-nodejs-puppeteer-13.1" }, nil},
		"newer runtime":  {func(c *Config) { c.Runtime = "${var.runtime}" }, nil},
		"deprecated": {func(c *Config) { c.Runtime = "syn-nodejs-puppeteer-6.2" }, []string{
			`Runtime: is "syn-nodejs-puppeteer-6.2", want a runtime that AWS still makes canaries on, such as the newest, "syn-nodejs-puppeteer-17.0": this one is deprecated since 2026-01-22`,
		}},
		"another language": {func(c *Config) { c.Runtime = "syn-python-selenium-5.1" }, []string{
			`Runtime: is "syn-python-selenium-5.1", want a runtime of Node.js and Puppeteer: one of syn-nodejs-puppeteer-15.1, syn-nodejs-puppeteer-9.1, syn-nodejs-puppeteer-13.1 (the nearest of 14); "" for the newest, "syn-nodejs-puppeteer-17.0"; a newer one as a reference`,
		}},
		"days":      {func(c *Config) { c.KeepDays = 456 }, []string{`KeepDays: is 456, want 1 to 455 days, or 0 for 31`}},
		"provider":  {func(c *Config) { c.Provider = "aws.sydney" }, []string{`Provider: is "aws.sydney", want the alias of an AWS provider: "sydney"`}},
		"two wrong": {func(c *Config) { c.Region, c.KeepDays = "sydney", -1 }, []string{`Region: is "sydney", want an AWS region ("ap-southeast-2")`, `KeepDays: is -1, want 1 to 455 days, or 0 for 31`}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid()
			test.change(&cfg)
			problemstest.Want(t, test.want, cfg.Validate())
		})
	}
}

// TestArchive: the archive is the same on every machine, and has what Synthetics wants.
func TestArchive(t *testing.T) {
	content, err := archive(scriptPath, []byte("exports.handler = async () => {};\n"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "d28c0e5cec1ccecee9f854fdde0f16ce7537a82cc35b239af5187cb2dc859264"
	if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != want {
		t.Errorf("the archive is %s, want %s: every canary would be updated", got, want)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "nodejs/node_modules/check.js" || r.File[0].Mode() != 0o644 {
		t.Errorf("the archive has %+v", r.File[0].FileHeader)
	}
	file, _, _ := strings.Cut(handler, ".")
	if filepath.Base(scriptPath) != file+".js" {
		t.Errorf("the handler %s is not in %s", handler, scriptPath)
	}
}

// TestScript runs the script as Synthetics does, in Node, against a server with TLS.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := write("check.js", script)
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
		switch r.URL.Path {
		case "/ok":
			fmt.Fprintln(w, "true")
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/large":
			fmt.Fprint(w, strings.Repeat("x", 1<<20))
		default:
			http.Error(w, "not here", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	authority := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))

	run := func(trusted bool, canary monitoring.Canary) string {
		cmd := exec.CommandContext(t.Context(), "node", "-e",
			`require(process.argv[1]).handler().then((s) => console.log("passed: " + s), (e) => console.log("failed: " + e.message))`, check)
		cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
		if trusted {
			cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+authority)
		}
		for name, value := range variables(canary) {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("node: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	at := func(path string) monitoring.Canary { return monitoring.Canary{URL: server.URL + path} }
	for _, test := range []struct {
		name   string
		canary monitoring.Canary
		want   string
	}{
		{"the body that is wanted", monitoring.Canary{URL: server.URL + "/ok?a=b", Body: "true"}, "passed: the status is 200"},
		{"any body", at("/ok"), "passed: the status is 200"},
		{"another body", monitoring.Canary{URL: server.URL + "/ok", Body: "false"}, `failed: the body is "true\n", want "false"`},
		{"a body that is code", monitoring.Canary{URL: server.URL + "/ok", Body: `'; process.exit(0); "`}, `failed: the body is "true\n", want "'; process.exit(0); \""`},
		{"another status", at("/down"), "failed: the status is 503, want 200"},
		{"a status that is wanted", monitoring.Canary{URL: server.URL + "/down", Status: 503}, "passed: the status is 503"},
		{"a redirect", at("/moved"), "failed: the status is 302, want 200"},
		{"a large body", at("/large"), "passed: the status is 200"},
	} {
		asked = nil
		if got := run(true, test.canary); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if want := []string{"GET " + strings.TrimPrefix(test.canary.URL, server.URL)}; !slices.Equal(asked, want) {
			t.Errorf("%s: asked for %q, want %q", test.name, asked, want)
		}
	}
	if got := run(false, at("/ok")); !strings.HasPrefix(got, "failed: ") || !strings.Contains(got, "certificate") {
		t.Errorf("a certificate that nobody trusts: %s", got)
	}
	closed := server.URL
	server.Close()
	if got := run(true, monitoring.Canary{URL: closed + "/ok"}); !strings.HasPrefix(got, "failed: ") {
		t.Errorf("nobody there: %s", got)
	}
}

// TestScriptGivesUp: an answer that never ends fails the run, and does not hold it.
func TestScriptGivesUp(t *testing.T) {
	content, err := os.ReadFile("script/check.js")
	if err != nil {
		t.Fatal(err)
	}
	const limit = "const TIMEOUT = 30_000;"
	if strings.Count(string(content), limit) != 1 || timeout != 2*30*time.Second {
		t.Fatalf("the script gives up after something else than half of %s", timeout)
	}
	path := filepath.Join(t.TempDir(), "check.js")
	if err := os.WriteFile(path, bytes.Replace(content, []byte(limit), []byte("const TIMEOUT = 1_000;"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-ctx.Done()
	}))
	defer server.Close()
	defer cancel()
	cmd := exec.CommandContext(t.Context(), "node", "-e",
		`require(process.argv[1]).handler().then(() => console.log("passed"), (e) => console.log("failed: " + e.message))`, path)
	cmd.Env = append(os.Environ(), "NODE_TLS_REJECT_UNAUTHORIZED=0", "NODE_NO_WARNINGS=1", "URL="+server.URL, "STATUS=200")
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "failed: no answer within 1 seconds" {
		t.Errorf("%v: %s", err, out)
	}
}
