package frames

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// check reads everything: each frame encodes to the bytes it was read from, and nothing else but a violation or an
// end comes out.
func check(t *testing.T, input []byte, from Side) {
	reader := NewReader(bytes.NewReader(input), from)
	for consumed := 0; ; {
		frame, err := reader.Next()
		if err != nil {
			var violation *Violation
			if err != io.EOF && err != io.ErrUnexpectedEOF && !errors.As(err, &violation) {
				t.Fatalf("%v", err)
			}
			if err == io.EOF && consumed != len(input) {
				t.Fatalf("a clean end after %d of %d bytes", consumed, len(input))
			}
			return
		}
		encoded := Append(nil, frame)
		if !bytes.Equal(encoded, input[consumed:consumed+len(encoded)]) {
			t.Fatalf("%v is not what was read", frame)
		}
		consumed += len(encoded)
	}
}

func seeds() [][]byte {
	return [][]byte{
		Append(nil, Frame{Type: Hello, Payload: []byte(`{"version":1}`)}),
		Append(Append(nil, CreditFrame(1, 1, 1<<31)), EndFrame(2, 3)),
		Append(Append(nil, Frame{Type: Ping, Payload: make([]byte, 8)}), Frame{Type: Close, Channel: 9}),
		Append(nil, Frame{Type: Data, Channel: 3, Payload: append([]byte{1}, make([]byte, 5000)...)}),
		{0, 0x10, 0, 1, 3, 0, 0, 0, 1},
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, input []byte, fromHost bool) {
		from := Agent
		if fromHost {
			from = Host
		}
		check(t, input, from)
	})
}

// TestMutatedFrames changes golden bytes at random; LLM_SANDBOX_FUZZ_FRAMES says how often.
func TestMutatedFrames(t *testing.T) {
	rounds := 20_000
	if wanted, err := strconv.Atoi(os.Getenv("LLM_SANDBOX_FUZZ_FRAMES")); err == nil {
		rounds = wanted
	}
	random := rand.New(rand.NewPCG(1, 2))
	all := seeds()
	for range rounds {
		var input []byte
		for range 1 + random.IntN(3) {
			input = append(input, all[random.IntN(len(all))]...)
		}
		for range random.IntN(4) {
			input[random.IntN(min(len(input), 64))] = byte(random.Uint32())
		}
		check(t, input[:random.IntN(len(input)+1)], Side(random.IntN(2)))
	}
}
