package files

import (
	"testing"
)

func TestWriteThenRead(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("a/b/c", "hello")
		if got := b.get("a/b/c"); got != "hello" {
			t.Fatal(got)
		}
	})
}
