// Package coverage compares the alarms of the kinds of resources with those that AWS
// recommends, and writes docs/coverage.md. [Kinds] is the list; a new kind is a row
// there.
package coverage

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Kind is a kind of resources, and where it differs from what AWS recommends.
type Kind struct {
	// Name is what people call it: "RDS instance".
	Name string
	// Namespaces are those of the recommendations that the kind answers. Kinds may
	// share one.
	Namespaces []string
	// Example has every option that adds alarms.
	Example monitoring.Resource
	// Exceptions are recommendations that no alarm of the kind meets.
	Exceptions []Exception
}

// Exception is why there is no alarm as AWS recommends it.
type Exception struct {
	// Metric is the namespace and the name: "AWS/RDS ReadLatency".
	Metric string
	// By are the dimensions of the recommendation: "ClusterName,ServiceName". Default:
	// all recommendations on the metric.
	By string
	// Instead is the ID of the kind's alarm that covers it. Default: none does.
	Instead string
	// Why is the reason, in a sentence.
	Why string
}

// recommendation is an alarm that AWS recommends, and what answers it.
type recommendation struct {
	namespace, metric string
	cloudwatch.Recommendation
	unit      cloudwatch.Unit
	kind      string // that has the alarm or the exception
	met       string // the alarm's ID
	exception *Exception
}

func (r recommendation) by() string { return strings.Join(r.Dimensions, ",") }

func (r recommendation) name() string { return r.namespace + " " + r.metric }

// String says what AWS recommends: "Average > 80 %, 5 of 5 x 1m, breaching".
func (r recommendation) String() string {
	threshold := "a value of yours"
	if r.Threshold != nil {
		threshold = cloudwatch.Quantity(*r.Threshold, r.unit)
	}
	sign, _, _ := strings.Cut(cloudwatch.Limit(cloudwatch.Threshold{Op: r.ComparisonOperator}), " ")
	return fmt.Sprintf("%s %s %s, %d of %d x %s, %s", r.Stat, sign, threshold, r.DatapointsToAlarm, r.EvaluationPeriods,
		strings.TrimSuffix(r.Period.String(), "0s"), r.TreatMissingData)
}

// recommended returns everything that AWS recommends in the namespaces of the kinds,
// in the order of the namespaces.
func recommended(kinds []Kind) []recommendation {
	var list []recommendation
	for _, namespace := range namespaces(kinds) {
		for _, name := range cloudwatch.MetricNames(namespace) {
			metric, _ := cloudwatch.LookUp(namespace, name)
			for _, r := range metric.Recommended {
				list = append(list, recommendation{namespace: namespace, metric: name, Recommendation: r, unit: metric.Unit})
			}
		}
	}
	return list
}

func namespaces(kinds []Kind) []string {
	var list []string
	for _, kind := range kinds {
		for _, namespace := range kind.Namespaces {
			if !slices.Contains(list, namespace) {
				list = append(list, namespace)
			}
		}
	}
	return list
}

// compare answers each recommendation, and returns what is wrong: those without an
// answer, and exceptions that nothing needs.
func compare(kinds []Kind) ([]recommendation, []string) {
	var wrong []string
	needed := map[string]bool{}
	list := recommended(kinds)
	for i := range list {
		r := &list[i]
		var near []string
		for _, kind := range kinds {
			for _, a := range alarms(kind) {
				switch met, why := r.metBy(a); {
				case met && r.met == "":
					r.kind, r.met = kind.Name, a.ID
				case why != "":
					near = append(near, fmt.Sprintf("%s %s", a.ID, why))
				}
			}
		}
		for _, kind := range kinds {
			for k := range kind.Exceptions {
				e := &kind.Exceptions[k]
				if r.met == "" && r.exception == nil && e.Metric == r.name() && (e.By == "" || e.By == r.by()) {
					r.kind, r.exception = kind.Name, e
					needed[kind.Name+e.Metric+e.By] = true
				}
			}
		}
		if r.met == "" && r.exception == nil {
			wrong = append(wrong, fmt.Sprintf("%s by %s: AWS recommends an alarm (%s), and there is neither one in the table of a kind nor an Exception%s",
				r.name(), r.by(), r, strings.Join(append([]string{""}, near...), "; ")))
		}
	}
	for _, kind := range kinds {
		for _, e := range kind.Exceptions {
			at := fmt.Sprintf("%s: exception %s %s", kind.Name, e.Metric, e.By)
			if !needed[kind.Name+e.Metric+e.By] {
				wrong = append(wrong, at+": AWS recommends no such alarm, or there is one, or another kind has the exception")
			}
			if e.Why == "" {
				wrong = append(wrong, at+": has no reason")
			}
			if e.Instead != "" && !slices.ContainsFunc(alarms(kind), func(a monitoring.Alarm) bool { return a.ID == e.Instead }) {
				wrong = append(wrong, fmt.Sprintf("%s: Instead: the kind has no alarm %q", at, e.Instead))
			}
		}
	}
	return list, wrong
}

