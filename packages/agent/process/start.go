package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"llm-sandbox/agent/child"
	"llm-sandbox/agent/failure"
)

// begin starts a run's first process: a prepared one if the request names it and there is one, otherwise a new one.
func (manager *Manager) begin(ctx context.Context, request *SpawnRequest) (*run, *failure.Error) {
	run := &run{manager: manager, start: time.Now(), killsBefore: manager.memory.Kills()}
	process, group, failed := manager.obtain(ctx, request)
	if failed != nil {
		return nil, failed
	}
	run.process, run.group = process, group
	return run, nil
}

func (manager *Manager) obtain(ctx context.Context, request *SpawnRequest) (*process, *group, *failure.Error) {
	if !manager.lockForRun(ctx) {
		return nil, nil, failure.New("ECANCELED", "cancelled before it started")
	}
	if request.From != "" {
		prepared, known := manager.known[request.From]
		if !known {
			manager.lock.Unlock()
			return nil, nil, failure.New("ENOSERVER", "nothing is prepared under the name %q", request.From)
		}
		if len(request.Arguments) == 0 {
			request.Arguments = prepared
		}
	}
	server := manager.servers[request.From]
	claimed := manager.dismissSpares(request.From)
	group := claimed.groupOr(manager)
	manager.countRun(group)
	manager.lock.Unlock()

	if claimed != nil {
		if process := claimed.take(request); process != nil {
			return process, group, nil
		}
	}
	directory := request.Directory
	if directory == "" {
		directory = "/"
	}
	if server != nil {
		if process := server.give(group, request, directory); process != nil {
			return process, group, nil
		}
	}
	process, failed := manager.startCold(ctx, group, request, directory)
	if failed != nil {
		manager.sweep(group)
		return nil, nil, failed
	}
	return process, group, nil
}

// countRun must be called with the lock held.
func (manager *Manager) countRun(begun *group) {
	begun.isRun = true
	begun.wasAlone = manager.runs == 0
	manager.runs++
	for _, other := range manager.live {
		if other != begun {
			other.lock.Lock()
			other.wasAlone = false
			other.lock.Unlock()
		}
	}
}

func (manager *Manager) startCold(ctx context.Context, group *group, request *SpawnRequest, directory string) (*process, *failure.Error) {
	variables := environment(manager.settings.Environment, request.Env)
	job := manager.userJob(group, request.Arguments, variables, directory)
	process, report, err := manager.start(group, job, request.Input == "stream", request.Structured)
	if err != nil {
		return nil, failure.System(err, "start "+request.Arguments[0], "")
	}
	if failed := manager.awaitStart(ctx, process, report); failed != nil {
		process.streams.closeAll()
		return nil, failed
	}
	return process, nil
}

// start starts a child with new streams; its report is still to be read.
func (manager *Manager) start(group *group, job *child.Job, withInput, structured bool) (*process, *os.File, error) {
	streams, ends, err := openStreams(withInput, structured)
	if err != nil {
		return nil, nil, err
	}
	defer ends.closeAll()
	exited := make(chan Exit, 1)
	var report *os.File
	pid, err := manager.reaper.Start(func() (pid int, err error) {
		pid, report, err = child.Start(job, ends.Streams)
		manager.lead(group, pid, err)
		return pid, err
	}, func(exit Exit) { exited <- exit })
	if err != nil {
		streams.closeAll()
		return nil, nil, err
	}
	return &process{pid: pid, streams: streams, exited: exited}, report, nil
}

// lead marks a group's first process.
func (manager *Manager) lead(group *group, pid int, err error) {
	if err == nil {
		group.leader = pid
		manager.marks.Put(pid, group.mark)
	}
}

// awaitStart waits until the process has become its program. A cancelled one is killed and counts as started: what
// becomes of it is told as the run's end.
func (manager *Manager) awaitStart(ctx context.Context, process *process, report *os.File) *failure.Error {
	defer report.Close()
	unwatch := context.AfterFunc(ctx, func() {
		manager.user.Kill(process.pid, syscall.SIGKILL)
		report.SetReadDeadline(time.Unix(1, 0))
	})
	defer unwatch()
	err := child.ReadReport(report)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	manager.user.Kill(process.pid, syscall.SIGKILL)
	<-process.exited
	return startFailure(err)
}

func startFailure(err error) *failure.Error {
	var reason *child.Failure
	if errors.As(err, &reason) {
		return &failure.Error{Code: failure.Name(reason.Errno), Message: reason.Error(), Path: reason.Path}
	}
	return failure.System(err, "start the process", "")
}
