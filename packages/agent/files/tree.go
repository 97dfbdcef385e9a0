package files

import (
	"context"
	"slices"
	"strings"
	"syscall"
)

const (
	mostEntries = 1 << 20 // when a request names no limit
	// stepEntries is how many entries are handled before a look at the context.
	stepEntries = 256
)

// tree visits what lies below a folder, each folder before its content and again after it.
// It never follows a link, holds few descriptors open, and passes over what vanishes meanwhile.
type tree struct {
	files   *Files
	chain   *chain
	pending [][]string // the names still to visit, a list for each folder of the chain
	path    []byte     // of the deepest folder, relative, ending in a slash
	at      location
	left    int64 // how many more names may be seen
	most    int64
	stats   bool // whether visits carry the entry's stat
}

// visit is one entry: `folder` holds it under `name`.
type visit struct {
	folder  int
	name    string
	stat    *syscall.Stat_t
	leaving bool
}

// newTree takes over the descriptor, which must have been opened for its names.
func (f *Files) newTree(descriptor int, at location, most int64, stats bool) (*tree, error) {
	t := &tree{files: f, chain: newChain(descriptor, openForNames), at: at, left: most, most: most, stats: stats}
	names, err := t.names()
	if err != nil {
		t.chain.close()
		return nil, err
	}
	t.pending = [][]string{names}
	return t, nil
}

func (t *tree) close() { t.chain.close() }

func (t *tree) names() ([]string, error) {
	names, err := readNames(t.chain.folder(), t.left)
	if err == syscall.E2BIG {
		return nil, tooManyEntries(t.at.path, t.most)
	}
	t.left -= int64(len(names))
	return names, err
}

// next returns false when everything has been visited.
func (t *tree) next(user asUser) (visit, bool, error) {
	for {
		top := len(t.pending) - 1
		if len(t.pending[top]) == 0 {
			if top == 0 {
				return visit{}, false, nil
			}
			name, err := t.chain.up(user, func(int) error { return nil })
			if err != nil {
				return visit{}, false, asError(err, t.absolute(""))
			}
			t.pending = t.pending[:top]
			t.path = t.path[:len(t.path)-len(name)-1]
			return visit{folder: t.chain.folder(), name: name, leaving: true}, true, nil
		}
		name := t.pending[top][0]
		t.pending[top] = t.pending[top][1:]
		found := visit{folder: t.chain.folder(), name: name}
		if t.stats {
			stat, err := statAt(user, found.folder, name)
			if err == syscall.ENOENT {
				continue
			}
			if err != nil {
				return visit{}, false, asError(err, t.absolute(name))
			}
			found.stat = stat
		}
		return found, true, nil
	}
}

// descend goes into the folder just visited; false when it is no folder any more, or one of the kernel's own.
func (t *tree) descend(user asUser, name string) (bool, error) {
	if t.barred(name) {
		return false, nil
	}
	switch err := t.chain.down(user, name); err {
	case nil:
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ELOOP:
		return false, nil
	default:
		return false, asError(err, t.absolute(name))
	}
	t.path = append(append(t.path, name...), '/')
	names, err := t.names()
	if err != nil {
		return false, asError(err, t.absolute(""))
	}
	t.pending = append(t.pending, names)
	return true, nil
}

func (t *tree) barred(name string) bool {
	return t.at.root == t.files.whole && len(t.at.names) == 0 && len(t.path) == 0 && slices.Contains(barred, name)
}

// relative is the path of a name in the deepest folder, from where the tree begins.
func (t *tree) relative(name string) (string, error) {
	if len(t.path)+len(name) > longestPath {
		return "", fail("ETOOBIG", t.at.path, "a path below it is longer than %d bytes", longestPath)
	}
	return string(t.path) + name, nil
}

func (t *tree) absolute(name string) string {
	path := t.path[:min(len(t.path), longestName*16)]
	return strings.TrimSuffix(t.at.path, "/") + "/" + string(path) + name
}

func tooManyEntries(path string, most int64) error {
	return fail("ETOOBIG", path, "more than %d entries", most)
}

// steps calls the step as the user until it is done, and looks at the context between the calls.
func (f *Files) steps(ctx context.Context, step func(asUser) (done bool, err error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var done bool
		err := f.identity.run(func(user asUser) (err error) {
			for count := 0; count < stepEntries && !done && err == nil; count++ {
				done, err = step(user)
			}
			return err
		})
		if done || err != nil {
			return err
		}
	}
}
