package cloudwatch

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Limits of CloudWatch: user guide, "CloudWatch service quotas", and API
// reference, PutMetricAlarm, PutCompositeAlarm, MetricDatum and Dimension.
const (
	// MaxNameLength is how many characters the name of an alarm, a dashboard or a
	// metric may have.
	MaxNameLength = 255
	// MaxDescriptionLength is how many characters an alarm's description may have.
	MaxDescriptionLength = 1024
	// MaxRuleLength is how many characters the rule of a composite alarm may have.
	MaxRuleLength = 10240
	// MaxActions is how many actions an alarm may have for each state.
	MaxActions = 5

	maxDimensions     = 30
	maxDimensionValue = 1024
	maxExpression     = 2048
	maxMathMetrics    = 10
	maxRuleAlarms     = 100
	maxRuleElements   = 500
	longestPeriod     = 24 * time.Hour
	dayLong           = 24 * time.Hour     // evaluation range with periods below an hour
	weekLong          = 7 * 24 * time.Hour // and with longer ones
)

var units = []Unit{
	None, Percent, Count, CountPerSecond, Seconds, Milliseconds, Microseconds,
	Bytes, "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits",
	BytesPerSecond, "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second",
}

// Validate returns everything that AWS would refuse, joined, or nil.
func (m Metric) Validate() error {
	var p problems.Problems
	text(&p, "Namespace", m.Namespace, MaxNameLength)
	text(&p, "Name", m.Name, MaxNameLength)
	if n := len(m.Dimensions); n > maxDimensions {
		p.Want("Dimensions", n, "at most %d", maxDimensions)
	}
	seen := map[string]bool{}
	for i, d := range m.Dimensions {
		at := fmt.Sprintf("Dimensions[%d]", i)
		text(&p, at+".Name", d.Name, MaxNameLength)
		text(&p, at+".Value", d.Value, maxDimensionValue)
		if seen[d.Name] {
			p.Want(at+".Name", d.Name, "each dimension once")
		}
		seen[d.Name] = true
	}
	if !IsStatistic(m.Stat) {
		p.Want("Stat", m.Stat, "%s", wantStatistic)
	}
	validatePeriod(&p, m.Period)
	validateUnit(&p, "Unit", m.Unit)
	validateUnit(&p, "OnlyUnit", m.OnlyUnit)
	return p.Err()
}

// text wants printable ASCII characters that do not begin with a colon, as names
// and values of metrics have to be.
func text(p *problems.Problems, field, s string, most int) {
	switch {
	case token.Is(s):
	case s == "" || len(s) > most:
		p.Want(field, s, "1 to %d characters", most)
	case strings.TrimSpace(s) == "" || s[0] == ':' || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }):
		p.Want(field, s, "printable ASCII characters, not only spaces, without a colon at the beginning")
	}
}

func validatePeriod(p *problems.Problems, period time.Duration) {
	if slices.Contains([]time.Duration{1, 5, 10, 20, 30}, period/time.Second) && period%time.Second == 0 {
		return
	}
	if period < time.Minute || period > longestPeriod || period%time.Minute != 0 {
		p.Want("Period", period, "1, 5, 10, 20 or 30 seconds, or whole minutes up to a day")
	}
}

func validateUnit(p *problems.Problems, field string, unit Unit) {
	if unit != "" && !slices.Contains(units, unit) {
		p.Want(field, string(unit), "one of CloudWatch's units, such as Percent, Count, Bytes, Seconds or None")
	}
}

var mathID = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)

// Validate returns everything that AWS would refuse, joined, or nil.
func (m Math) Validate() error {
	var p problems.Problems
	if n := len(m.Expression); strings.TrimSpace(m.Expression) == "" || n > maxExpression {
		p.Want("Expression", m.Expression, "metric math of 1 to %d characters", maxExpression)
	}
	if len(m.Using) == 0 {
		p.Want("Using", problems.Text("empty"), "the metrics of the expression by their ids")
	}
	named := uses(m.Expression)
	var period time.Duration
	for _, id := range ids(m.Using) {
		at, metric := fmt.Sprintf("Using[%q]", id), m.Using[id]
		switch {
		case !mathID.MatchString(id) || len(id) > MaxNameLength:
			p.Want(at, id, "an id: a lower case letter, then letters, digits and _")
		case id == resultID:
			p.Want(at, id, "another id: the result has this one")
		case !slices.Contains(named, id) && !usesAll(m.Expression) && !token.Is(m.Expression) && id != m.Samples:
			p.Want(at, id, "an id that the expression %q uses", m.Expression)
		}
		if period != 0 && metric.Period != period {
			p.Want(at+".Period", metric.Period, "%s, as the other metrics of the expression have", period)
		}
		period = metric.Period
		p.AddIn(at, metric.Validate())
	}
	for _, id := range named {
		if _, ok := m.Using[id]; !ok && !token.Is(m.Expression) && len(m.Using) > 0 {
			p.Want("Expression", id, "one of the ids in Using: %s", strings.Join(ids(m.Using), ", "))
		}
	}
	if _, ok := m.Using[m.Samples]; m.Samples != "" && !ok {
		p.Want("Samples", m.Samples, "one of the ids in Using: %s", strings.Join(ids(m.Using), ", "))
	}
	validateUnit(&p, "Unit", m.Unit)
	return p.Err()
}

