// Package awsapi is how omc talks to AWS: its clients with their deadlines and retries, what
// the error of a call means for what comes next, and when a description is to be believed.
package awsapi

import (
	"context"
	"errors"
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
	"github.com/aws/aws-sdk-go-v2/service/lambda"
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

	// Outage is how long AWS may be out of reach without ending a deployment.
	Outage = 5 * time.Minute
	// Relogin is how long a verb that has begun waits for credentials that work, after
	// those that it had have expired.
	Relogin = 5 * time.Minute
	// Settling is how long ECS may describe what contradicts its own answers to us.
	// Its descriptions are eventually consistent (ECS API reference, DescribeServices,
	// RunTask).
	Settling = time.Minute
	// PollInterval is how often ECS is asked, for all services in one call.
	PollInterval = 5 * time.Second
)

// ErrInterrupted is the cause of a context that ended because the user asked to stop.
var ErrInterrupted = errors.New("interrupted")

// Clients are the AWS services that the verbs talk to.
type Clients struct {
	Alarms  *cloudwatch.Client
	Logs    *cloudwatchlogs.Client
	Images  *ecr.Client
	ECS     *ecs.Client
	Targets *elb.Client
	Objects *s3.Client
	Secrets *secretsmanager.Client
	Caller  *sts.Client

	Databases *rds.Client
	Caches    *elasticache.Client
	Topics    *sns.Client
	Keys      *kms.Client
	Functions *lambda.Client

	// Login is where the credentials of all of them come from.
	Login *login
}

// New returns the clients of an environment. Reread reads the credentials anew
// after they have expired; nil asks those of cfg again.
func New(cfg aws.Config, env environment.Environment, reread func(context.Context) (aws.CredentialsProvider, error)) Clients {
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
	from := &login{from: cfg.Credentials, read: reread}
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
	return Clients{
		// AWS understands JSON and CBOR alike; emulators understand JSON.
		Alarms: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = awsjson.New10(cloudwatchschemas.GraniteServiceVersion20100801)
			o.DisableRequestCompression = true // for who reads along
		}),
		Logs:    cloudwatchlogs.NewFromConfig(cfg),
		Images:  ecr.NewFromConfig(talking),
		ECS:     ecs.NewFromConfig(working),
		Targets: elb.NewFromConfig(talking),
		// Not every object has a checksum; the SDK would log that to standard error.
		Objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }),
		Secrets: secretsmanager.NewFromConfig(talking),
		Caller:  sts.NewFromConfig(talking),

		Databases: rds.NewFromConfig(cfg),
		Caches:    elasticache.NewFromConfig(cfg),
		Topics:    sns.NewFromConfig(cfg),
		Keys:      kms.NewFromConfig(cfg),
		Functions: lambda.NewFromConfig(cfg),

		Login: from,
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

// OneAttempt is for calls in a loop that repeats them anyway.
func OneAttempt(o *ecs.Options) { o.Retryer = aws.NopRetryer{} }

// A Trouble is what an error of an AWS call means for what comes next.
type Trouble int

// What an error means.
const (
	Permanent   Trouble = iota // the same call will fail again
	Transient                  // AWS or the network will recover
	Expired                    // nothing works until somebody logs in again
	Interrupted                // the user asked to stop, or gave up
)

// expiredCodes are what AWS answers to credentials that are over or revoked.
var expiredCodes = []string{
	"ExpiredToken", "ExpiredTokenException", "RequestExpired",
	"InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "TokenRefreshRequired",
}

var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

// TroubleOf tells what an error of an AWS call means.
func TroubleOf(err error) Trouble {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted) {
		return Interrupted
	}
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains(expiredCodes, api.ErrorCode()) {
		return Expired
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
		return Transient
	}
	if errors.As(err, &NoCredentials{}) {
		return Expired
	}
	return Permanent
}

// Brief returns the part of an AWS error that says why, without request ids.
func Brief(err error) string {
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

// IsCode reports whether err is an AWS error with that code.
func IsCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
