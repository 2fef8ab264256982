package monitoring

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// Canary is a check from outside: a canary of CloudWatch Synthetics calls an address as
// a customer does, and its metrics say whether the answer was the one that is wanted.
// The canary itself is made by canary.New of the package constructs/canary, from the
// same value. Metrics: CloudWatch user guide, "CloudWatch metrics published by
// canaries".
type Canary struct {
	// Key is the canary's stable name: "api".
	Key string
	// Name is its name in AWS: "shop-api".
	Name string
	// URL is the address that it calls, with GET. Redirects are answers of their own and
	// are not followed.
	URL string
	// Every is how often, in whole minutes: a minute to an hour. AWS charges by the run.
	Every time.Duration
	// Status is the HTTP status wanted, 100 to 599. Default: 200.
	Status int
	// Body is the body wanted, without white space around it, at most 1 KiB. Default: any.
	Body string
	// MaxDuration is how long a run may take, up to 30 seconds, before a warning. Default:
	// 5 seconds.
	MaxDuration time.Duration
}

// Limits of canaries. The longest run is what the script waits for; the rest are AWS's:
// API reference of CloudWatch Synthetics, CreateCanary, and Lambda's for variables.
const (
	mostBetweenRuns    = time.Hour
	maxCanaryBody      = 1024
	maxCanaryURL       = 1024
	longestRun         = 30 * time.Second
	defaultMaxDuration = 5 * time.Second
	defaultStatus      = 200
)

var canaryName = regexp.MustCompile(`^[0-9a-z_-]{1,255}$`)

// ResourceKey implements [Resource].
func (c Canary) ResourceKey() string { return c.Key }

// WantedStatus is Status, or its default.
func (c Canary) WantedStatus() int {
	if c.Status == 0 {
		return defaultStatus
	}
	return c.Status
}

// Validate implements [Resource].
func (c Canary) Validate() error {
	var p Problems
	if !IsReference(c.Name) && !canaryName.MatchString(c.Name) {
		p.Want("Name", c.Name, `the name of a canary ("shop-api"): 1 to 255 of 0-9 a-z _ -`)
	}
	c.validateURL(&p)
	if c.Every < time.Minute || c.Every > mostBetweenRuns || c.Every%time.Minute != 0 {
		p.Want("Every", c.Every, "whole minutes, 1 to %d (5 * time.Minute)", mostBetweenRuns/time.Minute)
	}
	if c.Status != 0 && (c.Status < 100 || c.Status > 599) {
		p.Want("Status", c.Status, "an HTTP status, 100 to 599, or 0 for %d", defaultStatus)
	}
	if n := len(c.Body); n > maxCanaryBody {
		p.Want("Body", c.Body, "at most %d bytes; none, for any body", maxCanaryBody)
	} else if c.Body != strings.TrimSpace(c.Body) {
		p.Want("Body", c.Body, "the body without white space around it: %q", strings.TrimSpace(c.Body))
	}
	if d := c.MaxDuration; d != 0 && (d < time.Millisecond || d > longestRun) {
		p.Want("MaxDuration", d, "a millisecond to %s, after which a run gives up (2 * time.Second), or 0 for %s", longestRun, defaultMaxDuration)
	}
	return p.Err()
}

func (c Canary) validateURL(p *Problems) {
	if IsReference(c.URL) {
		return
	}
	before := p.Len()
	shape.CheckEndpoint(p, "URL", c.URL, withoutUser(c.URL))
	if n := len(c.URL); p.Len() == before && n > maxCanaryURL {
		p.Want("URL", c.URL, "at most %d characters", maxCanaryURL)
	}
}

// withoutUser is a URL as messages may show it: what stands before an "@" may be a
// password.
func withoutUser(address string) any {
	i := strings.LastIndex(address, "@")
	if i < 0 {
		return address
	}
	return Text(fmt.Sprintf("%q (%d characters)", "https://…"+address[i:], len(address)))
}

// Watch implements [Resource].
func (c Canary) Watch() Watch {
	of := func(name string, unit cloudwatch.Unit) cloudwatch.Metric {
		return cloudwatch.Metric{
			Namespace: "CloudWatchSynthetics", Name: name, Stat: cloudwatch.Average, Period: c.Every, Unit: unit,
			Dimensions: []cloudwatch.Dimension{{Name: "CanaryName", Value: c.Name}},
		}
	}
	success, duration := of("SuccessPercent", cloudwatch.Percent), of("Duration", cloudwatch.Milliseconds)
	most := c.MaxDuration
	if most == 0 {
		most = defaultMaxDuration
	}
	return Watch{
		Alarms: []Alarm{
			{
				// One run in a period, usually: two in a row, so that one that was lost on the way
				// wakes nobody. A canary that does not run proves nothing.
				ID: "failing", Severity: Critical,
				When: success.Below(90), Window: cloudwatch.Window{EvaluationPeriods: 2}, Missing: cloudwatch.Breaching,
				FirstStep: fmt.Sprintf("Call %s from your own machine: DNS, certificate, load balancer, application, in this order.", c.URL),
				Section:   "canary-failing",
			},
			{
				ID: "slow", Severity: Warning, Profile: Recommended,
				When: duration.Above(float64(most) / float64(time.Millisecond)), Window: cloudwatch.Window{EvaluationPeriods: 3}, Missing: cloudwatch.Missing,
				FirstStep: "Compare with the response time of the load balancer: when that is as before, the way to it is slow.",
				Section:   "canary-slow",
			},
		},
		Panels: []Panel{{
			ID: "canaries", Title: "From outside: successful checks and their duration",
			Lines: []Line{{Of: success, Label: "successful"}, {Of: duration, Label: "duration", Right: true}},
		}},
	}
}
