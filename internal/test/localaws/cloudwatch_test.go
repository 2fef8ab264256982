package localaws

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

const topicARN = "arn:aws:sns:ap-southeast-2:123456789012:page"

// metricAlarms makes alarms on metrics.
func metricAlarms(t *testing.T, client *cloudwatch.Client, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Errors"),
			Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(1),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func composite(name, rule string) *cloudwatch.PutCompositeAlarmInput {
	return &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule}
}

// describe returns "name" of metric alarms and "name: state" of composite ones.
func describe(t *testing.T, client *cloudwatch.Client, in *cloudwatch.DescribeAlarmsInput) []string {
	t.Helper()
	var list []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.MetricAlarms {
			list = append(list, *a.AlarmName)
		}
		for _, a := range page.CompositeAlarms {
			list = append(list, *a.AlarmName+": "+string(a.StateValue))
		}
	}
	return list
}

// TestCompositeAlarms goes through the life of composite alarms.
func TestCompositeAlarms(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON)
	metricAlarms(t, client, "a/1", "b (2)")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, in *cloudwatch.DescribeAlarmsInput, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, describe(t, client, in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	set := func(name string, state types.StateValue) {
		t.Helper()
		must(client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("test")}))
	}
	composites := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}
	both := []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}

	full := composite("down", `ALARM(a/1) AND NOT ALARM("b (2)")`)
	full.AlarmDescription = aws.String("The shop is down")
	full.AlarmActions, full.OKActions = []string{topicARN}, []string{topicARN}
	full.ActionsSuppressor = aws.String("b (2)")
	full.ActionsSuppressorWaitPeriod, full.ActionsSuppressorExtensionPeriod = aws.Int32(60), aws.Int32(120)
	full.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("shop")}}
	must(client.PutCompositeAlarm(ctx, full))
	must(client.PutCompositeAlarm(ctx, composite("top", "ALARM(arn:aws:cloudwatch:ap-southeast-2:123456789012:alarm:down)")))

	want("types that are not asked for", &cloudwatch.DescribeAlarmsInput{}, "a/1", "b (2)")
	want("before the first evaluation", composites, "down: INSUFFICIENT_DATA", "top: INSUFFICIENT_DATA")
	want("evaluated", composites, "down: OK", "top: OK")
	set("a/1", types.StateValueAlarm)
	want("a part went off", composites, "down: ALARM", "top: ALARM")
	set("b (2)", types.StateValueAlarm)
	want("the rule is false again", composites, "down: OK", "top: OK")
	set("down", types.StateValueAlarm)
	want("set by hand", composites, "down: ALARM", "top: ALARM")

	want("both types", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both}, "a/1", "b (2)", "down: ALARM", "top: ALARM")
	want("two a page", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, MaxRecords: aws.Int32(2)}, "a/1", "b (2)", "down: ALARM", "top: ALARM")
	want("by prefix and state", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, AlarmNamePrefix: aws.String("d"), StateValue: types.StateValueAlarm}, "down: ALARM")
	want("by prefix and another state", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, AlarmNamePrefix: aws.String("d"), StateValue: types.StateValueOk})
	want("by action", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, ActionPrefix: aws.String(topicARN)}, "down: ALARM")
	want("children", &cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("down")}, "a/1", "b (2)")
	want("parents", &cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: aws.String("down")}, "top: ALARM")

	must(client.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"down", "a/1"}}))
	down, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"down", "a/1"}, AlarmTypes: both})
	must(nil, err)
	got := down.CompositeAlarms[0]
	if diff := cmp.Diff([]any{
		"ALARM(a/1) AND NOT ALARM(\"b (2)\")", "The shop is down",
		[]string{topicARN},
		[]string{topicARN},
		"b (2)", int32(60), int32(120), false, false,
		"arn:aws:cloudwatch:ap-southeast-2:123456789012:alarm:down",
	}, []any{
		*got.AlarmRule, *got.AlarmDescription, got.AlarmActions, got.OKActions, *got.ActionsSuppressor, *got.ActionsSuppressorWaitPeriod,
		*got.ActionsSuppressorExtensionPeriod, *got.ActionsEnabled, *down.MetricAlarms[0].ActionsEnabled, *got.AlarmArn,
	}); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	must(client.EnableAlarmActions(ctx, &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"down"}}))

	tags := func() string {
		t.Helper()
		out, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: got.AlarmArn})
		must(nil, err)
		var list []string
		for _, tag := range out.Tags {
			list = append(list, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(list, " ")
	}
	full.Tags = []types.Tag{{Key: aws.String("Ignored"), Value: aws.String("by updates")}}
	must(client.PutCompositeAlarm(ctx, full))
	want("an update keeps the state", composites, "down: ALARM", "top: ALARM")
	must(client.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: got.AlarmArn, Tags: []types.Tag{{Key: aws.String("Env"), Value: aws.String("x")}}}))
	if tags() != "Team=shop Env=x" {
		t.Errorf("tags are %q", tags())
	}
	must(client.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: got.AlarmArn, TagKeys: []string{"Team"}}))
	if tags() != "Env=x" {
		t.Errorf("tags are %q", tags())
	}

	must(client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"top"}}))
	must(client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"down", "a/1", "b (2)"}}))
	want("deleted", &cloudwatch.DescribeAlarmsInput{AlarmTypes: both})
}

