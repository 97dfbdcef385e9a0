package process

import (
	"context"
	"syscall"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/failure"
)

// spare keeps one process of the user's ready while no code of the user's runs.
type spare struct {
	manager *Manager
	request *PrepareRequest
	arrived chan struct{} // something may have changed

	// The manager's lock guards this.
	ready *readied
}

// readied is a process that has been started ahead and may be given away once.
type readied struct {
	group   *group
	process *process
	started chan struct{} // closed when failure is known
	failure *failure.Error
	claimed chan struct{}
}

func newSpare(manager *Manager, request *PrepareRequest) *spare {
	return &spare{manager: manager, request: request, arrived: make(chan struct{}, 1)}
}

func (spare *spare) wake() {
	select {
	case spare.arrived <- struct{}{}:
	default:
	}
}

func (spare *spare) run(channel *connection.Channel) (*PrepareResult, *failure.Error) {
	manager := spare.manager
	defer func() {
		manager.lock.Lock()
		delete(manager.spares, spare.request.Name)
		ready := spare.ready
		spare.ready = nil
		manager.lock.Unlock()
		ready.dismiss(manager)
	}()
	announced := false
	for {
		ready, failed := spare.refill()
		if failed != nil {
			return nil, failed
		}
		var exited <-chan Exit
		var gone <-chan struct{}
		if ready != nil {
			if ready.failure != nil {
				return nil, ready.failure
			}
			exited, gone = ready.process.exited, ready.claimed
			if !announced {
				announced = true
				channel.Event(readyEvent{"ready"})
			}
		}
		select {
		case exit := <-exited:
			if result, over := spare.died(ready, exit, channel); over {
				return result, nil
			}
		case <-gone:
		case <-spare.arrived:
		case <-channel.Canceled.Done():
			return &PrepareResult{Reason: "cancelled"}, nil
		}
	}
}

// refill starts a process if there is none and no run, and returns the one there is, once it has started.
func (spare *spare) refill() (*readied, *failure.Error) {
	manager := spare.manager
	manager.lock.Lock()
	if spare.ready == nil && manager.runs == 0 {
		ready, failed := spare.start()
		if failed != nil {
			manager.lock.Unlock()
			return nil, failed
		}
		spare.ready = ready
	}
	ready := spare.ready
	manager.lock.Unlock()
	if ready != nil {
		<-ready.started
	}
	return ready, nil
}

// start must be called with the manager's lock held, so that no run begins meanwhile.
func (spare *spare) start() (*readied, *failure.Error) {
	manager := spare.manager
	group := manager.newGroup(false)
	variables := environment(manager.settings.Environment, spare.request.Env)
	job := manager.userJob(group, spare.request.Arguments, variables, manager.settings.UserFolders[0])
	process, report, err := manager.start(group, job, true, true)
	if err != nil {
		delete(manager.live, group.mark)
		return nil, failure.System(err, "prepare "+spare.request.Name, "")
	}
	process.from = &spare.request.Name
	ready := &readied{group: group, process: process, started: make(chan struct{}), claimed: make(chan struct{})}
	go func() {
		defer close(ready.started)
		ready.failure = manager.awaitStart(context.Background(), process, report)
	}()
	return ready, nil
}

// died is over unless a run has claimed the process just before.
func (spare *spare) died(ready *readied, exit Exit, channel *connection.Channel) (*PrepareResult, bool) {
	manager := spare.manager
	manager.lock.Lock()
	mine := spare.ready == ready
	if mine {
		spare.ready = nil
	}
	manager.lock.Unlock()
	if !mine {
		ready.process.exited <- exit
		return nil, false
	}
	manager.sweep(ready.group)
	errors := newPump(ready.process.streams.errors, channel.Outlet(2))
	errors.finish()
	errors.run(channel.Canceled, func() {})
	channel.Outlet(2).End()
	ready.process.streams.closeAll()
	return (&PrepareResult{Reason: "ended"}).describe(exit), true
}

// dismissSpares kills every process that waits, for a run is about to begin, but the one it asks for, which it
// returns. It must be called with the manager's lock held.
func (manager *Manager) dismissSpares(wanted string) *readied {
	var claimed *readied
	for name, spare := range manager.spares {
		ready := spare.ready
		spare.ready = nil
		switch {
		case ready == nil:
		case name == wanted:
			close(ready.claimed)
			claimed = ready
		default:
			close(ready.claimed)
			ready.kill(manager)
			go ready.dismiss(manager)
		}
	}
	return claimed
}

func (ready *readied) kill(manager *Manager) {
	if isClosed(ready.started) && ready.failure != nil {
		return
	}
	manager.user.Kill(-ready.process.pid, syscall.SIGKILL)
	manager.user.Kill(ready.process.pid, syscall.SIGKILL)
}

// dismiss ends a process that nobody has claimed, and forgets it.
func (ready *readied) dismiss(manager *Manager) {
	if ready == nil {
		return
	}
	ready.kill(manager)
	<-ready.started
	if ready.failure == nil {
		<-ready.process.exited
	}
	manager.sweep(ready.group)
	ready.process.streams.closeAll()
}

// take is the process for a run that has claimed it, or nil when it could not be started.
func (ready *readied) take(request *SpawnRequest) *process {
	<-ready.started
	if ready.failure != nil {
		ready.process.streams.closeAll()
		return nil
	}
	if request.Input != "stream" {
		ready.process.streams.input.Close()
		ready.process.streams.input = nil
	}
	return ready.process
}

// groupOr is the claimed process's group, or a new one. It must be called with the manager's lock held.
func (ready *readied) groupOr(manager *Manager) *group {
	if ready != nil {
		return ready.group
	}
	return manager.newGroup(true)
}
