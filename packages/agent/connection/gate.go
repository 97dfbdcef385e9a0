package connection

import (
	"io"
	"sync"

	"llm-sandbox/agent/pipe"
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
	return gate.pass(piece{frame: frame}, isControl, from, false)
}

// writeData sends a DATA frame of `from` whose data are in a store; they are taken out in any case.
func (gate *gate) writeData(header []byte, data *pipe.Store, bytes int, from *sending) error {
	return gate.pass(piece{header, data, bytes}, false, from, false)
}

// writeLast sends the last frame of `from`.
func (gate *gate) writeLast(frame []byte, from *sending) error {
	return gate.pass(piece{frame: frame}, true, from, true)
}

// piece is a frame, or the beginning of one whose last bytes are in a store.
type piece struct {
	frame  []byte
	stored *pipe.Store
	bytes  int
}

func (gate *gate) pass(piece piece, isControl bool, from *sending, isLast bool) error {
	gate.enter(isControl)
	batch, isOver, err := gate.batch(piece.frame, from, isLast)
	if err == nil && len(batch) > 0 {
		_, err = gate.output.Write(batch)
	}
	if piece.bytes > 0 && err == nil {
		if isOver {
			err = pipe.Move(io.Discard, piece.stored, piece.bytes)
		} else {
			err = pipe.Move(gate.output, piece.stored, piece.bytes)
		}
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

// batch is what goes out now: what is held, then the frame, unless the channel was over before.
func (gate *gate) batch(frame []byte, from *sending, isLast bool) (all []byte, wasOver bool, err error) {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	if gate.broken != nil {
		return nil, from.over, gate.broken
	}
	wasOver = from.over
	if wasOver {
		frame = nil
	}
	from.over = wasOver || isLast
	if len(gate.held) == 0 {
		return frame, wasOver, nil
	}
	all = append(gate.held, frame...)
	gate.held = nil
	return all, wasOver, nil
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
