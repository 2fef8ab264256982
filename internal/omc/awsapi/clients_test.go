package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go"

	"github.com/ohmycoins/infra/stacks/environment"
)

func TestTroubleOf(t *testing.T) {
	t.Parallel()
	api := func(code string) error {
		return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: "text"})
	}
	for name, test := range map[string]struct {
		err  error
		want Trouble
	}{
		"throttling":         {api("ThrottlingException"), Transient},
		"slow down":          {api("SlowDown"), Transient},
		"no such host":       {&net.DNSError{Err: "no such host", IsNotFound: true}, Transient},
		"refused":            {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, Transient},
		"deadline":           {context.DeadlineExceeded, Transient},
		"expired":            {api("ExpiredTokenException"), Expired},
		"expired in S3":      {api("ExpiredToken"), Expired},
		"revoked":            {api("UnrecognizedClientException"), Expired},
		"no credentials":     {fmt.Errorf("get identity: %w", NoCredentials{errors.New("failed to refresh cached credentials")}), Expired},
		"cannot refresh now": {fmt.Errorf("get identity: %w", NoCredentials{&net.OpError{Op: "dial", Err: errors.New("unreachable")}}), Transient},
		"an application's":   {errors.New("body is \"could not get credentials for the database\""), Permanent},
		"not what AWS wrote": {fmt.Errorf("operation error: %w", &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), Transient},
		"denied":             {api("AccessDeniedException"), Permanent},
		"no cluster":         {api("ClusterNotFoundException"), Permanent},
		"lock lost":          {errors.New("the lock is lost"), Permanent},
		"canceled":           {fmt.Errorf("canceled: %w", context.Canceled), Interrupted},
		"Ctrl-C":             {fmt.Errorf("waiting: %w", ErrInterrupted), Interrupted},
	} {
		if got := TroubleOf(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// Without a retryer and an HTTP client of the caller, every call has a deadline and
// a bound on its attempts.
func TestCallsHaveADeadline(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	made := New(aws.Config{BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, environment.Staging(), nil)
	options := made.ECS.Options()
	if timeout, ok := options.HTTPClient.(interface{ GetTimeout() time.Duration }); !ok || timeout.GetTimeout() != AttemptTimeout {
		t.Errorf("HTTP client %T has not the deadline", options.HTTPClient)
	}
	if got := options.Retryer.MaxAttempts(); got != maxAttempts {
		t.Errorf("%d attempts, want %d", got, maxAttempts)
	}
	if options.Region != "ap-southeast-2" {
		t.Errorf("region %s", options.Region)
	}
	if _, err := made.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}}, OneAttempt); err == nil || calls != 1 {
		t.Errorf("%d calls, %v, want one", calls, err)
	}
}
