package terraform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// lockName is Terraform's name of the file with the checksums of providers.
const lockName = ".terraform.lock.hcl"

// PutLock puts the project's checksums of providers into a folder, where Terraform
// compares them with what it installs. What an earlier run added there, it overwrites. A
// project without the file has nothing to compare.
func (i *Installation) PutLock(dir string) error {
	content, err := os.ReadFile(i.lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = writeIfChanged(filepath.Join(dir, lockName), content)
	}
	if err != nil {
		return fmt.Errorf("keeping the provider's checksums: %w", err)
	}
	return nil
}

// checkLock wants the providers that init installed to be those of the project's file:
// what "-lockfile=readonly" does, which terraform-exec does not have. Their checksums
// Terraform has compared; it only adds those of the unpacked provider where the file has
// none for the platform.
func (i *Installation) checkLock(dir string) error {
	wanted, err := os.ReadFile(i.lockFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	found, foundErr := os.ReadFile(filepath.Join(dir, lockName))
	if err := errors.Join(err, foundErr); err != nil {
		return fmt.Errorf("comparing the providers with %s: %w", i.lockFile, err)
	}
	known := lockedProvider.FindAllString(string(wanted), -1)
	for _, provider := range lockedProvider.FindAllString(string(found), -1) {
		if !slices.Contains(known, provider) {
			return fmt.Errorf("%s lacks %s, which was installed: add it with terraform providers lock, and review it", i.lockFile, provider)
		}
	}
	return nil
}

var lockedProvider = regexp.MustCompile(`provider "[^"]+"`)

var checksums = regexp.MustCompile(`\n *hashes *= \[[^\]]*\]`)

// TrustProviders takes the checksums of the providers out of the workspace's own lock
// file. Init has compared them, and Terraform would compare them again at each command:
// half a second for 700 MB. It is for folders that nobody else writes to.
func (w *Workspace) TrustProviders() error {
	file := filepath.Join(w.dir, lockName)
	lock, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, checksums.ReplaceAll(lock, nil), 0o600)
	}
	if err != nil {
		return fmt.Errorf("trusting the providers in %s: %w", w.dir, err)
	}
	return nil
}
