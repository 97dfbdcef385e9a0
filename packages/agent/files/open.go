package files

import (
	"strings"
	"syscall"
)

// batchBytes keeps what one openat2 resolves below PATH_MAX, 4096.
const batchBytes = 4000

// open opens what a location names without following a link in any component; its errors say which component is to blame.
func (f *Files) open(user asUser, at location, flags int) (int, error) {
	descriptor, err := f.openNames(user, at.root.descriptor, at.names, flags)
	if err != nil {
		return -1, f.explain(user, at, err)
	}
	return descriptor, nil
}

func (f *Files) openNames(user asUser, base int, names []string, flags int) (int, error) {
	folder := base
	closeFolder := func() {
		if folder != base {
			syscall.Close(folder)
		}
	}
	for {
		count := f.batch(names)
		step := strings.Join(names[:count], "/")
		if count == 0 {
			step = "."
		}
		if count == len(names) {
			descriptor, err := f.openStep(user, folder, step, flags)
			closeFolder()
			return descriptor, err
		}
		next, err := f.openStep(user, folder, step, openFolder)
		closeFolder()
		if err != nil {
			return -1, err
		}
		folder, names = next, names[count:]
	}
}

// batch tells how many names one call resolves: without openat2 only O_NOFOLLOW on a single name keeps links out.
func (f *Files) batch(names []string) int {
	if f.walkOnly {
		return min(1, len(names))
	}
	length := 0
	for count, name := range names {
		length += len(name) + 1
		if length > batchBytes {
			return count
		}
	}
	return len(names)
}

func (f *Files) openStep(user asUser, folder int, step string, flags int) (int, error) {
	if f.walkOnly {
		return openAt(user, folder, step, flags|syscall.O_NOFOLLOW, 0)
	}
	return openBeneath(user, folder, step, flags|syscall.O_NOFOLLOW, 0)
}

// explain finds the component that made an open fail: a link becomes EESCAPE, and says where it points.
func (f *Files) explain(user asUser, at location, err error) error {
	if err != syscall.ELOOP && err != syscall.ENOTDIR && err != syscall.EXDEV && err != syscall.ENXIO {
		return asError(err, at.path)
	}
	folder := at.root.descriptor
	path := strings.TrimSuffix(at.root.path, "/")
	for index, name := range at.names {
		path += "/" + name
		next, openErr := openAt(user, folder, name, openPath|syscall.O_NOFOLLOW, 0)
		if openErr != nil {
			break
		}
		defer syscall.Close(next)
		folder = next
		stat, statErr := statAt(user, next, "")
		if statErr != nil {
			break
		}
		switch kindOf(stat.Mode) {
		case folderKind:
		case linkKind:
			target, _ := readLinkAt(user, next, "")
			return linkError(path, target)
		default:
			if index < len(at.names)-1 || err == syscall.ENOTDIR {
				return fail("ENOTDIR", path, "%s is not a folder", path)
			}
			return kindError(path, stat.Mode)
		}
	}
	return asError(err, at.path)
}

func linkError(path, target string) error {
	return fail("EESCAPE", path, "%s is a symbolic link to %q, and links are not followed", path, target)
}
