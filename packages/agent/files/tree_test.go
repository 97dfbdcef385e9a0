package files

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const deep = 10_000

func TestListDescribesEachEntry(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		b.put("b/inner", "12345")
		b.put("a", "")
		b.asUser(func() error { return os.Symlink("nowhere", b.path("c")) })
		b.asUser(func() error { return syscall.Mkfifo(b.path("d"), 0o600) })
		b.asUser(func() error { return os.Symlink(b.outside, b.path("b", "out")) })
		strange := "\xffname\n"
		b.asUser(func() error { return os.WriteFile(b.path(strange), nil, 0o640) })
		var lines []string
		for _, entry := range b.list(ListRequest{Path: b.path(), Recursive: true}) {
			line := fmt.Sprintf("%q %s %o", entry.Path, entry.Type, entry.Mode)
			if entry.Target != nil {
				line += " " + strings.ReplaceAll(*entry.Target, b.outside, "OUTSIDE")
			}
			if entry.PathBytes != "" {
				name, _ := base64.StdEncoding.DecodeString(entry.PathBytes)
				line += fmt.Sprintf(" %q", name)
			}
			if entry.MtimeMs < 1.6e12 {
				t.Errorf("%s: modified at %f ms", entry.Path, entry.MtimeMs)
			}
			lines = append(lines, line)
		}
		want := []string{
			`"a" file 644`, `"b" directory 755`, `"b/inner" file 644`, `"b/out" symlink 777 OUTSIDE`,
			`"c" symlink 777 nowhere`, `"d" other 600`, "\"\uFFFDname\\n\" file 640 \"\\xffname\\n\"",
		}
		if !slices.Equal(lines, want) {
			t.Fatalf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
		if names := b.list(ListRequest{Path: b.path()}); len(names) != 5 {
			t.Fatalf("a plain list went deeper: %v", names)
		}
	})
}

func TestListKeepsToItsLimit(t *testing.T) {
	b := newBox(t)
	for index := range 20 {
		b.put(fmt.Sprintf("%d/%d", index%4, index), "")
	}
	for most, code := range map[int64]string{24: "", 23: "ETOOBIG", 3: "ETOOBIG", 0: "ETOOBIG", -1: "EINVAL"} {
		result, err := b.List(background, ListRequest{Path: b.path(), Recursive: true, MaxEntries: &most}, &bytes.Buffer{})
		if code != "" {
			wantCode(t, err, code)
		} else if err != nil || result.Entries != 24 {
			t.Fatal(result, err)
		}
	}
}

func TestListOfTheWholeDiskPassesOverTheKernelsTrees(t *testing.T) {
	b := newBox(t)
	entries, err := b.openTree(location{b.whole, nil, "/"}, mostEntries)
	must(t, err)
	defer entries.close()
	must(t, b.identity.run(func(user asUser) error {
		for {
			found, more, err := entries.next(user)
			if err != nil || !more {
				return err
			}
			if found.leaving || (found.name != "proc" && found.name != "etc") {
				continue
			}
			if entered, err := entries.descend(user, found.name); entered != (found.name == "etc") || err != nil {
				t.Errorf("%s: %v, %v", found.name, entered, err)
			}
			if found.name == "etc" {
				entries.pending[1] = nil
			}
		}
	}))
}

func TestVeryDeepTreesNeedFewDescriptors(t *testing.T) {
	fewDescriptors(t)
	b := newBoxInMemory(t)
	b.digDeep("deep", deep)
	listed, err := b.List(background, ListRequest{Path: b.path(), Recursive: true}, io.Discard)
	must(t, err)
	packed, err := b.Pack(background, PackRequest{Path: b.path()}, io.Discard)
	must(t, err)
	removed, err := b.Remove(background, RemoveRequest{Path: b.path("deep"), Recursive: true})
	must(t, err)
	if listed.Entries != deep+1 || packed.Entries != deep+1 || removed.Removed != deep+1 {
		t.Fatal(listed, packed, removed)
	}
}

