package sweep

import (
	"os"
	"syscall"
	"time"

	"llm-sandbox/agent/identity"
)

// Sweeper kills by mark.
type Sweeper struct {
	marks *Marks
	user  *identity.User
	// Only in a process namespace of its own may the agent kill what it does not know.
	isInit bool
}

// NewSweeper sweeps the processes that marks has marked.
func NewSweeper(marks *Marks, user *identity.User) *Sweeper {
	return &Sweeper{marks: marks, user: user, isInit: os.Getpid() == 1}
}

// KillEverything kills every process of the user at once, if that spares what the agent needs itself: as root it
// spares root's, as the user it spares nothing, and then `needed` says whether there is something to spare.
func (sweeper *Sweeper) KillEverything(needed bool) {
	if !sweeper.isInit || needed && !sweeper.user.Split {
		return
	}
	sweeper.user.As(func() { syscall.Kill(-1, syscall.SIGKILL) })
}

const (
	livingPatience = 5 * time.Second
	zombiePatience = 200 * time.Millisecond
)

// Sweep kills every process with the mark, and every process of the user with none that is live, again and again
// until none is left. It gives up only on what the kernel does not end: it then returns false.
func (sweeper *Sweeper) Sweep(mark Mark, isLive func(Mark) bool) bool {
	start, pause := time.Now(), 100*time.Microsecond
	for {
		living, zombies := sweeper.round(mark, isLive)
		waited := time.Since(start)
		switch {
		case living == 0 && (zombies == 0 || waited > zombiePatience):
			return true
		case waited > livingPatience:
			return false
		}
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

func (sweeper *Sweeper) round(mark Mark, isLive func(Mark) bool) (living, zombies int) {
	processes(func(found process) {
		if !sweeper.isVictim(found, mark, isLive) {
			return
		}
		if found.ended {
			zombies++
			return
		}
		living++
		sweeper.user.Kill(found.pid, syscall.SIGKILL)
	})
	return living, zombies
}

func (sweeper *Sweeper) isVictim(found process, mark Mark, isLive func(Mark) bool) bool {
	carried := sweeper.marks.of(found)
	if carried == mark {
		return true
	}
	return sweeper.isInit && sweeper.marks.isUsers(found) && carried != starting && !isLive(carried)
}

// IsInit says whether everything else ends with the agent.
func (sweeper *Sweeper) IsInit() bool { return sweeper.isInit }
