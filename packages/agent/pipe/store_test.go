package pipe

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func pair(t *testing.T) (reading, writing *os.File) {
	t.Helper()
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	reading, writing = os.NewFile(uintptr(ends[0]), "reading"), os.NewFile(uintptr(ends[1]), "writing")
	t.Cleanup(func() { reading.Close(); writing.Close() })
	return reading, writing
}

// filled is a store that holds the text.
func filled(t *testing.T, text string) *Store {
	t.Helper()
	store, err := NewStore()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	reading, writing := pair(t)
	io.WriteString(writing, text)
	if count, err := store.Take(int(reading.Fd()), len(text)); err != nil || count != len(text) {
		t.Fatalf("%d, %v", count, err)
	}
	return store
}

func TestStoreSaysWhetherThereIsNothingYetOrNothingMore(t *testing.T) {
	store, err := NewStore()
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	reading, writing := pair(t)
	if _, err := store.Take(int(reading.Fd()), 10); err != syscall.EAGAIN {
		t.Fatal(err)
	}
	writing.Close()
	if count, err := store.Take(int(reading.Fd()), 10); count != 0 || err != nil {
		t.Fatalf("%d, %v", count, err)
	}
}

func TestMovedBytesArriveInOrderHoweverSlowlyTheyAreRead(t *testing.T) {
	source, fill := pair(t)
	drain, target := pair(t)
	writer, err := Writer(target)
	if err != nil {
		t.Fatal(err)
	}
	store, err := NewStore()
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	want := bytes.Repeat([]byte("0123456789abcdef!"), 100_000)
	go func() {
		fill.Write(want)
		fill.Close()
	}()
	failed := make(chan error, 1)
	go func() {
		defer target.Close()
		from, _ := source.SyscallConn()
		for {
			count, err := 0, error(nil)
			from.Read(func(descriptor uintptr) bool {
				count, err = store.Take(int(descriptor), 64<<10)
				return err != syscall.EAGAIN
			})
			if err == nil && count > 0 {
				writer.Write([]byte("["))
				err = Move(writer, store, count)
			}
			if err != nil || count == 0 {
				failed <- err
				return
			}
		}
	}()
	got, err := io.ReadAll(drain)
	if err != nil || <-failed != nil {
		t.Fatal(err)
	}
	if marks := bytes.Count(got, []byte("[")); marks < 2 || !bytes.Equal(bytes.ReplaceAll(got, []byte("["), nil), want) {
		t.Fatalf("%d bytes in %d pieces, of %d", len(got), marks, len(want))
	}
}

func TestBytesAreCopiedWhereTheyCannotBeMoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	// splice(2) refuses a file that is open for appending.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer, err := Writer(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := Move(writer, filled(t, "appended"), 8); err != nil {
		t.Fatal(err)
	}
	var buffer bytes.Buffer
	if err := Move(&buffer, filled(t, "buffered"), 8); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "appended" || buffer.String() != "buffered" {
		t.Fatalf("%q, %q", content, &buffer)
	}
}

func TestMovingMoreThanThereIsFails(t *testing.T) {
	_, target := pair(t)
	writer, err := Writer(target)
	if err != nil {
		t.Fatal(err)
	}
	store := filled(t, "four")
	syscall.Close(store.in)
	defer func() { store.in = -1 }()
	if err := Move(writer, store, 5); err == nil {
		t.Fatal("five of four bytes")
	}
}
