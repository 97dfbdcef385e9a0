package files

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const workspaceVariable = "FILES_TEST_WORKSPACE"

// asAnother runs tests of this program in a process of another kind.
func asAnother(command *exec.Cmd, arguments ...string) error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(command.Dir), "program") // where other users may start it
	if err := os.WriteFile(program, self, 0o755); err != nil {
		return err
	}
	command.Path = program
	command.Args = append([]string{program, "-test.count=1"}, arguments...)
	command.Env = append(os.Environ(), "TMPDIR="+command.Dir, workspaceVariable+"="+command.Dir)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// The same tests as a user without any privilege, where the agent is that user already.
func TestEverythingAsAnUnprivilegedUser(t *testing.T) {
	needRoot(t)
	b := newBox(t)
	command := &exec.Cmd{Dir: b.workspace}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: boxUID, Gid: boxUID}}
	must(t, asAnother(command, "-test.skip=Deep|Race|Fuzz|Process"))
}

// Root in a box has CAP_SETUID and CAP_SETGID only, and the workspace is closed to it.
func TestInAProcessWithTheCapabilitiesOfABox(t *testing.T) {
	needRoot(t)
	b := newBox(t)
	must(t, os.Chmod(b.workspace, 0o700))
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: this thread loses its bounding set
		for capability := range uintptr(64) {
			if capability != capabilitySetGID && capability != capabilitySetUID {
				syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_CAPBSET_DROP, capability, 0)
			}
		}
		done <- asAnother(&exec.Cmd{Dir: b.workspace}, "-test.run=^TestProcessWithFewCapabilities$")
	}()
	must(t, <-done)
}

func TestProcessWithFewCapabilities(t *testing.T) {
	workspace := os.Getenv(workspaceVariable)
	if workspace == "" || os.Getuid() != 0 {
		t.Skip("started by TestInAProcessWithTheCapabilitiesOfABox")
	}
	if _, err := os.ReadDir(workspace); !os.IsPermission(err) {
		t.Fatalf("root has more capabilities than in a box: %v", err)
	}
	for _, effective := range []bool{false, true} {
		f := New(Options{Workspace: workspace, UID: boxUID, GID: boxUID, SplitUID: true})
		f.identity.effective = effective
		b := &box{Files: f, t: t, workspace: workspace}
		name := strconv.FormatBool(effective)
		b.put(name+"/file", "content")
		_, err := b.Write(background, WriteRequest{Path: b.path(name, "file"), Append: true}, strings.NewReader(" and more"))
		must(t, err)
		archive, _ := b.pack(PackRequest{Path: b.path(name)})
		_, err = b.Mkdir(background, MkdirRequest{Path: b.path("copy")})
		must(t, err)
		_, err = b.Unpack(background, UnpackRequest{Path: b.path("copy")}, archive)
		must(t, err)
		_, err = b.Rename(background, RenameRequest{From: b.path("copy"), To: b.path(name, "moved")})
		must(t, err)
		if got := b.get(name + "/moved/file"); got != "content and more" {
			t.Fatal(got)
		}
		if entries := b.list(ListRequest{Path: b.path(), Recursive: true}); len(entries) != 4 {
			t.Fatal(entries)
		}
		removed, err := b.Remove(background, RemoveRequest{Path: b.path(name), Recursive: true})
		if err != nil || removed.Removed != 4 {
			t.Fatal(removed, err)
		}
		_, err = b.Read(background, ReadRequest{Path: "/etc/shadow"}, io.Discard)
		wantCode(t, err, "EACCES")
		everyThreadIsRoot(t)
		b.closeRoots()
	}
}
