// Command catalogue writes the table of AWS's metrics that the package cloudwatch
// embeds:
//
//	go run ./internal/dev/catalogue metrics.json >constructs/monitoring/cloudwatch/catalogue.txt
//
// The JSON maps namespaces to metrics to their unit, statistics and recommended
// alarms. It is made from metric_metadata.json of github.com/awslabs/mcp
// (Apache-2.0), which AWS makes from its own documentation.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

type metric struct {
	Unit        string
	Statistics  []string
	Recommended []recommendation
}

type recommendation struct {
	Statistic, Comparison, TreatMissingData      string
	Threshold                                    *float64
	Period, EvaluationPeriods, DatapointsToAlarm int
	Dimensions                                   []string
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: catalogue METRICS.json")
		os.Exit(2)
	}
	content, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = write(os.Stdout, content)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func write(w io.Writer, content []byte) error {
	var namespaces map[string]map[string]metric
	if err := json.Unmarshal(content, &namespaces); err != nil {
		return err
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		fmt.Fprintln(w, namespace)
		for _, name := range slices.Sorted(maps.Keys(namespaces[namespace])) {
			m := namespaces[namespace][name]
			fmt.Fprintf(w, "\t%s\t%s\t%s\n", name, unit(namespace, name, m.Unit), strings.ReplaceAll(strings.Join(m.Statistics, ","), " ", ""))
			for _, r := range m.Recommended {
				threshold := ""
				if r.Threshold != nil {
					threshold = strconv.FormatFloat(*r.Threshold, 'f', -1, 64)
				}
				fmt.Fprintf(w, "\t\t%s\t%s\t%s\t%d\t%d/%d\t%s\t%s\n", r.Statistic, r.Comparison, threshold,
					r.Period, r.DatapointsToAlarm, r.EvaluationPeriods, r.TreatMissingData, strings.Join(r.Dimensions, ","))
			}
		}
	}
	return nil
}

// unit turns the words of AWS's documentation into CloudWatch's units. What has
// none of these, such as credits or dollars, counts as "None".
func unit(namespace, name, documented string) string {
	if namespace == "AWS/ECS" { // the documentation's table holds statistics in this column
		switch {
		case strings.HasSuffix(name, "Utilization"), strings.HasSuffix(name, "Reservation"):
			return "Percent"
		case strings.HasSuffix(name, "Bytes"):
			return "Bytes"
		case name == "TargetResponseTime":
			return "Seconds"
		default:
			return "Count"
		}
	}
	if namespace == "AWS/EFS" && name == "StorageBytes" {
		return "Bytes"
	}
	known := map[string]string{
		"percentage":                  "Percent",
		"millisecond":                 "Milliseconds",
		"count (per second)":          "Count/Second",
		"count per second":            "Count/Second",
		"bytes per second":            "Bytes/Second",
		"gigabytes (gb)":              "Gigabytes",
		"number":                      "Count",
		"number of connections":       "Count",
		"number of queries":           "Count",
		"number of tables":            "Count",
		"count (1/0)":                 "Count",
		"count of client connections": "Count",
	}
	word := strings.ToLower(strings.TrimSuffix(documented, "."))
	if strings.HasPrefix(word, "the metric represents a count") {
		return "Count"
	}
	for _, prefix := range []string{"bytes/second", "count (1/0)"} {
		if strings.HasPrefix(word, prefix) {
			word = prefix
		}
	}
	if u, ok := known[word]; ok {
		return u
	}
	for _, u := range []string{"Percent", "Count", "Bytes", "Megabytes", "Seconds", "Milliseconds", "Microseconds", "Count/Second", "Bytes/Second"} {
		if word == strings.ToLower(u) {
			return u
		}
	}
	return "None"
}
