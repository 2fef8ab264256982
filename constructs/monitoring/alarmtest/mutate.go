package alarmtest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Mutant is an alarm with one thing changed, and whether a scenario tells the
// difference: whether somebody would notice if the alarm were wrong.
type Mutant struct {
	// Alarm is the alarm's key.
	Alarm string
	// Field is what was changed: Threshold, EvaluationPeriods, DatapointsToAlarm or
	// TreatMissingData.
	Field string
	// From and To say what it was and what it is.
	From, To string
	// NoticedBy is the first scenario that fails. Default: none does.
	NoticedBy string
}

// Mutate changes the threshold, the window and, where it matters, the treatment of
// missing data of each metric alarm in turn, and says which changes the scenarios notice. All of them
// have to pass without a change.
func Mutate(cfg monitoring.Config, scenarios []Scenario) ([]Mutant, error) {
	var errs []error
	told := newTeller(cfg)
	inputs := make([]evaluate.Input, len(scenarios))
	for i, s := range scenarios {
		var got []Event
		var err error
		if inputs[i], err = s.input(cfg); err == nil {
			got, err = s.play(told, inputs[i])
		}
		if err != nil {
			errs = append(errs, err)
		} else if text, same := compare(s.Want, got); !same {
			errs = append(errs, fmt.Errorf("scenario %q fails before anything is changed:\n%s", s.Name, text))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	alarms, _ := cfg.Definitions()
	var mutants []Mutant
	for _, alarm := range alarms {
		for _, m := range mutations(alarm) {
			mutant := Mutant{Alarm: keyOf(cfg, alarm.Name), Field: m.field, From: m.from, To: m.to}
			for i, s := range scenarios {
				noticed, err := s.notices(told, inputs[i], m.alarm)
				if err != nil {
					return nil, err
				}
				if noticed {
					mutant.NoticedBy = s.Name
					break
				}
			}
			mutants = append(mutants, mutant)
		}
	}
	return mutants, nil
}

// notices plays a scenario on the changed alarm alone: what it wants of others does
// not matter.
func (s Scenario) notices(told teller, in evaluate.Input, alarm cloudwatch.MetricAlarm) (bool, error) {
	data := evaluate.Data{}
	for _, q := range alarm.Queries {
		if q.Expression == "" {
			id := evaluate.ID(q.Metric)
			data[id] = in.Data[id]
		}
	}
	alone := evaluate.Input{
		Alarms: []cloudwatch.MetricAlarm{alarm}, Data: data, From: in.From, To: in.To,
		Start: map[string]cloudwatch.State{alarm.Name: in.Start[alarm.Name]},
	}
	if band, ok := in.Bands[alarm.Name]; ok {
		alone.Bands = map[string]evaluate.Band{alarm.Name: band}
	}
	got, err := s.play(told, alone)
	if err != nil {
		return false, err
	}
	var want []Event
	for _, e := range s.Want {
		if nameOf(told.cfg, e.Alarm) == alarm.Name && !e.Held {
			e.Tells = nil // which other alarms decide, too
			want = append(want, e)
		}
	}
	_, same := compare(want, got)
	return !same, nil
}

type mutation struct {
	field, from, to string
	alarm           cloudwatch.MetricAlarm
}

func mutations(a cloudwatch.MetricAlarm) []mutation {
	var list []mutation
	add := func(field string, from, to any, change func(*cloudwatch.MetricAlarm)) {
		changed := a
		changed.Queries = slices.Clone(a.Queries)
		change(&changed)
		list = append(list, mutation{field, fmt.Sprint(from), fmt.Sprint(to), changed})
	}
	if a.ThresholdMetricID == "" {
		thresholds := []float64{a.Threshold * 0.8, a.Threshold * 1.2}
		q, _ := a.Judged()
		switch {
		case a.Threshold == 0:
			thresholds = []float64{-1, 1}
		case q.Expression == "" && q.Metric.Stat == cloudwatch.SampleCount:
			// Samples are whole, and a period with none has no data.
			thresholds = []float64{a.Threshold + 1}
			if a.Threshold > 1 {
				thresholds = append(thresholds, a.Threshold-1)
			}
		}
		for _, v := range thresholds {
			add("Threshold", a.Threshold, v, func(c *cloudwatch.MetricAlarm) { c.Threshold = v })
		}
	}
	n, m := a.EvaluationPeriods, a.DatapointsToAlarm
	for _, v := range []int{n - 1, n + 1} {
		if v > 0 && v >= m {
			add("EvaluationPeriods", n, v, func(c *cloudwatch.MetricAlarm) { c.EvaluationPeriods = v })
		}
	}
	if m > 0 {
		for _, v := range []int{m - 1, m + 1} {
			if v > 0 && v <= n {
				add("DatapointsToAlarm", m, v, func(c *cloudwatch.MetricAlarm) { c.DatapointsToAlarm = v })
			}
		}
	}
	if hasValueWithoutData(a) {
		return list
	}
	for _, v := range []cloudwatch.MissingData{cloudwatch.Missing, cloudwatch.NotBreaching, cloudwatch.Breaching, cloudwatch.Ignore} {
		if v != a.TreatMissingData {
			add("TreatMissingData", a.TreatMissingData, v, func(c *cloudwatch.MetricAlarm) { c.TreatMissingData = v })
		}
	}
	return list
}

// hasValueWithoutData reports whether the expression of an alarm fills in all that is
// missing, so that it makes no difference what missing data counts as.
func hasValueWithoutData(a cloudwatch.MetricAlarm) bool {
	a.TreatMissingData = cloudwatch.Missing
	empty := evaluate.Input{Alarms: []cloudwatch.MetricAlarm{a}, Data: evaluate.Data{}, From: midnight, To: midnight}
	for _, q := range a.Queries {
		if q.Expression == "" {
			empty.Data.Add(q.Metric, evaluate.Series{Start: midnight, Period: time.Minute})
		}
	}
	history, err := evaluate.Run(empty)
	return err == nil && history.End[a.Name] != cloudwatch.InsufficientData
}
