package supervise

import (
	"os"
	"path/filepath"
)

const (
	inScope     = "supervisor"
	controllers = "+memory +pids +cpu"
)

// settle makes room in a scope: cgroups below one that has processes itself cannot be limited, so this process moves
// into one of its own beside the box's. Whoever made the scope removes it with its last process.
func settle(scope string) error {
	own := filepath.Join(scope, inScope)
	if err := os.Mkdir(own, 0o755); err != nil {
		return err
	}
	if err := write(filepath.Join(own, "cgroup.procs"), "0"); err != nil {
		return err
	}
	return write(filepath.Join(scope, "cgroup.subtree_control"), controllers)
}
