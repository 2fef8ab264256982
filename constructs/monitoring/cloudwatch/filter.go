package cloudwatch

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// MetricFilter makes a metric of the lines in a log group that match a pattern. See
// the API reference of CloudWatch Logs, PutMetricFilter.
type MetricFilter struct {
	// Name is the filter's name in its log group, up to 512 characters without : and *.
	Name string
	// LogGroup is the name of a log group that exists; it may have 100 filters.
	LogGroup string
	// Pattern is what lines have to match: "ERROR", `{ $.status >= 500 }`. See the user
	// guide of CloudWatch Logs, "Filter pattern syntax". "" matches every line.
	Pattern string
	// Namespace and MetricName name the metric; AWS's own namespaces are not allowed.
	Namespace, MetricName string
	// Value is what a line adds: a number, or a field of it such as "$.latency".
	// Default: "1", which counts lines.
	Value string
	// Default is the value of a time in which lines came and none matched: a number.
	// It cannot be used with Dimensions. Default: no value.
	Default string
	// Unit is what the metric is measured in. Default: None.
	Unit Unit
	// Dimensions are names of dimensions and the fields of a line that have their
	// values: {"Path": "$.path"}. At most 3. Default: none.
	Dimensions map[string]string
}

// Metric is the metric that the filter makes.
func (f MetricFilter) Metric(stat string, period time.Duration) Metric {
	return Metric{Namespace: f.Namespace, Name: f.MetricName, Stat: stat, Period: period, Unit: f.Unit}
}

const (
	maxFilterName       = 512
	maxPattern          = 1024
	maxFilterDimensions = 3
)

var (
	logGroupPattern = regexp.MustCompile(`^[A-Za-z0-9._/#-]{1,512}$`)
	fieldPattern    = regexp.MustCompile(`^\$[A-Za-z0-9_.[\]"'-]+$`)
)

// Validate returns everything that AWS would refuse, joined, or nil. Name may be
// missing: those who make filters choose it.
func (f MetricFilter) Validate() error {
	var p problems.Problems
	if strings.ContainsAny(f.Name, ":*") && !token.Is(f.Name) || len(f.Name) > maxFilterName {
		p.Want("Name", f.Name, "at most %d characters without : and *", maxFilterName)
	}
	if !token.Is(f.LogGroup) && !logGroupPattern.MatchString(f.LogGroup) {
		p.Want("LogGroup", f.LogGroup, "the name of a log group: 1 to 512 of A-Z a-z 0-9 . _ / # -")
	}
	if len(f.Pattern) > maxPattern {
		p.Want("Pattern", f.Pattern, "at most %d characters", maxPattern)
	}
	metricName(&p, "Namespace", f.Namespace)
	metricName(&p, "MetricName", f.MetricName)
	if strings.HasPrefix(f.Namespace, "AWS/") {
		p.Want("Namespace", f.Namespace, `a namespace that does not begin with "AWS/"`)
	}
	if f.Value != "" && !isNumber(f.Value) && !fieldPattern.MatchString(f.Value) && !token.Is(f.Value) {
		p.Want("Value", f.Value, `a number, or a field such as "$.latency"`)
	}
	if f.Default != "" && !isNumber(f.Default) && !token.Is(f.Default) {
		p.Want("Default", f.Default, "a number")
	}
	if f.Default != "" && len(f.Dimensions) > 0 {
		p.Want("Default", f.Default, `"" with Dimensions`)
	}
	if n := len(f.Dimensions); n > maxFilterDimensions {
		p.Want("Dimensions", n, "at most %d", maxFilterDimensions)
	}
	for _, name := range problems.SortedKeys(f.Dimensions) {
		if field := f.Dimensions[name]; !fieldPattern.MatchString(field) && !token.Is(field) {
			p.Want("Dimensions["+strconv.Quote(name)+"]", field, `a field such as "$.path"`)
		}
	}
	validateUnit(&p, "Unit", f.Unit)
	return p.Err()
}

func metricName(p *problems.Problems, field, s string) {
	text(p, field, s, MaxNameLength)
	if strings.ContainsAny(s, ":*$") && !token.Is(s) {
		p.Want(field, s, "no : * $")
	}
}

func isNumber(s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	var p problems.Problems
	Number(&p, "", v)
	return err == nil && p.Len() == 0
}
