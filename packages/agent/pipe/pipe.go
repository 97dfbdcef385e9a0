// Package pipe reads and writes descriptors that never block, without telling Go's scheduler: announcing each such
// call, as package os does, costs as much as the call.
package pipe

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// Read is read(2) on a non-blocking descriptor.
func Read(descriptor int, target []byte) (int, error) {
	return transfer(syscall.SYS_READ, descriptor, target)
}

func transfer(call uintptr, descriptor int, buffer []byte) (int, error) {
	for {
		count, _, errno := syscall.RawSyscall(call, uintptr(descriptor), uintptr(unsafe.Pointer(unsafe.SliceData(buffer))), uintptr(len(buffer)))
		switch errno {
		case 0:
			return int(count), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// Writer writes whole buffers to a file whose descriptor does not block, waiting while it is full.
func Writer(file *os.File) (io.Writer, error) {
	target, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &writer{target}, nil
}

type writer struct{ target syscall.RawConn }

func (writer *writer) Write(data []byte) (written int, failed error) {
	err := writer.target.Write(func(descriptor uintptr) bool {
		for written < len(data) {
			count, err := transfer(syscall.SYS_WRITE, int(descriptor), data[written:])
			if err == syscall.EAGAIN {
				return false
			}
			if err != nil {
				failed = err
				return true
			}
			written += count
		}
		return true
	})
	if err != nil {
		return written, err
	}
	return written, failed
}
