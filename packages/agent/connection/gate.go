package connection

import (
	"io"
	"sync"
)

// gate lets one frame at a time onto the stream: control frames before data, data in the order of asking, so
// that a channel that floods waits behind every other one after each frame.
type gate struct {
	output        io.Writer
	lock          sync.Mutex
	busy          bool
	control, data []chan struct{}
	held          []byte // frames that go out together with the next one
	broken        error
	onBroken      func(error)
}

func (gate *gate) write(frame []byte, isControl bool) error {
	gate.enter(isControl)
	err := gate.broken
	if err == nil {
		_, err = gate.output.Write(gate.withHeld(frame))
	}
	gate.leave(err)
	return err
}

// hold lets a frame wait for the next one: every write costs the host's side a wake-up in each program on the way.
func (gate *gate) hold(frame []byte) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	gate.held = append(gate.held, frame...)
}

// flush sends what is held.
func (gate *gate) flush() error { return gate.write(nil, true) }

func (gate *gate) withHeld(frame []byte) []byte {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if len(gate.held) == 0 {
		return frame
	}
	all := append(gate.held, frame...)
	gate.held = nil
	return all
}

func (gate *gate) enter(isControl bool) {
	gate.lock.Lock()
	if !gate.busy {
		gate.busy = true
		gate.lock.Unlock()
		return
	}
	turn := make(chan struct{})
	if isControl {
		gate.control = append(gate.control, turn)
	} else {
		gate.data = append(gate.data, turn)
	}
	gate.lock.Unlock()
	<-turn
}

func (gate *gate) leave(err error) {
	gate.lock.Lock()
	if err != nil && gate.broken == nil {
		gate.broken = err
		go gate.onBroken(err)
	}
	switch {
	case len(gate.control) > 0:
		close(gate.control[0])
		gate.control = gate.control[1:]
	case len(gate.data) > 0:
		close(gate.data[0])
		gate.data = gate.data[1:]
	default:
		gate.busy = false
	}
	gate.lock.Unlock()
}
