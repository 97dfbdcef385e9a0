// Package frames encodes and decodes the frames of docs/protocol.md.
package frames

import "fmt"

// Type is the fifth byte of a frame.
type Type byte

const (
	Hello   Type = 1
	Open    Type = 2
	Data    Type = 3
	End     Type = 4
	Credit  Type = 5
	Event   Type = 6
	Result  Type = 7
	Control Type = 8
	Close   Type = 9
	Ping    Type = 10
	Pong    Type = 11
	Goodbye Type = 12
)

const (
	HeaderBytes     = 9
	MaxPayloadBytes = 1 << 20
	MaxDataBytes    = 1 << 16
	MaxStream       = 3
)

// Side says who sent a frame.
type Side int

const (
	Host Side = iota
	Agent
)

// Frame is one message; Payload may be valid only until the next one is read.
type Frame struct {
	Type    Type
	Channel uint32
	Payload []byte
}

// Stream is the stream that a DATA, END or CREDIT frame is about.
func (frame Frame) Stream() byte { return frame.Payload[0] }

// Violation is a frame that the protocol does not allow; it ends the connection.
type Violation struct{ Reason string }

func (violation *Violation) Error() string { return "protocol violation: " + violation.Reason }

func violation(format string, values ...any) error {
	return &Violation{Reason: fmt.Sprintf(format, values...)}
}

type rule struct {
	name               string
	fromHost, fromSelf bool
	onConnection       bool
	minimum, maximum   int
	startsWithStream   bool
}

var rules = [...]rule{
	Hello:   {"HELLO", true, true, true, 2, MaxPayloadBytes, false},
	Open:    {"OPEN", true, false, false, 2, MaxPayloadBytes, false},
	Data:    {"DATA", true, true, false, 2, 1 + MaxDataBytes, true},
	End:     {"END", true, true, false, 1, 1, true},
	Credit:  {"CREDIT", true, true, false, 5, 5, true},
	Event:   {"EVENT", false, true, false, 2, MaxPayloadBytes, false},
	Result:  {"RESULT", false, true, false, 2, MaxPayloadBytes, false},
	Control: {"CONTROL", true, false, false, 2, MaxPayloadBytes, false},
	Close:   {"CLOSE", true, false, false, 0, 0, false},
	Ping:    {"PING", true, false, true, 8, 8, false},
	Pong:    {"PONG", false, true, true, 8, 8, false},
	Goodbye: {"GOODBYE", true, true, true, 2, MaxPayloadBytes, false},
}

// Name is the frame type's name in docs/protocol.md.
func (kind Type) Name() string {
	if int(kind) < len(rules) && kind != 0 {
		return rules[kind].name
	}
	return fmt.Sprintf("type %d", byte(kind))
}

func checkHeader(from Side, kind Type, channel uint32, length int) error {
	if kind == 0 || int(kind) >= len(rules) {
		return violation("unknown frame type %d", byte(kind))
	}
	rule := &rules[kind]
	if from == Host && !rule.fromHost || from == Agent && !rule.fromSelf {
		return violation("%s from the wrong side", rule.name)
	}
	if rule.onConnection != (channel == 0) {
		return violation("%s on channel %d", rule.name, channel)
	}
	if length < rule.minimum || length > rule.maximum {
		return violation("%s with a payload of %d bytes", rule.name, length)
	}
	return nil
}

func checkPayload(kind Type, payload []byte) error {
	if rules[kind].startsWithStream && payload[0] > MaxStream {
		return violation("%s on stream %d", rules[kind].name, payload[0])
	}
	return nil
}
