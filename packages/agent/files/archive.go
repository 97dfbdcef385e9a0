package files

import (
	"archive/tar"
	"context"
	"errors"
	"io"
)

const blockBytes = 512

// archive reads a tar and tells apart what is wrong with it, with its source, and a cancelled context.
type archive struct {
	ctx    context.Context
	source io.Reader
	tar    *tar.Reader
	read   int64 // bytes taken from the source
	end    int64 // bytes up to the end of the last entry
	err    error // the source's own
}

func newArchive(ctx context.Context, source io.Reader) *archive {
	a := &archive{ctx: ctx, source: source}
	a.tar = tar.NewReader(a)
	return a
}

// Read serves the tar reader, which may take in many headers before it gives one back.
func (a *archive) Read(buffer []byte) (int, error) {
	if a.err = a.ctx.Err(); a.err != nil {
		return 0, a.err
	}
	count, err := a.source.Read(buffer)
	a.read += int64(count)
	if err != nil && err != io.EOF {
		a.err = err
	}
	return count, err
}

// next returns the next entry's header, io.EOF at the archive's end, or the reason why there is none.
func (a *archive) next() (*tar.Header, error) {
	header, err := a.tar.Next()
	if err == io.EOF {
		if a.err != nil {
			return nil, a.err
		}
		// archive/tar takes a source that just stops for the end; a whole archive ends with blocks of zeros.
		if a.read < a.end+blockBytes {
			return nil, fail("EARCHIVE", "", "the archive is cut off")
		}
		return nil, io.EOF
	}
	if err != nil {
		return nil, a.problem(err)
	}
	return header, nil
}

// content reads the present entry, and io.EOF is its end.
func (a *archive) content(buffer []byte) (int, error) {
	count, err := a.tar.Read(buffer)
	if err == nil || err == io.EOF {
		return count, err
	}
	return count, a.problem(err)
}

// passed marks the end of an entry whose content has been read.
func (a *archive) passed() {
	a.end = (a.read + blockBytes - 1) / blockBytes * blockBytes
}

func (a *archive) problem(err error) error {
	if a.err != nil {
		return a.err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fail("EARCHIVE", "", "the archive is cut off")
	}
	return fail("EARCHIVE", "", "%s", err)
}
