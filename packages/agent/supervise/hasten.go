package supervise

import (
	"os"
	"path/filepath"
	"strings"
)

// hasten moves this process to the cgroup that it is in. That changes nothing, but the kernel lets the first process
// that is moved after a pause wait for all processors (some 10 ms) and those that follow soon after not: so this one
// waits, while the runtime that is about to move the box is still starting.
func hasten(cgroups []string) {
	content, _ := os.ReadFile("/proc/self/cgroup")
	if path := ownCgroup(string(content), cgroups); path != "" {
		write(filepath.Join(path, "cgroup.procs"), "0")
	}
}

// ownCgroup is the folder of a process whose /proc/PID/cgroup is told, in a hierarchy that has one of the cgroups
// directly below its root or below that folder; "" when there is none.
func ownCgroup(told string, cgroups []string) string {
	for line := range strings.Lines(told) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for _, cgroup := range cgroups {
			root := strings.TrimSuffix(filepath.Dir(cgroup), filepath.Clean(fields[2]))
			// The only hierarchy of version 2 has no controllers in its line, and nothing else is mounted beside it.
			if filepath.Base(root) == fields[1] || fields[1] == "" && len(cgroups) == 1 {
				return filepath.Join(root, fields[2])
			}
		}
	}
	return ""
}
