package cloudwatch

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func TestIsStatistic(t *testing.T) {
	for stat, want := range map[string]bool{
		"Average": true, "Sum": true, "Minimum": true, "Maximum": true, "SampleCount": true, "IQM": true,
		"p99": true, "p0": true, "p100": true, "p95.5": true, "p99.0123456789": true, "tm90": true, "tc90": true, "ts90": true, "wm98": true,
		"TM(10%:90%)": true, "TM(:95%)": true, "TM(5%:)": true, "TC(150:1000)": true, "TS(80%:)": true, "WM(15%:85%)": true,
		"PR(:300)": true, "PR(100:2000)": true, "PR(0.5:)": true,
		"": false, "average": false, "avg": false, "P99": false, "p": false, "p101": false, "p99.01234567890": false, "99": false,
		"TM(90%:10%)": false, "TM(10%:90)": false, "TM(10:90%)": false, "TM(:)": false, "TM(%:90%)": false, "TM(10%:110%)": false, "TM(:90%": false,
		"PR(10%:90%)": false, "PR(:)": false, "IQM(1:2)": false, "TM(1.2.3:4)": false,
	} {
		if IsStatistic(stat) != want {
			t.Errorf("IsStatistic(%q) is %v", stat, !want)
		}
	}
}

const ref = "${aws_lb.main.arn_suffix}"

