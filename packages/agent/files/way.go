package files

import (
	"strings"
	"syscall"
	"time"
)

// way keeps the folders of the present entry open, so that an archive in depth-first order needs one step an entry.
// A folder's own mode and time are set when it is left: until then they could keep its content out.
type way struct {
	chain   *chain
	entries []*folderEntry // the folder's own entry, or nil, for each link of the chain
}

type folderEntry struct {
	mode     uint32
	modified time.Time
}

func newWay(base int) *way {
	return &way{chain: newChain(base, openFolder), entries: []*folderEntry{nil}}
}

func (w *way) close() { w.chain.close() }

func (w *way) folder() int { return w.chain.folder() }

// to goes to a folder below the base and tells how many folders were made. A link on the way is EARCHIVE.
func (w *way) to(user asUser, names []string) (made int64, err error) {
	if err := w.back(user, w.common(names)); err != nil {
		return 0, err
	}
	for depth := w.chain.depth(); depth < len(names); depth++ {
		created, err := w.into(user, names[depth])
		if err != nil {
			return made, w.explain(user, names[:depth+1], err)
		}
		if created {
			made++
		}
	}
	return made, nil
}

func (w *way) common(names []string) int {
	depth := 0
	for depth < len(names) && depth < w.chain.depth() && names[depth] == w.chain.links[depth+1].name {
		depth++
	}
	return depth
}

func (w *way) into(user asUser, name string) (created bool, err error) {
	for range raceAttempts {
		if err = w.chain.down(user, name); err != syscall.ENOENT {
			break
		}
		if err = makeFolder(user, w.folder(), name, 0o755); err == nil {
			created = true
		} else if err != syscall.EEXIST {
			break
		}
	}
	if err == nil {
		w.entries = append(w.entries, nil)
	}
	return created, err
}

func (w *way) explain(user asUser, names []string, err error) error {
	if err == syscall.ENOTDIR || err == syscall.ELOOP {
		stat, statErr := statAt(user, w.folder(), names[len(names)-1])
		if statErr == nil && kindOf(stat.Mode) == linkKind {
			return fail("EARCHIVE", "", "an entry would go through the link %.200q", strings.Join(names, "/"))
		}
	}
	return err
}

// back leaves folders until the way is as long as the depth.
func (w *way) back(user asUser, depth int) error {
	for w.chain.depth() > depth {
		last := len(w.entries) - 1
		entry := w.entries[last]
		w.entries = w.entries[:last]
		_, err := w.chain.up(user, func(folder int) error { return entry.finish(user, folder) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *folderEntry) finish(user asUser, folder int) error {
	if e == nil {
		return nil
	}
	descriptor, err := openAt(user, folder, ".", openForNames, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(descriptor)
	if err := setTimes(user, descriptor, e.modified); err != nil {
		return err
	}
	return setMode(user, descriptor, e.mode)
}
