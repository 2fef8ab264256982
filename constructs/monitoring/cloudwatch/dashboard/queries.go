package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

var identifier = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// Queries returns what the n-th line of a graph shows, as a question to CloudWatch:
// the line, and the others that its expression names. The line has ReturnData.
func (m Metrics) Queries(n int) ([]cloudwatch.Query, error) {
	var queries []cloudwatch.Query
	seen := map[int]bool{}
	var add func(i int) error
	add = func(i int) error {
		if seen[i] {
			return nil
		}
		seen[i] = true
		q, err := m.query(i)
		if err != nil {
			return err
		}
		q.ReturnData = i == n
		queries = append(queries, q)
		names := identifier.FindAllString(q.Expression, -1)
		for other, line := range m.Metrics {
			if line.Options.ID != "" && slices.Contains(names, line.Options.ID) {
				if err := add(other); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := add(n); err != nil {
		return nil, err
	}
	return queries, nil
}

func (m Metrics) query(i int) (cloudwatch.Query, error) {
	line := m.Metrics[i]
	seconds := m.Period
	if line.Options.Period != 0 {
		seconds = line.Options.Period
	}
	q := cloudwatch.Query{ID: line.Options.ID, Expression: line.Options.Expression, Label: line.Options.Label}
	if q.ID == "" {
		q.ID = fmt.Sprintf("line%d", i)
	}
	if q.Expression != "" {
		return q, nil
	}
	if len(line.Metric) < 2 || len(line.Metric)%2 != 0 {
		return q, fmt.Errorf("metrics[%d]: %q is no namespace and name with pairs of dimensions", i, line.Metric)
	}
	q.Metric = cloudwatch.Metric{
		Namespace: line.Metric[0], Name: line.Metric[1], Stat: line.Options.Stat, Period: time.Duration(seconds) * time.Second,
	}
	if q.Metric.Stat == "" {
		q.Metric.Stat = cloudwatch.Average // CloudWatch's default
	}
	for d := 2; d < len(line.Metric); d += 2 {
		q.Metric.Dimensions = append(q.Metric.Dimensions, cloudwatch.Dimension{Name: line.Metric[d], Value: line.Metric[d+1]})
	}
	return q, nil
}
