package main

import (
	"github.com/spf13/cobra"
)

func verifyCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "verify ENV",
		Short: "Make the six health checks and list them all",
		Long: `verify looks at the ECS services, the application's endpoints, the load balancer's
targets, the database and the cache, the error lines of the last 15 minutes (at most 10
in each log group) and the alarms. It changes nothing.

Exit status: 0 when all six pass; 1 when one does not; 2 when the credentials do not work
or belong to another account.`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, _, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			result, err := app.Verify(cmd.Context())
			return o.end(result, result.Outcome, err)
		},
	}
}
