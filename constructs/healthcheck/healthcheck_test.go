package healthcheck

import (
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func TestBadInput(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"as it is":     {func(*Config) {}, nil},
		"fast":         {func(c *Config) { c.EverySeconds, c.Failures = 10, 1 }, nil},
		"a reference":  {func(c *Config) { c.Contains = "${var.text}" }, nil},
		"longest text": {func(c *Config) { c.Contains = long[:255] }, nil},
		"no name":      {func(c *Config) { c.Name = "" }, []string{`Name: is "", want a name ("shop-api")`}},
		"http":         {func(c *Config) { c.URL = "http://api.example.com" }, []string{`URL: is "http://api.example.com", want a URL that begins with "https://"`}},
		"to come":      {func(c *Config) { c.URL = "${var.url}" }, []string{`URL: is "${var.url}", want an address that is written out: host and path are configured apart`}},
		"long path": {func(c *Config) { c.URL = "https://api.example.com/" + long }, []string{
			`URL: is "https://api.example.com/` + long[:56] + `"… (280 characters), want a path of at most 255 characters`,
		}},
		"long text": {func(c *Config) { c.Contains = long }, []string{`Contains: is "` + long[:80] + `"… (256 characters), want at most 255 characters`}},
		"every":     {func(c *Config) { c.EverySeconds = 60 }, []string{`EverySeconds: is 60, want 10 or 30, or 0 for 30: Route 53 knows no others`}},
		"failures":  {func(c *Config) { c.Failures = 11 }, []string{`Failures: is 11, want 1 to 10 calls in a row, or 0 for 3`}},
		"tag":       {func(c *Config) { c.Tags = map[string]string{"Name": "x"} }, []string{`Tags["Name"]: is "x", want another key: Name is in this tag`}},
		"all at once": {func(c *Config) { *c = Config{Failures: -1} }, []string{
			`Name: is "", want a name ("shop-api")`, `URL: is "", want a URL that begins with "https://"`, `Failures: is -1, want 1 to 10 calls in a row, or 0 for 3`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Name: "shop-api", URL: "https://api.example.com/health"}
			test.change(&cfg)
			problemstest.Want(t, test.want, cfg.Validate())
		})
	}
}
