package sweep

import (
	"bytes"
	"strconv"
	"syscall"
)

// ipcKind is one of the three kinds of System V objects; they outlive their processes and hold memory of the box.
type ipcKind struct {
	list    string // in /proc/sysvipc: a line for each object, its id in the second column
	creator int    // the column of the creator's uid, which nobody can change
	control uintptr
}

var ipcKinds = []ipcKind{
	{"shm", 9, syscall.SYS_SHMCTL},
	{"sem", 6, syscall.SYS_SEMCTL},
	{"msg", 9, syscall.SYS_MSGCTL},
}

// RemoveIPC removes the System V and POSIX objects that the user has made, when nothing of the user's runs.
func (sweeper *Sweeper) RemoveIPC() {
	if !sweeper.isInit {
		return // the namespace may be shared with others of the same user
	}
	for _, kind := range ipcKinds {
		if ids := ipcOf(readList("/proc/sysvipc/"+kind.list), kind.creator, sweeper.user.UID); len(ids) > 0 {
			sweeper.user.As(func() {
				for _, id := range ids {
					kind.remove(id)
				}
			})
		}
	}
	sweeper.removePosix()
}

// readList is a file of /proc, empty when it cannot be read. Package os would ask Go's poller for it, at the end of every run.
func readList(path string) []byte {
	file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(file)
	list := make([]byte, 0, 512)
	for {
		if len(list) == cap(list) {
			list = append(list, 0)[:len(list)]
		}
		count, err := syscall.Read(file, list[len(list):cap(list)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || count <= 0 {
			return list
		}
		list = list[:len(list)+count]
	}
}

func (kind ipcKind) remove(id int) {
	const remove = 0
	// semctl takes a number between the id and the command.
	if kind.control == syscall.SYS_SEMCTL {
		syscall.RawSyscall(kind.control, uintptr(id), 0, remove)
	} else {
		syscall.RawSyscall(kind.control, uintptr(id), remove, 0)
	}
}

// ipcOf is the ids in a list of /proc/sysvipc that the uid has made.
func ipcOf(list []byte, creator, uid int) (ids []int) {
	for line := range bytes.Lines(list) {
		fields := bytes.Fields(line)
		if len(fields) <= creator {
			continue
		}
		id, err := strconv.Atoi(string(fields[1]))
		if made, madeErr := strconv.Atoi(string(fields[creator])); err == nil && madeErr == nil && made == uid {
			ids = append(ids, id)
		}
	}
	return ids
}
