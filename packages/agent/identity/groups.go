package identity

import (
	"os"
	"runtime"
	"syscall"
)

// DropGroups gives up the supplementary groups that this program was started with: an OCI runtime that is not root
// leaves those of its user to the box. The program starts anew without them, as its other threads would keep them. Who
// may not change groups goes on with them.
func DropGroups() {
	groups, err := os.Getgroups()
	if err != nil || len(groups) == 0 {
		return
	}
	program, err := os.Executable()
	if err != nil {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); errno == 0 {
		syscall.Exec(program, os.Args, os.Environ())
	}
}
