"""Text and JSON of values that may be far too large."""

from llm_sandbox_kernel.messages import clip

MAXIMUM_CHARACTERS = 32768
MAXIMUM_JSON_CHARACTERS = 1048576
MAXIMUM_JSON_NODES = 20000
MAXIMUM_DEPTH = 100
MAXIMUM_INTEGER = 2**53 - 1  # what every JSON reader keeps exactly


class TooLarge(Exception):
    pass


def bounded_repr(value):
    """`repr(value)`; of built-in containers only as much is made as is kept."""
    try:
        parts = []
        try:
            write(value, parts, [MAXIMUM_CHARACTERS], 0)
        except TooLarge:
            parts.append(" …")
        return clip("".join(parts), MAXIMUM_CHARACTERS)
    except Exception as error:
        return "<%s object, whose repr() failed: %s>" % (type(value).__name__, type(error).__name__)


BRACKETS = {list: "[]", tuple: "()", set: "{}", dict: "{}"}


def write(value, parts, budget, depth):
    kind = type(value)
    if kind not in BRACKETS or not value or depth > MAXIMUM_DEPTH:
        if kind in (str, bytes) and len(value) > MAXIMUM_CHARACTERS:
            value = value[:MAXIMUM_CHARACTERS]
        elif kind is int and value.bit_length() > 4096:
            put("<an integer of %d bits>" % value.bit_length(), parts, budget)
            return
        put("…" if kind in BRACKETS and value else repr(value), parts, budget)
        return
    before, after = BRACKETS[kind]
    put(before, parts, budget)
    for index, item in enumerate(value.items() if kind is dict else value):
        if index:
            put(", ", parts, budget)
        if kind is dict:
            write(item[0], parts, budget, depth + 1)
            put(": ", parts, budget)
            item = item[1]
        write(item, parts, budget, depth + 1)
    put("," + after if kind is tuple and len(value) == 1 else after, parts, budget)


def put(text, parts, budget):
    parts.append(text)
    budget[0] -= len(text)
    if budget[0] < 0:
        raise TooLarge


def plain(value):
    """Whether JSON keeps everything of the value, and it is not too large."""
    try:
        return is_plain(value, [MAXIMUM_JSON_NODES, MAXIMUM_JSON_CHARACTERS], 0)
    except Exception:
        return False


def is_plain(value, budget, depth):
    budget[0] -= 1
    if budget[0] < 0 or depth > MAXIMUM_DEPTH:
        return False
    kind = type(value)
    if value is None or kind is bool:
        return True
    if kind is int:
        return -MAXIMUM_INTEGER <= value <= MAXIMUM_INTEGER
    if kind is float:
        return value - value == 0  # neither infinite nor NaN
    if kind is str:
        budget[1] -= len(value)
        return budget[1] >= 0
    if kind in (list, tuple):
        return all(is_plain(item, budget, depth + 1) for item in value)
    if kind is dict:
        return all(
            type(key) is str and is_plain(key, budget, depth) and is_plain(item, budget, depth + 1)
            for key, item in value.items()
        )
    return False
