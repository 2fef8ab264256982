package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func rollbackCommand(o *options) *cobra.Command {
	var opt verbs.RollbackOptions
	cmd := &cobra.Command{
		Use:   "rollback ENV",
		Short: "Return to what ran before",
		Long: `rollback returns every service to what ran before what runs now, as the records say, and
never to a newer revision. After a deployment or a rollback that did not succeed it
finishes what was left undone; where nothing was, it says so and does nothing. It waits
and checks like a deployment.

Exit status: 0 done and checked, or nothing to do; 2 nothing was changed; 3 failed or interrupted after a
service was updated: the message says what is left and what to do; 130 interrupted, nothing
was changed.`,
		Example: `  omc rollback staging --dry-run
  omc rollback staging
  omc rollback production --service backend --to 41`,
	}
	o.asks(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opt.To, "to", "", "the `REVISION` to return to: 41 with --service, or family:41")
	flags.StringVar(&opt.Service, "service", "", "the only service to roll back")
	flags.DurationVar(&opt.Timeout, "timeout", 0, "how long everything may take but asking (default: the environment's)")
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) error {
		opt.DryRun = o.dryRun
		if err := checkTimeout(cmd, opt.Timeout); err != nil {
			return err
		}
		opt.Confirm = o.confirmation("rollback", env)
		return o.finish(app.Rollback(ctx, opt))
	})
}
