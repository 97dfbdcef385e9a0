package files

import (
	"context"
	"os"
	"testing"
)

func TestRemove(t *testing.T) {
	eachBox(t, func(t *testing.T, b *box) {
		remove := func(name string, request RemoveRequest) (int64, error) {
			request.Path = b.path(name)
			result, err := b.Remove(background, request)
			return result.Removed, err
		}
		b.put("file", "")
		b.put("folder/a/b", "")
		b.put("folder/c", "")
		b.asUser(func() error { return os.Symlink(b.outside, b.path("folder", "out")) })
		b.asUser(func() error { return os.Mkdir(b.path("empty"), 0o755) })
		for _, test := range []struct {
			name    string
			request RemoveRequest
			removed int64
			code    string
		}{
			{"missing", RemoveRequest{}, 0, "ENOENT"},
			{"missing/deeper", RemoveRequest{Recursive: true}, 0, "ENOENT"},
			{"missing", RemoveRequest{MissingOk: true}, 0, ""},
			{"missing/deeper", RemoveRequest{MissingOk: true, Recursive: true}, 0, ""},
			{"file/x", RemoveRequest{MissingOk: true}, 0, "ENOTDIR"},
			{"file", RemoveRequest{}, 1, ""},
			{"empty", RemoveRequest{}, 1, ""},
			{"folder", RemoveRequest{}, 0, "ENOTEMPTY"},
			{"folder", RemoveRequest{Recursive: true}, 5, ""},
		} {
			removed, err := remove(test.name, test.request)
			if test.code != "" {
				wantCode(t, err, test.code)
			} else if err != nil || removed != test.removed {
				t.Errorf("%s: %d removed, %v", test.name, removed, err)
			}
		}
		if left := b.list(ListRequest{Path: b.path()}); len(left) != 0 {
			t.Fatal(left)
		}
		b.untouched()
	})
}

func TestRemoveSaysWhatItMayNotDelete(t *testing.T) {
	b := newBox(t)
	b.put("folder/locked/file", "")
	b.asUser(func() error { return os.Chmod(b.path("folder", "locked"), 0o555) })
	_, err := b.Remove(background, RemoveRequest{Path: b.path("folder"), Recursive: true})
	if known := wantCode(t, err, "EACCES"); known.Path != b.path("folder", "locked", "file") {
		t.Fatal(known.Path)
	}
}

func TestACancelledRemoveStops(t *testing.T) {
	b := newBox(t)
	b.put("file", "")
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := b.Remove(ctx, RemoveRequest{Path: b.path("file"), MissingOk: true})
	wantCode(t, err, "ECANCELED")
	if b.get("file") != "" {
		t.Fatal("removed all the same")
	}
}
