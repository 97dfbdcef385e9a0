package sweep

import (
	"os"
	"path/filepath"
	"syscall"
)

// posixFolders hold POSIX shared memory, named semaphores and message queues, which outlive their processes as the
// System V objects do: they count against the box's memory, and their names against later programs.
var posixFolders = []string{"/dev/shm", "/dev/mqueue"}

func (sweeper *Sweeper) removePosix() {
	for _, folder := range posixFolders {
		eachName(folder, func(names []string) {
			sweeper.user.As(func() {
				for _, name := range names {
					syscall.Unlink(filepath.Join(folder, name)) // not a folder, which no such object is
				}
			})
		})
	}
}

// eachName calls visit with the names in a folder, some at a time.
func eachName(path string, visit func(names []string)) {
	descriptor, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	folder := os.NewFile(uintptr(descriptor), path)
	defer folder.Close()
	for {
		names, err := folder.Readdirnames(512)
		if len(names) > 0 {
			visit(names)
		}
		if err != nil {
			return
		}
	}
}
