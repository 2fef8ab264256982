// Command infra writes the Terraform JSON of every environment's operations stack.
// "cdktf synth" runs it, and so does "go run .".
package main

import (
	"fmt"
	"os"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/synth"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

func main() {
	if err := environment.Validate(environment.All()...); err != nil {
		fail(err)
	}
	err := synth.App(func(app constructs.Construct) {
		for _, env := range environment.All() {
			stacks.NewOperations(app, env)
		}
	})
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
