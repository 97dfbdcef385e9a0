"""Turns source text into code whose last expression's value can be taken."""

import sys
from _ast import Assign, Expr, Name, Store

ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST
TOP_LEVEL_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
MAXIMUM_TREE_CHARACTERS = 262144  # a tree takes some hundred bytes a character
VALUE = "<value>"  # no identifier, so that no program can use it

_sources = {}
_program = None


def compile_program(text, filename):
    """Like `compile_source`, and keeps the text for processes that start anew."""
    global _program
    _program = (filename, text)
    return compile_source(text, filename)


def program(path):
    """The source of the program that runs as if it were the file at `path`; None for other paths."""
    if _program is None or path is None:
        return None
    from os.path import normpath

    filename, text = _program
    return text.lstrip("\ufeff") if normpath(filename) == normpath(path) else None


def compile_source(text, filename, flags=0):
    """Code for `exec`. Raises SyntaxError for whatever is wrong with the text."""
    text = text[1:] if text.startswith("\ufeff") else text
    remember(filename, text)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SyntaxError("source code cannot contain null bytes", (filename, line, None, None))
    try:
        if len(text) > MAXIMUM_TREE_CHARACTERS or text.rstrip().endswith(";"):
            return compile(text, filename, "exec", flags, True)
        tree = compile(text, filename, "exec", ONLY_TREE | flags, True)
        take_value(tree)
        return compile(tree, filename, "exec", flags, True)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise SyntaxError("(unicode error) %s" % error, (filename, line, None, None)) from None
    except ValueError as error:
        raise SyntaxError(str(error), (filename, None, None, None)) from None


def take_value(tree):
    """Turns a last statement that is an expression into an assignment to VALUE."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, Expr):
        return
    place = {
        "lineno": last.lineno,
        "col_offset": last.col_offset,
        "end_lineno": last.end_lineno,
        "end_col_offset": last.end_col_offset,
    }
    target = Name(id=VALUE, ctx=Store(), **place)
    tree.body[-1] = Assign(targets=[target], value=last.value, type_comment=None, **place)


def remember(filename, text):
    """Lets tracebacks, warnings and `inspect` show the source, though there is no such file."""
    _sources[filename] = text
    if "linecache" in sys.modules:
        fill_line_cache(sys.modules["linecache"])


def fill_line_cache(linecache):
    for filename, text in _sources.items():
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    _sources.clear()
