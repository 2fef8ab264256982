package verbs

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// That AWS does not answer says nothing about the credentials.
func TestUnreachableIsNoMatterOfCredentials(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*bench)
		want   string
	}{
		"500": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Broken}} }, "AWS: it does not answer: ServerException"},
		"refused": {func(b *bench) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			cfg := b.cloud.Config()
			cfg.BaseEndpoint = aws.String("http://" + listener.Addr().String())
			_ = listener.Close() // nobody is there now
			b.app.aws = awsapi.New(cfg, b.cloud.Env, nil)
		}, "AWS: it does not answer: dial: connect: connection refused"},
		"expired": {func(b *bench) { b.cloud.Faults = []*fakeaws.Fault{{Kind: fakeaws.Expired}} }, "credentials: AWS does not accept them"},
	} {
		b := newBench(t)
		test.change(b)
		_, err := b.app.Status(t.Context())
		contains(t, fmt.Sprint(err), test.want)
		if said := strings.Contains(fmt.Sprint(err), "credentials"); said != strings.HasPrefix(test.want, "credentials") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Status and verify count the same alarms, and none of another environment.
func TestStatusCountsWhatVerifyCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.AddAlarm("ohmycoins-staging2/backend/cpu-high", "warning", "ALARM")
	b.cloud.AddAlarm("ohmycoins-staging-alb-5xx-errors", "warning", "ALARM")
	b.cloud.AddAlarm("ohmycoins-staging/backend/cpu-high", "warning", "ALARM")
	status, err := b.app.Status(t.Context())
	if err != nil || len(status.Alarms) != 1 || status.Alarms[0].Name != "ohmycoins-staging/backend/cpu-high" {
		t.Fatalf("%+v: %v", status.Alarms, err)
	}
	alarms, err := b.app.operationsAlarms(t.Context())
	if err != nil || *status.AlarmsTotal != len(alarms) {
		t.Errorf("status counts %d, verify %d: %v", *status.AlarmsTotal, len(alarms), err)
	}
}

// An answer whose pages do not end is an error, and not for ever.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.cloud.EndlessPages = true
	status, err := b.app.Status(t.Context())
	if err == nil || status.AlarmsTotal != nil || b.cloud.Count("DescribeAlarms") > mostPages {
		t.Errorf("%v after %d calls", err, b.cloud.Count("DescribeAlarms"))
	}
	contains(t, fmt.Sprint(err), "describing alarms: the answer has more than 100 pages")
}

// A result fits on a screen; programs get every name whole.
func TestResultIsNarrow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result, err := b.deploy()
	if err != nil {
		t.Fatal(err)
	}
	for i := range result.Services { // as long as they really are
		result.Services[i].URLs = []string{"https://api.staging.ohmycoins.example.com/api/v1/utils/health-check/"}
	}
	var text strings.Builder
	result.Page().WriteText(&text)
	for _, line := range strings.Split(text.String(), "\n") {
		if len(line) > 180 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	contains(t, text.String(), "omc-backend@sha256:")
	if name := result.Services[0].After.Image; !strings.HasPrefix(name, "000000000000.dkr.ecr.") || len(image.DigestOf(name)) != len("sha256:")+64 {
		t.Errorf("in JSON: %s", name)
	}
}
