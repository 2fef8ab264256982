package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Expected is what alarms ought to be, as Terraform JSON says it. What only an apply
// knows is a pattern in it: "*", or "arn:*:sns:*:shop-critical" for a reference.
type Expected struct {
	// Sources are the files.
	Sources    []string
	metrics    []expectedMetric
	composites []expectedComposite
}

type expectedMetric struct {
	source, address string
	cloudwatch.MetricAlarm
	// raw and names are what the alarm was made of.
	raw   json.RawMessage
	names references
}

type expectedComposite struct {
	source, address string
	cloudwatch.CompositeAlarm
}

// Alarms returns the alarms, each with values in place of those references that alarms
// of the same name in AWS have: where a dimension of one is a reference, the other says
// what it stands for. What nothing says is a pattern.
func (e *Expected) Alarms(inAWS []cloudwatch.MetricAlarm) ([]cloudwatch.MetricAlarm, []cloudwatch.CompositeAlarm) {
	byName := map[string]cloudwatch.MetricAlarm{}
	for _, a := range inAWS {
		byName[a.Name] = a
	}
	known := map[string]string{}
	for _, alarm := range e.metrics {
		var written terraformMetricAlarm
		if json.Unmarshal(alarm.raw, &written) == nil {
			learn(known, written.model(), byName[alarm.Name])
		}
	}
	metrics := make([]cloudwatch.MetricAlarm, len(e.metrics))
	for i, alarm := range e.metrics {
		metrics[i] = alarm.MetricAlarm
		var read terraformMetricAlarm
		if json.Unmarshal(alarm.names.resolve(alarm.raw, known), &read) == nil {
			metrics[i] = read.model()
		}
	}
	composites := make([]cloudwatch.CompositeAlarm, len(e.composites))
	for i, alarm := range e.composites {
		composites[i] = alarm.CompositeAlarm
		// What a reference to another alarm's ARN became.
		composites[i].ActionsSuppressor = strings.TrimPrefix(alarm.ActionsSuppressor, "arn:*:")
		composites[i].AlarmRule = strings.ReplaceAll(alarm.AlarmRule, "arn:*:", "")
	}
	return metrics, composites
}

// learn adds what the references in the dimensions of an alarm stand for in AWS.
func learn(known map[string]string, written, inAWS cloudwatch.MetricAlarm) {
	for i, q := range written.Queries {
		if i >= len(inAWS.Queries) || q.ID != inAWS.Queries[i].ID {
			return // not the same queries any more
		}
		for _, d := range q.Metric.Dimensions {
			for _, there := range inAWS.Queries[i].Metric.Dimensions {
				if d.Name == there.Name && interpolation.FindString(d.Value) == d.Value && d.Value != "" && !strings.HasPrefix(d.Value, "$$") {
					known[d.Value] = there.Value
				}
			}
		}
	}
}

// Read adds the alarms of a file of Terraform JSON.
func (e *Expected) Read(source string, text []byte) error {
	var file struct {
		Resource map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: is no Terraform JSON, such as cdktf writes into cdk.tf.json: %w", source, err)
	}
	e.Sources = append(e.Sources, source)
	refs := references{}
	for kind, byID := range file.Resource {
		for id, raw := range byID {
			var named struct {
				Name      string `json:"name"`
				AlarmName string `json:"alarm_name"`
			}
			_ = json.Unmarshal(raw, &named) // resources of other kinds may have anything there
			name, _ := json.Marshal(interpolation.ReplaceAllString(named.AlarmName+named.Name, "*"))
			refs[kind+"."+id] = string(name[1 : len(name)-1])
		}
	}
	var errs []error
	count := len(e.metrics) + len(e.composites)
	for _, id := range slices.Sorted(maps.Keys(file.Resource["aws_cloudwatch_metric_alarm"])) {
		address, raw := "aws_cloudwatch_metric_alarm."+id, file.Resource["aws_cloudwatch_metric_alarm"][id]
		var a terraformMetricAlarm
		if err := json.Unmarshal(refs.resolve(raw, nil), &a); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", source, address, err))
			continue
		}
		e.metrics = append(e.metrics, expectedMetric{source, address, a.model(), raw, refs})
	}
	for _, id := range slices.Sorted(maps.Keys(file.Resource["aws_cloudwatch_composite_alarm"])) {
		address := "aws_cloudwatch_composite_alarm." + id
		var a terraformCompositeAlarm
		if err := json.Unmarshal(refs.resolve(file.Resource["aws_cloudwatch_composite_alarm"][id], nil), &a); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", source, address, err))
			continue
		}
		e.composites = append(e.composites, expectedComposite{source, address, a.model()})
	}
	if len(errs) == 0 && len(e.metrics)+len(e.composites) == count {
		return fmt.Errorf("%s: has no alarm, want Terraform JSON with aws_cloudwatch_metric_alarm", source)
	}
	return errors.Join(errs...)
}

