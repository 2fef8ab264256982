package evaluate_test

import (
	"fmt"
	"math"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

func Example() {
	cpu := cloudwatch.Metric{
		Namespace: "AWS/ECS", Name: "CPUUtilization", Stat: "Average", Period: time.Minute,
		Dimensions: []cloudwatch.Dimension{{Name: "ClusterName", Value: "shop"}, {Name: "ServiceName", Value: "web"}},
	}
	alarm := cloudwatch.MetricAlarm{
		Name: "web/cpu-high", Queries: []cloudwatch.Query{{Metric: cpu}},
		ComparisonOperator: cloudwatch.GreaterThan, Threshold: 80, EvaluationPeriods: 3,
		TreatMissingData: cloudwatch.Missing,
		Actions:          cloudwatch.Actions{Alarm: []string{"pager"}},
	}
	from := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	data := evaluate.Data{}
	data.Add(cpu, evaluate.Series{
		Start: from, Period: time.Minute,
		Values: []float64{50, 90, 91, math.NaN(), 92, 50},
	})

	history, err := evaluate.Run(evaluate.Input{
		Alarms: []cloudwatch.MetricAlarm{alarm}, Data: data,
		Start: map[string]cloudwatch.State{"web/cpu-high": cloudwatch.OK},
		From:  from.Add(time.Minute), To: from.Add(6 * time.Minute),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range history.Changes {
		fmt.Println(c.At.Format("15:04"), c.Alarm, c.To, "because", c.Reason)
	}
	for _, n := range history.Notifications {
		fmt.Println(n.At.Format("15:04"), n.Actions)
	}
	// Output:
	// 12:05 web/cpu-high ALARM because 3 of 3 data points above 80: 92 at 12:04:00, 91 at 12:02:00, 90 at 12:01:00
	// 12:06 web/cpu-high OK because 2 of 3 data points above 80: 50 at 12:05:00, 92 at 12:04:00, 91 at 12:02:00
	// 12:05 [pager]
}
