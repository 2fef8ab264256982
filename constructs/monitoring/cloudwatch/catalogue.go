package cloudwatch

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AWSMetric is a metric that AWS publishes, as AWS documents it.
type AWSMetric struct {
	// Namespace and Name are what CloudWatch knows the metric by: "AWS/SQS", "NumberOfMessagesSent".
	Namespace, Name string
	// Unit is what values are measured in; [None] where the documentation names
	// something that CloudWatch has no unit for, such as credits.
	Unit Unit
	// Statistics are those that AWS calls useful; empty where it names none.
	Statistics []string
	// Recommended are the alarms that AWS recommends on the metric.
	Recommended []Recommendation
}

// Recommendation is an alarm that AWS recommends. See the user guide, "Best practice alarm
// recommendations for AWS services".
type Recommendation struct {
	// Stat is the statistic: "Average", "p90".
	Stat string
	// ComparisonOperator says on which side of the threshold values are bad.
	ComparisonOperator Operator
	// Threshold is nil where AWS leaves it to the situation.
	Threshold *float64
	// Period is the length of one data point.
	Period time.Duration
	// EvaluationPeriods are looked at; DatapointsToAlarm of them have to breach.
	EvaluationPeriods, DatapointsToAlarm int
	// TreatMissingData is what a period without data counts as.
	TreatMissingData MissingData
	// Dimensions are the names of the dimensions, some with a value:
	// "Role=WRITER".
	Dimensions []string
}

// catalogueText is written by internal/dev/catalogue. Its origin is
// metric_metadata.json of github.com/awslabs/mcp (Apache-2.0). A line without a
// tab is a namespace, with one tab a metric, with two a recommended alarm.
//
//go:embed catalogue.txt
var catalogueText string

var catalogue = sync.OnceValue(func() map[string]map[string]AWSMetric {
	all, err := parseCatalogue(catalogueText)
	if err != nil {
		panic(err) // the text is part of the program, and a test parses it
	}
	return all
})

// LookUp returns AWS's description of a metric: LookUp("AWS/RDS", "CPUUtilization").
func LookUp(namespace, name string) (AWSMetric, bool) {
	m, ok := catalogue()[namespace][name]
	return m, ok
}

// Namespaces returns the namespaces of the catalogue, sorted.
func Namespaces() []string { return slices.Sorted(maps.Keys(catalogue())) }

// MetricNames returns the names of the metrics that AWS publishes in a namespace,
// sorted; none when the catalogue does not have it.
func MetricNames(namespace string) []string {
	return slices.Sorted(maps.Keys(catalogue()[namespace]))
}

func parseCatalogue(text string) (map[string]map[string]AWSMetric, error) {
	all := map[string]map[string]AWSMetric{}
	var namespace, name string
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fields := strings.Split(line, "\t")
		switch {
		case len(fields) == 1:
			namespace, name = line, ""
			all[namespace] = map[string]AWSMetric{}
		case len(fields) == 4 && namespace != "":
			name = fields[1]
			all[namespace][name] = AWSMetric{Namespace: namespace, Name: name, Unit: Unit(fields[2]), Statistics: list(fields[3])}
		case len(fields) == 9 && name != "":
			r, err := parseRecommendation(fields[2:])
			if err != nil {
				return nil, fmt.Errorf("catalogue, line %d: %w", i+1, err)
			}
			m := all[namespace][name]
			m.Recommended = append(m.Recommended, r)
			all[namespace][name] = m
		default:
			return nil, fmt.Errorf("catalogue, line %d: %q is no namespace, metric or alarm", i+1, line)
		}
	}
	return all, nil
}

func parseRecommendation(fields []string) (Recommendation, error) {
	r := Recommendation{
		Stat: fields[0], ComparisonOperator: Operator(fields[1]),
		TreatMissingData: MissingData(fields[5]), Dimensions: list(fields[6]),
	}
	if fields[2] != "" {
		threshold, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return r, err
		}
		r.Threshold = &threshold
	}
	var seconds int
	if _, err := fmt.Sscanf(fields[3]+" "+fields[4], "%d %d/%d", &seconds, &r.DatapointsToAlarm, &r.EvaluationPeriods); err != nil {
		return r, err
	}
	r.Period = time.Duration(seconds) * time.Second
	return r, nil
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
