// Package memory sees when the kernel kills processes of the box for want of memory.
package memory

import (
	"bytes"
	"strconv"
	"syscall"
)

// Watch reads the count of such kills from the box's cgroup.
type Watch struct{ file int }

// NewWatch finds the count of cgroup version 1 or 2.
func NewWatch() *Watch {
	for _, path := range []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"} {
		file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		watch := &Watch{file}
		if _, found := watch.read(); found {
			return watch
		}
		syscall.Close(file)
	}
	return &Watch{-1}
}

// Available says whether there is such a count.
func (watch *Watch) Available() bool { return watch.file >= 0 }

// Kills is how many processes of the box have been killed for memory; 0 when that cannot be known.
func (watch *Watch) Kills() int {
	if watch.file < 0 {
		return 0
	}
	kills, _ := watch.read()
	return kills
}

func (watch *Watch) read() (kills int, found bool) {
	var buffer [1024]byte
	count, err := syscall.Pread(watch.file, buffer[:], 0)
	if err != nil || count <= 0 {
		return 0, false
	}
	return parse(buffer[:count])
}

func parse(content []byte) (kills int, found bool) {
	for line := range bytes.Lines(content) {
		fields := bytes.Fields(line)
		if len(fields) == 2 && string(fields[0]) == "oom_kill" {
			kills, err := strconv.Atoi(string(fields[1]))
			return kills, err == nil
		}
	}
	return 0, false
}
