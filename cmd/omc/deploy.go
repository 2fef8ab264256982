package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func deployCommand(o *options) *cobra.Command {
	var (
		opt     verbs.Options
		builder string
		images  []string
	)
	cmd := &cobra.Command{
		Use:   "deploy ENV",
		Short: "Build, push, roll out, wait, check; roll back when anything is wrong",
		Long: `deploy checks all prerequisites and lists all that are not met; builds and pushes the
images, unless this commit's exist; records what runs; registers revisions that differ
in the image only, migrates, and updates the services; waits until ECS says that this
very deployment is complete; and makes the environment's HTTP checks. When the same
images run already, there is nothing to do unless --force is given. On failure,
time-out, failed check or Ctrl-C every service returns to what ran before. A second
Ctrl-C gives up and says what it leaves.

Exit status: 0 deployed; 1 failed, what ran before runs again (or, with --no-rollback,
what the message says); 2 nothing was changed; 3 failed, and what ran before could not be
put back: the message says what to do; 130 interrupted, what ran before runs.`,
		Example: `  omc deploy staging
  omc deploy staging --dry-run
  omc deploy production --image backend=omc-backend@sha256:… --image frontend=omc-frontend@sha256:…`,
	}
	o.asks(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opt.Source, "source", ".", "the application's working tree")
	flags.BoolVar(&opt.AllowDirty, "allow-dirty", false, "build from a tree with changes that are in no commit")
	flags.StringVar(&builder, "builder", "docker", "what builds the images: "+strings.Join(image.Builders(), ", "))
	flags.StringArrayVar(&images, "image", nil, "an image that exists, instead of building it: `SERVICE=repository@sha256:…` (may be repeated)")
	flags.StringVar(&opt.Service, "service", "", "the only service to deploy")
	flags.BoolVar(&opt.Force, "force", false, "roll out also what runs already")
	flags.DurationVar(&opt.Timeout, "timeout", 0, "how long everything may take but building and asking, such as 15m (default: the environment's, which putting back has in any case)")
	flags.BoolVar(&opt.Maintenance, "maintenance", false, "hold the messages of alarms back while services change; alarms still roll back what they guard")
	flags.BoolVar(&opt.NoRollback, "no-rollback", false, "leave a failed or interrupted deployment as it is: ECS does not roll it back either")
	offer(cmd, "builder", image.Builders()...)
	_ = cmd.MarkFlagDirname("source") // the flag is there
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, env environment.Environment) (err error) {
		if opt.Images, err = verbs.ParseImages(images, env); err != nil {
			return err
		}
		if opt.Builder, err = image.NewBuilder(builder); err != nil {
			return err
		}
		if err := checkTimeout(cmd, opt.Timeout); err != nil {
			return err
		}
		opt.DryRun = o.dryRun
		opt.Confirm = o.confirmation("deploy", env)
		return o.finish(app.Deploy(ctx, opt))
	})
}
