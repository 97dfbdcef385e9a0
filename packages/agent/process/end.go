package process

import (
	"syscall"

	"llm-sandbox/agent/sweep"
)

// KillAll kills everything that the agent has started; no new run may begin any more.
func (manager *Manager) KillAll() {
	manager.lock.Lock()
	servers := make([]int, 0, len(manager.servers))
	for _, server := range manager.servers {
		servers = append(servers, server.pid)
	}
	marks := make([]sweep.Mark, 0, len(manager.live))
	for mark := range manager.live {
		marks = append(marks, mark)
	}
	manager.lock.Unlock()
	manager.sweeper.KillEverything(false)
	for _, pid := range servers {
		manager.user.Kill(-pid, syscall.SIGKILL)
	}
	if !manager.sweeper.IsInit() {
		for _, mark := range marks {
			manager.sweeper.Sweep(mark, manager.isLive)
		}
	}
}
