package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestLock has Terraform install a provider of the test, from a mirror and from a cache,
// against lock files that have it, lack it, or have another.
func TestLock(t *testing.T) {
	const uses = `{"terraform": {"required_providers": {"fake": {"source": "example/fake"}}}}`
	platform := runtime.GOOS + "_" + runtime.GOARCH
	provider := func(content string) (root string) {
		root = t.TempDir()
		path := filepath.Join(root, "registry.terraform.io", "example", "fake", "1.0.0", platform, "terraform-provider-fake_v1.0.0")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, content)
		return root
	}
	inst := *realTerraform(t)
	mirror := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", provider("the provider"))
	// initialize returns the folder's lock file.
	initialize := func(config, lock string) (string, error) {
		dir, project := t.TempDir(), t.TempDir()
		inst.CLIConfig, inst.lockFile = filepath.Join(project, "cli.tfrc"), filepath.Join(project, lockName)
		write(t, inst.CLIConfig, config)
		if lock != "" {
			write(t, inst.lockFile, lock)
		}
		write(t, filepath.Join(dir, "main.tf.json"), uses)
		ws, err := inst.Workspace(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = ws.Init(t.Context())
		made, _ := os.ReadFile(filepath.Join(dir, lockName)) // there is none when init failed
		return string(made), err
	}
	lock, err := initialize(mirror, "")
	if err != nil || !strings.Contains(lock, "h1:") {
		t.Fatalf("without a lock file: %v, and it made %s", err, lock)
	}
	if _, err := initialize(mirror, lock); err != nil {
		t.Errorf("with the lock file: %v", err)
	}
	cache := fmt.Sprintf("plugin_cache_dir = %q\nplugin_cache_may_break_dependency_lock_file = true\n", provider("another program")) + mirror
	for name, tt := range map[string]struct{ config, lock, want string }{
		"another checksum":             {mirror, regexp.MustCompile(`h1:[^"]+`).ReplaceAllString(lock, "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "checksums"},
		"no such provider":             {mirror, "# nothing yet\n", `lacks provider "registry.terraform.io/example/fake"`},
		"another package in the cache": {cache, lock, "checksums"},
	} {
		_, err := initialize(tt.config, tt.lock)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", name, err, tt.want)
		}
	}
}

func TestTrustProviders(t *testing.T) {
	ws := workspace(t, `{"resource": {"terraform_data": {"x": {}}}}`)
	lock := filepath.Join(ws.dir, lockName)
	write(t, lock, "provider \"registry.terraform.io/example/fake\" {\n  version = \"1.0.0\"\n  hashes = [\n    \"h1:AAAA=\",\n    \"zh:00\",\n  ]\n}\n")
	if err := ws.TrustProviders(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(lock)
	if want := "provider \"registry.terraform.io/example/fake\" {\n  version = \"1.0.0\"\n}\n"; err != nil || string(got) != want {
		t.Errorf("the lock file is %q, %v, want %q", got, err, want)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := ws.TrustProviders(); err == nil || !strings.Contains(err.Error(), "trusting the providers in "+ws.dir) {
		t.Errorf("without a lock file: %v", err)
	}
}
