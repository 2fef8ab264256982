package verbs

import (
	"context"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	// Now returns the time.
	Now() time.Time
	// Sleep waits for d. It returns the cause of ctx's end when that comes first.
	Sleep(ctx context.Context, d time.Duration) error
	// After calls do when d has passed, unless cancel is called before. It does not wait.
	After(d time.Duration, do func()) (cancel func())
}

// SystemClock is the time of the machine.
type SystemClock struct{}

// Now returns the time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits for d or the end of ctx.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// After calls do when d has passed.
func (SystemClock) After(d time.Duration, do func()) (cancel func()) {
	timer := time.AfterFunc(d, do)
	return func() { timer.Stop() }
}
