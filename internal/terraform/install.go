package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"

	"github.com/ohmycoins/infra/internal/versions"
)

const (
	wantTerraform    = versions.Terraform
	pinnedTerraform  = versions.InstalledTerraform
	downloadDeadline = 5 * time.Minute
)

// find sets ExecPath and Version: terraform on PATH, the one in tools, or a new
// one in tools.
func (i *Installation) find(ctx context.Context, tools string, src sources, progress io.Writer) error {
	onPath, pathErr := exec.LookPath(product.Terraform.BinaryName())
	if pathErr == nil {
		if pathErr = i.use(ctx, onPath); pathErr == nil {
			fmt.Fprintf(progress, "terraform %s at %s\n", i.Version, i.ExecPath)
			return nil
		}
	} else {
		pathErr = fmt.Errorf("no terraform on PATH: want %s", wantTerraform)
	}

	dir := filepath.Join(tools, pinnedTerraform)
	installed := filepath.Join(dir, product.Terraform.BinaryName())
	if i.use(ctx, installed) == nil {
		fmt.Fprintf(progress, "%v; using terraform %s at %s\n", pathErr, i.Version, i.ExecPath)
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}

	fmt.Fprintf(progress, "%v; installing terraform %s into %s\n", pathErr, pinnedTerraform, dir)
	err := install(ctx, installed, src)
	if err == nil {
		err = i.use(ctx, installed)
	}
	if err != nil {
		return fmt.Errorf("%w; installing %s failed: %w; put a matching terraform on PATH", pathErr, pinnedTerraform, err)
	}
	return nil
}

// use takes the terraform at path if it runs and has a version that we want.
func (i *Installation) use(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	probe := Installation{ExecPath: path, CLIConfig: i.CLIConfig}
	ws, err := probe.Workspace(filepath.Dir(path), nil)
	if err != nil {
		return err
	}
	got, err := ws.version(ctx)
	if err != nil {
		return fmt.Errorf("terraform at %s does not tell its version: %w: want %s", path, err, wantTerraform)
	}
	if !satisfies(got, wantTerraform) {
		return fmt.Errorf("terraform %s at %s: want %s", got, path, wantTerraform)
	}
	i.ExecPath, i.Version = path, got.String()
	return nil
}

// install downloads the pinned terraform, verifies its signature and checksum,
// and puts it at path in one step, so that nobody ever sees half of it.
func install(ctx context.Context, path string, src sources) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(path), "download-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()

	download := &releases.ExactVersion{
		Product:          product.Terraform,
		Version:          version.Must(version.NewVersion(pinnedTerraform)),
		InstallDir:       tmp,
		Timeout:          downloadDeadline,
		ApiBaseURL:       src.releasesURL,
		ArmoredPublicKey: src.releasesKey,
	}
	var steps bytes.Buffer
	download.SetLogger(log.New(&steps, "", 0))
	downloaded, err := download.Install(ctx)
	if err != nil {
		// hc-install 0.10.0 refuses a wrong checksum but loses that error: only its
		// log tells, and Install fails later because nothing was unpacked.
		for line := range strings.Lines(steps.String()) {
			if strings.HasPrefix(line, "checksum does not match") {
				err = errors.New(strings.TrimSpace(line))
			}
		}
		return err
	}
	return os.Rename(downloaded, path)
}

// satisfies reports whether v satisfies a constraint that is a constant of ours.
func satisfies(v *version.Version, constraint string) bool {
	return version.MustConstraints(version.NewConstraint(constraint)).Check(v)
}
