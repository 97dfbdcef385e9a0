package seccomp

const (
	auditArchitecture = 0xc00000b7
	otherABIAbove     = 0

	sysSeccomp     = 277
	sysClone       = 220
	sysClone3      = 435
	sysPersonality = 92
	sysSocket      = 198
	sysPrlimit     = 261
	sysSocketpair  = 199
)

var refused = []uint32{
	117, // ptrace
	270, // process_vm_readv
	271, // process_vm_writev
	272, // kcmp
	438, // pidfd_getfd
	40,  // mount
	39,  // umount2
	41,  // pivot_root
	428, // open_tree
	429, // move_mount
	430, // fsopen
	431, // fsconfig
	432, // fsmount
	433, // fspick
	442, // mount_setattr
	97,  // unshare
	268, // setns
	217, // add_key
	218, // request_key
	219, // keyctl
	280, // bpf
	425, // io_uring_setup
	426, // io_uring_enter
	427, // io_uring_register
	282, // userfaultfd
	241, // perf_event_open
	104, // kexec_load
	294, // kexec_file_load
	105, // init_module
	273, // finit_module
	106, // delete_module
	142, // reboot
	224, // swapon
	225, // swapoff
	161, // sethostname
	162, // setdomainname
	170, // settimeofday
	112, // clock_settime
	266, // clock_adjtime
	171, // adjtimex
	89,  // acct
	60,  // quotactl
	443, // quotactl_fd
	264, // name_to_handle_at
	265, // open_by_handle_at
	18,  // lookup_dcookie
	116, // syslog
	262, // fanotify_init
	58,  // vhangup
	42,  // nfsservctl
}
