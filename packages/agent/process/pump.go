package process

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/pipe"
)

// pump moves what a process writes to the host. It reads only what the host has allowed, so that a process whose
// output nobody takes stands still.
type pump struct {
	file   *os.File
	outlet *connection.Outlet

	lock     sync.Mutex
	read     int64 // taken out of the pipe
	sent     int64 // of those, gone to the host
	closed   bool
	progress chan struct{} // closed at the next change, when somebody waits
	done     chan struct{}

	large int         // frames in a row
	store *pipe.Store // of a flood, whose bytes are not copied
}

func newPump(file *os.File, outlet *connection.Outlet) *pump {
	return &pump{file: file, outlet: outlet, done: make(chan struct{})}
}

// run ends at the end of the file, when the file is empty after finish, or with ctx. Before each frame it calls
// `before`.
func (pump *pump) run(ctx context.Context, before func()) {
	defer pump.end()
	source, err := pump.file.SyscallConn()
	if err != nil {
		return
	}
	var rhythm rhythm
	for {
		allowed, err := pump.outlet.Reserve(ctx, frames.MaxDataBytes)
		if err != nil {
			return
		}
		load := pump.take(source, allowed)
		if unused := allowed - load.bytes; unused > 0 {
			pump.outlet.Return(unused)
		}
		if load.bytes == 0 {
			return
		}
		before()
		if load.send(pump.outlet) != nil {
			return
		}
		pump.advance(int64(load.bytes))
		rhythm.frame(load.bytes)
		pump.flood(source, load.bytes)
	}
}

// rhythm waits a moment when a process writes many small pieces quickly, so that the next frame holds more of them;
// single pieces go out at once.
type rhythm struct {
	last  time.Time
	quick int // small frames in a row, each soon after the one before
}

const (
	smallFrame  = 16 << 10
	soon        = time.Millisecond
	quickInARow = 8
)

func (rhythm *rhythm) frame(count int) {
	now := time.Now()
	if count >= smallFrame || now.Sub(rhythm.last) > 2*soon {
		rhythm.quick = 0
	} else if rhythm.quick++; rhythm.quick > quickInARow {
		time.Sleep(soon)
		now = time.Now()
	}
	rhythm.last = now
}

func (pump *pump) take(source syscall.RawConn, allowed int) (load load) {
	wait := false
	err := source.Read(func(descriptor uintptr) bool {
		load, wait = pump.tryTake(int(descriptor), allowed)
		return !wait
	})
	if err != nil && os.IsTimeout(err) {
		source.Control(func(descriptor uintptr) { load, _ = pump.tryTake(int(descriptor), allowed) })
	}
	return load
}

// The count and the pipe's content change together, which order() relies on.
func (pump *pump) tryTake(descriptor, allowed int) (load load, wait bool) {
	pump.lock.Lock()
	defer pump.lock.Unlock()
	load, err := pump.tryLoad(descriptor, allowed)
	pump.read += int64(load.bytes)
	return load, err == syscall.EAGAIN
}

// finish lets run take what is in the pipe and end, also when somebody still holds its other end.
func (pump *pump) finish() { pump.file.SetReadDeadline(time.Unix(1, 0)) }

// written is how much the process has written so far.
func (pump *pump) written() int64 {
	pump.lock.Lock()
	defer pump.lock.Unlock()
	if pump.closed {
		return pump.sent
	}
	var inPipe int32
	if source, err := pump.file.SyscallConn(); err == nil {
		source.Control(func(descriptor uintptr) {
			syscall.RawSyscall(syscall.SYS_IOCTL, descriptor, syscall.TIOCINQ, uintptr(unsafe.Pointer(&inPipe)))
		})
	}
	return pump.read + int64(inPipe)
}

// waitSent waits until that much has gone to the host, or nothing more will.
func (pump *pump) waitSent(target int64) {
	for {
		pump.lock.Lock()
		if pump.sent >= target || pump.closed {
			pump.lock.Unlock()
			return
		}
		if pump.progress == nil {
			pump.progress = make(chan struct{})
		}
		progress := pump.progress
		pump.lock.Unlock()
		<-progress
	}
}

func (pump *pump) advance(count int64) {
	pump.lock.Lock()
	defer pump.lock.Unlock()
	pump.sent += count
	pump.wake()
}

func (pump *pump) end() {
	if pump.store != nil {
		pump.store.Close()
	}
	pump.lock.Lock()
	pump.closed = true
	pump.wake()
	pump.lock.Unlock()
	close(pump.done)
}

func (pump *pump) wake() {
	if pump.progress != nil {
		close(pump.progress)
		pump.progress = nil
	}
}
