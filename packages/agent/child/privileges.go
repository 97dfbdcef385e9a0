package child

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

const setNoNewPrivileges = 38

// Raw system calls: only this thread changes, and it is the one that executes the program.
func become(job *Job) error {
	if err := raw(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0); err != nil {
		return err
	}
	owner := job.Become
	if owner == nil {
		return nil
	}
	groups := []uint32{uint32(owner.Group)}
	if owner.Group == 0 {
		groups = groups[:0]
	}
	if err := raw(syscall.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0); err != nil {
		return err
	}
	gid, uid := uintptr(owner.GID), uintptr(owner.UID)
	if err := raw(syscall.SYS_SETRESGID, gid, gid, gid); err != nil {
		return err
	}
	return raw(syscall.SYS_SETRESUID, uid, uid, uid)
}

// Signals that are ignored stay so in the program, and a blocked one stays blocked.
func resetSignals(*Job) error {
	var action [4]uint64
	for signal := uintptr(1); signal <= 64; signal++ {
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	}
	const setMask = 2
	var none uint64
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&none)), 0, 8, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func arrangeDescriptors(job *Job) error {
	for target := range 3 {
		if err := syscall.Dup3(firstStream+target, target, 0); err != nil {
			return err
		}
	}
	if job.hasStructured {
		if err := syscall.Dup3(firstStream+3, 3, 0); err != nil {
			return err
		}
	} else {
		syscall.Close(3)
	}
	const closeRange, onlyOnExec = 436, 4
	if raw(closeRange, 4, 0xffffffff, onlyOnExec) == nil {
		return nil
	}
	return closeEachOnExec()
}

func closeEachOnExec() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return syscall.EIO
	}
	for _, entry := range entries {
		if descriptor, err := strconv.Atoi(entry.Name()); err == nil && descriptor > 3 {
			syscall.CloseOnExec(descriptor)
		}
	}
	return nil
}

func raw(number, first, second, third uintptr) error {
	if _, _, errno := syscall.RawSyscall(number, first, second, third); errno != 0 {
		return errno
	}
	return nil
}