// TestCompositeAlarmRefusals is what AWS refuses too.
func TestCompositeAlarmRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON)
	metricAlarms(t, client, "a", "b")
	for _, name := range []string{"down", "other"} {
		if _, err := client.PutCompositeAlarm(ctx, composite(name, "ALARM(a)")); err != nil {
			t.Fatal(err)
		}
	}
	put := func(change func(in *cloudwatch.PutCompositeAlarmInput)) func() error {
		return func() error {
			in := composite("new", "ALARM(a)")
			change(in)
			_, err := client.PutCompositeAlarm(ctx, in)
			return err
		}
	}
	rule := func(rule string) func() error {
		return put(func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmRule = &rule })
	}
	remove := func(names ...string) func() error {
		return func() error {
			_, err := client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: names})
			return err
		}
	}
	ask := func(in cloudwatch.DescribeAlarmsInput) func() error {
		return func() error {
			_, err := client.DescribeAlarms(ctx, &in)
			return err
		}
	}
	many := func(n int, format string) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(format, i))
		}
		return list
	}
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"unknown alarms", rule(`ALARM(z) OR OK("y y") OR ALARM(a)`), "Could not save the composite alarm as alarms [y y, z] in the alarm rule do not exist"},
		{"alarm of another region", rule("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)"), "do not exist"},
		{"nothing in parentheses", rule("()"), "Error in AlarmRule [Unsupported token ')' at char 1]"},
		{"name with spaces", rule("ALARM(Oldest Age)"), "Error in AlarmRule [Unsupported token 'Age' at char 13, must be: ')']"},
		{"no state", rule("a OR b"), "Unsupported token 'a' at char 0"},
		{"lower case", rule("ALARM(a) or ALARM(b)"), "Unsupported token 'or' at char 9"},
		{"unfinished", rule("ALARM(a) AND"), "Unsupported token '' at char 12"},
		{"open quotes", rule(`ALARM("a)`), `Unsupported token '"' at char 6`},
		{"two in one", rule("ALARM(a, b)"), "must be: ')'"},
		{"at least more than there are", rule("AT_LEAST(3, ALARM, (a, b))"), "AT_LEAST 3 of 2 alarms"},
		{"empty rule", rule(""), "'alarmRule' failed to satisfy constraint"},
		{"long rule", rule(strings.Repeat(" ", 10240) + "TRUE"), "'alarmRule' failed to satisfy constraint"},
		{"many elements", rule("TRUE" + strings.Repeat(" OR TRUE", 500)), "more than 500 elements"},
		{"long name", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmName = aws.String(strings.Repeat("n", 256)) }), "'alarmName' failed"},
		{"long description", put(func(in *cloudwatch.PutCompositeAlarmInput) {
			in.AlarmDescription = aws.String(strings.Repeat("d", 1025))
		}), "'alarmDescription' failed"},
		{"six actions", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmActions = many(6, topicARN+"%d") }), "'AlarmActions' failed"},
		{"action of EC2", put(func(in *cloudwatch.PutCompositeAlarmInput) {
			in.OKActions = []string{"arn:aws:automate:ap-southeast-2:ec2:stop"}
		}), "unsupported action"},
		{"FIFO topic", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.OKActions = []string{topicARN + ".fifo"} }), "unsupported action"},
		{"suppressor without periods", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.ActionsSuppressor = aws.String("b") }), "are required with ActionsSuppressor"},
		{"periods without suppressor", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.ActionsSuppressorWaitPeriod = aws.Int32(60) }), "ActionsSuppressor is required"},
		{"unknown suppressor", put(func(in *cloudwatch.PutCompositeAlarmInput) {
			in.ActionsSuppressor = aws.String("z")
			in.ActionsSuppressorWaitPeriod, in.ActionsSuppressorExtensionPeriod = aws.Int32(60), aws.Int32(60)
		}), "actions suppressor alarm [z] does not exist"},
		{"reserved tag", put(func(in *cloudwatch.PutCompositeAlarmInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}), "reserved"},
		{"name of a metric alarm", put(func(in *cloudwatch.PutCompositeAlarmInput) { in.AlarmName = aws.String("b") }), "The alarm b exists and is a metric alarm"},
		{"name of a composite alarm", func() error {
			_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("down"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			})
			return err
		}, "The alarm down exists and is a composite alarm"},
		{"delete a part", remove("b", "a"), "Cannot delete a as there are composite alarm(s) depending on it."},
		{"delete two composite alarms", remove("down", "other"), "no more than one composite alarm"},
		{"delete many", remove(many(101, "n%d")...), "at most 100 names"},
		{"names and prefix", ask(cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")}), "cannot both be specified"},
		{"children and another filter", ask(cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("down"), StateValue: types.StateValueOk}), "cannot be specified with another filter"},
		{"large pages", ask(cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(101)}), "'maxRecords' failed"},
		{"made-up token", ask(cloudwatch.DescribeAlarmsInput{NextToken: aws.String("x")}), "NextToken is invalid"},
		{"tags of nothing", func() error {
			_, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch:ap-southeast-2:123456789012:alarm:z")})
			return err
		}, "ResourceNotFoundException"},
	} {
		err := tt.call()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %s", tt.name, err, tt.want)
		}
	}
	both := &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}}
	if got := describe(t, client, both); !slices.Equal(got, []string{"a", "b", "down: INSUFFICIENT_DATA", "other: INSUFFICIENT_DATA"}) {
		t.Errorf("afterwards there are %q", got)
	}
}

