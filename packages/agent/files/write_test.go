package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestWriteThenRead(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		for _, size := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3*chunkBytes + 7} {
			content := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			result, err := b.Write(background, WriteRequest{Path: b.path("a/b/file"), Parents: true}, bytes.NewReader(content))
			must(t, err)
			if result.Bytes != int64(size) || b.get("a/b/file") != string(content) {
				t.Fatalf("%d bytes came back otherwise", size)
			}
			for _, offset := range []int64{0, 1, int64(size), int64(size) + 5} {
				out := &bytes.Buffer{}
				read, err := b.Read(background, ReadRequest{Path: b.path("a/b/file"), Offset: offset}, out)
				must(t, err)
				want := content[min(offset, int64(size)):]
				if !bytes.Equal(out.Bytes(), want) || read.Bytes != int64(len(want)) {
					t.Fatalf("%d bytes from %d on came back otherwise", size, offset)
				}
			}
		}
		b.noLeftovers()
	})
}

func TestReadKeepsToItsLimit(t *testing.T) {
	b := newBox(t)
	b.put("file", "12345")
	out := &bytes.Buffer{}
	for most, code := range map[int64]string{5: "", 6: "", 4: "ETOOBIG", 0: "ETOOBIG", -1: "EINVAL"} {
		_, err := b.Read(background, ReadRequest{Path: b.path("file"), MaxBytes: &most}, out)
		if code == "" {
			must(t, err)
		} else {
			wantCode(t, err, code)
		}
	}
	if out.String() != "1234512345" {
		t.Fatalf("a refused read sent something: %q", out)
	}
	most := int64(2)
	_, err := b.Read(background, ReadRequest{Path: b.path("file"), Offset: 3, MaxBytes: &most}, out)
	must(t, err)
	_, err = b.Read(background, ReadRequest{Path: b.path("file"), Offset: -1}, out)
	wantCode(t, err, "EINVAL")
}

func TestWriteSetsTheMode(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	b := newBox(t)
	script, most, setuid := 0o755, 0o1000, 0o4755
	_, err := b.Write(background, WriteRequest{Path: b.path("a/script"), Mode: &script, Parents: true}, strings.NewReader(""))
	must(t, err)
	_, err = b.Write(background, WriteRequest{Path: b.path("appended"), Append: true}, strings.NewReader(""))
	must(t, err)
	for name, mode := range map[string]uint32{"a/script": 0o755, "appended": 0o644, "a": 0o755} {
		entry, err := b.Stat(background, StatRequest{Path: b.path(name)})
		must(t, err)
		if entry.Mode != mode {
			t.Errorf("%s has mode %o, not %o", name, entry.Mode, mode)
		}
	}
	for _, mode := range []*int{&most, &setuid} {
		_, err = b.Write(background, WriteRequest{Path: b.path("x"), Mode: mode}, strings.NewReader(""))
		wantCode(t, err, "EINVAL")
	}
}

func TestWriteReplacesAppendsOrRefuses(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("file", "old")
		b.asUser(func() error { return os.Link(b.path("file"), b.path("other-name")) })
		b.put("file", "new")
		if b.get("file") != "new" || b.get("other-name") != "old" {
			t.Fatal("the file was not replaced as a whole")
		}
		_, err := b.Write(background, WriteRequest{Path: b.path("file"), Append: true}, strings.NewReader("er"))
		must(t, err)
		if b.get("file") != "newer" {
			t.Fatal(b.get("file"))
		}
		for _, appends := range []bool{false, true} {
			untouched := &countingReader{}
			_, err = b.Write(background, WriteRequest{Path: b.path("file"), Exclusive: true, Append: appends}, untouched)
			wantCode(t, err, "EEXIST")
			if untouched.reads > 0 {
				t.Fatal("a hopeless upload was read")
			}
		}
		_, err = b.Write(background, WriteRequest{Path: b.path("fresh"), Exclusive: true}, strings.NewReader("x"))
		must(t, err)
		_, err = b.Write(background, WriteRequest{Path: b.path("no/parent")}, strings.NewReader("x"))
		wantCode(t, err, "ENOENT")
		_, err = b.Write(background, WriteRequest{Path: b.path("file/below"), Parents: true}, strings.NewReader("x"))
		wantCode(t, err, "ENOTDIR")
		b.noLeftovers()
	})
}

