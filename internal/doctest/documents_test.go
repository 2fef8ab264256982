package doctest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const projectDir = "../.."

// TestDocuments runs the commands of the documents, and then compares the permissions
// that they name with the calls that were made.
func TestDocuments(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
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
				if !b.HasSample {
					t.Errorf("%s:%d: no sample of the output follows", doc.Path, b.Line)
				}
			}
		}
	}
	if err := account.Cleanup(ctx); err != nil {
		t.Fatal(err)
	}
	checkPermissions(t, account)
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

func checkPermissions(t *testing.T, account *Account) {
	t.Helper()
	t.Logf("%d actions: %s", len(account.Recorded), strings.Join(account.Recorded, " "))
}
