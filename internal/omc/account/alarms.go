package account

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/omc/audit"
	"github.com/ohmycoins/infra/internal/omc/backtest"
)

// everyType is what CloudWatch has to be asked for: by itself it describes metric alarms
// only.
var everyType = []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm}

// Alarms reads all alarms of the account and region, by name.
func Alarms(ctx context.Context, client *cloudwatch.Client) (audit.Alarms, error) {
	var all audit.Alarms
	err := pages("describing alarms", func(token *string) (*string, error) {
		out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmTypes: everyType, MaxRecords: aws.Int32(recordsAPage), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, a := range out.MetricAlarms {
			if a.EvaluationCriteria != nil {
				all.Others = append(all.Others, promQLAlarm(a))
				continue
			}
			all.Metrics = append(all.Metrics, MetricAlarm(a))
		}
		for _, a := range out.CompositeAlarms {
			all.Composites = append(all.Composites, compositeAlarm(a))
		}
		for _, a := range out.LogAlarms {
			all.Others = append(all.Others, logAlarm(a))
		}
		return out.NextToken, nil
	})
	slices.SortFunc(all.Metrics, func(a, b audit.MetricAlarm) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(all.Composites, func(a, b audit.CompositeAlarm) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(all.Others, func(a, b audit.OtherAlarm) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// History reads what AWS remembers of the states of alarms since a time: the changes of
// each, oldest first. What the caller may not know of an alarm is why, in refused.
func History(ctx context.Context, client *cloudwatch.Client, names []string, from, to time.Time) (found map[string][]backtest.Transition, refused map[string]string, err error) {
	found, refused = map[string][]backtest.Transition{}, map[string]string{}
	var mu sync.Mutex
	err = each(ctx, names, func(ctx context.Context, name string) error {
		var list []backtest.Transition
		err := pages("reading the history of "+name, func(token *string) (*string, error) {
			out, err := client.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{
				AlarmName: &name, AlarmTypes: everyType,
				HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &from, EndDate: &to,
				ScanBy: types.ScanByTimestampAscending, MaxRecords: aws.Int32(recordsAPage), NextToken: token,
			})
			if err != nil {
				return nil, err
			}
			for _, item := range out.AlarmHistoryItems {
				t, err := transition(item)
				if err != nil {
					return nil, err
				}
				list = append(list, t)
			}
			return out.NextToken, nil
		})
		slices.SortStableFunc(list, func(a, b backtest.Transition) int { return a.At.Compare(b.At) })
		mu.Lock()
		defer mu.Unlock()
		if why := refusal(err); why != "" {
			refused[name] = why
			return nil
		}
		found[name] = list
		return err
	})
	return found, refused, err
}

// transition reads an item of the history. Its data is JSON.
func transition(item types.AlarmHistoryItem) (backtest.Transition, error) {
	type state struct {
		StateValue      model.State     `json:"stateValue"`
		StateReasonData json.RawMessage `json:"stateReasonData"`
	}
	var data struct {
		OldState state `json:"oldState"`
		NewState state `json:"newState"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &data); err != nil {
		return backtest.Transition{}, fmt.Errorf("an item of %s has data that is no JSON: %w", aws.ToTime(item.Timestamp).UTC().Format(time.RFC3339), err)
	}
	// Only who sets a state by hand gives no data for it: SetAlarmState.
	reason := string(data.NewState.StateReasonData)
	return backtest.Transition{
		At: aws.ToTime(item.Timestamp).UTC(), From: data.OldState.StateValue, To: data.NewState.StateValue,
		ByHand: reason == "" || reason == "null",
	}, nil
}
