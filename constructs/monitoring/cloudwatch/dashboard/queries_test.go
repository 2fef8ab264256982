package dashboard

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

func TestQueries(t *testing.T) {
	graph := Metrics{Period: 300, Metrics: []Line{
		{Metric: []string{"AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "db"}, Options: Options{ID: "m0", Stat: "Minimum"}},
		{Options: Options{ID: "e0", Expression: "m0 / 1024"}},
		{Options: Options{Expression: "e0 * 2"}},
		{Metric: []string{"AWS/RDS", "CPUUtilization"}, Options: Options{Period: 60}},
	}}
	storage := cloudwatch.Query{ID: "m0", Metric: cloudwatch.Metric{
		Namespace: "AWS/RDS", Name: "FreeStorageSpace", Stat: "Minimum", Period: 5 * time.Minute,
		Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: "db"}},
	}}
	for n, want := range map[int][]cloudwatch.Query{
		1: {{ID: "e0", Expression: "m0 / 1024", ReturnData: true}, storage},
		2: {{ID: "line2", Expression: "e0 * 2", ReturnData: true}, {ID: "e0", Expression: "m0 / 1024"}, storage},
		3: {{ID: "line3", ReturnData: true, Metric: cloudwatch.Metric{Namespace: "AWS/RDS", Name: "CPUUtilization", Stat: "Average", Period: time.Minute}}},
	} {
		got, err := graph.Queries(n)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("line %d: error %v (-want +got):\n%s", n, err, diff)
		}
	}
	for _, metric := range [][]string{nil, {"AWS/RDS"}, {"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier"}} {
		if _, err := (Metrics{Metrics: []Line{{Metric: metric}}}).Queries(0); err == nil || !strings.Contains(err.Error(), "metrics[0]") {
			t.Errorf("%q: error is %v", metric, err)
		}
	}
}
