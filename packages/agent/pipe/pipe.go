// Package pipe reads and writes descriptors that never block, without telling Go's scheduler: announcing each such
// call, as package os does, costs as much as the call.
package pipe

import (
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// Read is read(2) on a non-blocking descriptor.
func Read(descriptor int, target []byte) (int, error) {
	return transfer(syscall.SYS_READ, descriptor, target)
}

// Write is write(2) on a descriptor that never makes its writer wait.
func Write(descriptor int, data []byte) (int, error) {
	return transfer(syscall.SYS_WRITE, descriptor, data)
}

// ReadAt is pread(2) on a file that never makes its reader wait.
func ReadAt(descriptor int, target []byte, offset int64) (int, error) {
	return transferAt(syscall.SYS_PREAD64, descriptor, target, uintptr(offset))
}

func transfer(call uintptr, descriptor int, buffer []byte) (int, error) {
	return transferAt(call, descriptor, buffer, 0)
}

func transferAt(call uintptr, descriptor int, buffer []byte, offset uintptr) (int, error) {
	for {
		count, _, errno := syscall.RawSyscall6(call, uintptr(descriptor), uintptr(unsafe.Pointer(unsafe.SliceData(buffer))), uintptr(len(buffer)), offset, 0, 0)
		switch errno {
		case 0:
			return int(count), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// Pause lets the whole agent stand still for a moment. Go's timers know no less than a millisecond, and try again and
// again until it has passed.
func Pause(moment time.Duration) {
	wanted := syscall.NsecToTimespec(int64(moment))
	syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&wanted)), 0, 0)
}

const (
	setPipeSize = 1031
	grownBytes  = 1 << 20
)

// Grow gives a pipe room for one MiB. Where that is refused it stays: all pipes of a user have one allowance together,
// so only those are grown that need it.
func Grow(descriptor uintptr) {
	syscall.RawSyscall(syscall.SYS_FCNTL, descriptor, setPipeSize, grownBytes)
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
