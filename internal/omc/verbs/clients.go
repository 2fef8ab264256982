package verbs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchschemas "github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/ohmycoins/infra/stacks/environment"
)

const (
	// AttemptTimeout is the deadline of one attempt of one call, its body included.
	AttemptTimeout = 10 * time.Second
	maxAttempts    = 5
	maxBackoff     = 5 * time.Second

	// outage is how long AWS may be out of reach without ending a deployment.
	outage = 5 * time.Minute
	// relogin is how long a verb that has begun waits for credentials that work, after
	// those that it had have expired.
	relogin = 5 * time.Minute
	// settling is how long ECS may describe what contradicts its own answers to us.
	// Its descriptions are eventually consistent (ECS API reference, DescribeServices,
	// RunTask).
	settling = time.Minute
	// pollInterval is how often ECS is asked, for all services in one call.
	pollInterval = 5 * time.Second
)

// clients are the AWS services that the verbs talk to.
type clients struct {
	alarms  *cloudwatch.Client
	logs    *cloudwatchlogs.Client
	images  *ecr.Client
	ecs     *ecs.Client
	targets *elb.Client
	objects *s3.Client
	secrets *secretsmanager.Client
	caller  *sts.Client

	databases *rds.Client
	caches    *elasticache.Client
	topics    *sns.Client
	keys      *kms.Client

	// login is where the credentials of all of them come from.
	login *login
}

func newClients(cfg aws.Config, env environment.Environment) clients {
	cfg = cfg.Copy()
	cfg.Region = env.Region
	cfg.Logger = logging.Nop{} // what matters is in errors
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = maxAttempts
				o.MaxBackoff = maxBackoff
				// Attempts are bounded for each call; a quota over all calls would
				// turn the end of an outage into more failures.
				o.RateLimiter = ratelimit.None
			})
		}
	}
	standard := cfg.Retryer
	cfg.Retryer = func() aws.Retryer { return rereading(standard()) }
	from := &login{from: cfg.Credentials}
	if cfg.Credentials != nil {
		cfg.Credentials = from
	}
	switch client := cfg.HTTPClient.(type) {
	case nil:
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(AttemptTimeout)
	case *awshttp.BuildableClient:
		cfg.HTTPClient = client.WithTimeout(AttemptTimeout)
	}
	// These answer every call with something.
	talking := cfg.Copy()
	talking.APIOptions = append(talking.APIOptions, refuseEmpty)
	working := talking.Copy()
	working.APIOptions = append(working.APIOptions, deliver)
	return clients{
		// AWS understands JSON and CBOR alike; emulators understand JSON.
		alarms: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = awsjson.New10(cloudwatchschemas.GraniteServiceVersion20100801)
			o.DisableRequestCompression = true // for who reads along
		}),
		logs:    cloudwatchlogs.NewFromConfig(cfg),
		images:  ecr.NewFromConfig(talking),
		ecs:     ecs.NewFromConfig(working),
		targets: elb.NewFromConfig(talking),
		// Not every object has a checksum; the SDK would log that to standard error.
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }),
		secrets: secretsmanager.NewFromConfig(talking),
		caller:  sts.NewFromConfig(talking),

		databases: rds.NewFromConfig(cfg),
		caches:    elasticache.NewFromConfig(cfg),
		topics:    sns.NewFromConfig(cfg),
		keys:      kms.NewFromConfig(cfg),

		login: from,
	}
}

// rereading also repeats calls whose answer is not what AWS writes: something between
// us and AWS wrote it, or it was cut off.
func rereading(standard aws.Retryer) aws.Retryer {
	v2, ok := standard.(aws.RetryerV2)
	if !ok {
		return standard
	}
	return rereader{v2}
}

type rereader struct{ aws.RetryerV2 }

func (r rereader) IsErrorRetryable(err error) bool {
	return isGarbled(err) || r.RetryerV2.IsErrorRetryable(err)
}

// isGarbled reports whether an answer is not what AWS writes.
func isGarbled(err error) bool {
	var garbled *smithy.DeserializationError
	return errors.As(err, &garbled)
}

// errNoAnswer is an answer of AWS that says nothing.
var errNoAnswer = errors.New("the answer is empty")

// refuseEmpty makes an error of an answer without a body. The SDK takes it for one in
// which nothing is set.
func refuseEmpty(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("RefuseEmpty", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, ok := out.RawResponse.(*smithyhttp.Response); err == nil && ok && response.StatusCode == http.StatusOK && response.ContentLength == 0 {
			err = &smithy.DeserializationError{Err: errNoAnswer}
		}
		return out, metadata, err
	}), middleware.After)
}

