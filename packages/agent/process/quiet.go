package process

import "context"

// becomeQuiet must be called with the lock held, when no run is left.
func (manager *Manager) becomeQuiet() {
	if manager.quiet != nil {
		close(manager.quiet)
		manager.quiet = nil
	}
	for _, spare := range manager.spares {
		spare.wake()
	}
}

// startWhenQuiet calls begin with the lock held; where servers have the user's uid it first waits until no code of
// the user's could meddle with a server that is being started.
func (manager *Manager) startWhenQuiet(ctx context.Context, begin func()) {
	for {
		manager.lock.Lock()
		if manager.user.Split || manager.runs == 0 || ctx.Err() != nil {
			begin()
			manager.lock.Unlock()
			return
		}
		if manager.quiet == nil {
			manager.quiet = make(chan struct{})
		}
		quiet := manager.quiet
		manager.lock.Unlock()
		select {
		case <-quiet:
		case <-ctx.Done():
		}
	}
}

// lockForRun takes the lock when each server that is being started has made itself untouchable, for the same
// reason. It is false, without the lock, when ctx ends before.
func (manager *Manager) lockForRun(ctx context.Context) bool {
	for {
		manager.lock.Lock()
		server := manager.unsettledServer()
		if server == nil {
			return true
		}
		manager.lock.Unlock()
		select {
		case <-server.settled:
		case <-ctx.Done():
			return false
		}
	}
}

func (manager *Manager) unsettledServer() *server {
	for _, server := range manager.servers {
		if !manager.user.Split && server.begun && !isClosed(server.settled) {
			return server
		}
	}
	return nil
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
