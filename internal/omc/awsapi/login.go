package awsapi

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// NoCredentials is the error of a call that never happened, because there were no
// credentials to sign it with. The SDK has no type of its own for that.
type NoCredentials struct{ err error }

func (n NoCredentials) Error() string { return n.err.Error() }
func (n NoCredentials) Unwrap() error { return n.err }

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

// Retrieve returns the credentials. Its errors are of type [NoCredentials].
func (l *login) Retrieve(ctx context.Context) (aws.Credentials, error) {
	l.mu.Lock()
	from := l.from
	l.mu.Unlock()
	found, err := from.Retrieve(ctx)
	if err != nil {
		return found, NoCredentials{err}
	}
	return found, nil
}

// Use makes the credentials come from there.
func (l *login) Use(from aws.CredentialsProvider) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = from
}

// BelongsTo remembers whose credentials they are.
func (l *login) BelongsTo(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.account = account
}

// Next returns where credentials come from now.
func (l *login) Next(ctx context.Context) (from aws.CredentialsProvider, account string, err error) {
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
