package account

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/omc/backtest"
)

const (
	// pointsAPage is how many values AWS puts into an answer at most.
	pointsAPage = 100_800
	// pointsACall keeps a call from having more pages than anybody waits for.
	pointsACall = 20 * pointsAPage
	// dataAttempts is how often a call is tried: the values that AWS gives a second are
	// limited, so that many calls one after another are throttled.
	dataAttempts = 10
)

// Data reads series, in the order of what is wanted.
func Data(ctx context.Context, client *cloudwatch.Client, wanted []backtest.Query) ([]backtest.Series, error) {
	list := make([]backtest.Series, len(wanted))
	var mu sync.Mutex
	err := each(ctx, batches(wanted), func(ctx context.Context, b []int) error {
		answers, err := series(ctx, client, wanted, b)
		mu.Lock()
		defer mu.Unlock()
		for i, at := range b {
			list[at] = answers[i]
		}
		return err
	})
	return list, err
}

// batches are the queries of each call, by their indexes: all of a call are about one
// time.
func batches(wanted []backtest.Query) [][]int {
	var list [][]int
	byTime := map[[2]time.Time]int{} // the call that is being filled
	points := map[int]int{}
	for i, q := range wanted {
		span := [2]time.Time{q.From, q.To}
		at, open := byTime[span]
		if !open || len(list[at]) == queriesACall || points[at]+q.Len() > pointsACall {
			at = len(list)
			byTime[span] = at
			list = append(list, nil)
		}
		list[at] = append(list[at], i)
		points[at] += q.Len()
	}
	return list
}

// series reads what is wanted by one call and its pages.
func series(ctx context.Context, client *cloudwatch.Client, wanted []backtest.Query, batch []int) ([]backtest.Series, error) {
	answers := make([]backtest.Series, len(batch))
	queries := make([]types.MetricDataQuery, len(batch))
	for i, at := range batch {
		q := wanted[at]
		answers[i] = backtest.Series{Query: q, Values: slices.Repeat([]float64{math.NaN()}, q.Len())}
		queries[i] = dataQuery(i, q.Metric)
	}
	first := wanted[batch[0]]
	partial := map[int]bool{} // by query, what the newest page says
	err := pages("reading metric data", func(token *string) (*string, error) {
		out, err := client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			MetricDataQueries: queries, StartTime: &first.From, EndTime: &first.To, ScanBy: types.ScanByTimestampAscending,
			MaxDatapoints: aws.Int32(pointsAPage), NextToken: token,
		}, patiently)
		if err != nil {
			return nil, err
		}
		for _, result := range out.MetricDataResults {
			i, code, err := answered(result, len(answers))
			if err != nil {
				return nil, err
			}
			if code != "" {
				return nil, fmt.Errorf("%s: %s", answers[i].Query, code)
			}
			partial[i] = result.StatusCode == types.StatusCodePartialData
			if err := answers[i].Add(result.Timestamps, result.Values); err != nil {
				return nil, fmt.Errorf("%s: %w", answers[i].Query, err)
			}
		}
		return out.NextToken, nil
	})
	for i, half := range partial {
		if half && err == nil {
			err = fmt.Errorf("reading metric data: %s: the last page says that there is more, and not where", answers[i].Query)
		}
	}
	return answers, err
}

// dataQuery is the i-th query of a call: a metric by its statistic and period.
func dataQuery(i int, m model.Metric) types.MetricDataQuery {
	var on []types.Dimension
	for _, d := range m.Dimensions {
		on = append(on, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
	}
	return types.MetricDataQuery{Id: aws.String(fmt.Sprintf("m%d", i)), MetricStat: &types.MetricStat{
		Stat: aws.String(m.Stat), Period: aws.Int32(int32(m.Period / time.Second)), Unit: types.StandardUnit(m.OnlyUnit),
		Metric: &types.Metric{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.Name), Dimensions: on},
	}}
}

// answered says which of n queries a result answers, and why it has no data where AWS
// gives none.
func answered(result types.MetricDataResult, n int) (i int, refused types.StatusCode, err error) {
	if _, err := fmt.Sscanf(aws.ToString(result.Id), "m%d", &i); err != nil || i < 0 || i >= n {
		return 0, "", fmt.Errorf("the answer has a result %q that was not asked for", aws.ToString(result.Id))
	}
	if code := result.StatusCode; code == types.StatusCodeForbidden || code == types.StatusCodeInternalError {
		return i, code, nil
	}
	return i, "", nil
}

func patiently(o *cloudwatch.Options) { o.Retryer = retry.AddWithMaxAttempts(o.Retryer, dataAttempts) }
