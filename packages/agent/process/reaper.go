package process

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Exit is how a process ended and what it and its waited-for descendants used.
type Exit struct {
	Status    syscall.WaitStatus
	CPU       time.Duration
	PeakBytes int64
}

// Reaper waits for every child of the agent: those it has started, and the orphans that a PID 1 inherits.
type Reaper struct {
	onOrphan func(pid int) func(Exit)

	lock    sync.Mutex
	watched map[int]*watcher
}

type watcher struct{ onExit func(Exit) }

// NewReaper reaps from now on. For a process that nobody watches, onOrphan is asked before it is reaped, while
// /proc still shows whose it was, and what it returns, if anything, gets its exit.
func NewReaper(onOrphan func(pid int) func(Exit)) *Reaper {
	reaper := &Reaper{onOrphan: onOrphan, watched: map[int]*watcher{}}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			for reaper.reapOne() {
			}
		}
	}()
	return reaper
}

// Start calls start and watches the process it returns, however soon that ends; onExit must not wait.
func (reaper *Reaper) Start(start func() (int, error), onExit func(Exit)) (int, error) {
	reaper.lock.Lock()
	defer reaper.lock.Unlock()
	pid, err := start()
	if err == nil {
		reaper.watched[pid] = &watcher{onExit}
	}
	return pid, err
}

// Watch reports the end of a process that may become the agent's child later, until the returned function is
// called because somebody else has waited for it.
func (reaper *Reaper) Watch(pid int, onExit func(Exit)) (unwatch func()) {
	watcher := &watcher{onExit}
	reaper.lock.Lock()
	defer reaper.lock.Unlock()
	reaper.watched[pid] = watcher
	return func() {
		reaper.lock.Lock()
		defer reaper.lock.Unlock()
		// The process id may belong to another process by now.
		if reaper.watched[pid] == watcher {
			delete(reaper.watched, pid)
		}
	}
}

func (reaper *Reaper) reapOne() bool {
	pid := nextEnded()
	if pid == 0 {
		return false
	}
	reaper.lock.Lock()
	watched := reaper.watched[pid]
	delete(reaper.watched, pid)
	reaper.lock.Unlock()
	var onExit func(Exit)
	if watched != nil {
		onExit = watched.onExit
	} else {
		onExit = reaper.onOrphan(pid)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	reaped, err := syscall.Wait4(pid, &status, syscall.WNOHANG|waitAll, &usage)
	if err != nil || reaped != pid {
		return err == syscall.EINTR || err == syscall.ECHILD
	}
	if onExit != nil {
		onExit(Exit{
			Status:    status,
			CPU:       time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
			PeakBytes: usage.Maxrss * 1024,
		})
	}
	return true
}

const waitAll = 0x40000000 // also children whose end signal is not SIGCHLD

func nextEnded() int {
	const anyProcess, exited, noWait = 0, 4, 0x01000000
	var information [16]uint64
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, anyProcess, 0, uintptr(unsafe.Pointer(&information)),
			exited|noWait|syscall.WNOHANG|waitAll, 0, 0)
		switch errno {
		case 0:
			// siginfo: signo, errno, code, padding, then the pid.
			return int(int32(information[2]))
		case syscall.EINTR:
		default:
			return 0
		}
	}
}
