# What WebAssembly cannot do says so, in words that tell what to do instead. Names that others use of it: `explain_limits`, `explain`.
import hashlib
import os
import sys

PROCESS = (
    "no process can be started from Python in this sandbox. Do the step in Python itself: shutil, pathlib, zipfile "
    "and re take the place of most commands. A container runtime has processes."
)
THREAD = (
    "can't start new thread: this sandbox has no threads. Do the work in this thread, or with asyncio. "
    "A container runtime has threads."
)
NETWORK = "this sandbox has no network, not even with itself. Use data that is already in the files."
ALARM = (
    "nothing interrupts a program in this sandbox but the time limit of the whole run. Look at time.monotonic() in "
    "the loop. A container runtime has alarms."
)
LIBRARY = (
    "this sandbox has no shared libraries for ctypes to load. Use Python's own modules. "
    "A container runtime has libraries."
)
# Of the standard library, but not here.
ABSENT = {
    "_multiprocessing": PROCESS,
    "resource": "There is no kernel to ask for limits: the sandbox itself keeps memory and time. "
    "tracemalloc and time.process_time() tell what a program uses.",
    "pwd": "There are no users here.",
    "grp": "There are no groups here.",
    "ensurepip": "No package can be installed here.",
    "venv": "No package can be installed here.",
    "pip": "No package can be installed here.",
    "curses": "There is no terminal here.",
    "readline": "There is no terminal here.",
    "tkinter": "There is no screen here.",
    "turtle": "There is no screen here.",
}
# Of a container's image for Python.
IN_IMAGES = "numpy pandas scipy matplotlib sympy PIL openpyxl bs4 requests yaml jinja2 tabulate".split()


def refusal(error, words):
    def refuse(*_, **__):
        raise error(words)

    return refuse


def later(error, words):
    async def refuse(*_, **__):
        raise error(words)

    return refuse


no_process = refusal(OSError, PROCESS)
no_network = refusal(OSError, NETWORK)


def explain_limits():
    import signal
    import socket
    import subprocess
    import threading

    from llm_sandbox_kernel.import_hooks import HOOKS
    from pyodide.webloop import WebLoop

    threading.Thread.start = refusal(RuntimeError, THREAD)
    subprocess.Popen.__init__ = no_process
    for name in ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"):
        setattr(os, name, no_process)
    for name in dir(os):
        if name.startswith(("exec", "spawn")):
            setattr(os, name, no_process)
    signal.alarm = signal.setitimer = refusal(OSError, ALARM)
    for name in "accept bind connect connect_ex listen recv recvfrom send sendall sendto".split():
        setattr(socket.socket, name, no_network)
    for name in "create_server getaddrinfo gethostbyaddr gethostbyname gethostbyname_ex getnameinfo socketpair".split():
        setattr(socket, name, no_network)
    for name in ("create_connection", "create_datagram_endpoint", "create_server", "create_unix_server"):
        setattr(WebLoop, name, later(OSError, NETWORK))
    for name in ("subprocess_exec", "subprocess_shell"):
        setattr(WebLoop, name, later(OSError, PROCESS))
    HOOKS["ctypes"] = no_libraries
    HOOKS["zoneinfo"] = use_zones
    HOOKS["concurrent.futures.process"] = no_pool
    HOOKS["multiprocessing.context"] = no_processes
    hashlib.pbkdf2_hmac = pbkdf2_hmac
    hashlib.scrypt = scrypt
    # Pyodide's advice is to install what cannot be reached from here.
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if type(finder).__name__ != "RepodataPackagesFinder"
    ]


def no_pool(module):
    module.ProcessPoolExecutor.__init__ = no_process


def no_processes(context):
    for name in "Barrier Condition Event JoinableQueue Lock Manager Pool Queue RLock Semaphore SimpleQueue".split():
        setattr(context.BaseContext, name, no_process)
    context.process.BaseProcess.start = no_process


def no_libraries(ctypes):
    load = ctypes.CDLL.__init__

    def explained(self, name=None, *given, **more):
        if name is not None:
            raise OSError("%s: %s" % (name, LIBRARY))
        load(self, name, *given, **more)

    ctypes.CDLL.__init__ = explained


def explain(error):
    name = getattr(error, "name", None)
    if not isinstance(error, ModuleNotFoundError) or not name or error.args != ("No module named %r" % name,):
        return
    reason = ABSENT.get(name)
    if reason is None:
        reason = "Only Python's standard library is in this sandbox, and what lies in the session's files."
        if name.partition(".")[0] in sys.stdlib_module_names:
            reason = "This module of Python's standard library is not in this sandbox. A container runtime has it."
        elif name.partition(".")[0] in IN_IMAGES:
            reason += " A container runtime has it in its image."
    error.msg += ". " + reason
    error.args = (error.msg,)


# Python takes these from OpenSSL, which is not here; the process around it has its own.


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """PBKDF2 (RFC 8018)."""
    size = hashlib.new(hash_name).digest_size if dklen is None else dklen
    found = host.pbkdf2(hash_name, bytes(password).hex(), bytes(salt).hex(), iterations, size)
    return bytes.fromhex(found)


def scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64):
    """scrypt (RFC 7914)."""
    found = host.scrypt(bytes(password).hex(), bytes(salt).hex(), n, r, p, maxmem or 33554432, dklen)
    return bytes.fromhex(found)
