// Package seccomp builds and installs the system call filter of every child.
package seccomp

import (
	"syscall"
	"unsafe"
)

const (
	setModeFilter    = 1
	allowSpeculation = 1 << 2
)

type program struct {
	length uint16
	filter *Instruction
}

// Install filters the system calls of this thread and of everything it starts; the thread must have given up
// new privileges before.
func Install() error {
	filter := Program()
	program := program{uint16(len(filter)), &filter[0]}
	_, _, errno := syscall.RawSyscall(sysSeccomp, setModeFilter, allowSpeculation, uintptr(unsafe.Pointer(&program)))
	if errno == syscall.EINVAL {
		_, _, errno = syscall.RawSyscall(sysSeccomp, setModeFilter, 0, uintptr(unsafe.Pointer(&program)))
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// Supported says whether the kernel takes filters at all.
func Supported() bool {
	_, _, errno := syscall.RawSyscall(sysSeccomp, setModeFilter, 0, 0)
	return errno == syscall.EFAULT
}
