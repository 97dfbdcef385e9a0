package files

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var background = context.Background()

func TestPathsThatAreRefused(t *testing.T) {
	b := newBox(t)
	for path, code := range map[string]string{
		"":                                "EINVAL",
		"workspace":                       "EINVAL",
		b.path() + "/../outside/secret":   "EINVAL",
		b.path() + "/a//b":                "EINVAL",
		b.path() + "/a\x00b":              "EINVAL",
		b.path(strings.Repeat("n", 256)):  "ENAMETOOLONG",
		"/" + strings.Repeat("n/", 40000): "ENAMETOOLONG",
		"/proc/self/environ":              "EACCES",
		"/proc":                           "EACCES",
		"/./proc/self/environ":            "EACCES",
		"/sys/kernel/notes":               "EACCES",
		"/dev/zero":                       "EACCES",
		b.path("missing"):                 "ENOENT",
		"/missing":                        "ENOENT",
	} {
		_, err := b.Read(background, ReadRequest{Path: path}, &bytes.Buffer{})
		if known := wantCode(t, err, code); known.Message == "" {
			t.Errorf("%q: no message", path)
		}
	}
}

func TestOnlyTheWorkspaceAndScratchAreWritten(t *testing.T) {
	b := newBox(t)
	secret := filepath.Join(b.outside, "secret")
	for name, operation := range map[string]func(path string) error{
		"write": func(path string) error {
			_, err := b.Write(background, WriteRequest{Path: path}, strings.NewReader(""))
			return err
		},
		"mkdir":  func(path string) error { _, err := b.Mkdir(background, MkdirRequest{Path: path}); return err },
		"remove": func(path string) error { _, err := b.Remove(background, RemoveRequest{Path: path}); return err },
		"from": func(path string) error {
			_, err := b.Rename(background, RenameRequest{From: path, To: b.path("x")})
			return err
		},
		"to": func(path string) error {
			_, err := b.Rename(background, RenameRequest{From: b.path("a"), To: path})
			return err
		},
		"unpack": func(path string) error {
			_, err := b.Unpack(background, UnpackRequest{Path: path}, strings.NewReader(""))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b.put("a", "")
			wantCode(t, operation(secret), "EACCES")
			wantCode(t, operation(b.workspace+"-not"), "EACCES")
			b.untouched()
		})
	}
	_, err := b.Write(background, WriteRequest{Path: b.roots[1].path + "/note"}, strings.NewReader("in scratch"))
	must(t, err)
	out := &bytes.Buffer{}
	_, err = b.Read(background, ReadRequest{Path: secret}, out)
	must(t, err)
	if out.String() != secretContent {
		t.Fatalf("reading outside gave %q", out)
	}
}

func TestTheRootsThemselvesStay(t *testing.T) {
	b := newBox(t)
	_, err := b.Remove(background, RemoveRequest{Path: b.path(), Recursive: true})
	wantCode(t, err, "EBUSY")
	_, err = b.Rename(background, RenameRequest{From: b.path(), To: b.path("x")})
	wantCode(t, err, "EBUSY")
	_, err = b.Write(background, WriteRequest{Path: b.path() + "/"}, strings.NewReader(""))
	wantCode(t, err, "EISDIR")
	entry, err := b.Stat(background, StatRequest{Path: b.path()})
	must(t, err)
	if entry.Type != folderKind || entry.Path != b.path() {
		t.Fatal(entry)
	}
}

// Every operation meets a link in the middle and in the end of its path; that it leads inside is no excuse.
func TestNoOperationFollowsALink(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("deep/file", "inside")
		b.put("inside/secret", "inside")
		for _, target := range []string{b.outside, "../inside"} {
			b.asUser(func() error { return os.Symlink(target, b.path("deep", "folder")) })
			b.asUser(func() error { return os.Symlink(target+"/secret", b.path("deep", "leaf")) })
			b.refusesLinks(t, target)
			for _, name := range []string{"folder", "leaf"} {
				_, err := b.Remove(background, RemoveRequest{Path: b.path("deep", name), Recursive: true})
				must(t, err)
			}
		}
		if b.untouched(); b.get("inside/secret") != "inside" || len(b.list(ListRequest{Path: b.path("inside")})) != 1 {
			t.Fatal("a link was followed")
		}
	})
}

