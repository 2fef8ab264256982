// Package account reads from AWS what the audit and the backtest of alarms decide on, and
// what a dashboard shows. It only reads.
package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	model "github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
	"github.com/ohmycoins/infra/internal/omc/audit"
)

const (
	// readers is how many calls are made at once: DescribeAlarms may be called nine
	// times a second, ListMetrics 25 times.
	readers = 4
	// mostPages bounds an answer whose pages do not end. An account may have many more
	// than 100,000 alarms when it pays for them.
	mostPages = 2000
	// recordsAPage and queriesACall are what AWS takes at most.
	recordsAPage = 100
	queriesACall = 500
	// coarse is the resolution in which two weeks are read: data of a minute is kept
	// for 15 days, and an hour gives 336 values a metric.
	coarse = time.Hour
)

// Clients are the services that are read.
type Clients struct {
	CloudWatch *cloudwatch.Client
	SNS        *sns.Client
	KMS        *kms.Client
	Lambda     *lambda.Client
}

// Scope says what is read. See the fields of [audit.World] with the same names.
type Scope struct {
	Now                   time.Time
	Account, Prefix, Part string
	// Dashboards is how the names of the dashboards begin that are audited.
	Dashboards string
}

// Read returns what is there. What is not there, and what the caller may not know about a
// topic or its key, is part of the answer; anything else that cannot be read is an error.
func Read(ctx context.Context, aws Clients, scope Scope) (audit.World, error) {
	w := audit.World{Now: scope.Now, Account: scope.Account, Prefix: scope.Prefix, Part: scope.Part}
	r := reader{Clients: aws, world: &w}
	var err error
	if w.Alarms, err = Alarms(ctx, aws.CloudWatch); err != nil {
		return w, err
	}
	if w.Dashboards, err = Dashboards(ctx, aws.CloudWatch, scope.Dashboards); err != nil {
		return w, err
	}
	var errs []error
	for _, read := range []func(context.Context) error{r.metrics, r.data, r.topics, r.functions} {
		errs = append(errs, read(ctx))
	}
	return w, errors.Join(errs...)
}

type reader struct {
	Clients
	world *audit.World
}

// each calls do for every item, some at a time, and returns the first error.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, readers)
	var first error
	var once sync.Once
	var group sync.WaitGroup
	for _, item := range items {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := context.Cause(ctx); err != nil {
				once.Do(func() { first = err })
				return
			}
			if err := do(ctx, item); err != nil {
				once.Do(func() { first = err; cancel(err) })
			}
		})
	}
	group.Wait()
	return first
}

// gather reads something for each name, side by side, and returns it by name.
func gather[T any](ctx context.Context, names []string, read func(context.Context, string) (T, error)) (map[string]T, error) {
	found := map[string]T{}
	var mu sync.Mutex
	err := each(ctx, names, func(ctx context.Context, name string) error {
		one, err := read(ctx, name)
		mu.Lock()
		defer mu.Unlock()
		found[name] = one
		return err
	})
	return found, err
}

// pages asks for every page of an answer, also one that is half read: AWS says by its
// token that there is more.
func pages(what string, next func(token *string) (*string, error)) error {
	var token *string
	for range mostPages {
		following, err := next(token)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		case aws.ToString(following) == "":
			return nil
		case aws.ToString(following) == aws.ToString(token):
			return fmt.Errorf("%s: the same page comes again and again", what)
		}
		token = following
	}
	return fmt.Errorf("%s: the answer has more than %d pages", what, mostPages)
}

