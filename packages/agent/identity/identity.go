// Package identity knows as whom the agent works and acts as the user where it is root.
package identity

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// User is who runs the user's code.
type User struct {
	UID, GID int
	// Split is true when the agent is root and the user is somebody else.
	Split bool

	acts chan func()
}

const (
	capabilitySetGID = 1 << 6
	capabilitySetUID = 1 << 7
)

// Become decides the mode: split when the agent is root and may change its identity, same when it is that user.
func Become(uid, gid int) (*User, error) {
	if uid <= 0 || gid <= 0 {
		return nil, fmt.Errorf("user %d:%d must be neither root nor negative", uid, gid)
	}
	user := &User{UID: uid, GID: gid}
	if os.Geteuid() == uid && os.Getuid() == uid {
		if os.Getegid() != gid {
			return nil, fmt.Errorf("the agent's group is %d, not %d", os.Getegid(), gid)
		}
		return user, nil
	}
	if os.Geteuid() != 0 || capabilities()&(capabilitySetGID|capabilitySetUID) != capabilitySetGID|capabilitySetUID {
		return nil, fmt.Errorf("the agent is user %d and can neither be nor become %d", os.Geteuid(), uid)
	}
	user.Split = true
	user.acts = make(chan func())
	go user.actor()
	return user, nil
}

func capabilities() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("\nCapEff:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	value, _ := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
	return value
}

// As runs act with the user's uid as the real and effective one; it must be short.
func (user *User) As(act func()) {
	if !user.Split {
		act()
		return
	}
	done := make(chan struct{})
	user.acts <- func() {
		defer close(done)
		act()
	}
	<-done
}

// Signals are sent as the user because root has no CAP_KILL here, and so that they reach only the user's: the
// real uid counts too, and root's fork servers must be out of reach. One thread does this for ever, so that the
// user, who may change the priority of a thread with his uid, can touch no other.
func (user *User) actor() {
	runtime.LockOSThread()
	for act := range user.acts {
		if err := setThreadUID(user.UID, user.UID, 0); err != nil {
			panic(err)
		}
		act()
		if err := setThreadUID(0, 0, 0); err != nil {
			panic(err)
		}
	}
}

func setThreadUID(real, effective, saved int) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(real), uintptr(effective), uintptr(saved)); errno != 0 {
		return errno
	}
	return nil
}

// Kill sends a signal to a process, or to a group when negative, whether it is still root's or the user's.
func (user *User) Kill(pid int, signal syscall.Signal) error {
	err := syscall.Kill(pid, signal)
	if err == syscall.EPERM && user.Split {
		user.As(func() { err = syscall.Kill(pid, signal) })
	}
	return err
}
