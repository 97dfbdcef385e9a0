package sweep

import (
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"llm-sandbox/agent/child"
	"llm-sandbox/agent/identity"
)

// Mark names a run, or something else that the agent has started, on every process of it.
type Mark int

const (
	unmarked Mark = -1 // nothing of ours, or a process that has tampered with its mark
	starting Mark = -2 // a child of the agent that has not marked itself yet
)

// Marks puts marks on processes that they cannot take off: split-uid as a supplementary group, same-uid as a pair
// of hard limits of which one would have to be raised to become another pair. Neither limit has another effect:
// Linux ignores RLIMIT_LOCKS, and RLIMIT_RTTIME needs a real-time priority.
type Marks struct {
	user         *identity.User
	first, count int
	byLimits     bool
	// Where neither can be had, a process belongs to its session's leader, as long as it stays in the session.
	bySession sync.Map // session id → Mark
}

const (
	limitLocks  = 10
	limitRTTime = 15
	locksBase   = 1 << 32
	rtTimeBase  = 1 << 40
	maxMark     = 1 << 31
)

// NewMarks prepares the agent itself; count is how many marks may be in use over time before they come again.
func NewMarks(user *identity.User, first, count int) *Marks {
	marks := &Marks{user: user, first: first, count: count}
	if !user.Split {
		marks.count = maxMark - 1
		marks.byLimits = setPair(0, locksBase+maxMark, rtTimeBase) == nil
	}
	return marks
}

// Next is the mark after this one.
func (marks *Marks) Next(mark Mark) Mark { return (mark + 1) % Mark(marks.count) }

// Group is the supplementary group of a mark, 0 for none.
func (marks *Marks) Group(mark Mark) int {
	if !marks.user.Split {
		return 0
	}
	return marks.first + int(mark)
}

// Limits are the limits of a mark.
func (marks *Marks) Limits(mark Mark) []child.Limit {
	if !marks.byLimits {
		return nil
	}
	locks, rtTime := pair(mark)
	return []child.Limit{{Resource: limitLocks, Soft: locks, Hard: locks}, {Resource: limitRTTime, Soft: rtTime, Hard: rtTime}}
}

// CanBeChanged says whether a process that is marked can have children with marks of their own: limits only go down,
// so a server of future runs has to stay as it was started.
func (marks *Marks) CanBeChanged() bool { return !marks.byLimits }

// Put marks the first process of a run, a session leader, whichever process has started it.
func (marks *Marks) Put(pid int, mark Mark) {
	switch {
	case marks.user.Split:
	case marks.byLimits:
		locks, rtTime := pair(mark)
		setPair(pid, locks, rtTime)
	default:
		marks.bySession.Store(pid, mark)
	}
}

// Remove forgets the first process of a run.
func (marks *Marks) Remove(pid int) { marks.bySession.Delete(pid) }

func pair(mark Mark) (locks, rtTime uint64) {
	return locksBase + uint64(mark), rtTimeBase - 1 - uint64(mark)
}

// Of is the mark that a process carries.
func (marks *Marks) Of(pid int) Mark {
	found, exists := readProcess(pid)
	if !exists {
		return unmarked
	}
	return marks.of(found)
}

func (marks *Marks) of(found process) Mark {
	switch {
	case marks.user.Split:
	case marks.byLimits:
		return marks.byPair(found.pid)
	default:
		return marks.ofSession(found.pid)
	}
	for _, group := range found.groups {
		if group >= marks.first && group < marks.first+marks.count {
			return Mark(group - marks.first)
		}
	}
	return unmarked
}

func (marks *Marks) ofSession(pid int) Mark {
	session, _, errno := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
	if errno != 0 {
		return unmarked
	}
	if own, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0); session == own {
		return starting
	}
	if mark, found := marks.bySession.Load(int(session)); found {
		return mark.(Mark)
	}
	return unmarked
}

func (marks *Marks) byPair(pid int) Mark {
	var locks, rtTime syscall.Rlimit
	if getLimit(pid, limitLocks, &locks) != nil || getLimit(pid, limitRTTime, &rtTime) != nil {
		return unmarked
	}
	if locks.Max == locksBase+maxMark && rtTime.Max == rtTimeBase {
		return starting
	}
	mark := Mark(locks.Max - locksBase)
	if locks.Max < locksBase || mark >= maxMark || rtTimeBase-1-rtTime.Max != uint64(mark) {
		return unmarked
	}
	return mark
}

// isUsers says whether a process runs as the user in any way.
func (marks *Marks) isUsers(found process) bool {
	return !marks.user.Split || slices.Contains(found.uids[:], marks.user.UID)
}

func setPair(pid int, locks, rtTime uint64) error {
	for resource, value := range map[uintptr]uint64{limitLocks: locks, limitRTTime: rtTime} {
		limit := syscall.Rlimit{Cur: value, Max: value}
		_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), resource, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
		if errno != 0 {
			return errno
		}
	}
	return nil
}

func getLimit(pid int, resource uintptr, limit *syscall.Rlimit) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), resource, 0, uintptr(unsafe.Pointer(limit)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