// Dashboards reads the dashboards whose names begin with a prefix, by name.
func Dashboards(ctx context.Context, client *cloudwatch.Client, prefix string) ([]audit.Dashboard, error) {
	var names []string
	err := pages("listing dashboards", func(token *string) (*string, error) {
		in := &cloudwatch.ListDashboardsInput{NextToken: token}
		if prefix != "" {
			in.DashboardNamePrefix = &prefix
		}
		out, err := client.ListDashboards(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, entry := range out.DashboardEntries {
			names = append(names, aws.ToString(entry.DashboardName))
		}
		return out.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	list := make([]audit.Dashboard, len(names))
	for i, name := range names {
		out, err := client.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &name})
		if err != nil {
			return nil, fmt.Errorf("reading dashboard %s: %w", name, err)
		}
		list[i] = audit.Dashboard{Name: name, Body: aws.ToString(out.DashboardBody)}
	}
	return list, nil
}

// metrics lists the metrics of each namespace that matters.
func (r reader) metrics(ctx context.Context) (err error) {
	r.world.Listed, err = gather(ctx, r.world.Namespaces(), func(ctx context.Context, namespace string) (list []model.Metric, err error) {
		err = pages("listing the metrics of "+namespace, func(token *string) (*string, error) {
			out, err := r.CloudWatch.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: &namespace, NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, m := range out.Metrics {
				list = append(list, metric(m.Namespace, m.MetricName, m.Dimensions))
			}
			return out.NextToken, nil
		})
		return list, err
	})
	return err
}

// A stretch is a length of time up to now in which metrics are looked for.
type stretch struct {
	length, period time.Duration
	wanted         []audit.Wanted
}

// data finds out when the metrics of the audited alarms had data.
func (r reader) data(ctx context.Context) error {
	wanted := r.world.Wanted()
	byWindow := map[time.Duration]*stretch{}
	fortnight := &stretch{length: audit.Fortnight, period: coarse}
	data := map[string]audit.Data{}
	var ids []string
	for id := range wanted {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		data[id] = audit.Data{Recent: map[time.Duration]bool{}}
		fortnight.wanted = append(fortnight.wanted, wanted[id])
		for _, window := range wanted[id].Windows {
			if byWindow[window] == nil {
				byWindow[window] = &stretch{length: window, period: fine(window)}
			}
			byWindow[window].wanted = append(byWindow[window].wanted, wanted[id])
		}
	}
	stretches := []*stretch{fortnight}
	for _, s := range byWindow {
		stretches = append(stretches, s)
	}
	type batch struct {
		*stretch
		wanted []audit.Wanted
	}
	var batches []batch
	for _, s := range stretches {
		for part := range slices.Chunk(s.wanted, queriesACall) {
			batches = append(batches, batch{s, part})
		}
	}
	var mu sync.Mutex
	r.world.Data = data
	return each(ctx, batches, func(ctx context.Context, b batch) error {
		last, err := r.last(ctx, b.length, b.period, b.wanted)
		mu.Lock()
		defer mu.Unlock()
		for id, at := range last {
			d := data[id]
			if b.stretch == fortnight {
				d.Last = at
			}
			d.Recent[b.length] = true
			data[id] = d
		}
		return err
	})
}

// fine is the resolution in which a window is read: few values for each metric, and none
// that is longer than what it has to tell.
func fine(window time.Duration) time.Duration {
	if window > 3*time.Hour {
		return 5 * time.Minute
	}
	return time.Minute
}

// last returns when metrics had data last, up to length ago; none where they had none.
func (r reader) last(ctx context.Context, length, period time.Duration, wanted []audit.Wanted) (map[string]time.Time, error) {
	// Times are those of whole periods, so that none is cut off.
	end := r.world.Now.Truncate(period).Add(period)
	start := r.world.Now.Add(-length).Truncate(period)
	queries := make([]types.MetricDataQuery, len(wanted))
	for i, want := range wanted {
		queries[i] = dataQuery(i, want.Metric.WithStat(model.SampleCount).WithPeriod(period))
	}
	found := map[string]time.Time{}
	err := pages("reading metric data", func(token *string) (*string, error) {
		out, err := r.CloudWatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			MetricDataQueries: queries, StartTime: &start, EndTime: &end, ScanBy: types.ScanByTimestampDescending, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, result := range out.MetricDataResults {
			i, code, err := answered(result, len(wanted))
			if err != nil {
				return nil, err
			}
			if code != "" {
				return nil, fmt.Errorf("the data of %s %s: %s", wanted[i].Metric.Namespace, wanted[i].Metric.Name, code)
			}
			id := evaluate.ID(wanted[i].Metric)
			for _, at := range result.Timestamps {
				if at.After(found[id]) {
					found[id] = at
				}
			}
		}
		return out.NextToken, nil
	})
	return found, err
}

// topics reads the topics that the audited alarms notify.
func (r reader) topics(ctx context.Context) (err error) {
	arns, _ := r.world.Targets()
	r.world.Topics, err = gather(ctx, arns, r.topic)
	return err
}

func (r reader) topic(ctx context.Context, arn string) (audit.Topic, error) {
	out, err := r.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	switch why := refusal(err); {
	case code(err) == "NotFound", code(err) == "NotFoundException":
		return audit.Topic{Missing: true}, nil
	case why != "":
		return audit.Topic{Problem: why}, nil
	case err != nil:
		return audit.Topic{}, fmt.Errorf("reading topic %s: %w", arn, err)
	}
	topic := audit.Topic{Policy: out.Attributes["Policy"]}
	if id := out.Attributes["KmsMasterKeyId"]; id != "" {
		if topic.Key, err = r.key(ctx, id, arn); err != nil {
			return topic, err
		}
	}
	err = pages("listing the subscriptions of "+arn, func(token *string) (*string, error) {
		out, err := r.SNS.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, s := range out.Subscriptions {
			topic.Subscriptions = append(topic.Subscriptions, audit.Subscription{
				Protocol: aws.ToString(s.Protocol), Address: shown(aws.ToString(s.Endpoint)),
				// A subscription has no ARN until it is confirmed, and none when it is deleted.
				Confirmed: strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:"),
			})
		}
		return out.NextToken, nil
	})
	if why := refusal(err); why != "" {
		return audit.Topic{Problem: why}, nil
	}
	return topic, err
}

// functions reads the functions that the audited alarms call.
func (r reader) functions(ctx context.Context) (err error) {
	_, arns := r.world.Targets()
	r.world.Functions, err = gather(ctx, arns, r.function)
	return err
}

func (r reader) function(ctx context.Context, arn string) (audit.Function, error) {
	name, qualifier := arn, (*string)(nil)
	if parts := strings.Split(arn, ":"); len(parts) == 8 { // with a version or an alias
		name, qualifier = strings.Join(parts[:7], ":"), &parts[7]
	}
	const gone = "ResourceNotFoundException"
	_, err := r.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: qualifier})
	var policy *lambda.GetPolicyOutput
	if err == nil {
		policy, err = r.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name, Qualifier: qualifier})
		if code(err) == gone { // the function is there, and has none
			return audit.Function{}, nil
		}
	}
	switch why := refusal(err); {
	case code(err) == gone:
		return audit.Function{Missing: true}, nil
	case why != "":
		return audit.Function{Problem: why}, nil
	case err != nil:
		return audit.Function{}, fmt.Errorf("reading function %s: %w", arn, err)
	}
	return audit.Function{Policy: aws.ToString(policy.Policy)}, nil
}

