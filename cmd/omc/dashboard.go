package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func dashboardCommand(o *options) *cobra.Command {
	since := days(3 * time.Hour)
	opt := verbs.DashboardOptions{}
	cmd := &cobra.Command{
		Use:   "dashboard ENV",
		Short: "Draw the dashboard as one page that needs neither AWS nor a network",
		Long: `dashboard draws the dashboards of the environment as they are now, with the states of
their alarms, as one HTML page: to send it, to keep it with a report of an incident, or to
look without the console. It changes nothing in AWS.

Exit status: 0 the page is written, and the output says what could not be drawn; 2 there
is no page, because of the command line, the credentials, or no dashboard; 130
interrupted.`,
		Example: `  omc dashboard staging
  omc dashboard staging --since 24h --file incident.html`,
	}
	cmd.Flags().Var(&since, "since", "how far the graphs go back, such as 3h or 2d")
	cmd.Flags().StringVar(&opt.File, "file", "", "where to write the page (default: dashboard-ENV.html)")
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		opt.Since, opt.DryRun = time.Duration(since), o.dryRun
		return o.finish(app.Dashboard(ctx, opt))
	})
}
