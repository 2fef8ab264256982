package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/omc/backtest"
)

// TestBacktest reads alarms and seeded data from the emulator, and compares what comes of
// them with a table that was computed by hand.
func TestBacktest(t *testing.T) {
	t.Parallel()
	e := emulate(t)
	to := time.Now().UTC().Add(-10 * time.Minute).Truncate(10 * time.Minute)
	from := to.Add(-2 * time.Hour)
	on := e.sends("AWS/ECS", "CPUUtilization", "ClusterName", prefix+"-cluster", "ServiceName", prefix+"-backend")
	// From the 30th minute on it is 85 for 10 minutes, from the 60th 95 for 20; every
	// minute has two tasks, 5 above and 5 below.
	var data []types.MetricDatum
	for i := range 150 {
		at := from.Add(time.Duration(i-30) * time.Minute)
		value := 20.0
		switch minute := i - 30; {
		case minute >= 30 && minute < 40:
			value = 85
		case minute >= 60 && minute < 80:
			value = 95
		}
		for _, task := range []float64{-5, 5} {
			data = append(data, types.MetricDatum{MetricName: aws.String("CPUUtilization"), Dimensions: on, Value: aws.Float64(value + task), Timestamp: &at})
		}
	}
	for part := range slices.Chunk(data, 100) {
		e.must(e.clients.CloudWatch.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/ECS"), MetricData: part}))
	}
	topic := "arn:aws:sns:" + region + ":" + number + ":" + prefix + "-critical"
	e.alarm("backend/cpu-high", topic, "AWS/ECS", "CPUUtilization", on, nil) // average, 5 of a minute, above 80
	e.alarm("backend/peak", topic, "AWS/ECS", "CPUUtilization", on, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.Threshold, in.EvaluationPeriods = types.StatisticMaximum, aws.Float64(99), aws.Int32(1)
	})
	e.alarm("backend/slow", topic, "AWS/ECS", "CPUUtilization", on, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.Period, in.EvaluationPeriods = types.StatisticMinimum, aws.Int32(300), aws.Int32(2)
	})
	e.alarm("backend/tasks-missing", topic, "AWS/ECS", "CPUUtilization", on, func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.Threshold, in.ComparisonOperator = types.StatisticSampleCount, aws.Float64(1), types.ComparisonOperatorLessThanThreshold
		in.TreatMissingData, in.EvaluationPeriods = aws.String("breaching"), aws.Int32(1)
	})
	e.must(e.clients.CloudWatch.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String(prefix + "/both"), AlarmRule: aws.String(fmt.Sprintf(`ALARM("%[1]s/backend/cpu-high") AND ALARM("%[1]s/backend/peak")`, prefix)),
	}))

	cfg := e.server.Config()
	cfg.AppID = reading
	client := e.clientsOf(cfg).CloudWatch
	all, err := Alarms(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	in := backtest.Input{From: from, To: to, Prefix: prefix + "/"}
	for _, m := range all.Metrics {
		in.Deployed.Metrics = append(in.Deployed.Metrics, m.MetricAlarm)
	}
	for _, c := range all.Composites {
		in.Deployed.Composites = append(in.Deployed.Composites, c.CompositeAlarm)
	}
	test, err := backtest.New(in)
	if err != nil {
		t.Fatal(err)
	}
	series, err := Data(t.Context(), client, test.Queries)
	if err != nil {
		t.Fatal(err)
	}
	read := backtest.NewData(region, to)
	read.Put(series...)
	report, err := test.Run(read)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range report.Alarms {
		line := strings.TrimPrefix(a.Name, prefix+"/") + " " + a.Deployed.Problem
		for _, e := range a.Deployed.Episodes {
			line += fmt.Sprintf("%.0f-%.0f ", e.From.Sub(from).Minutes(), e.To.Sub(from).Minutes())
		}
		got = append(got, strings.TrimSpace(line))
	}
	// In ALARM from the end of the fifth minute on, or of the first one, or of the tenth,
	// until one minute is over that is good.
	want := []string{
		"backend/cpu-high 35-41 65-81",
		"backend/peak 61-81", // 95 + 5 is above 99
		"backend/slow 70-81", // the least of both tasks, 90, is above 80 for ten minutes
		"backend/tasks-missing",
		"both 65-81",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if denied := e.role.Err(); denied != nil {
		t.Errorf("docs/policies/deployment.json: %v", denied)
	}
	for _, action := range e.role.Asked() {
		if action != "cloudwatch:DescribeAlarms" && action != "cloudwatch:GetMetricData" {
			t.Errorf("%s was called", action)
		}
	}
}

// TestBatches divides what is wanted into calls.
func TestBatches(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	query := func(i int, length time.Duration) backtest.Query {
		return backtest.Query{Metric: model.Metric{Name: fmt.Sprint(i), Period: time.Minute}, From: from, To: from.Add(length)}
	}
	var wanted []backtest.Query
	for i := range 1200 {
		length := time.Hour
		if i%3 == 0 {
			length = 14 * 24 * time.Hour
		}
		wanted = append(wanted, query(i, length))
	}
	seen := map[int]bool{}
	for _, batch := range batches(wanted) {
		points := 0
		for _, i := range batch {
			if seen[i] || !wanted[i].To.Equal(wanted[batch[0]].To) {
				t.Errorf("%d is in a call twice, or in one of another time", i)
			}
			seen[i] = true
			points += wanted[i].Len()
		}
		if len(batch) > queriesACall || points > pointsACall {
			t.Errorf("a call has %d queries and %d values", len(batch), points)
		}
	}
	if len(seen) != len(wanted) || len(batches(nil)) != 0 {
		t.Errorf("%d of %d", len(seen), len(wanted))
	}
}
