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
	broken        error
	onBroken      func(error)
}

func (gate *gate) write(frame []byte, isControl bool) error {
	gate.enter(isControl)
	err := gate.broken
	if err == nil {
		_, err = gate.output.Write(frame)
	}
	gate.leave(err)
	return err
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
