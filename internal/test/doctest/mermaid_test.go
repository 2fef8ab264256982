package doctest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The parser that renders diagrams in browsers, and the document that it wants to be
// in. Both come from the npm registry, once.
const (
	mermaidPackage = "mermaid@11.17.2"
	jsdomPackage   = "jsdom@26.1.0"
)

// parseDiagrams reads a list of diagrams and writes a list of errors, "" for none.
const parseDiagrams = `
import { JSDOM } from 'jsdom';
const dom = new JSDOM('');
globalThis.window = dom.window;
globalThis.document = dom.window.document;
const { default: mermaid } = await import('mermaid');
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const errors = [];
for (const diagram of JSON.parse(Buffer.concat(chunks).toString())) {
  try { await mermaid.parse(diagram); errors.push(''); } catch (e) { errors.push(String(e.message)); }
}
process.stdout.write(JSON.stringify(errors));
`

// installMermaid installs the parser into .tools and returns its folder.
func installMermaid(ctx context.Context) (string, error) {
	dir, err := filepath.Abs(filepath.Join(projectDir, ".tools", strings.ReplaceAll(mermaidPackage, "@", "-")))
	if err != nil {
		return "", err
	}
	marker := filepath.Join(dir, "installed")
	if _, err := os.Stat(marker); err == nil {
		return dir, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", fmt.Errorf("npm is not on PATH: install Node.js 20 or newer, which brings it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o600); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", mermaidPackage, jsdomPackage)
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("installing %s: %w: %s", mermaidPackage, err, out)
	}
	return dir, os.WriteFile(marker, nil, 0o600)
}

// parseMermaid returns what the parser says of each diagram, "" when it is right.
func parseMermaid(ctx context.Context, diagrams []string) ([]string, error) {
	dir, err := installMermaid(ctx)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "parse.mjs")
	if err := os.WriteFile(script, []byte(parseDiagrams), 0o600); err != nil {
		return nil, err
	}
	input, err := json.Marshal(diagrams)
	if err != nil {
		return nil, err
	}
	node := exec.CommandContext(ctx, "node", script)
	node.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	node.Stderr = &stderr
	out, err := node.Output()
	if err != nil {
		return nil, fmt.Errorf("parsing diagrams: %w: %s", err, stderr.String())
	}
	var problems []string
	if err := json.Unmarshal(out, &problems); err != nil {
		return nil, err
	}
	if len(problems) != len(diagrams) {
		return nil, fmt.Errorf("%d answers for %d diagrams", len(problems), len(diagrams))
	}
	return problems, nil
}

var diagram = regexp.MustCompile("(?s)```mermaid\n(.*?)```")

// TestMermaid parses the diagrams of all documents.
func TestMermaid(t *testing.T) {
	docs, err := Documents(projectDir)
	if err != nil {
		t.Fatal(err)
	}
	// The last one is wrong: the parser has to say so.
	var diagrams, from []string
	for _, doc := range docs {
		for _, m := range diagram.FindAllStringSubmatch(doc.Text, -1) {
			diagrams, from = append(diagrams, m[1]), append(from, doc.Path)
		}
	}
	if len(diagrams) == 0 {
		t.Error("no document has a diagram")
	}
	problems, err := parseMermaid(t.Context(), append(diagrams, "flowchart LR\n a[ --> b\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range from {
		if problems[i] != "" {
			t.Errorf("%s: diagram %q: %s", path, diagrams[i], problems[i])
		}
	}
	if problems[len(problems)-1] == "" {
		t.Error("the parser accepts a diagram that is wrong")
	}
}
