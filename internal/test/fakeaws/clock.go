package fakeaws

import (
	"context"
	"slices"
	"time"
)

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep lets time pass and returns at once.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.Advance(d)
	return nil
}

// After calls do when that much time has passed, before whoever lets it pass goes on.
func (c *Clock) After(d time.Duration, do func()) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &alarmClock{at: c.now.Add(d), do: do}
	c.alarms = append(c.alarms, a)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.alarms = slices.DeleteFunc(c.alarms, func(other *alarmClock) bool { return other == a })
	}
}

// alarmClock is what is to be done at a time.
type alarmClock struct {
	at time.Time
	do func()
}

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) {
	for _, a := range c.advance(d) {
		a.do()
	}
}

// AdvanceTo lets time pass until then, if it is not later already.
func (c *Clock) AdvanceTo(then time.Time) {
	for _, a := range c.advance(max(0, then.Sub(c.Now()))) {
		a.do()
	}
}

// advance lets time pass, and returns what is due, earliest first.
func (c *Clock) advance(d time.Duration) (due []*alarmClock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.alarms = slices.DeleteFunc(c.alarms, func(a *alarmClock) bool {
		if a.at.After(c.now) {
			return false
		}
		due = append(due, a)
		return true
	})
	slices.SortStableFunc(due, func(a, b *alarmClock) int { return a.at.Compare(b.at) })
	return due
}
