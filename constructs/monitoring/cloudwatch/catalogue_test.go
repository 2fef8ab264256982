package cloudwatch

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogue(t *testing.T) {
	metrics, recommended := 0, 0
	operators := []Operator{GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual}
	for _, namespace := range Namespaces() {
		for _, name := range MetricNames(namespace) {
			m, ok := LookUp(namespace, name)
			if !ok || m.Namespace != namespace || m.Name != name || m.Unit == "" {
				t.Errorf("%s %s is %+v", namespace, name, m)
			}
			metrics++
			for _, r := range m.Recommended {
				recommended++
				if r.Stat == "" || !slices.Contains(operators, r.ComparisonOperator) || r.Period < time.Minute ||
					r.DatapointsToAlarm < 1 || r.EvaluationPeriods < r.DatapointsToAlarm ||
					!slices.Contains([]MissingData{Missing, NotBreaching, Breaching, Ignore}, r.TreatMissingData) {
					t.Errorf("%s %s recommends %+v", namespace, name, r)
				}
			}
		}
	}
	if got, want := [3]int{len(Namespaces()), metrics, recommended}, [3]int{39, 1206, 156}; got != want {
		t.Errorf("namespaces, metrics, recommended alarms: %d, want %d", got, want)
	}
}

// The catalogue is in every program that makes alarms.
func TestCatalogueIsSmall(t *testing.T) {
	if len(catalogueText) > 200_000 {
		t.Errorf("the catalogue has %d bytes, want at most 200,000", len(catalogueText))
	}
}

func TestLookUp(t *testing.T) {
	threshold := 80.0
	got, ok := LookUp("AWS/ECS", "CPUUtilization")
	want := AWSMetric{
		Namespace: "AWS/ECS", Name: "CPUUtilization", Unit: Percent, Statistics: []string{"Average", "Minimum", "Maximum"},
		Recommended: []Recommendation{{
			Stat: "Average", ComparisonOperator: GreaterThan, Threshold: &threshold, Period: time.Minute,
			EvaluationPeriods: 5, DatapointsToAlarm: 5, TreatMissingData: Breaching,
			Dimensions: []string{"ClusterName", "ServiceName"},
		}},
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("LookUp (-want +got):\n%s", diff)
	}
	if _, ok := LookUp("AWS/ECS", "RunningTaskCount"); ok {
		t.Error("AWS/ECS has a RunningTaskCount")
	}
}

func TestParseCatalogueRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"metric without namespace": "\tA\tCount\tSum\n",
		"alarm without metric":     "NS\n\t\tSum\tGreaterThanThreshold\t1\t60\t1/1\tmissing\tD\n",
		"threshold":                "NS\n\tA\tCount\t\n\t\tSum\tGreaterThanThreshold\tx\t60\t1/1\tmissing\tD\n",
		"period":                   "NS\n\tA\tCount\t\n\t\tSum\tGreaterThanThreshold\t1\tx\t1/1\tmissing\tD\n",
		"fields":                   "NS\n\tA\tCount\n",
	} {
		if _, err := parseCatalogue(text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
