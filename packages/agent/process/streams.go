package process

import (
	"os"
	"syscall"

	"llm-sandbox/agent/child"
)

// streams are the agent's ends of a process's descriptors; input and structured may be nil.
type streams struct {
	input, output, errors, structured *os.File
}

// openStreams makes the pipes of a process; the second value is the process's ends, closed by closeAll.
func openStreams(withInput, structured bool) (*streams, *childEnds, error) {
	ours, theirs := &streams{}, &childEnds{Streams: child.Streams{Input: -1, Output: -1, Errors: -1, Structured: -1}}
	err := func() (err error) {
		if withInput {
			if theirs.Input, ours.input, err = newPipe(true); err != nil {
				return err
			}
		} else if theirs.Input, err = syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
			return err
		}
		if theirs.Output, ours.output, err = newPipe(false); err != nil {
			return err
		}
		if theirs.Errors, ours.errors, err = newPipe(false); err != nil {
			return err
		}
		if structured {
			theirs.Structured, ours.structured, err = socketPair(syscall.SOCK_STREAM)
		}
		return err
	}()
	if err != nil {
		ours.closeAll()
		theirs.closeAll()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// newPipe is the process's end, and the agent's, which writes when toProcess.
func newPipe(toProcess bool) (int, *os.File, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return -1, nil, err
	}
	ours, theirs := ends[0], ends[1]
	if toProcess {
		ours, theirs = theirs, ours
	}
	// So that the process can open /dev/stdout again, which is root's otherwise; nobody else can reach the pipe.
	syscall.Fchmod(theirs, 0o666)
	syscall.SetNonblock(ours, true)
	return theirs, os.NewFile(uintptr(ours), "pipe"), nil
}

func socketPair(kind int) (int, *os.File, error) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, kind|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, nil, err
	}
	syscall.SetNonblock(ends[0], true)
	return ends[1], os.NewFile(uintptr(ends[0]), "socket"), nil
}

func (streams *streams) closeAll() {
	for _, file := range []*os.File{streams.input, streams.output, streams.errors, streams.structured} {
		if file != nil {
			file.Close()
		}
	}
}

type childEnds struct{ child.Streams }

func (ends *childEnds) closeAll() {
	for _, descriptor := range []int{ends.Input, ends.Output, ends.Errors, ends.Structured} {
		if descriptor >= 0 {
			syscall.Close(descriptor)
		}
	}
}
