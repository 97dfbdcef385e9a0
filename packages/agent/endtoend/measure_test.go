package endtoend

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMeasure prints what the agent costs; LLM_SANDBOX_MEASURE switches it on. It asserts nothing.
func TestMeasure(t *testing.T) {
	if os.Getenv("LLM_SANDBOX_MEASURE") == "" {
		t.Skip("set LLM_SANDBOX_MEASURE to measure")
	}
	inBothModes(t, func(t *testing.T, box *box) {
		t.Logf("idle: %d KiB of its own, %d KiB private, %d KiB resident", rollup(t, box, "Anonymous")>>10, agentMemory(t, box)>>10, rollup(t, box, "Rss")>>10)
		t.Logf("ping: %v", median(200, box.ping))
		t.Logf("spawn true: %v", median(200, func() { box.open(spawn("/bin/true")).wait() }))
		prepareFork(box, nil).event()
		t.Logf("fork server: %v", median(200, func() { fromServer(box, "").wait() }))
		const bytes = 1 << 30
		start := time.Now()
		box.discard = true
		before := agentTicks(t, box)
		box.open(spawn("head", "-c", "1073741824", "/dev/zero")).wait()
		t.Logf("output: %.0f MB/s, of which the agent worked %d0 ms", bytes/time.Since(start).Seconds()/1e6, agentTicks(t, box)-before)
		time.Sleep(3 * time.Second)
		t.Logf("afterwards: %d KiB of its own", rollup(t, box, "Anonymous")>>10)
	})
}

func median(rounds int, act func()) time.Duration {
	durations := make([]time.Duration, rounds)
	for index := range durations {
		start := time.Now()
		act()
		durations[index] = time.Since(start)
	}
	sort.Slice(durations, func(a, b int) bool { return durations[a] < durations[b] })
	return durations[rounds/2]
}

// agentTicks is the agent's processor time in hundredths of a second.
func agentTicks(t *testing.T, box *box) (ticks int) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", box.command.Process.Pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(content), ") ")
	for _, field := range strings.Fields(rest)[11:13] {
		value, _ := strconv.Atoi(field)
		ticks += value
	}
	return ticks
}
