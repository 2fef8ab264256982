package cdk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ohmycoins/infra/internal/filelock"
)

const (
	workPattern = "ohmycoins-synth-*" // in the system's temporary folder
	workLock    = "lock"              // in the folder; who uses it holds it
)

// workDir makes a temporary folder for the output of a synth, and removes those
// that interrupted ones left. Remove gives it back.
func workDir() (out string, remove func(), err error) {
	removeAbandoned()
	for {
		dir, err := os.MkdirTemp("", workPattern)
		if err != nil {
			return "", nil, err
		}
		lock := filepath.Join(dir, workLock)
		unlock, err := filelock.Lock(context.Background(), lock)
		if err == nil {
			remove = func() {
				_ = os.RemoveAll(dir) // in the system's temporary folder
				unlock()
			}
			out = filepath.Join(dir, "out")
			if err = os.Mkdir(out, 0o700); err == nil {
				return out, remove, nil
			}
			remove()
		}
		// Another process has taken the folder for an abandoned one, before it was
		// locked.
		if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, err
		}
	}
}

func removeAbandoned() {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), workPattern, workLock))
	if err != nil {
		return
	}
	for _, lock := range locks {
		if unlock, ok := filelock.TryLock(lock); ok {
			_ = os.RemoveAll(filepath.Dir(lock)) // tried again by the next
			unlock()
		}
	}
}
