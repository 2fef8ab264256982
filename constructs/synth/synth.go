// Package synth writes the Terraform JSON of an app, with errors that people can
// read: cdktf itself panics, at the first stack that is misconfigured.
package synth

import (
	"os"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/internal/cdk"
)

// App lets build put stacks into an app and writes their Terraform JSON to the
// folder that CDKTF_OUTDIR names, or else to cdktf.out, where the cdktf command
// line expects it.
//
// The error lists everything that is wrong with the configuration of every
// construct, a line each: the construct's path, the field, the value given and
// the value wanted. Nothing is written then.
func App(build func(app constructs.Construct)) error {
	return cdk.Synth(outdir(), build)
}

func outdir() string {
	if dir := os.Getenv("CDKTF_OUTDIR"); dir != "" {
		return dir
	}
	return "cdktf.out"
}
