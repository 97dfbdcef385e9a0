package process

import (
	"sync"
	"syscall"
	"time"

	"llm-sandbox/agent/strictjson"
)

// message is what a server or its waiting child sends: exactly one of the three.
type message struct {
	Ready *bool `json:"ready"`

	Taken *int `json:"taken"`

	Ended     *int    `json:"ended"`
	Status    uint32  `json:"status"`
	CPUMs     float64 `json:"cpuMs"`
	PeakBytes int64   `json:"peakMemoryBytes"`
}

// receive handles messages until the socket ends; one that is not allowed ends the server.
func (server *server) receive(onReady func()) {
	defer server.kill()
	for {
		packet, sender, ok := receivePacket(server.socket)
		if !ok {
			return
		}
		var message message
		if strictjson.Decode(packet, &message) != nil || !server.accept(&message, sender) {
			return
		}
		if message.Ready != nil {
			onReady()
		}
	}
}

// accept is false for a message that the sender, whom the kernel names, may not send.
func (server *server) accept(message *message, sender int) bool {
	server.lock.Lock()
	defer server.lock.Unlock()
	kinds := 0
	for _, given := range []bool{message.Ready != nil, message.Taken != nil, message.Ended != nil} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return false
	case message.Ready != nil:
		if sender != server.pid || server.isReady || !*message.Ready {
			return false
		}
		server.isReady = true
		server.settle()
	case message.Taken != nil:
		pid := *message.Taken
		if !server.isOffering || sender != pid || pid == server.pid || server.children[pid] != nil {
			return false
		}
		server.isOffering = false
		server.watch(pid)
		server.taken <- pid
	case message.Ended != nil:
		status := syscall.WaitStatus(message.Status)
		child := server.children[*message.Ended]
		if sender != server.pid || child == nil || !status.Exited() && !status.Signaled() {
			return false
		}
		child.end(message.exit())
		delete(server.children, *message.Ended)
	}
	return true
}

// forked is a child that runs somebody's code.
type forked struct {
	once    sync.Once
	exited  chan Exit
	unwatch func()
}

func (child *forked) end(exit Exit) {
	child.once.Do(func() {
		child.unwatch()
		child.exited <- exit
	})
}

// A child whose server dies becomes the agent's own. watch must be called with the lock held.
func (server *server) watch(pid int) {
	child := &forked{exited: make(chan Exit, 1)}
	ready := make(chan struct{})
	child.unwatch = server.manager.reaper.Watch(pid, func(exit Exit) {
		<-ready
		child.end(exit)
	})
	close(ready)
	server.children[pid] = child
}

func (server *server) follow(pid int) chan Exit {
	server.lock.Lock()
	defer server.lock.Unlock()
	return server.children[pid].exited
}

// settleChildren ends those that the dead server had already waited for without telling.
func (server *server) settleChildren() {
	server.lock.Lock()
	defer server.lock.Unlock()
	for pid, child := range server.children {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			child.end(Exit{Status: syscall.WaitStatus(syscall.SIGKILL)})
		}
	}
}

func (message *message) exit() Exit {
	cpu := min(max(message.CPUMs, 0), 1e12)
	return Exit{
		Status:    syscall.WaitStatus(message.Status),
		CPU:       time.Duration(cpu * float64(time.Millisecond)),
		PeakBytes: max(message.PeakBytes, 0),
	}
}
