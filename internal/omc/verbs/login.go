package verbs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// noCredentials is the error of a call that never happened, because there were no
// credentials to sign it with. The SDK has no type of its own for that.
type noCredentials struct{ err error }

func (n noCredentials) Error() string { return n.err.Error() }
func (n noCredentials) Unwrap() error { return n.err }

// A login is where credentials come from, and where new ones come from when those have
// expired.
type login struct {
	mu   sync.Mutex
	from aws.CredentialsProvider
	// read reads the user's configuration anew; nil asks from again.
	read func(context.Context) (aws.CredentialsProvider, error)
	// account is whose credentials they are, "" as long as nobody has asked.
	account string
}

// Retrieve returns the credentials. Its errors are of type [noCredentials].
func (l *login) Retrieve(ctx context.Context) (aws.Credentials, error) {
	l.mu.Lock()
	from := l.from
	l.mu.Unlock()
	found, err := from.Retrieve(ctx)
	if err != nil {
		return found, noCredentials{err}
	}
	return found, nil
}

// belongsTo remembers whose credentials they are.
func (l *login) belongsTo(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account = account
}

// next returns where credentials come from now.
func (l *login) next(ctx context.Context) (from aws.CredentialsProvider, account string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from = l.from
	if cache, ok := from.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
	if l.read != nil {
		from, err = l.read(ctx)
	}
	return from, l.account, err
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
		(relogin-silent).Round(time.Second), brief(err)), silent)
}

func (a *App) renew(ctx context.Context) error {
	from, account, err := a.aws.login.next(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return errors.New("there are none")
	}
	who, err := a.aws.caller.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.Credentials, o.Retryer = from, aws.NopRetryer{}
	})
	if err != nil {
		return err
	}
	if got := aws.ToString(who.Account); account != "" && got != account {
		return fmt.Errorf("the new ones belong to account %s, want %s", got, account)
	}
	a.aws.login.mu.Lock()
	defer a.aws.login.mu.Unlock()
	a.aws.login.from = from
	return nil
}