// Validate returns everything that AWS would refuse of the alarm, joined, or nil.
func (a Alarm) Validate() error {
	var p problems.Problems
	switch c := a.When.(type) {
	case nil:
		p.Want("When", problems.Text("nil"), "a condition: Threshold, Anomaly, Heartbeat or Composite")
		return p.Err()
	case Threshold:
		a.validateThreshold(&p, c)
	case Anomaly:
		p.AddIn("When.Of", c.Of.Validate())
		operator(&p, c.Op, OutsideBand, AboveBand, BelowBand)
		if Number(&p, "When.Band", c.Band); c.Band <= 0 && !token.IsNumber(c.Band) {
			p.Want("When.Band", c.Band, "a number of standard deviations above 0")
		}
		if a.MinSamples != 0 {
			p.Want("MinSamples", a.MinSamples, "0 with an Anomaly: its band is that of the metric itself")
		}
	case Heartbeat:
		p.AddIn("When.Of", c.Of.WithStat(SampleCount).Validate())
		if a.Missing != "" && a.Missing != Breaching {
			p.Want("Missing", string(a.Missing), `breaching, or "", with a Heartbeat`)
		}
		if a.MinSamples != 0 {
			p.Want("MinSamples", a.MinSamples, "0 with a Heartbeat, which goes off when there are none")
		}
	case Composite:
		validateComposite(&p, c)
		a.validateOnlyStates(&p)
		return p.Err()
	default:
		p.Want("When", problems.Text(fmt.Sprintf("a %T", c)), "a value, not a pointer")
		return p.Err()
	}
	a.validateWindow(&p)
	a.validateMissing(&p)
	return p.Err()
}

func (a Alarm) validateThreshold(p *problems.Problems, c Threshold) {
	operator(p, c.Op, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)
	Number(p, "When.Value", c.Value)
	switch c.Of.(type) {
	case Metric, Math:
	case nil:
		p.Want("When.Of", problems.Text("nil"), "a Metric or Math")
		return
	default:
		p.Want("When.Of", problems.Text(fmt.Sprintf("a %T", c.Of)), "a value, not a pointer")
		return
	}
	p.AddIn("When.Of", c.Of.Validate())
	metrics := len(Metrics(c.Of))
	if a.MinSamples > 0 {
		a.validateMinSamples(p, c.Of)
	}
	if m, ok := c.Of.(Math); ok {
		if metrics > maxMathMetrics {
			p.Want("When.Of.Using", problems.Text(fmt.Sprintf("%d metrics", metrics)), "at most %d in an alarm", maxMathMetrics)
		}
		if strings.Contains(m.Expression, "SEARCH(") {
			p.Want("When.Of.Expression", m.Expression, "no SEARCH: an alarm cannot be on what a search finds")
		}
	}
}

func (a Alarm) validateMinSamples(p *problems.Problems, of Series) {
	switch s := of.(type) {
	case Metric:
		if s.Stat == SampleCount {
			p.Want("MinSamples", a.MinSamples, "0 with the statistic SampleCount, which is the number of samples")
		}
	case Math:
		if s.Samples == "" {
			p.Want("When.Of.Samples", "", "the id of the metric that counts the samples, for MinSamples")
		} else if m, ok := s.Using[s.Samples]; ok && !accumulates(m) {
			p.Want("When.Of.Samples", s.Samples, "a metric with the statistic Sum or SampleCount, which counts")
		}
	}
}

func operator(p *problems.Problems, op Operator, allowed ...Operator) {
	if slices.Contains(allowed, op) {
		return
	}
	list := make([]string, len(allowed))
	for i, o := range allowed {
		list[i] = string(o)
	}
	p.Want("When.Op", string(op), "one of %s", strings.Join(list, ", "))
}

// Number wants a number that CloudWatch accepts: 0, or a magnitude from 2^-360 to
// 2^360 (API reference, MetricDatum). References to numbers pass.
func Number(p *problems.Problems, field string, v float64) {
	if token.IsNumber(v) || v == 0 {
		return
	}
	magnitude := math.Abs(v)
	if math.IsNaN(v) || math.IsInf(v, 0) || magnitude < math.Ldexp(1, -360) || magnitude > math.Ldexp(1, 360) {
		p.Want(field, v, "a finite number: 0, or from 2^-360 to 2^360")
	}
}

