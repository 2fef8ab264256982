package verbs

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
		want trouble
	}{
		"throttling":         {api("ThrottlingException"), transient},
		"slow down":          {api("SlowDown"), transient},
		"no such host":       {&net.DNSError{Err: "no such host", IsNotFound: true}, transient},
		"refused":            {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, transient},
		"deadline":           {context.DeadlineExceeded, transient},
		"expired":            {api("ExpiredTokenException"), expired},
		"expired in S3":      {api("ExpiredToken"), expired},
		"revoked":            {api("UnrecognizedClientException"), expired},
		"no credentials":     {fmt.Errorf("get identity: %w", noCredentials{errors.New("failed to refresh cached credentials")}), expired},
		"cannot refresh now": {fmt.Errorf("get identity: %w", noCredentials{&net.OpError{Op: "dial", Err: errors.New("unreachable")}}), transient},
		"an application's":   {errors.New("body is \"could not get credentials for the database\""), permanent},
		"not what AWS wrote": {fmt.Errorf("operation error: %w", &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), transient},
		"denied":             {api("AccessDeniedException"), permanent},
		"no cluster":         {api("ClusterNotFoundException"), permanent},
		"lock lost":          {lockLost{"taken"}, permanent},
		"canceled":           {fmt.Errorf("canceled: %w", context.Canceled), interrupted},
		"Ctrl-C":             {fmt.Errorf("waiting: %w", errInterrupted), interrupted},
	} {
		if got := troubleOf(test.err); got != test.want {
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
	made := newClients(aws.Config{BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, environment.Staging())
	options := made.ecs.Options()
	if timeout, ok := options.HTTPClient.(interface{ GetTimeout() time.Duration }); !ok || timeout.GetTimeout() != AttemptTimeout {
		t.Errorf("HTTP client %T has not the deadline", options.HTTPClient)
	}
	if got := options.Retryer.MaxAttempts(); got != maxAttempts {
		t.Errorf("%d attempts, want %d", got, maxAttempts)
	}
	if options.Region != "ap-southeast-2" {
		t.Errorf("region %s", options.Region)
	}
	if _, err := made.ecs.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"x"}}, oneAttempt); err == nil || calls != 1 {
		t.Errorf("%d calls, %v, want one", calls, err)
	}
}
