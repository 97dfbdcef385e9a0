package files

import "syscall"

type kind string

const (
	fileKind   kind = "file"
	folderKind kind = "directory"
	linkKind   kind = "symlink"
	otherKind  kind = "other"
)

func kindOf(mode uint32) kind {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return fileKind
	case syscall.S_IFDIR:
		return folderKind
	case syscall.S_IFLNK:
		return linkKind
	}
	return otherKind
}

// kindError says what is in the place of a regular file.
func kindError(path string, mode uint32) error {
	names := map[uint32]string{
		syscall.S_IFIFO:  "a FIFO",
		syscall.S_IFSOCK: "a socket",
		syscall.S_IFCHR:  "a device",
		syscall.S_IFBLK:  "a device",
	}
	switch kindOf(mode) {
	case fileKind:
		return nil
	case folderKind:
		return fail("EISDIR", path, "%s is a folder", path)
	case linkKind:
		return fail("EESCAPE", path, "%s is a symbolic link, and links are not followed", path)
	}
	return fail("EINVAL", path, "%s is %s, not a regular file", path, names[mode&syscall.S_IFMT])
}
