package files

import (
	"bytes"
	"context"
	"testing"
)

func TestPackThenUnpack(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("from/b/c", "hello")
		b.put("from/x", "world")
		tar := &bytes.Buffer{}
		packed, err := b.Pack(context.Background(), PackRequest{Path: b.path("from")}, tar)
		must(t, err)
		_, err = b.Mkdir(context.Background(), MkdirRequest{Path: b.path("to")})
		must(t, err)
		unpacked, err := b.Unpack(context.Background(), UnpackRequest{Path: b.path("to")}, tar)
		must(t, err)
		if packed.Entries != 3 || unpacked.Entries != 3 || b.get("to/b/c") != "hello" {
			t.Fatal(packed, unpacked, b.list(ListRequest{Path: b.path(), Recursive: true}))
		}
		removed, err := b.Remove(context.Background(), RemoveRequest{Path: b.path("from"), Recursive: true})
		must(t, err)
		if removed.Removed != 4 || len(b.list(ListRequest{Path: b.path(), Recursive: true})) != 4 {
			t.Fatal(removed)
		}
	})
}
