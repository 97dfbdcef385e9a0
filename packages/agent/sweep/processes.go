// Package sweep finds and kills everything that a run has started, however it detached itself.
package sweep

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// process is what /proc tells about one.
type process struct {
	pid    int
	ended  bool // a zombie without living threads
	uids   [3]int
	groups []int
}

// processes calls visit for each process but the agent itself, in the order of their ids, so that children
// forked meanwhile come later in the same walk.
func processes(visit func(process)) error {
	folder, err := os.Open("/proc")
	if err != nil {
		return err
	}
	defer folder.Close()
	own := os.Getpid()
	for {
		names, err := folder.Readdirnames(64)
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && pid != own {
				if process, found := readProcess(pid); found {
					visit(process)
				}
			}
		}
		if err != nil || len(names) == 0 {
			return nil
		}
	}
}

func readProcess(pid int) (process, bool) {
	file, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/status", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return process{}, false
	}
	defer syscall.Close(file)
	var buffer [4096]byte
	count, err := syscall.Read(file, buffer[:])
	if err != nil || count <= 0 {
		return process{}, false
	}
	return parseStatus(pid, buffer[:count]), true
}

func parseStatus(pid int, status []byte) process {
	found := process{pid: pid}
	zombie, threads := false, 1
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "State":
			state := bytes.TrimSpace(value)
			zombie = len(state) > 0 && (state[0] == 'Z' || state[0] == 'X')
		case "Uid":
			for index, field := range bytes.Fields(value) {
				if index < len(found.uids) {
					found.uids[index], _ = strconv.Atoi(string(field))
				}
			}
		case "Groups":
			for _, field := range bytes.Fields(value) {
				if group, err := strconv.Atoi(string(field)); err == nil {
					found.groups = append(found.groups, group)
				}
			}
		case "Threads":
			threads, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	// The first thread of a process may have ended while others go on.
	found.ended = zombie && threads <= 1
	return found
}
