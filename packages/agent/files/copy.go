package files

import (
	"context"
	"io"
	"sync"
	"syscall"

	"llm-sandbox/agent/pipe"
)

const chunkBytes = 256 * 1024

var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// copyOut sends up to `size` bytes of a file, from the offset on; fewer when the file ends before.
func copyOut(ctx context.Context, out io.Writer, descriptor int, offset, size int64) (int64, error) {
	chunk := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(chunk)
	sent := int64(0)
	for sent < size {
		if err := ctx.Err(); err != nil {
			return sent, err
		}
		count, err := syscall.Pread(descriptor, chunk[:min(size-sent, chunkBytes)], offset+sent)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return sent, err
		}
		if count == 0 {
			break
		}
		written, err := out.Write(chunk[:count])
		sent += int64(written)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// copyIn writes everything the reader has to a file.
func copyIn(ctx context.Context, descriptor int, in io.Reader) (int64, error) {
	chunk := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(chunk)
	target := newTarget(descriptor)
	total := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		count, err := in.Read(chunk[:])
		written, writeErr := target.writeAll(chunk[:count])
		total += written
		if writeErr != nil {
			return total, writeErr
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// target is a file that is written. Memory never makes a writer wait, so Go's scheduler is not told of the call: it
// would move everything else to another thread, and back, at each of them.
type target struct {
	descriptor int
	isMemory   bool
}

func newTarget(descriptor int) target { return target{descriptor, isInMemory(descriptor)} }

const tmpfsMagic = 0x01021994

func isInMemory(descriptor int) bool {
	var system syscall.Statfs_t
	return syscall.Fstatfs(descriptor, &system) == nil && system.Type == tmpfsMagic
}

func (t target) write(data []byte) (int, error) {
	if t.isMemory {
		return pipe.Write(t.descriptor, data)
	}
	return syscall.Write(t.descriptor, data)
}

func (t target) writeAll(data []byte) (int64, error) {
	total := 0
	for total < len(data) {
		count, err := t.write(data[total:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return int64(total), err
		}
		total += count
	}
	return int64(total), nil
}
