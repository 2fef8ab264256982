package kinds

import (
	"fmt"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// CustomMetric is a number that matters to the business: orders, sign-ups, payments
// refused. The application publishes it, best in the embedded metric format: a line in
// its log that CloudWatch makes a metric of. See the README of package monitoring,
// "Numbers of the business".
type CustomMetric struct {
	// Key is the number's stable name: "orders".
	Key string
	// Title stands above its graph. Default: the metric's name.
	Title string
	// Of is the metric.
	Of cloudwatch.Metric
	// When says when alarms go off, by their ids, which are stable names:
	//
	//	When: map[string]cloudwatch.Condition{
	//		"low":    orders.Below(5),
	//		"odd":    cloudwatch.Anomaly{Of: orders, Op: cloudwatch.BelowBand, Band: 3},
	//		"silent": cloudwatch.Heartbeat{Of: orders},
	//	}
	//
	// At least one. Thresholds are in the unit of the metric.
	When map[string]cloudwatch.Condition
	// Window is how many periods count. Default: three in a row.
	Window cloudwatch.Window
	// Missing says what a period without data counts as, except for heartbeats: for a
	// count of what customers do, cloudwatch.Breaching. It has no default.
	Missing cloudwatch.MissingData
	// Severity of the alarms. Default: monitoring.Warning.
	Severity monitoring.Severity
	// FirstStep says what to do first when one of the alarms goes off.
	FirstStep string
	// Section is the anchor of the runbook's section. Default: "custom-metric".
	Section string
}

// ResourceKey implements [monitoring.Resource].
func (c CustomMetric) ResourceKey() string { return c.Key }

// Validate implements [monitoring.Resource].
func (c CustomMetric) Validate() error {
	var p monitoring.Problems
	p.AddIn("Of", c.Of.Validate())
	if len(c.When) == 0 {
		p.Want("When", monitoring.Text("empty"), `at least one condition ({"low": metric.Below(5)})`)
	}
	for _, id := range sorted(c.When) {
		switch at := fmt.Sprintf("When[%q]", id); c.When[id].(type) {
		case nil:
			p.Want(at, monitoring.Text("nil"), "a Threshold, an Anomaly or a Heartbeat")
		case cloudwatch.Composite:
			p.Want(at, monitoring.Text("a Composite"), "a condition on the metric; alarms over others are in monitoring.Config.Extra")
		}
		partField(&p, "When", id)
	}
	if c.FirstStep == "" {
		p.Want("FirstStep", "", "what to do first when one of the alarms goes off")
	}
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (c CustomMetric) Watch() monitoring.Watch {
	window := c.Window
	if window == (cloudwatch.Window{}) {
		window = periods(3)
	}
	var alarms []monitoring.Alarm
	for _, id := range sorted(c.When) {
		missing := c.Missing
		if _, ok := c.When[id].(cloudwatch.Heartbeat); ok {
			missing = ""
		}
		alarms = append(alarms, monitoring.Alarm{
			ID: id, Severity: monitoring.Severity(orDefault(string(c.Severity), string(monitoring.Warning))),
			When: c.When[id], Window: window, Missing: missing, FirstStep: c.FirstStep,
			Section: orDefault(c.Section, "custom-metric"),
		})
	}
	return monitoring.Watch{Alarms: alarms, Panels: []monitoring.Panel{{
		ID: "custom-" + c.Key, Title: orDefault(c.Title, c.Of.Name), Lines: []monitoring.Line{{Of: c.Of}},
	}}}
}
