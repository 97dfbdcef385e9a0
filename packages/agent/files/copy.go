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
	source := &fileReader{ctx: ctx, descriptor: descriptor, offset: offset, left: size, isMemory: isInMemory(descriptor)}
	// A writer that says where the bytes go from gets them read there.
	return io.CopyBuffer(out, source, chunk[:])
}

type fileReader struct {
	ctx          context.Context
	descriptor   int
	offset, left int64
	isMemory     bool
}

func (reader *fileReader) Read(buffer []byte) (int, error) {
	if err := reader.ctx.Err(); err != nil {
		return 0, err
	}
	count, err := reader.read(buffer[:min(int64(len(buffer)), reader.left)])
	reader.offset += int64(count)
	reader.left -= int64(count)
	if err == nil && count == 0 {
		err = io.EOF
	}
	return count, err
}

func (reader *fileReader) read(buffer []byte) (int, error) {
	if reader.isMemory {
		return pipe.ReadAt(reader.descriptor, buffer, reader.offset)
	}
	for {
		count, err := syscall.Pread(reader.descriptor, buffer, reader.offset)
		if err != syscall.EINTR {
			return max(count, 0), err
		}
	}
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
