package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func alarmsAuditCommand(o *options) *cobra.Command {
	var prefix string
	var expected []string
	cmd := &cobra.Command{
		Use:   "audit ENV",
		Short: "Find alarms that can never tell anybody anything",
		Long: `audit looks at every alarm of the environment, or with --prefix at any others in its
account and region: whether its metric exists and has data, whether it tells somebody who
can hear it, its state, duplicates, composite alarms that name missing ones, what differs
from the Terraform JSON, the dashboards, and resources that no alarm watches. It changes
nothing.

Exit status: 0 nothing is wrong; 1 something is; 2 nothing could be found out, because of
the command line, a file, or the credentials; 130 interrupted.`,
		Example: `  omc alarms audit staging
  omc alarms audit staging --prefix ohmycoins-staging-`,
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", `how the names of the alarms begin; "" for every alarm (default: those of the operations stack)`)
	cmd.Flags().StringArrayVar(&expected, "expected", nil, "a file of Terraform JSON with what the alarms ought to be; may be repeated (default: cdktf.out/stacks/ENV/cdk.tf.json if it exists)")
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		opt := verbs.AuditOptions{Expected: expected}
		if cmd.Flags().Changed("prefix") {
			opt.Prefix = &prefix
		}
		return o.finish(app.AuditAlarms(ctx, opt))
	})
}
