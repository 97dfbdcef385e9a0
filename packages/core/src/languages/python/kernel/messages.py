"""Messages out: one JSON object a line on descriptor 3."""

import os
import sys
from _thread import allocate_lock

MAXIMUM_TEXT = 262144


def refuse(value):
    raise TypeError("%s has no form in JSON" % type(value).__name__)


try:
    # Not the module json: what that imports takes longer than a short program.
    from _json import encode_basestring_ascii, make_encoder

    _encode = make_encoder(None, refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)
except (ImportError, TypeError):
    from json import dumps
else:

    def dumps(value):
        return "".join(_encode(value, 0))


_writing = allocate_lock()


def send(message):
    """Sends a message after everything that was printed before it; never raises."""
    flush()
    try:
        rest = memoryview(dumps(message).encode("ascii") + b"\n")
        with _writing:
            while rest:
                rest = rest[os.write(3, rest) :]
    except OSError:
        pass  # The user's code has closed descriptor 3: its messages are its own loss.


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # Closed or replaced by the user's code.


def clip(text, maximum=MAXIMUM_TEXT):
    """The head and the tail of a text that is too long."""
    if len(text) <= maximum:
        return text
    half = maximum // 2
    return "%s\n… %d characters left out …\n%s" % (text[:half], len(text) - 2 * half, text[-half:])
