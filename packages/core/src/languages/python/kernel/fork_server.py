"""The fork server (protocol.md, "Fork servers"): keeps one forked child waiting for the next run."""

import _signal
import json
import os
import select
import sys

import _socket

from llm_sandbox_kernel.become_run import become_run
from llm_sandbox_kernel.dumpable import set_dumpable
from llm_sandbox_kernel.rehearsal import rehearse

# The most used of the standard library: imported once, found by every run. Not hashlib: OpenSSL takes 5 MB.
IMPORT_AHEAD = """
abc array ast base64 bisect calendar collections collections.abc contextlib copy csv dataclasses datetime
decimal enum fnmatch fractions functools glob heapq importlib inspect io itertools json
keyword linecache locale logging math numbers operator os pathlib pickle platform pprint queue random re
shlex shutil signal socket statistics string struct subprocess sys tempfile textwrap threading
time timeit traceback types typing unicodedata urllib.parse uuid warnings weakref zlib
""".split()
PACKET_BYTES = 65536
# The next child is forked when a run has ended, or when somebody asks for one: a fork beside a run that has just begun
# costs that run a third of its speed. This is how long a quiet moment is waited for.
FORK_AFTER_MS = 20


class Child:
    """A waiting child as the server sees it."""

    def __init__(self, pid, leash):
        self.pid = pid
        self.leash = leash  # the write end of a pipe: once it is closed, the child goes

    def let_go(self):
        if self.leash is not None:
            os.close(self.leash)
        self.leash = None


class Server:
    def __init__(self):
        self.socket = _socket.socket(fileno=3)
        self.taken, self.tell_taken = os.pipe()  # a child writes its pid here when it has got a run
        self.woken, self.wake = os.pipe()  # a byte for every SIGCHLD
        for descriptor in (self.taken, self.woken, self.wake):
            os.set_blocking(descriptor, False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
        _signal.set_wakeup_fd(self.wake)
        self.waiting = {}
        self.running = set()
        self.imported = False

    def fork(self):
        """A new waiting child; returns False in that child once it has become a run."""
        held, leash = os.pipe()
        try:
            pid = os.fork()
        except OSError:  # too many processes: tried again soon
            os.close(held)
            os.close(leash)
            return True
        if pid == 0:
            os.close(leash)
            self.await_run(held)
            return False
        os.close(held)
        self.waiting[pid] = Child(pid, leash)
        return True

    def await_run(self, held):
        """In the child: takes the next packet, or ends when the server lets go or has gone."""
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        for child in self.waiting.values():
            child.let_go()
        if self.imported:
            rehearse()
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.register(held, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if 3 in ready:
                packet = self.receive()
                if packet is not None:
                    break
            if held in ready:
                os._exit(0)
        job, descriptors = packet
        send(self.socket, {"taken": os.getpid()})
        os.write(self.tell_taken, b"%d\n" % os.getpid())
        self.socket.detach()
        become_run(job, descriptors)

    def receive(self):
        """The packet and its descriptors, or None when another child was faster."""
        try:
            data, ancillary, _, _ = self.socket.recvmsg(
                PACKET_BYTES,
                _socket.CMSG_SPACE(4 * 4),
                _socket.MSG_DONTWAIT | _socket.MSG_CMSG_CLOEXEC,
            )
        except BlockingIOError:
            return None
        if not data:
            os._exit(0)  # The agent has closed its end.
        descriptors = [
            descriptor
            for level, kind, content in ancillary
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS
            for descriptor in memoryview(content).cast("i")
        ]
        return json.loads(data), descriptors

    def run(self):
        """Serves until the agent closes the socket; returns False in a child that has become a run."""
        poll = select.poll()
        for descriptor in (self.taken, self.woken):
            poll.register(descriptor, select.POLLIN)
        while True:
            # Packets are for the waiting child; the server looks for them only while there is none.
            poll.register(self.socket, 0 if self.waiting else select.POLLIN)
            ready = dict(poll.poll(None if self.waiting else FORK_AFTER_MS))
            if ready.get(3, 0) & (select.POLLHUP | select.POLLERR):
                os._exit(0)
            drain(self.woken)
            ended = reap()
            # A child says that it is taken before it can end, so this is read after the ended were collected.
            for pid in drain(self.taken).split():
                self.release(int(pid))
            for pid, status, usage in ended:
                self.report(pid, status, usage)
            is_time = ended or not ready or 3 in ready
            if is_time and not self.waiting and not self.fork():
                return False

    def release(self, pid):
        child = self.waiting.pop(pid, None)
        if child is not None:
            child.let_go()
            self.running.add(pid)

    def report(self, pid, status, usage):
        child = self.waiting.pop(pid, None)
        if child is not None:
            child.let_go()
        if pid not in self.running:
            return
        self.running.discard(pid)
        message = {
            "ended": pid,
            "status": status,
            "cpuMs": round((usage.ru_utime + usage.ru_stime) * 1000, 3),
            "peakMemoryBytes": usage.ru_maxrss * 1024,
        }
        send(self.socket, message)

    def replace(self, pid):
        """Forks a child in the place of another, which then goes unless it has been taken."""
        if not self.fork():
            return False
        self.waiting[pid].let_go()
        return True


def serve():
    """Returns in a child that has become a run, with a clean stack; ends the process in the server."""
    if not set_dumpable(False):
        sys.exit("The fork server can neither hide nor keep its runs apart without ctypes.")
    server = Server()
    # The first child waits before the imports, so that a new box's first run does not.
    if not server.fork():
        return
    send(server.socket, {"ready": True})
    first = next(iter(server.waiting))
    import_ahead()
    server.imported = True
    if not server.replace(first):
        return
    server.run()


def import_ahead():
    import gc

    for name in IMPORT_AHEAD:
        try:
            __import__(name)
        except ImportError:
            pass  # Some distributions split the standard library.
    for part in ("jobs", "script", "ending", "failure", "values", "source", "import_hooks", "module_hooks"):
        __import__("llm_sandbox_kernel." + part)
    libraries = os.environ.pop("LLM_SANDBOX_IMPORT", "").split()
    if libraries:
        from llm_sandbox_kernel.libraries import import_libraries

        import_libraries(libraries)
    gc.collect()
    gc.freeze()


def send(socket, message):
    try:
        socket.send(json.dumps(message).encode("ascii"))
    except OSError:
        os._exit(0)  # The agent has gone.


def drain(descriptor):
    try:
        return os.read(descriptor, PACKET_BYTES)
    except BlockingIOError:
        return b""


def reap():
    ended = []
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status, usage))
