package fakeaws

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Sample is what was measured at a time.
type Sample struct {
	At    time.Time
	Value float64
}

// A Transition is a change of an alarm's state as its history has it.
type Transition struct {
	At       time.Time
	From, To string
	// ByHand says that somebody set the state.
	ByHand bool
}

// MetricKey names a metric of [Cloud.Audited].Samples: "AWS/ECS CPUUtilization ClusterName=c
// ServiceName=s", with the dimensions sorted.
func MetricKey(namespace, name string, dimensions map[string]string) string {
	parts := []string{namespace, name}
	for dimension, value := range dimensions {
		parts = append(parts, dimension+"="+value)
	}
	slices.Sort(parts[2:])
	return strings.Join(parts, " ")
}

// retention is how long data is there with a period that is a multiple (API reference,
// GetMetricData). Older data is left out without a word.
func retention(period int) time.Duration {
	const day = 24 * time.Hour
	switch {
	case period%3600 == 0:
		return 455 * day
	case period%300 == 0:
		return 63 * day
	case period%60 == 0:
		return 15 * day
	}
	return 3 * time.Hour
}

const mostDatapoints = 100_800

func (c *Cloud) getMetricData(r request) reply {
	refuse := func(format string, args ...any) reply {
		return failure(http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...))
	}
	var in struct {
		MetricDataQueries []struct {
			ID         string `json:"Id"`
			MetricStat struct {
				Stat   string
				Period int
				Metric struct {
					Namespace, MetricName string
					Dimensions            []struct{ Name, Value string }
				}
			}
		}
		StartTime, EndTime float64
		MaxDatapoints      int
		ScanBy, NextToken  string
	}
	if err := json.Unmarshal(r.raw, &in); err != nil {
		return refuse("%v", err)
	}
	start, end := time.Unix(int64(in.StartTime), 0), time.Unix(int64(in.EndTime), 0)
	most := in.MaxDatapoints
	if most == 0 {
		most = mostDatapoints
	}
	switch n := len(in.MetricDataQueries); {
	case n == 0 || n > 500:
		return refuse("The parameter MetricDataQueries has to have 1 to 500 queries")
	case !end.After(start):
		return refuse("The parameter StartTime must be less than the parameter EndTime")
	case most < 1 || most > mostDatapoints:
		return refuse("The parameter MaxDatapoints must be between 1 and %d", mostDatapoints)
	}
	if c.Audited.PageSize > 0 {
		most = min(most, c.Audited.PageSize)
	}
	// A page goes on where the last one ended: so many values are skipped.
	skip := 0
	if in.NextToken != "" {
		if _, err := fmt.Sscanf(in.NextToken, "after %d", &skip); err != nil {
			return failure(http.StatusBadRequest, "InvalidNextToken", "The NextToken is invalid")
		}
	}
	seen, more := 0, false
	var results []any
	for _, query := range in.MetricDataQueries {
		m, period := query.MetricStat.Metric, query.MetricStat.Period
		if period < 1 || period >= 60 && period%60 != 0 {
			return refuse("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60")
		}
		dimensions := map[string]string{}
		for _, d := range m.Dimensions {
			dimensions[d.Name] = d.Value
		}
		from := start.Unix() - start.Unix()%int64(period)
		if oldest := c.Clock.Now().Add(-retention(period)).Unix(); from < oldest {
			from += (oldest - from + int64(period) - 1) / int64(period) * int64(period)
		}
		samples := c.samples(MetricKey(m.Namespace, m.MetricName, dimensions), m.Dimensions, end.Add(-time.Duration(period)*time.Second))
		times, values, err := statistics(samples, query.MetricStat.Stat, from, end.Unix(), int64(period))
		if err != nil {
			return failure(http.StatusNotImplemented, "NotImplemented", err.Error())
		}
		if in.ScanBy != "TimestampAscending" {
			slices.Reverse(times)
			slices.Reverse(values)
		}
		low, high := min(max(0, skip-seen), len(times)), min(max(0, skip+most-seen), len(times))
		status := "Complete"
		if seen+len(times) > skip+most {
			status, more = "PartialData", true
		}
		if c.Audited.Status != "" {
			status = c.Audited.Status
		}
		seen += len(times)
		results = append(results, map[string]any{
			"Id": query.ID, "Label": m.MetricName, "StatusCode": status, "Timestamps": times[low:high], "Values": values[low:high],
		})
	}
	answer := map[string]any{"MetricDataResults": results}
	if more {
		answer["NextToken"] = fmt.Sprintf("after %d", skip+most)
	}
	if c.Audited.Garble != nil {
		c.Audited.Garble(answer)
	}
	return ok(answer)
}

// samples are those of a metric: an alarm's has one at a time of the last period that is
// asked for, unless it is silent or the test says something else.
func (c *Cloud) samples(key string, dimensions []struct{ Name, Value string }, last time.Time) []Sample {
	if list, known := c.Audited.Samples[key]; known {
		return list
	}
	var given []any
	for _, d := range dimensions {
		given = append(given, map[string]any{"Name": d.Name, "Value": d.Value})
	}
	for name := range c.Audited.Silent {
		if fmt.Sprint(c.alarmDimensions(name)) == fmt.Sprint(given) {
			return nil
		}
	}
	return []Sample{{last, 1}}
}

