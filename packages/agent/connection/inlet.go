package connection

import (
	"context"
	"errors"
	"io"
	"sync"
)

var errBeyondWindow = errors.New("more data than were allowed")
var errAfterEnd = errors.New("data after the stream's end")

// Inlet is a stream from the host; it holds at most one window of bytes.
type Inlet struct {
	channel *Channel
	stream  byte
	window  int

	lock     sync.Mutex
	held     ring
	consumed int // since the last grant
	ended    bool
	arrived  chan struct{} // closed when there is something new while somebody waits
}

func (inlet *Inlet) put(data []byte) error {
	inlet.lock.Lock()
	defer inlet.lock.Unlock()
	if inlet.ended {
		return errAfterEnd
	}
	if inlet.held.length+inlet.consumed+len(data) > inlet.window {
		return errBeyondWindow
	}
	inlet.held.put(data)
	inlet.wake()
	return nil
}

func (inlet *Inlet) end() error {
	inlet.lock.Lock()
	defer inlet.lock.Unlock()
	if inlet.ended {
		return errAfterEnd
	}
	inlet.ended = true
	inlet.wake()
	return nil
}

func (inlet *Inlet) wake() {
	if inlet.arrived != nil {
		close(inlet.arrived)
		inlet.arrived = nil
	}
}

// Read waits for data, copies what there is, and allows the host to send as much again; io.EOF at the end.
func (inlet *Inlet) read(ctx context.Context, target []byte) (int, error) {
	for {
		inlet.lock.Lock()
		if inlet.held.length > 0 {
			count := inlet.held.take(target)
			grant := inlet.take(count)
			inlet.lock.Unlock()
			if grant > 0 {
				return count, inlet.channel.grant(inlet.stream, uint32(grant))
			}
			return count, nil
		}
		if inlet.ended {
			inlet.held = ring{}
			inlet.lock.Unlock()
			return 0, io.EOF
		}
		if inlet.arrived == nil {
			inlet.arrived = make(chan struct{})
		}
		arrived := inlet.arrived
		inlet.lock.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (inlet *Inlet) take(count int) int {
	inlet.consumed += count
	if inlet.ended || inlet.consumed < inlet.window/4 {
		return 0
	}
	grant := inlet.consumed
	inlet.consumed = 0
	return grant
}

// Reader reads the stream until its end or until ctx ends.
func (inlet *Inlet) Reader(ctx context.Context) io.Reader { return &inletReader{inlet, ctx} }

type inletReader struct {
	inlet *Inlet
	ctx   context.Context
}

func (reader *inletReader) Read(target []byte) (int, error) {
	if len(target) == 0 {
		return 0, nil
	}
	return reader.inlet.read(reader.ctx, target)
}
