package files

import (
	"context"
	"syscall"
)

// MkdirRequest is the operation `mkdir`; Mode holds permission bits only.
type MkdirRequest struct {
	Path    string `json:"path"`
	Parents bool   `json:"parents"`
	Mode    *int   `json:"mode"`
}

// MkdirResult says whether the folder is new.
type MkdirResult struct {
	Created bool `json:"created"`
}

// Mkdir makes a folder with mode 0755 or the one given. With Parents, missing folders on the way are made
// with 0755, and a folder that is there already is left as it is.
func (f *Files) Mkdir(ctx context.Context, request MkdirRequest) (MkdirResult, error) {
	return perform(ctx, request.Path, func() (result MkdirResult, err error) {
		mode, err := modeOf(request.Mode, 0o755, request.Path)
		if err != nil {
			return result, err
		}
		at, err := f.locate(request.Path, writing)
		if err != nil {
			return result, err
		}
		if len(at.names) == 0 {
			if request.Parents {
				return result, nil
			}
			return result, fail("EEXIST", at.path, "%s exists", at.path)
		}
		parent, name, err := at.leaf()
		if err != nil {
			return result, err
		}
		err = f.identity.run(func(user asUser) error {
			folder, err := f.openFolders(user, parent, request.Parents)
			if err != nil {
				return err
			}
			defer syscall.Close(folder)
			err = makeFolder(user, folder, name, mode)
			if err != syscall.EEXIST {
				result.Created = err == nil
				return err
			}
			stat, err := statAt(user, folder, name)
			switch {
			case err != nil:
				return err
			case kindOf(stat.Mode) == linkKind:
				target, _ := readLinkAt(user, folder, name)
				return linkError(at.path, target)
			case kindOf(stat.Mode) == folderKind && request.Parents:
				return nil
			}
			return fail("EEXIST", at.path, "%s exists", at.path)
		})
		return result, err
	})
}
