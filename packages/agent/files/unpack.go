package files

import (
	"archive/tar"
	"bufio"
	"context"
	"io"
	"math"
	"strings"
	"syscall"
)

// UnpackRequest is the operation `unpack`; without MaxEntries the limit is 1,048,576.
type UnpackRequest struct {
	Path       string `json:"path"`
	MaxBytes   *int64 `json:"maxBytes"`
	MaxEntries *int64 `json:"maxEntries"`
	// Links may point "inside" (also when empty) the folder only, or to "any" place: the agent follows none.
	Links string `json:"links"`
}

// UnpackResult counts the archive's entries.
type UnpackResult struct {
	Entries int64 `json:"entries"`
}

// Unpack stores a tar's files, folders and links below a folder that exists; of two entries with one name the last counts.
// An entry that would leave the folder, go through a link, or is of another type ends it with EARCHIVE; what was unpacked
// before stays. MaxBytes counts the files' bytes, MaxEntries also folders made on the way.
func (f *Files) Unpack(ctx context.Context, request UnpackRequest, in io.Reader) (UnpackResult, error) {
	return perform(ctx, request.Path, func() (UnpackResult, error) {
		mostBytes, err := limitOf(request.MaxBytes, math.MaxInt64, "maxBytes", request.Path)
		if err != nil {
			return UnpackResult{}, err
		}
		most, err := limitOf(request.MaxEntries, mostEntries, "maxEntries", request.Path)
		if err != nil {
			return UnpackResult{}, err
		}
		if request.Links != "" && request.Links != "inside" && request.Links != "any" {
			return UnpackResult{}, fail("EPROTO", request.Path, "links must be \"inside\" or \"any\", not %.200q", request.Links)
		}
		at, err := f.locate(request.Path, writing)
		if err != nil {
			return UnpackResult{}, err
		}
		unpacker := &unpacker{
			files: f, at: at, archive: newArchive(ctx, bufio.NewReaderSize(in, chunkBytes)),
			bytesLeft: mostBytes, mostBytes: mostBytes, entriesLeft: most, most: most,
			hardLinkable: map[[16]byte]bool{}, anyLinks: request.Links == "any",
		}
		err = f.identity.run(func(user asUser) error {
			base, err := f.open(user, at, openFolder)
			unpacker.way = newWay(base)
			return err
		})
		if err != nil {
			return UnpackResult{}, err
		}
		defer unpacker.way.close()
		err = unpacker.all()
		return unpacker.result, err
	})
}

type unpacker struct {
	files                *Files
	at                   location
	archive              *archive
	way                  *way
	result               UnpackResult
	bytesLeft, mostBytes int64
	entriesLeft, most    int64
	hardLinkable         map[[16]byte]bool // hashes of the names of regular files from this archive
	anyLinks             bool
}

func (u *unpacker) all() error {
	for {
		header, err := u.archive.next()
		if err == io.EOF {
			return u.files.identity.run(func(user asUser) error { return u.way.back(user, 0) })
		}
		if err == nil {
			err = u.count(1)
		}
		if err == nil && header.Typeflag != tar.TypeXGlobalHeader {
			err = u.entry(header)
			u.result.Entries++
		}
		if err != nil {
			return err
		}
		u.archive.passed()
	}
}

func (u *unpacker) count(entries int64) error {
	if u.entriesLeft -= entries; u.entriesLeft < 0 {
		return tooManyEntries(u.at.path, u.most)
	}
	return nil
}

func (u *unpacker) entry(header *tar.Header) error {
	names, err := memberNames(header.Name)
	if err != nil {
		return err
	}
	if len(names) == 0 && header.Typeflag != tar.TypeDir {
		return fail("EARCHIVE", "", "the archive holds an entry without a name")
	}
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		err = u.file(header, names)
	case tar.TypeDir:
		err = u.folder(header, names)
	case tar.TypeSymlink:
		err = u.link(header, names)
	case tar.TypeLink:
		err = u.hardLink(header, names)
	default:
		err = fail("EARCHIVE", "", "%.200q is neither a file, a folder nor a link (type %q)", header.Name, header.Typeflag)
	}
	if errno, plain := err.(syscall.Errno); plain {
		return asError(errno, strings.TrimSuffix(u.at.path, "/")+"/"+strings.Join(names[:min(len(names), 16)], "/"))
	}
	return err
}

// enter goes to the folder that an entry lies in, made where it is missing.
func (u *unpacker) enter(user asUser, names []string) error {
	made, err := u.way.to(user, names)
	if err != nil {
		return err
	}
	return u.count(made)
}