func TestValidate(t *testing.T) {
	cpu := metric(Percent, Average, time.Minute)
	requests := metric(Count, Sum, time.Minute)
	five := Window{EvaluationPeriods: 5}
	with := func(m Metric, change func(*Metric)) Metric {
		m.Dimensions = append([]Dimension(nil), m.Dimensions...)
		change(&m)
		return m
	}
	on := func(of Series) Alarm {
		return Alarm{When: Threshold{of, GreaterThan, 1}, Window: five, Missing: Missing}
	}
	using := func(expression string, metrics map[string]Metric) Alarm {
		return on(Math{Expression: expression, Using: metrics, Unit: Percent})
	}
	many := func(n int) (list map[string]Metric, sum string) {
		list = map[string]Metric{}
		for i := range n {
			id := fmt.Sprintf("m%d", i)
			list[id], sum = requests, sum+"+"+id
		}
		return list, sum[1:]
	}
	eleven, sum := many(11)
	ten, sumOfTen := many(10)
	number := func(v float64) Alarm { return Alarm{When: cpu.Above(v), Window: five, Missing: Missing} }
	composite := func(c Composite) Alarm { return Alarm{When: c} }
	keys := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("a/%d", i))
		}
		return list
	}
	const (
		finite = "want a finite number: 0, or from 2^-360 to 2^360"
		ascii  = "want printable ASCII characters, not only spaces, without a colon at the beginning"
	)
	tests := []struct {
		name  string
		alarm Alarm
		want  []string
	}{
		{"metric", on(cpu), nil},
		{"references", on(with(cpu, func(m *Metric) { m.Namespace, m.Name, m.Dimensions[0].Value = ref, ref, ref })), nil},
		{"empty metric", on(Metric{}), []string{
			`When.Of.Namespace: is "", want 1 to 255 characters`,
			`When.Of.Name: is "", want 1 to 255 characters`,
			`When.Of.Stat: is "", want a statistic: Average, Sum, Minimum, Maximum, SampleCount, IQM, or one like "p99", "tm90", "TM(10%:90%)", "PR(:0.5)"`,
			"When.Of.Period: is 0s, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day",
		}},
		{"names", on(with(cpu, func(m *Metric) { m.Namespace, m.Name = ":App", "Größe" })), []string{
			`When.Of.Namespace: is ":App", ` + ascii, `When.Of.Name: is "Größe", ` + ascii,
		}},
		{"long name", on(with(cpu, func(m *Metric) { m.Name = strings.Repeat("n", 256) })), []string{
			`When.Of.Name: is "` + strings.Repeat("n", 80) + `"… (256 characters), want 1 to 255 characters`,
		}},
		{"dimensions", on(with(cpu, func(m *Metric) { m.Dimensions = []Dimension{{"A", ""}, {"A", "\n"}} })), []string{
			`When.Of.Dimensions[0].Value: is "", want 1 to 1024 characters`,
			`When.Of.Dimensions[1].Value: is "\n", ` + ascii,
			`When.Of.Dimensions[1].Name: is "A", want each dimension once`,
		}},
		{"many dimensions", on(with(cpu, func(m *Metric) {
			m.Dimensions = nil
			for i := range 31 {
				m.Dimensions = append(m.Dimensions, Dimension{fmt.Sprint(i), "v"})
			}
		})), []string{"When.Of.Dimensions: is 31, want at most 30"}},
		{"unit", on(with(cpu, func(m *Metric) { m.Unit = "%" })), []string{
			`When.Of.Unit: is "%", want one of CloudWatch's units, such as Percent, Count, Bytes, Seconds or None`,
		}},
		{"only unit", on(with(cpu, func(m *Metric) { m.OnlyUnit = "percent" })), []string{`When.Of.OnlyUnit: is "percent", want one of CloudWatch's units, such as Percent, Count, Bytes, Seconds or None`}},
		{"period", on(cpu.WithPeriod(90 * time.Second)), []string{"When.Of.Period: is 1m30s, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day"}},
		{"period of two days", Alarm{When: cpu.WithPeriod(48 * time.Hour).Above(1), Window: Window{EvaluationPeriods: 1}, Missing: Missing}, []string{
			"When.Of.Period: is 48h0m0s, want 1, 5, 10, 20 or 30 seconds, or whole minutes up to a day",
		}},
		{"period of alarms", on(cpu.WithPeriod(5 * time.Second)), []string{"When.Of.Period: is 5s, want 10, 20 or 30 seconds, or whole minutes: alarms take no shorter ones"}},
		{"short period", on(cpu.WithPeriod(10 * time.Second)), nil},

		{"NaN", number(math.NaN()), []string{"When.Value: is NaN, " + finite}},
		{"infinity", number(math.Inf(-1)), []string{"When.Value: is -Inf, " + finite}},
		{"denormal", number(5e-324), []string{"When.Value: is 5e-324, " + finite}},
		{"huge", number(1e300), []string{"When.Value: is 1e+300, " + finite}},
		{"reference to a number", number(math.Float64frombits(0xfdff<<48 + 1)), nil},
		{"element of a list of numbers", number(math.Float64frombits(0xfbff<<48 + 1)), nil},

		{"no condition", Alarm{}, []string{"When: is nil, want a condition: Threshold, Anomaly, Heartbeat or Composite"}},
		{"pointer to a condition", Alarm{When: &Threshold{}}, []string{"When: is a *cloudwatch.Threshold, want a value, not a pointer"}},
		{"nil pointer", Alarm{When: (*Threshold)(nil)}, []string{"When: is a *cloudwatch.Threshold, want a value, not a pointer"}},
		{"no series", on(nil), []string{"When.Of: is nil, want a Metric or Math"}},
		{"pointer to a series", on((*Metric)(nil)), []string{"When.Of: is a *cloudwatch.Metric, want a value, not a pointer"}},
		{"operator", Alarm{When: Threshold{cpu, AboveBand, 1}, Window: five, Missing: Missing}, []string{
			`When.Op: is "GreaterThanUpperThreshold", want one of GreaterThanThreshold, GreaterThanOrEqualToThreshold, LessThanThreshold, LessThanOrEqualToThreshold`,
		}},
		{"window and missing data", Alarm{When: cpu.Above(1)}, []string{
			"Window.EvaluationPeriods: is 0, want at least 1",
			`Missing: is "", want missing, notBreaching, breaching or ignore: what a period without data counts as`,
		}},
		{"datapoints", Alarm{When: cpu.Above(1), Window: Window{3, 4}, Missing: Missing}, []string{"Window.DatapointsToAlarm: is 4, want 0 (all) to EvaluationPeriods"}},
		{"a day of minutes", Alarm{When: cpu.Above(1), Window: Window{EvaluationPeriods: 1440}, Missing: Missing}, nil},
		{"more than a day", Alarm{When: cpu.Above(1), Window: Window{EvaluationPeriods: 1441}, Missing: Missing}, []string{
			"Window.EvaluationPeriods: is 1441, want at most 1440: periods of 1 minute last a day, with periods below an hour at most",
		}},
		{"a week of hours", Alarm{When: cpu.WithPeriod(time.Hour).Above(1), Window: Window{EvaluationPeriods: 168}, Missing: Missing}, nil},
		{"more than a week", Alarm{When: cpu.WithPeriod(24 * time.Hour).Above(1), Window: Window{EvaluationPeriods: 8}, Missing: Missing}, []string{
			"Window.EvaluationPeriods: is 8, want at most 7: periods of 24 hours last seven days at most",
		}},
		{"DynamoDB", on(with(cpu, func(m *Metric) { m.Namespace = "AWS/DynamoDB" })), []string{
			`Missing: is "missing", want ignore: CloudWatch always ignores missing data of AWS/DynamoDB`,
		}},

		{"math", using("100 * e / r", map[string]Metric{"e": requests, "r": requests}), nil},
		{"math on all", using("SUM(METRICS())", map[string]Metric{"e": requests, "r": requests}), nil},
		{"math with strings", using(`SUM(METRICS("errors")) + e`, map[string]Metric{"e": requests}), nil},
		{"math without metrics", using("1", nil), []string{"When.Of.Using: is empty, want the metrics of the expression by their ids"}},
		{"math without expression", using(" ", map[string]Metric{"e": requests}), []string{
			`When.Of.Expression: is " ", want metric math of 1 to 2048 characters`,
			`When.Of.Using["e"]: is "e", want an id that the expression " " uses`,
		}},
		{"unknown id", using("e / r", map[string]Metric{"e": requests}), []string{`When.Of.Expression: is "r", want one of the ids in Using: e`}},
		{"unused id", using("e", map[string]Metric{"e": requests, "r": requests}), []string{`When.Of.Using["r"]: is "r", want an id that the expression "e" uses`}},
		{"id", using("E", map[string]Metric{"E": requests}), []string{`When.Of.Using["E"]: is "E", want an id: a lower case letter, then letters, digits and _`}},
		{"id of the result", using("result", map[string]Metric{"result": requests}), []string{`When.Of.Using["result"]: is "result", want another id: the result has this one`}},
		{"periods", using("e / r", map[string]Metric{"e": requests, "r": requests.WithPeriod(time.Hour)}), []string{
			`When.Of.Using["r"].Period: is 1h0m0s, want 1m0s, as the other metrics of the expression have`,
		}},
		{"ten metrics", using(sumOfTen, ten), nil},
		{"eleven metrics", using(sum, eleven), []string{"When.Of.Using: is 11 metrics, want at most 10 in an alarm"}},
		{"search", using("SEARCH('x', 'Sum') + e", map[string]Metric{"e": requests}), []string{
			`When.Of.Expression: is "SEARCH('x', 'Sum') + e", want no SEARCH: an alarm cannot be on what a search finds`,
		}},

		{"minimum of samples", Alarm{When: cpu.Above(1), Window: five, Missing: Ignore, MinSamples: 10}, nil},
		{"minimum below zero", Alarm{When: cpu.Above(1), Window: five, Missing: Ignore, MinSamples: -1}, []string{"MinSamples: is -1, want 0 (no minimum) or more"}},
		{"minimum and breaching", Alarm{When: cpu.Above(1), Window: five, Missing: Breaching, MinSamples: 10}, []string{
			`Missing: is "breaching", want another treatment with MinSamples: periods with few samples count as missing`,
		}},
		{"minimum of a number of samples", Alarm{When: cpu.WithStat(SampleCount).Above(1), Window: five, Missing: Ignore, MinSamples: 10}, []string{
			"MinSamples: is 10, want 0 with the statistic SampleCount, which is the number of samples",
		}},
		{"minimum of math", Alarm{When: Math{Expression: "e", Using: map[string]Metric{"e": cpu}}.Above(1), Window: five, Missing: Ignore, MinSamples: 10}, []string{
			`When.Of.Samples: is "", want the id of the metric that counts the samples, for MinSamples`,
		}},
		{"samples of an average", Alarm{When: Math{Expression: "e", Using: map[string]Metric{"e": cpu}, Samples: "e"}.Above(1), Window: five, Missing: Ignore, MinSamples: 10}, []string{
			`When.Of.Samples: is "e", want a metric with the statistic Sum or SampleCount, which counts`,
		}},
		{"samples of nothing", on(Math{Expression: "e", Using: map[string]Metric{"e": cpu}, Samples: "x"}), []string{`When.Of.Samples: is "x", want one of the ids in Using: e`}},

		{"anomaly", Alarm{When: Anomaly{cpu, OutsideBand, 2}, Window: five, Missing: Missing}, nil},
		{"anomaly without band", Alarm{When: Anomaly{cpu, GreaterThan, 0}, Window: five, Missing: Missing, MinSamples: 1}, []string{
			`When.Op: is "GreaterThanThreshold", want one of LessThanLowerOrGreaterThanUpperThreshold, GreaterThanUpperThreshold, LessThanLowerThreshold`,
			"When.Band: is 0, want a number of standard deviations above 0",
			"MinSamples: is 1, want 0 with an Anomaly: its band is that of the metric itself",
		}},
		{"heartbeat", Alarm{When: Heartbeat{with(cpu, func(m *Metric) { m.Stat = "" })}, Window: five}, nil},
		{"heartbeat and missing data", Alarm{When: Heartbeat{cpu}, Window: five, Missing: Ignore, MinSamples: 1}, []string{
			`Missing: is "ignore", want breaching, or "", with a Heartbeat`,
			"MinSamples: is 1, want 0 with a Heartbeat, which goes off when there are none",
		}},

		{"composite", composite(Composite{Rule: AnyOf(keys(99)...), Suppressor: "b/c"}), nil},
		{"composite without rule", composite(Composite{}), []string{"When.Rule: is nil, want a rule: AnyOf, AllOf, Is, Any, All or Not"}},
		{"composite of nothing", composite(Composite{Rule: Any{AllOf(), Not{}, Is{"", "BAD"}}}), []string{
			"When.Rule: is empty, want at least one alarm",
			"When.Rule: is nil in one part, want a rule",
			`When.Rule: is "", want the key of an alarm`,
			`When.Rule: is "BAD", want OK, ALARM or INSUFFICIENT_DATA for `,
		}},
		{"composite of many", composite(Composite{Rule: AnyOf(keys(101)...)}), []string{"When.Rule: is 101 alarms, want at most 100"}},
		{"suppression", composite(Composite{Rule: AnyOf("a/b"), Wait: time.Millisecond, Extension: time.Minute}), []string{
			"When.Wait: is 1ms, want whole seconds", "When.Extension: is 1m0s, want 0 without a Suppressor",
		}},
		{"composite with data", Alarm{When: Composite{Rule: AnyOf("a/b")}, Window: five, Missing: Ignore, MinSamples: 1}, []string{
			"Window: is set, want none with a Composite, which looks at states and not at data",
			`Missing: is "ignore", want "" with a Composite, which looks at states and not at data`,
			"MinSamples: is 1, want 0 with a Composite, which looks at states and not at data",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problemstest.Want(t, tt.want, tt.alarm.Validate())
		})
	}
}

