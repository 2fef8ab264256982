package terraform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