// references are the names of resources as JSON writes them, by address.
type references map[string]string

// interpolation is what Terraform replaces; "$${" it does not.
var (
	interpolation = regexp.MustCompile(`\$?\$\{[^{}]*\}`)
	reference     = regexp.MustCompile(`^\$\{(\w+\.[\w-]+)\.(alarm_name|name|arn)\}$`)
)

// resolve replaces what Terraform would replace in a resource: what is known by its
// value, a name that the file says by the name, everything else by a pattern.
func (refs references) resolve(raw json.RawMessage, known map[string]string) json.RawMessage {
	return interpolation.ReplaceAllFunc(raw, func(found []byte) []byte {
		if strings.HasPrefix(string(found), "$$") {
			return found[1:]
		}
		if value, ok := known[string(found)]; ok {
			text, _ := json.Marshal(value)
			return text[1 : len(text)-1]
		}
		m := reference.FindStringSubmatch(string(found))
		if m == nil || refs[m[1]] == "" {
			return []byte("*")
		}
		if m[2] == "arn" {
			return []byte("arn:*:" + refs[m[1]])
		}
		return []byte(refs[m[1]])
	})
}

// number is a number that Terraform JSON may say as a text; NaN is not known yet.
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if strings.Contains(text, "*") || strings.Contains(text, "${") {
		*n = number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("is %s, want a number", data)
	}
	*n = number(v)
	return nil
}

// unknown marks a whole number that only an apply knows.
const unknown = -1

func (n number) int() int {
	if math.IsNaN(float64(n)) {
		return unknown
	}
	return int(n)
}

func (n number) period() time.Duration { return time.Duration(n.int()) * time.Second }

// terraformMetricAlarm is the provider's aws_cloudwatch_metric_alarm.
type terraformMetricAlarm struct {
	AlarmName          string            `json:"alarm_name"`
	AlarmDescription   string            `json:"alarm_description"`
	Namespace          string            `json:"namespace"`
	MetricName         string            `json:"metric_name"`
	Dimensions         map[string]string `json:"dimensions"`
	Statistic          string            `json:"statistic"`
	ExtendedStatistic  string            `json:"extended_statistic"`
	Period             number            `json:"period"`
	MetricQuery        []terraformQuery  `json:"metric_query"`
	ThresholdMetricID  string            `json:"threshold_metric_id"`
	Threshold          number            `json:"threshold"`
	ComparisonOperator string            `json:"comparison_operator"`
	EvaluationPeriods  number            `json:"evaluation_periods"`
	DatapointsToAlarm  number            `json:"datapoints_to_alarm"`
	TreatMissingData   string            `json:"treat_missing_data"`
	LowSamples         string            `json:"evaluate_low_sample_count_percentiles"`
	Unit               cloudwatch.Unit   `json:"unit"`
	terraformActions
}

type terraformActions struct {
	Enabled      *bool    `json:"actions_enabled"`
	Alarm        []string `json:"alarm_actions"`
	OK           []string `json:"ok_actions"`
	Insufficient []string `json:"insufficient_data_actions"`
}

type terraformQuery struct {
	ID         string `json:"id"`
	Expression string `json:"expression"`
	Period     number `json:"period"`
	ReturnData bool   `json:"return_data"`
	Metric     *struct {
		Namespace  string            `json:"namespace"`
		MetricName string            `json:"metric_name"`
		Dimensions map[string]string `json:"dimensions"`
		Stat       string            `json:"stat"`
		Period     number            `json:"period"`
		Unit       cloudwatch.Unit   `json:"unit"`
	} `json:"metric"`
}

type terraformCompositeAlarm struct {
	AlarmName        string `json:"alarm_name"`
	AlarmDescription string `json:"alarm_description"`
	AlarmRule        string `json:"alarm_rule"`
	Suppressor       *struct {
		Alarm     string `json:"alarm"`
		Wait      number `json:"wait_period"`
		Extension number `json:"extension_period"`
	} `json:"actions_suppressor"`
	terraformActions
}

func (t terraformActions) model() cloudwatch.Actions {
	return cloudwatch.Actions{Disabled: t.Enabled != nil && !*t.Enabled, Alarm: t.Alarm, OK: t.OK, InsufficientData: t.Insufficient}
}