func TestValidateFilter(t *testing.T) {
	valid := MetricFilter{LogGroup: "/app/web", Pattern: "ERROR", Namespace: "App", MetricName: "Errors"}
	with := func(change func(*MetricFilter)) MetricFilter {
		f := valid
		change(&f)
		return f
	}
	tests := []struct {
		name   string
		filter MetricFilter
		want   []string
	}{
		{"filter", valid, nil},
		{"everything", with(func(f *MetricFilter) {
			f.Name, f.Value, f.Unit, f.Dimensions = "errors", "$.latency", Milliseconds, map[string]string{"Path": "$.path"}
		}), nil},
		{"references", MetricFilter{Name: ref, LogGroup: ref, Namespace: ref, MetricName: ref, Value: ref, Default: ref}, nil},
		{"names", MetricFilter{Name: "a:b", LogGroup: "a b", Namespace: "AWS/ECS", MetricName: "a$"}, []string{
			`Name: is "a:b", want at most 512 characters without : and *`,
			`LogGroup: is "a b", want the name of a log group: 1 to 512 of A-Z a-z 0-9 . _ / # -`,
			`MetricName: is "a$", want no : * $`,
			`Namespace: is "AWS/ECS", want a namespace that does not begin with "AWS/"`,
		}},
		{"values", with(func(f *MetricFilter) {
			f.Pattern, f.Value, f.Default, f.Unit = strings.Repeat("p", 1025), "many", "NaN", "Errors"
			f.Dimensions = map[string]string{"A": "a", "B": "$.b", "C": "$.c", "D": "$.d"}
		}), []string{
			`Pattern: is "` + strings.Repeat("p", 80) + `"… (1025 characters), want at most 1024 characters`,
			`Value: is "many", want a number, or a field such as "$.latency"`,
			`Default: is "NaN", want a number`,
			`Default: is "NaN", want "" with Dimensions`,
			"Dimensions: is 4, want at most 3",
			`Dimensions["A"]: is "a", want a field such as "$.path"`,
			`Unit: is "Errors", want one of CloudWatch's units, such as Percent, Count, Bytes, Seconds or None`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problemstest.Want(t, tt.want, tt.filter.Validate())
		})
	}
}
