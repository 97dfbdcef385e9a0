package endtoend

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"llm-sandbox/agent/frames"
)

const (
	hostWindow  = 1 << 20
	agentWindow = 2 << 20
)

// box is a host's end of one agent.
type box struct {
	t        *testing.T
	command  *exec.Cmd
	input    *os.File
	output   *os.File
	reader   *frames.Reader
	hello    map[string]any
	exited   chan struct{}
	received chan struct{}

	lostOnPurpose bool
	discard       bool // the data are not kept

	writing  sync.Mutex
	lock     sync.Mutex
	channels map[uint32]*operation
	next     uint32
	goodbye  chan string
	pongs    chan []byte
}

// operation is one OPEN and everything that has come back for it.
type operation struct {
	box     *box
	id      uint32
	lock    sync.Mutex
	data    [4]bytes.Buffer
	ends    [4]int
	chunks  []chunk // the DATA frames in their order
	credit  [4]int  // what may be sent
	events  chan map[string]any
	result  chan map[string]any
	manual  bool // no credit is granted
	arrived chan struct{}
}

type chunk struct {
	stream byte
	length int
}

func defaultHello() map[string]any {
	return map[string]any{
		"version": 1, "window": hostWindow,
		"user":      map[string]any{"uid": userID, "gid": userID},
		"tags":      map[string]any{"first": firstTag, "count": 100000},
		"workspace": workspace, "scratch": []string{scratch},
		"env":         map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": workspace, "LANG": "C.UTF-8"},
		"limits":      map[string]any{"processes": 64, "openFiles": 256, "fileBytes": 64 << 20},
		"heartbeatMs": 0, "lifetimeMs": 0,
	}
}

// openBox starts an agent and exchanges HELLO; change may alter the host's.
func openBox(t *testing.T, sameUID bool, change func(hello map[string]any)) *box {
	t.Helper()
	box := connect(t, sameUID)
	hello := defaultHello()
	if change != nil {
		change(hello)
	}
	box.sendJSON(frames.Hello, 0, hello)
	frame, err := box.reader.Next()
	must(t, err)
	if frame.Type != frames.Hello {
		t.Fatalf("the agent answered HELLO with %s %s", frame.Type.Name(), frame.Payload)
	}
	must(t, json.Unmarshal(frame.Payload, &box.hello))
	go box.receive()
	return box
}

func connect(t *testing.T, sameUID bool) *box {
	t.Helper()
	command, input, output := startAgent(t, sameUID)
	box := &box{
		t: t, command: command, input: input, output: output, reader: frames.NewReader(input, frames.Agent),
		channels: map[uint32]*operation{}, exited: make(chan struct{}), received: make(chan struct{}), goodbye: make(chan string, 1), pongs: make(chan []byte, 1000),
	}
	go func() {
		command.Wait()
		close(box.exited)
	}()
	t.Cleanup(func() {
		output.Close()
		box.awaitExit()
		if box.hello != nil {
			<-box.received
		}
		input.Close()
	})
	return box
}

func (box *box) awaitExit() {
	select {
	case <-box.exited:
	case <-time.After(30 * time.Second):
		box.command.Process.Kill()
		box.t.Error("the agent did not end")
	}
}

func (box *box) send(frame frames.Frame) {
	box.writing.Lock()
	defer box.writing.Unlock()
	box.output.Write(frames.Append(nil, frame))
}

func (box *box) sendJSON(kind frames.Type, channel uint32, value any) {
	payload, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	box.send(frames.Frame{Type: kind, Channel: channel, Payload: payload})
}

func (box *box) open(request map[string]any) *operation { return box.openWith(request, false) }

func (box *box) openWith(request map[string]any, manual bool) *operation {
	box.lock.Lock()
	box.next++
	operation := &operation{
		box: box, id: box.next, manual: manual,
		credit: [4]int{0: agentWindow, 3: agentWindow},
		events: make(chan map[string]any, 100), result: make(chan map[string]any, 1), arrived: make(chan struct{}, 1),
	}
	box.channels[operation.id] = operation
	payload, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	box.send(frames.Frame{Type: frames.Open, Channel: operation.id, Payload: payload})
	box.lock.Unlock()
	return operation
}

func (box *box) receive() {
	defer close(box.received)
	for {
		frame, err := box.reader.Next()
		if err != nil {
			if err != io.EOF && !box.lostOnPurpose {
				box.t.Errorf("the agent's output: %v", err)
			}
			return
		}
		switch frame.Type {
		case frames.Goodbye:
			var reason struct{ Reason string }
			json.Unmarshal(frame.Payload, &reason)
			box.goodbye <- reason.Reason
		case frames.Pong:
			box.pongs <- bytes.Clone(frame.Payload)
		default:
			box.lock.Lock()
			operation := box.channels[frame.Channel]
			box.lock.Unlock()
			if operation == nil {
				box.t.Errorf("%s on channel %d, which is not open", frame.Type.Name(), frame.Channel)
				continue
			}
			operation.take(frame)
		}
	}
}

