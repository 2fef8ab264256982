package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func secretsCommand(o *options) *cobra.Command {
	return group("secrets", "Check the application's secret, and change keys of it", secretsCheckCommand(o), secretsPutCommand(o))
}

func secretsCheckCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "check ENV",
		Short: "Compare the secret's keys with those that the application needs",
		Long: `check compares the keys of the secret's present version with those of the environment.
A key that the backend's task definition names has to be there and have a value; another
one that is missing, and one that nobody knows, is a warning. No value is shown.

Exit status: 0 when nothing stops the application; 1 otherwise; 2 when the secret could
not be read.`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, _, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			result, err := app.CheckSecret(cmd.Context())
			return o.end(result, result.Outcome, err)
		},
	}
}

func secretsPutCommand(o *options) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "put ENV --file FILE",
		Short: "Merge the keys of a file into the secret",
		Long: `put writes the keys of a JSON file over those of the secret. Keys that the file does
not name stay as they are; none is ever dropped. The names of the keys are shown, and
no value is.`,
		Example:           `  omc secrets put staging --file secrets.json --dry-run`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return fmt.Errorf("--file: is empty, want a JSON file of keys and values: %s %s --file secrets.json", cmd.CommandPath(), args[0])
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("--file: %w", err)
			}
			app, env, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			change, err := app.PlanSecret(cmd.Context(), text)
			if err != nil || o.dryRun {
				return o.end(change, change.Outcome, err)
			}
			if change.Changes() {
				for _, key := range change.Keys {
					o.reporter().Info(key.Key + ": " + key.Change)
				}
				if err := o.confirm(cmd, env, false); err != nil {
					return err
				}
			}
			change, err = app.PutSecret(cmd.Context(), change)
			return o.end(change, change.Outcome, err)
		},
	}
	o.changes(cmd)
	cmd.Flags().StringVar(&file, "file", "", "a JSON object of keys and values, all of them strings")
	_ = cmd.MarkFlagFilename("file", "json")
	return cmd
}
