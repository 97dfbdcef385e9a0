package files

import (
	"context"
	"syscall"
)

// StatRequest is the operation `stat`.
type StatRequest struct {
	Path string `json:"path"`
}

// Stat describes what a path names; a link in its last component is described, not followed.
func (f *Files) Stat(ctx context.Context, request StatRequest) (Entry, error) {
	return perform(ctx, request.Path, func() (entry Entry, err error) {
		at, err := f.locate(request.Path, reading)
		if err != nil {
			return Entry{}, err
		}
		folder, name := at, "."
		if len(at.names) > 0 {
			folder, name, err = at.leaf()
			if err != nil {
				return Entry{}, err
			}
		}
		err = f.identity.run(func(user asUser) error {
			descriptor, err := f.open(user, folder, openFolder)
			if err != nil {
				return err
			}
			defer syscall.Close(descriptor)
			stat, err := statAt(user, descriptor, name)
			if err != nil {
				return err
			}
			entry = newEntry(user, descriptor, name, request.Path, stat)
			return nil
		})
		return entry, err
	})
}
