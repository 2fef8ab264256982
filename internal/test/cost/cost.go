// Package cost computes from a stack's Terraform JSON what watching costs in a month, for
// the deployment guide. Prices are AWS's list prices in US East (N. Virginia) from its
// pages "Amazon CloudWatch pricing", "Amazon Route 53 pricing", "AWS KMS pricing" and
// "AWS Cost Management pricing", as of 2026; those of other regions differ a little.
package cost

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Line is what one kind of thing costs in a month.
type Line struct {
	// What it is, how it is priced, and how much of it the free tier of an account has.
	What, Price, Free string
	// Units are how many there are, Each what one costs, and Dollars both together, without
	// the free tier. Off is what the free tier takes off when nothing else uses it.
	Units, Each, Dollars, Off float64
	// Resources are how many resources have the units.
	Resources int
}

// rate is a row of the table of prices: a later kind of resource is one row more.
type rate struct {
	what, price, free string
	each              float64
	freeUnits         float64
	// resource is the type of the Terraform resource, units how many of what is paid one has.
	// Default: one.
	resource string
	units    func(resource map[string]any) float64
	// isFree says whether the free tier may have one. Default: it may.
	isFree func(resource map[string]any) bool
}

// rates are the prices. What has no price stands here too, so that nobody looks for it.
var rates = []rate{
	{"alarms", "$0.10 for each metric that one looks at, three for an anomaly", "10 metrics", 0.10, 10, "aws_cloudwatch_metric_alarm", alarmMetrics, nil},
	{"alarms on alarms (composite)", "$0.50 each", "", 0.50, 0, "aws_cloudwatch_composite_alarm", nil, nil},
	{"dashboards", "$3 each", "3 of up to 50 metrics", 3, 3, "aws_cloudwatch_dashboard", nil, isSmall},
	{"metrics made of log lines", "$0.30 each", "10 metrics", 0.30, 10, "aws_cloudwatch_log_metric_filter", nil, nil},
	{"canaries", "$0.0012 for each run", "100 runs", 0.0012, 100, "aws_synthetics_canary", canaryRuns, nil},
	{"Route 53 health checks of what runs in AWS", "$0.50 each, and $1 for each of HTTPS, words in the answer, latency and 10 seconds", "50 without these", 0.50, 0, "aws_route53_health_check", healthCheckUnits, nil},
	{"KMS keys of the topics", "$1 each", "", 1, 0, "aws_kms_key", nil, nil},
	{"budgets", "$0: they do nothing but tell", "", 0, 0, "aws_budgets_budget", nil, nil},
	{"detection of unusual cost", "$0", "", 0, 0, "aws_ce_anomaly_monitor", nil, nil},
	{"rules for events of AWS", "$0", "", 0, 0, "aws_cloudwatch_event_rule", nil, nil},
	{"queues for what cannot be delivered", "$0 for the first million requests", "", 0, 0, "aws_sqs_queue", nil, nil},
}

// freeMetrics is how many metrics a dashboard of the free tier has at most: CloudWatch
// pricing, "Free tier".
const freeMetrics = 50

// isSmall reports whether a dashboard is one that the free tier has. Metrics count once for
// each time that a graph names them, since AWS does not say how it counts.
func isSmall(dashboard map[string]any) bool {
	text, _ := dashboard["dashboard_body"].(string)
	var body struct {
		Widgets []struct {
			Properties struct {
				Metrics [][]any `json:"metrics"`
			} `json:"properties"`
		} `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return false
	}
	n := 0
	for _, w := range body.Widgets {
		for _, m := range w.Properties.Metrics {
			if len(m) > 1 { // else an expression
				n++
			}
		}
	}
	return n <= freeMetrics
}

// Of returns what a stack costs, a line for each kind that there is a price of.
func Of(stack string) ([]Line, error) {
	var doc struct {
		Resource map[string]map[string]map[string]any `json:"resource"`
	}
	if err := json.Unmarshal([]byte(stack), &doc); err != nil {
		return nil, fmt.Errorf("reading Terraform JSON: %w", err)
	}
	lines := make([]Line, len(rates))
	for i, r := range rates {
		line := Line{What: r.what, Price: r.price, Free: r.free, Each: r.each, Resources: len(doc.Resource[r.resource])}
		free := 0.0
		for _, resource := range doc.Resource[r.resource] {
			units := 1.0
			if r.units != nil {
				units = r.units(resource)
			}
			line.Units += units
			if r.isFree == nil || r.isFree(resource) {
				free += units
			}
		}
		line.Dollars = cents(line.Units * r.each)
		line.Off = cents(min(free, r.freeUnits) * r.each)
		lines[i] = line
	}
	return lines, nil
}

// Total adds lines up, and what the free tier takes off.
func Total(lines []Line) (dollars, off float64) {
	for _, l := range lines {
		dollars, off = dollars+l.Dollars, off+l.Off
	}
	return cents(dollars), cents(off)
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }

// alarmMetrics are the metrics that an alarm looks at; a band is two more. Metrics of less
// than a minute cost three times as much.
func alarmMetrics(alarm map[string]any) float64 {
	queries := list(alarm["metric_query"])
	if len(queries) == 0 {
		return resolution(alarm["period"])
	}
	n := 0.0
	for _, q := range queries {
		if metrics := list(q["metric"]); len(metrics) > 0 {
			n += resolution(metrics[0]["period"])
		}
		if expression, _ := q["expression"].(string); strings.Contains(expression, "ANOMALY_DETECTION_BAND") {
			n += 2
		}
	}
	return n
}

func resolution(period any) float64 {
	if seconds, ok := period.(float64); ok && seconds < 60 {
		return 3
	}
	return 1
}

// list returns the blocks of a resource: JSON has one as an object, and several as a list.
func list(value any) []map[string]any {
	switch value := value.(type) {
	case map[string]any:
		return []map[string]any{value}
	case []any:
		var all []map[string]any
		for _, item := range value {
			all = append(all, list(item)...)
		}
		return all
	}
	return nil
}

var every = regexp.MustCompile(`^rate\((\d+) (minute|hour)s?\)$`)

// canaryRuns are the runs of a canary in a month of 730 hours. One that is not started
// runs, too, once somebody has started it.
func canaryRuns(canary map[string]any) float64 {
	const hours = 730
	for _, schedule := range list(canary["schedule"]) {
		expression, _ := schedule["expression"].(string)
		if m := every.FindStringSubmatch(expression); m != nil {
			n, _ := strconv.ParseFloat(m[1], 64)
			if m[2] == "minute" {
				n /= 60
			}
			if n > 0 {
				return math.Round(hours / n)
			}
		}
	}
	return 0
}

// healthCheckUnits are how many times the price of a plain check one costs.
func healthCheckUnits(check map[string]any) float64 {
	const feature = 2 // a dollar, of half a dollar each
	kind, _ := check["type"].(string)
	if !slices.Contains([]string{"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"}, kind) {
		return 1 // of other checks or of an alarm
	}
	units := 1.0
	if strings.HasPrefix(kind, "HTTPS") {
		units += feature
	}
	if strings.HasSuffix(kind, "STR_MATCH") {
		units += feature
	}
	if latency, _ := check["measure_latency"].(bool); latency {
		units += feature
	}
	if interval, ok := check["request_interval"].(float64); ok && interval == 10 {
		units += feature
	}
	return units
}
