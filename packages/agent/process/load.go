package process

import (
	"syscall"
	"time"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/pipe"
)

// load is what was taken out of a pipe for one frame: in a buffer, or in a store.
type load struct {
	bytes  int
	buffer *[]byte
	store  *pipe.Store
}

func (load load) send(outlet *connection.Outlet) error {
	if load.store != nil {
		return outlet.SendStored(load.store, load.bytes)
	}
	defer connection.ReleaseFrameBuffer(load.buffer)
	return outlet.SendReserved((*load.buffer)[:frames.DataRoom+load.bytes])
}

// tryLoad takes up to `allowed` bytes; none at the end, and EAGAIN when there are none yet.
func (pump *pump) tryLoad(descriptor, allowed int) (load, error) {
	if pump.store != nil {
		count, err := pump.store.Take(descriptor, allowed)
		if err == nil || err == syscall.EAGAIN {
			return load{bytes: count, store: pump.store}, err
		}
		pump.store.Close()
		pump.store = nil
	}
	buffer := connection.FrameBuffer()
	count, err := pipe.Read(descriptor, (*buffer)[frames.DataRoom:frames.DataRoom+allowed])
	if count == 0 {
		connection.ReleaseFrameBuffer(buffer)
		return load{}, err
	}
	return load{bytes: count, buffer: buffer}, nil
}

const (
	largeFrame  = 32 << 10
	largeInARow = 4
	// A moment in which a process that writes all the time fills more than a frame.
	gatherFor = 300 * time.Microsecond
)

// flood looks whether a process writes so much that its bytes had better not be copied, and that it had better be
// given room to write on while nobody reads: to read each of its pieces as it comes costs more than the piece.
func (pump *pump) flood(source syscall.RawConn, bytes int) {
	if pump.store != nil {
		if bytes < frames.MaxDataBytes {
			pipe.Pause(gatherFor)
		}
		return
	}
	if bytes < largeFrame {
		pump.large = 0
		return
	}
	if pump.large++; pump.large == largeInARow {
		pump.store, _ = pipe.NewStore()
		source.Control(pipe.Grow)
	}
}
