package files

import (
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// The system calls that work on a name in an open folder.
// Each asks for an asUser, so that none can run under the agent's own identity.

const (
	numberOpenat2 = 437 // the same on every architecture

	openPath       = 0x200000 // O_PATH
	atEmptyPath    = 0x1000
	atNoFollow     = 0x100
	atRemoveFolder = 0x200

	resolveNoMagicLinks = 0x02
	resolveNoLinks      = 0x04
	resolveBeneath      = 0x08

	openCarefully = syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY
	openFolder    = openPath | syscall.O_DIRECTORY | syscall.O_NOFOLLOW
	openForNames  = syscall.O_RDONLY | syscall.O_DIRECTORY | openCarefully
)

func openAt(user asUser, folder int, name string, flags int, mode uint32) (int, error) {
	const folderOnly = syscall.O_DIRECTORY | syscall.O_NOFOLLOW
	if flags&(folderOnly|openPath) == folderOnly && name != "." && followsLinks() {
		return openUnlinked(user, folder, name, flags)
	}
	return openOnce(user, folder, name, flags, mode)
}

// followsLinks says whether O_NOFOLLOW with O_DIRECTORY follows a link all the same, as in gVisor.
var followsLinks = sync.OnceValue(func() bool {
	// A link to a folder, wherever there is a /proc.
	descriptor, err := syscall.Open("/proc/self", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	syscall.Close(descriptor)
	return true
})

// openUnlinked opens a folder and makes sure that it is what has the name, which O_PATH never follows.
func openUnlinked(user asUser, folder int, name string, flags int) (int, error) {
	named, err := openOnce(user, folder, name, openFolder, 0)
	if err != nil {
		return -1, err
	}
	defer syscall.Close(named)
	descriptor, err := openOnce(user, folder, name, flags, 0)
	if err != nil {
		return -1, err
	}
	var wanted, got syscall.Stat_t
	if err = syscall.Fstat(named, &wanted); err == nil {
		err = syscall.Fstat(descriptor, &got)
	}
	if err == nil && (wanted.Dev != got.Dev || wanted.Ino != got.Ino) {
		err = syscall.ENOTDIR
	}
	if err != nil {
		syscall.Close(descriptor)
		return -1, err
	}
	return descriptor, nil
}

func openOnce(_ asUser, folder int, name string, flags int, mode uint32) (int, error) {
	for {
		descriptor, err := syscall.Openat(folder, name, flags|syscall.O_CLOEXEC, mode)
		if err != syscall.EINTR {
			return descriptor, err
		}
	}
}

func openBeneath(_ asUser, folder int, path string, flags int, mode uint32) (int, error) {
	how := struct{ flags, mode, resolve uint64 }{
		uint64(flags | syscall.O_CLOEXEC), uint64(mode), resolveBeneath | resolveNoMagicLinks | resolveNoLinks,
	}
	for {
		var descriptor uintptr
		err := withName(path, func(pointer *byte) (errno syscall.Errno) {
			descriptor, _, errno = syscall.Syscall6(numberOpenat2, uintptr(folder), uintptr(unsafe.Pointer(pointer)),
				uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
			return errno
		})
		if err == nil {
			return int(descriptor), nil
		}
		if err != syscall.EINTR {
			return -1, err
		}
	}
}

func statAt(_ asUser, folder int, name string) (*syscall.Stat_t, error) {
	stat := new(syscall.Stat_t)
	flags := atNoFollow
	if name == "" {
		flags |= atEmptyPath
	}
	return stat, withName(name, func(pointer *byte) syscall.Errno {
		_, _, errno := syscall.Syscall6(numberFstatat, uintptr(folder), uintptr(unsafe.Pointer(pointer)),
			uintptr(unsafe.Pointer(stat)), uintptr(flags), 0, 0)
		return errno
	})
}

func readLinkAt(_ asUser, folder int, name string) (string, error) {
	buffer := make([]byte, syscall.PathMax)
	var length uintptr
	err := withName(name, func(pointer *byte) (errno syscall.Errno) {
		length, _, errno = syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(folder), uintptr(unsafe.Pointer(pointer)),
			uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), 0, 0)
		return errno
	})
	if err != nil {
		return "", err
	}
	return string(buffer[:length]), nil
}

func makeLinkAt(_ asUser, target string, folder int, name string) error {
	return withName(target, func(targetPointer *byte) syscall.Errno {
		return errnoOf(withName(name, func(pointer *byte) syscall.Errno {
			_, _, errno := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(targetPointer)),
				uintptr(folder), uintptr(unsafe.Pointer(pointer)))
			return errno
		}))
	})
}

func makeFolderAt(_ asUser, folder int, name string, mode uint32) error {
	return syscall.Mkdirat(folder, name, mode)
}

func unlinkAt(_ asUser, folder int, name string, flags int) error {
	return withName(name, func(pointer *byte) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(folder), uintptr(unsafe.Pointer(pointer)), uintptr(flags))
		return errno
	})
}

func renameAt(_ asUser, fromFolder int, from string, toFolder int, to string, flags int) error {
	return withName(from, func(fromPointer *byte) syscall.Errno {
		return errnoOf(withName(to, func(toPointer *byte) syscall.Errno {
			_, _, errno := syscall.Syscall6(numberRenameat2, uintptr(fromFolder), uintptr(unsafe.Pointer(fromPointer)),
				uintptr(toFolder), uintptr(unsafe.Pointer(toPointer)), uintptr(flags), 0)
			return errno
		}))
	})
}

func linkAt(_ asUser, fromFolder int, from string, toFolder int, to string) error {
	return withName(from, func(fromPointer *byte) syscall.Errno {
		return errnoOf(withName(to, func(toPointer *byte) syscall.Errno {
			_, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, uintptr(fromFolder), uintptr(unsafe.Pointer(fromPointer)),
				uintptr(toFolder), uintptr(unsafe.Pointer(toPointer)), 0, 0)
			return errno
		}))
	})
}

func setMode(_ asUser, descriptor int, mode uint32) error {
	return syscall.Fchmod(descriptor, mode)
}

func setTimes(_ asUser, descriptor int, modified time.Time) error {
	stamp := syscall.Timespec{Sec: modified.Unix(), Nsec: int64(modified.Nanosecond())}
	times := [2]syscall.Timespec{stamp, stamp}
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(descriptor), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func withName(name string, call func(*byte) syscall.Errno) error {
	pointer, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	if errno := call(pointer); errno != 0 {
		return errno
	}
	return nil
}

func errnoOf(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
