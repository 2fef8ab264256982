package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func statusCommand(o *options) *cobra.Command {
	return o.verb(&cobra.Command{
		Use:   "status ENV",
		Short: "Show what runs, what is wrong, and what was done last",
		Long: `status shows what each service runs, the alarms that are not OK, who holds the lock,
how the last deployment ended, and what to do when it left something undone. It changes
nothing.

Exit status: 0 everything could be read; 1 not everything; 2 the credentials do not work or
belong to another account.`,
	}, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		return o.finish(app.Status(ctx))
	})
}
