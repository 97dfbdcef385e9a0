package seccomp

const (
	auditArchitecture = 0xc000003e
	// Above it are the numbers of the x32 ABI, which would pass a filter of numbers.
	otherABIAbove = 0x3fffffff

	sysSeccomp     = 317
	sysClone       = 56
	sysClone3      = 435
	sysPersonality = 135
	sysSocket      = 41
	sysPrlimit     = 302
	sysSocketpair  = 53
)

var refused = []uint32{
	101, // ptrace
	310, // process_vm_readv
	311, // process_vm_writev
	312, // kcmp
	438, // pidfd_getfd
	165, // mount
	166, // umount2
	155, // pivot_root
	428, // open_tree
	429, // move_mount
	430, // fsopen
	431, // fsconfig
	432, // fsmount
	433, // fspick
	442, // mount_setattr
	272, // unshare
	308, // setns
	248, // add_key
	249, // request_key
	250, // keyctl
	321, // bpf
	425, // io_uring_setup
	426, // io_uring_enter
	427, // io_uring_register
	323, // userfaultfd
	298, // perf_event_open
	246, // kexec_load
	320, // kexec_file_load
	175, // init_module
	313, // finit_module
	176, // delete_module
	169, // reboot
	167, // swapon
	168, // swapoff
	170, // sethostname
	171, // setdomainname
	164, // settimeofday
	227, // clock_settime
	305, // clock_adjtime
	159, // adjtimex
	163, // acct
	179, // quotactl
	443, // quotactl_fd
	303, // name_to_handle_at
	304, // open_by_handle_at
	212, // lookup_dcookie
	103, // syslog
	300, // fanotify_init
	153, // vhangup
	180, // nfsservctl
	172, // iopl
	173, // ioperm
	134, // uselib
	156, // _sysctl
	174, // create_module
	177, // get_kernel_syms
	178, // query_module
}
