package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

const (
	boxName   = "llm-sandbox-test-box"
	userID    = 1234567
	firstTag  = 1300000000
	workspace = "/mnt/workspace"
	scratch   = "/mnt/scratch"
)

// startAgent runs the agent as PID 1 of namespaces of its own; sameUID gives it the user's identity.
func startAgent(t *testing.T, sameUID bool) (*exec.Cmd, *os.File, *os.File) {
	t.Helper()
	command := exec.Command("/proc/self/exe", agentBinary, strconv.FormatBool(sameUID))
	command.Args[0] = boxName
	command.Env = []string{"PATH=/usr/bin:/bin", "MEMORY_GROUP=" + memoryGroup}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
	}
	agentInput, ourOutput, err := os.Pipe()
	must(t, err)
	ourInput, agentOutput, err := os.Pipe()
	must(t, err)
	command.Stdin, command.Stdout, command.Stderr = agentInput, agentOutput, os.Stderr
	must(t, command.Start())
	agentInput.Close()
	agentOutput.Close()
	return command, ourInput, ourOutput
}

// unified is where cgroups are mounted: those of version 2, or folders of those of version 1.
const unified = "/sys/fs/cgroup"

// memoryGroup is the cgroup of the next box, if not empty.
var memoryGroup string

// enterMemoryGroup lets the box see its own cgroup where a container sees it.
func enterMemoryGroup(check func(error)) {
	folder := os.Getenv("MEMORY_GROUP")
	if folder == "" {
		return
	}
	check(os.WriteFile(folder+"/cgroup.procs", []byte("0"), 0))
	check(syscall.Mount(folder, filepath.Dir(folder), "", syscall.MS_BIND, ""))
}

// becomeAgent runs inside the new namespaces and executes the agent with the privileges of a real box. Privileges
// are those of a thread, the one that executes.
func becomeAgent() {
	runtime.LockOSThread()
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "box:", err)
			os.Exit(1)
		}
	}
	check(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	enterMemoryGroup(check)
	check(syscall.Mount("proc", "/proc", "proc", 0, ""))
	check(syscall.Mount("tmpfs", "/mnt", "tmpfs", 0, "size=256m,mode=0755"))
	for _, folder := range []string{workspace, scratch} {
		check(os.Mkdir(folder, 0o700))
		check(os.Chown(folder, userID, userID))
	}
	agent, sameUID := os.Args[1], os.Args[2] == "true"
	binary, err := os.ReadFile(agent)
	check(err)
	check(os.WriteFile("/mnt/agent", binary, 0o755))
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1024, Max: 4096})
	keepOnlyIdentityCapabilities(check)
	if sameUID {
		for _, call := range []uintptr{syscall.SYS_SETRESGID, syscall.SYS_SETRESUID} {
			if call == syscall.SYS_SETRESGID {
				syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0)
			}
			if _, _, errno := syscall.RawSyscall(call, userID, userID, userID); errno != 0 {
				check(errno)
			}
		}
	}
	check(syscall.Exec("/mnt/agent", []string{"agent"}, []string{"SECRET_OF_THE_AGENT=1"}))
}

func keepOnlyIdentityCapabilities(check func(error)) {
	const setGID, setUID, dropBounding = 6, 7, 24
	for capability := uintptr(0); capability < 64; capability++ {
		if capability != setGID && capability != setUID {
			syscall.RawSyscall(syscall.SYS_PRCTL, dropBounding, capability, 0)
		}
	}
	const kept = 1<<setGID | 1<<setUID
	header := struct {
		version uint32
		pid     int32
	}{0x20080522, 0}
	data := [2]struct{ effective, permitted, inheritable uint32 }{{kept, kept, 0}, {}}
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	if errno != 0 {
		check(errno)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var modes = []struct {
	name    string
	sameUID bool
}{{"split-uid", false}, {"same-uid", true}}

// inBothModes runs a test in a box of each mode.
func inBothModes(t *testing.T, test func(t *testing.T, box *box)) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) { test(t, openBox(t, mode.sameUID, nil)) })
	}
}
