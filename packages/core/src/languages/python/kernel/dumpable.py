"""Whether other processes of the same user may look into this one."""

PR_SET_DUMPABLE = 4


def set_dumpable(on):
    """False when this Python cannot say so (it has no ctypes)."""
    try:
        from ctypes import CDLL
    except ImportError:
        return False
    return CDLL(None).prctl(PR_SET_DUMPABLE, 1 if on else 0, 0, 0, 0) == 0