// shown is what may be shown of an endpoint: of a URL, which may hold a key, the host.
func shown(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host + "/…"
	}
	return endpoint
}

func (r reader) key(ctx context.Context, id, topic string) (*audit.Key, error) {
	key := &audit.Key{ID: id}
	if strings.HasSuffix(id, "alias/aws/sns") {
		return key, nil
	}
	described, err := r.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	switch why := refusal(err); {
	case code(err) == "NotFoundException":
		key.State = audit.Missing
		return key, nil
	case why != "":
		key.Problem = why
		return key, nil
	case err != nil:
		return nil, fmt.Errorf("reading key %s of topic %s: %w", id, topic, err)
	}
	key.ARN, key.State = aws.ToString(described.KeyMetadata.Arn), string(described.KeyMetadata.KeyState)
	policy, err := r.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &key.ARN, PolicyName: aws.String("default")})
	if why := refusal(err); why != "" {
		key.Problem = why
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the policy of key %s of topic %s: %w", id, topic, err)
	}
	key.Policy = aws.ToString(policy.Policy)
	return key, nil
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// refusal is why the caller may not know something; "" for any other error. Topics and
// keys may belong to somebody else.
func refusal(err error) string {
	if c := code(err); strings.HasPrefix(c, "AccessDenied") || c == "AuthorizationError" || c == "AuthorizationErrorException" {
		var api smithy.APIError
		_ = errors.As(err, &api)
		return c + ": " + api.ErrorMessage()
	}
	return ""
}
