package doctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWSCLIWithoutPlugins has an AWS CLI that does not start ours.
func TestAWSCLIWithoutPlugins(t *testing.T) {
	dir := t.TempDir()
	const program = "#!/bin/sh\n[ \"$1\" = --version ] && { echo aws-cli/2.30.1 Python/3.13; exit 0; }\necho plugins are off >&2\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	var progress strings.Builder
	cli, err := startAWSCLI(t.Context(), os.Environ(), &progress)
	if err != nil {
		t.Fatal(err)
	}
	if cli.version != 2 || cli.socket != "" {
		t.Errorf("version %d, socket %q, want 2 and none", cli.version, cli.socket)
	}
	if !strings.Contains(progress.String(), "starts anew for each command") || !strings.Contains(progress.String(), "plugins are off") {
		t.Errorf("progress: %s", &progress)
	}
	if err := cli.close(); err != nil {
		t.Error(err)
	}
}
