package main

import (
	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/deploy"
)

func rollbackCommand(o *options) *cobra.Command {
	var opt deploy.RollbackOptions
	cmd := &cobra.Command{
		Use:   "rollback ENV",
		Short: "Return to what ran before",
		Long: `rollback returns every service to the last deployment that succeeded, as the records
say. When that is what runs now, it returns to the one before it.`,
		Example: `  omc rollback staging
  omc rollback production --service backend --to 41`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.DryRun = o.dryRun
			if err := checkTimeout(opt.Timeout); err != nil {
				return err
			}
			app, env, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := o.confirm(cmd, env, false); err != nil {
				return err
			}
			return o.finish(app.Rollback(cmd.Context(), opt))
		},
	}
	o.changes(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opt.To, "to", "", "the `REVISION` to return to: 41 with --service, or family:41")
	flags.StringVar(&opt.Service, "service", "", "the only service to roll back")
	flags.DurationVar(&opt.Timeout, "timeout", 0, "how long it may take (default: the environment's)")
	return cmd
}
