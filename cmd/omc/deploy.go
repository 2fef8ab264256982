package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/deploy"
	"github.com/ohmycoins/infra/stacks/environment"
)

func deployCommand(o *options) *cobra.Command {
	var (
		opt     deploy.Options
		builder string
		images  []string
	)
	cmd := &cobra.Command{
		Use:   "deploy ENV",
		Short: "Build, push, roll out, wait, check; roll back when anything is wrong",
		Example: `  omc deploy staging
  omc deploy staging --dry-run
  omc deploy production --image backend=omc-backend@sha256:… --image frontend=omc-frontend@sha256:…`,
		Args:              oneEnvironment,
		ValidArgsFunction: completeEnvironment,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			env, _ := environment.Lookup(args[0])
			if opt.Images, err = deploy.ParseImages(images, env); err != nil {
				return err
			}
			if opt.Builder, err = deploy.NewBuilder(builder); err != nil {
				return err
			}
			opt.DryRun = o.dryRun
			if err := checkTimeout(opt.Timeout); err != nil {
				return err
			}
			if err := o.confirm(cmd, env, false); err != nil {
				return err
			}
			app, _, err := o.app(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return o.finish(app.Deploy(cmd.Context(), opt))
		},
	}
	o.changes(cmd)
	flags := cmd.Flags()
	flags.StringVar(&opt.Source, "source", ".", "the application's working tree")
	flags.BoolVar(&opt.AllowDirty, "allow-dirty", false, "build from a tree with changes that are in no commit")
	flags.StringVar(&builder, "builder", "docker", "what builds the images: docker, buildah or podman")
	flags.StringArrayVar(&images, "image", nil, "an image that exists, instead of building it: `SERVICE=repository@sha256:…` (may be repeated)")
	flags.DurationVar(&opt.Timeout, "timeout", 0, "how long the roll-out may take (default: the environment's, such as "+(15*time.Minute).String()+")")
	flags.BoolVar(&opt.NoRollback, "no-rollback", false, "leave a failed deployment as it is")
	return cmd
}
