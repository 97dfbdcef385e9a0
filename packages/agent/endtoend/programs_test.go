package endtoend

// forkServer is the smallest fork server of docs/protocol.md; its kernel executes the Python source in its job.
const forkServer = `
import array, ctypes, json, os, resource, signal, socket, sys
sock = socket.socket(fileno=3)
libc = ctypes.CDLL(None)
if os.getuid() != 0:
    libc.prctl(4, 0)
trace = os.environ.get("MISBEHAVE")
started_as = {"uid": os.getuid(), "env": dict(os.environ)}
def child():
    message, ancillary, flags, address = sock.recvmsg(65536, socket.CMSG_SPACE(16))
    if not message:
        os._exit(0)
    fds = array.array("i")
    for level, kind, data in ancillary:
        fds.frombytes(data)
    if trace == "deaf":
        signal.pause()
    if trace == "liar":
        sock.send(json.dumps({"taken": os.getpid() + 1}).encode())
        signal.pause()
    sock.send(json.dumps({"taken": os.getpid()}).encode())
    os.write(told, b"%d\n" % os.getpid())
    sock.detach()
    fds = [os.dup2(fd, 20 + index) for index, fd in enumerate(fds)]
    for index, fd in enumerate(fds):
        os.dup2(fd, index)
    os.closerange(4, 64)
    packet = json.loads(message)
    os.setsid()
    libc.prctl(4, 1)
    open("/proc/self/oom_score_adj", "w").write("1000")
    os.nice(10)
    limits = packet["limits"]
    for name, value in (("NPROC", limits["processes"]), ("NOFILE", limits["openFiles"]), ("FSIZE", limits["fileBytes"]), ("CORE", 0)):
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))
    if packet["tag"] is not None:
        os.setgroups([packet["tag"]])
        os.setresgid(packet["gid"], packet["gid"], packet["gid"])
        os.setresuid(packet["uid"], packet["uid"], packet["uid"])
    libc.prctl(4, 1)
    os.environ.clear()
    os.environ.update(packet["env"])
    os.chdir(packet["cwd"])
    job = json.loads(socket.socket(fileno=os.dup(3)).makefile().readline())
    sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), open(1, "w", closefd=False), open(2, "w", closefd=False)
    try:
        exec(job["code"], {"started_as": started_as})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)
inside, told = os.pipe()
os.set_blocking(inside, False)
def fork():
    pid = os.fork()
    if pid == 0:
        try:
            child()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
    return pid
waiting = fork()
sock.send(b'{"ready":true}')
if trace == "dies":
    os._exit(3)
import select
running = set()
signal.signal(signal.SIGCHLD, lambda *_: None)
reading, waking = os.pipe()
os.set_blocking(waking, False)
signal.set_wakeup_fd(waking)
while True:
    select.select([inside, reading], [], [])
    os.set_blocking(reading, False)
    try:
        os.read(reading, 4096)
    except BlockingIOError:
        pass
    ended = []
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        ended.append((pid, status, usage))
    try:
        for pid in os.read(inside, 4096).split():
            running.add(int(pid))
            waiting = fork()
    except BlockingIOError:
        pass
    for pid, status, usage in ended:
        if pid in running:
            running.discard(pid)
            sock.send(json.dumps({"ended": pid, "status": status, "cpuMs": usage.ru_utime * 1000, "peakMemoryBytes": usage.ru_maxrss * 1024}).encode())
`

// coldKernel does the same without a server.
const coldKernel = `
import json, os, socket
job = json.loads(socket.socket(fileno=os.dup(3)).makefile().readline())
exec(job["code"], {"started_as": None})
`
