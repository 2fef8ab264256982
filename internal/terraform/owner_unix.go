//go:build unix

package terraform

import (
	"errors"
	"io/fs"
	"syscall"
)

func ownerOf(info fs.FileInfo) (int, error) {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.New("this file system has no owners")
	}
	return int(sys.Uid), nil
}
