package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	// pinned is a commit, which nobody can move, with its release for people.
	pinned = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$`)
	// script is the body of a step's run, as far as it is indented.
	script = regexp.MustCompile(`(?m)^( *)(?:- )?run: (.*\n(?: *\n| {9,}.*\n)*)`)
)

// workflowProblems returns which actions are not pinned, and which scripts hold an
// expression: GitHub pastes its value into the script, whatever it is.
func workflowProblems(text string) []string {
	var problems []string
	for _, m := range uses.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "./") && !pinned.MatchString(m[1]) {
			problems = append(problems, m[1]+": want a commit and its release, owner/action@<40 digits> # v1.2.3")
		}
	}
	for _, m := range script.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[2], "${{") {
			problems = append(problems, "run: "+strings.TrimSpace(m[2])+": pass expressions in env")
		}
	}
	return problems
}

func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(projectDir, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range workflowProblems(string(text)) {
			t.Errorf("%s: %s", filepath.Base(file), problem)
		}
		if !strings.Contains(string(text), "\npermissions:\n  contents: read\n") {
			t.Errorf("%s: the permissions of the workflow are not restricted", filepath.Base(file))
		}
	}
	const wrong = `
    steps:
      - uses: actions/checkout@v6.0.2
      - run: echo "${{ github.head_ref }}"
      - name: x
        run: |
          echo a
          echo ${{ github.head_ref }}
        env:
          A: ${{ github.head_ref }}
`
	if problems := workflowProblems(wrong); len(problems) != 3 {
		t.Errorf("problems of a wrong workflow: %q, want 3", problems)
	}
}
