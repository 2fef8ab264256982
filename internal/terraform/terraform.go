// Package terraform finds or installs Terraform, finds an offline mirror of the
// AWS provider, and runs Terraform in a folder.
//
//	inst, err := terraform.Setup(ctx, ".", os.Stderr)
//	ws, err := inst.Workspace("cdktf.out/stacks/staging", nil)
//	err = ws.Init(ctx)
//	plan, err := ws.Plan(ctx)
//
// Everything that it writes outside the workspaces lies in the project's
// .tools/terraform folder, which can be deleted at any time.
package terraform

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Installation is a Terraform that is ready to run. [Setup] makes it; it is not
// changed afterwards and may be shared by goroutines.
type Installation struct {
	// ExecPath is the absolute path of the terraform program.
	ExecPath string
	// Version is the program's version, such as "1.11.4".
	Version string
	// CLIConfig is the absolute path of the CLI configuration file to use. ""
	// means the user's ~/.terraformrc, which Terraform reads by itself.
	CLIConfig string

	cacheLock string // the lock file of the provider cache; "" when there is no cache of ours
	lockFile  string // the project's checksums of providers
}

// sources says where Setup looks for what it needs.
type sources struct {
	mirrorRoots []string // folders that may hold a provider mirror, best first
	releasesURL string   // where terraform is downloaded from; "" is HashiCorp's site
	releasesKey string   // the armored PGP key that signs the downloads; "" is HashiCorp's
}

// Setup finds Terraform and its provider mirror for the project in projectDir,
// which must exist.
//
// Terraform is the one on PATH when its version is at least 1.11 and below 2.0;
// otherwise a pinned version is downloaded, verified and kept in
// <projectDir>/.tools/terraform, where the next call finds it.
//
// A CLI configuration of the user's own is used as it is: the file that
// TF_CLI_CONFIG_FILE names, if it exists, or ~/.terraformrc when the variable is
// not set. Otherwise Setup writes one, which installs the AWS provider from the
// first offline mirror that holds a suitable version, or else from the registry
// through a cache in .tools/terraform.
//
// What Setup decides is told to progress, one line each; nil means silence. The
// error says what was found, what is wanted and what to do.
func Setup(ctx context.Context, projectDir string, progress io.Writer) (*Installation, error) {
	return setup(ctx, projectDir, progress, sources{mirrorRoots: mirrorRoots()})
}

func setup(ctx context.Context, projectDir string, progress io.Writer, src sources) (*Installation, error) {
	if progress == nil {
		progress = io.Discard
	}
	project, err := existingDir(projectDir)
	if err != nil {
		return nil, fmt.Errorf("setting up terraform: %w", err)
	}
	tools := filepath.Join(project, ".tools", "terraform")

	inst := &Installation{lockFile: filepath.Join(project, lockName)}
	if err := inst.configure(tools, src.mirrorRoots, progress); err != nil {
		return nil, fmt.Errorf("setting up terraform: %w", err)
	}
	if err := inst.find(ctx, tools, src, progress); err != nil {
		return nil, fmt.Errorf("setting up terraform: %w", err)
	}
	return inst, nil
}

// Environ returns the variables, as "KEY=value", for a program that runs
// Terraform by itself, such as cdktf-cli. Append it to os.Environ().
func (i *Installation) Environ() []string {
	env := []string{"TERRAFORM_BINARY_NAME=" + i.ExecPath}
	for key, value := range i.vars() {
		env = append(env, key+"="+value)
	}
	slices.Sort(env)
	return env
}

// vars returns the variables that Terraform itself reads.
func (i *Installation) vars() map[string]string {
	vars := map[string]string{
		"CHECKPOINT_DISABLE": "1",
		// Terraform and the provider run for seconds, a fifth of which they would collect
		// garbage; they take about 200 MB more for it.
		"GOGC": cmp.Or(os.Getenv("GOGC"), "400"),
	}
	if i.CLIConfig != "" {
		vars[configVar] = i.CLIConfig
	}
	return vars
}

// existingDir returns dir as an absolute path.
func existingDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s: is a file, want a folder", abs)
	}
	return abs, nil
}