func dimensionsOf(m map[string]string) []cloudwatch.Dimension {
	var list []cloudwatch.Dimension
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, cloudwatch.Dimension{Name: name, Value: m[name]})
	}
	return list
}

func (t terraformMetricAlarm) model() cloudwatch.MetricAlarm {
	a := cloudwatch.MetricAlarm{
		Name: t.AlarmName, Description: t.AlarmDescription, ThresholdMetricID: t.ThresholdMetricID, Threshold: float64(t.Threshold),
		ComparisonOperator: cloudwatch.Operator(t.ComparisonOperator), EvaluationPeriods: t.EvaluationPeriods.int(),
		DatapointsToAlarm: t.DatapointsToAlarm.int(), TreatMissingData: cloudwatch.MissingData(t.TreatMissingData),
		EvaluateLowSampleCountPercentile: t.LowSamples, Actions: t.terraformActions.model(),
	}
	if t.MetricName != "" {
		a.Queries = []cloudwatch.Query{{ReturnData: true, Metric: cloudwatch.Metric{
			Namespace: t.Namespace, Name: t.MetricName, Dimensions: dimensionsOf(t.Dimensions),
			Stat: t.Statistic + t.ExtendedStatistic, Period: t.Period.period(), OnlyUnit: t.Unit,
		}}}
	}
	for _, q := range t.MetricQuery {
		query := cloudwatch.Query{ID: q.ID, Expression: q.Expression, Period: q.Period.period(), ReturnData: q.ReturnData}
		if m := q.Metric; m != nil {
			query.Metric = cloudwatch.Metric{Namespace: m.Namespace, Name: m.MetricName, Dimensions: dimensionsOf(m.Dimensions), Stat: m.Stat, Period: m.Period.period(), OnlyUnit: m.Unit}
		}
		a.Queries = append(a.Queries, query)
	}
	return a
}

func (t terraformCompositeAlarm) model() cloudwatch.CompositeAlarm {
	a := cloudwatch.CompositeAlarm{Name: t.AlarmName, Description: t.AlarmDescription, AlarmRule: t.AlarmRule, Actions: t.terraformActions.model()}
	if s := t.Suppressor; s != nil {
		a.ActionsSuppressor, a.ActionsSuppressorWaitPeriod, a.ActionsSuppressorExtensionPeriod = s.Alarm, s.Wait.period(), s.Extension.period()
	}
	return a
}

// A field is one thing that an alarm says, and its value.
type field struct{ name, value string }

func seconds(d time.Duration) string {
	if d < 0 {
		return "*"
	}
	return strconv.Itoa(int(d / time.Second))
}

func count(n int) string {
	if n == unknown {
		return "*"
	}
	return strconv.Itoa(n)
}

func metricFields(a cloudwatch.MetricAlarm) []field {
	datapoints, threshold, low := a.DatapointsToAlarm, "*", a.EvaluateLowSampleCountPercentile
	if datapoints == 0 {
		datapoints = a.EvaluationPeriods
	}
	if !math.IsNaN(a.Threshold) {
		threshold = strconv.FormatFloat(a.Threshold, 'f', -1, 64)
	}
	if low == "" {
		low = "evaluate"
	}
	window := "sliding" // Terraform's provider knows no other
	if a.WallClock != "" {
		window = "wall clock of " + a.WallClock
	}
	fields := []field{
		{"AlarmDescription", a.Description},
		{"ComparisonOperator", string(a.ComparisonOperator)},
		{"Threshold", threshold},
		{"ThresholdMetricId", a.ThresholdMetricID},
		{"EvaluationPeriods", count(a.EvaluationPeriods)},
		{"DatapointsToAlarm", count(datapoints)},
		{"TreatMissingData", string(missing(a))},
		{"EvaluateLowSampleCountPercentile", low},
		{"EvaluationWindow", window},
	}
	for _, q := range a.Queries {
		at := ""
		if q.ID != "" {
			at = q.ID + "."
		}
		if q.Expression != "" {
			fields = append(fields, field{at + "Expression", q.Expression}, field{at + "ReturnData", strconv.FormatBool(q.ReturnData)})
			continue
		}
		fields = append(fields, field{at + "Namespace", q.Metric.Namespace}, field{at + "MetricName", q.Metric.Name},
			field{at + "Statistic", q.Metric.Stat}, field{at + "Period", seconds(q.Metric.Period)}, field{at + "Dimensions", dimensions(q.Metric)}, field{at + "Unit", string(q.Metric.OnlyUnit)})
	}
	return append(fields, actionFields(a.Actions)...)
}

