package connection

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"llm-sandbox/agent/frames"
	"llm-sandbox/agent/pipe"
)

// slowOutput takes one write each time it is allowed to.
type slowOutput struct {
	allowed chan struct{}
	lock    sync.Mutex
	written []string
}

func (output *slowOutput) Write(data []byte) (int, error) {
	<-output.allowed
	output.lock.Lock()
	defer output.lock.Unlock()
	output.written = append(output.written, string(data))
	return len(data), nil
}

func (gate *gate) waiting() int {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	return len(gate.control) + len(gate.data)
}

func TestControlFramesOvertakeDataAndDataTakeTurns(t *testing.T) {
	output := &slowOutput{allowed: make(chan struct{})}
	gate := &gate{output: output, onBroken: func(error) {}}
	var all sync.WaitGroup
	begin := func(text string, isControl bool, waiting int) {
		all.Add(1)
		go func() {
			defer all.Done()
			gate.write([]byte(text), isControl, &sending{})
		}()
		for gate.waiting() < waiting || waiting == 0 && !gate.isBusy() {
			time.Sleep(time.Millisecond)
		}
	}
	begin("data a", false, 0)
	begin("data b", false, 1)
	begin("data c", false, 2)
	begin("control 1", true, 3)
	begin("control 2", true, 4)
	for range 5 {
		output.allowed <- struct{}{}
	}
	all.Wait()
	want := []string{"data a", "control 1", "control 2", "data b", "data c"}
	for index, text := range want {
		if output.written[index] != text {
			t.Fatalf("order %v", output.written)
		}
	}
}

func TestNothingOfAChannelFollowsItsLastFrame(t *testing.T) {
	output := &slowOutput{allowed: make(chan struct{})}
	gate := &gate{output: output, onBroken: func(error) {}}
	var ended, other sending
	var all sync.WaitGroup
	begin := func(waiting int, send func() error) {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := send(); err != nil {
				t.Error(err)
			}
		}()
		for gate.waiting() < waiting || !gate.isBusy() {
			time.Sleep(time.Millisecond)
		}
	}
	begin(0, func() error { return gate.write([]byte("first"), true, &other) })
	begin(1, func() error { return gate.writeLast([]byte("result"), &ended) })
	begin(2, func() error { return gate.write([]byte("credit after the result"), true, &ended) })
	begin(3, func() error { return gate.write([]byte("data after the result"), false, &ended) })
	begin(4, func() error { return gate.write([]byte("data of another"), false, &other) })
	for range 3 {
		output.allowed <- struct{}{}
	}
	all.Wait()
	gate.hold([]byte("end after the result"), &ended)
	close(output.allowed)
	if err := gate.flush(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(output.written, ", "); got != "first, result, data of another" {
		t.Fatal(got)
	}
}

// stored is a store that holds the text.
func stored(t *testing.T, text string) *pipe.Store {
	t.Helper()
	store, err := pipe.NewStore()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	defer writing.Close()
	writing.WriteString(text)
	if count, err := store.Take(int(reading.Fd()), len(text)); err != nil || count != len(text) {
		t.Fatalf("%d, %v", count, err)
	}
	return store
}

func TestStoredDataGoOutBehindTheirHeaderOrAreDropped(t *testing.T) {
	var output bytes.Buffer
	gate := &gate{output: &output, onBroken: func(error) {}}
	from := &sending{}
	gate.writeData([]byte("header "), stored(t, "data, "), 6, from)
	gate.writeLast([]byte("result, "), from)
	late := stored(t, "late")
	gate.writeData([]byte("header "), late, 4, from)
	gate.writeData([]byte("header "), stored(t, "other"), 5, &sending{})
	if output.String() != "header data, result, header other" {
		t.Fatalf("%q", output.String())
	}
	if err := pipe.Move(&output, late, 1); err == nil {
		t.Fatal("what was dropped is still there")
	}
}

func (gate *gate) isBusy() bool {
	gate.lock.Lock()
	defer gate.lock.Unlock()
	return gate.busy
}

// conversation serves the frames and returns what the agent has sent and how it ended.
func conversation(t *testing.T, handle Handler, sent ...frames.Frame) ([]frames.Frame, error) {
	t.Helper()
	var input []byte
	for _, frame := range sent {
		input = frames.Append(input, frame)
	}
	var output bytes.Buffer
	connection := New(bytes.NewReader(input), &output, func(err error) { t.Error(err) })
	err := connection.Serve(1000, handle, func() {})
	var got []frames.Frame
	for reader := frames.NewReader(&output, frames.Agent); ; {
		frame, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frame.Payload = bytes.Clone(frame.Payload)
		got = append(got, frame)
	}
	return got, err
}