// alarms returns the alarms of a kind: one of each ID, since parts of a resource
// have the same.
func alarms(kind Kind) []monitoring.Alarm {
	var list []monitoring.Alarm
	for _, a := range kind.Example.Watch().Alarms {
		if !slices.ContainsFunc(list, func(other monitoring.Alarm) bool { return other.ID == a.ID }) {
			list = append(list, a)
		}
	}
	return list
}

// metBy reports whether an alarm is as recommended: the same metric, statistic,
// comparison and treatment of missing data, at least as fast, and with a threshold
// that is reached no later. Where only the metric is the same, why says what is not.
func (r recommendation) metBy(a monitoring.Alarm) (met bool, why string) {
	condition, ok := a.When.(cloudwatch.Threshold)
	if !ok {
		return false, ""
	}
	metric, ok := condition.Of.(cloudwatch.Metric)
	if !ok || metric.Namespace != r.namespace || metric.Name != r.metric || !r.sameDimensions(metric) {
		return false, ""
	}
	datapoints := a.Window.DatapointsToAlarm
	if datapoints == 0 {
		datapoints = a.Window.EvaluationPeriods
	}
	switch {
	case metric.Stat != r.Stat:
		return false, "has the statistic " + metric.Stat
	case condition.Op != r.ComparisonOperator:
		return false, "compares with " + string(condition.Op)
	case a.Missing != r.TreatMissingData:
		return false, "treats missing data as " + string(a.Missing)
	case time.Duration(datapoints)*metric.Period > time.Duration(r.DatapointsToAlarm)*r.Period,
		time.Duration(a.Window.EvaluationPeriods)*metric.Period > time.Duration(r.EvaluationPeriods)*r.Period:
		return false, "is slower"
	case r.Threshold != nil && strings.HasPrefix(string(condition.Op), "Greater") && condition.Value > *r.Threshold,
		r.Threshold != nil && strings.HasPrefix(string(condition.Op), "Less") && condition.Value < *r.Threshold:
		return false, "has a threshold that is reached later"
	}
	return true, ""
}

// sameDimensions compares names, and values where AWS gives them: "Role=WRITER".
func (r recommendation) sameDimensions(m cloudwatch.Metric) bool {
	if len(m.Dimensions) != len(r.Dimensions) {
		return false
	}
	for _, d := range m.Dimensions {
		if !slices.Contains(r.Dimensions, d.Name) && !slices.Contains(r.Dimensions, d.Name+"="+d.Value) {
			return false
		}
	}
	return true
}

