package monitoring

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Severity says how soon somebody has to act. Any name that Config.Notify has is a
// severity.
type Severity string

// The severities of the alarms of the kinds here, most urgent first.
const (
	// Critical means that customers are affected, or soon will be: act now.
	Critical Severity = "critical"
	// Warning means that something needs attention during working hours.
	Warning Severity = "warning"
	// Silent means that nobody is told: the alarm is a part of a composite one, which
	// has to name it.
	Silent Severity = "silent"
)

// order sorts severities: those above first, then others by name.
func order(list []Severity) []Severity {
	rank := func(s Severity) int {
		if i := slices.Index([]Severity{Critical, Warning}, s); i >= 0 {
			return i
		}
		return 2
	}
	slices.SortFunc(list, func(a, b Severity) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	return list
}

// Profile says how much is watched.
type Profile string

// The profiles.
const (
	// Essential are the alarms that every application needs: few, and each worth
	// waking up for or looking at the same day.
	Essential Profile = "essential"
	// Recommended adds those that AWS recommends, and those that experience does:
	// docs/coverage.md says which are whose.
	Recommended Profile = "recommended"
)

func (p Profile) exists() bool { return p == Essential || p == Recommended }

// Alarm is a row of a table of alarms: when an alarm goes off, and what it means.
type Alarm struct {
	// Resource is the key of what is watched: "backend". Parts of a resource have keys
	// of their own: "redis-001". Default: the resource that returns the alarm, or none
	// in Config.Extra.
	Resource string
	// ID is the alarm's stable name among those of its resource: "cpu-high". Together
	// they are the alarm's key, "backend/cpu-high".
	ID string
	// Severity says how soon somebody has to act, and so who is told.
	Severity Severity
	// When is the condition: a threshold on a metric or on metric math, an anomaly, a
	// heartbeat, or the states of other alarms by their keys.
	When cloudwatch.Condition
	// Window is how many periods are looked at and how many of them have to breach.
	// Composite conditions have none.
	Window cloudwatch.Window
	// Missing says what a period without data counts as. It has no default, except
	// that heartbeats and composite conditions have none.
	Missing cloudwatch.MissingData
	// MinSamples is how many samples a period must have to count. See
	// cloudwatch.Alarm. Default: no minimum.
	MinSamples int
	// Levels are further severities of the same condition: a warning at 80 and a page
	// at 95 are one row. Default: none.
	Levels []Level
	// Profile is the smallest profile that has the alarm. Default: Essential.
	Profile Profile
	// FirstStep says what to do first when the alarm goes off, in a sentence or two.
	FirstStep string
	// Section is the anchor of the alarm's section in the runbook. Default: the
	// description links to the runbook as a whole.
	Section string
}

// Level is a further severity of an alarm. Its alarm has the key of the row with
// the severity behind it: "backend/cpu-high-page".
type Level struct {
	// Severity is one that the row and its other levels do not have; Notify says who is told.
	Severity Severity
	// Value is the threshold in the unit of the series, or the width of an anomaly's band in
	// standard deviations.
	Value float64
	// Window replaces that of the row. Default: the same.
	Window cloudwatch.Window
}

// Key is the alarm's key, in Config.Tune and in rules of composite alarms:
// "backend/cpu-high".
func (a Alarm) Key() string { return join(a.Resource, "/", a.ID) }

// isIn reports whether a profile has the alarm.
func (a Alarm) isIn(p Profile) bool { return a.Profile != Recommended || p == Recommended }

// Condition says in words when the alarm goes off: "> 80 % for 5 minutes".
func (a Alarm) Condition() string { return a.Definition().Words() }

// Definition is when the alarm goes off, without what it means.
func (a Alarm) Definition() cloudwatch.Alarm {
	return cloudwatch.Alarm{When: a.When, Window: a.Window, Missing: a.Missing, MinSamples: a.MinSamples}
}

// constructID is the id of the alarm's construct, a part of its Terraform address.
func (a Alarm) constructID() string { return join(a.Resource, "-", a.ID) }

func (a Alarm) description(runbookURL string) string {
	switch {
	case runbookURL == "":
		return a.FirstStep
	case a.Section == "":
		return a.FirstStep + " Runbook: " + runbookURL
	default:
		return a.FirstStep + " Runbook: " + runbookURL + "#" + a.Section
	}
}

// levels returns the alarm itself and those of its further severities.
func (a Alarm) levels() []Alarm {
	list := []Alarm{a}
	list[0].Levels = nil
	for _, level := range a.Levels {
		further := list[0]
		further.ID += "-" + string(level.Severity)
		further.Severity = level.Severity
		further.When = withValue(a.When, level.Value)
		if level.Window != (cloudwatch.Window{}) {
			further.Window = level.Window
		}
		list = append(list, further)
	}
	return list
}

// withValue returns a condition with another threshold or band.
func withValue(c cloudwatch.Condition, value float64) cloudwatch.Condition {
	switch c := c.(type) {
	case cloudwatch.Threshold:
		c.Value = value
		return c
	case cloudwatch.Anomaly:
		c.Band = value
		return c
	}
	return c
}

// withPeriod returns a condition with another length of a period.
func withPeriod(c cloudwatch.Condition, period time.Duration) cloudwatch.Condition {
	switch c := c.(type) {
	case cloudwatch.Threshold:
		switch of := c.Of.(type) {
		case cloudwatch.Metric:
			c.Of = of.WithPeriod(period)
		case cloudwatch.Math:
			using := map[string]cloudwatch.Metric{}
			for id, m := range of.Using {
				using[id] = m.WithPeriod(period)
			}
			of.Using = using
			c.Of = of
		}
		return c
	case cloudwatch.Anomaly:
		c.Of.Period = period
		return c
	case cloudwatch.Heartbeat:
		c.Of.Period = period
		return c
	}
	return c
}

func hasValue(c cloudwatch.Condition) bool {
	switch c.(type) {
	case cloudwatch.Threshold, cloudwatch.Anomaly:
		return true
	}
	return false
}

// validate reports what is wrong with the row itself.
func (a Alarm) validate() error {
	var p problems.Problems
	if !partPattern.MatchString(a.ID) {
		p.Want("ID", a.ID, "a name of a-z 0-9 -")
	}
	if a.Resource != "" && !problems.IsKey(a.Resource) {
		p.Want("Resource", a.Resource, "a key that matches %s", problems.KeyPattern)
	}
	for _, s := range a.severities() {
		if !problems.IsKey(string(s)) {
			p.Want("Severity", string(s), "a severity that Notify has, such as critical or warning")
		}
	}
	if a.Profile != "" && !a.Profile.exists() {
		p.Want("Profile", string(a.Profile), "essential or recommended")
	}
	if a.FirstStep == "" {
		p.Want("FirstStep", "", "what to do first when the alarm goes off")
	}
	if len(a.Levels) > 0 && !hasValue(a.When) {
		p.Want("Levels", problems.Text("set"), "none without a Threshold or an Anomaly")
	}
	for _, problem := range problems.List(a.Definition().Validate()) {
		p.Add(problem)
	}
	if !p.Has("When.Value") {
		validateSense(&p, a.When)
	}
	for i, further := range a.levels()[1:] {
		if err := further.Definition().Validate(); err != nil && a.Definition().Validate() == nil {
			p.AddIn(fmt.Sprintf("Levels[%d]", i), err)
		} else if v := a.Levels[i].Value; !token.IsNumber(v) {
			validateUnit(&p, fmt.Sprintf("Levels[%d].Value", i), v, a.When)
		}
	}
	return p.Err()
}

func (a Alarm) severities() []Severity {
	list := []Severity{a.Severity}
	for _, level := range a.Levels {
		list = append(list, level.Severity)
	}
	return list
}

// Tuning changes one alarm. What is not set stays as it is.
type Tuning struct {
	// Threshold replaces the alarm's threshold, in the unit of the metric, or the band
	// of an anomaly. Default: unchanged.
	Threshold float64
	// ThresholdZero sets the threshold to 0. Default: false.
	ThresholdZero bool
	// Severity replaces the alarm's severity; its key stays. Default: unchanged.
	Severity Severity
	// Window replaces how many periods count. Default: unchanged.
	Window cloudwatch.Window
	// Period replaces the length of a period. Default: unchanged.
	Period time.Duration
	// Missing replaces what a period without data counts as. Default: unchanged.
	Missing cloudwatch.MissingData
	// On adds the alarm to a profile that does not have it. Default: false.
	On bool
	// Off removes the alarm. It needs a Reason. Default: false.
	Off bool
	// Reason says why the alarm is off.
	Reason string
}

func (t Tuning) changesThreshold() bool { return t.Threshold != 0 || t.ThresholdZero }

func (t Tuning) changes() bool {
	return t.changesThreshold() || t.Severity != "" || t.Window != (cloudwatch.Window{}) || t.Period != 0 || t.Missing != ""
}

// apply returns the alarm with the changes.
func (t Tuning) apply(a Alarm) Alarm {
	if t.changesThreshold() {
		a.When = withValue(a.When, t.Threshold)
	}
	if t.Severity != "" {
		a.Severity = t.Severity
	}
	if t.Window != (cloudwatch.Window{}) {
		a.Window = t.Window
	}
	if t.Period != 0 {
		a.When = withPeriod(a.When, t.Period)
	}
	if t.Missing != "" {
		a.Missing = t.Missing
	}
	return a
}

const mebibyte = 1 << 20

func (t Tuning) validate(p *problems.Problems, field string, a Alarm) {
	switch {
	case t.Off && strings.TrimSpace(t.Reason) == "":
		p.Want(field+".Reason", t.Reason, "the reason why the alarm is off")
	case !t.Off && !t.On && !t.changes():
		p.Want(field, problems.Text("empty"), "a Threshold, ThresholdZero, Severity, Window, Period, Missing, On or Off")
	case !t.Off && t.Reason != "":
		p.Want(field+".Reason", t.Reason, "none unless the alarm is Off")
	}
	if t.Off && t.On {
		p.Want(field+".On", true, "false when the alarm is Off")
	}
	if t.Off && t.changes() {
		if t.changesThreshold() {
			p.Want(field+".Threshold", t.Threshold, "none when the alarm is Off")
		} else {
			p.Want(field+".Off", true, "no other change of an alarm that is Off")
		}
	}
	if t.Threshold != 0 && t.ThresholdZero {
		p.Want(field+".Threshold", t.Threshold, "none with ThresholdZero")
	}
	if t.changesThreshold() && !hasValue(a.When) {
		p.Want(field+".Threshold", t.Threshold, "none: the alarm has no threshold")
		return
	}
	before := p.Len()
	cloudwatch.Number(p, field+".Threshold", t.Threshold)
	if p.Len() == before && !token.IsNumber(t.Threshold) {
		validateUnit(p, field+".Threshold", t.Threshold, a.When)
	}
	if t.Off || !t.changes() || p.Len() != before {
		return
	}
	// What is wrong with the row itself is reported there.
	if t.Severity != "" || t.Window != (cloudwatch.Window{}) || t.Period != 0 || t.Missing != "" {
		if a.Definition().Validate() == nil {
			p.AddIn(field, t.apply(a).Definition().Validate())
		}
	}
}

// validateUnit looks for values that replace the threshold of a row and are meant in
// another unit.
func validateUnit(p *problems.Problems, field string, v float64, row cloudwatch.Condition) {
	threshold, ok := row.(cloudwatch.Threshold)
	if !ok {
		return
	}
	metric, ok := threshold.Of.(cloudwatch.Metric)
	if !ok {
		return
	}
	switch unit := cloudwatch.UnitOf(metric); {
	case v < 0:
		p.Want(field, v, "0 or more")
	case unit == cloudwatch.Percent && v > 100:
		p.Want(field, v, "0 to 100: %s is a percentage", metric.Name)
	case unit == cloudwatch.Percent && v > 0 && v < 1 && threshold.Value >= 1:
		p.Want(field, v, "0 to 100: %s is a percentage, and %v is less than one percent", metric.Name, v)
	case unit == cloudwatch.Bytes && v > 0 && v < mebibyte && threshold.Value >= mebibyte:
		p.Want(field, v, "bytes: %s is in bytes, such as 20 * monitoring.GiB", metric.Name)
	}
}

// amounts are metrics in bytes of what there is or what is used. Those of traffic are not
// among them: an alarm on a link that is silent wants few bytes.
var amounts = regexp.MustCompile(`^Free|^UnusedMemory$|^SwapUsage$|DiskUsage$|StorageUsed$|BytesUsed|BytesLeft|^StorageBytes$|^BucketSizeBytes$`)

// validateSense looks for thresholds of AWS's own metrics that are below any sensible
// value, because they are meant in another unit, which AWS's catalogue knows: shares of
// what there is, and amounts of memory and storage. Rates of errors may be small.
func validateSense(p *problems.Problems, row cloudwatch.Condition) {
	threshold, ok := row.(cloudwatch.Threshold)
	if !ok {
		return
	}
	metric, ok := threshold.Of.(cloudwatch.Metric)
	if !ok || !strings.HasPrefix(metric.Namespace, "AWS/") && metric.Namespace != "ECS/ContainerInsights" {
		return
	}
	v, unit := threshold.Value, cloudwatch.UnitOf(metric)
	if known, ok := cloudwatch.LookUp(metric.Namespace, metric.Name); ok {
		unit = known.Unit
	}
	switch {
	case unit == cloudwatch.Percent && !strings.HasSuffix(metric.Name, "ErrorRate") && v > 0 && v < 1:
		p.Want("When.Value", v, "0 to 100: %s is a percentage, and %v is less than one percent", metric.Name, v)
	case unit == cloudwatch.Bytes && amounts.MatchString(metric.Name) && v > 0 && v < mebibyte:
		p.Want("When.Value", v, "bytes: %s is in bytes, such as 20 * monitoring.GiB", metric.Name)
	}
}
