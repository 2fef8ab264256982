package evaluate

import (
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

func TestValues(t *testing.T) {
	requests, errs := cloudwatch.Metric{Namespace: "N", Name: "Requests", Stat: "Sum", Period: 2 * minute}, cloudwatch.Metric{Namespace: "N", Name: "Errors", Stat: "Sum", Period: 2 * minute}
	data := Data{}
	data.Add(requests, Series{Start: noon, Period: minute, Values: []float64{10, 10, 20, 20, nan, nan, 5, 5}})
	data.Add(errs, Series{Start: noon, Period: minute, Values: []float64{1, 0, 2, 2, nan, nan, 0, nan}})
	for name, test := range map[string]struct {
		queries []cloudwatch.Query
		want    string
	}{
		"metric": {[]cloudwatch.Query{{Metric: requests}}, "20 40 - 10"},
		"math": {[]cloudwatch.Query{
			{ID: "e", Metric: errs}, {ID: "r", Metric: requests}, {ID: "rate", Expression: "100 * e / r", ReturnData: true},
		}, "5 10 - 0"},
		"filled": {[]cloudwatch.Query{{ID: "e", Metric: errs}, {ID: "f", Expression: "FILL(e, 0)", ReturnData: true}}, "1 4 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Values(test.queries, data, noon.Add(30*time.Second), noon.Add(8*minute+time.Second))
			if err != nil || show(got.Values) != test.want || !got.Start.Equal(noon) || got.Period != 2*minute {
				t.Errorf("from %s every %s: %q, error %v; want %q", got.Start, got.Period, show(got.Values), err, test.want)
			}
		})
	}
}

func TestValuesRefuses(t *testing.T) {
	m := cloudwatch.Metric{Namespace: "N", Name: "Requests", Stat: "Sum", Period: minute}
	data := Data{}
	data.Add(m, Series{Start: noon, Period: minute})
	for want, queries := range map[string][]cloudwatch.Query{
		"SEARCH":            {{ID: "m", Metric: m}, {ID: "e", Expression: "SEARCH('x', 'Sum')", ReturnData: true}},
		"no series of":      {{Metric: cloudwatch.Metric{Namespace: "N", Name: "Other", Stat: "Sum", Period: minute}}},
		"a part of a day":   {{Metric: m.WithPeriod(7 * minute)}},
		"have no metric":    {{ID: "e", Expression: "TIME_SERIES(1)", ReturnData: true}},
		"there is no query": {{ID: "m", Metric: m}, {ID: "e", Expression: "m + n", ReturnData: true}},
	} {
		if _, err := Values(queries, data, noon, noon.Add(5*minute)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	if _, err := Values([]cloudwatch.Query{{Metric: m}}, data, noon, noon); err == nil || !strings.Contains(err.Error(), "after From") {
		t.Errorf("error of an empty time is %v", err)
	}
}
