package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func statusCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:               "status ENV",
		Short:             "Show what runs, what is wrong, and what was done last",
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, _, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			status, err := app.Status(cmd.Context())
			if err != nil {
				// What could be found out is worth showing.
				err = exitStatus{err, 1}
			}
			return errors.Join(o.print(status), err)
		},
	}
}