// The name is taken while the upload runs: nobody's file may be lost.
func TestExclusiveDecidesAtTheEnd(t *testing.T) {
	b := newBox(t)
	for name, occupy := range map[string]func(path string) error{
		"file": func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o644) },
		"link": func(path string) error { return os.Symlink(filepath.Join(b.outside, "new"), path) },
	} {
		upload := &hookReader{rest: strings.NewReader("ours"), hook: func() { b.asUser(func() error { return occupy(b.path(name)) }) }}
		_, err := b.Write(background, WriteRequest{Path: b.path(name), Exclusive: true}, upload)
		wantCode(t, err, "EEXIST")
	}
	if b.get("file") != "theirs" {
		t.Fatal("their file was replaced")
	}
	b.untouched()
	b.noLeftovers()
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("file", "old")
		broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("the host went away")))
		_, err := b.Write(background, WriteRequest{Path: b.path("file")}, broken)
		wantCode(t, err, "EIO")
		for _, appends := range []bool{false, true} {
			ctx, cancel := context.WithCancel(background)
			_, err = b.Write(ctx, WriteRequest{Path: b.path("file"), Append: appends}, &hookReader{rest: strings.NewReader(""), hook: cancel})
			wantCode(t, err, "ECANCELED")
		}
		if b.get("file") != "old" {
			t.Fatal("a failed write changed the file")
		}
		b.noLeftovers()
	})
}

func TestAVanishedFolderIsReported(t *testing.T) {
	b := newBox(t)
	b.put("folder/x", "")
	upload := &hookReader{rest: strings.NewReader("data"), hook: func() { b.asUser(func() error { return os.RemoveAll(b.path("folder")) }) }}
	_, err := b.Write(background, WriteRequest{Path: b.path("folder/file"), Parents: true}, upload)
	wantCode(t, err, "ENOENT")
	b.noLeftovers()
}

func TestAFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk to fill")
	}
	b := newBox(t)
	disk := b.path("disk")
	b.asUser(func() error { return os.Mkdir(disk, 0o755) })
	must(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=1m,nr_inodes=20,uid=%d,gid=%d", boxUID, boxUID)))
	t.Cleanup(func() { must(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	big := func() io.Reader { return io.LimitReader(zeroReader{}, 2<<20) }
	_, err := b.Write(background, WriteRequest{Path: b.path("disk/big")}, big())
	wantCode(t, err, "ENOSPC")
	_, err = b.Unpack(background, UnpackRequest{Path: disk}, tarOf(member{name: "big", size: 2 << 20}))
	wantCode(t, err, "ENOSPC")
	if left := b.list(ListRequest{Path: disk}); len(left) != 0 {
		t.Fatal(left)
	}
	_, err = b.Unpack(background, UnpackRequest{Path: disk}, tarOf(member{name: strings.Repeat("d/", 50) + "file"}))
	wantCode(t, err, "ENOSPC")
}

type zeroReader struct{}

func (zeroReader) Read(buffer []byte) (int, error) { clear(buffer); return len(buffer), nil }

type countingReader struct{ reads int }

func (r *countingReader) Read([]byte) (int, error) { r.reads++; return 0, io.EOF }

// hookReader does something at the moment when the first byte is asked for.
type hookReader struct {
	rest io.Reader
	hook func()
}

func (r *hookReader) Read(buffer []byte) (int, error) {
	if r.hook != nil {
		r.hook()
		r.hook = nil
	}
	return r.rest.Read(buffer)
}
