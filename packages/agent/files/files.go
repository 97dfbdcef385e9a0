// Package files does a box's file operations under the user's file-system identity,
// inside the workspace and the scratch folders, without ever following a symbolic link.
package files

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"syscall"
)

// Options name the folders that may be written and the identity to work with.
type Options struct {
	Workspace string
	Scratch   []string
	UID, GID  int
	// SplitUID says that the agent is root and takes on UID and GID for each operation.
	SplitUID bool
}

// Files holds the opened folders; its methods may be called at the same time from many goroutines.
// An upload's reader must end with an error when its context is cancelled.
type Files struct {
	identity identity
	roots    []*root // the writable ones, the longest path first
	whole    *root
	walkOnly bool // the kernel or its filter has no openat2
}

// root is a folder that was opened at the start: it stays the same whatever user code does to its path.
type root struct {
	path       string
	names      []string
	descriptor int
	err        error
}

// New opens the folders; one that cannot be opened fails the operations on it.
func New(options Options) *Files {
	result := &Files{identity: newIdentity(options), whole: newRoot("/")}
	for _, path := range append([]string{options.Workspace}, options.Scratch...) {
		result.roots = append(result.roots, newRoot(path))
	}
	slices.SortStableFunc(result.roots, func(a, b *root) int { return cmp.Compare(len(b.names), len(a.names)) })
	probe, err := openBeneath(asUser{}, result.whole.descriptor, ".", openFolder, 0)
	if err == nil {
		syscall.Close(probe)
	}
	result.walkOnly = err != nil
	return result
}

func newRoot(path string) *root {
	names, err := parsePath(path)
	result := &root{path: "/" + strings.Join(names, "/"), names: names, descriptor: -1, err: err}
	if err == nil {
		result.descriptor, result.err = syscall.Open(path, openPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	}
	return result
}

// perform runs an operation on a goroutine of its own, so that a thread that cannot be given back ends with it.
func perform[Result any](ctx context.Context, path string, operation func() (Result, error)) (Result, error) {
	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		if err := ctx.Err(); err != nil {
			done <- outcome{err: asError(err, path)}
			return
		}
		result, err := operation()
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			err = asError(err, path)
		}
		done <- outcome{result, err}
	}()
	finished := <-done
	return finished.result, finished.err
}