func compositeFields(a cloudwatch.CompositeAlarm) []field {
	return append([]field{
		{"AlarmDescription", a.Description},
		{"AlarmRule", a.AlarmRule},
		{"ActionsSuppressor", a.ActionsSuppressor},
		{"ActionsSuppressorWaitPeriod", seconds(a.ActionsSuppressorWaitPeriod)},
		{"ActionsSuppressorExtensionPeriod", seconds(a.ActionsSuppressorExtensionPeriod)},
	}, actionFields(a.Actions)...)
}

func actionFields(a cloudwatch.Actions) []field {
	// Patterns and ARNs are sorted by what they end with: the name.
	list := func(actions []string) string {
		return strings.Join(slices.SortedFunc(slices.Values(actions), func(a, b string) int {
			return strings.Compare(a[strings.LastIndex(a, ":")+1:], b[strings.LastIndex(b, ":")+1:])
		}), " ")
	}
	return []field{
		{"ActionsEnabled", strconv.FormatBool(!a.Disabled)},
		{"AlarmActions", list(a.Alarm)},
		{"OKActions", list(a.OK)},
		{"InsufficientDataActions", list(a.InsufficientData)},
	}
}

// differences says how fields differ from what is wanted.
func differences(want, got []field) []string {
	var list []string
	found := map[string]string{}
	for _, f := range got {
		found[f.name] = f.value
	}
	for _, f := range want {
		if value := found[f.name]; !like(f.value, value) {
			list = append(list, fmt.Sprintf("%s is %q, want %q", f.name, value, f.value))
		}
		delete(found, f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, fmt.Sprintf("%s is %q, want none", name, found[name]))
	}
	return list
}

// checkExpected wants the alarms to be as Terraform JSON says, and no others.
func (w *World) checkExpected(r *report) {
	if w.Expected == nil {
		return
	}
	wanted := map[string]string{} // address by name
	metrics, composites := map[string]int{}, map[string]int{}
	for i, a := range w.Metrics {
		metrics[a.Name] = i
	}
	for i, a := range w.Composites {
		composites[a.Name] = i
	}
	for _, e := range w.Expected.metrics {
		w.compare(r, wanted, e.Name, e.source, e.address, metricFields(e.MetricAlarm), func(name string) ([]field, bool) {
			i, found := find(metrics, name)
			if !found {
				return nil, false
			}
			return metricFields(w.Metrics[i].MetricAlarm), true
		})
	}
	for _, e := range w.Expected.composites {
		w.compare(r, wanted, e.Name, e.source, e.address, compositeFields(e.CompositeAlarm), func(name string) ([]field, bool) {
			i, found := find(composites, name)
			if !found {
				return nil, false
			}
			return compositeFields(w.Composites[i].CompositeAlarm), true
		})
	}
	patterns := slices.DeleteFunc(slices.Collect(maps.Keys(wanted)), func(name string) bool { return !isPattern(name) })
	for a := range w.alarms {
		_, expected := wanted[a.name]
		if !expected && !w.index.others[a.name] && !slices.ContainsFunc(patterns, func(name string) bool { return like(name, a.name) }) {
			r.add(a.subject(), "not-expected", "it is in AWS and not in "+strings.Join(w.Expected.Sources, ", "), "add it there, or delete it")
		}
	}
}

// isPattern reports whether only an apply knows a part of a name.
func isPattern(name string) bool { return strings.Contains(name, "*") }

// find returns the index of the first alarm with a name, or a pattern of it.
func find(byName map[string]int, name string) (int, bool) {
	if i, found := byName[name]; found || !isPattern(name) {
		return i, found
	}
	first, found := 0, false
	for other, i := range byName {
		if like(name, other) && (!found || i < first) {
			first, found = i, true
		}
	}
	return first, found
}

// compare compares an alarm that is wanted with what is there, and remembers its name.
func (w *World) compare(r *report, wanted map[string]string, name, source, address string, want []field, find func(name string) ([]field, bool)) {
	subject, where := "alarm "+name, source+", "+address
	if other, exists := wanted[name]; exists && !isPattern(name) {
		r.add(subject, "same-name", fmt.Sprintf("two resources have this name and overwrite each other at every apply: %s and %s", other, where), "give one of them another name")
		return
	}
	wanted[name] = where
	got, exists := find(name)
	if !exists {
		r.add(subject, "not-deployed", "it is in "+source+" and not in AWS", "apply the stack, or find out who deleted it")
		return
	}
	if list := differences(want, got); len(list) > 0 {
		r.add(subject, "drift", strings.Join(list, "; "), "apply "+source+", or change it there")
	}
}
