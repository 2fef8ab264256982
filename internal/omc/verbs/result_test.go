package verbs

import (
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/omc/ledger"
	"github.com/ohmycoins/infra/internal/omc/report"
)

func TestResultAsMarkdown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	Result{
		Verb: "deploy", Environment: "staging", Ending: report.Ending{Outcome: report.Stuck, Error: "why", State: []string{"what is left"}},
		Services: []ServiceResult{{Service: "backend", Before: ledger.Version{TaskDefinition: "a:1"}, After: ledger.Version{TaskDefinition: "a:2", Image: "a|b_c"}, URLs: []string{"https://x"}}},
	}.Page().WriteMarkdown(&out)
	const want = "### omc deploy staging: rollback failed (0s)\n\n" +
		"| SERVICE | RAN BEFORE | ROLLED OUT | IMAGE | URL |\n|---|---|---|---|---|\n" +
		"| backend | a:1 | a:2 | a\\|b\\_c | https://x |\n\n```\nwhat is left\n```\n\n```\nwhy\n```\n\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
