package cost

import (
	"strings"
	"testing"
)

// drawing is a dashboard whose only graph has n metrics, and an expression.
func drawing(n int) string {
	metrics := strings.Repeat(`[\"Shop\",\"Orders\",{}],`, n) + `[{\"expression\":\"m1\"}]`
	return `{"dashboard_body":"{\"widgets\":[{\"properties\":{\"metrics\":[` + metrics + `]}},{\"properties\":{\"markdown\":\"x\"}}]}"}`
}

func TestOf(t *testing.T) {
	for name, test := range map[string]struct {
		resources    string
		what         string
		units        float64
		dollars, off float64
	}{
		"nothing":          {``, "alarms", 0, 0, 0},
		"an alarm":         {`"aws_cloudwatch_metric_alarm":{"a":{"period":60}}`, "alarms", 1, 0.10, 0.10},
		"ten seconds":      {`"aws_cloudwatch_metric_alarm":{"a":{"period":10}}`, "alarms", 3, 0.30, 0.30},
		"metric math":      {`"aws_cloudwatch_metric_alarm":{"a":{"metric_query":[{"id":"x","metric":{"period":60}},{"id":"y","metric":[{"period":60}]},{"id":"r","expression":"x/y"}]}}`, "alarms", 2, 0.20, 0.20},
		"an anomaly":       {`"aws_cloudwatch_metric_alarm":{"a":{"metric_query":[{"id":"x","metric":{"period":60}},{"id":"b","expression":"ANOMALY_DETECTION_BAND(x, 2)"}]}}`, "alarms", 3, 0.30, 0.30},
		"a composite":      {`"aws_cloudwatch_composite_alarm":{"a":{},"b":{}}`, "alarms on alarms (composite)", 2, 1, 0},
		"four dashboards":  {`"aws_cloudwatch_dashboard":{"a":` + drawing(1) + `,"b":` + drawing(50) + `,"c":` + drawing(50) + `,"d":` + drawing(2) + `}`, "dashboards", 4, 12, 9},
		"a large one":      {`"aws_cloudwatch_dashboard":{"a":` + drawing(50) + `,"b":` + drawing(51) + `}`, "dashboards", 2, 6, 3},
		"a canary":         {`"aws_synthetics_canary":{"a":{"schedule":{"expression":"rate(5 minutes)"}}}`, "canaries", 8760, 10.51, 0.12},
		"an hourly canary": {`"aws_synthetics_canary":{"a":{"schedule":[{"expression":"rate(1 hour)"}]}}`, "canaries", 730, 0.88, 0.12},
		"a canary by hand": {`"aws_synthetics_canary":{"a":{"schedule":{"expression":"rate(0 minutes)"}}}`, "canaries", 0, 0, 0},
		"a plain check":    {`"aws_route53_health_check":{"a":{"type":"HTTP","request_interval":30}}`, "Route 53 health checks of what runs in AWS", 1, 0.50, 0},
		"a dear check":     {`"aws_route53_health_check":{"a":{"type":"HTTPS_STR_MATCH","request_interval":10,"measure_latency":true}}`, "Route 53 health checks of what runs in AWS", 9, 4.50, 0},
		"a check of all":   {`"aws_route53_health_check":{"a":{"type":"CALCULATED"}}`, "Route 53 health checks of what runs in AWS", 1, 0.50, 0},
		"a key":            {`"aws_kms_key":{"a":{}}`, "KMS keys of the topics", 1, 1, 0},
		"a budget":         {`"aws_budgets_budget":{"a":{}}`, "budgets", 1, 0, 0},
	} {
		lines, err := Of(`{"resource":{` + test.resources + `}}`)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, l := range lines {
			if l.What != test.what {
				if l.Units != 0 {
					t.Errorf("%s: %v %s, want none", name, l.Units, l.What)
				}
				continue
			}
			found = true
			if l.Units != test.units || l.Dollars != test.dollars || l.Off != test.off {
				t.Errorf("%s: %v for $%v, $%v off, want %v for $%v, $%v off", name, l.Units, l.Dollars, l.Off, test.units, test.dollars, test.off)
			}
		}
		if dollars, off := Total(lines); !found || dollars != test.dollars || off != test.off {
			t.Errorf("%s: found: %t; together $%v, $%v off", name, found, dollars, off)
		}
	}
	if _, err := Of(`{`); err == nil {
		t.Error("broken JSON has a price")
	}
}
