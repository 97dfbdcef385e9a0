"""Turns a waiting child of the fork server into the process of one run."""

import _io
import _signal
import os
import resource
import sys

from llm_sandbox_kernel.apart import keep_apart
from llm_sandbox_kernel.dumpable import set_dumpable

HIGHEST_DESCRIPTOR = 256  # the server has a dozen
LIMITS = {
    "processes": resource.RLIMIT_NPROC,
    "openFiles": resource.RLIMIT_NOFILE,
    "fileBytes": resource.RLIMIT_FSIZE,
}


def become_run(job, descriptors):
    """Ends the process with status 70 rather than run anything with a privilege too many."""
    try:
        take_descriptors(descriptors)
        become_user(job)
        keep_apart()
        os.environ.clear()
        os.environ.update(job["env"])
        os.chdir(job["cwd"])
    except BaseException as error:
        os.write(2, b"The run could not be started: %r\n" % (error,))
        os._exit(70)
    open_streams()
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def take_descriptors(descriptors):
    if len(descriptors) != 4:
        raise ValueError("expected 4 descriptors")
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target, inheritable=target < 3)
    os.closerange(4, HIGHEST_DESCRIPTOR)


def become_user(job):
    uid, gid, tag = job["uid"], job["gid"], job["tag"]
    if not uid or not gid:
        raise PermissionError("a run never belongs to root")
    os.setsid()
    split = os.getuid() != uid
    if not split:
        set_dumpable(True)  # /proc/self belongs to root until then
    lower_priority()
    set_limits(job["limits"])
    if split:
        os.setgroups([] if tag is None else [tag])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if os.getgroups() != ([] if tag is None else [tag]):
            raise PermissionError("groups were kept")
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise PermissionError("the way back to another user is open")
    set_dumpable(True)


def lower_priority():
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    except OSError:
        pass  # Refused where the box is not ours to shape; neither is a boundary.


def set_limits(limits):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, kind in LIMITS.items():
        if limits.get(name) is not None:
            hard = resource.getrlimit(kind)[1]
            value = limits[name] if hard == resource.RLIM_INFINITY else min(limits[name], hard)
            resource.setrlimit(kind, (value, value))


def open_streams():
    """Standard streams as the interpreter makes them at its start; the old ones were the server's."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        buffer = _io.open(descriptor, mode + "b", closefd=False)
        raw = buffer.raw
        raw.name = "<%s>" % name
        stream = _io.TextIOWrapper(
            buffer,
            encoding="utf-8",
            errors="surrogateescape" if descriptor == 0 else "backslashreplace",
            newline=None if descriptor == 0 else "\n",
            line_buffering=descriptor == 2,
        )
        stream.mode = mode
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)