// TestAlarmRules evaluates rules where a is in ALARM, b is OK, and c has no data.
func TestAlarmRules(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON)
	metricAlarms(t, client, "a", "b", "c")
	for name, state := range map[string]types.StateValue{"a": types.StateValueAlarm, "c": types.StateValueInsufficientData} {
		_, err := client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("test")})
		if err != nil {
			t.Fatal(err)
		}
	}
	for rule, want := range map[string]types.StateValue{
		"TRUE":                       types.StateValueAlarm,
		"FALSE":                      types.StateValueOk,
		"NOT FALSE":                  types.StateValueAlarm,
		"ALARM(a)":                   types.StateValueAlarm,
		"ALARM(b)":                   types.StateValueOk,
		"INSUFFICIENT_DATA( \"c\" )": types.StateValueAlarm,
		"OK(a) AND OK(b) OR OK(b)":   types.StateValueAlarm,
		"OK(a) AND (OK(b) OR OK(b))": types.StateValueOk,
		"NOT OK(a) AND NOT (ALARM(b) OR ALARM(c))":         types.StateValueAlarm,
		"AT_LEAST(2, ALARM, (a, b, c))":                    types.StateValueOk,
		"AT_LEAST(2, NOT OK, (a, b, c))":                   types.StateValueAlarm,
		"AT_LEAST(30%, ALARM, (a, b, c))":                  types.StateValueAlarm,
		"AT_LEAST(34%, ALARM, (a, b, c)) AND ALARM(a)":     types.StateValueOk,
		"((ALARM(a)))\n\tAND\n\tNOT INSUFFICIENT_DATA(b) ": types.StateValueAlarm,
	} {
		if _, err := client.PutCompositeAlarm(ctx, composite("rule", rule)); err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		in := &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"rule"}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}
		describe(t, client, in)
		if got := describe(t, client, in); !slices.Equal(got, []string{"rule: " + string(want)}) {
			t.Errorf("%s: %v, want %s", rule, got, want)
		}
	}
}

