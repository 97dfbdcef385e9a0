package files

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (b *box) pack(request PackRequest) (*bytes.Buffer, PackResult) {
	b.t.Helper()
	out := &bytes.Buffer{}
	result, err := b.Pack(background, request, out)
	must(b.t, err)
	return out, result
}

func membersOf(t *testing.T, archive io.Reader) (lines []string) {
	t.Helper()
	reader := tar.NewReader(archive)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return lines
		}
		must(t, err)
		content, err := io.ReadAll(reader)
		must(t, err)
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			t.Errorf("%s tells its owner", header.Name)
		}
		lines = append(lines, fmt.Sprintf("%c %q %o %q %q", header.Typeflag, header.Name, header.Mode, header.Linkname, content))
	}
}

func TestPackHoldsFilesFoldersAndLinks(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		long := strings.Repeat("n", 250)
		b.put("p/folder/"+long, "long")
		b.put("p/file", "content")
		b.put("p/setuid", "")
		b.asUser(func() error { return os.Link(b.path("p", "file"), b.path("p", "hard")) })
		b.asUser(func() error { return syscall.Chmod(b.path("p", "setuid"), 0o6755) })
		b.asUser(func() error { return os.Symlink("../../elsewhere", b.path("p", "link")) })
		b.asUser(func() error { return syscall.Mkfifo(b.path("p", "fifo"), 0o644) })
		b.asUser(func() error { return listenOn(b.path("p", "socket")) })
		b.asUser(func() error { return os.WriteFile(b.path("p", "\xff"), nil, 0o600) })
		archive, result := b.pack(PackRequest{Path: b.path("p")})
		want := []string{
			`0 "file" 644 "" "content"`, `5 "folder/" 755 "" ""`, `0 "folder/` + long + `" 644 "" "long"`,
			`0 "hard" 644 "" "content"`, `2 "link" 777 "../../elsewhere" ""`, `0 "setuid" 755 "" ""`, `0 "\xff" 600 "" ""`,
		}
		if got := membersOf(t, archive); !slices.Equal(got, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if result != (PackResult{Entries: 7, Skipped: 2}) {
			t.Fatal(result)
		}
		archive, result = b.pack(PackRequest{Path: b.path("p", "file")})
		if got := membersOf(t, archive); len(got) != 1 || got[0] != want[0] || result.Entries != 1 {
			t.Fatal(got)
		}
		_, err := b.Pack(background, PackRequest{Path: b.path("p", "fifo")}, &bytes.Buffer{})
		wantCode(t, err, "EINVAL")
	})
}

func TestPackThenUnpackGivesTheSameTree(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("from/b/c", "hello")
		b.put("from/b/big", strings.Repeat("x", 3*chunkBytes+1))
		b.put("from/x", "")
		b.asUser(func() error { return os.Symlink("b/c", b.path("from", "link")) })
		b.asUser(func() error { return os.Chmod(b.path("from", "b"), 0o555) })
		stamp := time.Unix(1_600_000_000, 123_456_789)
		for _, name := range []string{"from/x", "from/b"} {
			b.asUser(func() error { return os.Chtimes(b.path(name), stamp, stamp) })
		}
		archive, packed := b.pack(PackRequest{Path: b.path("from")})
		_, err := b.Mkdir(background, MkdirRequest{Path: b.path("to")})
		must(t, err)
		for range 2 {
			unpacked, err := b.Unpack(background, UnpackRequest{Path: b.path("to")}, bytes.NewReader(archive.Bytes()))
			b.asUser(func() error { return os.Chmod(b.path("to", "b"), 0o755) })
			must(t, err)
			if packed.Entries != 5 || unpacked.Entries != 5 {
				t.Fatal(packed, unpacked)
			}
		}
		b.asUser(func() error { return os.Chmod(b.path("to", "b"), 0o555) })
		from, to := b.list(ListRequest{Path: b.path("from"), Recursive: true}), b.list(ListRequest{Path: b.path("to"), Recursive: true})
		for index := range from {
			if from[index].Type == linkKind {
				from[index].MtimeMs, to[index].MtimeMs = 0, 0
			}
			if fmt.Sprint(from[index]) != fmt.Sprint(to[index]) && from[index].Target == nil {
				t.Errorf("%v became %v", from[index], to[index])
			}
		}
		if len(from) != len(to) || b.get("to/b/big") != b.get("from/b/big") || *to[3].Target != "b/c" {
			t.Fatal(from, to)
		}
		for _, name := range []string{"from/b", "to/b"} {
			b.asUser(func() error { return os.Chmod(b.path(name), 0o755) })
		}
		b.noLeftovers()
	})
}

// hookWriter does something when the first bytes arrive.
type hookWriter struct {
	// Not embedded: its ReadFrom would take everything without a call of Write.
	content bytes.Buffer
	hook    func()
}

func (w *hookWriter) Write(data []byte) (int, error) {
	if w.hook != nil {
		w.hook()
		w.hook = nil
	}
	return w.content.Write(data)
}

func TestAFileThatChangesWhileItIsPacked(t *testing.T) {
	const size = 4 * chunkBytes
	for name, newSize := range map[string]int64{"shrinks": 10, "vanishes": 0, "grows": 3 * size} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			b.put("a", strings.Repeat("x", size))
			b.put("b", "after")
			out := &hookWriter{hook: func() { b.asUser(func() error { return os.Truncate(b.path("a"), newSize) }) }}
			result, err := b.Pack(background, PackRequest{Path: b.path()}, out)
			must(t, err)
			members := membersOf(t, &out.content)
			if result.Entries != 2 || len(members[0]) < size || members[1] != `0 "b" 644 "" "after"` {
				t.Fatal(result, len(members[0]), members[1])
			}
		})
	}
}

