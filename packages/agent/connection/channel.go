package connection

import (
	"context"
	"encoding/json"
	"sync"

	"llm-sandbox/agent/frames"
)

// Channel is one operation of the host, from OPEN to RESULT.
type Channel struct {
	ID uint32
	// Canceled ends when the host cancels the operation.
	Canceled context.Context

	connection *Connection
	cancel     context.CancelFunc
	inlets     [frames.MaxStream + 1]*Inlet
	outlets    [frames.MaxStream + 1]*Outlet

	sending sending

	lock      sync.Mutex
	signals   []string
	onSignal  func(string)
	cancels   int
	impatient chan struct{}
}

func newChannel(connection *Connection, id uint32) *Channel {
	ctx, cancel := context.WithCancel(context.Background())
	channel := &Channel{ID: id, Canceled: ctx, connection: connection, cancel: cancel, impatient: make(chan struct{})}
	for stream := range channel.inlets {
		if stream == 0 || stream == 3 {
			channel.inlets[stream] = &Inlet{channel: channel, stream: byte(stream), window: Window}
		}
		if stream != 0 {
			channel.outlets[stream] = &Outlet{channel: channel, stream: byte(stream), credit: connection.hostWindow}
		}
	}
	return channel
}

// Inlet is stream 0 or 3.
func (channel *Channel) Inlet(stream int) *Inlet { return channel.inlets[stream] }

// Outlet is stream 1, 2 or 3.
func (channel *Channel) Outlet(stream int) *Outlet { return channel.outlets[stream] }

// Event sends an EVENT.
func (channel *Channel) Event(event any) error {
	frame, err := channel.encode(frames.Event, event)
	if err != nil {
		return err
	}
	return channel.connection.gate.write(frame, true, &channel.sending)
}

// Flush sends what was ended and waits for a frame to go with.
func (channel *Channel) Flush() error { return channel.connection.gate.flush() }

// Finish sends the RESULT; what others still send on the channel afterwards is dropped.
func (channel *Channel) Finish(result any) error {
	channel.cancel()
	channel.connection.forget(channel)
	frame, err := channel.encode(frames.Result, result)
	if err != nil {
		return err
	}
	return channel.connection.gate.writeLast(frame, &channel.sending)
}

// OnSignal is called with every signal name that the host sends, those that came earlier first.
func (channel *Channel) OnSignal(handle func(name string)) {
	channel.lock.Lock()
	early := channel.signals
	channel.signals = nil
	channel.onSignal = handle
	channel.lock.Unlock()
	for _, name := range early {
		handle(name)
	}
}

// Impatient is closed when the host cancels a second time: it does not want the rest of the output either.
func (channel *Channel) Impatient() <-chan struct{} { return channel.impatient }

func (channel *Channel) signal(name string) {
	channel.lock.Lock()
	handle := channel.onSignal
	if handle == nil && len(channel.signals) < 64 {
		channel.signals = append(channel.signals, name)
	}
	channel.lock.Unlock()
	if handle != nil {
		handle(name)
	}
}

func (channel *Channel) canceledByHost() {
	channel.cancel()
	channel.lock.Lock()
	defer channel.lock.Unlock()
	channel.cancels++
	if channel.cancels == 2 {
		close(channel.impatient)
	}
}

func (channel *Channel) encode(kind frames.Type, value any) ([]byte, error) {
	payload, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return frames.Encode(frames.Frame{Type: kind, Channel: channel.ID, Payload: payload}), nil
}

func (channel *Channel) grant(stream byte, bytes uint32) error {
	frame := frames.Encode(frames.CreditFrame(channel.ID, stream, bytes))
	return channel.connection.gate.write(frame, true, &channel.sending)
}