// Needs says which options of a kind an alarm of its example needs: fields without which
// there is no such alarm, and maps that need more than one entry. "" when it needs none.
func (k Kind) Needs(id string) string {
	var list []string
	value := reflect.ValueOf(k.Example)
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if !field.IsExported() || field.Name == "Key" {
			continue
		}
		without := func(v reflect.Value) bool {
			changed := reflect.New(value.Type()).Elem()
			changed.Set(value)
			changed.Field(i).Set(v)
			ids := alarms(Kind{Example: changed.Interface().(monitoring.Resource)})
			has := func(a monitoring.Alarm) bool { return a.ID == id }
			return len(ids) > 0 && !slices.ContainsFunc(ids, has)
		}
		switch of := value.Field(i); {
		case of.IsZero():
		case without(reflect.Zero(of.Type())):
			list = append(list, "`"+field.Name+"`")
		case of.Kind() == reflect.Map && !slices.ContainsFunc(of.MapKeys(), func(key reflect.Value) bool {
			one := reflect.MakeMap(of.Type())
			one.SetMapIndex(key, of.MapIndex(key))
			return !without(one)
		}):
			list = append(list, "two `"+field.Name+"`")
		}
	}
	return strings.Join(list, ", ")
}

// Document is docs/coverage.md.
func Document(kinds []Kind) string {
	list, _ := compare(kinds)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Coverage")
	line("")
	line("What is watched of each kind of resource, and what becomes of the alarms that AWS recommends for it. `make snapshots` writes this page")
	line("from the kinds' tables and [AWS's catalogue](../constructs/monitoring/cloudwatch/catalogue.txt); a test fails where an alarm that AWS")
	line("recommends has neither a row with the same statistic, comparison and treatment of missing data that is at least as fast, nor a reason.")
	line("What an alarm needs are the fields of its kind without which it is not made, and with it what it meets; thresholds are those of the kind's example.")
	line("")
	line("| kind | alarms | of these essential | AWS's recommendations met | excepted |")
	line("|---|---|---|---|---|")
	var all, essential, met, excepted int
	for _, kind := range kinds {
		n, e, m, x := len(alarms(kind)), 0, 0, 0
		for _, a := range alarms(kind) {
			if a.Profile != monitoring.Recommended {
				e++
			}
		}
		for _, r := range list {
			switch {
			case r.kind == kind.Name && r.met != "":
				m++
			case r.kind == kind.Name:
				x++
			}
		}
		line("| %s | %d | %d | %d | %d |", kind.Name, n, e, m, x)
		all, essential, met, excepted = all+n, essential+e, met+m, excepted+x
	}
	line("| **%d kinds** | **%d** | **%d** | **%d** | **%d** |", len(kinds), all, essential, met, excepted)
	for _, kind := range kinds {
		line("")
		line("## %s", kind.Name)
		line("")
		line("| alarm | profile | severity | metric | goes off | needs |")
		line("|---|---|---|---|---|---|")
		for _, a := range alarms(kind) {
			line("| `%s` | %s | %s | %s | %s | %s |", a.ID, profile(a), a.Severity, series(a), cell(a.Condition()), kind.Needs(a.ID))
		}
		if !slices.ContainsFunc(list, func(r recommendation) bool { return r.kind == kind.Name }) {
			continue
		}
		line("")
		line("| AWS recommends | by | when | here |")
		line("|---|---|---|---|")
		for _, r := range list {
			if r.kind == kind.Name {
				line("| %s | %s | %s | %s |", r.name(), strings.Join(r.Dimensions, ", "), cell(r.String()), r.answer(kind))
			}
		}
	}
	return b.String()
}

func (r recommendation) answer(kind Kind) string {
	switch {
	case r.met != "":
		if needs := kind.Needs(r.met); needs != "" {
			return "`" + r.met + "` with " + needs
		}
		return "`" + r.met + "`"
	case r.exception.Instead != "":
		return "`" + r.exception.Instead + "` instead: " + r.exception.Why
	}
	return "none: " + r.exception.Why
}

func profile(a monitoring.Alarm) monitoring.Profile {
	if a.Profile == "" {
		return monitoring.Essential
	}
	return a.Profile
}

// series names what an alarm looks at.
func series(a monitoring.Alarm) string {
	switch s := cloudwatch.SeriesOf(a.When).(type) {
	case cloudwatch.Metric:
		return s.String()
	case cloudwatch.Math:
		return "`" + cell(s.Expression) + "`"
	}
	return "other alarms"
}

// cell makes text fit into a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
