package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func maintenanceCommand(o *options) *cobra.Command {
	var opt verbs.MaintenanceOptions
	cmd := &cobra.Command{
		Use:   "maintenance ENV",
		Short: "Hold the messages of all alarms back for a while",
		Long: `maintenance holds the messages of all alarms of an environment back, from now on for
as long as you say, and ends by itself. Alarms go on watching: what is still in ALARM
five minutes after the end is told then. Whoever gets warnings is told that it begins,
why, and that it is over. Windows add up: the last one to end counts.

Exit status: 0 done, or there was nothing to end; 1 failed halfway; 2 nothing was
changed; 130 interrupted.`,
		Example: `  omc maintenance staging --for 30m --reason "new database version" --dry-run
  omc maintenance staging --end`,
	}
	o.asks(cmd)
	flags := cmd.Flags()
	flags.DurationVar(&opt.For, "for", 0, "how long, such as 30m; at most "+verbs.LongestMaintenance.String())
	flags.StringVar(&opt.Reason, "reason", "", "why, for the message to the team")
	flags.BoolVar(&opt.End, "end", false, "end it now")
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) error {
		if err := opt.Validate(); err != nil {
			return err
		}
		plan, err := app.PlanMaintenance(ctx, opt)
		if err != nil || o.dryRun {
			return o.finish(plan, err)
		}
		if !opt.End {
			if err := o.confirm(ctx, "maintenance", env); err != nil {
				return err
			}
		}
		return o.finish(app.Maintain(ctx, plan))
	})
}
