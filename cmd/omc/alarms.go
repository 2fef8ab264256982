package main

import (
	"github.com/spf13/cobra"
)

func alarmsCommand(o *options) *cobra.Command {
	return group("alarms", "Test the way from alarms to people", alarmsTestCommand(o))
}

func alarmsTestCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test ENV",
		Short: "Set an alarm of each severity to ALARM and back",
		Long: `test sets one alarm of each severity to ALARM and back to the state that it had, and
says which addresses should have received a message: tell them first. The alarm is the
first by name that is not in ALARM. While somebody deploys, nothing is tested: the alarm
would roll the deployment back.

Exit status: 0 done; 1 failed, or nobody is told about alarms of a severity, and every
alarm has its state again; 2 no alarm was touched; 3 an alarm could not be put back;
130 interrupted, every alarm has its state again.`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, env, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			test, err := app.PlanAlarmTest(cmd.Context())
			if err != nil || o.dryRun {
				return o.end(test, test.Outcome, err)
			}
			for _, alarm := range test.Alarms {
				o.reporter().Info(alarm.Severity + ": " + alarm.Name)
			}
			if err := o.confirm(cmd, env, false); err != nil {
				return err
			}
			test, err = app.TestAlarms(cmd.Context(), test)
			return o.end(test, test.Outcome, err)
		},
	}
	o.changes(cmd)
	return cmd
}