// TestExtendedStatistics makes alarms on percentiles and on trimmed statistics.
func TestExtendedStatistics(t *testing.T) {
	t.Parallel()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON)
	for stat, want := range map[string]bool{
		"p99": true, "p99.95": true, "p100": true, "tm90": true, "wm98": true, "tc90": true, "ts10": true, "IQM": true,
		"TM(10%:90%)": true, "TM(:99%)": true, "WM(5%:)": true, "TC(0.02:0.10)": true, "PR(:0.5)": true, "PR(100:2000)": true,
		"p101": false, "P99": false, "tm": false, "TM(10%)": false, "PR(10%:90%)": false, "Median": false,
	} {
		_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &stat, Namespace: aws.String("Shop"), MetricName: aws.String("Latency"), ExtendedStatistic: &stat,
			Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(1),
		})
		if (err == nil) != want {
			t.Errorf("%s: error is %v, want accepted: %v", stat, err, want)
			continue
		}
		if !want {
			continue
		}
		got, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{stat}})
		if err != nil {
			t.Fatal(err)
		}
		if back := aws.ToString(got.MetricAlarms[0].ExtendedStatistic); back != stat {
			t.Errorf("%s is read back as %q", stat, back)
		}
	}
}

// TestPercentiles reads percentiles of metric data, and how many values are between limits.
func TestPercentiles(t *testing.T) {
	t.Parallel()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON, func(o *cloudwatch.Options) { o.DisableRequestCompression = true })
	now := time.Now().UTC().Truncate(time.Hour)
	var data []types.MetricDatum
	for v := 1; v <= 200; v++ {
		data = append(data, types.MetricDatum{MetricName: aws.String("Latency"), Value: aws.Float64(float64(v)), Timestamp: &now})
	}
	if _, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: data}); err != nil {
		t.Fatal(err)
	}
	for stat, want := range map[string]float64{
		"p0": 1, "p50": 100, "p99": 198, "p99.5": 199, "p100": 200, "Average": 100.5, "Maximum": 200,
		"TC(150:)": 50, "TC(150:160)": 10, "TC(:20)": 20, "PR(:50)": 25, "PR(150:)": 25, "PR(:1000)": 100,
	} {
		got, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)),
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("m"), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Latency")}, Period: aws.Int32(3600), Stat: &stat,
			}}},
		})
		if err != nil {
			t.Errorf("%s: %v", stat, err)
			continue
		}
		if values := got.MetricDataResults[0].Values; len(values) != 1 || values[0] != want {
			t.Errorf("%s is %v, want %v", stat, values, want)
		}
	}
}

// TestMetricData reads the data of one metric, and none of others of the same name.
func TestMetricData(t *testing.T) {
	t.Parallel()
	client := cloudwatch.NewFromConfig(empty(t).Config(), CloudWatchJSON, func(o *cloudwatch.Options) {
		o.DisableRequestCompression = true // moto does not decompress
	})
	end := time.Now().UTC().Truncate(time.Hour)
	put := func(namespace, shop string, minutes int, value float64) {
		t.Helper()
		in := &cloudwatch.PutMetricDataInput{Namespace: &namespace}
		for i := range minutes {
			in.MetricData = append(in.MetricData, types.MetricDatum{
				MetricName: aws.String("Errors"), Value: &value, Timestamp: aws.Time(end.Add(-time.Duration(i+1) * time.Minute)),
				Dimensions: []types.Dimension{{Name: aws.String("Shop"), Value: &shop}},
			})
		}
		if _, err := client.PutMetricData(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	put("Shop", "one", 12, 3)
	put("Shop", "two", 12, 100)
	put("Other", "one", 12, 1000)
	query := func(id string, dimensions ...types.Dimension) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
			Stat: aws.String("Sum"), Period: aws.Int32(300),
			Metric: &types.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Errors"), Dimensions: dimensions},
		}}
	}
	for _, scan := range []types.ScanBy{types.ScanByTimestampAscending, types.ScanByTimestampDescending} {
		got, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(end.Add(-24 * time.Hour)), EndTime: &end, ScanBy: scan,
			MetricDataQueries: []types.MetricDataQuery{query("one", types.Dimension{Name: aws.String("Shop"), Value: aws.String("one")}), query("none")},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{6, 15, 15} // two minutes, then five and five
		if scan == types.ScanByTimestampDescending {
			slices.Reverse(want)
		}
		if one := got.MetricDataResults[0]; !slices.Equal(one.Values, want) || len(one.Timestamps) != 3 || one.Timestamps[1].Sub(end.Add(-10*time.Minute)) != 0 {
			t.Errorf("%s: %v %v", scan, one.Values, one.Timestamps)
		}
		if none := got.MetricDataResults[1]; len(none.Values) > 0 {
			t.Errorf("without dimensions: %v", none.Values)
		}
	}
	_, err := client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: &end, EndTime: &end, MetricDataQueries: []types.MetricDataQuery{query("one")}})
	if err == nil || !strings.Contains(err.Error(), "ValidationError") {
		t.Errorf("no time: %v", err)
	}
}
