package files

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"syscall"
)

// WriteRequest is the operation `write`; Mode holds permission bits only.
type WriteRequest struct {
	Path      string `json:"path"`
	Mode      *int   `json:"mode"`
	Parents   bool   `json:"parents"`
	Append    bool   `json:"append"`
	Exclusive bool   `json:"exclusive"`
}

// WriteResult counts the bytes stored.
type WriteResult struct {
	Bytes int64 `json:"bytes"`
}

// Write stores what the reader has under the path, with mode 0644 or the one given. The file appears whole or
// not at all; only Append writes in place, and then the mode counts for a file that it makes.
func (f *Files) Write(ctx context.Context, request WriteRequest, in io.Reader) (WriteResult, error) {
	return perform(ctx, request.Path, func() (result WriteResult, err error) {
		mode, err := modeOf(request.Mode, 0o644, request.Path)
		if err != nil {
			return result, err
		}
		at, err := f.locate(request.Path, writing)
		if err != nil {
			return result, err
		}
		if len(at.names) == 0 {
			return result, kindError(at.path, syscall.S_IFDIR)
		}
		place := &place{files: f, at: at, mode: mode, exclusive: request.Exclusive}
		appends := request.Append && !request.Exclusive
		if err := place.prepare(request.Parents, appends); err != nil {
			return result, err
		}
		defer place.close()
		if result.Bytes, err = copyIn(ctx, place.descriptor, in); err != nil {
			return result, err
		}
		if err := ctx.Err(); err != nil || appends {
			return result, err
		}
		return result, place.settle()
	})
}

// place is where a file is about to be: the opened folder, the last name, and the temporary file beside it.
type place struct {
	files      *Files
	at         location
	mode       uint32
	exclusive  bool
	folder     int
	name       string
	descriptor int
	temporary  string // empty when nothing is left to remove
}

func (p *place) prepare(parents, appends bool) error {
	parent, name, err := p.at.leaf()
	if err != nil {
		return err
	}
	p.name = name
	return p.files.identity.run(func(user asUser) error {
		if p.folder, err = p.files.openFolders(user, parent, parents); err != nil {
			return err
		}
		if err = p.check(user); err == nil {
			if appends {
				err = p.openToAppend(user)
			} else {
				p.temporary, p.descriptor, err = makeTemporary(user, p.folder, p.mode)
			}
		}
		if err != nil {
			syscall.Close(p.folder)
		}
		return err
	})
}

// check refuses early what the end would refuse too, before a long upload.
func (p *place) check(user asUser) error {
	stat, err := statAt(user, p.folder, p.name)
	switch {
	case err == syscall.ENOENT:
		return nil
	case err != nil:
		return err
	case p.exclusive:
		return fail("EEXIST", p.at.path, "%s exists", p.at.path)
	case kindOf(stat.Mode) == linkKind:
		target, _ := readLinkAt(user, p.folder, p.name)
		return linkError(p.at.path, target)
	}
	return kindError(p.at.path, stat.Mode)
}

func (p *place) openToAppend(user asUser) (err error) {
	for range raceAttempts {
		p.descriptor, err = openAt(user, p.folder, p.name, syscall.O_WRONLY|syscall.O_APPEND|openCarefully, 0)
		if err == syscall.ENOENT {
			p.descriptor, err = openAt(user, p.folder, p.name,
				syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CREAT|syscall.O_EXCL|openCarefully, 0o600)
			if err == syscall.EEXIST {
				continue
			}
			if err == nil {
				err = setMode(user, p.descriptor, p.mode)
			}
		}
		break
	}
	if err != nil {
		return p.files.explain(user, p.at, err)
	}
	stat, err := statAt(user, p.descriptor, "")
	if err == nil {
		err = kindError(p.at.path, stat.Mode)
	}
	if err != nil {
		syscall.Close(p.descriptor)
	}
	return err
}

func makeTemporary(user asUser, folder int, mode uint32) (name string, descriptor int, err error) {
	name = temporaryName()
	descriptor, err = openAt(user, folder, name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|openCarefully, 0o600)
	if err != nil {
		return "", -1, err
	}
	if err = setMode(user, descriptor, mode); err != nil {
		syscall.Close(descriptor)
		unlinkAt(user, folder, name, 0)
		return "", -1, err
	}
	return name, descriptor, nil
}

func temporaryName() string {
	random := make([]byte, 12)
	rand.Read(random)
	return ".llm-sandbox-" + hex.EncodeToString(random)
}

// settle gives the temporary file its name; a second link, unlike a rename, never replaces what has the name.
func (p *place) settle() error {
	return p.files.identity.run(func(user asUser) error {
		if p.exclusive {
			return linkAt(user, p.folder, p.temporary, p.folder, p.name) // close removes the temporary name
		}
		err := renameAt(user, p.folder, p.temporary, p.folder, p.name, 0)
		if err == nil {
			p.temporary = ""
		}
		return err
	})
}

func (p *place) close() {
	syscall.Close(p.descriptor)
	if p.temporary != "" {
		p.files.identity.run(func(user asUser) error {
			return unlinkAt(user, p.folder, p.temporary, 0)
		})
	}
	syscall.Close(p.folder)
}
