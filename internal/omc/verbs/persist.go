package verbs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
)

// patience is how long to go on with a call that fails: while AWS does not answer, and
// while the credentials have expired.
type patience struct{ silence, login time.Duration }

// persist calls do until it succeeds or fails for a reason that will not pass. It
// outlives an outage of AWS or the network, and expired credentials, and says so.
func (a *App) persist(ctx context.Context, what string, do func(context.Context) error) error {
	return a.persistFor(ctx, patience{awsapi.Outage, awsapi.Relogin}, what, do)
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
		switch trouble := awsapi.TroubleOf(err); {
		case trouble == awsapi.Transient && silent <= p.silence:
			a.out.Live(what, "no answer from AWS, trying again: "+awsapi.Brief(err), silent)
		case trouble == awsapi.Expired && silent < p.login:
			a.logInAgain(ctx, what, silent)
		default:
			return fmt.Errorf("%s: %w", what, err)
		}
		if a.clock.Sleep(ctx, awsapi.PollInterval) != nil {
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
	return fmt.Errorf("%s: %w; before that: %s", what, context.Cause(ctx), awsapi.Brief(last))
}

// logInAgain reads the credentials anew after they have expired, and says so. Those of
// another account are left alone: a verb never changes its account on its way.
func (a *App) logInAgain(ctx context.Context, what string, silent time.Duration) {
	err := a.renew(ctx)
	if err == nil {
		a.out.Info(what + ": there are new credentials")
		return
	}
	a.out.Live(what, fmt.Sprintf("the credentials have expired: log in again within %s and it goes on: %s",
		(awsapi.Relogin-silent).Round(time.Second), awsapi.Brief(err)), silent)
}

func (a *App) renew(ctx context.Context) error {
	from, account, err := a.aws.Login.Next(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return errors.New("there are none")
	}
	who, err := a.aws.Caller.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.Credentials, o.Retryer = from, aws.NopRetryer{}
	})
	if err != nil {
		return err
	}
	if got := aws.ToString(who.Account); account != "" && got != account {
		return fmt.Errorf("the new ones belong to account %s, want %s", got, account)
	}
	a.aws.Login.Use(from)
	return nil
}
