package monitoring

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// DefaultRunbookURL is the runbook that alarm descriptions link to.
const DefaultRunbookURL = "https://github.com/ohmycoins/infra/blob/main/docs/runbook.md"

// Config configures [New]. Every string except keys may be a Terraform reference.
type Config struct {
	// Name is the dashboard's name and begins the name of every alarm and topic:
	// 1 to 255 of A-Z a-z 0-9 - _
	Name string
	// Region is the AWS region of the resources: "ap-southeast-2".
	Region string
	// Notify says who is told about alarms of each severity. Every severity that
	// an alarm has needs at least one target.
	Notify map[Severity][]Target
	// KMSKeyARN is the ARN of the key that encrypts notifications; its policy must
	// let cloudwatch.amazonaws.com use it. Default: a key is made that does.
	KMSKeyARN string
	// Resources are what is watched; at least one.
	Resources []Resource
	// Tune changes single alarms, by "<resource key>/<alarm id>", such as
	// "backend/cpu-high". Default: no changes.
	Tune map[string]Tuning
	// NotifyInsufficientData also notifies when an alarm has no data. Default: only
	// ALARM and OK are notified.
	NotifyInsufficientData bool
	// RunbookURL is the document that alarm descriptions link to, with a section
	// for each Alarm.Section. Default: DefaultRunbookURL.
	RunbookURL string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Tuning changes one alarm.
type Tuning struct {
	// Threshold replaces the alarm's threshold, in the unit of the metric.
	// Default: unchanged.
	Threshold float64
	// ThresholdZero sets the threshold to 0. Default: false.
	ThresholdZero bool
	// Off removes the alarm. It needs a Reason. Default: false.
	Off bool
	// Reason says why the alarm is off.
	Reason string
}

var (
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	partPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

// Alarms returns the alarms that the configuration makes, in the order of its
// resources.
func (c Config) Alarms() []Alarm {
	var alarms []Alarm
	for _, a := range c.allAlarms() {
		tuning := c.Tune[a.Key()]
		if tuning.Off {
			continue
		}
		if tuning.Threshold != 0 || tuning.ThresholdZero {
			a.Threshold = tuning.Threshold
		}
		alarms = append(alarms, a)
	}
	return alarms
}

func (c Config) allAlarms() []Alarm {
	var alarms []Alarm
	for _, r := range c.Resources {
		if r != nil {
			alarms = append(alarms, r.alarms()...)
		}
	}
	return alarms
}

func (c Config) alarmName(a Alarm) string { return c.Name + "/" + a.Key() }

func (c Config) topicName(s Severity) string { return c.Name + "-" + string(s) }

func (c Config) keyAlias() string { return "alias/" + c.Name + "-alarms" }

func (c Config) runbookURL() string {
	if c.RunbookURL == "" {
		return DefaultRunbookURL
	}
	return c.RunbookURL
}

// Validate returns everything that is wrong with the configuration, joined, or
// nil.
func (c Config) Validate() error {
	var p problems.Problems
	if !token.Is(c.Name) && (!namePattern.MatchString(c.Name) || len(c.Name) > maxDashboardName) {
		p.Want("Name", c.Name, "1 to %d characters of %s: it is the name of the dashboard", maxDashboardName, dashboardNameChars)
	}
	if !token.Is(c.Region) && !regionPattern.MatchString(c.Region) {
		p.Want("Region", c.Region, `an AWS region ("ap-southeast-2")`)
	}
	if c.KMSKeyARN != "" && !token.Is(c.KMSKeyARN) && !problems.IsARN(c.KMSKeyARN, "kms", "key/") {
		c.wantKeyARN(&p)
	}
	if runbook, err := url.Parse(c.RunbookURL); c.RunbookURL != "" && !token.Is(c.RunbookURL) && (err != nil || runbook.Host == "") {
		p.Want("RunbookURL", c.RunbookURL, "a URL")
	}
	resourcesAreValid := c.validateResources(&p)
	c.validateTune(&p)
	c.validateNotify(&p)
	c.validateAlarms(&p)
	if resourcesAreValid {
		c.validateDashboard(&p)
	}
	return p.Err()
}

func (c Config) wantKeyARN(p *problems.Problems) {
	if strings.HasSuffix(c.KMSKeyARN, "alias/aws/sns") {
		p.Want("KMSKeyARN", c.KMSKeyARN, `the ARN of a customer key, or "" to have one made: CloudWatch cannot publish to a topic that is encrypted with the AWS managed key, and nobody can change that key's policy`)
		return
	}
	p.Want("KMSKeyARN", c.KMSKeyARN, `the ARN of a key ("arn:aws:kms:<region>:<account>:key/<id>"), not a key id or an alias`)
}

// fieldProblems reports problems of one resource.
type fieldProblems struct {
	*problems.Problems
	prefix string
}

// Want is problems.Problems.Want for a field of the resource.
func (p *fieldProblems) Want(field string, got any, want string, args ...any) {
	p.Problems.Want(p.prefix+"."+field, got, want, args...)
}

func (p *fieldProblems) wantSet(field, got, want string) {
	if got == "" {
		p.Want(field, got, "%s", want)
	}
}

func (p *fieldProblems) wantPrefix(field, got, prefix, want string) {
	if !token.Is(got) && !strings.HasPrefix(got, prefix) {
		p.Want(field, got, "%s", want)
	}
}

func (p *fieldProblems) wantPart(field, key string) {
	if !partPattern.MatchString(key) {
		p.Want(field, key, "a key of a-z 0-9 -")
	}
}

func (c Config) validateResources(p *problems.Problems) (valid bool) {
	before := len(problems.List(p.Err()))
	if len(c.Resources) == 0 {
		p.Want("Resources", problems.Text("empty"), "at least one")
	}
	owner := map[string]int{}
	for i, r := range c.Resources {
		at := fmt.Sprintf("Resources[%d]", i)
		if r == nil {
			p.Want(at, problems.Text("nil"), "a resource")
			continue
		}
		if !problems.IsKey(r.key()) {
			p.Want(at+".Key", r.key(), "a key that matches %s", problems.KeyPattern)
		}
		for _, key := range r.keys() {
			if first, ok := owner[key]; ok {
				p.Want(at, key, "a key of its own: Resources[%d] has it already", first)
				continue
			}
			owner[key] = i
		}
		r.validate(&fieldProblems{p, fmt.Sprintf("%s (%s)", at, r.key())})
	}
	return len(problems.List(p.Err())) == before
}

func (c Config) validateTune(p *problems.Problems) {
	known := map[string]Alarm{}
	for _, a := range c.allAlarms() {
		known[a.Key()] = a
	}
	for _, key := range problems.SortedKeys(c.Tune) {
		field, tuning := fmt.Sprintf("Tune[%q]", key), c.Tune[key]
		a, ok := known[key]
		if !ok {
			p.Want(field, key, "one of %s", strings.Join(problems.SortedKeys(known), ", "))
			continue
		}
		tuning.validate(p, field, a)
	}
}

func (t Tuning) validate(p *problems.Problems, field string, a Alarm) {
	changesThreshold := t.Threshold != 0 || t.ThresholdZero
	switch {
	case t.Off && strings.TrimSpace(t.Reason) == "":
		p.Want(field+".Reason", t.Reason, "the reason why the alarm is off")
	case !t.Off && !changesThreshold:
		p.Want(field, problems.Text("empty"), "a Threshold, ThresholdZero or Off")
	}
	if t.Off && changesThreshold {
		p.Want(field+".Threshold", t.Threshold, "none when the alarm is Off")
	}
	if t.Threshold != 0 && t.ThresholdZero {
		p.Want(field+".Threshold", t.Threshold, "none with ThresholdZero")
	}
	if token.IsNumber(t.Threshold) {
		return
	}
	if a.isPercentage() && t.Threshold > 100 {
		p.Want(field+".Threshold", t.Threshold, "0 to 100: %s is a percentage", a.Metric)
	}
	if t.Threshold < 0 {
		p.Want(field+".Threshold", t.Threshold, "0 or more")
	}
}

func (c Config) validateNotify(p *problems.Problems) {
	users := map[Severity][]string{}
	for _, a := range c.Alarms() {
		users[a.Severity] = append(users[a.Severity], a.Key())
	}
	for _, s := range severities {
		if len(users[s]) > 0 && len(c.Notify[s]) == 0 {
			p.Want(fmt.Sprintf("Notify[%q]", s), problems.Text("empty"), "at least one target for %s", strings.Join(users[s], ", "))
		}
	}
	for _, s := range problems.SortedKeys(c.Notify) {
		field := fmt.Sprintf("Notify[%q]", s)
		if !slices.Contains(severities, s) {
			p.Want("Notify", string(s), "critical or warning")
			continue
		}
		first := map[string]int{}
		topics := 0
		for i, t := range c.Notify[s] {
			at := fmt.Sprintf("%s[%d]", field, i)
			t.validate(p, at)
			if before, ok := first[t.protocol+t.same()]; ok {
				p.Want(at, t.shown(), "each target once: %s[%d] is the same", field, before)
				continue
			}
			first[t.protocol+t.same()] = i
			if t.protocol == "sns" {
				topics++
			}
		}
		if most := maxActionsAState - 1; topics > most {
			p.Want(field, problems.Text(fmt.Sprintf("%d topics", topics)), "at most %d: an alarm has %d actions, and one is the topic made here", most, maxActionsAState)
		}
	}
}

func (c Config) validateAlarms(p *problems.Problems) {
	if token.Is(c.Name) {
		return
	}
	if n := len(c.keyAlias()); c.KMSKeyARN == "" && n > maxAlias {
		p.Want("Name", c.Name, "a shorter Name, or a KMSKeyARN: the alias of the key that is made has %d characters, and AWS allows %d", n, maxAlias)
	}
	for _, a := range c.Alarms() {
		if n := len(c.alarmName(a)); n > maxAlarmName {
			p.Want("Name", c.alarmName(a), "a shorter Name or Key: the name of the alarm %s has %d characters, and AWS allows %d", a.Key(), n, maxAlarmName)
		}
		if n := utf8.RuneCountInString(a.description(c.runbookURL())); n > maxDescription {
			p.Want("RunbookURL", c.RunbookURL, "a shorter URL: the description of the alarm %s has %d characters, and AWS allows %d", a.Key(), n, maxDescription)
		}
	}
}

// validateDashboard checks the body with stand-ins for what only AWS knows.
func (c Config) validateDashboard(p *problems.Problems) {
	alarms := c.Alarms()
	arns := make([]string, len(alarms))
	for i := range arns {
		arns[i] = "${arn}"
	}
	for _, problem := range problems.List(ValidateDashboard(dashboard("region", c.Resources, alarms, arns))) {
		p.Add(fmt.Errorf("dashboard: %w", problem))
	}
}
