package localaws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/ohmycoins/infra/internal/filelock"
)

// motoVersion is the moto that is installed where none is on PATH.
const motoVersion = "5.2.1"

// findMoto returns the path of moto_server: the one on PATH, else the one of a
// virtual environment below projectDir, which is made when it is not there.
func findMoto(ctx context.Context, projectDir string, log io.Writer) (string, error) {
	if path, err := exec.LookPath("moto_server"); err == nil {
		return path, nil
	}
	// Scripts in a virtual environment name its absolute path.
	tools, err := filepath.Abs(filepath.Join(projectDir, ".tools"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(tools, 0o755); err != nil {
		return "", err
	}
	dir := filepath.Join(tools, "moto-"+motoVersion)
	unlock, err := filelock.Lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()

	program := filepath.Join(dir, "bin", "moto_server")
	// Written last: without it an installation was interrupted and starts over.
	marker := filepath.Join(dir, "installed")
	if _, err := os.Stat(marker); err == nil {
		return program, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := installMoto(ctx, dir, log); err != nil {
		return "", err
	}
	return program, os.WriteFile(marker, nil, 0o644)
}

// installMoto makes a virtual environment in dir with moto in it.
func installMoto(ctx context.Context, dir string, log io.Writer) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("neither moto_server nor python3 is on PATH: install Python 3 with its venv module, or moto_server")
	}
	fmt.Fprintf(log, "moto_server is not on PATH: making a virtual environment in %s\n", dir)
	if err := quietly(ctx, python, "-m", "venv", dir); err != nil {
		return fmt.Errorf("making a virtual environment: install Python's venv module (Debian, Ubuntu: apt-get install python3-venv), or put moto_server on PATH: %w", err)
	}
	what := "moto[server]==" + motoVersion
	fmt.Fprintf(log, "installing %s into it\n", what)
	if err := quietly(ctx, filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check", what); err != nil {
		return fmt.Errorf("installing %s: check that pip reaches a package index (PIP_INDEX_URL), or put moto_server on PATH: %w", what, err)
	}
	fmt.Fprintf(log, "installed %s\n", what)
	return nil
}

// quietly runs a program and shows its output only when it fails.
func quietly(ctx context.Context, program string, args ...string) error {
	// As for the server: an installation must not go on without the lock.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = processAttributes(false)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = stopGrace
	output, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s %s: %w%s", program, strings.Join(args, " "), err, tail(string(output)))
}
