package child

import (
	"os"
	"syscall"
	"unsafe"
)

const (
	jobDescriptor    = 3
	reportDescriptor = 4
	firstStream      = 5
)

// Streams are the descriptors 0 to 3 of a program; Structured is -1 when it has no fourth.
type Streams struct{ Input, Output, Errors, Structured int }

// Start starts a child and returns its process id and its report, which ends when the program was executed or
// has failed to be. The child owns nothing of the caller's but the streams.
func Start(job *Job, streams Streams) (int, *os.File, error) {
	job.hasStructured = streams.Structured >= 0
	description, err := memoryFile(job.encode())
	if err != nil {
		return 0, nil, err
	}
	defer syscall.Close(description)
	var report [2]int
	if err := syscall.Pipe2(report[:], syscall.O_CLOEXEC); err != nil {
		return 0, nil, err
	}
	defer syscall.Close(report[1])
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		syscall.Close(report[0])
		return 0, nil, err
	}
	defer syscall.Close(null)
	files := []uintptr{
		uintptr(null), uintptr(null), uintptr(null), uintptr(description), uintptr(report[1]),
		uintptr(streams.Input), uintptr(streams.Output), uintptr(streams.Errors),
	}
	if job.hasStructured {
		files = append(files, uintptr(streams.Structured))
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{Name}, &syscall.ProcAttr{
		Env:   []string{"GOMAXPROCS=1", "GOGC=off"},
		Files: files,
	})
	if err != nil {
		syscall.Close(report[0])
		return 0, nil, err
	}
	syscall.SetNonblock(report[0], true)
	return pid, os.NewFile(uintptr(report[0]), "report"), nil
}

func memoryFile(content []byte) (int, error) {
	name := [...]byte{'j', 'o', 'b', 0}
	const closeOnExec = 1
	file, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name)), closeOnExec, 0)
	if errno != 0 {
		return 0, errno
	}
	for offset := 0; offset < len(content); {
		count, err := syscall.Pwrite(int(file), content[offset:], int64(offset))
		if err != nil {
			syscall.Close(int(file))
			return 0, err
		}
		offset += count
	}
	return int(file), nil
}
