package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func unlockCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock ENV",
		Short: "Take the lock away from a deployment that died",
		Long: `unlock removes the lock of a deployment that died. Unless the lock is older than its
own time-out, its holder may still be at work: it then changes nothing more, and says
so. You are asked first.`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, env, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			lock, text, found, err := app.Holder(cmd.Context())
			if err != nil {
				return exitStatus{err, 1}
			}
			if !found {
				o.reporter().Info(env.Name + " is not locked")
				return nil
			}
			o.reporter().Info("held: " + text)
			if o.dryRun {
				o.reporter().Info("would remove this lock")
				return nil
			}
			if err := o.confirm(cmd, env, true); err != nil {
				return err
			}
			if err := app.Unlock(cmd.Context(), lock); err != nil {
				return exitStatus{err, 1}
			}
			o.reporter().Info(fmt.Sprintf("unlocked; see omc status %s for what the holder left", env.Name))
			return nil
		},
	}
	o.changes(cmd)
	return cmd
}
