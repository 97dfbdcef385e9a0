package files

import (
	"context"
	"math"
	"syscall"
)

// RemoveRequest is the operation `remove`; MissingOk makes a path that is not there a success.
type RemoveRequest struct {
	Path      string `json:"path"`
	Recursive bool   `json:"recursive"`
	MissingOk bool   `json:"missingOk"`
}

// RemoveResult counts what was deleted, the folders too.
type RemoveResult struct {
	Removed int64 `json:"removed"`
}

// Remove deletes a file, a link itself, or a folder: an empty one, or with Recursive everything in it,
// and counts what it deleted.
func (f *Files) Remove(ctx context.Context, request RemoveRequest) (RemoveResult, error) {
	return perform(ctx, request.Path, func() (result RemoveResult, err error) {
		parent, name, err := f.locateLeaf(request.Path)
		if err != nil {
			return result, err
		}
		folder := -1
		err = f.identity.run(func(user asUser) error {
			if folder, err = f.openNames(user, parent.root.descriptor, parent.names, openFolder); err == syscall.ENOENT {
				return err
			} else if err != nil {
				return f.explain(user, parent, err)
			}
			return nil
		})
		if err == nil {
			remover := &remover{recursive: request.Recursive}
			remover.tree = &tree{files: f, chain: newChain(folder, openForNames), at: parent, pending: [][]string{{name}},
				left: math.MaxInt64}
			defer remover.tree.close()
			err = f.steps(ctx, remover.step)
			result.Removed = remover.removed
		}
		if request.MissingOk && err == syscall.ENOENT {
			err = nil
		}
		return result, err
	})
}

// remover deletes what its tree visits; the first name, the request's own, is the only one that may not be missing.
type remover struct {
	tree      *tree
	recursive bool
	removed   int64
	repeats   int
}

func (r *remover) step(user asUser) (done bool, err error) {
	found, more, err := r.tree.next(user)
	if err != nil || !more {
		return true, err
	}
	flags := 0
	if found.leaving {
		flags = atRemoveFolder
	}
	err = unlinkAt(user, found.folder, found.name, flags)
	switch {
	case err == nil:
		r.removed++
		return false, nil
	case err == syscall.ENOENT && (found.leaving || r.tree.chain.depth() > 0):
		return false, nil
	case err == syscall.EISDIR && !r.recursive:
		if err = unlinkAt(user, found.folder, found.name, atRemoveFolder); err == nil {
			r.removed++
		}
	case err == syscall.EISDIR, err == syscall.ENOTEMPTY && r.recursive, err == syscall.ENOTDIR && found.leaving:
		return false, r.again(user, found)
	}
	if err != nil && err != syscall.ENOENT {
		return true, asError(err, r.tree.absolute(found.name))
	}
	return err != nil, err
}

// again goes into a folder, or visits a name once more that user code changed meanwhile: but not for ever.
func (r *remover) again(user asUser, found visit) error {
	if found.leaving {
		if r.repeats++; r.repeats > raceAttempts {
			return fail("ENOTEMPTY", r.tree.absolute(found.name), "the folder is being filled again and again")
		}
	}
	entered, err := r.tree.descend(user, found.name)
	if err != nil || entered {
		return err
	}
	if r.repeats++; r.repeats > raceAttempts {
		return fail("EBUSY", r.tree.absolute(found.name), "it is being replaced again and again")
	}
	top := len(r.tree.pending) - 1
	r.tree.pending[top] = append([]string{found.name}, r.tree.pending[top]...)
	return nil
}
