package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// limitedBox is a box in a memory cgroup of its own; it skips where there is no such controller.
func limitedBox(t *testing.T, sameUID bool) *box {
	t.Helper()
	folder := fmt.Sprintf("/sys/fs/cgroup/memory/agent-endtoend-%d", os.Getpid())
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Skipf("no memory cgroup (version 1) can be made here: %v", err)
	}
	t.Cleanup(func() { eventually(t, "removing "+folder, func() bool { return os.Remove(folder) == nil }) })
	must(t, os.WriteFile(filepath.Join(folder, "memory.limit_in_bytes"), []byte("100M"), 0))
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
