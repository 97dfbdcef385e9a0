"""Jobs in: one JSON object a line on descriptor 3."""

import os


class Scanning:
    """How `json.loads` has its scanner read."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float
    parse_int = int


try:
    # Not the module json: what that imports takes longer than a short program.
    from _json import make_scanner

    _scan = make_scanner(Scanning)
except (ImportError, TypeError):
    from json import loads
else:

    def loads(text):
        return _scan(text, 0)[0]


_pending = bytearray()


def read_job():
    """The next job, or None when the host has closed its side."""
    searched = 0
    while True:
        end = _pending.find(b"\n", searched)
        if end >= 0:
            line = bytes(_pending[:end])
            del _pending[: end + 1]
            return loads(line.decode("utf-8", "surrogatepass"))
        searched = len(_pending)
        chunk = os.read(3, 65536)
        if not chunk:
            return None
        _pending.extend(chunk)
