package endtoend

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

func TestDangerousSystemCallsAreRefused(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the numbers in the test are those of amd64")
	}
	inBothModes(t, func(t *testing.T, box *box) {
		run := box.open(python(`
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def expect(wanted, name, *call):
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_long(value) for value in call])
    got = ctypes.get_errno() if result == -1 else 0
    if got != wanted:
        print(name, result, errno.errorcode.get(got, got))
for name, number in dict(ptrace=101, process_vm_readv=310, process_vm_writev=311, kcmp=312, pidfd_getfd=438, mount=165, umount2=166,
    pivot_root=155, open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, mount_setattr=442,
    setns=308, add_key=248, request_key=249, keyctl=250, bpf=321, io_uring_setup=425, io_uring_enter=426, io_uring_register=427,
    userfaultfd=323, perf_event_open=298, kexec_load=246, kexec_file_load=320, init_module=175, finit_module=313, delete_module=176,
    reboot=169, swapon=167, swapoff=168, sethostname=170, setdomainname=171, settimeofday=164, clock_settime=227, adjtimex=159,
    clock_adjtime=305, acct=163, quotactl=179, name_to_handle_at=303, open_by_handle_at=304, lookup_dcookie=212, syslog=103,
    iopl=172, ioperm=173, fanotify_init=300).items():
    expect(errno.EPERM, name, number, 0, 0, 0, 0, 0)
for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
    expect(errno.EPERM, "unshare %x" % flag, 272, flag)
    expect(errno.EPERM, "clone %x" % flag, 56, flag | 17, 0, 0, 0, 0)
expect(errno.EPERM, "clone with the parent's parent", 56, 0x8000 | 17, 0, 0, 0, 0)
expect(errno.ENOSYS, "clone3", 435, 0, 0)
expect(errno.EPERM, "personality", 135, 0x40000)
expect(0, "personality query", 135, 0xffffffff)
expect(errno.EPERM, "x32 getpid", 0x40000000 | 39)
for family in (3, 4, 5, 9, 15, 17, 21, 29, 30, 31, 38, 40, 44, 45):
    expect(errno.EPERM, "socket %d" % family, 41, family, 1, 0)
    expect(errno.EPERM, "socketpair %d" % family, 53, family, 1, 0, 0)
expect(errno.EPERM, "netlink audit", 41, 16, 3, 9)
expect(errno.EPERM, "netlink nflog", 41, 16, 3, 12)
for family in (1, 2, 10):
    expect(0, "socket %d" % family, 41, family, 1, 0)
expect(0, "netlink route", 41, 16, 3, 0)
print("end")
`))
		if run.wait(); run.text(1) != "end\n" {
			t.Fatalf("output %q, errors %q", run.text(1), run.text(2))
		}
	})
}

// TestAnotherArchitecturesCallsKill: int 0x80 enters the kernel with the numbers of i386.
func TestAnotherArchitecturesCallsKill(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("int 0x80 is an instruction of amd64")
	}
	box := openBox(t, false, nil)
	run := box.open(python(`
import ctypes, mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
print("came back")
`))
	if result := run.wait(); result["signal"] != "SIGSYS" || run.text(1) != "" {
		t.Fatalf("RESULT %v, output %q", result, run.text(1))
	}
}

// TestUsualProgramsWork under the filter: threads, subprocesses, sockets, several run-times.
func TestUsualProgramsWork(t *testing.T) {
	programs := map[string][]string{
		"python": {"/usr/bin/python3", "-I", "-c", `
import concurrent.futures, multiprocessing, os, socket, subprocess, threading, time, ctypes, tempfile, mmap, asyncio, ssl, hashlib
def worker(value): return value * value
with concurrent.futures.ThreadPoolExecutor(4) as pool: assert list(pool.map(worker, range(4))) == [0, 1, 4, 9]
with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(worker, range(4)) == [0, 1, 4, 9]
assert subprocess.check_output(["echo", "x"]) == b"x\n"
server = socket.create_server(("127.0.0.1", 0)) if False else socket.socketpair()
socket.if_nameindex()
asyncio.run(asyncio.sleep(0.01))
assert len(os.getrandom(8)) == 8
open("file", "w").write("x"); os.link("file", "other"); os.symlink("file", "link"); os.rename("other", "renamed")
print("works")`},
		"shell": {"bash", "-c", "x=$(echo works | cat); echo $x"},
		"node":  {"node", "-e", "const {Worker,isMainThread}=require('worker_threads');require('child_process').execSync('true');require('os').networkInterfaces();new Worker('require(\"worker_threads\").parentPort.postMessage(1)',{eval:true}).on('message',()=>console.log('works'))"},
		"perl":  {"perl", "-e", "print `echo works`"},
		"java":  {"java", "-XX:+UseSerialGC", "-Xmx64m", "-version"},
		"gcc":   {"sh", "-c", "echo '#include <stdio.h>\nint main(){puts(\"works\");}' > a.c && gcc a.c -o a && ./a"},
	}
	inBothModes(t, func(t *testing.T, box *box) {
		for name, program := range programs {
			if path, err := exec.LookPath(program[0]); err != nil || name == "node" && strings.HasPrefix(path, "/root") {
				t.Logf("%s is not on this machine", name)
				continue
			}
			run := box.open(spawn(program...))
			result := run.wait()
			if result["exitCode"] != 0.0 || name != "java" && strings.TrimSpace(run.text(1)) != "works" {
				t.Errorf("%s: RESULT %v, output %q, errors %q", name, result, run.text(1), run.text(2))
			}
		}
	})
}