func TestAFileThatGrowsWhileItIsReadIsCutAtItsSize(t *testing.T) {
	b := newBox(t)
	b.put("a", strings.Repeat("x", 3*chunkBytes))
	out := &hookWriter{hook: func() { b.asUser(func() error { return os.Truncate(b.path("a"), 10*chunkBytes) }) }}
	result, err := b.Read(background, ReadRequest{Path: b.path("a")}, out)
	must(t, err)
	if result.Bytes != 3*chunkBytes || out.content.Len() != 3*chunkBytes {
		t.Fatal(result, out.content.Len())
	}
}

func TestPackKeepsToItsLimits(t *testing.T) {
	b := newBox(t)
	b.put("a", "12345")
	b.put("b", "12345")
	b.asUser(func() error { return syscall.Mkfifo(b.path("c"), 0o600) })
	for _, test := range []struct {
		bytes, entries int64
		code           string
	}{
		{10, 2, ""}, {9, 2, "ETOOBIG"}, {10, 1, "ETOOBIG"}, {10, 0, "ETOOBIG"}, {-1, 2, "EINVAL"}, {10, -1, "EINVAL"},
	} {
		_, err := b.Pack(background, PackRequest{Path: b.path(), MaxBytes: &test.bytes, MaxEntries: &test.entries}, &bytes.Buffer{})
		if test.code != "" {
			wantCode(t, err, test.code)
		} else if err != nil {
			t.Errorf("%v: %v", test, err)
		}
	}
	b.asUser(func() error { return os.WriteFile(b.path("hole"), nil, 0o644) })
	b.asUser(func() error { return os.Truncate(b.path("hole"), 1<<40) })
	most := int64(100 << 20)
	out := &bytes.Buffer{}
	_, err := b.Pack(background, PackRequest{Path: b.path(), MaxBytes: &most}, out)
	wantCode(t, err, "ETOOBIG")
	if out.Len() > chunkBytes {
		t.Fatalf("%d bytes were sent of a file that is too big", out.Len())
	}
	_, err = b.Read(background, ReadRequest{Path: b.path("hole"), MaxBytes: &most}, out)
	wantCode(t, err, "ETOOBIG")
}

// Without a limit a hole of a terabyte would be sent for hours: cancelling ends that.
func TestACancelledTransferStops(t *testing.T) {
	b := newBox(t)
	b.asUser(func() error { return os.WriteFile(b.path("hole"), nil, 0o644) })
	b.asUser(func() error { return os.Truncate(b.path("hole"), 1<<40) })
	for name, operation := range map[string]func(context.Context, io.Writer) error{
		"read": func(ctx context.Context, out io.Writer) error {
			_, err := b.Read(ctx, ReadRequest{Path: b.path("hole")}, out)
			return err
		},
		"pack": func(ctx context.Context, out io.Writer) error {
			_, err := b.Pack(ctx, PackRequest{Path: b.path()}, out)
			return err
		},
		"list": func(ctx context.Context, out io.Writer) error {
			_, err := b.List(ctx, ListRequest{Path: b.path()}, out)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(background)
		err := operation(ctx, &hookWriter{hook: cancel})
		if name == "list" && err == nil {
			continue // its one line was the last
		}
		wantCode(t, err, "ECANCELED")
	}
	ctx, cancel := context.WithCancel(background)
	_, err := b.Read(ctx, ReadRequest{Path: b.path("hole")}, &readingWriter{hook: cancel})
	wantCode(t, err, "ECANCELED")
}

// readingWriter takes from its source itself, as an outlet does, and does something when the first bytes have come.
type readingWriter struct {
	io.Writer
	hook func()
}

func (w *readingWriter) ReadFrom(source io.Reader) (total int64, err error) {
	buffer := make([]byte, 1000)
	for err == nil {
		var count int
		count, err = source.Read(buffer)
		total += int64(count)
		w.hook()
	}
	return total, err
}

func TestPackSaysWhatItMayNotRead(t *testing.T) {
	b := newBox(t)
	b.put("folder/locked", "")
	b.asUser(func() error { return os.Chmod(b.path("folder", "locked"), 0) })
	_, err := b.Pack(background, PackRequest{Path: b.path()}, &bytes.Buffer{})
	if known := wantCode(t, err, "EACCES"); known.Path != b.path("folder", "locked") {
		t.Fatal(known.Path)
	}
}

func BenchmarkPackAndUnpack50MB(bench *testing.B) {
	t := &testing.T{}
	b := newBox(t)
	b.put("from/file", strings.Repeat("x", 50<<20))
	b.put("to/x", "")
	archive, _ := b.pack(PackRequest{Path: b.path("from")})
	bench.Run("pack", func(bench *testing.B) {
		for bench.Loop() {
			if _, err := b.Pack(background, PackRequest{Path: b.path("from")}, io.Discard); err != nil {
				bench.Fatal(err)
			}
		}
	})
	bench.Run("unpack", func(bench *testing.B) {
		for bench.Loop() {
			if _, err := b.Unpack(background, UnpackRequest{Path: b.path("to")}, bytes.NewReader(archive.Bytes())); err != nil {
				bench.Fatal(err)
			}
		}
	})
	os.RemoveAll(strings.TrimSuffix(b.workspace, "/workspace"))
}