// statistics are a statistic of samples for each period that has any.
func statistics(samples []Sample, stat string, from, to, period int64) (times []int64, values []float64, err error) {
	byPeriod := map[int64][]float64{}
	for _, s := range samples {
		at := s.At.Unix()
		if at = at - at%period; at >= from && at < to {
			if byPeriod[at] == nil {
				times = append(times, at)
			}
			byPeriod[at] = append(byPeriod[at], s.Value)
		}
	}
	times, values = append([]int64{}, times...), []float64{}
	slices.Sort(times)
	for _, at := range times {
		value, err := statistic(byPeriod[at], stat)
		if err != nil {
			return nil, nil, err
		}
		values = append(values, value)
	}
	return times, values, nil
}

func statistic(values []float64, stat string) (float64, error) {
	var sum, share, above float64
	for _, v := range values {
		sum += v
	}
	switch stat {
	case "SampleCount":
		return float64(len(values)), nil
	case "Sum":
		return sum, nil
	case "Average":
		return sum / float64(len(values)), nil
	case "Minimum":
		return slices.Min(values), nil
	case "Maximum":
		return slices.Max(values), nil
	}
	if _, err := fmt.Sscanf(stat, "TC(%g:)", &above); err == nil { // the lower limit is not part of it
		n := 0
		for _, v := range values {
			if v > above {
				n++
			}
		}
		return float64(n), nil
	}
	if _, err := fmt.Sscanf(stat, "p%g", &share); err != nil {
		return 0, fmt.Errorf("fakeaws has no statistic %s", stat)
	}
	slices.Sort(values)
	return values[max(0, int(math.Ceil(share/100*float64(len(values))))-1)], nil
}

// putMetricData takes data of at most two weeks ago and two hours ahead, 1000 at once
// (API reference, PutMetricData).
func (c *Cloud) putMetricData(r request) reply {
	var in struct {
		Namespace  string
		MetricData []struct {
			MetricName       string
			Timestamp, Value float64
			Dimensions       []struct{ Name, Value string }
		}
	}
	if err := json.Unmarshal(r.raw, &in); err != nil || len(in.MetricData) == 0 || len(in.MetricData) > 1000 {
		return failure(http.StatusBadRequest, "ValidationError", "The collection MetricData must have 1 to 1000 members")
	}
	now := c.Clock.Now()
	for _, d := range in.MetricData {
		if at := time.Unix(int64(d.Timestamp), 0); at.Before(now.Add(-14*24*time.Hour)) || at.After(now.Add(2*time.Hour)) {
			return failure(http.StatusBadRequest, "InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks and two hours into the future.")
		}
	}
	for _, d := range in.MetricData {
		dimensions := map[string]string{}
		for _, dimension := range d.Dimensions {
			dimensions[dimension.Name] = dimension.Value
		}
		key := MetricKey(in.Namespace, d.MetricName, dimensions)
		if c.Audited.Samples == nil {
			c.Audited.Samples = map[string][]Sample{}
		}
		c.Audited.Samples[key] = append(c.Audited.Samples[key], Sample{time.Unix(int64(d.Timestamp), 0), d.Value})
	}
	return ok(map[string]any{})
}

func (c *Cloud) describeAlarmHistory(r request) reply {
	name := r.text("AlarmName")
	since, _ := r.body["StartDate"].(float64)
	until, _ := r.body["EndDate"].(float64)
	most, _ := r.body["MaxRecords"].(float64)
	switch {
	case r.text("HistoryItemType") != "StateUpdate":
		return failure(http.StatusNotImplemented, "NotImplemented", "fakeaws has StateUpdate only")
	case most < 1 || most > 100:
		return failure(http.StatusBadRequest, "ValidationError", "MaxRecords must be between 1 and 100")
	}
	skip := 0
	_, _ = fmt.Sscanf(r.text("NextToken"), "after %d", &skip) // none: from the begin
	var items []any
	for _, t := range c.Audited.History[name] {
		if at := float64(t.At.Unix()); at < since || at > until || t.At.Before(c.Clock.Now().Add(-30*24*time.Hour)) {
			continue
		}
		state := func(value string) map[string]any {
			s := map[string]any{"stateValue": value, "stateReason": "because"}
			if !t.ByHand {
				s["stateReasonData"] = map[string]any{"version": "1.0"}
			}
			return s
		}
		data, _ := json.Marshal(map[string]any{"version": "1.0", "oldState": state(t.From), "newState": state(t.To)})
		items = append(items, map[string]any{
			"AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": t.At.Unix(), "HistoryItemType": "StateUpdate",
			"HistorySummary": "Alarm updated from " + t.From + " to " + t.To, "HistoryData": string(data),
		})
	}
	if r.text("ScanBy") != "TimestampAscending" {
		slices.Reverse(items)
	}
	answer := map[string]any{}
	if c.Audited.PageSize > 0 {
		most = min(most, float64(c.Audited.PageSize))
	}
	if len(items) > skip+int(most) {
		answer["NextToken"] = fmt.Sprintf("after %d", skip+int(most))
	}
	answer["AlarmHistoryItems"] = items[min(skip, len(items)):min(skip+int(most), len(items))]
	return ok(answer)
}
