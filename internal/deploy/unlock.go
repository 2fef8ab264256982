package deploy

import (
	"context"
	"fmt"
)

// Holder returns the lock that somebody holds on the environment, if anybody does,
// and what is to be said about it.
func (a *App) Holder(ctx context.Context) (lock Lock, text string, found bool, err error) {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	lock, found, err = a.store().holder(ctx)
	if err != nil || !found {
		return Lock{}, "", false, a.redact.wrap(err)
	}
	return lock, lock.describe(a.clock.Now()), true, nil
}

// Unlock takes a lock away from its holder, who then changes nothing more. It is no
// error when the lock is gone; a lock that somebody else has taken meanwhile stays.
func (a *App) Unlock(ctx context.Context, lock Lock) error {
	if err := a.store().release(ctx, lock.ID); err != nil {
		return a.redact.wrap(fmt.Errorf("unlocking %s: %w", a.env.Name, err))
	}
	return nil
}
