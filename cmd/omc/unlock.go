package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func unlockCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock ENV",
		Short: "Take the lock away from a deployment that died",
		Long: `unlock removes the lock of a deployment that died. Unless the lock is older than its
own time-out, its holder may still be at work: it then changes nothing more, and says
so. You are asked first, in every environment.

Exit status: 0 nobody holds the lock; 1 it could not be removed; 2 nothing was changed.`,
	}
	o.asks(cmd)
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) error {
		plan, err := app.PlanUnlock(ctx)
		if err != nil {
			return o.finish(plan, err)
		}
		if plan.Lock != nil {
			o.reporter().Info("held: " + plan.LockText)
		}
		if o.dryRun {
			return o.finish(plan, nil)
		}
		if plan.Lock != nil && !o.yes {
			if err := o.ask(ctx, "unlock", env); err != nil {
				return err
			}
		}
		return o.finish(app.Unlock(ctx, plan))
	})
}
