// Package process runs the user's programs.
package process

import (
	"sync"
	"syscall"

	"llm-sandbox/agent/child"
	"llm-sandbox/agent/identity"
	"llm-sandbox/agent/memory"
	"llm-sandbox/agent/sweep"
)

// Settings are what HELLO says about every process.
type Settings struct {
	Environment map[string]string
	// UserFolders are where the user can write: a server's programs are not looked up there.
	UserFolders                     []string
	Processes, OpenFiles, FileBytes uint64
	FirstTag, TagCount              int
	Filter                          bool
}

// Manager knows everything that runs in the box.
type Manager struct {
	settings Settings
	user     *identity.User
	reaper   *Reaper
	marks    *sweep.Marks
	sweeper  *sweep.Sweeper
	memory   *memory.Watch

	lock     sync.Mutex
	nextMark sweep.Mark
	live     map[sweep.Mark]*group
	runs     int
	servers  map[string]*server
	spares   map[string]*spare
	known    map[string][]string // what every name that was ever prepared starts
	quiet    chan struct{}       // closed when no run is left, if somebody waits for it
}

// group is everything that one run, server or spare has started.
type group struct {
	mark   sweep.Mark
	isRun  bool
	leader int

	lock  sync.Mutex
	usage Exit // of orphans that were reaped
	// A process that neither the agent nor the host has killed was ended by SIGKILL.
	killedByOther bool
	killing       bool
	wasAlone      bool // no other run since it began
}

// NewManager takes over the waiting for processes.
func NewManager(settings Settings, user *identity.User) *Manager {
	manager := &Manager{
		settings: settings,
		user:     user,
		marks:    sweep.NewMarks(user, settings.FirstTag, settings.TagCount),
		memory:   memory.NewWatch(),
		live:     map[sweep.Mark]*group{},
		servers:  map[string]*server{},
		spares:   map[string]*spare{},
		known:    map[string][]string{},
	}
	manager.sweeper = sweep.NewSweeper(manager.marks, user)
	manager.reaper = NewReaper(manager.orphan)
	return manager
}

// ReportsMemory says whether out-of-memory kills can be seen.
func (manager *Manager) ReportsMemory() bool { return manager.memory.Available() }

func (manager *Manager) orphan(pid int) func(Exit) {
	mark := manager.marks.Of(pid)
	manager.lock.Lock()
	group := manager.live[mark]
	manager.lock.Unlock()
	if group == nil {
		return nil
	}
	return group.add
}

func (group *group) add(exit Exit) {
	group.lock.Lock()
	defer group.lock.Unlock()
	group.usage.CPU += exit.CPU
	group.usage.PeakBytes = max(group.usage.PeakBytes, exit.PeakBytes)
	if exit.Status.Signaled() && exit.Status.Signal() == syscall.SIGKILL && !group.killing {
		group.killedByOther = true
	}
}

// newGroup must be called with the lock held.
func (manager *Manager) newGroup(isRun bool) *group {
	for manager.live[manager.nextMark] != nil {
		manager.nextMark = manager.marks.Next(manager.nextMark)
	}
	group := &group{mark: manager.nextMark, isRun: isRun}
	manager.nextMark = manager.marks.Next(manager.nextMark)
	manager.live[group.mark] = group
	return group
}

func (manager *Manager) isLive(mark sweep.Mark) bool {
	manager.lock.Lock()
	defer manager.lock.Unlock()
	return manager.live[mark] != nil
}

// sweep kills everything of the group and forgets it.
func (manager *Manager) sweep(group *group) {
	group.lock.Lock()
	group.killing = true
	group.lock.Unlock()
	manager.lock.Lock()
	if group.isRun && manager.runs == 1 {
		// Nothing else of the user's runs, and nothing can begin while the lock is held.
		manager.sweeper.KillEverything(len(manager.live) > 1)
	}
	manager.lock.Unlock()
	manager.sweeper.Sweep(group.mark, manager.isLive)
	manager.lock.Lock()
	defer manager.lock.Unlock()
	if group.isRun && manager.runs == 1 {
		manager.sweeper.RemoveIPC()
	}
	delete(manager.live, group.mark)
	manager.marks.Remove(group.leader)
	if group.isRun {
		manager.runs--
		if manager.runs == 0 {
			manager.becomeQuiet()
		}
	}
}

// userJob is a program of the user's, to which only the marks and limits are added.
func (manager *Manager) userJob(group *group, arguments, environment []string, directory string) *child.Job {
	job := &child.Job{
		Arguments: arguments, Environment: environment, Directory: directory,
		Background: true, Filter: manager.settings.Filter, Apart: true,
		Limits: append(manager.marks.Limits(group.mark), manager.userLimits()...),
	}
	if manager.user.Split {
		job.Become = &child.Owner{UID: manager.user.UID, GID: manager.user.GID, Group: manager.marks.Group(group.mark)}
	}
	return job
}

const (
	limitFileBytes    = 1
	limitCore         = 4
	limitProcesses    = 6
	limitOpenFiles    = 7
	limitLockedMemory = 8
	lockedBytes       = 8 << 20
)

func (manager *Manager) userLimits() []child.Limit {
	limit := func(resource int, value uint64) child.Limit {
		return child.Limit{Resource: resource, Soft: value, Hard: value}
	}
	return []child.Limit{
		limit(limitFileBytes, manager.settings.FileBytes),
		limit(limitCore, 0),
		limit(limitProcesses, manager.settings.Processes),
		limit(limitOpenFiles, manager.settings.OpenFiles),
		limit(limitLockedMemory, lockedBytes),
	}
}
