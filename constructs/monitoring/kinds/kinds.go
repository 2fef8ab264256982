// Package kinds has what package monitoring can watch besides the core of an
// application: queues, functions, tables, APIs, certificates, jobs and more. A kind
// is a [monitoring.Resource] and goes into monitoring.Config.Resources:
//
//	Resources: []monitoring.Resource{
//		kinds.SQSQueue{Key: "orders", Name: "shop-orders", DeadLetterQueue: "shop-orders-dead"},
//		kinds.LambdaFunction{Key: "invoice", Name: "shop-invoice", Timeout: 30 * time.Second},
//	}
//
// It is a package of its own so that the compiler proves what monitoring promises:
// another team can write each of these, with nothing but exported names.
//
// Alarms are those that AWS recommends (CloudWatch user guide, "Best practice alarm
// recommendations for AWS services"), with AWS's statistic, window and missing data
// where no comment says otherwise. The Essential profile has those that one would get
// up for; monitoring.Config.Tune changes single ones. Alarms whose limit depends on
// the application are made when the field with the limit is set.
//
// CloudFront and Route 53 publish metrics in us-east-1 only, and an alarm sees its
// own region only. What has a method Region belongs in a Monitoring of that region:
//
//	monitoring.New(stack, "global", monitoring.Config{
//		Name: "shop-global", Region: kinds.GlobalRegion, Provider: "us-east-1",
//		Resources: []monitoring.Resource{kinds.CloudFront{Key: "site", DistributionID: "E1ABCDEFGHIJKL"}},
//		…
//	})
package kinds

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/shape"
)

// GlobalRegion is where services without a region publish their metrics.
const GlobalRegion = "us-east-1"

// metric is a metric of AWS in periods of a minute, in the unit that AWS documents.
func metric(namespace, name, stat string, dimensions ...cloudwatch.Dimension) cloudwatch.Metric {
	documented, _ := cloudwatch.LookUp(namespace, name)
	return cloudwatch.Metric{
		Namespace: namespace, Name: name, Stat: stat, Period: time.Minute, Unit: documented.Unit,
		Dimensions: dimensions,
	}
}

func dimension(name, value string) cloudwatch.Dimension {
	return cloudwatch.Dimension{Name: name, Value: value}
}

// periods is a window in which each of n periods has to breach.
func periods(n int) cloudwatch.Window { return cloudwatch.Window{EvaluationPeriods: n} }

// watch is what there is to watch of a kind. The section of an alarm in the runbook
// is called after both: "sqs-age-high".
func watch(kind string, alarms []monitoring.Alarm, panels ...monitoring.Panel) monitoring.Watch {
	for i := range alarms {
		alarms[i].Section = kind + "-" + alarms[i].ID
	}
	return monitoring.Watch{Alarms: alarms, Panels: panels}
}

// more is a panel of the profile Recommended, for what its alarms look at.
func more(id, title string) monitoring.Panel {
	return monitoring.Panel{ID: id, Title: title, Profile: monitoring.Recommended}
}

// part is the key of a part of a resource: "site-redirect".
func part(resource, key string) string { return resource + "-" + key }

// orDefault returns v, or the default where v is not set.
func orDefault[T float64 | time.Duration | string](v, byDefault T) T {
	var zero T
	if v == zero {
		return byDefault
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// identifier wants a string of a shape. References to strings pass.
func identifier(p *monitoring.Problems, field, got string, shape *regexp.Regexp, want string) {
	if !monitoring.IsReference(got) && !shape.MatchString(got) {
		p.Want(field, got, "%s", want)
	}
}

// identifiers wants a shape of each part of a resource, and stable names for them.
func identifiers(p *monitoring.Problems, field string, got map[string]string, shape *regexp.Regexp, want string) {
	for _, key := range sorted(got) {
		at := partField(p, field, key)
		identifier(p, at, got[key], shape, want)
	}
}

// partField wants a key that can name a part, and returns the name of its field.
func partField(p *monitoring.Problems, field, key string) string {
	at := fmt.Sprintf("%s[%q]", field, key)
	if !monitoring.IsPart(key) {
		p.Want(at, key, "a key of a-z 0-9 -")
	}
	return at
}

// limit wants a number of at least 0, where 0 stands for the default.
func limit(p *monitoring.Problems, field string, got float64, want string) {
	shape.CheckLimit(p, field, got, want)
}

// atLeast wants a time of at least a unit, where 0 stands for the default.
func atLeast(p *monitoring.Problems, field string, got, least time.Duration, want string) {
	if got != 0 && got < least {
		p.Want(field, got, "%s", want)
	}
}

// plainName is what most names of AWS look like. ARNs and URLs have colons.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,255}$`)
