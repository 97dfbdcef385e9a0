// The agent is PID 1 of every box: it serves the host on its standard input and output (docs/protocol.md).
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"llm-sandbox/agent/child"
	"llm-sandbox/agent/identity"
	"llm-sandbox/agent/lifecycle"
	"llm-sandbox/agent/pipe"
	"llm-sandbox/agent/serve"
	"llm-sandbox/agent/supervise"
)

const (
	collectAtPercent = 25 // a heap of one MiB is collected, not one of four
	memoryTarget     = 32 << 20
)

// A child is one here already: init functions keep the startup thread, which main would have to lock at the price of
// another thread.
func init() {
	if os.Args[0] == child.Name {
		child.Run()
	}
}

func main() {
	// systemd-run starts it by a path.
	if filepath.Base(os.Args[0]) == supervise.Name {
		supervise.Run()
	}
	identity.DropGroups()
	debug.SetGCPercent(collectAtPercent)
	debug.SetMemoryLimit(memoryTarget)
	runtime.GOMAXPROCS(1) // more only wake each other: the agent waits nearly always
	lifecycle.IgnoreSignals()
	if err := lifecycle.Protect(); err != nil {
		fail("cannot protect itself", err)
	}
	input, err := takeOver(0)
	if err != nil {
		fail("has no standard input", err)
	}
	output, err := takeOver(1)
	if err != nil {
		fail("has no standard output", err)
	}
	serve.Run(input, output)
}

// takeOver moves a standard stream out of the way of whatever would print into the host's frames.
func takeOver(descriptor int) (*os.File, error) {
	const duplicateAndCloseOnExec = 1030
	moved, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(descriptor), duplicateAndCloseOnExec, 3)
	if errno != 0 {
		return nil, errno
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(null)
	// The host's side goes on while the agent waits for more to send at once; where the pipe may not grow, it stays.
	pipe.Grow(moved)
	if err := syscall.Dup3(null, descriptor, syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(int(moved), true); err != nil {
		return nil, err
	}
	return os.NewFile(moved, "host"), nil
}

func fail(what string, err error) {
	fmt.Fprintln(os.Stderr, "llm-sandbox agent", what+":", err)
	os.Exit(70)
}
