package verbs

import (
	"context"
	"fmt"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
)

// Unlocking is a lock that is taken away from its holder. It is what --output json
// prints.
type Unlocking struct {
	Environment string `json:"environment"`
	report.Ending
	// Lock is the lock, nil when nobody holds it. LockText puts it into words.
	Lock     *ledger.Lock `json:"lock,omitempty"`
	LockText string       `json:"lockText,omitempty"`
	Removed  bool         `json:"removed"`
}

// PlanUnlock says who holds the lock on the environment, and changes nothing.
// [App.Unlock] then takes it away.
func (a *App) PlanUnlock(ctx context.Context) (Unlocking, error) {
	work, stop := a.reading(ctx)
	defer stop()
	result := Unlocking{Environment: a.env.Name}
	// The lock of another account's environment is not ours to remove.
	_, err := a.permitted(work)
	var lock ledger.Lock
	var found bool
	if err == nil {
		lock, found, err = a.store().Holder(work)
	}
	if err != nil {
		err = interruption(work, err)
		return result, a.fail(&result.Ending, unstarted(err), err)
	}
	if found {
		result.Lock, result.LockText = &lock, lock.Describe(a.clock.Now())
	}
	return result, a.fail(&result.Ending, report.Planned, nil)
}

// Unlock takes a lock away from its holder, who then changes nothing more. It is no
// error when the lock is gone; a lock that somebody else has taken meanwhile stays.
func (a *App) Unlock(ctx context.Context, plan Unlocking) (Unlocking, error) {
	if plan.Lock == nil {
		return plan, a.fail(&plan.Ending, report.Succeeded, nil)
	}
	work, end := a.within(ctx, readTime, readTime)
	defer end()
	removed, err := a.store().Release(work, *plan.Lock)
	if err = lateness(work, err); err != nil {
		return plan, a.fail(&plan.Ending, report.Failed, fmt.Errorf("unlocking %s: %w", a.env.Name, err))
	}
	plan.Removed = removed
	return plan, a.fail(&plan.Ending, report.Succeeded, nil)
}

// Page returns the result for people.
func (u Unlocking) Page() report.Page {
	text := "would remove the lock: " + u.LockText
	switch {
	case u.Error != "":
		text = string(u.Outcome)
	case u.Lock == nil:
		text = u.Environment + " is not locked"
	case u.Outcome == report.Succeeded && !u.Removed:
		text = fmt.Sprintf("that lock is gone already; see omc status %s for what is there now", u.Environment)
	case u.Removed:
		text = fmt.Sprintf("unlocked; see omc status %s for what the holder left", u.Environment)
	}
	return report.Page{Title: fmt.Sprintf("omc unlock %s: %s", u.Environment, text), Error: u.Error}
}
