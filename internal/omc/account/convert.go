package account

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/omc/audit"
)

func metric(namespace, name *string, dimensions []types.Dimension) model.Metric {
	m := model.Metric{Namespace: aws.ToString(namespace), Name: aws.ToString(name)}
	for _, d := range dimensions {
		m.Dimensions = append(m.Dimensions, model.Dimension{Name: aws.ToString(d.Name), Value: aws.ToString(d.Value)})
	}
	return m
}

func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

func actions(enabled *bool, alarm, ok, insufficient []string) model.Actions {
	return model.Actions{Disabled: !aws.ToBool(enabled), Alarm: alarm, OK: ok, InsufficientData: insufficient}
}

// since is when an alarm entered its state. StateUpdatedTimestamp is the last evaluation
// that changed anything about it.
func since(transitioned, updated *time.Time) time.Time {
	if transitioned != nil {
		return *transitioned
	}
	return aws.ToTime(updated)
}

// MetricAlarm returns an alarm as AWS describes it in the words of the model.
func MetricAlarm(a types.MetricAlarm) audit.MetricAlarm {
	out := audit.MetricAlarm{
		MetricAlarm: model.MetricAlarm{
			Name: aws.ToString(a.AlarmName), Description: aws.ToString(a.AlarmDescription),
			ThresholdMetricID: aws.ToString(a.ThresholdMetricId), Threshold: aws.ToFloat64(a.Threshold),
			ComparisonOperator: model.Operator(a.ComparisonOperator), EvaluationPeriods: int(aws.ToInt32(a.EvaluationPeriods)),
			DatapointsToAlarm: int(aws.ToInt32(a.DatapointsToAlarm)), TreatMissingData: model.MissingData(aws.ToString(a.TreatMissingData)),
			EvaluateLowSampleCountPercentile: aws.ToString(a.EvaluateLowSampleCountPercentile),
			Actions:                          actions(a.ActionsEnabled, a.AlarmActions, a.OKActions, a.InsufficientDataActions),
		},
		Status: metricStatus(a),
	}
	switch w := a.EvaluationWindow.(type) {
	case nil, *types.EvaluationWindowMemberSlidingWindow:
	case *types.EvaluationWindowMemberWallClockWindow:
		out.WallClock = cmp.Or(aws.ToString(w.Value.Timezone), "UTC")
	default:
		out.Unread = append(out.Unread, "EvaluationWindow")
	}
	if a.WarmUpConfiguration != nil {
		out.Unread = append(out.Unread, "WarmUpConfiguration")
	}
	if a.MetricName != nil {
		m := metric(a.Namespace, a.MetricName, a.Dimensions)
		m.Stat, m.Period = string(a.Statistic)+aws.ToString(a.ExtendedStatistic), seconds(a.Period) // AWS has one of them
		m.OnlyUnit = model.Unit(a.Unit)
		out.Queries = []model.Query{{Metric: m, ReturnData: true}}
	}
	for _, q := range a.Metrics {
		query := model.Query{
			ID: aws.ToString(q.Id), Expression: aws.ToString(q.Expression), Period: seconds(q.Period), Label: aws.ToString(q.Label),
			// It is true unless it is said to be false.
			ReturnData: q.ReturnData == nil || *q.ReturnData,
		}
		if q.AccountId != nil {
			if out.Accounts == nil {
				out.Accounts = map[string]string{}
			}
			out.Accounts[query.ID] = *q.AccountId
		}
		if s := q.MetricStat; s != nil && s.Metric != nil {
			query.Metric = metric(s.Metric.Namespace, s.Metric.MetricName, s.Metric.Dimensions)
			query.Metric.Stat, query.Metric.Period, query.Metric.OnlyUnit = aws.ToString(s.Stat), seconds(s.Period), model.Unit(s.Unit)
		}
		out.Queries = append(out.Queries, query)
	}
	return out
}

func metricStatus(a types.MetricAlarm) audit.Status {
	return audit.Status{
		ARN: aws.ToString(a.AlarmArn), State: model.State(a.StateValue), Reason: aws.ToString(a.StateReason), Evaluation: string(a.EvaluationState),
		Since: since(a.StateTransitionedTimestamp, a.StateUpdatedTimestamp), Configured: aws.ToTime(a.AlarmConfigurationUpdatedTimestamp),
	}
}

// promQLAlarm is an alarm whose EvaluationCriteria stand in place of metrics; PromQL is
// the only kind there is.
func promQLAlarm(a types.MetricAlarm) audit.OtherAlarm {
	return audit.OtherAlarm{
		Name: aws.ToString(a.AlarmName), Type: "PromQL alarm", Status: metricStatus(a),
		Actions: actions(a.ActionsEnabled, a.AlarmActions, a.OKActions, a.InsufficientDataActions),
	}
}

func logAlarm(a types.LogAlarm) audit.OtherAlarm {
	return audit.OtherAlarm{
		Name: aws.ToString(a.AlarmName), Type: "log alarm",
		Actions: actions(a.ActionsEnabled, a.AlarmActions, a.OKActions, a.InsufficientDataActions),
		Status: audit.Status{
			ARN: aws.ToString(a.AlarmArn), State: model.State(a.StateValue), Reason: aws.ToString(a.StateReason), Evaluation: string(a.EvaluationState),
			Since: since(a.StateTransitionedTimestamp, a.StateUpdatedTimestamp), Configured: aws.ToTime(a.AlarmConfigurationUpdatedTimestamp),
		},
	}
}

func compositeAlarm(a types.CompositeAlarm) audit.CompositeAlarm {
	return audit.CompositeAlarm{
		CompositeAlarm: model.CompositeAlarm{
			Name: aws.ToString(a.AlarmName), Description: aws.ToString(a.AlarmDescription), AlarmRule: aws.ToString(a.AlarmRule),
			ActionsSuppressor: aws.ToString(a.ActionsSuppressor), ActionsSuppressorWaitPeriod: seconds(a.ActionsSuppressorWaitPeriod),
			ActionsSuppressorExtensionPeriod: seconds(a.ActionsSuppressorExtensionPeriod),
			Actions:                          actions(a.ActionsEnabled, a.AlarmActions, a.OKActions, a.InsufficientDataActions),
		},
		Status: audit.Status{
			ARN: aws.ToString(a.AlarmArn), State: model.State(a.StateValue), Reason: aws.ToString(a.StateReason),
			Since: since(a.StateTransitionedTimestamp, a.StateUpdatedTimestamp), Configured: aws.ToTime(a.AlarmConfigurationUpdatedTimestamp),
		},
	}
}
