package verbs

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/internal/test/localaws"
	"github.com/ohmycoins/infra/stacks/environment"
)

// startMoto starts a moto that holds what exists already in staging.
func startMoto(t *testing.T) (*localaws.Server, environment.Environment) {
	t.Helper()
	server, err := localaws.Start(t.Context(), filepath.Join("..", "..", ".."), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	env := environment.Staging()
	if err := localaws.Seed(t.Context(), server, env); err != nil {
		t.Fatal(err)
	}
	return server, env
}

// accountOf asks moto which account it pretends to be.
func accountOf(t *testing.T, server *localaws.Server) string {
	t.Helper()
	out, err := sts.NewFromConfig(server.Config()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Account)
}

// TestOnMoto does against moto what moto does well: everything before the roll-out.
// It knows the real names, and was not written by us.
func TestOnMoto(t *testing.T) {
	t.Parallel()
	server, env := startMoto(t)
	log := &recorder{}
	app := New(Config{Environment: env, AWS: server.Config(), Reporter: log})
	opt := Options{Source: workingTree(t), Builder: &fakeBuilder{}, DryRun: true}

	// The operations stack, which has the alarms, is not deployed.
	result, err := app.Deploy(t.Context(), opt)
	if result.Outcome != report.NothingChanged || len(result.Findings) != 5 {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	for _, finding := range result.Findings[:3] {
		contains(t, finding.String(), "alarm ohmycoins-staging/", "it does not exist", "cdktf deploy staging")
	}
	alarms := cloudwatch.NewFromConfig(server.Config(), localaws.CloudWatchJSON)
	for _, name := range guards(app.env.Cluster.Services) {
		_, err := alarms.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("AWS/ECS"), MetricName: aws.String("CPUUtilization"), Statistic: "Average",
			ComparisonOperator: "GreaterThanThreshold", Threshold: aws.Float64(1), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: "OK", StateReason: aws.String("test")}); err != nil {
			t.Fatal(err)
		}
	}
	// All that is left is that moto never ends a roll-out.
	if result, err = app.Deploy(t.Context(), opt); len(result.Findings) != 2 {
		t.Fatalf("%v: %v", result.Outcome, err)
	}
	for _, finding := range result.Findings {
		contains(t, finding.String(), "service ohmycoins-staging-", "a roll-out is in progress")
	}
	account := accountOf(t, server)
	contains(t, log.text(), "AWS account "+account)
	result, err = app.Rollback(t.Context(), RollbackOptions{To: "ohmycoins-staging-backend:1", DryRun: true})
	if err != nil || result.Outcome != report.Planned || !strings.HasSuffix(result.Services[0].Before.Image, "/omc-backend:latest") {
		t.Fatalf("%+v: %v", result, err)
	}

	t.Run("images", func(t *testing.T) { motoImages(t, app, server, account+".dkr.ecr.ap-southeast-2.amazonaws.com") })
	t.Run("store", func(t *testing.T) { motoStore(t, app) })
	t.Run("status", func(t *testing.T) {
		status, err := app.Status(t.Context())
		if err != nil || len(status.Services) != 2 || status.Services[0].Status != "ACTIVE" || status.AlarmsTotal == nil || *status.AlarmsTotal != len(guards(env.Cluster.Services)) {
			t.Errorf("%+v: %v", status, err)
		}
	})
	t.Run("verbs", func(t *testing.T) { motoVerbs(t, server) })
	t.Run("a missing key", func(t *testing.T) {
		_, err := secretsmanager.NewFromConfig(server.Config()).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
			SecretId: &env.Secret.Name, SecretString: aws.String(`{"SECRET_KEY":"something-secret"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		result, err := app.Deploy(t.Context(), opt)
		if result.Outcome != report.NothingChanged {
			t.Fatalf("%v: %v", result.Outcome, err)
		}
		contains(t, err.Error(), "it has no key OPENAI_API_KEY")
	})
}

func motoImages(t *testing.T, app *App, server *localaws.Server, host string) {
	digest, err := app.findImage(t.Context(), "omc-backend", tagged("nothing"))
	if err != nil || digest != "" {
		t.Errorf("an image that does not exist: %q, %v", digest, err)
	}
	manifest := `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1,"digest":"sha256:` + strings.Repeat("a", 64) + `"},"layers":[]}`
	put, err := ecr.NewFromConfig(server.Config()).PutImage(t.Context(), &ecr.PutImageInput{
		RepositoryName: aws.String("omc-backend"), ImageManifest: &manifest, ImageTag: aws.String("0123456789ab"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if digest, err = app.findImage(t.Context(), "omc-backend", tagged("0123456789ab")); err != nil || digest != aws.ToString(put.Image.ImageId.ImageDigest) {
		t.Errorf("%q, %v, want %s", digest, err, aws.ToString(put.Image.ImageId.ImageDigest))
	}
	login, err := app.registryLogin(t.Context(), host+"/omc-backend")
	if err != nil || login.User != "AWS" || login.Registry != host {
		t.Errorf("%+v: %v", login, err)
	}
}

func motoStore(t *testing.T, app *App) {
	store, now := app.store(), time.Now()
	mine := ledger.Lock{ID: "mine", Owner: "me", Host: "here", Time: now, TimeoutSeconds: 60}
	theirs := ledger.Lock{ID: "theirs", Owner: "they", Host: "there", Time: now, TimeoutSeconds: 60}
	etag, err := store.Acquire(t.Context(), mine, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Acquire(t.Context(), theirs, now); err == nil || !strings.Contains(err.Error(), "somebody else holds the lock") {
		t.Errorf("a second lock: %v", err)
	}
	if err := store.Verify(t.Context(), mine); err != nil {
		t.Error(err)
	}
	if etag, err = store.Renew(t.Context(), mine, etag); err != nil || etag == ledger.NoObject {
		t.Errorf("a sign of life: %q, %v", etag, err)
	}
	if _, err := store.Renew(t.Context(), theirs, `"another"`); !errors.As(err, &ledger.Lost{}) {
		t.Errorf("somebody else could write our lock again: %v", err)
	}
	if removed, err := store.Release(t.Context(), theirs); err != nil || removed {
		t.Error(removed, err)
	}
	if err := store.Verify(t.Context(), mine); err != nil {
		t.Errorf("somebody else could give our lock back: %v", err)
	}
	if removed, err := store.Release(t.Context(), mine); err != nil || !removed {
		t.Error(removed, err)
	}
	if err := store.Verify(t.Context(), mine); err == nil {
		t.Error("a lock that was given back is still ours")
	}
	if _, err := store.Renew(t.Context(), mine, etag); !errors.As(err, &ledger.Lost{}) {
		t.Errorf("a lock that was given back can be renewed: %v", err)
	}
	for _, hour := range []int{1, 3, 2} {
		at := now.Add(time.Duration(hour) * time.Hour)
		if err := store.Save(t.Context(), &ledger.Record{ID: ledger.NewID(at), Started: at, Step: strings.Repeat("x", hour)}); err != nil {
			t.Fatal(err)
		}
	}
	records, err := store.Records(t.Context(), 2)
	if err != nil || len(records) != 2 || records[0].Step != "xxx" || records[1].Step != "xx" {
		t.Errorf("%+v: %v, want the two newest, newest first", records, err)
	}
}

func tagged(tag string) ecrtypes.ImageIdentifier { return ecrtypes.ImageIdentifier{ImageTag: &tag} }