func (a Alarm) validateWindow(p *problems.Problems) {
	w := a.Window
	if w.EvaluationPeriods < 1 {
		p.Want("Window.EvaluationPeriods", w.EvaluationPeriods, "at least 1")
	}
	if w.DatapointsToAlarm < 0 || w.DatapointsToAlarm > w.EvaluationPeriods {
		p.Want("Window.DatapointsToAlarm", w.DatapointsToAlarm, "0 (all) to EvaluationPeriods")
	}
	period := a.Period()
	if period == time.Second || period == 5*time.Second {
		p.Want("When.Of.Period", period, "10, 20 or 30 seconds, or whole minutes: alarms take no shorter ones")
	}
	longest, name := weekLong, "seven days"
	if period < time.Hour {
		longest, name = dayLong, "a day, with periods below an hour"
	}
	if period > 0 && w.EvaluationPeriods > int(longest/period) {
		p.Want("Window.EvaluationPeriods", w.EvaluationPeriods, "at most %d: periods of %s last %s at most", int(longest/period), duration(period), name)
	}
}

// Period is the length of one period; 0 for a [Composite].
func (a Alarm) Period() time.Duration {
	if s := SeriesOf(a.When); s != nil {
		return PeriodOf(s)
	}
	return 0
}

// SeriesOf returns the series that a condition is about, or nil for a [Composite].
func SeriesOf(c Condition) Series {
	switch c := c.(type) {
	case Threshold:
		return c.Of
	case Anomaly:
		return c.Of
	case Heartbeat:
		return c.Of.WithStat(SampleCount)
	}
	return nil
}

func (a Alarm) validateMissing(p *problems.Problems) {
	_, isHeartbeat := a.When.(Heartbeat)
	switch {
	case isHeartbeat:
	case !slices.Contains([]MissingData{Missing, NotBreaching, Breaching, Ignore}, a.Missing):
		p.Want("Missing", string(a.Missing), "missing, notBreaching, breaching or ignore: what a period without data counts as")
	case a.MinSamples > 0 && a.Missing == Breaching:
		p.Want("Missing", string(a.Missing), "another treatment with MinSamples: periods with few samples count as missing")
	}
	if a.MinSamples < 0 {
		p.Want("MinSamples", a.MinSamples, "0 (no minimum) or more")
	}
	for _, m := range Metrics(SeriesOf(a.When)) {
		if m.Namespace == "AWS/DynamoDB" && a.Missing != Ignore {
			p.Want("Missing", string(a.Missing), "ignore: CloudWatch always ignores missing data of AWS/DynamoDB")
			return
		}
	}
}

func (a Alarm) validateOnlyStates(p *problems.Problems) {
	const why = "with a Composite, which looks at states and not at data"
	if a.Window != (Window{}) {
		p.Want("Window", problems.Text("set"), "none %s", why)
	}
	if a.Missing != "" {
		p.Want("Missing", string(a.Missing), `"" %s`, why)
	}
	if a.MinSamples != 0 {
		p.Want("MinSamples", a.MinSamples, "0 %s", why)
	}
}

func validateComposite(p *problems.Problems, c Composite) {
	if c.Rule == nil {
		p.Want("When.Rule", problems.Text("nil"), "a rule: AnyOf, AllOf, Is, Any, All or Not")
		return
	}
	elements := 0
	walk(c.Rule, func(r Rule) {
		elements++
		switch r := r.(type) {
		case nil:
			p.Want("When.Rule", problems.Text("nil in one part"), "a rule")
		case Is:
			if r.Alarm == "" {
				p.Want("When.Rule", "", "the key of an alarm")
			}
			if !slices.Contains([]State{OK, InAlarm, InsufficientData}, r.State) {
				p.Want("When.Rule", string(r.State), "OK, ALARM or INSUFFICIENT_DATA for %s", r.Alarm)
			}
		case All:
			wantParts(p, len(r))
		case Any:
			wantParts(p, len(r))
		}
	})
	if n := len(c.Alarms()); n > maxRuleAlarms {
		p.Want("When.Rule", problems.Text(fmt.Sprintf("%d alarms", n)), "at most %d", maxRuleAlarms)
	}
	if elements > maxRuleElements {
		p.Want("When.Rule", problems.Text(fmt.Sprintf("%d elements", elements)), "at most %d", maxRuleElements)
	}
	for _, period := range []struct {
		field string
		d     time.Duration
	}{{"When.Wait", c.Wait}, {"When.Extension", c.Extension}} {
		switch {
		case period.d < 0 || period.d%time.Second != 0:
			p.Want(period.field, period.d, "whole seconds")
		case period.d != 0 && c.Suppressor == "":
			p.Want(period.field, period.d, "0 without a Suppressor")
		}
	}
}

func wantParts(p *problems.Problems, n int) {
	if n == 0 {
		p.Want("When.Rule", problems.Text("empty"), "at least one alarm")
	}
}
