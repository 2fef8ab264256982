//go:build !linux && !darwin

package filelock

import "context"

// Lock does nothing where the system has no flock.
func Lock(context.Context, string) (unlock func(), err error) {
	return func() {}, nil
}

// TryLock never holds a lock where the system has no flock.
func TryLock(string) (unlock func(), ok bool) { return nil, false }
