package canary

import (
	"slices"

	"github.com/ohmycoins/infra/constructs/canary/runtimes"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Newest returns the runtime that is the default. The script here needs nothing of what
// runtimes differ in.
func Newest() string { return runtimes.Usable()[0] }

// checkRuntime wants a runtime on which AWS makes canaries.
func checkRuntime(p *problems.Problems, field, runtime string) {
	usable := runtimes.Usable()
	if runtime == "" || token.Is(runtime) || slices.Contains(usable, runtime) {
		return
	}
	for _, r := range runtimes.All() {
		if r.Name == runtime {
			p.Want(field, runtime, "a runtime that AWS still makes canaries on, such as the newest, %q: this one is deprecated since %s", Newest(), r.Deprecated)
			return
		}
	}
	p.Want(field, runtime, `a runtime of Node.js and Puppeteer: %s; "" for the newest, %q; a newer one as a reference`, problems.OneOf(runtime, usable), Newest())
}
