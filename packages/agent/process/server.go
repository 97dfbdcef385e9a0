package process

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"llm-sandbox/agent/child"
	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/failure"
)

// server is a fork server: a prepared interpreter that forks a child for each run.
type server struct {
	manager *Manager
	request *PrepareRequest
	exited  chan Exit
	// settled is closed when the server is ready or will never be.
	settled chan struct{}
	begun   bool // guarded by the manager's lock

	giving sync.Mutex // one packet is on its way at a time
	taken  chan int

	lock       sync.Mutex
	pid        int
	socket     *os.File
	isReady    bool
	isOver     bool
	isOffering bool // a packet is on its way and nobody has taken it
	children   map[int]*forked
}

// takePatience is how long the next child may need to be forked and to answer; a busy machine needs long.
const takePatience = 5 * time.Second

func newServer(manager *Manager, request *PrepareRequest) *server {
	return &server{
		manager: manager, request: request, exited: make(chan Exit, 1), settled: make(chan struct{}),
		taken: make(chan int, 1), children: map[int]*forked{},
	}
}

func (server *server) run(channel *connection.Channel) (*PrepareResult, *failure.Error) {
	manager := server.manager
	defer server.forget()
	manager.startWhenQuiet(channel.Canceled, func() { server.begun = true })
	group, errorOutput, failed := server.start()
	if failed != nil {
		return nil, failed
	}
	received := make(chan struct{})
	go func() {
		defer close(received)
		server.receive(func() { channel.Event(readyEvent{"ready"}) })
	}()
	errors := newPump(errorOutput, channel.Outlet(2))
	go errors.run(channel.Canceled, func() {})

	result := &PrepareResult{Reason: "ended"}
	var exit Exit
	select {
	case exit = <-server.exited:
	case <-channel.Canceled.Done():
		result.Reason = "cancelled"
		server.kill()
		exit = <-server.exited
	}
	server.kill() // also a child that waits
	server.socket.SetReadDeadline(time.Unix(1, 0))
	<-received
	server.settleChildren()
	errors.finish()
	<-errors.done
	channel.Outlet(2).End()
	errorOutput.Close()
	server.socket.Close()
	manager.sweep(group)
	return result.describe(exit), nil
}

func (server *server) start() (*group, *os.File, *failure.Error) {
	manager := server.manager
	theirs, socket, err := socketPair(syscall.SOCK_SEQPACKET)
	if err != nil {
		return nil, nil, failure.System(err, "prepare "+server.request.Name, "")
	}
	defer syscall.Close(theirs)
	setPassCredentials(socket)
	errorEnd, errorOutput, err := newPipe(false)
	if err != nil {
		socket.Close()
		return nil, nil, failure.System(err, "prepare "+server.request.Name, "")
	}
	defer syscall.Close(errorEnd)
	manager.lock.Lock()
	marked := manager.newGroup(false)
	manager.lock.Unlock()
	fail := func(failed *failure.Error) (*group, *os.File, *failure.Error) {
		socket.Close()
		errorOutput.Close()
		manager.sweep(marked)
		return nil, nil, failed
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fail(failure.System(err, "prepare "+server.request.Name, "/dev/null"))
	}
	defer syscall.Close(null)
	var report *os.File
	pid, err := manager.reaper.Start(func() (pid int, err error) {
		pid, report, err = child.Start(server.job(), child.Streams{Input: null, Output: errorEnd, Errors: errorEnd, Structured: theirs})
		if manager.marks.CanBeChanged() {
			manager.lead(marked, pid, err)
		}
		return pid, err
	}, func(exit Exit) { server.exited <- exit })
	if err != nil {
		return fail(failure.System(err, "prepare "+server.request.Name, ""))
	}
	server.lock.Lock()
	server.pid, server.socket = pid, socket
	server.lock.Unlock()
	defer report.Close()
	if err := child.ReadReport(report); err != nil {
		server.kill()
		<-server.exited
		return fail(startFailure(err))
	}
	return marked, errorOutput, nil
}

// The server is root in a box of two users, so it gets nothing that the user or the host's caller could have
// filled, and its program is not looked for where the user can write.
func (server *server) job() *child.Job {
	settings := server.manager.settings
	basic := map[string]string{"PATH": trustedPath(settings.Environment["PATH"], settings.UserFolders), "HOME": "/", "LANG": "C.UTF-8"}
	for _, name := range []string{"LANG", "LC_ALL", "TZ"} {
		if value, given := settings.Environment[name]; given {
			basic[name] = value
		}
	}
	return &child.Job{
		Arguments:   server.request.Arguments,
		Environment: environment(basic, server.request.Env, map[string]string{"LLM_SANDBOX_ROLE": "server"}),
		Directory:   "/",
		Filter:      settings.Filter,
		Limits:      []child.Limit{{Resource: limitCore}},
	}
}

func trustedPath(path string, userFolders []string) string {
	var trusted []string
	for _, folder := range strings.Split(path, ":") {
		if strings.HasPrefix(folder, "/") && !isInside(folder, userFolders) {
			trusted = append(trusted, folder)
		}
	}
	return strings.Join(trusted, ":")
}

func isInside(path string, folders []string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/") {
			return true
		}
	}
	return false
}

func (server *server) kill() {
	server.lock.Lock()
	defer server.lock.Unlock()
	server.isOver = true
	if server.pid > 0 {
		server.manager.user.Kill(-server.pid, syscall.SIGKILL)
		server.manager.user.Kill(server.pid, syscall.SIGKILL)
	}
	server.settle()
}

// settle must be called with the lock held.
func (server *server) settle() {
	if !isClosed(server.settled) {
		close(server.settled)
	}
}

func (server *server) forget() {
	server.lock.Lock()
	server.isOver = true
	server.settle()
	server.lock.Unlock()
	server.manager.lock.Lock()
	delete(server.manager.servers, server.request.Name)
	server.manager.lock.Unlock()
}
