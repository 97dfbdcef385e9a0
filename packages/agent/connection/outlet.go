package connection

import (
	"context"
	"io"
	"sync"

	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/pipe"
)

// Outlet is a stream towards the host; it never sends more than the host has allowed.
type Outlet struct {
	channel *Channel
	stream  byte

	lock   sync.Mutex
	credit int64
	more   chan struct{} // closed when credit arrives while somebody waits
	sent   int64
	ended  bool
}

// Reserve waits until something may be sent and takes up to `wanted` bytes of the allowance.
func (outlet *Outlet) Reserve(ctx context.Context, wanted int) (int, error) {
	for {
		outlet.lock.Lock()
		if outlet.credit > 0 {
			taken := min(int64(wanted), outlet.credit)
			outlet.credit -= taken
			outlet.lock.Unlock()
			return int(taken), nil
		}
		if outlet.more == nil {
			outlet.more = make(chan struct{})
		}
		more := outlet.more
		outlet.lock.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Return gives back what was reserved and not sent.
func (outlet *Outlet) Return(bytes int) { outlet.grant(int64(bytes)) }

func (outlet *Outlet) grant(bytes int64) {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	outlet.credit += bytes
	if outlet.more != nil && outlet.credit > 0 {
		close(outlet.more)
		outlet.more = nil
	}
}

// SendReserved sends a frame whose data begin at frames.DataRoom and have been reserved before.
func (outlet *Outlet) SendReserved(frame []byte) error {
	frames.PutDataHeader(frame, outlet.channel.ID, outlet.stream)
	err := outlet.channel.connection.gate.write(frame, false, &outlet.channel.sending)
	outlet.count(len(frame) - frames.DataRoom)
	return err
}

// SendStored sends a frame whose data are in a store and have been reserved before. The store is empty afterwards.
func (outlet *Outlet) SendStored(store *pipe.Store, bytes int) error {
	header := frames.DataHeader(outlet.channel.ID, outlet.stream, bytes)
	err := outlet.channel.connection.gate.writeData(header, store, bytes, &outlet.channel.sending)
	outlet.count(bytes)
	return err
}

func (outlet *Outlet) count(bytes int) {
	outlet.lock.Lock()
	outlet.sent += int64(bytes)
	outlet.lock.Unlock()
}

// Sent is how many bytes have gone out.
func (outlet *Outlet) Sent() int64 {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	return outlet.sent
}

// End tells the host, once, that nothing more comes; it goes out with the next frame, or with Flush.
func (outlet *Outlet) End() {
	outlet.lock.Lock()
	defer outlet.lock.Unlock()
	if outlet.ended {
		return
	}
	outlet.ended = true
	end := frames.EndFrame(outlet.channel.ID, outlet.stream)
	outlet.channel.connection.gate.hold(frames.Encode(end), &outlet.channel.sending)
}

// Writer sends what is written to it, waiting for credit, until ctx ends.
func (outlet *Outlet) Writer(ctx context.Context) *OutletWriter {
	return &OutletWriter{outlet: outlet, ctx: ctx}
}

// OutletWriter is an io.Writer onto an Outlet.
type OutletWriter struct {
	outlet *Outlet
	ctx    context.Context
}

func (writer *OutletWriter) Write(data []byte) (int, error) {
	buffer := FrameBuffer()
	defer ReleaseFrameBuffer(buffer)
	written := 0
	for written < len(data) {
		count, err := writer.outlet.Reserve(writer.ctx, min(len(data)-written, frames.MaxDataBytes))
		if err != nil {
			return written, err
		}
		copy((*buffer)[frames.DataRoom:], data[written:written+count])
		if err := writer.outlet.SendReserved((*buffer)[:frames.DataRoom+count]); err != nil {
			return written, err
		}
		written += count
	}
	return written, nil
}

// ReadFrom sends what a source has, read where it goes out from.
func (writer *OutletWriter) ReadFrom(source io.Reader) (int64, error) {
	buffer := FrameBuffer()
	defer ReleaseFrameBuffer(buffer)
	sent := int64(0)
	for {
		allowed, err := writer.outlet.Reserve(writer.ctx, frames.MaxDataBytes)
		if err != nil {
			return sent, err
		}
		count, readErr := source.Read((*buffer)[frames.DataRoom : frames.DataRoom+allowed])
		if count < allowed {
			writer.outlet.Return(allowed - count)
		}
		if count > 0 {
			if err := writer.outlet.SendReserved((*buffer)[:frames.DataRoom+count]); err != nil {
				return sent, err
			}
			sent += int64(count)
		}
		if readErr == io.EOF {
			return sent, nil
		}
		if readErr != nil {
			return sent, readErr
		}
	}
}

var frameBuffers = sync.Pool{New: func() any {
	buffer := make([]byte, frames.DataRoom+frames.MaxDataBytes)
	return &buffer
}}

// FrameBuffer is room for one whole DATA frame.
func FrameBuffer() *[]byte { return frameBuffers.Get().(*[]byte) }

// ReleaseFrameBuffer gives a buffer back.
func ReleaseFrameBuffer(buffer *[]byte) { frameBuffers.Put(buffer) }
