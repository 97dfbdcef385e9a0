package files

import (
	"archive/tar"
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

func (b *box) unpack(archive io.Reader) (UnpackResult, error) {
	return b.Unpack(background, UnpackRequest{Path: b.path()}, archive)
}

func TestArchivesThatAreNoneOrCutOff(t *testing.T) {
	b := newBox(t)
	whole := tarOf(member{kind: tar.TypeDir, name: "d"}, member{name: "d/f", content: strings.Repeat("x", 1000)}, member{name: "g"}).Bytes()
	for length := 0; length < len(whole)-2*blockBytes+1; length += 128 {
		_, err := b.unpack(bytes.NewReader(whole[:length]))
		wantCode(t, err, "EARCHIVE")
		b.noLeftovers()
	}
	_, err := b.unpack(bytes.NewReader(whole))
	must(t, err)
	_, err = b.unpack(bytes.NewReader(whole[:len(whole)-blockBytes])) // GNU tar takes one block of zeros too
	must(t, err)
	for name, content := range map[string]string{
		"text":         strings.Repeat("no archive at all\n", 100),
		"gzip":         "\x1f\x8b\x08" + strings.Repeat("\x00x", 600),
		"bad checksum": strings.Replace(string(whole), "d/f", "d/e", 1),
	} {
		_, err := b.unpack(strings.NewReader(content))
		if known := wantCode(t, err, "EARCHIVE"); known.Message == "" {
			t.Error(name)
		}
	}
	empty, err := b.unpack(tarOf())
	if err != nil || empty.Entries != 0 {
		t.Fatal(empty, err)
	}
}

func TestUnpackKeepsToItsLimits(t *testing.T) {
	b := newBox(t)
	files := []member{{name: "a/b", size: 1000}, {name: "a/c", size: 1000}} // with the folder a: three
	for _, test := range []struct {
		members        []member
		bytes, entries int64
		code           string
	}{
		{files, 2000, 3, ""},
		{files, 1999, 3, "ETOOBIG"},
		{files, 2000, 2, "ETOOBIG"},
		{files, 0, 3, "ETOOBIG"},
		{files, -1, 3, "EINVAL"},
		{files, 2000, -1, "EINVAL"},
		{[]member{{name: strings.Repeat("d/", 100) + "f"}}, 0, 100, "ETOOBIG"},
		{[]member{{name: "one"}, {name: "one"}, {name: "one"}}, 0, 2, "ETOOBIG"},
	} {
		_, err := b.Remove(background, RemoveRequest{Path: b.path("a"), Recursive: true, MissingOk: true})
		must(t, err)
		_, err = b.Unpack(background, UnpackRequest{Path: b.path(), MaxBytes: &test.bytes, MaxEntries: &test.entries}, tarOf(test.members...))
		if test.code == "" {
			must(t, err)
		} else {
			wantCode(t, err, test.code)
		}
		b.noLeftovers()
	}
}

func TestAHeaderThatPromisesTooMuchIsRefusedBeforeItsContent(t *testing.T) {
	b := newBox(t)
	buffer := &bytes.Buffer{}
	writer := tar.NewWriter(buffer)
	must(t, writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "huge", Size: 1 << 50}))
	most := int64(1 << 40)
	_, err := b.Unpack(background, UnpackRequest{Path: b.path(), MaxBytes: &most}, io.MultiReader(buffer, zeroReader{}))
	wantCode(t, err, "ETOOBIG")
	if left := b.list(ListRequest{Path: b.path()}); len(left) != 0 {
		t.Fatal(left)
	}
}

func TestAHugePaxHeaderIsRefused(t *testing.T) {
	b := newBox(t)
	_, err := b.unpack(io.MultiReader(bytes.NewReader(paxHeader(1<<30)), zeroReader{}))
	wantCode(t, err, "EARCHIVE")
}

// Header after header and never a file: only cancelling ends what the source keeps sending.
func TestPaxHeadersWithoutEndCanBeCancelled(t *testing.T) {
	b := newBox(t)
	record := "30 comment=aaaaaaaaaaaaaaaaaa\n"
	one := append(paxHeader(int64(len(record))), record...)
	one = append(one, make([]byte, blockBytes-len(record))...)
	ctx, cancel := context.WithCancel(background)
	_, err := b.Unpack(ctx, UnpackRequest{Path: b.path()}, &repeatReader{block: one, left: 10_000, last: cancel})
	wantCode(t, err, "ECANCELED")
}

// repeatReader serves one block again and again, and calls `last` after so many of them.
type repeatReader struct {
	block []byte
	left  int
	last  func()
}

func (r *repeatReader) Read(buffer []byte) (int, error) {
	if r.left--; r.left == 0 {
		r.last()
	}
	return copy(buffer, r.block), nil
}

