package files

import (
	"context"
	"io"
	"syscall"
)

// ReadRequest is the operation `read`; without MaxBytes there is no limit.
type ReadRequest struct {
	Path     string `json:"path"`
	Offset   int64  `json:"offset"`
	MaxBytes *int64 `json:"maxBytes"`
}

// ReadResult counts the bytes sent.
type ReadResult struct {
	Bytes int64 `json:"bytes"`
}

// Read sends a regular file's bytes from the offset on, up to the size it has when it is opened.
// A file that holds more than MaxBytes there ends it with ETOOBIG before a byte is sent.
func (f *Files) Read(ctx context.Context, request ReadRequest, out io.Writer) (ReadResult, error) {
	return perform(ctx, request.Path, func() (ReadResult, error) {
		if request.Offset < 0 {
			return ReadResult{}, fail("EINVAL", request.Path, "offset must not be negative")
		}
		at, err := f.locate(request.Path, reading)
		if err != nil {
			return ReadResult{}, err
		}
		descriptor, stat, err := f.openForReading(at)
		if err != nil {
			return ReadResult{}, err
		}
		defer syscall.Close(descriptor)
		if err := kindError(at.path, stat.Mode); err != nil {
			return ReadResult{}, err
		}
		size := max(0, stat.Size-request.Offset)
		most, err := limitOf(request.MaxBytes, size, "maxBytes", request.Path)
		if err != nil {
			return ReadResult{}, err
		}
		if size > most {
			return ReadResult{}, fail("ETOOBIG", at.path, "%d bytes, more than %d", size, most)
		}
		sent, err := copyOut(ctx, out, descriptor, request.Offset, size)
		return ReadResult{Bytes: sent}, err
	})
}

// openForReading opens a file or folder; opening a FIFO or a device so does not wait, and the caller refuses it.
func (f *Files) openForReading(at location) (descriptor int, stat *syscall.Stat_t, err error) {
	err = f.identity.run(func(user asUser) error {
		descriptor, err = f.open(user, at, syscall.O_RDONLY|openCarefully)
		if err != nil {
			return err
		}
		if stat, err = statAt(user, descriptor, ""); err != nil {
			syscall.Close(descriptor)
		}
		return err
	})
	return descriptor, stat, err
}
