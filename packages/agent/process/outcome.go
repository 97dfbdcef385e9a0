package process

import "syscall"

func (group *group) leaderExited(exit Exit) {
	group.lock.Lock()
	defer group.lock.Unlock()
	if exit.Status.Signaled() && exit.Status.Signal() == syscall.SIGKILL && !group.killing {
		group.killedByOther = true
	}
}

// total is the first process's usage together with that of its orphans.
func (group *group) total(leader Exit) Exit {
	group.lock.Lock()
	defer group.lock.Unlock()
	return Exit{CPU: leader.CPU + group.usage.CPU, PeakBytes: max(leader.PeakBytes, group.usage.PeakBytes)}
}

// ranOutOfMemory: the kernel has killed something in the box while the run ran, and either one of the run's
// processes is known to have died of SIGKILL that nobody of ours sent, or no other run can have been meant. A kill
// that the run's own parent process has hidden while other runs ran is told only if the run failed.
func (run *run) ranOutOfMemory(leader Exit) bool {
	if run.manager.memory.Kills() <= run.killsBefore {
		return false
	}
	run.group.lock.Lock()
	defer run.group.lock.Unlock()
	return run.group.killedByOther || run.group.wasAlone || leader.Status != 0
}

// outcome is the exit code or the signal's name.
func outcome(status syscall.WaitStatus) (code *int, signal *string) {
	if status.Signaled() {
		name := signalName(status.Signal())
		return nil, &name
	}
	exitCode := status.ExitStatus()
	return &exitCode, nil
}
