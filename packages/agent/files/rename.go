package files

import (
	"context"
	"syscall"
)

// RenameRequest is the operation `rename`.
type RenameRequest struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// RenameResult is empty.
type RenameResult struct{}

// Rename moves a file, folder or link as rename(2) does: what `to` names is replaced, a link is moved itself,
// and EXDEV says that the two lie on different file systems.
func (f *Files) Rename(ctx context.Context, request RenameRequest) (RenameResult, error) {
	return perform(ctx, request.From, func() (RenameResult, error) {
		fromFolder, from, err := f.locateLeaf(request.From)
		if err != nil {
			return RenameResult{}, err
		}
		toFolder, to, err := f.locateLeaf(request.To)
		if err != nil {
			return RenameResult{}, err
		}
		return RenameResult{}, f.identity.run(func(user asUser) error {
			source, err := f.open(user, fromFolder, openFolder)
			if err != nil {
				return err
			}
			defer syscall.Close(source)
			target, err := f.open(user, toFolder, openFolder)
			if err != nil {
				return err
			}
			defer syscall.Close(target)
			return renameAt(user, source, from, target, to, 0)
		})
	})
}

// locateLeaf splits a writable path into its folder and its last name.
func (f *Files) locateLeaf(path string) (folder location, name string, err error) {
	at, err := f.locate(path, writing)
	if err != nil {
		return location{}, "", err
	}
	return at.leaf()
}
