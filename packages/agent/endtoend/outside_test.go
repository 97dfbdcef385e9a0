package endtoend

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// boxProcesses lists, from outside the box, the processes in its namespace that are wanted.
func boxProcesses(box *box, wanted func(status map[string]string) bool) []string {
	namespace, err := os.Readlink("/proc/" + strconv.Itoa(box.command.Process.Pid) + "/ns/pid_for_children")
	if err != nil {
		return nil
	}
	var found []string
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		if link, err := os.Readlink(folder + "/ns/pid"); err != nil || link != namespace {
			continue
		}
		content, err := os.ReadFile(folder + "/status")
		if err != nil {
			continue
		}
		status := map[string]string{}
		for _, line := range strings.Split(string(content), "\n") {
			name, value, _ := strings.Cut(line, ":")
			status[name] = strings.TrimSpace(value)
		}
		command, _ := os.ReadFile(folder + "/cmdline")
		status["cmdline"] = strings.ReplaceAll(string(command), "\x00", " ")
		if wanted(status) {
			found = append(found, status["Name"]+" "+status["State"]+" "+status["NSpid"])
		}
	}
	return found
}

// eventually waits for something that happens after the protocol has told its cause.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: did not come about", what)
		}
	}
}