func open(channel uint32) frames.Frame {
	return frames.Frame{Type: frames.Open, Channel: channel, Payload: []byte("{}")}
}

func data(channel uint32, stream byte, length int) frames.Frame {
	return frames.Frame{Type: frames.Data, Channel: channel, Payload: append([]byte{stream}, make([]byte, length)...)}
}

func TestHostThatSendsMoreThanAllowedIsRefused(t *testing.T) {
	ignore := func(*Channel, []byte) {}
	within := []frames.Frame{open(1)}
	for range Window / frames.MaxDataBytes {
		within = append(within, data(1, 0, frames.MaxDataBytes))
	}
	if _, err := conversation(t, ignore, within...); err != io.EOF {
		t.Fatal(err)
	}
	if _, err := conversation(t, ignore, append(within, data(1, 0, 1))...); err == io.EOF {
		t.Fatal("a byte beyond the window was accepted")
	}
	if _, err := conversation(t, ignore, open(1), frames.EndFrame(1, 0), data(1, 0, 1)); err == io.EOF {
		t.Fatal("data after the end were accepted")
	}
}

func TestReadingGivesCreditBack(t *testing.T) {
	var read int64
	handle := func(channel *Channel, _ []byte) {
		inlet := channel.Inlet(0)
		inlet.put(make([]byte, Window))
		buffer := make([]byte, Window)
		count, _ := inlet.Reader(context.Background()).Read(buffer)
		read = int64(count)
	}
	got, err := conversation(t, handle, open(1))
	if err != io.EOF || read != Window || len(got) != 1 || got[0].Type != frames.Credit || got[0].CreditBytes() != Window {
		t.Fatalf("%v, %d read, %v", err, read, got)
	}
}

func TestWriterNeverExceedsTheCredit(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	written := make(chan int)
	handle := func(channel *Channel, _ []byte) {
		go func() {
			count, _ := channel.Outlet(1).Writer(ctx).Write(make([]byte, 5000))
			written <- count
		}()
	}
	input, host := io.Pipe()
	reading, output := io.Pipe()
	connection := New(input, output, func(error) {})
	go connection.Serve(1000, handle, func() {})
	host.Write(frames.Append(nil, open(1)))
	reader := frames.NewReader(reading, frames.Agent)
	receive := func(want int) {
		t.Helper()
		frame, err := reader.Next()
		if err != nil || len(frame.Payload) != 1+want {
			t.Fatalf("%d bytes, %v", len(frame.Payload), err)
		}
	}
	receive(1000)
	host.Write(frames.Append(nil, frames.CreditFrame(1, 1, 300)))
	receive(300)
	cancel()
	if count := <-written; count != 1300 {
		t.Fatalf("%d bytes were written", count)
	}
}

func TestChannelsAreNeverReused(t *testing.T) {
	finish := func(channel *Channel, _ []byte) { channel.Finish(struct{}{}) }
	got, err := conversation(t, finish, open(3), frames.Frame{Type: frames.Close, Channel: 3}, data(3, 0, 1), data(2, 0, 1), open(4))
	if err != io.EOF || len(got) != 2 {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := conversation(t, finish, open(3), open(3)); err == io.EOF {
		t.Fatal("a channel was opened twice")
	}
	if _, err := conversation(t, finish, open(3), open(2)); err == io.EOF {
		t.Fatal("an older channel was opened")
	}
}

func TestHeldFramesGoOutWithTheNext(t *testing.T) {
	output := &slowOutput{allowed: make(chan struct{}, 3)}
	for range 3 {
		output.allowed <- struct{}{}
	}
	gate := &gate{output: output, onBroken: func(error) {}}
	gate.hold([]byte("end 1, "), &sending{})
	gate.hold([]byte("end 2, "), &sending{})
	gate.write([]byte("result"), true, &sending{})
	gate.hold([]byte("end 3"), &sending{})
	gate.flush()
	gate.write([]byte("next"), false, &sending{})
	want := []string{"end 1, end 2, result", "end 3", "next"}
	for index, text := range want {
		if output.written[index] != text {
			t.Fatalf("%q", output.written)
		}
	}
}
