package fastsynth

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed node/*.js
var embedded embed.FS

const preloadScript = "preload.js"

// prepareCache returns a directory that only this user can read and write, and
// that holds the scripts of this version.
func prepareCache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	// Node resolves links, so that the script would not recognize its own option.
	if cache, err = filepath.EvalSymlinks(cache); err != nil {
		return "", err
	}
	for dir := cache; ; dir = filepath.Dir(dir) {
		if err := checkParent(dir); err != nil {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	scripts, err := fs.Sub(embedded, "node")
	if err != nil {
		return "", err
	}
	version, err := digest(scripts)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "fastsynth")
	for _, name := range []string{"", version} {
		dir = filepath.Join(dir, name)
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		if err := checkOwn(dir); err != nil {
			return "", err
		}
	}
	return dir, writeScripts(scripts, dir)
}

// digest names a version of the scripts, so that two versions of this package
// never share anything.
func digest(scripts fs.FS) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(scripts, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil))[:16], err
}

// writeScripts makes sure that the scripts in dir are those of this version.
func writeScripts(scripts fs.FS, dir string) error {
	return fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := fs.ReadFile(scripts, path)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, path)
		if info, err := os.Lstat(target); err == nil && info.Mode().IsRegular() {
			if got, err := os.ReadFile(target); err == nil && bytes.Equal(got, want) {
				return nil
			}
		}
		return writeFile(target, want)
	})
}

// writeFile puts the whole file in place at once: another process may be reading it.
func writeFile(target string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(target), ".tmp-") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after a rename
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if info, err := os.Lstat(target); err == nil && info.IsDir() {
		if err := os.RemoveAll(target); err != nil {
			return err
		}
	}
	return os.Rename(f.Name(), target)
}
