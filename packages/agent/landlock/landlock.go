// Package landlock keeps what one run has started away from every other process of the user.
package landlock

import (
	"syscall"
	"unsafe"
)

// The numbers are the same on every architecture; the values are from Linux's uapi/linux/landlock.h.
const (
	createRuleset = 444
	addRule       = 445
	restrictSelf  = 446

	askVersion        = 1
	underPath         = 1
	moveBetweenFolder = 1 << 13
	scopeSignal       = 1 << 1

	versionOfMoves   = 2
	versionOfSignals = 6
)

type attributes struct{ files, network, scope uint64 }

type pathRule struct {
	allowed uint64
	folder  int32
}

// Enter puts this thread and all it starts into a domain of its own: processes outside of it can neither be read,
// written nor traced, however much they belong to the same user, and from Linux 6.12 on not be signalled either.
// Nothing else is refused. It does nothing where the kernel cannot. No new privileges must have been given up before.
func Enter() error {
	version, _, errno := syscall.RawSyscall(createRuleset, 0, 0, askVersion)
	switch {
	case errno != 0 || version < versionOfMoves:
		return nil // A first version would refuse to move files between folders.
	case version < versionOfSignals:
		return enter(attributes{files: moveBetweenFolder}, 8)
	default:
		return enter(attributes{scope: scopeSignal}, 24)
	}
}

func enter(handled attributes, size uintptr) error {
	ruleset, _, errno := syscall.RawSyscall(createRuleset, uintptr(unsafe.Pointer(&handled)), size, 0)
	if errno != 0 {
		return errno
	}
	defer syscall.Close(int(ruleset))
	if handled.files != 0 {
		if err := allowEverywhere(ruleset, handled.files); err != nil {
			return err
		}
	}
	if _, _, errno := syscall.RawSyscall(restrictSelf, ruleset, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// A domain has to handle something to be one; what it handles is then allowed everywhere.
func allowEverywhere(ruleset uintptr, access uint64) error {
	const pathOnly = 0x200000
	root, err := syscall.Open("/", pathOnly|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(root)
	rule := pathRule{access, int32(root)}
	if _, _, errno := syscall.RawSyscall6(addRule, ruleset, underPath, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
