package files

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"unsafe"
)

// asUser is held only by code that runs under the user's file-system identity.
type asUser struct{ _ struct{} }

var errIdentity = errors.New("the thread's file-system identity could not be changed")

// identity runs tasks as one user. A box's root has CAP_SETUID and CAP_SETGID but neither CAP_DAC_OVERRIDE,
// CAP_CHOWN nor CAP_FOWNER, so what a task makes is owned by the user from its first instant.
type identity struct {
	user  threadIdentity
	split bool
	// gVisor has no setfsuid (gvisor.dev/issue/260); there the thread's effective ids do the same.
	effective bool
}

type threadIdentity struct {
	uid, gid int
	groups   []uint32
}

func newIdentity(options Options) identity {
	result := identity{user: threadIdentity{uid: options.UID, gid: options.GID}, split: options.SplitUID}
	if result.split {
		_, errno := setThreadID(syscall.SYS_SETFSUID, -1)
		result.effective = errno == syscall.ENOSYS
	}
	return result
}

// run calls the task as the user, with no supplementary group, and gives the thread back as it was.
// When that fails the goroutine stays bound to its thread, which ends with it and serves nobody else.
func (i identity) run(task func(asUser) error) (err error) {
	if !i.split {
		return task(asUser{})
	}
	runtime.LockOSThread()
	before, err := i.current()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() {
		if failure := i.become(before, i.user); failure != nil {
			err = failure
			return
		}
		runtime.UnlockOSThread()
	}()
	if err := i.become(i.user, before); err != nil {
		return err
	}
	return task(asUser{})
}

func (i identity) current() (threadIdentity, error) {
	result := threadIdentity{}
	if i.effective {
		result.uid, result.gid = syscall.Geteuid(), syscall.Getegid()
	} else {
		result.uid, _ = setThreadID(syscall.SYS_SETFSUID, -1)
		result.gid, _ = setThreadID(syscall.SYS_SETFSGID, -1)
	}
	count, _, errno := syscall.RawSyscall(syscall.SYS_GETGROUPS, 0, 0, 0)
	if errno != 0 {
		return result, fmt.Errorf("%w: %w", errIdentity, errno)
	}
	if count > 0 {
		result.groups = make([]uint32, count)
		count, _, errno = syscall.RawSyscall(syscall.SYS_GETGROUPS, count, uintptr(unsafe.Pointer(&result.groups[0])), 0)
		if errno != 0 {
			return result, fmt.Errorf("%w: %w", errIdentity, errno)
		}
		result.groups = result.groups[:count]
	}
	return result, nil
}

// become uses raw system calls: those of the syscall package would change every thread.
func (i identity) become(next, previous threadIdentity) error {
	if i.effective && next.uid == 0 {
		// Only root's effective uid carries the capabilities for the rest.
		if err := i.setIDs(next); err != nil {
			return err
		}
	}
	if !slices.Equal(next.groups, previous.groups) {
		var first unsafe.Pointer
		if len(next.groups) > 0 {
			first = unsafe.Pointer(&next.groups[0])
		}
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETGROUPS, uintptr(len(next.groups)), uintptr(first), 0); errno != 0 {
			return fmt.Errorf("%w: groups: %w", errIdentity, errno)
		}
	}
	return i.setIDs(next)
}

func (i identity) setIDs(next threadIdentity) error {
	if i.effective {
		calls := [][2]int{{syscall.SYS_SETRESGID, next.gid}, {syscall.SYS_SETRESUID, next.uid}}
		if next.uid == 0 {
			slices.Reverse(calls)
		}
		for _, call := range calls {
			if _, _, errno := syscall.RawSyscall(uintptr(call[0]), ^uintptr(0), uintptr(call[1]), ^uintptr(0)); errno != 0 {
				return fmt.Errorf("%w: %w", errIdentity, errno)
			}
		}
		return nil
	}
	setThreadID(syscall.SYS_SETFSGID, next.gid)
	setThreadID(syscall.SYS_SETFSUID, next.uid)
	// Neither call reports failure; an impossible id tells the present one.
	gid, _ := setThreadID(syscall.SYS_SETFSGID, -1)
	uid, _ := setThreadID(syscall.SYS_SETFSUID, -1)
	if uid != next.uid || gid != next.gid {
		return fmt.Errorf("%w: uid %d, gid %d", errIdentity, next.uid, next.gid)
	}
	return nil
}

func setThreadID(number uintptr, id int) (int, syscall.Errno) {
	previous, _, errno := syscall.RawSyscall(number, uintptr(id), 0, 0)
	return int(uint32(previous)), errno
}
