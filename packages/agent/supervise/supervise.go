// Package supervise runs on the host, beside a box that no daemon watches: it has an OCI runtime start the box,
// waits for the box's end and removes what the runtime has made, also when the program that wanted the box is gone.
package supervise

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Name is the last part of the argv[0] that makes the agent's binary a supervisor.
const Name = "llm-sandbox-supervisor"

const (
	report       = 3
	exitMisused  = 64
	subreaper    = 36
	pidFile      = "pid"
	minArguments = 6
)

// Run supervises one box and ends the program. Arguments: the box's folder, which is removed at the end; a mount point
// that the command is not to see, or ""; the folder of the scope that this process was started in and the box's cgroup
// is to be made in, or "" when it needs none; the number of the box's cgroups and their folders, also removed; the
// command that starts the box and leaves the process id of the box's first process in the file "pid" of the folder.
// Standard streams become the box's own.
// On descriptor 3 it says a line each: "started PID", or "failed CODE", and at last "exited CODE" or "signalled NUMBER",
// after "starved COUNT" when the kernel has killed processes of a box that was signalled for want of memory.
// SIGTERM kills the box.
func Run() {
	given, ok := arguments(os.Args[1:])
	if !ok {
		fmt.Fprintln(os.Stderr, Name+": wrong arguments")
		os.Exit(exitMisused)
	}
	folder, cgroups := given.folder, given.cgroups
	syscall.CloseOnExec(report)
	if given.scope == "" {
		go hasten(cgroups)
	} else if err := settle(given.scope); err != nil {
		// The box's cgroup would not have its limits, which the host finds out.
		fmt.Fprintln(os.Stderr, Name+":", err)
	}
	// A box whose starter has ended becomes a child of this process, so that its end can be waited for.
	syscall.RawSyscall(syscall.SYS_PRCTL, subreaper, 1, 0)
	supervisor := &supervisor{cgroups: cgroups}
	supervisor.listen()
	os.WriteFile(filepath.Join(folder, "supervisor"), strconv.AppendInt(nil, int64(os.Getpid()), 10), 0o600)
	code := supervisor.start(given)
	if code == 0 {
		pid := readPID(folder)
		supervisor.box.Store(int64(pid))
		if supervisor.ended.Load() {
			kill(pid)
		}
		say("started", pid)
		letGo()
		runtime.GOMAXPROCS(1)
		supervisor.waitFor(pid)
	} else {
		say("failed", code)
		endChildren()
	}
	removeCgroups(cgroups)
	if os.RemoveAll(folder) != nil {
		unmountAll(folder)
		os.RemoveAll(folder)
	}
	os.Exit(0)
}

// order is what the host wants done.
type order struct {
	folder, hidden, scope string
	cgroups, command      []string
}

func arguments(given []string) (order, bool) {
	if len(given) < minArguments-1 {
		return order{}, false
	}
	count, err := strconv.Atoi(given[3])
	rest := given[4:]
	if err != nil || count < 0 || count >= len(rest) || !filepath.IsAbs(given[0]) {
		return order{}, false
	}
	return order{given[0], given[1], given[2], rest[:count], rest[count:]}, true
}

type supervisor struct {
	cgroups      []string
	starter, box atomic.Int64
	ended        atomic.Bool
}

func (supervisor *supervisor) listen() {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGQUIT)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		for range asked {
			supervisor.ended.Store(true)
			if starter := int(supervisor.starter.Load()); starter > 0 {
				syscall.Kill(-starter, syscall.SIGKILL)
			}
			kill(int(supervisor.box.Load()))
			for _, cgroup := range supervisor.cgroups {
				empty(cgroup)
			}
		}
	}()
}

// start returns the exit code of the command, 0 when the box has been started.
func (supervisor *supervisor) start(given order) int {
	pid, err := fork(given)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", given.command[0], err)
		return 127
	}
	supervisor.starter.Store(int64(pid))
	if supervisor.ended.Load() {
		syscall.Kill(-pid, syscall.SIGKILL)
	}
	status, ok := wait(pid)
	supervisor.starter.Store(0)
	switch {
	case !ok:
		return 126
	case status.Signaled():
		return 128 + int(status.Signal())
	default:
		return status.ExitStatus()
	}
}

func (supervisor *supervisor) waitFor(pid int) {
	status, ok := wait(pid)
	supervisor.box.Store(0)
	switch {
	case !ok:
		say("lost", 0)
	case status.Signaled():
		if count := starved(supervisor.cgroups); count > 0 {
			say("starved", count)
		}
		say("signalled", int(status.Signal()))
	default:
		say("exited", status.ExitStatus())
	}
}

// fork starts the command, without what is to be hidden from it.
func fork(given order) (pid int, err error) {
	started := make(chan struct{})
	go func() {
		defer close(started)
		if given.hidden != "" {
			// Never unlocked: the thread ends here, as nothing else may see the mounts as the command does.
			runtime.LockOSThread()
			if err = hide(given.hidden); err != nil {
				return
			}
		}
		pid, err = syscall.ForkExec(given.command[0], given.command, &syscall.ProcAttr{
			Env:   os.Environ(),
			Files: []uintptr{0, 1, 2},
			Sys:   &syscall.SysProcAttr{Setpgid: true},
		})
	}()
	<-started
	return pid, err
}

// hide gives this thread, and what it starts, a view of the machine's mounts in which an empty folder is mounted over
// one of them. What is written there is gone with the last who sees it.
func hide(mountPoint string) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", mountPoint, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "size=64k")
}

// wait waits for one child and takes notice of the others, which the runtime may have left to this process.
func wait(pid int) (status syscall.WaitStatus, ok bool) {
	for {
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, false
		case ended == pid:
			return status, true
		}
	}
}

// letGo gives up the box's streams, which would otherwise not end with the box.
func letGo() {
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	for stream := range 3 {
		if err != nil || syscall.Dup3(null, stream, syscall.O_CLOEXEC) != nil {
			syscall.Close(stream)
		}
	}
}

// unmountAll unmounts what a runtime that was killed in the right moment has left mounted: itself.
func unmountAll(folder string) {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(fields[4], folder+"/") {
			syscall.Unmount(fields[4], syscall.MNT_DETACH)
		}
	}
}

func readPID(folder string) int {
	content, _ := os.ReadFile(filepath.Join(folder, pidFile))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}

func kill(pid int) {
	if pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

func say(word string, number int) {
	syscall.Write(report, fmt.Appendf(nil, "%s %d\n", word, number))
}
