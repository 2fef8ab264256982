//go:build unix

package image

import (
	"os/exec"
	"syscall"
)

// separate gives a program a process group of its own: Ctrl-C in the terminal is for
// us, and we end the whole group.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}
