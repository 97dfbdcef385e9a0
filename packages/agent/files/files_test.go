package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	boxUID        = 12345
	secretContent = "kept outside the workspace"
)

// TestMain fails when the tests left descriptors open: in a box each would be one less for ever.
func TestMain(m *testing.M) {
	before := openDescriptors()
	code := m.Run()
	const ofTheGoRuntime = 4
	if after := openDescriptors(); after > before+ofTheGoRuntime && code == 0 {
		fmt.Printf("%d descriptors were open before the tests, %d after\n", before, after)
		code = 1
	}
	os.Exit(code)
}

func openDescriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// box is a workspace on the real disk, its files package, and a folder beside it that nobody may touch.
type box struct {
	*Files
	t         *testing.T
	workspace string
	outside   string
}

// eachBox runs a test in both modes of the agent that this process can take, with and without openat2.
func eachBox(t *testing.T, test func(t *testing.T, b *box)) {
	t.Helper()
	for _, walkOnly := range []bool{false, true} {
		name := map[bool]string{false: "openat2", true: "walk"}[walkOnly]
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			b.walkOnly = b.walkOnly || walkOnly
			test(t, b)
		})
	}
}

func newBox(t *testing.T) *box {
	t.Helper()
	return newBoxIn(t, os.TempDir())
}

// newBoxInMemory is as fast as a box's tmpfs, where there is one.
func newBoxInMemory(t *testing.T) *box {
	t.Helper()
	const memory = "/dev/shm"
	if stat, err := os.Stat(memory); err != nil || stat.Mode().Perm()&0o002 == 0 {
		return newBox(t)
	}
	return newBoxIn(t, memory)
}

func newBoxIn(t *testing.T, parent string) *box {
	t.Helper()
	folder, err := os.MkdirTemp(parent, "files-test-")
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(folder, 0o755))
	b := &box{t: t, workspace: filepath.Join(folder, "workspace"), outside: filepath.Join(folder, "outside")}
	options := Options{Workspace: b.workspace, Scratch: []string{filepath.Join(folder, "scratch")}, UID: os.Getuid(), GID: os.Getgid()}
	if os.Getuid() == 0 {
		options.UID, options.GID, options.SplitUID = boxUID, boxUID, true
	}
	for _, path := range []string{b.workspace, options.Scratch[0], b.outside} {
		must(t, os.Mkdir(path, 0o755))
		must(t, os.Chown(path, options.UID, options.GID))
	}
	must(t, os.WriteFile(filepath.Join(b.outside, "secret"), []byte(secretContent), 0o644))
	must(t, os.Chown(filepath.Join(b.outside, "secret"), options.UID, options.GID))
	b.Files = New(options)
	t.Cleanup(func() {
		b.closeRoots()
		if os.Getuid() != 0 {
			exec.Command("chmod", "-R", "u+rwx", folder).Run()
		}
		// os.RemoveAll takes too long for very deep folders.
		if output, err := exec.Command("rm", "-rf", folder).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", err, output)
		}
	})
	return b
}

func (b *box) closeRoots() {
	for _, root := range append(b.roots, b.whole) {
		syscall.Close(root.descriptor)
	}
}

func (b *box) path(names ...string) string {
	return filepath.Join(append([]string{b.workspace}, names...)...)
}

// asUser does something to the disk as user code would.
func (b *box) asUser(task func() error) {
	b.t.Helper()
	must(b.t, b.identity.run(func(asUser) error { return task() }))
}

func (b *box) put(name, content string) {
	b.t.Helper()
	_, err := b.Write(context.Background(), WriteRequest{Path: b.path(name), Parents: true}, strings.NewReader(content))
	must(b.t, err)
}

func (b *box) get(name string) string {
	b.t.Helper()
	out := &bytes.Buffer{}
	_, err := b.Read(context.Background(), ReadRequest{Path: b.path(name)}, out)
	must(b.t, err)
	return out.String()
}

func (b *box) list(request ListRequest) []Entry {
	b.t.Helper()
	out := &bytes.Buffer{}
	result, err := b.List(context.Background(), request, out)
	must(b.t, err)
	var entries []Entry
	for decoder := json.NewDecoder(out); decoder.More(); {
		var entry Entry
		must(b.t, decoder.Decode(&entry))
		entries = append(entries, entry)
	}
	if int64(len(entries)) != result.Entries {
		b.t.Fatalf("%d entries sent, %d counted", len(entries), result.Entries)
	}
	return entries
}

// untouched fails the test when anything beside the workspace changed.
func (b *box) untouched() {
	b.t.Helper()
	names, err := os.ReadDir(b.outside)
	must(b.t, err)
	content, err := os.ReadFile(filepath.Join(b.outside, "secret"))
	must(b.t, err)
	if len(names) != 1 || string(content) != secretContent {
		b.t.Fatalf("the folder outside was changed: %v, %q", names, content)
	}
}

// noLeftovers fails the test when a temporary file stayed behind.
func (b *box) noLeftovers() {
	b.t.Helper()
	must(b.t, filepath.WalkDir(b.workspace, func(path string, _ os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".llm-sandbox-") {
			b.t.Errorf("%s stayed behind", path)
		}
		return err
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code string) *Error {
	t.Helper()
	var known *Error
	if !errors.As(err, &known) || known.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return known
}
