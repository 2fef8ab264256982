package evaluate

import (
	"errors"
	"fmt"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Values computes what CloudWatch would draw of queries: the series of the one that
// has ReturnData, or of the only one. Its periods are those that lie between from
// and to on the clock; a period without data is NaN.
func Values(queries []cloudwatch.Query, data Data, from, to time.Time) (Series, error) {
	if errs := append(data.validate(), validateQueries(cloudwatch.MetricAlarm{Queries: queries})...); len(errs) > 0 {
		return Series{}, errors.Join(errs...)
	}
	var period time.Duration
	for _, q := range queries {
		if q.Expression == "" {
			period = q.Metric.Period
		}
	}
	if period <= 0 {
		return Series{}, errors.New("computing values: Queries: have no metric with a Period, want one")
	}
	if 24*time.Hour%period != 0 {
		return Series{}, fmt.Errorf("computing values: Queries: the period is %s, want a part of a day", period)
	}
	start, end := from.Truncate(period), to.Truncate(period)
	count := int(end.Sub(start) / period)
	if count < 1 {
		return Series{}, fmt.Errorf("computing values: To: is %s, want a period of %s after From, %s", clock(to), period, clock(from))
	}
	// One evaluation at the end sees every period.
	r, err := newRun(Input{Data: data, From: end, To: end, step: period}, cloudwatch.MetricAlarm{Queries: queries, EvaluationPeriods: count})
	if err != nil {
		return Series{}, err
	}
	for _, w := range r.windows {
		w.look(0)
	}
	if err := r.program.run(r.grid.at(0)); err != nil {
		return Series{}, err
	}
	return Series{Start: start, Period: period, Values: r.judged}, nil
}
