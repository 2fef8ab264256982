package doctest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const projectDir = "../../.."

// TestDocuments runs the commands of the documents.
func TestDocuments(t *testing.T) {
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok { // in time to say which command did not end
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-30*time.Second))
		defer cancel()
	}
	docs, err := Documents(projectDir)
	if err != nil {
		t.Fatal(err)
	}
	account, err := Open(ctx, projectDir, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := account.Close(); err != nil {
			t.Error(err)
		}
	}()
	runs, err := account.RunAll(ctx, docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		for _, r := range run.Results {
			for _, problem := range r.Problems {
				t.Errorf("%s:%d (%s): %s", run.Document, r.Block.Line, run.Environment, problem)
			}
		}
	}
	writeOutputs(t, runs)
	counts := Count(runs)
	t.Log(counts)
	if counts.Share() > MaxNotRun {
		t.Errorf("too many blocks do not run: %v", counts)
	}
	for _, doc := range docs {
		for _, name := range account.UnknownNames(doc.Text) {
			t.Errorf("%s: %s does not exist", doc.Path, name)
		}
		if doc.Path == "docs/runbook.md" || doc.Path == "docs/deployment.md" {
			for _, b := range doc.Blocks {
				if !b.HasSample && !b.opens() {
					t.Errorf("%s:%d: no sample of the output follows", doc.Path, b.Line)
				}
			}
		}
	}
	checkFailures(t, account)
	checkShells(t, account)
	changes, err := account.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		t.Errorf("after the documents' commands Terraform would %s", change)
	}
}

// checkFailures shows that each way to be wrong is seen, and that a document goes on
// after a block that failed.
func checkFailures(t *testing.T, account *Account) {
	t.Helper()
	doc, err := Parse(markdown(`
'''bash
A=1
'''
'''bash
false
'''
'''bash
B=$((A + 1)); echo "$B $UNSET"
'''
'''bash
aws logs describe-log-groups --log-group-name-prefix /ecs/ohmycoins-staging-backend --query "logGroups[].logGroupName" --output text
'''
'''text
/ecs/ohmycoins-staging/backend
'''
'''bash
echo noise
'''
'''text
(no output)
'''
'''bash
aws ecs no-such-command
'''
'''bash
if
'''
<!-- needs: aws-cli 2 -->
'''bash
aws logs tail /ecs/ohmycoins-staging/backend --since 1h > log; head -n 1 log
'''
'''bash
curl -sS -m 10 https://api.example.com/
'''
'''bash
echo "$HOME" > here; cat here
'''
'''text
/home
'''
<!-- run: without AWS -->
'''bash
QUEUE=shop
aws sqs get-queue-attributes --queue-url "$QUEUE" --attribute-names All --query "Attributes"
'''
<!-- run: without AWS -->
'''bash
aws sqs get-queue-attributes --queue-url shop --attributes All
'''
<!-- run: without AWS -->
'''bash
aws sqs get-queue-attributes --attribute-names All
'''
<!-- run: without AWS -->
'''bash
aws sqs list-queues --query "[QueueURLs]"
'''
`))
	if err != nil {
		t.Fatal(err)
	}
	results, err := account.Run(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		nil,
		{"exit status 1"},
		{"UNSET: unbound variable"},
		{"/ecs/ohmycoins-staging-backend does not exist", "it printed nothing, the document shows"},
		{`it printed "noise", the document says that it prints nothing`},
		{"exit status"},
		{"syntax: "},
		nil,
		{"exit status"},
		nil,
		nil,
		{"Unknown options: --attributes"},
		{"the following arguments are required: --queue-url"},
		{"the query finds nothing"},
	}
	for i, r := range results {
		problems := strings.Join(r.Problems, "\n")
		for _, text := range want[i] {
			if !strings.Contains(problems, text) {
				t.Errorf("line %d: problems are %q, want %q", r.Block.Line, problems, text)
			}
		}
		if len(want[i]) == 0 && len(r.Problems) > 0 {
			t.Errorf("line %d: problems are %q, want none", r.Block.Line, problems)
		}
	}
}

// checkShells shows that the line which sets the variables begins a fresh shell, and that
// a change without a question, a question that is not asked, and a command that goes on
// until Ctrl-C are seen.
func checkShells(t *testing.T, account *Account) {
	t.Helper()
	doc, err := Parse(markdown(`
'''bash
source docs/ops.sh
'''
'''bash
LEFT=1
aws sns create-topic --name unasked
'''
<!-- answers: yes -->
'''bash
echo "not a question"
'''
'''bash
source docs/ops.sh
'''
'''bash
echo "${LEFT-fresh} $ENV"
'''
'''text
fresh staging
'''
<!-- until: Ctrl-C -->
'''bash
while sleep 0.1; do echo line; done
'''
`))
	if err != nil {
		t.Fatal(err)
	}
	results, err := account.Run(t.Context(), doc.For("staging", nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "sns:CreateTopic changes something, and the block does not ask first", `it never asked for "yes"`, "", "", ""}
	for i, r := range results {
		problems := strings.Join(r.Problems, "\n")
		if (problems == "") != (want[i] == "") || !strings.Contains(problems, want[i]) {
			t.Errorf("line %d: problems are %q, want %q", r.Block.Line, problems, want[i])
		}
	}
	if got := strings.TrimSpace(results[4].Stdout); got != "fresh staging" {
		t.Errorf("after the line that sets the variables: %q", got)
	}
	if !strings.HasPrefix(results[5].Stdout, "line\n") {
		t.Errorf("until Ctrl-C it printed %q", results[5].Stdout)
	}
}

// writeOutputs keeps what each block printed, for writing samples, in the folder that
// DOCTEST_OUTPUTS names.
func writeOutputs(t *testing.T, runs []Run) {
	t.Helper()
	dir := os.Getenv("DOCTEST_OUTPUTS")
	if dir == "" {
		return
	}
	for _, run := range runs {
		var text strings.Builder
		for _, r := range run.Results {
			text.WriteString(strings.Join(r.describe(), "\n") + "\n" + r.Took.String() + "\n" + r.Block.Code + "\n-----\n" + r.Stdout + r.Stderr + "\n=====\n")
		}
		name := strings.ReplaceAll(run.Document+"-"+run.Environment, "/", "-")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// TestFacts looks for what no document may say. Costs and names are compared with the code
// by the tests of their tables.
func TestFacts(t *testing.T) {
	docs, err := Documents(projectDir)
	if err != nil {
		t.Fatal(err)
	}
	accountID := regexp.MustCompile(`\b[0-9]{12}\b`)
	for _, doc := range docs {
		for _, id := range accountID.FindAllString(doc.Text, -1) {
			t.Errorf("%s: %s looks like an account id", doc.Path, id)
		}
	}
}
