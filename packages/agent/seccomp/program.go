package seccomp

import "syscall"

// Instruction is one instruction of classic BPF.
type Instruction struct {
	Code        uint16
	True, False uint8
	Constant    uint32
}

const (
	load      = 0x20 // A = 32 bits of the call's description
	jumpEqual = 0x15
	jumpAbove = 0x25 // A > constant
	jumpMask  = 0x45 // A & constant
	giveBack  = 0x06

	offsetNumber       = 0
	offsetArchitecture = 4
	offsetArguments    = 16

	allow       = 0x7fff0000
	killProcess = 0x80000000
	failWith    = 0x00050000

	newNamespaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
	// A process could otherwise give its child to the agent or to a fork server.
	siblingOfParent = 0x00008000
)

var (
	refuse = failWith | uint32(syscall.EPERM)
	absent = failWith | uint32(syscall.ENOSYS)
)

// Program is the filter for this architecture: what a hostile program could use against the kernel or against
// its neighbours fails with EPERM, calls of another architecture kill it.
func Program() []Instruction {
	code := []Instruction{
		{load, 0, 0, offsetArchitecture},
		{jumpEqual, 1, 0, auditArchitecture},
		{giveBack, 0, 0, killProcess},
		{load, 0, 0, offsetNumber},
	}
	if otherABIAbove != 0 {
		code = append(code, Instruction{jumpAbove, 0, 1, otherABIAbove}, Instruction{giveBack, 0, 0, refuse})
	}
	when := func(number uint32, body ...Instruction) {
		code = append(code, Instruction{jumpEqual, 0, uint8(len(body)), number})
		code = append(code, body...)
	}
	for _, number := range refused {
		when(number, Instruction{giveBack, 0, 0, refuse})
	}
	// Its flags are in memory, which a filter cannot see; C libraries then use clone.
	when(sysClone3, Instruction{giveBack, 0, 0, absent})
	when(sysClone,
		Instruction{load, 0, 0, offsetArguments},
		Instruction{jumpMask, 0, 1, newNamespaces | siblingOfParent},
		Instruction{giveBack, 0, 0, refuse},
		Instruction{giveBack, 0, 0, allow})
	when(sysPersonality,
		Instruction{load, 0, 0, offsetArguments},
		Instruction{jumpEqual, 2, 0, 0},
		Instruction{jumpEqual, 1, 0, 0xffffffff},
		Instruction{giveBack, 0, 0, refuse},
		Instruction{giveBack, 0, 0, allow})
	// Of the same user, a program could take the agent's own limits away. Asking, and one's own limits, stay possible.
	when(sysPrlimit,
		Instruction{load, 0, 0, offsetArguments},
		Instruction{jumpEqual, 5, 0, 0},
		Instruction{load, 0, 0, offsetArguments + 2*8},
		Instruction{jumpEqual, 0, 2, 0},
		Instruction{load, 0, 0, offsetArguments + 2*8 + 4},
		Instruction{jumpEqual, 1, 0, 0},
		Instruction{giveBack, 0, 0, refuse},
		Instruction{giveBack, 0, 0, allow})
	for _, number := range []uint32{sysSocket, sysSocketpair} {
		when(number,
			Instruction{load, 0, 0, offsetArguments},
			Instruction{jumpEqual, 6, 0, syscall.AF_UNIX},
			Instruction{jumpEqual, 5, 0, syscall.AF_INET},
			Instruction{jumpEqual, 4, 0, syscall.AF_INET6},
			Instruction{jumpEqual, 0, 2, syscall.AF_NETLINK},
			Instruction{load, 0, 0, offsetArguments + 2*8},
			Instruction{jumpEqual, 1, 0, syscall.NETLINK_ROUTE}, // getifaddrs
			Instruction{giveBack, 0, 0, refuse},
			Instruction{giveBack, 0, 0, allow})
	}
	return append(code, Instruction{giveBack, 0, 0, allow})
}
