package landlock

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestAProcessOutsideIsOutOfReachAndFilesAreNot(t *testing.T) {
	version, _, errno := syscall.RawSyscall(createRuleset, 0, 0, askVersion)
	if errno != 0 || version < versionOfMoves {
		t.Skip("this kernel has no Landlock")
	}
	folder := t.TempDir()
	for _, name := range []string{"from", "to"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, handled := range []struct {
		what  string
		enter func() error
	}{
		{"what this kernel has", Enter},
		{"what an older kernel has", func() error { return enter(attributes{files: moveBetweenFolder}, 8) }},
	} {
		outside := exec.Command("sleep", "60")
		if err := outside.Start(); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with its domain
			errs <- attack(outside.Process.Pid, folder, handled.enter)
		}()
		if err := <-errs; err != nil {
			t.Errorf("%s: %v", handled.what, err)
		}
		outside.Process.Kill()
		outside.Wait()
	}
}

func attack(pid int, folder string, enter func() error) error {
	const setNoNewPrivileges = 38
	syscall.RawSyscall(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0)
	memory := fmt.Sprintf("/proc/%d/mem", pid)
	descriptor, err := syscall.Open(memory, syscall.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	syscall.Close(descriptor)
	if err := enter(); err != nil {
		return err
	}
	if _, err := syscall.Open(memory, syscall.O_RDWR, 0); err != syscall.EACCES {
		return fmt.Errorf("the memory outside: %v", err)
	}
	file := filepath.Join(folder, "from", "file")
	descriptor, err = syscall.Open(file, syscall.O_CREAT|syscall.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	syscall.Close(descriptor)
	return syscall.Rename(file, filepath.Join(folder, "to", "file"))
}
