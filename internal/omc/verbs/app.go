// Package verbs deploys the application to ECS and tells the truth about it: it
// builds and pushes images, rolls them out, judges the roll-out by the deployment
// that it started itself, checks the result, and puts back what ran before when
// anything is wrong. There is one file for each verb.
package verbs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
	"github.com/ohmycoins/infra/internal/omc/report"
	"github.com/ohmycoins/infra/stacks/environment"
)

// App carries out the verbs of the command line for one environment.
type App struct {
	env       environment.Environment
	aws       awsapi.Clients
	clock     Clock
	out       report.Reporter
	http      *http.Client
	interrupt <-chan struct{}
	redact    *report.Redactor
	host      string
}

// Config is what an [App] needs to know. Fields without a default are required.
type Config struct {
	Environment environment.Environment
	// AWS is how to reach AWS. Default for its Retryer: five attempts with backoff;
	// for its HTTPClient: ten seconds for each attempt.
	AWS aws.Config
	// Credentials reads the credentials anew when those of AWS have expired while a verb
	// runs: somebody may have logged in again. Default: those of AWS are asked again.
	Credentials func(context.Context) (aws.CredentialsProvider, error)
	// Clock is what time it is. Default: the system's.
	Clock Clock
	// Reporter is told what happens. Default: nobody is.
	Reporter report.Reporter
	// HTTP makes the requests of the environment's checks. Default: a client that
	// gives each ten seconds and follows no redirect.
	HTTP *http.Client
	// Interrupt is closed when the user asks to stop: what was changed is put back.
	// Canceling the context of a verb, in contrast, gives up at once. Default: nobody
	// asks.
	Interrupt <-chan struct{}
}

// New returns an App. It calls nothing yet.
func New(cfg Config) *App {
	known, _ := json.Marshal(cfg.Environment) // it has no type that JSON lacks
	hidden := &report.Redactor{Known: string(known)}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	app := &App{
		env:       cfg.Environment,
		aws:       awsapi.New(cfg.AWS, cfg.Environment, cfg.Credentials),
		clock:     cfg.Clock,
		out:       report.Redacted(cfg.Reporter, hidden),
		http:      cmp.Or(cfg.HTTP, checkClient()),
		interrupt: cfg.Interrupt,
		redact:    hidden,
		host:      host,
	}
	if app.clock == nil {
		app.clock = SystemClock{}
	}
	return app
}

// interruptible returns a context that ends with ctx and when the user asks to stop.
func (a *App) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancelCause(ctx)
	if a.interrupt != nil {
		go func() {
			select {
			case <-a.interrupt:
				cancel(awsapi.ErrInterrupted)
			case <-work.Done():
			}
		}()
	}
	return work, func() { cancel(nil) }
}

// readTime is how long a verb may take that only reads.
const readTime = 2 * time.Minute

// overdue is the cause of a context that ended because its time was over.
type overdue struct{ limit time.Duration }

func (o overdue) Error() string { return fmt.Sprintf("it has not ended within %s", o.limit) }

// within returns a context that ends with ctx, and when d has passed: with [overdue], which
// names the limit that d is what is left of.
func (a *App) within(ctx context.Context, d, limit time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancelCause(ctx)
	late := func() { cancel(overdue{limit}) }
	if d <= 0 {
		late()
	}
	quit := a.clock.After(d, late)
	return work, func() { quit(); cancel(nil) }
}

// reading is interruptible for a verb that only reads, which ends after [readTime].
func (a *App) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	work, stop := a.interruptible(ctx)
	work, end := a.within(work, readTime, readTime)
	return work, func() { end(); stop() }
}

// lateness returns the error of what ran with work: when its time was over, that is why
// it failed, and the error says what was going on then.
func lateness(work context.Context, failure error) error {
	late := overdue{}
	if failure == nil || !errors.As(context.Cause(work), &late) || errors.As(failure, &late) || errors.As(failure, &rolloutFailed{}) {
		return failure
	}
	return fmt.Errorf("%w: %w", late, failure)
}

// interruption returns the error of a verb that ran with work: when the user asked to
// stop, that is why it failed, whatever was going on then.
func interruption(work context.Context, failure error) error {
	failure = lateness(work, failure)
	if !errors.Is(context.Cause(work), awsapi.ErrInterrupted) {
		return failure
	}
	if errors.Is(failure, awsapi.ErrInterrupted) {
		return failure
	}
	if errors.As(failure, &unmet{}) { // they could not be found out
		return awsapi.ErrInterrupted
	}
	return fmt.Errorf("%w: %w", awsapi.ErrInterrupted, failure)
}

// unstarted is the outcome of a verb that failed before it changed anything.
func unstarted(failure error) report.Outcome {
	if errors.Is(failure, awsapi.ErrInterrupted) {
		return report.Interrupted
	}
	return report.NothingChanged
}

// fail writes into e how a verb ended, and returns the error of the verb. Neither
// shows what must not be seen.
func (a *App) fail(e *report.Ending, outcome report.Outcome, failure error) error {
	*e = report.Ending{Outcome: outcome, State: e.State}
	if failure == nil {
		return nil
	}
	e.Error = a.redact.Clean(failure.Error())
	if u := (unmet{}); errors.As(failure, &u) {
		for _, f := range u.findings {
			e.Findings = append(e.Findings, report.Finding{
				Subject: a.redact.Clean(f.Subject), Problem: a.redact.Clean(f.Problem), Next: a.redact.Clean(f.Next),
			})
		}
	}
	return a.redact.Wrap(failure)
}

// permitted says who we are. It fails unless the credentials work and belong to the
// environment's account.
func (a *App) permitted(ctx context.Context) (identity, error) {
	found := &findings{}
	return a.identify(ctx, found), found.unmet()
}

// lastWordsTime is how long each of the last words may take, all attempts together:
// several times [awsapi.AttemptTimeout].
const lastWordsTime = time.Minute

// lastWords returns a context for what is still worth trying after ctx has ended:
// saying in the record how it ended, and giving the lock back.
func (a *App) lastWords(ctx context.Context) (context.Context, context.CancelFunc) {
	return a.within(context.WithoutCancel(ctx), lastWordsTime, lastWordsTime)
}
