package files

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root takes on another identity")
	}
}

// eachIdentity runs a test with both ways to change a thread's identity; gVisor has only the second.
func eachIdentity(t *testing.T, test func(t *testing.T, b *box)) {
	needRoot(t)
	for _, effective := range []bool{false, true} {
		t.Run(map[bool]string{false: "setfsuid", true: "setresuid"}[effective], func(t *testing.T) {
			b := newBox(t)
			b.identity.effective = effective
			test(t, b)
			everyThreadIsRoot(t)
		})
	}
}

func everyThreadIsRoot(t *testing.T) {
	t.Helper()
	threads, err := filepath.Glob("/proc/self/task/*/status")
	must(t, err)
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread ended meanwhile
		}
		if !strings.Contains(string(status), "\nUid:\t0\t0\t0\t0\n") || !strings.Contains(string(status), "\nGid:\t0\t0\t0\t0\n") {
			t.Errorf("%s kept another identity:\n%s", thread, status)
		}
	}
}

func TestWhatIsMadeBelongsToTheUser(t *testing.T) {
	eachIdentity(t, func(t *testing.T, b *box) {
		b.put("folder/file", "x")
		_, err := b.unpack(tarOf(member{name: "implied/file"}, member{kind: tar.TypeDir, name: "made"},
			member{kind: tar.TypeSymlink, name: "link", target: "made"}))
		must(t, err)
		for _, name := range []string{"folder", "folder/file", "implied", "implied/file", "made", "link"} {
			var stat syscall.Stat_t
			must(t, syscall.Lstat(b.path(name), &stat))
			if stat.Uid != boxUID || stat.Gid != boxUID {
				t.Errorf("%s belongs to %d:%d", name, stat.Uid, stat.Gid)
			}
		}
	})
}

func TestRootsFilesAreClosed(t *testing.T) {
	eachIdentity(t, func(t *testing.T, b *box) {
		closed := filepath.Join(b.outside, "closed")
		must(t, os.Mkdir(closed, 0o700))
		defer os.RemoveAll(closed)
		must(t, os.WriteFile(filepath.Join(closed, "file"), []byte("x"), 0o644))
		must(t, os.WriteFile(b.path("roots"), []byte("x"), 0o600))
		must(t, os.Mkdir(b.path("roots-folder"), 0o755))
		must(t, os.WriteFile(b.path("roots-folder", "file"), nil, 0o644))
		out := &bytes.Buffer{}
		_, err := b.Read(background, ReadRequest{Path: filepath.Join(closed, "file")}, out)
		wantCode(t, err, "EACCES")
		_, err = b.List(background, ListRequest{Path: closed}, out)
		wantCode(t, err, "EACCES")
		_, err = b.Read(background, ReadRequest{Path: b.path("roots")}, out)
		wantCode(t, err, "EACCES")
		_, err = b.Write(background, WriteRequest{Path: b.path("roots"), Append: true}, strings.NewReader("x"))
		wantCode(t, err, "EACCES")
		_, err = b.Write(background, WriteRequest{Path: b.path("roots-folder", "new")}, strings.NewReader("x"))
		wantCode(t, err, "EACCES")
		_, err = b.Remove(background, RemoveRequest{Path: b.path("roots-folder"), Recursive: true})
		wantCode(t, err, "EACCES")
		if out.Len() > 0 {
			t.Fatalf("%q was sent", out)
		}
		_, err = b.Read(background, ReadRequest{Path: "/etc/os-release"}, out)
		if _, missing := os.Lstat("/usr/lib/os-release"); missing == nil {
			wantCode(t, err, "EESCAPE") // it is a link on most systems
			_, err = b.Read(background, ReadRequest{Path: "/usr/lib/os-release"}, out)
			must(t, err)
		}
	})
}

// A group of the agent's own must not open a file for the user.
func TestSupplementaryGroupsAreLeftAside(t *testing.T) {
	eachIdentity(t, func(t *testing.T, b *box) {
		const group = 54321
		must(t, os.WriteFile(b.path("groups"), []byte("x"), 0o040))
		must(t, os.Chown(b.path("groups"), 0, group))
		// For every thread of the process, as the agent would have got them.
		before, err := syscall.Getgroups()
		must(t, err)
		must(t, syscall.Setgroups([]int{group, 11}))
		defer func() { must(t, syscall.Setgroups(before)) }()
		_, err = b.Read(background, ReadRequest{Path: b.path("groups")}, &bytes.Buffer{})
		wantCode(t, err, "EACCES")
		after, err := syscall.Getgroups()
		if err != nil || fmt.Sprint(after) != fmt.Sprint([]int{11, group}) && fmt.Sprint(after) != fmt.Sprint([]int{group, 11}) {
			t.Fatal(after, err)
		}
	})
}

// The task gives up CAP_SETGID, so that its thread's groups cannot be given back.
func TestAThreadThatCannotBeRestoredServesNobodyElse(t *testing.T) {
	needRoot(t)
	b := newBox(t)
	type outcome struct {
		thread int
		err    error
	}
	done, release := make(chan outcome), make(chan struct{})
	defer close(release)
	attempt := func() {
		runtime.LockOSThread()
		if syscall.Gettid() == os.Getpid() {
			// The runtime parks the process's first thread for ever instead of ending it: hold it and take another.
			done <- outcome{}
			<-release
			return
		}
		group := uint32(54321)
		syscall.RawSyscall(syscall.SYS_SETGROUPS, 1, uintptr(unsafe.Pointer(&group)), 0)
		result := outcome{thread: syscall.Gettid()}
		result.err = b.identity.run(func(asUser) error { return dropCapability(capabilitySetGID) })
		runtime.UnlockOSThread() // its own lock; that of run must hold the goroutine to the thread
		done <- result
	}
	go attempt()
	got := <-done
	if got.thread == 0 {
		go attempt()
		got = <-done
	}
	wantCode(t, asError(got.err, ""), "EPERM")
	status := fmt.Sprintf("/proc/self/task/%d", got.thread)
	for {
		if _, err := os.Stat(status); err != nil {
			break // the thread ended with its goroutine
		}
		runtime.Gosched()
	}
	everyThreadIsRoot(t)
	b.put("file", "the others go on")
}

const (
	capabilitySetGID = 6
	capabilitySetUID = 7
)

// dropCapability is for the calling thread alone.
func dropCapability(number uint) error {
	header := struct{ version, pid uint32 }{0x20080522, 0}
	var sets [2]struct{ effective, permitted, inheritable uint32 }
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
	if errno != 0 {
		return errno
	}
	sets[0].effective &^= 1 << number
	sets[0].permitted &^= 1 << number
	_, _, errno = syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
