package evaluate

import (
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// datapoint is what an alarm makes of one period.
type datapoint byte

const (
	missing datapoint = iota
	good
	breaching
)

// verdict is what an evaluation says.
type verdict struct {
	state cloudwatch.State
	why   reason
	// breaching of evaluated data points breach, filled of them were missing.
	breaching, evaluated, filled int
}

type reason int

const (
	counted   reason = iota // enough data points to count
	premature               // few, none of them good, and the oldest is old enough
	noData
)

// decide says in which state an alarm is that sees these data points, oldest
// first. They are the evaluation range: more than the alarm's periods. These are
// the rules of "Configuring how CloudWatch alarms treat missing data":
//
//   - The newest real data points count, as many as there are periods to evaluate,
//     wherever in the range they are.
//   - Only where there are fewer, missing ones are filled in, as few as possible.
//   - With breaching or notBreaching they count as that.
//   - Otherwise the real ones decide as soon as one of them is good, or enough of
//     them breach. Where all of them breach but are too few, it is ALARM once the
//     oldest is as old as DatapointsToAlarm, and OK before: the next one may be
//     good. Only without any data the state is INSUFFICIENT_DATA. (So the page says
//     of "missing" today. In 2019 it had INSUFFICIENT_DATA for "- - - - X", too.)
//   - With ignore, what missing data would decide leaves the state as it is.
func decide(points []datapoint, periods, toAlarm int, treat cloudwatch.MissingData, current cloudwatch.State) verdict {
	v := verdict{evaluated: periods}
	found, age := 0, 0 // age is that of the oldest one that counts
	for i := len(points) - 1; i >= 0 && found < periods; i-- {
		if points[i] == missing {
			continue
		}
		found++
		age = len(points) - i
		if points[i] == breaching {
			v.breaching++
		}
	}
	v.filled = periods - found
	if v.filled > 0 && treat == cloudwatch.Breaching {
		v.breaching += v.filled
	}
	v.state = cloudwatch.OK
	if v.breaching >= toAlarm {
		v.state = cloudwatch.InAlarm
	}
	if v.filled == 0 || treat == cloudwatch.Breaching || treat == cloudwatch.NotBreaching {
		return v
	}
	anyGood := v.breaching < found
	switch {
	case v.state == cloudwatch.InAlarm || anyGood:
		return v
	case treat == cloudwatch.Ignore:
		v.state = current
	case found == 0:
		v.state, v.why = cloudwatch.InsufficientData, noData
	case age >= toAlarm:
		v.state, v.why = cloudwatch.InAlarm, premature
	}
	return v
}
