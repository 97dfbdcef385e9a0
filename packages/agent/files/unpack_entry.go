package files

import (
	"archive/tar"
	"crypto/sha256"
	"io"
	"strings"
	"syscall"
)

// file stores a regular file: under its name when that is free, else beside it and then in its place.
func (u *unpacker) file(header *tar.Header, names []string) error {
	if u.bytesLeft -= header.Size; header.Size < 0 || u.bytesLeft < 0 {
		return fail("ETOOBIG", u.at.path, "the archive's files hold more than %d bytes", u.mostBytes)
	}
	name := names[len(names)-1]
	stored, descriptor := name, -1
	err := u.files.identity.run(func(user asUser) error {
		if err := u.enter(user, names[:len(names)-1]); err != nil {
			return err
		}
		flags := syscall.O_WRONLY | syscall.O_CREAT | syscall.O_EXCL | openCarefully
		var err error
		descriptor, err = openAt(user, u.way.folder(), stored, flags, 0o600)
		if err == syscall.EEXIST {
			stored = temporaryName()
			descriptor, err = openAt(user, u.way.folder(), stored, flags, 0o600)
		}
		return err
	})
	if err != nil {
		return err
	}
	defer syscall.Close(descriptor)
	copyErr := u.content(descriptor)
	err = u.files.identity.run(func(user asUser) error {
		err := copyErr
		if err == nil {
			err = setMode(user, descriptor, uint32(header.Mode&0o777))
		}
		if err == nil {
			err = setTimes(user, descriptor, header.ModTime)
		}
		if err != nil {
			unlinkAt(user, u.way.folder(), stored, 0)
			return err
		}
		if stored == name {
			return nil
		}
		return replace(user, u.way.folder(), stored, name)
	})
	if err == nil {
		u.hardLinkable[memberKey(names)] = true
	}
	return err
}

func (u *unpacker) content(descriptor int) error {
	chunk := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(chunk)
	target := newTarget(descriptor)
	for {
		count, err := u.archive.content(chunk[:])
		if _, writeErr := target.writeAll(chunk[:count]); writeErr != nil {
			return writeErr
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// folder makes a folder, in the place of a file or link too, and keeps one that is there.
func (u *unpacker) folder(header *tar.Header, names []string) error {
	if len(names) == 0 {
		return nil
	}
	return u.files.identity.run(func(user asUser) error {
		parents, name := names[:len(names)-1], names[len(names)-1]
		if u.way.common(names) < len(names) {
			if err := u.enter(user, parents); err != nil {
				return err
			}
			_, err := u.way.into(user, name)
			if err == syscall.ENOTDIR || err == syscall.ELOOP {
				if err = unlinkAt(user, u.way.folder(), name, 0); err == nil {
					delete(u.hardLinkable, memberKey(names))
					_, err = u.way.into(user, name)
				}
			}
			if err != nil {
				return err
			}
		} else if err := u.way.back(user, len(names)); err != nil {
			return err
		}
		u.way.entries[len(names)] = &folderEntry{uint32(header.Mode & 0o777), header.ModTime}
		return nil
	})
}

func (u *unpacker) link(header *tar.Header, names []string) error {
	if !u.anyLinks {
		if err := checkTarget(u.at, names, header.Linkname); err != nil {
			return err
		}
	}
	return u.named(names, func(user asUser, name string) error {
		return makeLinkAt(user, header.Linkname, u.way.folder(), name)
	}, func() { delete(u.hardLinkable, memberKey(names)) })
}

// hardLink gives a file of this same archive one more name.
func (u *unpacker) hardLink(header *tar.Header, names []string) error {
	source, err := memberNames(header.Linkname)
	if err != nil {
		return err
	}
	refused := fail("EARCHIVE", "", "the hard link %.200q is to %.200q, which is no file of the archive before it",
		header.Name, header.Linkname)
	if len(source) == 0 || !u.hardLinkable[memberKey(source)] {
		return refused
	}
	return u.named(names, func(user asUser, name string) error {
		folder, err := u.files.openNames(user, u.way.chain.links[0].descriptor, source[:len(source)-1], openFolder)
		if err != nil {
			return refused
		}
		defer syscall.Close(folder)
		err = linkAt(user, folder, source[len(source)-1], u.way.folder(), name)
		if err == syscall.ENOENT {
			return refused
		}
		return err
	}, func() { u.hardLinkable[memberKey(names)] = true })
}

// named makes a link under its name, or beside it and then in the place of what has that name.
func (u *unpacker) named(names []string, make func(asUser, string) error, made func()) error {
	return u.files.identity.run(func(user asUser) error {
		if err := u.enter(user, names[:len(names)-1]); err != nil {
			return err
		}
		name := names[len(names)-1]
		err := make(user, name)
		if err == syscall.EEXIST {
			temporary := temporaryName()
			if err = make(user, temporary); err == nil {
				err = replace(user, u.way.folder(), temporary, name)
			}
		}
		if err == nil {
			made()
		}
		return err
	})
}

// replace gives a temporary file its name, in the place of another file, a link or an empty folder.
func replace(user asUser, folder int, temporary, name string) error {
	err := renameAt(user, folder, temporary, folder, name, 0)
	if err == syscall.EISDIR && unlinkAt(user, folder, name, atRemoveFolder) == nil {
		err = renameAt(user, folder, temporary, folder, name, 0)
	}
	// rename(2) leaves both names when they are hard links to one file.
	unlinkAt(user, folder, temporary, 0)
	return err
}

// memberKey is short, so that an archive's long names cannot fill the agent's memory.
func memberKey(names []string) [16]byte {
	sum := sha256.Sum256([]byte(strings.Join(names, "/")))
	return [16]byte(sum[:16])
}
