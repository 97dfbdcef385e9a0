package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const removalPatience = 10 * time.Second

// removeCgroups kills whatever is left in the cgroups and removes them; those that do not exist are no matter.
func removeCgroups(folders []string) {
	pause := time.Millisecond
	for deadline := time.Now().Add(removalPatience); time.Now().Before(deadline); time.Sleep(pause) {
		left := false
		for _, folder := range folders {
			if err := syscall.Rmdir(folder); err != nil && err != syscall.ENOENT && err != syscall.ENOTDIR {
				empty(folder)
				left = true
			}
		}
		if !left {
			return
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// empty kills the processes of a cgroup, also frozen ones, and of those in it, which a runtime may have made.
func empty(folder string) {
	// A frozen process does not die.
	write(filepath.Join(folder, "freezer.state"), "THAWED")
	write(filepath.Join(folder, "cgroup.freeze"), "0")
	inner, _ := os.ReadDir(folder)
	for _, entry := range inner {
		if entry.IsDir() {
			path := filepath.Join(folder, entry.Name())
			empty(path)
			syscall.Rmdir(path)
		}
	}
	content, _ := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	for line := range strings.Lines(string(content)) {
		pid, _ := strconv.Atoi(strings.TrimSpace(line))
		kill(pid)
	}
}

// write writes to a file that is there, and makes none.
func write(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(value)
	return err
}

// starved is how many processes in the cgroups the kernel has killed for want of memory.
func starved(folders []string) int {
	for _, folder := range folders {
		for _, name := range []string{"memory.oom_control", "memory.events"} {
			content, _ := os.ReadFile(filepath.Join(folder, name))
			for line := range strings.Lines(string(content)) {
				if count, found := strings.CutPrefix(line, "oom_kill "); found {
					number, _ := strconv.Atoi(strings.TrimSpace(count))
					return number
				}
			}
		}
	}
	return 0
}
