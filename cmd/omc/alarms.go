package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func alarmsCommand(o *options) *cobra.Command {
	return group("alarms", "Find out whether alarms go off when they should, and reach people", alarmsTestCommand(o), alarmsAuditCommand(o), alarmsBacktestCommand(o))
}

func alarmsTestCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test ENV",
		Short: "Set an alarm of each severity to ALARM and back",
		Long: `test sets one alarm of each severity to ALARM and back to the state that it had, and
says which addresses should have received a message: tell them first. Of the alarms that
are not in ALARM and whose messages are not held back, it is the one whose message comes
soonest, the first by name of several. While somebody deploys, nothing is tested, because
the alarm would roll the deployment back; and nobody can deploy during the test.

Exit status: 0 done; 1 failed, or nobody is told about alarms of a severity, and every
alarm has its state again; 2 no alarm was touched; 3 an alarm could not be put back;
130 interrupted, every alarm has its state again.`,
		Example: `  omc alarms test staging --dry-run`,
	}
	o.asks(cmd)
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) error {
		test, err := app.PlanAlarmTest(ctx)
		if err != nil || o.dryRun {
			return o.finish(test, err)
		}
		for _, alarm := range test.Alarms {
			o.reporter().Info(alarm.Severity + ": " + alarm.Name)
		}
		if err := o.confirm(ctx, "alarms test", env); err != nil {
			return err
		}
		return o.finish(app.TestAlarms(ctx, test))
	})
}
