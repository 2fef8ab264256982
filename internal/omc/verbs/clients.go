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
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
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
}

func newClients(cfg aws.Config, env environment.Environment) clients {
	cfg = cfg.Copy()
	cfg.Region = env.Region
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
	switch client := cfg.HTTPClient.(type) {
	case nil:
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(AttemptTimeout)
	case *awshttp.BuildableClient:
		cfg.HTTPClient = client.WithTimeout(AttemptTimeout)
	}
	return clients{
		// AWS understands JSON and CBOR alike; emulators understand JSON.
		alarms: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = awsjson.New10(cloudwatchschemas.GraniteServiceVersion20100801)
		}),
		logs:    cloudwatchlogs.NewFromConfig(cfg),
		images:  ecr.NewFromConfig(cfg),
		ecs:     ecs.NewFromConfig(cfg),
		targets: elb.NewFromConfig(cfg),
		// Not every object has a checksum; the SDK would log that to standard error.
		objects: s3.NewFromConfig(cfg, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }),
		secrets: secretsmanager.NewFromConfig(cfg),
		caller:  sts.NewFromConfig(cfg),

		databases: rds.NewFromConfig(cfg),
		caches:    elasticache.NewFromConfig(cfg),
		topics:    sns.NewFromConfig(cfg),
	}
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

// noCredentials is in the error of a call that never happened: the SDK has no type for
// credentials that it cannot get.
const noCredentials = "get credentials"

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
		retryables.IsErrorRetryable(err) == aws.TrueTernary:
		return transient
	}
	if strings.Contains(err.Error(), noCredentials) {
		return expired
	}
	return permanent
}

// persist calls do until it succeeds or fails for a reason that will not pass. It
// outlives an outage of AWS or the network, and says so.
func (a *App) persist(ctx context.Context, what string, do func(context.Context) error) error {
	var since time.Time
	for {
		err := do(ctx)
		if err == nil {
			if !since.IsZero() {
				a.out.Info(what + ": AWS answers again")
			}
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		}
		now := a.clock.Now()
		if since.IsZero() {
			since = now
		}
		if troubleOf(err) != transient || now.Sub(since) > outage {
			return fmt.Errorf("%s: %w", what, err)
		}
		a.out.Live(what, "no answer from AWS, trying again: "+brief(err), now.Sub(since))
		if err := a.clock.Sleep(ctx, pollInterval); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

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
