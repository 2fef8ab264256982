//go:build unix

package fastsynth

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkParent refuses a directory in which another user could replace what is ours.
func checkParent(dir string) error {
	info, owner, err := stat(dir)
	if err != nil {
		return err
	}
	if owner != 0 && owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("%s can be written by other users", dir)
	}
	return nil
}

// checkOwn refuses a directory that another user made or could write to, and takes
// away the right to read it.
func checkOwn(dir string) error {
	info, owner, err := stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be written by other users", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

func stat(dir string) (fs.FileInfo, int, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, 0, err
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, 0, errUnsupported
	}
	return info, int(sys.Uid), nil
}