func (operation *operation) take(frame frames.Frame) {
	operation.lock.Lock()
	defer operation.lock.Unlock()
	switch frame.Type {
	case frames.Data:
		stream := frame.Stream()
		if !operation.box.discard {
			operation.data[stream].Write(frame.Payload[1:])
		}
		operation.chunks = append(operation.chunks, chunk{stream, len(frame.Payload) - 1})
		if !operation.manual {
			operation.box.send(frames.CreditFrame(operation.id, stream, uint32(len(frame.Payload)-1)))
		}
	case frames.Credit:
		operation.credit[frame.Stream()] += int(frame.CreditBytes())
	case frames.End:
		operation.ends[frame.Stream()]++
	case frames.Event:
		operation.events <- decoded(frame.Payload)
	case frames.Result:
		operation.box.lock.Lock()
		delete(operation.box.channels, operation.id)
		operation.box.lock.Unlock()
		operation.box.send(frames.Frame{Type: frames.Close, Channel: operation.id})
		operation.result <- decoded(frame.Payload)
	}
	select {
	case operation.arrived <- struct{}{}:
	default:
	}
}

func decoded(payload []byte) map[string]any {
	value := map[string]any{}
	if err := json.Unmarshal(payload, &value); err != nil {
		panic(err)
	}
	return value
}

const patience = 60 * time.Second

func pause() { time.Sleep(50 * time.Millisecond) }

func timeAfterPatience() <-chan time.Time { return time.After(patience) }

func (operation *operation) wait() map[string]any {
	operation.box.t.Helper()
	select {
	case result := <-operation.result:
		return result
	case <-time.After(patience):
		operation.box.t.Fatalf("no RESULT; output so far %q, errors %q", operation.text(1), operation.text(2))
		return nil
	}
}

func (operation *operation) event() map[string]any {
	operation.box.t.Helper()
	select {
	case event := <-operation.events:
		return event
	case result := <-operation.result:
		operation.box.t.Fatalf("RESULT %v instead of an EVENT", result)
	case <-time.After(patience):
		operation.box.t.Fatal("no EVENT")
	}
	return nil
}

func (operation *operation) text(stream int) string {
	operation.lock.Lock()
	defer operation.lock.Unlock()
	return operation.data[stream].String()
}

// waitText waits until the stream contains the text.
func (operation *operation) waitText(stream int, text string) {
	operation.box.t.Helper()
	deadline := time.After(patience)
	for !bytes.Contains([]byte(operation.text(stream)), []byte(text)) {
		select {
		case <-operation.arrived:
		case <-deadline:
			operation.box.t.Fatalf("%q did not come; output %q, errors %q", text, operation.text(1), operation.text(2))
		}
	}
}

func (operation *operation) write(stream byte, text string) {
	for text != "" {
		part := text[:min(len(text), frames.MaxDataBytes)]
		operation.box.send(frames.Frame{Type: frames.Data, Channel: operation.id, Payload: append([]byte{stream}, part...)})
		text = text[len(part):]
	}
}

// upload sends as the agent's credit allows.
func (operation *operation) upload(stream byte, content []byte) {
	operation.box.t.Helper()
	deadline := time.After(patience)
	for len(content) > 0 {
		operation.lock.Lock()
		count := min(operation.credit[stream], len(content), frames.MaxDataBytes)
		operation.credit[stream] -= count
		operation.lock.Unlock()
		if count == 0 {
			select {
			case <-operation.arrived:
			case <-deadline:
				operation.box.t.Fatal("no CREDIT")
			}
			continue
		}
		operation.write(stream, string(content[:count]))
		content = content[count:]
	}
}

// waitLength waits until that many bytes have come on the stream.
func (operation *operation) waitLength(stream, length int) {
	operation.box.t.Helper()
	deadline := time.After(patience)
	for len(operation.text(stream)) < length {
		select {
		case <-operation.arrived:
		case <-deadline:
			operation.box.t.Fatalf("only %d bytes came", len(operation.text(stream)))
		}
	}
}

func (operation *operation) end(stream byte) {
	operation.box.send(frames.EndFrame(operation.id, stream))
}

func (operation *operation) control(value map[string]any) {
	operation.box.sendJSON(frames.Control, operation.id, value)
}

func spawn(arguments ...string) map[string]any {
	return map[string]any{"op": "spawn", "argv": arguments, "cwd": workspace, "stdin": "null"}
}

func with(request map[string]any, key string, value any) map[string]any {
	request[key] = value
	return request
}
