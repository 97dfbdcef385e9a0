package files

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// Error is what every failed operation returns: an errno's name, ETOOBIG, EESCAPE, EARCHIVE or ECANCELED,
// and the path it is about.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
}

func (e *Error) Error() string {
	return e.Code + ": " + e.Message
}

func fail(code, path, format string, values ...any) error {
	return &Error{Code: code, Path: path, Message: fmt.Sprintf(format, values...)}
}

var errnoNames = map[syscall.Errno]string{
	syscall.EACCES:       "EACCES",
	syscall.EAGAIN:       "EAGAIN",
	syscall.EBADF:        "EBADF",
	syscall.EBUSY:        "EBUSY",
	syscall.EDQUOT:       "EDQUOT",
	syscall.EEXIST:       "EEXIST",
	syscall.EFBIG:        "EFBIG",
	syscall.EINVAL:       "EINVAL",
	syscall.EIO:          "EIO",
	syscall.EISDIR:       "EISDIR",
	syscall.ELOOP:        "ELOOP",
	syscall.EMFILE:       "EMFILE",
	syscall.EMLINK:       "EMLINK",
	syscall.ENAMETOOLONG: "ENAMETOOLONG",
	syscall.ENFILE:       "ENFILE",
	syscall.ENODEV:       "ENODEV",
	syscall.ENOENT:       "ENOENT",
	syscall.ENOMEM:       "ENOMEM",
	syscall.ENOSPC:       "ENOSPC",
	syscall.ENOSYS:       "ENOSYS",
	syscall.ENOTDIR:      "ENOTDIR",
	syscall.ENOTEMPTY:    "ENOTEMPTY",
	syscall.ENXIO:        "ENXIO",
	syscall.EOPNOTSUPP:   "EOPNOTSUPP",
	syscall.EOVERFLOW:    "EOVERFLOW",
	syscall.EPERM:        "EPERM",
	syscall.EROFS:        "EROFS",
	syscall.ESTALE:       "ESTALE",
	syscall.ETXTBSY:      "ETXTBSY",
	syscall.EXDEV:        "EXDEV",
}

// asError gives any failure its code; one that already has a code keeps it.
func asError(err error, path string) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var errno syscall.Errno
	code := "EIO"
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail("ECANCELED", path, "cancelled")
	case errors.Is(err, errIdentity):
		code = "EPERM"
	case errors.As(err, &errno):
		if name, found := errnoNames[errno]; found {
			code = name
		}
	}
	return fail(code, path, "%s", err)
}
