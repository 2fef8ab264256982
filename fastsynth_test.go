package main

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// synthesizeOnly names an environment variable that makes the test program
// synthesize every stack to the folder which is its value, and end.
const synthesizeOnly = "INFRA_SYNTHESIZE_TO"

// Both stacks, every construct's cases and the variants are the same, byte for
// byte, with fastsynth and without.
func TestFastSynthWritesTheSameBytes(t *testing.T) {
	t.Parallel()
	run := func(mode string) (files map[string]string, output string) {
		t.Helper()
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = append(os.Environ(), synthesizeOnly+"="+dir, "FASTSYNTH="+mode)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("FASTSYNTH=%s: %v\n%s", mode, err, out)
		}
		files = map[string]string{}
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(dir, path)
			content, err := os.ReadFile(path)
			files[rel] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files, string(out)
	}
	stock, _ := run("off")
	fast, output := run("debug")
	if !strings.Contains(output, "@cdktf/provider-aws: served from ") {
		t.Errorf("fastsynth was not at work:\n%s", output)
	}
	names := slices.Sorted(maps.Keys(stock))
	if got := slices.Sorted(maps.Keys(fast)); !slices.Equal(got, names) {
		t.Errorf("files are %v, want %v", got, names)
	}
	for _, name := range names {
		if fast[name] != stock[name] {
			t.Errorf("%s differs:\n%s\nwithout fastsynth:\n%s", name, fast[name], stock[name])
		}
	}
	for _, want := range []string{"staging", "production", "secrets-full", "monitoring-full"} {
		if _, ok := stock[filepath.Join("stacks", want, "cdk.tf.json")]; !ok {
			t.Errorf("files are %v, want %s among them", names, want)
		}
	}
}