func (b *box) refusesLinks(t *testing.T, target string) {
	t.Helper()
	through, leaf := b.path("deep", "folder", "secret"), b.path("deep", "leaf")
	check := func(name string, err error, link string) {
		t.Helper()
		if known := wantCode(t, err, "EESCAPE"); !strings.Contains(known.Message, link+" is a symbolic link to") ||
			!strings.Contains(known.Message, target) {
			t.Errorf("%s does not say what is wrong: %s", name, known.Message)
		}
	}
	for _, path := range []string{through, leaf} {
		link := map[string]string{through: b.path("deep", "folder"), leaf: leaf}[path]
		_, err := b.Read(background, ReadRequest{Path: path}, &bytes.Buffer{})
		check("read", err, link)
		_, err = b.Pack(background, PackRequest{Path: path}, &bytes.Buffer{})
		check("pack", err, link)
		_, err = b.List(background, ListRequest{Path: path}, &bytes.Buffer{})
		check("list", err, link)
		_, err = b.Unpack(background, UnpackRequest{Path: path}, &bytes.Buffer{})
		check("unpack", err, link)
		_, err = b.Mkdir(background, MkdirRequest{Path: path, Parents: true})
		check("mkdir", err, link)
		for _, request := range []WriteRequest{{}, {Append: true}, {Parents: true}} {
			request.Path = path
			_, err = b.Write(background, request, strings.NewReader("x"))
			check("write", err, link)
		}
	}
	_, err := b.Stat(background, StatRequest{Path: through})
	check("stat", err, b.path("deep", "folder"))
	_, err = b.Remove(background, RemoveRequest{Path: through, Recursive: true, MissingOk: true})
	check("remove", err, b.path("deep", "folder"))
	_, err = b.Rename(background, RenameRequest{From: through, To: b.path("x")})
	check("rename", err, b.path("deep", "folder"))
	_, err = b.Rename(background, RenameRequest{From: b.path("deep", "file"), To: through})
	check("rename", err, b.path("deep", "folder"))
}

func TestALinkItselfIsDescribedMovedAndRemoved(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.asUser(func() error { return os.Symlink(b.outside, b.path("link")) })
		entry, err := b.Stat(background, StatRequest{Path: b.path("link")})
		must(t, err)
		if entry.Type != linkKind || entry.Target == nil || *entry.Target != b.outside {
			t.Fatal(entry)
		}
		_, err = b.Rename(background, RenameRequest{From: b.path("link"), To: b.path("moved")})
		must(t, err)
		removed, err := b.Remove(background, RemoveRequest{Path: b.path("moved"), Recursive: true})
		must(t, err)
		if removed.Removed != 1 {
			t.Fatal(removed)
		}
		b.untouched()
	})
}

func TestOnlyRegularFilesAreReadAndWritten(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.asUser(func() error { return syscall.Mkfifo(b.path("fifo"), 0o644) })
		b.asUser(func() error { return listenOn(b.path("socket")) })
		b.asUser(func() error { return os.Mkdir(b.path("folder"), 0o755) })
		for name, code := range map[string]string{"fifo": "EINVAL", "socket": "EINVAL", "folder": "EISDIR"} {
			_, err := b.Read(background, ReadRequest{Path: b.path(name)}, &bytes.Buffer{})
			wantCode(t, err, code)
			for _, request := range []WriteRequest{{}, {Append: true}} {
				request.Path = b.path(name)
				_, err = b.Write(background, request, strings.NewReader("x"))
				if known := wantCode(t, err, code); !strings.Contains(known.Message, b.path(name)) {
					t.Error(known.Message)
				}
			}
		}
		_, err := b.Read(background, ReadRequest{Path: b.path("folder", "missing", "x")}, &bytes.Buffer{})
		wantCode(t, err, "ENOENT")
		b.put("file", "")
		_, err = b.Read(background, ReadRequest{Path: b.path("file", "x")}, &bytes.Buffer{})
		wantCode(t, err, "ENOTDIR")
		_, err = b.List(background, ListRequest{Path: b.path("file")}, &bytes.Buffer{})
		wantCode(t, err, "ENOTDIR")
	})
}

func listenOn(path string) error {
	descriptor, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(descriptor)
	return syscall.Bind(descriptor, &syscall.SockaddrUnix{Name: path})
}

// The folder opened at the start is the one worked in, whatever its path leads to later.
func TestAReplacedWorkspaceIsNotFollowed(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("before", "")
		must(t, os.Rename(b.workspace, b.workspace+"-moved"))
		must(t, os.Symlink(b.outside, b.workspace))
		b.put("after", "")
		b.untouched()
		var names []string
		for _, entry := range b.list(ListRequest{Path: b.path()}) {
			names = append(names, entry.Path)
		}
		if !slices.Equal(names, []string{"after", "before"}) {
			t.Fatal(names)
		}
		must(t, os.Remove(b.workspace))
		must(t, os.Rename(b.workspace+"-moved", b.workspace))
	})
}
