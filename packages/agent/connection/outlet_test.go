package connection

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"llm-sandbox/agent/frames"
)

// readInto is what the host gets of a source that is sent with so much credit, and what ReadFrom returns.
func readInto(t *testing.T, source io.Reader, window int64) (text string, sent int64, failed error) {
	t.Helper()
	reading, output := io.Pipe()
	connection := New(strings.NewReader(""), output, func(error) {})
	connection.hostWindow = window
	outlet := newChannel(connection, 1).Outlet(1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		sent, failed = outlet.Writer(ctx).ReadFrom(source)
		output.Close()
	}()
	reader := frames.NewReader(reading, frames.Agent)
	for {
		frame, err := reader.Next()
		if err != nil {
			return text, sent, failed
		}
		if window -= int64(len(frame.Payload) - 1); window < 0 {
			t.Fatal("more than the credit was sent")
		}
		text += string(frame.Payload[1:])
		if window == 0 {
			cancel()
		}
	}
}

func TestSourceIsSentWholeHoweverItIsRead(t *testing.T) {
	want := strings.Repeat("0123456789", 20_000)
	for name, source := range map[string]io.Reader{
		"in large pieces": strings.NewReader(want), "by half": iotest.HalfReader(strings.NewReader(want)),
		"with its end": iotest.DataErrReader(strings.NewReader(want)),
	} {
		if text, sent, err := readInto(t, source, 1<<20); text != want || sent != int64(len(want)) || err != nil {
			t.Fatalf("%s: %d bytes, %d, %v", name, len(text), sent, err)
		}
	}
}

func TestSourceIsSentAsFarAsTheCreditAllows(t *testing.T) {
	text, sent, err := readInto(t, strings.NewReader(strings.Repeat("x", 1000)), 300)
	if len(text) != 300 || sent != 300 || !errors.Is(err, context.Canceled) {
		t.Fatalf("%d bytes, %d, %v", len(text), sent, err)
	}
}

func TestSourceThatBreaksIsSentUpToThere(t *testing.T) {
	broken := errors.New("broken")
	source := io.MultiReader(strings.NewReader("before"), iotest.ErrReader(broken))
	if text, sent, err := readInto(t, source, 1000); text != "before" || sent != 6 || err != broken {
		t.Fatalf("%q, %d, %v", text, sent, err)
	}
}
