package localaws

import "syscall"

// processAttributes puts the process into a session of its own, so that a signal
// from the terminal reaches it only through us, and unless keep is set has the
// kernel kill it when we are gone.
func processAttributes(keep bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !keep {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}
