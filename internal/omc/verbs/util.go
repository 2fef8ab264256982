package verbs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// each calls do for every item at once, waits for all and joins their errors.
func each[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	var group sync.WaitGroup
	for i, item := range items {
		group.Go(func() { errs[i] = do(item) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// eachUntilFailure calls do for every item at once. The first error ends the others
// and is the one that is returned.
func eachUntilFailure[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var first error
	var once sync.Once
	_ = each(items, func(item T) error {
		if err := do(ctx, item); err != nil {
			once.Do(func() { first = err; cancel(err) })
		}
		return nil
	})
	return first
}

// newToken returns what AWS takes for the id of one request: 32 characters.
func newToken() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}
