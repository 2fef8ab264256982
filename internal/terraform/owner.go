package terraform

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkOwners refuses a folder in which another user could put something: the folder
// below in root and everything in it, and every folder on the way there.
func checkOwners(root, below string) error {
	path := filepath.Join(root, below)
	actual, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	// Whoever can write above a link, or above what it names, can put another one there.
	for _, start := range []string{path, actual} {
		for dir := start; ; dir = filepath.Dir(dir) {
			if err := checkOwner(dir, dir == filepath.Dir(dir) || !within(root, dir)); err != nil {
				return err
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return filepath.WalkDir(actual, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := filepath.EvalSymlinks(path)
			if err != nil {
				return err
			}
			return checkOwners(filepath.Dir(target), filepath.Base(target))
		}
		return checkOwner(path, false)
	})
}

// within reports whether dir is root or below it.
func within(root, dir string) bool {
	rel, err := filepath.Rel(root, dir)
	return err == nil && filepath.IsLocal(rel)
}

// checkOwner refuses what another user owns or may write to. In a sticky folder others
// may add names, and touch none of ours.
func checkOwner(path string, stickyIsFine bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	owner, err := ownerOf(info)
	if err != nil {
		return err
	}
	if owner != 0 && owner != user() {
		return fmt.Errorf("%s belongs to another user (%d)", path, owner)
	}
	const others = 0o022
	isLink := info.Mode()&fs.ModeSymlink != 0 // its mode means nothing
	isSticky := stickyIsFine && info.IsDir() && info.Mode()&fs.ModeSticky != 0
	if info.Mode().Perm()&others != 0 && !isLink && !isSticky {
		return fmt.Errorf("%s can be written by other users (%s)", path, info.Mode())
	}
	return nil
}

// user is the one that this process works for. A test is another one.
var user = os.Geteuid
