package image

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ohmycoins/infra/internal/test/fakeaws"
)

// TestPushHidesThePassword looks at the arguments and the files that docker gets.
func TestPushHidesThePassword(t *testing.T) {
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	script := `#!/bin/sh
echo "$0 $*" >>` + seen + `
case "$*" in
"context inspect"*) echo unix:///run/some.sock; exit ;;
esac
echo "engine $DOCKER_HOST" >>` + seen + `
case "$*" in
*login*) cat >"$2/config.json"; ls -ld "$2" >>` + seen + `; echo "$2" >` + seen + `.folder ;;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("DOCKER_HOST", "")
	login := Login{Registry: "000000000000.dkr.ecr.ap-southeast-2.amazonaws.com", User: "AWS", Password: fakeaws.Password}
	if err := (tool{"docker"}).Push(t.Context(), []string{"a/b:1", "a/b:2"}, login, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), fakeaws.Password) {
		t.Errorf("the password is in an argument:\n%s", text)
	}
	has(t, string(text), "login --username AWS --password-stdin 000000000000.dkr.ecr", "push a/b:1", "push a/b:2", "drwx------", "engine unix:///run/some.sock")
	folder, err := os.ReadFile(seen + ".folder")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(strings.TrimSpace(string(folder))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the log-in is still there: %v", err)
	}
}

// A program that is not there is said to be missing.
func TestBuilderIsMissing(t *testing.T) {
	t.Parallel()
	if err := (tool{"omc-no-such-builder"}).Check(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "omc-no-such-builder: it is not installed or not in PATH: ") {
		t.Error(err)
	}
}

// has fails the test unless text has each part.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}
