// Package connection carries the host's operations over one duplex byte stream.
package connection

import (
	"fmt"
	"io"
	"sync"

	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/strictjson"
)

// Window is how many bytes the host may send ahead on each stream.
const Window = 2 << 20

// Connection multiplexes channels; one goroutine calls Serve, any may send.
type Connection struct {
	gate       *gate
	reader     *frames.Reader
	hostWindow int64

	lock     sync.Mutex
	channels map[uint32]*Channel
	newest   uint32
}

// Handler begins an operation. It is called in the order of the OPEN frames and must not wait.
type Handler func(channel *Channel, request []byte)

// New is a connection on which nothing has been read; onBroken is called once when the host no longer reads.
func New(input io.Reader, output io.Writer, onBroken func(error)) *Connection {
	return &Connection{
		gate:     &gate{output: output, onBroken: onBroken},
		reader:   frames.NewReader(input, frames.Host),
		channels: map[uint32]*Channel{},
	}
}

// Send writes one control frame of the connection itself, before any data that waits.
func (connection *Connection) Send(frame frames.Frame) error {
	return connection.gate.write(frames.Encode(frame), true, &sending{})
}

// ReadHello is the first frame, which must be the host's HELLO.
func (connection *Connection) ReadHello() ([]byte, error) {
	frame, err := connection.reader.Next()
	if err != nil {
		return nil, err
	}
	if frame.Type != frames.Hello {
		return nil, refuse("%s before HELLO", frame.Type.Name())
	}
	return frame.Payload, nil
}

// Serve handles frames until the host says GOODBYE (nil), the input ends (io.EOF or another error of reading),
// or the host breaks the protocol (*frames.Violation). onFrame is called for each frame.
func (connection *Connection) Serve(hostWindow int64, handle Handler, onFrame func()) error {
	connection.hostWindow = hostWindow
	for {
		frame, err := connection.reader.Next()
		if err != nil {
			return err
		}
		onFrame()
		switch frame.Type {
		case frames.Goodbye:
			return nil
		case frames.Hello:
			return refuse("a second HELLO")
		case frames.Ping:
			err = connection.Send(frames.Frame{Type: frames.Pong, Payload: frame.Payload})
		case frames.Open:
			err = connection.open(frame, handle)
		default:
			err = connection.deliver(frame)
		}
		if err != nil {
			return err
		}
	}
}

func (connection *Connection) open(frame frames.Frame, handle Handler) error {
	channel := newChannel(connection, frame.Channel)
	connection.lock.Lock()
	if frame.Channel <= connection.newest {
		connection.lock.Unlock()
		return refuse("channel %d is not new", frame.Channel)
	}
	connection.newest = frame.Channel
	connection.channels[frame.Channel] = channel
	connection.lock.Unlock()
	handle(channel, frame.Payload)
	return nil
}

func (connection *Connection) deliver(frame frames.Frame) error {
	connection.lock.Lock()
	channel, isOpen := connection.channels[frame.Channel]
	wasOpen := frame.Channel <= connection.newest
	connection.lock.Unlock()
	if !isOpen {
		if wasOpen {
			return nil
		}
		return refuse("%s on channel %d, which was never open", frame.Type.Name(), frame.Channel)
	}
	switch frame.Type {
	case frames.Data, frames.End:
		inlet := channel.inlets[frame.Stream()]
		if inlet == nil {
			return refuse("%s on stream %d", frame.Type.Name(), frame.Stream())
		}
		var err error
		if frame.Type == frames.Data {
			err = inlet.put(frame.Payload[1:])
		} else {
			err = inlet.end()
		}
		if err != nil {
			return refuse("channel %d, stream %d: %v", frame.Channel, frame.Stream(), err)
		}
	case frames.Credit:
		outlet := channel.outlets[frame.Stream()]
		if outlet == nil {
			return refuse("CREDIT on stream %d", frame.Stream())
		}
		outlet.grant(int64(frame.CreditBytes()))
	case frames.Control:
		return channel.control(frame.Payload)
	case frames.Close:
		return refuse("CLOSE of channel %d before its RESULT", frame.Channel)
	}
	return nil
}

func (channel *Channel) control(payload []byte) error {
	var request struct {
		Op     string `json:"op"`
		Signal string `json:"signal"`
	}
	if err := strictjson.Decode(payload, &request); err != nil {
		return refuse("CONTROL: %v", err)
	}
	switch request.Op {
	case "cancel":
		channel.canceledByHost()
	case "signal":
		channel.signal(request.Signal)
	default:
		return refuse("CONTROL %q", request.Op)
	}
	return nil
}

func (connection *Connection) forget(channel *Channel) {
	connection.lock.Lock()
	delete(connection.channels, channel.ID)
	connection.lock.Unlock()
}

func refuse(format string, values ...any) error {
	return &frames.Violation{Reason: fmt.Sprintf(format, values...)}
}
