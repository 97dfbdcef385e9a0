package files

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever an archive holds, unpacking it ends with a result or a known error, changes nothing outside its folder,
// and leaves behind only files, folders, and links that stay inside.
func FuzzUnpack(fuzz *testing.F) {
	for _, members := range [][]member{
		{},
		{{name: "a/b/file", content: "content"}, {kind: tar.TypeLink, name: "hard", target: "a/b/file"}},
		{{kind: tar.TypeDir, name: "d", mode: 0o1}, {kind: tar.TypeSymlink, name: "d/l", target: "../d"}, {name: "d/l/x"}},
		{{kind: tar.TypeSymlink, name: "l", target: "../outside"}, {name: "l/secret"}},
		{{name: "../outside/secret", content: "changed"}},
		{{kind: tar.TypeFifo, name: "fifo"}},
		{{name: strings.Repeat("deep/", 80) + "file", mode: 0o7777}, {kind: tar.TypeDir, name: "deep/deep"}},
		{{kind: tar.TypeXGlobalHeader, pax: map[string]string{"path": "../outside/secret"}}, {name: "f"}},
		{{name: "f", pax: map[string]string{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}, content: "1\n0\n1\n"}},
	} {
		fuzz.Add(tarOf(members...).Bytes())
	}
	known := map[string]bool{"EARCHIVE": true, "ETOOBIG": true, "EISDIR": true, "ENOTDIR": true, "EACCES": true, "ENAMETOOLONG": true}
	fuzz.Fuzz(func(t *testing.T, archive []byte) {
		b := newBoxInMemory(t)
		bytesLimit, entriesLimit := int64(1<<20), int64(1000)
		_, err := b.Unpack(background, UnpackRequest{Path: b.path(), MaxBytes: &bytesLimit, MaxEntries: &entriesLimit}, bytes.NewReader(archive))
		var failure *Error
		if err != nil && (!errors.As(err, &failure) || !known[failure.Code]) {
			t.Fatalf("an unexpected failure: %v", err)
		}
		b.untouched()
		b.asRoot(func(path string, entry fs.DirEntry) {
			switch entry.Type() {
			case 0, fs.ModeDir:
				if info, err := entry.Info(); err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
					t.Errorf("%s has mode %s", path, info.Mode())
				}
			case fs.ModeSymlink:
				target, _ := filepath.EvalSymlinks(path)
				if target != "" && target != b.workspace && !strings.HasPrefix(target, b.workspace+"/") {
					t.Errorf("%s leads to %s", path, target)
				}
			default:
				t.Errorf("%s is a %s", path, entry.Type())
			}
		})
	})
}

// asRoot visits the workspace's entries; folders that the archive closed are opened first.
func (b *box) asRoot(visit func(path string, entry fs.DirEntry)) {
	b.t.Helper()
	must(b.t, filepath.WalkDir(b.workspace, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		visit(path, entry)
		if entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil
	}))
}
