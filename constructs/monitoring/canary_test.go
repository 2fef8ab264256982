package monitoring_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func validCanary(change func(*monitoring.Canary)) monitoring.Canary {
	c := monitoring.Canary{Key: "api", Name: "shop-api", URL: "https://api.example.com/health", Every: 5 * time.Minute}
	change(&c)
	return c
}

func TestCanaryBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*monitoring.Canary)
		want   []string
	}{
		"as it is":        {func(*monitoring.Canary) {}, nil},
		"every minute":    {func(c *monitoring.Canary) { c.Every = time.Minute }, nil},
		"every hour":      {func(c *monitoring.Canary) { c.Every = time.Hour }, nil},
		"lowest status":   {func(c *monitoring.Canary) { c.Status = 100 }, nil},
		"highest status":  {func(c *monitoring.Canary) { c.Status = 599 }, nil},
		"longest body":    {func(c *monitoring.Canary) { c.Body = strings.Repeat("x", 1024) }, nil},
		"longest run":     {func(c *monitoring.Canary) { c.MaxDuration = 30 * time.Second }, nil},
		"references":      {func(c *monitoring.Canary) { c.Name, c.URL, c.Body = "${var.name}", "${var.url}", "${var.body}" }, nil},
		"every 0 minutes": {func(c *monitoring.Canary) { c.Every = 0 }, []string{`Every: is 0s, want whole minutes, 1 to 60 (5 * time.Minute)`}},
		"seconds":         {func(c *monitoring.Canary) { c.Every = 90 * time.Second }, []string{`Every: is 1m30s, want whole minutes, 1 to 60 (5 * time.Minute)`}},
		"too seldom":      {func(c *monitoring.Canary) { c.Every = 61 * time.Minute }, []string{`Every: is 1h1m0s, want whole minutes, 1 to 60 (5 * time.Minute)`}},
		"status":          {func(c *monitoring.Canary) { c.Status = 99 }, []string{`Status: is 99, want an HTTP status, 100 to 599, or 0 for 200`}},
		"high status":     {func(c *monitoring.Canary) { c.Status = 600 }, []string{`Status: is 600, want an HTTP status, 100 to 599, or 0 for 200`}},
		"http":            {func(c *monitoring.Canary) { c.URL = "http://api.example.com" }, []string{`URL: is "http://api.example.com", want a URL that begins with "https://"`}},
		"a host":          {func(c *monitoring.Canary) { c.URL = "api.example.com" }, []string{`URL: is "api.example.com", want a URL that begins with "https://"`}},
		"a user":          {func(c *monitoring.Canary) { c.URL = "https://me:pass@api.example.com" }, []string{`URL: is "https://…@api.example.com" (31 characters), want a URL without user and password`}},
		"inside":          {func(c *monitoring.Canary) { c.URL = "https://10.0.0.1/" }, []string{`URL: is "https://10.0.0.1/", want a host that AWS can reach: a public one, with its full name`}},
		"long URL": {func(c *monitoring.Canary) { c.URL = "https://api.example.com/" + strings.Repeat("x", 1001) }, []string{
			`URL: is "https://api.example.com/` + strings.Repeat("x", 56) + `"… (1025 characters), want at most 1024 characters`,
		}},
		"long body": {func(c *monitoring.Canary) { c.Body = strings.Repeat("x", 1025) }, []string{
			`Body: is "` + strings.Repeat("x", 80) + `"… (1025 characters), want at most 1024 bytes; none, for any body`,
		}},
		"white space": {func(c *monitoring.Canary) { c.Body = "true\n" }, []string{`Body: is "true\n", want the body without white space around it: "true"`}},
		"duration":    {func(c *monitoring.Canary) { c.MaxDuration = 5 }, []string{`MaxDuration: is 5ns, want a millisecond to 30s, after which a run gives up (2 * time.Second), or 0 for 5s`}},
		"all at once": {func(c *monitoring.Canary) {
			*c = monitoring.Canary{Name: "Shop API", Status: -1, MaxDuration: time.Minute}
		}, []string{
			`Name: is "Shop API", want the name of a canary ("shop-api"): 1 to 255 of 0-9 a-z _ -`,
			`URL: is "", want a URL that begins with "https://"`,
			`Every: is 0s, want whole minutes, 1 to 60 (5 * time.Minute)`,
			`Status: is -1, want an HTTP status, 100 to 599, or 0 for 200`,
			`MaxDuration: is 1m0s, want a millisecond to 30s, after which a run gives up (2 * time.Second), or 0 for 5s`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := validCanary(test.change)
			problemstest.Want(t, test.want, c.Validate())
			c.Watch() // is called for invalid resources too
		})
	}
}

// TestCanaryAlarms: the windows follow how often the canary runs.
func TestCanaryAlarms(t *testing.T) {
	for every, want := range map[time.Duration][]string{
		time.Minute:      {"api/failing: < 90 % for 2 minutes, breaching", "api/slow: > 2000 ms for 3 minutes, missing"},
		10 * time.Minute: {"api/failing: < 90 % for 20 minutes, breaching", "api/slow: > 2000 ms for 30 minutes, missing"},
	} {
		cfg := monitoring.Config{
			Name: "shop", Region: "ap-southeast-2", Profile: monitoring.Recommended,
			Notify: map[monitoring.Severity][]monitoring.Target{
				monitoring.Critical: {monitoring.Email("oncall@example.com")}, monitoring.Warning: {monitoring.Email("team@example.com")},
			},
			Resources: []monitoring.Resource{validCanary(func(c *monitoring.Canary) { c.Every, c.MaxDuration = every, 2*time.Second })},
		}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range cfg.Alarms() {
			got = append(got, a.Key()+": "+a.Condition()+", "+string(a.Missing))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("every %s (-want +got):\n%s", every, diff)
		}
	}
}
