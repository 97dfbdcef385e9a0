package supervise

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test's own binary is the supervisor of the tests below.
func TestMain(tests *testing.M) {
	if os.Args[0] == Name {
		Run()
	}
	os.Exit(tests.Run())
}

func supervised(t *testing.T, script string) (*exec.Cmd, string, *os.File) {
	t.Helper()
	return supervisedWithout(t, "", script)
}

func supervisedWithout(t *testing.T, hidden, script string) (*exec.Cmd, string, *os.File) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "box")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/proc/self/exe")
	command.Args = []string{Name, folder, hidden, "", "1", filepath.Join(folder, "cgroup"), "/bin/sh", "-c", script, "sh", folder}
	command.ExtraFiles = []*os.File{writer}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	return command, folder, reader
}

func reports(t *testing.T, reader *os.File) []string {
	t.Helper()
	var content bytes.Buffer
	if _, err := content.ReadFrom(reader); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(content.String()), "\n")
}

func expectGone(t *testing.T, command *exec.Cmd, folder string) {
	t.Helper()
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", folder, err)
	}
}

func TestBoxIsWaitedForAndItsFolderRemoved(t *testing.T) {
	command, folder, reader := supervised(t, `sh -c 'sleep 0.1; exit 7' & echo $! > $1/pid`)
	said := reports(t, reader)
	if len(said) != 2 || !strings.HasPrefix(said[0], "started ") || said[1] != "exited 7" {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
}

func TestFailedStartIsTold(t *testing.T) {
	command, folder, reader := supervised(t, "exit 3")
	if said := reports(t, reader); !slices.Equal(said, []string{"failed 3"}) {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
}

func TestTerminationKillsTheBox(t *testing.T) {
	command, folder, reader := supervised(t, `sleep 1000 & echo $! > $1/pid`)
	started := make([]byte, 8)
	if _, err := reader.Read(started); err != nil || string(started) != "started " {
		t.Fatalf("%q, %v", started, err)
	}
	command.Process.Signal(syscall.SIGTERM)
	if said := reports(t, reader); said[len(said)-1] != "signalled 9" {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
}

func TestTerminationKillsAHangingStart(t *testing.T) {
	command, folder, reader := supervised(t, `touch "$1/hangs"; sleep 1000; exit 0`)
	for hangs := false; !hangs; time.Sleep(time.Millisecond) {
		_, err := os.Stat(filepath.Join(folder, "hangs"))
		hangs = err == nil
	}
	command.Process.Signal(syscall.SIGTERM)
	if said := reports(t, reader); !slices.Equal(said, []string{"failed 137"}) {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
}

func TestWantOfMemoryIsRead(t *testing.T) {
	folder := t.TempDir()
	if count := starved([]string{folder}); count != 0 {
		t.Error(count)
	}
	for name, content := range map[string]string{
		"memory.events":      "low 0\noom 3\noom_kill 2\noom_group_kill 0\n",
		"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
	} {
		folder := t.TempDir()
		os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600)
		if count := starved([]string{t.TempDir(), folder}); count != 2 {
			t.Errorf("%s: %d", name, count)
		}
	}
}

func TestOnlyTheCommandDoesNotSeeWhatIsHidden(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	hidden := t.TempDir()
	if err := syscall.Mount("tmpfs", hidden, "tmpfs", 0, ""); err != nil {
		t.Skip(err)
	}
	defer syscall.Unmount(hidden, syscall.MNT_DETACH)
	os.WriteFile(filepath.Join(hidden, "seen"), nil, 0o600)
	seen := filepath.Join(t.TempDir(), "seen")
	command, folder, reader := supervisedWithout(t, hidden, "ls "+hidden+" > "+seen+"; touch "+hidden+"/made; exit 3")
	if said := reports(t, reader); !slices.Equal(said, []string{"failed 3"}) {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
	if content, err := os.ReadFile(seen); err != nil || len(content) > 0 {
		t.Errorf("the command saw %q, %v", content, err)
	}
	if names, _ := filepath.Glob(filepath.Join(hidden, "*")); !slices.Equal(names, []string{filepath.Join(hidden, "seen")}) {
		t.Errorf("others see %q", names)
	}
}

func TestACgroupIsRemovedAlsoWhenItIsNone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "box")
	os.Mkdir(folder, 0o700)
	empty(folder)
	if names, _ := os.ReadDir(folder); len(names) > 0 {
		t.Errorf("%q was made", names)
	}
}

func TestNothingThatAFailedStartHasStartedIsLeft(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	script := `setsid sh -c 'echo $$ >> ` + pids + `; sleep 1000 & echo $! >> ` + pids + `; wait' & until [ "$(wc -l < ` + pids + `)" = 2 ]; do :; done; exit 3`
	os.WriteFile(pids, nil, 0o600)
	command, folder, reader := supervised(t, script)
	if said := reports(t, reader); !slices.Equal(said, []string{"failed 3"}) {
		t.Errorf("%q", said)
	}
	expectGone(t, command, folder)
	content, _ := os.ReadFile(pids)
	lines := strings.Fields(string(content))
	if len(lines) != 2 {
		t.Fatalf("%q", content)
	}
	for _, line := range lines {
		if _, err := os.Stat("/proc/" + line); err == nil {
			t.Errorf("process %s is left", line)
		}
	}
}
