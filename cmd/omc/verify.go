package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func verifyCommand(o *options) *cobra.Command {
	return o.verb(&cobra.Command{
		Use:   "verify ENV",
		Short: "Make the six health checks and list them all",
		Long: `verify looks at the ECS services, the application's endpoints, the load balancer's
targets, the database and the cache, the error lines of the last 15 minutes (at most 10
in each log group) and the alarms. It changes nothing.

Exit status: 0 when all six pass; 1 when one does not; 2 when the credentials do not work
or belong to another account.`,
	}, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		return o.finish(app.Verify(ctx))
	})
}
