package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// memoryHierarchy is where cgroups with limits of memory are made, the name of the limit's file, and of that of swap.
func memoryHierarchy() (folder, limit, swap string) {
	if _, err := os.Stat(unified + "/cgroup.controllers"); err != nil {
		return unified + "/memory", "memory.limit_in_bytes", ""
	}
	// systemd need not have enabled it at the top; where that fails, the limit's file is not there.
	os.WriteFile(unified+"/cgroup.subtree_control", []byte("+memory"), 0)
	return unified, "memory.max", "memory.swap.max"
}

// limitedBox is a box in a memory cgroup of its own; it skips where there is no such controller.
func limitedBox(t *testing.T, sameUID bool) *box {
	t.Helper()
	hierarchy, limit, swap := memoryHierarchy()
	folder := fmt.Sprintf("%s/agent-endtoend-%d", hierarchy, os.Getpid())
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Skipf("no memory cgroup can be made here: %v", err)
	}
	t.Cleanup(func() { eventually(t, "removing "+folder, func() bool { return os.Remove(folder) == nil }) })
	must(t, os.WriteFile(filepath.Join(folder, limit), []byte("100M"), 0))
	if swap != "" {
		// A kernel without swap has no such file.
		os.WriteFile(filepath.Join(folder, swap), []byte("0"), 0)
	}
	memoryGroup = folder
	defer func() { memoryGroup = "" }()
	return openBox(t, sameUID, nil)
}

const eat = "x = []\nwhile True: x.append(bytearray(1 << 20))\n"

func TestOutOfMemoryIsToldApart(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			box := limitedBox(t, mode.sameUID)
			if box.hello["memoryEvents"] != true {
				t.Fatal("the agent cannot see the kills")
			}
			if result := box.open(python(eat)).wait(); result["reason"] != "out-of-memory" || result["signal"] != "SIGKILL" {
				t.Fatalf("RESULT %v", result)
			}
			hidden := box.open(spawn("sh", "-c", "/usr/bin/python3 -I -c '"+eat+"'; exit 0"))
			if result := hidden.wait(); result["reason"] != "out-of-memory" || result["exitCode"] != 0.0 {
				t.Fatalf("RESULT %v", result)
			}
			for _, other := range []string{"exit 0", "kill -9 $$"} {
				if result := box.open(spawn("sh", "-c", other)).wait(); result["reason"] != "exited" {
					t.Fatalf("%s: RESULT %v", other, result)
				}
			}
			neighbour := box.open(with(spawn("cat"), "stdin", "stream"))
			neighbour.event()
			if result := box.open(python(eat)).wait(); result["reason"] != "out-of-memory" {
				t.Fatalf("RESULT %v", result)
			}
			neighbour.end(0)
			if result := neighbour.wait(); result["reason"] != "exited" {
				t.Fatalf("the neighbour's RESULT %v", result)
			}
			box.ping()
		})
	}
}
