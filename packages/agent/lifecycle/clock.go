package lifecycle

import (
	"sync/atomic"
	"time"
)

// Clock ends the box when the host is silent for too long, and after its lifetime in any case.
type Clock struct {
	heard atomic.Int64
	start time.Time
}

// graceAfterSilence lets a box that was frozen, whose clock went on, read what the host has sent meanwhile.
const graceAfterSilence = 2 * time.Second

// StartClock calls end with "heartbeat" or "lifetime"; a duration of 0 never passes.
func StartClock(heartbeat, lifetime time.Duration, end func(reason string)) *Clock {
	clock := &Clock{start: time.Now()}
	if lifetime > 0 {
		time.AfterFunc(lifetime, func() { end("lifetime") })
	}
	if heartbeat > 0 {
		clock.watch(heartbeat, end)
	}
	return clock
}

// Heard says that the host has just sent something.
func (clock *Clock) Heard() { clock.heard.Store(int64(time.Since(clock.start))) }

func (clock *Clock) watch(heartbeat time.Duration, end func(reason string)) {
	var timer *time.Timer
	warned := false
	timer = time.AfterFunc(heartbeat, func() {
		silent := time.Since(clock.start) - time.Duration(clock.heard.Load())
		switch {
		case silent < heartbeat:
			warned = false
			timer.Reset(heartbeat - silent)
		case !warned:
			warned = true
			timer.Reset(min(graceAfterSilence, heartbeat))
		default:
			end("heartbeat")
		}
	})
}
