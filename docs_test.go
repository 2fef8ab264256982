package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
)

// alarmTable renders the alarms of one resource of each kind.
func alarmTable() string {
	cfg := monitoring.Config{Resources: []monitoring.Resource{
		monitoring.ECSService{Key: "<service>"},
		monitoring.ALB{Key: "<alb>", TargetGroups: map[string]string{"<target group>": ""}},
		monitoring.RDS{Key: "<database>"},
		monitoring.Redis{Key: "<redis>", Nodes: map[string]string{"<node>": ""}},
	}}
	table := "| alarm | goes off | metric | severity | without data | first |\n|---|---|---|---|---|---|\n"
	for _, a := range cfg.Alarms() {
		table += fmt.Sprintf("| `%s` | %s | %s %s, %s | %s | %s | %s |\n",
			a.Key(), a.Condition(), a.Namespace, a.Metric, a.Statistic, a.Severity, a.MissingData, a.FirstStep)
	}
	return table
}

func TestReadmeAlarmTable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	must(t, err)
	section := regexp.MustCompile(`(?s)(<!-- alarms: [^\n]*-->\n)(.*)(<!-- end of alarms -->)`)
	found := section.FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md has no section for the alarms")
	}
	if os.Getenv("UPDATE_SNAPS") != "" {
		readme = section.ReplaceAll(readme, []byte("${1}"+alarmTable()+"${3}"))
		must(t, os.WriteFile("README.md", readme, 0o644))
		return
	}
	if diff := cmp.Diff(alarmTable(), string(found[2])); diff != "" {
		t.Errorf("the alarm table is out of date: make snapshots writes it (-code +README.md):\n%s", diff)
	}
}

var (
	goBlock = regexp.MustCompile("(?s)```go\n(package main\n.*?)```")
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]+)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// documents returns the path of every Markdown file of the project.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.md", "docs/*.md", "constructs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		must(t, err)
		list = append(list, found...)
	}
	return list
}

// TestProgramsInDocuments compiles the complete programs that documents show.
func TestProgramsInDocuments(t *testing.T) {
	t.Parallel()
	programs := 0
	for _, doc := range documents(t) {
		content, err := os.ReadFile(doc)
		must(t, err)
		// A program, and perhaps its tests below it.
		var files []string
		vet := func() {
			if len(files) == 0 {
				return
			}
			programs++
			if out, err := exec.CommandContext(t.Context(), "go", append([]string{"vet"}, files...)...).CombinedOutput(); err != nil {
				t.Errorf("%s: a program does not compile: %s", doc, out)
			}
			files = nil
		}
		for _, block := range goBlock.FindAllStringSubmatch(string(content), -1) {
			if strings.Contains(block[1], "\t\"testing\"\n") && len(files) == 1 {
				files = append(files, strings.TrimSuffix(files[0], ".go")+"_test.go")
			} else {
				vet()
				files = []string{filepath.Join(t.TempDir(), "main.go")}
			}
			must(t, os.WriteFile(files[len(files)-1], []byte(block[1]), 0o600))
		}
		vet()
	}
	if programs == 0 {
		t.Error("no document shows a complete program")
	}
}

// anchors returns the anchors of a document's headings, as GitHub makes them.
func anchors(content string) map[string]bool {
	set := map[string]bool{}
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	for _, h := range heading.FindAllStringSubmatch(content, -1) {
		slug := drop.ReplaceAllString(strings.ToLower(h[1]), "")
		set["#"+strings.ReplaceAll(slug, " ", "-")] = true
	}
	return set
}

func TestLinks(t *testing.T) {
	for _, doc := range documents(t) {
		content, err := os.ReadFile(doc)
		must(t, err)
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			path, anchor := m[1], m[2]
			if strings.Contains(path, "://") {
				continue
			}
			target := doc
			if path != "" {
				target = filepath.Join(filepath.Dir(doc), path)
			}
			linked, err := os.ReadFile(target)
			if err != nil {
				if info, statErr := os.Stat(target); statErr != nil || !info.IsDir() {
					t.Errorf("%s: link to %s: %v", doc, path, err)
				}
				continue
			}
			if anchor != "" && !anchors(string(linked))[anchor] {
				t.Errorf("%s: link to %s%s: there is no such heading", doc, path, anchor)
			}
		}
	}
}

// TestRunbookSections checks that every alarm's description links to a section.
func TestRunbookSections(t *testing.T) {
	runbook, err := os.ReadFile("docs/runbook.md")
	must(t, err)
	sections := anchors(string(runbook))
	if !strings.HasSuffix(monitoring.DefaultRunbookURL, "/docs/runbook.md") {
		t.Errorf("descriptions link to %s", monitoring.DefaultRunbookURL)
	}
	for id, stack := range synthesized {
		for _, m := range regexp.MustCompile(`runbook\.md(#[a-z0-9-]+)`).FindAllStringSubmatch(stack, -1) {
			if !sections[m[1]] {
				t.Errorf("%s: an alarm links to %s, which the runbook does not have", id, m[1])
			}
		}
	}
}
