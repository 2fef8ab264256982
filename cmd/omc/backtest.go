package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ohmycoins/infra/internal/omc/verbs"
	"github.com/ohmycoins/infra/stacks/environment"
)

func alarmsBacktestCommand(o *options) *cobra.Command {
	var prefix string
	since := days(14 * day)
	opt := verbs.BacktestOptions{}
	cmd := &cobra.Command{
		Use:   "backtest ENV",
		Short: "Find out how often alarms would have gone off, with which threshold",
		Long: `backtest evaluates the alarms of the environment, or with --prefix any others in its
account and region, with the data of the last days: the deployed ones beside those that
Terraform JSON proposes, and each with other thresholds. It compares what comes of it with
what AWS remembers. It changes nothing. CloudWatch keeps data of a minute for 15 days,
of five minutes for 63 and of an hour for 455, and charges $0.01 for 1,000 metrics that
are read: --data keeps them in a file, and reads them from there the next time.

Exit status: 0 something is known of every alarm; 1 nothing of some, and the output says
why, or there is no alarm; 2 nothing could be found out, because of the command line, a
file, or the credentials; 130 interrupted.`,
		Example: `  omc alarms backtest staging
  omc alarms backtest staging --since 30d --proposed cdk.tf.json --page backtest.html
  omc alarms backtest staging --data backtest.json --output markdown`,
	}
	flags := cmd.Flags()
	flags.Var(&since, "since", "how far to look back, such as 14d or 36h")
	flags.StringVar(&prefix, "prefix", "", `how the names of the alarms begin; "" for every alarm (default: those of the operations stack)`)
	flags.StringArrayVar(&opt.Proposed, "proposed", nil, "a file of Terraform JSON with alarms to compare with; may be repeated (default: cdktf.out/stacks/ENV/cdk.tf.json if it exists)")
	flags.StringVar(&opt.Data, "data", "", "a file that keeps the data; if it exists, it is read instead of CloudWatch, up to its end")
	flags.StringVar(&opt.Page, "page", "", "where to write a page with the states and a graph of each alarm")
	return o.verb(cmd, func(ctx context.Context, app *verbs.App, _ environment.Environment) error {
		opt.Since, opt.DryRun = time.Duration(since), o.dryRun
		if flags.Changed("prefix") {
			opt.Prefix = &prefix
		}
		return o.finish(app.BacktestAlarms(ctx, opt))
	})
}

const day = 24 * time.Hour

// days is a flag with a duration that may be in days: "14d".
type days time.Duration

func (d *days) Set(text string) error {
	v, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(number, 10, 16)
		v = time.Duration(n) * day
	}
	if err != nil || v <= 0 {
		return errors.New("want a time such as 14d or 36h")
	}
	*d = days(v)
	return nil
}

func (d *days) String() string {
	if v := time.Duration(*d); v%day != 0 {
		return v.String()
	}
	return fmt.Sprintf("%dd", time.Duration(*d)/day)
}

func (d *days) Type() string { return "duration" }
