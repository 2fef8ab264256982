package fastsynth_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A program with several providers, and with the jsii runtime that their last
// bindings bring, is served too, and writes the same bytes.
func TestSeveralProviders(t *testing.T) {
	dir := t.TempDir()
	npm := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "@cdktf/provider-random@12.0.1", "@cdktf/provider-kubernetes@12.1.1")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("fetching the providers' archives: %v\n%s", err, out)
	}
	if err := os.Symlink(some, filepath.Join(dir, filepath.Base(some))); err != nil {
		t.Fatal(err)
	}
	binary := buildWith(t, "1.119.0", "./testdata/providers")
	cache := t.TempDir()
	run := func(mode string) result {
		r := runBinary(binary, []string{"XDG_CACHE_HOME=" + cache, "FASTSYNTH=" + mode}, t.TempDir(), dir)
		if r.err != nil {
			t.Fatalf("FASTSYNTH=%s: %v\n%s", mode, r.err, r.stderr)
		}
		return r
	}
	want := run("off")
	for _, kind := range []string{"aws_s3_bucket", "random_pet", "kubernetes_deployment_v1"} {
		if !strings.Contains(want.files["stacks/example/cdk.tf.json"], kind) {
			t.Errorf("there is no %s in %v", kind, want.files)
		}
	}
	for _, of := range []string{"an empty cache", "a full one"} {
		got := run("debug")
		if !maps.Equal(got.files, want.files) {
			t.Errorf("with %s, files differ: got %v, want %v", of, slices.Collect(maps.Keys(got.files)), slices.Collect(maps.Keys(want.files)))
		}
		for _, say := range []string{
			served, "@cdktf/provider-kubernetes: served from ", "@cdktf/provider-random: loading as usual: the archive is small",
		} {
			wantStderr(t, got, say)
		}
	}
}

// buildWith builds a program with another version of the jsii runtime.
func buildWith(t *testing.T, jsii, pkg string) string {
	t.Helper()
	dir := t.TempDir()
	mod := filepath.Join(dir, "go.mod")
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "program")
	for _, args := range [][]string{
		{"mod", "edit", "-require=github.com/aws/jsii-runtime-go@v" + jsii, mod},
		{"build", "-mod=mod", "-modfile=" + mod, "-o", binary, pkg},
	} {
		if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return binary
}
