package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/ohmycoins/infra/internal/terraform"
)

// cdktfPackage is the cdktf command line in the npm registry. CDKTF is archived:
// this is its last version.
const cdktfPackage = "cdktf-cli@0.21.0"

// skipLock keeps cdktf from asking the registry for checksums, which it does even
// where the provider comes from a mirror. They matter only for HCP Terraform.
const skipLock = "--skip-provider-lock"

// cdktf runs the cdktf command line in the project's folder.
type cdktf struct {
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}

func findCDKTF(ctx context.Context, progress io.Writer) (*cdktf, error) {
	if _, err := exec.LookPath("npx"); err != nil {
		return nil, fmt.Errorf("running cdktf: npx is not on PATH: install Node.js 20 or newer, which brings it")
	}
	inst, err := terraform.Setup(ctx, ".", progress)
	if err != nil {
		return nil, err
	}
	return &cdktf{
		environ: append(os.Environ(), inst.Environ()...),
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
	}, nil
}

func (c *cdktf) run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "npx", append([]string{"--yes", cdktfPackage}, args...)...)
	cmd.Env = c.environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	// Terraform releases its lock when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cdktf %s: %w", args[0], err)
	}
	return nil
}
