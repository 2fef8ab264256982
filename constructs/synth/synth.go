// Package synth writes the Terraform JSON of an app, with errors that people can
// read: cdktf itself panics, at the first stack that is misconfigured.
package synth

import (
	"fmt"
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
// the value wanted. Nothing is written then. Constructs are validated wherever they
// are in the tree, after aspects have run.
//
// What constructs warn of, in constructs/monitoring two stacks that may take each other's
// names, is printed to standard error, a line each: "warning: PATH: MESSAGE".
//
// A stack without a backend keeps its state in terraform.ID.tfstate beside the
// output folder, as with cdktf itself, but the JSON names no absolute path.
//
// Node starts fast (package fastsynth). A second App waits for the first; build must
// not call App, and constructs are used inside build only.
func App(build func(app constructs.Construct)) error {
	warnings, err := cdk.Synth(outdir(), build)
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, w)
	}
	return err
}

func outdir() string {
	if dir := os.Getenv("CDKTF_OUTDIR"); dir != "" {
		return dir
	}
	return "cdktf.out"
}
