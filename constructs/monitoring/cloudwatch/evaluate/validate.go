package evaluate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/cdk/token"
)

const maxMetrics = 10 // in a math alarm

// wallClockPeriods are those that AWS takes with WallClock, without a week, which the
// model does not have.
var wallClockPeriods = []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

func validateAlarm(a cloudwatch.MetricAlarm) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if a.EvaluationPeriods < 1 {
		fail("EvaluationPeriods: is %d, want 1 or more", a.EvaluationPeriods)
	}
	if m := a.DatapointsToAlarm; m < 0 || m > a.EvaluationPeriods {
		fail("DatapointsToAlarm: is %d, want 1 to EvaluationPeriods, %d", m, a.EvaluationPeriods)
	}
	switch a.TreatMissingData {
	case "", cloudwatch.Missing, cloudwatch.Ignore, cloudwatch.Breaching, cloudwatch.NotBreaching:
	default:
		fail("TreatMissingData: is %q, want missing, ignore, breaching or notBreaching", a.TreatMissingData)
	}
	if a.WallClock != "" && a.WallClock != "UTC" {
		fail("WallClock: is %q, want UTC: where periods begin in another time zone is not known here", a.WallClock)
	}
	c, known := comparisons[a.ComparisonOperator]
	switch {
	case !known:
		fail("ComparisonOperator: is %q, want one of %v", a.ComparisonOperator, sortedKeys(comparisons))
	case c.band && a.ThresholdMetricID == "":
		fail("ThresholdMetricID: is empty, want the id of the band that %s compares with", a.ComparisonOperator)
	case !c.band && a.ThresholdMetricID != "":
		fail("ThresholdMetricID: is %q, want none with %s", a.ThresholdMetricID, a.ComparisonOperator)
	}
	switch {
	case token.IsNumber(a.Threshold):
		fail("Threshold: is a Terraform reference, want a number")
	case !finite(a.Threshold):
		fail("Threshold: is %v, want a number", a.Threshold)
	}
	errs = append(errs, validateQueries(a)...)
	return errors.Join(errs...)
}

func validateQueries(a cloudwatch.MetricAlarm) []error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ids := map[string]bool{}
	metrics, judged, percentiles := 0, 0, 0
	var period time.Duration
	for i, q := range a.Queries {
		at := fmt.Sprintf("Queries[%d]", i)
		if q.ID == "" && len(a.Queries) == 1 && q.Expression == "" {
			// The only metric needs no name.
		} else if !queryID.MatchString(q.ID) {
			fail("%s.ID: is %q, want a lower case letter, then letters, digits and _", at, q.ID)
		} else if ids[q.ID] {
			fail("%s.ID: %q is there twice", at, q.ID)
		}
		ids[q.ID] = true
		if returns(a, q) && (q.ID != a.ThresholdMetricID || q.ID == "") {
			judged++
		}
		if q.Expression != "" {
			if q.Metric.Name != "" {
				fail("%s: has a Metric and an Expression, want one of them", at)
			}
			if err := validatePeriod(q.Period); q.Period != 0 && err != nil {
				fail("%s.Period: %w", at, err)
			}
			continue
		}
		metrics++
		m := q.Metric
		if m.Namespace == "" || m.Name == "" {
			fail("%s.Metric: is %q %q, want a namespace and a name", at, m.Namespace, m.Name)
		}
		if s, err := parseStatistic(m.Stat); err == nil && s.Kind == cloudwatch.KindPercentile {
			percentiles++
		}
		if err := validatePeriod(m.Period); err != nil || m.Period == time.Second || m.Period == 5*time.Second {
			fail("%s.Metric.Period: is %s, want 10, 20 or 30 seconds, or whole minutes", at, m.Period)
		} else if period != 0 && m.Period != period {
			fail("%s.Metric.Period: is %s, want %s: the metrics of an alarm share one period", at, m.Period, period)
		}
		if a.WallClock != "" && !slices.Contains(wallClockPeriods, m.Period) {
			fail("%s.Metric.Period: is %s, want a minute, 5 minutes, an hour or a day with WallClock", at, m.Period)
		}
		period = m.Period
	}
	for i, q := range a.Queries {
		if q.Expression != "" && q.Period != 0 && q.Period != period {
			fail("Queries[%d].Period: is %s, want that of the metrics, %s", i, q.Period, period)
		}
	}
	switch total := time.Duration(a.EvaluationPeriods) * period; {
	case period < time.Hour && total > 24*time.Hour:
		fail("EvaluationPeriods: %d periods of %s are more than a day, the longest with a period under an hour", a.EvaluationPeriods, period)
	case total > 7*24*time.Hour:
		fail("EvaluationPeriods: %d periods of %s are more than seven days", a.EvaluationPeriods, period)
	}
	switch {
	case metrics == 0:
		fail("Queries: have no metric, want at least one")
	case metrics > maxMetrics:
		fail("Queries: have %d metrics, want at most %d", metrics, maxMetrics)
	}
	if len(a.Queries) > 0 && judged != 1 {
		fail("Queries: %d of them have ReturnData, want one that the alarm judges", judged)
	}
	if a.ThresholdMetricID != "" && !ids[a.ThresholdMetricID] {
		fail("ThresholdMetricID: there is no query with the id %q", a.ThresholdMetricID)
	}
	switch few := a.EvaluateLowSampleCountPercentile; {
	case few != "" && few != "evaluate" && few != "ignore":
		fail("EvaluateLowSampleCountPercentile: is %q, want evaluate or ignore", few)
	case few == "ignore" && (percentiles != 1 || len(a.Queries) != 1):
		fail("EvaluateLowSampleCountPercentile: is ignore, want an alarm on one percentile: AWS says what it does only there")
	}
	return errs
}

// validate says whether the limits go with an alarm of a period.
func (b Band) validate(period time.Duration) error {
	var errs []error
	for _, s := range []Series{b.Lower, b.Upper} {
		err := s.validate()
		if err == nil && (len(s.Values) == 0 || period%s.Period != 0) {
			err = fmt.Errorf("has %d Values of %s, want some, with the alarm's period, %s, or a part of it", len(s.Values), s.Period, period)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field("Bands", ""), err))
		}
	}
	return errors.Join(errs...)
}
