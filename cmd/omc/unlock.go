package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/deploy"
)

// unlocked is what unlock did.
type unlocked struct {
	Environment string       `json:"environment"`
	Lock        *deploy.Lock `json:"lock,omitempty"`
	Removed     bool         `json:"removed"`
	text        string
}

// WriteText writes the result for people.
func (u unlocked) WriteText(w io.Writer) {
	switch {
	case u.Lock == nil:
		fmt.Fprintf(w, "%s is not locked\n", u.Environment)
	case u.Removed:
		fmt.Fprintf(w, "unlocked %s; see omc status %s for what the holder left\n", u.Environment, u.Environment)
	default:
		fmt.Fprintf(w, "would remove the lock of %s\n", u.text)
	}
}

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
			result := unlocked{Environment: env.Name}
			if !found {
				return o.print(result)
			}
			result.Lock, result.text = &lock, text
			o.reporter().Info("held: " + text)
			if o.dryRun {
				return o.print(result)
			}
			if err := o.confirm(cmd, env, true); err != nil {
				return err
			}
			if err := app.Unlock(cmd.Context(), lock); err != nil {
				return exitStatus{err, 1}
			}
			result.Removed = true
			return o.print(result)
		},
	}
	o.changes(cmd)
	return cmd
}