// deliver lets nothing abandon a change that has been sent: AWS might make it later, after
// we have looked at what there is and put it right. [AttemptTimeout] bounds that, and no
// attempt begins once the context has ended.
func deliver(stack *middleware.Stack) error {
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Deliver", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := ctx.Err(); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, &aws.RequestCanceledError{Err: err}
		}
		if op := middleware.GetOperationName(ctx); !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "List") {
			ctx = context.WithoutCancel(ctx)
		}
		return next.HandleFinalize(ctx, in)
	}), middleware.After)
}

// oneAttempt is for calls in a loop that repeats them anyway.
func oneAttempt(o *ecs.Options) { o.Retryer = aws.NopRetryer{} }

// A trouble is what an error of an AWS call means for what comes next.
type trouble int

const (
	permanent   trouble = iota // the same call will fail again
	transient                  // AWS or the network will recover
	expired                    // nothing works until somebody logs in again
	interrupted                // the user asked to stop, or gave up
)

// expiredCodes are what AWS answers to credentials that are over or revoked.
var expiredCodes = []string{
	"ExpiredToken", "ExpiredTokenException", "RequestExpired",
	"InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "TokenRefreshRequired",
}

var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

// troubleOf tells what an error of an AWS call means.
func troubleOf(err error) trouble {
	if errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted) {
		return interrupted
	}
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains(expiredCodes, api.ErrorCode()) {
		return expired
	}
	var (
		timeout    net.Error
		unresolved *net.DNSError
		request    *url.Error
		response   interface{ HTTPStatusCode() int }
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout), errors.As(err, &unresolved), errors.As(err, &request),
		errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError,
		isGarbled(err),
		retryables.IsErrorRetryable(err) == aws.TrueTernary:
		return transient
	}
	if errors.As(err, &noCredentials{}) {
		return expired
	}
	return permanent
}

// patience is how long to go on with a call that fails: while AWS does not answer, and
// while the credentials have expired.
type patience struct{ silence, login time.Duration }

// persist calls do until it succeeds or fails for a reason that will not pass. It
// outlives an outage of AWS or the network, and expired credentials, and says so.
func (a *App) persist(ctx context.Context, what string, do func(context.Context) error) error {
	return a.persistFor(ctx, patience{outage, relogin}, what, do)
}

// insist is persist for the last words, which have [lastWordsTime].
func (a *App) insist(ctx context.Context, what string, do func(context.Context) error) error {
	return a.persistFor(ctx, patience{silence: lastWordsTime}, what, do)
}

func (a *App) persistFor(ctx context.Context, p patience, what string, do func(context.Context) error) error {
	var since time.Time
	var last error
	for {
		err := do(ctx)
		if err == nil {
			if !since.IsZero() {
				a.out.Info(what + ": AWS answers again")
			}
			return nil
		}
		if ctx.Err() != nil {
			return ended(ctx, what, last)
		}
		last = err
		now := a.clock.Now()
		if since.IsZero() {
			since = now
		}
		silent := now.Sub(since)
		switch trouble := troubleOf(err); {
		case trouble == transient && silent <= p.silence:
			a.out.Live(what, "no answer from AWS, trying again: "+brief(err), silent)
		case trouble == expired && silent < p.login:
			a.logInAgain(ctx, what, silent)
		default:
			return fmt.Errorf("%s: %w", what, err)
		}
		if a.clock.Sleep(ctx, pollInterval) != nil {
			return ended(ctx, what, last)
		}
	}
}

// ended is the error of what was being done when ctx ended, and why it had not succeeded
// before, if it was tried before.
func ended(ctx context.Context, what string, last error) error {
	if last == nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	return fmt.Errorf("%s: %w; before that: %s", what, context.Cause(ctx), brief(last))
}

// A doubt is about something that AWS says and that contradicts what it said before.
// It is the one place where eventual consistency is tolerated.
type doubt struct{ since time.Time }

// believe reports whether to believe what AWS says: what is odd only when it has said
// so for longer than [settling].
func (d *doubt) believe(odd bool, now time.Time) bool {
	if !odd {
		d.since = time.Time{}
		return true
	}
	if d.since.IsZero() {
		d.since = now
	}
	return now.Sub(d.since) > settling
}

// open reports whether the last thing that AWS said was not believed.
func (d *doubt) open() bool { return !d.since.IsZero() }

// brief returns the part of an AWS error that says why, without request ids.
func brief(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	var network *net.OpError
	if errors.As(err, &network) { // without its ports, which change
		return network.Op + ": " + network.Err.Error()
	}
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	return err.Error()
}

// isCode reports whether err is an AWS error with that code.
func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
