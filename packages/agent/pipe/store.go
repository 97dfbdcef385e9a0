package pipe

import (
	"io"
	"syscall"
)

const (
	spliceMove     = 1
	spliceNonBlock = 2
)

// Store is a pipe that only the agent has. Bytes go through it from one descriptor to another without being copied,
// and while they are in it their number is known: nobody else can take them out.
type Store struct{ in, out int }

// NewStore is an empty one.
func NewStore() (*Store, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, err
	}
	return &Store{in: ends[1], out: ends[0]}, nil
}

// Close drops what is in it.
func (store *Store) Close() {
	syscall.Close(store.in)
	syscall.Close(store.out)
}

// Take moves up to `most` bytes from a pipe's reading end into an empty store; none at the pipe's end. EAGAIN says
// that there are none yet.
func (store *Store) Take(descriptor, most int) (int, error) {
	return splice(descriptor, store.in, most)
}

// Mover is a writer that can also take bytes out of a store.
type Mover interface {
	io.Writer
	// Move sends the next bytes of a store, which holds at least so many.
	Move(store *Store, bytes int) error
}

// Move is the same for a writer that cannot.
func Move(to io.Writer, store *Store, bytes int) error {
	if mover, can := to.(Mover); can {
		return mover.Move(store, bytes)
	}
	return copyOut(to, store, bytes)
}

func copyOut(to io.Writer, store *Store, bytes int) error {
	buffer := make([]byte, min(bytes, 64<<10))
	for bytes > 0 {
		count, err := Read(store.out, buffer[:min(bytes, len(buffer))])
		if err == nil && count == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if _, err := to.Write(buffer[:count]); err != nil {
			return err
		}
		bytes -= count
	}
	return nil
}

func (writer *writer) Move(store *Store, bytes int) error {
	left := bytes
	var failed error
	err := writer.target.Write(func(descriptor uintptr) bool {
		for left > 0 {
			count, err := splice(store.out, int(descriptor), left)
			if err == syscall.EAGAIN {
				return false
			}
			if err == nil && count == 0 {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				failed = err
				return true
			}
			left -= count
		}
		return true
	})
	if err != nil {
		return err
	}
	if left > 0 && (failed == syscall.EINVAL || failed == syscall.ENOSYS || failed == syscall.EPERM) {
		return copyOut(writer, store, left) // what the stream is does not take pages
	}
	return failed
}

func splice(from, to, most int) (int, error) {
	for {
		count, _, errno := syscall.RawSyscall6(syscall.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(most), spliceMove|spliceNonBlock)
		switch errno {
		case 0:
			return int(count), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
