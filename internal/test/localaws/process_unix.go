//go:build unix && !linux

package localaws

import "syscall"

// processAttributes puts the process into a session of its own, so that a signal
// from the terminal reaches it only through us. There is no death signal here: if
// we are killed, the process stays.
func processAttributes(bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}
