package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func secretsCommand(o *options) *cobra.Command {
	return group("secrets", "Check the application's secret, and change keys of it", secretsCheckCommand(o), secretsPutCommand(o))
}

func secretsCheckCommand(o *options) *cobra.Command {
	return o.verb(&cobra.Command{
		Use:   "check ENV",
		Short: "Compare the secret's keys with those that the application needs",
		Long: `check compares the keys of the secret's present version with those of the environment.
A key that the backend's task definition names has to be there and have a value; another
one that is missing, and one that nobody knows, is a warning. No value is shown.

Exit status: 0 when nothing stops the application; 1 otherwise; 2 when the secret could
not be read.`,
	}, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		return o.finish(app.CheckSecret(ctx))
	})
}

func secretsPutCommand(o *options) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "put ENV --file FILE",
		Short: "Merge the keys of a file into the secret",
		Long: `put writes the keys of a JSON file over those of the secret. Keys that the file does
not name stay as they are; none is ever dropped. The names of the keys are shown, and
no value is. While somebody deploys, nothing is written. A file that other users can read
is refused: chmod 600 FILE.

Exit status: 0 done, or nothing to do; 1 written, and not as it should be; 2 nothing was
written; 130 interrupted, nothing was written.`,
		Example: `  omc secrets put staging --file secrets.json --dry-run`,
	}
	o.asks(cmd)
	cmd.Flags().StringVar(&file, "file", "", "a JSON object of keys and values, all of them strings")
	_ = cmd.MarkFlagFilename("file", "json") // the flag is there
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) error {
		if file == "" {
			return errors.New("--file: is empty, want a JSON file of keys and values: omc secrets put " + env.Name + " --file secrets.json")
		}
		text, err := readPrivate(file)
		if err != nil {
			return fmt.Errorf("--file: %w", err)
		}
		change, err := app.PlanSecret(ctx, text)
		if err != nil || o.dryRun {
			return o.finish(change, err)
		}
		if change.Changes() {
			for _, key := range change.Keys {
				o.reporter().Info(key.Key + ": " + key.Change)
			}
			if err := o.confirm(ctx, "secrets put", env); err != nil {
				return err
			}
		}
		return o.finish(app.PutSecret(ctx, change))
	})
}

// readPrivate reads a file of secret values, unless other users can read it too.
func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // of what is read, whatever the path names by now
	if err != nil {
		return nil, err
	}
	const others = 0o077
	if info.Mode().IsRegular() && info.Mode().Perm()&others != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o, want 0600: other users can read its values: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	return io.ReadAll(file)
}
