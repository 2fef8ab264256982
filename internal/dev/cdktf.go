package main

import (
	"context"
	"crypto/sha256"
	_ "embed" // the lock file
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ohmycoins/infra/internal/filelock"
	"github.com/ohmycoins/infra/internal/terraform"
)

// The cdktf command line and every package that it needs, with their checksums. CDKTF is
// archived: this is its last version. To change it, edit package.json, then run
// npm install --package-lock-only --ignore-scripts in that folder.
var (
	//go:embed cdktf/package.json
	cdktfPackage []byte
	//go:embed cdktf/package-lock.json
	cdktfLock []byte
)

// skipLock keeps cdktf from asking the registry for checksums, which it does even
// where the provider comes from a mirror. The project has them in a file.
const skipLock = "--skip-provider-lock"

// cdktf runs the cdktf command line in the project's folder.
type cdktf struct {
	inst    *terraform.Installation
	program string
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

func findCDKTF(ctx context.Context, progress io.Writer) (*cdktf, error) {
	program, err := installCDKTF(ctx, ".tools", progress)
	if err != nil {
		return nil, fmt.Errorf("installing cdktf: %w", err)
	}
	inst, err := terraform.Setup(ctx, ".", progress)
	if err != nil {
		return nil, err
	}
	return &cdktf{
		inst:    inst,
		program: program,
		environ: append(os.Environ(), inst.Environ()...),
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
	}, nil
}

// installCDKTF installs exactly what the lock file says below tools, once, and returns the
// program. No package runs a script of its own then, and none sees credentials for AWS.
func installCDKTF(ctx context.Context, tools string, progress io.Writer) (string, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return "", errors.New("npm is not on PATH: install Node.js 20 or newer, which brings it")
	}
	tools, err := filepath.Abs(tools)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(append([]byte{}, cdktfPackage...), cdktfLock...))
	dir := filepath.Join(tools, "cdktf-"+hex.EncodeToString(sum[:6]))
	program := filepath.Join(dir, "node_modules", ".bin", "cdktf")
	if err := os.MkdirAll(tools, 0o755); err != nil {
		return "", err
	}
	unlock, err := filelock.Lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	fmt.Fprintf(progress, "installing the cdktf command line into %s\n", dir)
	half, err := os.MkdirTemp(tools, "cdktf-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(half) }() // gone when all went well
	for name, content := range map[string][]byte{"package.json": cdktfPackage, "package-lock.json": cdktfLock} {
		if err := os.WriteFile(filepath.Join(half, name), content, 0o644); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir, cmd.Env = half, withoutCredentials(os.Environ())
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return program, os.Rename(half, dir)
}

// run runs cdktf for the stacks named, whose JSON it writes to out.
func (c *cdktf) run(ctx context.Context, out string, stacks []string, args ...string) error {
	for _, stack := range stacks {
		dir := filepath.Join(out, "stacks", stack)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := c.inst.PutLock(dir); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, c.program, append(args, "--output", out)...)
	cmd.Env = append(c.environ, "TF_CLI_ARGS_init=-lockfile=readonly")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	// Terraform releases its lock when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cdktf %s: %w", args[0], err)
	}
	return nil
}
