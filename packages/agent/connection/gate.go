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

// sending is where the frames of one channel stand; the gate's lock guards it. Those that belong to no channel never end.
type sending struct{ over bool }

// write sends a frame of `from`, unless its last one has gone: somebody else may have ended the channel meanwhile.
func (gate *gate) write(frame []byte, isControl bool, from *sending) error {
	return gate.pass(frame, isControl, from, false)
}

// writeLast sends the last frame of `from`.
func (gate *gate) writeLast(frame []byte, from *sending) error {
	return gate.pass(frame, true, from, true)
}

func (gate *gate) pass(frame []byte, isControl bool, from *sending, isLast bool) error {
	gate.enter(isControl)
	batch, err := gate.batch(frame, from, isLast)
	if err == nil && len(batch) > 0 {
		_, err = gate.output.Write(batch)
	}
	gate.leave(err)
	return err
}

// hold lets a frame wait for the next one: every write costs the host's side a wake-up in each program on the way.
func (gate *gate) hold(frame []byte, from *sending) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if !from.over {
		gate.held = append(gate.held, frame...)
	}
}

// flush sends what is held.
func (gate *gate) flush() error { return gate.write(nil, true, &sending{}) }

// batch is what goes out now: what is held, then the frame.
func (gate *gate) batch(frame []byte, from *sending, isLast bool) ([]byte, error) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if gate.broken != nil {
		return nil, gate.broken
	}
	if from.over {
		frame = nil
	}
	from.over = from.over || isLast
	if len(gate.held) == 0 {
		return frame, nil
	}
	all := append(gate.held, frame...)
	gate.held = nil
	return all, nil
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