func TestTheLastOfTwoEntriesCounts(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("out-there", "old")
		b.asUser(func() error { return os.Link(b.path("out-there"), b.path("replaced")) })
		b.asUser(func() error { return os.Symlink(filepath.Join(b.outside, "secret"), b.path("was-link")) })
		_, err := b.unpack(tarOf(
			member{name: "replaced", content: "new"},
			member{name: "was-link", content: "file"},
			member{name: "twice", content: "first"},
			member{name: "twice", content: "second"},
			member{kind: tar.TypeDir, name: "folder"},
			member{name: "folder", content: "file"},
			member{name: "file", content: "file"},
			member{kind: tar.TypeDir, name: "file"},
			member{name: "file/below", content: "x"},
			member{kind: tar.TypeSymlink, name: "link", target: "twice"},
			member{kind: tar.TypeDir, name: "link"},
			member{name: "link/below", content: "y"},
			member{kind: tar.TypeLink, name: "hard", target: "twice"},
			member{kind: tar.TypeLink, name: "hard", target: "twice"},
			member{kind: tar.TypeLink, name: "twice", target: "twice"},
			member{kind: tar.TypeLink, name: "replaced", target: "hard"},
		))
		must(t, err)
		for name, content := range map[string]string{
			"out-there": "old", "replaced": "second", "was-link": "file", "twice": "second", "folder": "file",
			"file/below": "x", "link/below": "y", "hard": "second",
		} {
			if got := b.get(name); got != content {
				t.Errorf("%s holds %q", name, got)
			}
		}
		b.noLeftovers()
		b.untouched()
		_, err = b.unpack(tarOf(member{name: "link", content: "in the place of a full folder"}))
		wantCode(t, err, "EISDIR")
		_, err = b.unpack(tarOf(member{name: "twice/below"}))
		wantCode(t, err, "ENOTDIR")
		b.noLeftovers()
	})
}

func TestLinksThatStayInsideAreKept(t *testing.T) {
	b := newBox(t)
	_, err := b.unpack(tarOf(
		member{name: "./a/b/file", content: "x"},
		member{kind: tar.TypeDir, name: "./"},
		member{kind: tar.TypeXGlobalHeader, name: "", pax: map[string]string{"comment": "of git archive"}},
		member{kind: tar.TypeSymlink, name: "a/b/up", target: "../../a/b/file"},
		member{kind: tar.TypeSymlink, name: "a/inside", target: b.path("a/b")},
		member{kind: tar.TypeSymlink, name: "dangling", target: "nothing/there"},
		member{kind: tar.TypeSymlink, name: "root", target: "."},
	))
	must(t, err)
	for name, target := range map[string]string{"a/b/up": "../../a/b/file", "a/inside": b.path("a/b"), "dangling": "nothing/there", "root": "."} {
		if got, err := os.Readlink(b.path(name)); err != nil || got != target {
			t.Errorf("%s leads to %q, %v", name, got, err)
		}
	}
}

func TestLinksToAnywhereAreKeptOnRequestAndNeverFollowed(t *testing.T) {
	b := newBox(t)
	unpack := func(links string) error {
		archive := tarOf(member{kind: tar.TypeSymlink, name: "out", target: b.outside}, member{name: "out/file", content: "x"})
		_, err := b.Unpack(background, UnpackRequest{Path: b.path(), Links: links}, archive)
		return err
	}
	wantCode(t, unpack("any"), "EARCHIVE")
	if got, err := os.Readlink(b.path("out")); err != nil || got != b.outside {
		t.Errorf("the link leads to %q, %v", got, err)
	}
	if _, err := os.Lstat(filepath.Join(b.outside, "file")); !os.IsNotExist(err) {
		t.Errorf("a file was written through the link: %v", err)
	}
	wantCode(t, unpack("some"), "EPROTO")
}

func TestModesOfAnArchive(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	b := newBox(t)
	_, err := b.unpack(tarOf(
		member{name: "setuid", mode: 0o6755},
		member{kind: tar.TypeDir, name: "closed", mode: 0o1500},
		member{name: "closed/file", mode: 0o604},
		member{name: "implied/file", mode: 0o400},
	))
	must(t, err)
	for name, mode := range map[string]uint32{
		"setuid": 0o755, "closed": 0o500, "closed/file": 0o604, "implied": 0o755, "implied/file": 0o400,
	} {
		entry, err := b.Stat(background, StatRequest{Path: b.path(name)})
		must(t, err)
		if entry.Mode != mode {
			t.Errorf("%s has mode %o, not %o", name, entry.Mode, mode)
		}
	}
}

// Folders may be closed for the user too: then only the way back up from deep below is hard.
func TestFoldersClosedByTheArchiveAtAnyDepth(t *testing.T) {
	b := newBox(t)
	var members []member
	path := ""
	for depth := range 3 * openLinks {
		path += fmt.Sprintf("%d/", depth)
		members = append(members, member{kind: tar.TypeDir, name: path, mode: 0o1000}) // sticky goes, nothing is left
	}
	_, err := b.unpack(tarOf(append(members, member{name: "last", content: "x"})...))
	must(t, err)
	if b.get("last") != "x" {
		t.Fatal("the last entry is missing")
	}
}

func TestAFailedOrCancelledUnpackLeavesNoHalfFile(t *testing.T) {
	b := newBox(t)
	archive := tarOf(member{name: "f", size: 4 * chunkBytes}).Bytes()
	half := func() io.Reader { return bytes.NewReader(archive[:2*chunkBytes]) }
	_, err := b.unpack(io.MultiReader(half(), iotest.ErrReader(errors.New("the host went away"))))
	if known := wantCode(t, err, "EIO"); !strings.Contains(known.Message, "went away") {
		t.Fatal(known.Message)
	}
	ctx, cancel := context.WithCancel(background)
	_, err = b.Unpack(ctx, UnpackRequest{Path: b.path()}, io.MultiReader(half(), &hookReader{rest: zeroReader{}, hook: cancel}))
	wantCode(t, err, "ECANCELED")
	if left := b.list(ListRequest{Path: b.path()}); len(left) != 0 {
		t.Fatal(left)
	}
}
