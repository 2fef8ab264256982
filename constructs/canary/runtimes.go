package canary

import (
	"slices"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// runtimes are those of Node.js and Puppeteer on which canaries can be made, newest
// first, of November 2026. The script here needs none of what they differ in. Sources:
// CloudWatch user guide, "Runtime versions using Node.js and Puppeteer" and "Runtime
// versions support policy"; layers of each version in "Using AWS SAM with canaries".
var runtimes = []string{
	"syn-nodejs-puppeteer-17.0",
	"syn-nodejs-puppeteer-16.1",
	"syn-nodejs-puppeteer-16.0",
	"syn-nodejs-puppeteer-15.1",
	"syn-nodejs-puppeteer-15.0",
	"syn-nodejs-puppeteer-14.0",
	"syn-nodejs-puppeteer-13.1",
	"syn-nodejs-puppeteer-13.0",
	"syn-nodejs-puppeteer-12.0",
	"syn-nodejs-puppeteer-11.0",
	"syn-nodejs-puppeteer-10.0",
	"syn-nodejs-puppeteer-9.1",
	"syn-nodejs-puppeteer-9.0",
	"syn-nodejs-puppeteer-8.0",
}

// deprecated are those on which AWS makes no canary any more, with the date since when:
// user guide, "Runtime versions support policy".
var deprecated = map[string]string{
	"syn-nodejs-puppeteer-7.0": "2026-01-22",
	"syn-nodejs-puppeteer-6.2": "2026-01-22",
	"syn-nodejs-puppeteer-5.2": "2026-01-22",
	"syn-nodejs-puppeteer-6.1": "2024-03-08",
	"syn-nodejs-puppeteer-6.0": "2024-03-08",
	"syn-nodejs-puppeteer-5.1": "2024-03-08",
	"syn-nodejs-puppeteer-5.0": "2024-03-08",
	"syn-nodejs-puppeteer-4.0": "2024-03-08",
	"syn-nodejs-puppeteer-3.9": "2024-01-08",
	"syn-nodejs-puppeteer-3.8": "2024-01-08",
}

// Newest returns the runtime that is the default.
func Newest() string { return runtimes[0] }

func checkRuntime(p *problems.Problems, field, runtime string) {
	switch since, gone := deprecated[runtime]; {
	case runtime == "" || token.Is(runtime) || slices.Contains(runtimes, runtime):
	case gone:
		p.Want(field, runtime, "a runtime that AWS still makes canaries on, such as the newest, %q: this one is deprecated since %s", Newest(), since)
	default:
		p.Want(field, runtime, `a runtime of Node.js and Puppeteer: %s; "" for the newest, %q; a newer one as a reference`, problems.OneOf(runtime, runtimes), Newest())
	}
}
