// Package failure holds the errors that an operation's RESULT can carry.
package failure

import (
	"errors"
	"fmt"
	"syscall"
)

// Error is the `error` of a RESULT.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

func (failure *Error) Error() string { return failure.Code + ": " + failure.Message }

// New is an error with one of the protocol's codes.
func New(code, format string, values ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, values...)}
}

// Request is the error for a request that the protocol does not allow.
func Request(format string, values ...any) *Error { return New("EPROTO", format, values...) }

// System gives an errno its name; any other error becomes EIO.
func System(err error, doing, path string) *Error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return &Error{"EIO", doing + ": " + err.Error(), path}
	}
	return &Error{Name(errno), doing + ": " + errno.Error(), path}
}

// Name is the errno's name, such as ENOENT.
func Name(errno syscall.Errno) string {
	if int(errno) < len(names) && names[errno] != "" {
		return names[errno]
	}
	return fmt.Sprintf("E%d", int(errno))
}
