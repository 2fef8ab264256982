package backtest

import (
	"math"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Step is what an alarm would have done with another threshold.
type Step struct {
	Threshold float64 `json:"threshold"`
	// Words is the threshold with its unit: "90 %".
	Words string `json:"words"`
	// Times is how often it would have been in ALARM, Seconds how long altogether.
	Times   int `json:"times"`
	Seconds int `json:"seconds"`
}

// sweep tries thresholds around that of an alarm.
func (t *Test) sweep(s *side, p plan, data *Data) []Step {
	if p.alarm.ThresholdMetricID != "" || s.tests[p.alarm.Name].problem != "" {
		return nil
	}
	unit := cloudwatch.None
	if q, ok := WithUnits(p.alarm).Judged(); ok {
		unit = cloudwatch.UnitOf(q.Metric)
	}
	counts := unit == cloudwatch.Count
	var list []Step
	for _, threshold := range thresholds(p.alarm.Threshold, unit, counts) {
		a := p.alarm
		a.Threshold = threshold
		state, changes, err := p.run(a, data, nil, t.in.To)
		if err != nil {
			return nil // it is the problem of the alarm itself
		}
		episodes := tested{from: p.from, start: state, changes: changes}.episodes(t.in.To)
		list = append(list, Step{Threshold: threshold, Words: cloudwatch.Quantity(threshold, unit), Times: len(episodes), Seconds: total(episodes)})
	}
	return list
}

// steps is how many thresholds are tried on either side.
const steps = 4

// thresholds are round numbers around a threshold.
func thresholds(at float64, unit cloudwatch.Unit, whole bool) []float64 {
	scale := 1.0
	if unit == cloudwatch.Bytes || unit == cloudwatch.BytesPerSecond {
		for _, size := range []float64{1 << 40, 1 << 30, 1 << 20} {
			if math.Abs(at) >= size {
				scale = size
				break
			}
		}
	}
	step := nice(math.Abs(at) / scale / 16)
	if at == 0 || whole && step < 1 {
		step = 1
	}
	var list []float64
	for k := -steps; k <= steps; k++ {
		v := scale * round(at/scale+float64(k)*step)
		switch {
		case k == 0, at >= 0 && v < 0, unit == cloudwatch.Percent && at <= 100 && v > 100:
		default:
			list = append(list, v)
		}
	}
	return slices.Compact(list)
}

// nice is the number 1, 2 or 5 times a power of ten that is nearest.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	best := power
	for _, factor := range []float64{2, 5, 10} {
		if math.Abs(math.Log(factor*power/v)) < math.Abs(math.Log(best/v)) {
			best = factor * power
		}
	}
	return best
}

// round takes away what sums of binary fractions leave.
func round(v float64) float64 { return math.Round(v*1e9) / 1e9 }

// tolerance is how far a change of an alarm may be from what really happened: a period.
func (t *Test) tolerance(name string) time.Duration {
	if p, ok := t.deployed.plans[name]; ok {
		return max(time.Minute, p.alarm.Period())
	}
	longest := time.Minute
	for _, child := range children(t.deployed.composites[name]) {
		longest = max(longest, t.tolerance(child))
	}
	return longest
}
