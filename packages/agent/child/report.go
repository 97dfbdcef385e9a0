package child

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"syscall"
)

// A child's report is "ready" before it executes its program and, if it failed, a failure; nothing at all means
// that it died while preparing.
const (
	ready          = 'R'
	failed         = 'F'
	maxReportBytes = 8192
)

// Failure is why a child did not become its program.
type Failure struct {
	Errno syscall.Errno
	Step  string
	Path  string
}

func (failure *Failure) Error() string {
	if failure.Path != "" {
		return fmt.Sprintf("%s %s: %s", failure.Step, failure.Path, failure.Errno)
	}
	return fmt.Sprintf("%s: %s", failure.Step, failure.Errno)
}

func (failure *Failure) encode() []byte {
	data := binary.LittleEndian.AppendUint32([]byte{failed}, uint32(failure.Errno))
	path := failure.Path
	return append(data, failure.Step+"\x00"+path[:min(len(path), maxReportBytes/2)]...)
}

// ReadReport reads a report to its end: nil when the program was executed, otherwise a *Failure.
func ReadReport(source io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(source, maxReportBytes))
	if err != nil {
		return err
	}
	if len(data) > 0 && data[0] == ready {
		data = data[1:]
		if len(data) == 0 {
			return nil
		}
	}
	if len(data) < 5 || data[0] != failed {
		return &Failure{Errno: syscall.EAGAIN, Step: "prepare the process"}
	}
	step, path, _ := strings.Cut(string(data[5:]), "\x00")
	return &Failure{Errno: syscall.Errno(binary.LittleEndian.Uint32(data[1:])), Step: step, Path: path}
}