func TestADeepArchiveIsUnpackedWithFewDescriptors(t *testing.T) {
	fewDescriptors(t)
	b := newBoxInMemory(t)
	b.digDeep("deep", deep/5)
	archive, packed := b.pack(PackRequest{Path: b.path()})
	_, err := b.Mkdir(background, MkdirRequest{Path: b.path("copy")})
	must(t, err)
	unpacked, err := b.Unpack(background, UnpackRequest{Path: b.path("copy")}, archive)
	must(t, err)
	bottom := "copy/deep/" + strings.Repeat("d/", deep/5-1) + "bottom"
	if packed.Entries != deep/5+1 || unpacked.Entries != deep/5+1 || b.get(bottom) != "bottom" {
		t.Fatal(packed, unpacked)
	}
}

func fewDescriptors(t *testing.T) {
	t.Helper()
	var old syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 160, Max: old.Max}))
	t.Cleanup(func() { must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) })
}

// digDeep makes a chain of folders, the first with the name, and a file at its bottom.
func (b *box) digDeep(name string, levels int) {
	b.t.Helper()
	must(b.t, b.identity.run(func(user asUser) error {
		folder, err := syscall.Open(b.workspace, openFolder, 0)
		for level := 0; level < levels && err == nil; level++ {
			var next int
			next, _, err = enterFolder(user, folder, name)
			syscall.Close(folder)
			folder, name = next, "d"
		}
		if err != nil {
			return err
		}
		defer syscall.Close(folder)
		file, err := openAt(user, folder, "bottom", syscall.O_CREAT|syscall.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer syscall.Close(file)
		_, err = newTarget(file).writeAll([]byte("bottom"))
		return err
	}))
}

// A folder whose descriptor had to be closed is moved out of the tree while its depths are visited.
func TestAMovedTreeIsNotLeftBehindItsRoot(t *testing.T) {
	b := newBox(t)
	b.digDeep("a", 2*openLinks)
	entries, err := b.openTree(location{b.roots[0], nil, b.path()}, mostEntries)
	if b.roots[0].path != b.workspace {
		entries, err = b.openTree(location{b.roots[1], nil, b.path()}, mostEntries)
	}
	must(t, err)
	defer entries.close()
	err = b.identity.run(func(user asUser) error {
		for {
			found, more, err := entries.next(user)
			if err != nil || !more {
				return err
			}
			if found.name == "bottom" {
				if err := os.Rename(b.path("a", "d", "d"), b.outside+"/moved"); err != nil {
					return err
				}
			} else if !found.leaving {
				if _, err := entries.descend(user, found.name); err != nil {
					return err
				}
			}
		}
	})
	wantCode(t, asError(err, ""), "ESTALE")
}

func TestAFolderSwappedForALinkIsNotEntered(t *testing.T) {
	b := newBox(t)
	b.put("folder/file", "")
	must(t, b.identity.run(func(user asUser) error {
		base, err := syscall.Open(b.workspace, openForNames, 0)
		must(t, err)
		entries, err := b.newTree(base, location{b.roots[0], nil, b.path()}, mostEntries, true)
		must(t, err)
		defer entries.close()
		found, more, err := entries.next(user)
		if !more || err != nil || found.name != "folder" {
			t.Fatal(found, more, err)
		}
		must(t, os.RemoveAll(b.path("folder")))
		must(t, os.Symlink(b.outside, b.path("folder")))
		if entered, err := entries.descend(user, "folder"); entered || err != nil {
			t.Fatal(entered, err)
		}
		return nil
	}))
}

func TestAFolderIsOpenedUnderItsOwnNameOnly(t *testing.T) {
	b := newBox(t)
	if followsLinks() {
		t.Error("this kernel follows links that it should not")
	}
	b.put("folder/file", "")
	must(t, os.Symlink("folder", b.path("link")))
	must(t, b.identity.run(func(user asUser) error {
		base, err := syscall.Open(b.workspace, openForNames, 0)
		must(t, err)
		defer syscall.Close(base)
		descriptor, err := openUnlinked(user, base, "folder", openForNames)
		must(t, err)
		syscall.Close(descriptor)
		if descriptor, err = openUnlinked(user, base, "link", openForNames); err == nil {
			syscall.Close(descriptor)
			t.Error("a link was followed")
		}
		return nil
	}))
}
