interface SeccompRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ";
  }[];
}

/** A seccomp profile in the form of Docker and of the OCI. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly syscalls: readonly SeccompRule[];
}

// Linux's numbers, from include/linux/socket.h, uapi/linux/netlink.h, uapi/linux/sched.h, uapi/asm-generic/errno.h.
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
/** CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS. */
const newNamespaces = 0x7e020000;
const ENOSYS = 38;

/**
 * What the first words of each line are for, and the calls that ordinary programs (interpreters, virtual machines,
 * compilers) make for it. What is not here is refused: mounts, namespaces, keyrings, BPF, ptrace and reading other
 * processes' memory, kernel modules, clocks, handles, performance counters, io_uring, userfaultfd.
 */
const ordinary: Readonly<Record<string, string>> = {
  "files: open, read, write": `access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat
    faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fcntl64
    fdatasync fgetxattr file_getattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs
    fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat ioctl lchown
    lgetxattr link linkat listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir
    mkdirat mknod mknodat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
    readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile
    sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range
    sync_file_range2 syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes
    vmsplice write writev`,
  "owners, which the agent needs": `capget capset chown32 fchown32 lchown32 getegid getegid32 geteuid geteuid32 getgid
    getgid32 getgroups getgroups32 getresgid getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32
    setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid
    setresuid32 setreuid setreuid32 setuid setuid32`,
  memory: `brk cachestat madvise map_shadow_stack memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2
    mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
    remap_file_pages`,
  "processes and threads": `arch_prctl execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait
    futex_waitv futex_wake get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getpriority
    getrlimit getrusage getsid gettid ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset
    landlock_restrict_self membarrier pidfd_open pidfd_send_signal prctl prlimit64 riscv_flush_icache
    riscv_hwprobe rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
    sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
    sched_setattr sched_setparam sched_setscheduler sched_yield seccomp set_robust_list set_thread_area
    set_tid_address setpgid setpriority setrlimit setsid sysinfo tgkill times tkill ugetrlimit uname vfork wait4
    waitid waitpid`,
  signals: `pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signal signalfd signalfd4 sigreturn`,
  time: `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create
    timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
    timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64`,
  waiting: `_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
    epoll_wait_old eventfd eventfd2 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch poll ppoll
    ppoll_time64 pselect6 pselect6_time64 select`,
  "older asynchronous files": `io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit`,
  "talk between processes": `mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
    mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 semctl semget semop semtimedop
    semtimedop_time64 shmat shmctl shmdt shmget`,
  "sockets of the families below": `accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom
    recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown`,
  "the rest": `getrandom`,
};

function socketOf(family: number, protocol?: number): SeccompRule {
  return {
    names: ["socket"],
    action: "SCMP_ACT_ALLOW",
    args: [
      { index: 0, value: family, op: "SCMP_CMP_EQ" },
      ...(protocol === undefined ? [] : [{ index: 2, value: protocol, op: "SCMP_CMP_EQ" } as const]),
    ],
  };
}

/**
 * Refuses every system call that ordinary programs do not need, on whatever kernel. No architecture is named, so only
 * the machine's own is allowed: 32-bit calls, which would bypass the checks of arguments, end the program.
 */
export const seccompProfile: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  syscalls: [
    { names: Object.values(ordinary).flatMap((names) => names.split(/\s+/)), action: "SCMP_ACT_ALLOW" },
    // Not AF_VSOCK, which reaches a hypervisor; not AF_ALG, AF_PACKET and the many others, which only add surface.
    socketOf(AF_UNIX),
    socketOf(AF_INET),
    socketOf(AF_INET6),
    // Listing the network interfaces.
    socketOf(AF_NETLINK, NETLINK_ROUTE),
    {
      names: ["socketpair"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: AF_UNIX, op: "SCMP_CMP_EQ" }],
    },
    {
      names: ["clone"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: newNamespaces, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
    },
    // Their arguments are behind a pointer that no filter can follow; told that they do not exist, programs fall back.
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    {
      names: ["io_uring_setup", "io_uring_enter", "io_uring_register"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: ENOSYS,
    },
    // PER_LINUX, PER_LINUX32, UNAME26 with both, and the question what it is.
    ...[0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value): SeccompRule => ({
      names: ["personality"],
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
    })),
  ],
};
