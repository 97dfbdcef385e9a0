package connection

import (
	"bytes"
	"math/rand"
	"testing"
)

func TestRingKeepsOrderWhileItWrapsAndGrows(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	var ring ring
	var sent, taken []byte
	for range 20_000 {
		data := make([]byte, random.Intn(3000))
		random.Read(data)
		if ring.length+len(data) <= 1<<16 {
			ring.put(data)
			sent = append(sent, data...)
		}
		target := make([]byte, random.Intn(3000))
		taken = append(taken, target[:ring.take(target)]...)
	}
	rest := make([]byte, ring.length)
	taken = append(taken, rest[:ring.take(rest)]...)
	if !bytes.Equal(sent, taken) || ring.length != 0 {
		t.Fatalf("%d bytes in, %d out, %d left", len(sent), len(taken), ring.length)
	}
	if len(ring.buffer) > 1<<16 {
		t.Fatalf("grew to %d", len(ring.buffer))
	}
}
