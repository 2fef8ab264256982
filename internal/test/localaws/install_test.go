package localaws

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/internal/filelock"
)

// fakePython counts its calls in "$0.calls" and installs a moto_server that says so.
const fakePython = `
echo "$2" >> "$FAKE_CALLS"
case "$2" in
venv)
	[ "$FAKE_FAIL" = venv ] && { echo "ensurepip is not available"; exit 1; }
	/bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python" ;;
pip)
	[ "$FAKE_FAIL" = pip ] && { echo "No matching distribution found"; exit 1; }
	[ "$FAKE_FAIL" = hang ] && exec /bin/sleep 60
	for last; do :; done
	[ "$last" = "moto[server]==5.2.1" ] || exit 9
	echo done > "${0%/python}/moto_server" ;;
esac
`

func TestMotoOnPath(t *testing.T) {
	script(t, "moto_server", "", true)
	dir := t.TempDir()
	got, err := findMoto(t.Context(), dir, nil)
	if err != nil || got != filepath.Join(os.Getenv("PATH"), "moto_server") {
		t.Errorf("got %q, %v", got, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("it made %v", left)
	}
}

func TestInstall(t *testing.T) {
	script(t, "python3", fakePython, true)
	calls := filepath.Join(t.TempDir(), "calls")
	t.Setenv("FAKE_CALLS", calls)
	dir := t.TempDir()
	want := filepath.Join(dir, ".tools", "moto-5.2.1", "bin", "moto_server")
	var log strings.Builder

	find := func(wantErr ...string) {
		t.Helper()
		got, err := findMoto(t.Context(), dir, &log)
		if len(wantErr) == 0 {
			if err != nil || got != want {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
			if _, err := os.Stat(got); err != nil {
				t.Fatal(err)
			}
			return
		}
		for _, text := range wantErr {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Fatalf("got %v, want %q in it", err, text)
			}
		}
	}
	t.Setenv("FAKE_FAIL", "venv")
	find("python3-venv", "ensurepip is not available", "exit status 1")
	t.Setenv("FAKE_FAIL", "pip")
	find("moto[server]==5.2.1", "PIP_INDEX_URL", "No matching distribution found")

	t.Setenv("FAKE_FAIL", "")
	find() // starts over after a failure
	find() // is there: nothing to do
	if got, _ := os.ReadFile(calls); string(got) != "venv\nvenv\npip\nvenv\npip\n" {
		t.Errorf("calls:\n%s", got)
	}
	if !strings.Contains(log.String(), "making a virtual environment in "+filepath.Dir(filepath.Dir(want))) {
		t.Errorf("log: %s", &log)
	}

	// An installation that was interrupted at its very end is not trusted.
	if err := os.Remove(filepath.Join(filepath.Dir(filepath.Dir(want)), "installed")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, []byte("half"), 0o755); err != nil {
		t.Fatal(err)
	}
	find()
	if got, _ := os.ReadFile(want); string(got) != "done\n" {
		t.Errorf("moto_server is %q, want a new one", got)
	}
}

func TestInstallEndsWithContext(t *testing.T) {
	script(t, "python3", fakePython, true)
	t.Setenv("FAKE_CALLS", os.DevNull)
	t.Setenv("FAKE_FAIL", "hang")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	_, err := findMoto(ctx, t.TempDir(), t.Output())
	if err == nil || !strings.Contains(err.Error(), "deadline exceeded") || time.Since(begin) > 10*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begin))
	}
}

func TestNoPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Start(t.Context(), t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "neither moto_server nor python3 is on PATH: install Python 3") {
		t.Errorf("got %v", err)
	}
}

func TestInstallOnce(t *testing.T) {
	script(t, "python3", fakePython, true)
	t.Setenv("FAKE_CALLS", os.DevNull)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := filelock.Lock(t.Context(), filepath.Join(dir, ".tools", "moto-5.2.1.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := findMoto(ctx, dir, t.Output()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while somebody else installs: got %v, want it to wait", err)
	}
	unlock()
	if _, err := findMoto(t.Context(), dir, t.Output()); err != nil {
		t.Error(err)
	}
}
