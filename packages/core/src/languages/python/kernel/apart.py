"""Keeps a run away from every other process of its user, as the agent keeps those that it starts itself."""

import os

from _struct import pack

PR_SET_NO_NEW_PRIVS = 38
# The same on every architecture; from Linux's uapi/linux/landlock.h, as are the values below.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
UNDER_PATH = 1
MOVE_BETWEEN_FOLDERS = 1 << 13
SCOPE_SIGNAL = 1 << 1
VERSION_OF_MOVES, VERSION_OF_SIGNALS = 2, 6


def keep_apart():
    """Others can then neither be read, written nor traced, nor signalled (Linux 6.12); nothing else is refused.

    Does nothing where the kernel cannot.
    """
    from ctypes import CDLL, c_long, get_errno

    libc = CDLL(None, use_errno=True)
    libc.syscall.restype = c_long

    def call(number, *arguments):
        whole = [c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
        result = libc.syscall(c_long(number), *whole)
        if result < 0:
            raise OSError(get_errno(), "landlock")
        return result

    version = libc.syscall(c_long(CREATE_RULESET), None, c_long(0), c_long(ASK_VERSION))
    if version < VERSION_OF_MOVES:
        return
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if version < VERSION_OF_SIGNALS:
        ruleset = call(CREATE_RULESET, pack("Q", MOVE_BETWEEN_FOLDERS), 8, 0)
        allow_everywhere(call, ruleset)
    else:
        ruleset = call(CREATE_RULESET, pack("QQQ", 0, 0, SCOPE_SIGNAL), 24, 0)
    call(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def allow_everywhere(call, ruleset):
    """A domain has to handle something to be one; what it handles is then allowed everywhere."""
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    call(ADD_RULE, ruleset, UNDER_PATH, pack("=Qi", MOVE_BETWEEN_FOLDERS, root), 0)
    os.close(root)
