package files

import (
	"archive/tar"
	"bufio"
	"context"
	"io"
	"math"
	"syscall"
	"time"
)

// PackRequest is the operation `pack`; without MaxEntries the limit is 1,048,576.
type PackRequest struct {
	Path       string `json:"path"`
	MaxBytes   *int64 `json:"maxBytes"`
	MaxEntries *int64 `json:"maxEntries"`
}

// PackResult counts the archive's entries, and the sockets, FIFOs, devices and kernel trees left out.
type PackResult struct {
	Entries int64 `json:"entries"`
	Skipped int64 `json:"skipped"`
}

// Pack sends a folder's content, or one file, as a tar in pax format: names in byte order, owner 0, no setuid or setgid.
// MaxBytes counts the files' bytes. A file that changes while it is read is cut or padded with zeros to the size it had.
func (f *Files) Pack(ctx context.Context, request PackRequest, out io.Writer) (PackResult, error) {
	return perform(ctx, request.Path, func() (PackResult, error) {
		mostBytes, err := limitOf(request.MaxBytes, math.MaxInt64, "maxBytes", request.Path)
		if err != nil {
			return PackResult{}, err
		}
		most, err := limitOf(request.MaxEntries, mostEntries, "maxEntries", request.Path)
		if err != nil {
			return PackResult{}, err
		}
		at, err := f.locate(request.Path, reading)
		if err != nil {
			return PackResult{}, err
		}
		buffered := bufio.NewWriterSize(out, chunkBytes)
		packer := &packer{ctx: ctx, files: f, archive: tar.NewWriter(buffered), at: at,
			bytesLeft: mostBytes, mostBytes: mostBytes, most: most}
		if err := packer.all(); err != nil {
			return packer.result, err
		}
		if err := packer.archive.Close(); err != nil {
			return packer.result, err
		}
		return packer.result, buffered.Flush()
	})
}

type packer struct {
	ctx                  context.Context
	files                *Files
	archive              *tar.Writer
	at                   location
	result               PackResult
	bytesLeft, mostBytes int64
	most                 int64
}

func (p *packer) all() error {
	descriptor, stat, err := p.files.openForReading(p.at)
	if err != nil {
		return err
	}
	if kindOf(stat.Mode) != folderKind {
		defer syscall.Close(descriptor)
		if err := kindError(p.at.path, stat.Mode); err != nil {
			return err
		}
		return p.file(p.at.names[len(p.at.names)-1], descriptor, stat)
	}
	// Names that will be left out count here too; that bounds the memory, and entries are counted by themselves.
	entries, err := p.files.newTree(descriptor, p.at, max(p.most, mostEntries), true)
	if err != nil {
		return err
	}
	defer entries.close()
	for {
		next, err := p.next(entries)
		if err != nil || next == nil {
			return err
		}
		if err := next(); err != nil {
			return err
		}
	}
}

// next takes the tree's next entry as the user, and returns how to send it; nil at the end.
func (p *packer) next(entries *tree) (send func() error, err error) {
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	err = p.files.identity.run(func(user asUser) error {
		found, more, err := entries.next(user)
		if err != nil || !more {
			return err
		}
		send = func() error { return nil }
		if found.leaving {
			return nil
		}
		path, err := entries.relative(found.name)
		if err != nil {
			return err
		}
		switch kindOf(found.stat.Mode) {
		case folderKind:
			entered, err := entries.descend(user, found.name)
			if entered {
				send = func() error { return p.header(tar.TypeDir, path+"/", "", found.stat) }
			} else if err == nil {
				p.result.Skipped++
			}
			return err
		case linkKind:
			target, err := readLinkAt(user, found.folder, found.name)
			if err == nil {
				send = func() error { return p.header(tar.TypeSymlink, path, target, found.stat) }
			} else {
				p.result.Skipped++
			}
			return nil
		case fileKind:
			descriptor, stat, err := openFileAt(user, found)
			if err == syscall.ENOENT {
				return nil
			}
			if err != nil {
				return asError(err, entries.absolute(found.name))
			}
			if stat == nil {
				p.result.Skipped++
				return nil
			}
			send = func() error {
				defer syscall.Close(descriptor)
				return p.file(path, descriptor, stat)
			}
			return nil
		}
		p.result.Skipped++
		return nil
	})
	return send, err
}

// openFileAt opens what was a regular file a moment ago; without a stat it is none any more.
func openFileAt(user asUser, found visit) (int, *syscall.Stat_t, error) {
	descriptor, err := openAt(user, found.folder, found.name, syscall.O_RDONLY|openCarefully, 0)
	if err == syscall.ELOOP || err == syscall.ENXIO {
		return -1, nil, nil
	}
	if err != nil {
		return -1, nil, err
	}
	stat, err := statAt(user, descriptor, "")
	if err != nil || kindOf(stat.Mode) != fileKind {
		syscall.Close(descriptor)
		return -1, nil, err
	}
	return descriptor, stat, nil
}

func (p *packer) header(kind byte, name, target string, stat *syscall.Stat_t) error {
	if p.result.Entries++; p.result.Entries > p.most {
		return tooManyEntries(p.at.path, p.most)
	}
	header := &tar.Header{
		Format:   tar.FormatPAX,
		Typeflag: kind,
		Name:     name,
		Linkname: target,
		Mode:     int64(stat.Mode & 0o1777),
		ModTime:  time.Unix(stat.Mtim.Sec, stat.Mtim.Nsec),
	}
	if kind == tar.TypeReg {
		header.Size = stat.Size
	}
	return p.archive.WriteHeader(header)
}

func (p *packer) file(name string, descriptor int, stat *syscall.Stat_t) error {
	if p.bytesLeft -= stat.Size; p.bytesLeft < 0 {
		return fail("ETOOBIG", p.at.path, "more than %d bytes", p.mostBytes)
	}
	if err := p.header(tar.TypeReg, name, "", stat); err != nil {
		return err
	}
	sent, err := copyOut(p.ctx, p.archive, descriptor, 0, stat.Size)
	for err == nil && sent < stat.Size {
		if err = p.ctx.Err(); err == nil {
			var padded int
			padded, err = p.archive.Write(zeros[:min(stat.Size-sent, chunkBytes)])
			sent += int64(padded)
		}
	}
	return err
}

var zeros [chunkBytes]byte
