package seccomp

import (
	"encoding/binary"
	"syscall"
	"testing"
)

// evaluate is what the kernel would return for a call.
func evaluate(t *testing.T, architecture, number uint32, arguments ...uint64) uint32 {
	t.Helper()
	data := make([]byte, 64)
	binary.LittleEndian.PutUint32(data, number)
	binary.LittleEndian.PutUint32(data[4:], architecture)
	for index, argument := range arguments {
		binary.LittleEndian.PutUint64(data[16+8*index:], argument)
	}
	code, accumulator := Program(), uint32(0)
	for counter := 0; ; counter++ {
		instruction := code[counter]
		var holds bool
		switch instruction.Code {
		case load:
			accumulator = binary.LittleEndian.Uint32(data[instruction.Constant:])
			continue
		case giveBack:
			return instruction.Constant
		case jumpEqual:
			holds = accumulator == instruction.Constant
		case jumpAbove:
			holds = accumulator > instruction.Constant
		case jumpMask:
			holds = accumulator&instruction.Constant != 0
		default:
			t.Fatalf("instruction %x", instruction.Code)
		}
		if holds {
			counter += int(instruction.True)
		} else {
			counter += int(instruction.False)
		}
	}
}

func TestProgramDecides(t *testing.T) {
	for _, test := range []struct {
		name      string
		want      uint32
		number    uint32
		arguments []uint64
	}{
		{"getpid", allow, syscall.SYS_GETPID, nil},
		{"execve", allow, syscall.SYS_EXECVE, nil},
		{"ptrace", refuse, syscall.SYS_PTRACE, nil},
		{"mount", refuse, syscall.SYS_MOUNT, nil},
		{"unshare", refuse, syscall.SYS_UNSHARE, nil},
		{"last of the refused", refuse, refused[len(refused)-1], nil},
		{"clone of a thread", allow, sysClone, []uint64{0x3d0f00}},
		{"clone like fork", allow, sysClone, []uint64{17}},
		{"clone with a user namespace", refuse, sysClone, []uint64{0x10000000 | 17}},
		{"clone of a sibling", refuse, sysClone, []uint64{siblingOfParent | 17}},
		{"clone3", absent, sysClone3, nil},
		{"personality 0", allow, sysPersonality, []uint64{0}},
		{"personality query", allow, sysPersonality, []uint64{0xffffffff}},
		{"personality without randomisation", refuse, sysPersonality, []uint64{0x40000}},
		{"socket unix", allow, sysSocket, []uint64{1, 1, 0}},
		{"socket inet", allow, sysSocket, []uint64{2, 1, 6}},
		{"socket inet6", allow, sysSocket, []uint64{10, 2, 17}},
		{"socket netlink route", allow, sysSocket, []uint64{16, 3, 0}},
		{"socket netlink audit", refuse, sysSocket, []uint64{16, 3, 9}},
		{"socket vsock", refuse, sysSocket, []uint64{40, 1, 0}},
		{"socket alg, high bits set", refuse, sysSocket, []uint64{1<<32 | 38, 5, 0}},
		{"socketpair unix", allow, sysSocketpair, []uint64{1, 1, 0}},
		{"socketpair tipc", refuse, sysSocketpair, []uint64{30, 1, 0}},
	} {
		if got := evaluate(t, auditArchitecture, test.number, test.arguments...); got != test.want {
			t.Errorf("%s: %x", test.name, got)
		}
	}
	if got := evaluate(t, 0x40000003, 20); got != killProcess {
		t.Errorf("another architecture: %x", got)
	}
	if otherABIAbove != 0 {
		if got := evaluate(t, auditArchitecture, otherABIAbove+1+syscall.SYS_GETPID); got != refuse {
			t.Errorf("the other ABI: %x", got)
		}
	}
}

func TestKernelTakesTheProgram(t *testing.T) {
	if len(Program()) > 4096 {
		t.Fatal("too long for the kernel")
	}
	if !Supported() {
		t.Skip("this kernel has no filters")
	}
}
