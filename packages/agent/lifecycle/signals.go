// Package lifecycle ends the agent when the host does, and by nothing that the user's code does.
package lifecycle

import (
	"syscall"
	"unsafe"
)

// IgnoreSignals lets no signal end the agent: Go's run-time would die of those it turns into crashes, which
// any process of the agent's own user can send. SIGCHLD and SIGURG stay with the run-time, which needs them and
// survives them; SIGKILL and SIGSTOP do not reach PID 1 from inside.
func IgnoreSignals() {
	const ignore = 1
	action := [4]uint64{ignore}
	for signal := uintptr(1); signal <= 64; signal++ {
		switch syscall.Signal(signal) {
		case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCHLD, syscall.SIGURG:
			continue
		}
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	}
}

// Protect makes the agent unreadable and untraceable for processes of its own user.
func Protect() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return errno
	}
	const setChildSubreaper = 36
	syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	return nil
}
