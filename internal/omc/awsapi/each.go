package awsapi

import (
	"context"
	"errors"
	"sync"
)

// Each calls do for every item at once, waits for all and joins their errors.
func Each[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	var group sync.WaitGroup
	for i, item := range items {
		group.Go(func() { errs[i] = do(item) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// EachUntilFailure calls do for every item at once. The first error ends the others
// and is the one that is returned.
func EachUntilFailure[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var first error
	var once sync.Once
	_ = Each(items, func(item T) error {
		if err := do(ctx, item); err != nil {
			once.Do(func() { first = err; cancel(err) })
		}
		return nil
	})
	return first
}

// Indexes returns the numbers from 0 to n-1, for [Each].
func Indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
