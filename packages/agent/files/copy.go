package files

import (
	"context"
	"io"
	"sync"
	"syscall"
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
	total := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		count, err := in.Read(chunk[:])
		written, writeErr := writeAll(descriptor, chunk[:count])
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

func writeAll(descriptor int, data []byte) (int64, error) {
	total := 0
	for total < len(data) {
		count, err := syscall.Write(descriptor, data[total:])
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
