"""Reports an uncaught exception as Python would, without the kernel's own frames."""

import sys

from llm_sandbox_kernel.messages import clip, flush, send


def report(error, filename):
    """Prints the traceback on standard error and sends the `error` message."""
    error.__traceback__ = own_frames(error.__traceback__, filename)
    flush()
    text = formatted(error)
    if sys.excepthook is sys.__excepthook__:
        try:
            sys.stderr.write(text)
        except Exception:
            pass
    else:
        call_hook(error)
    message = {
        "type": "error",
        "name": type(error).__name__,
        "message": clip(text_of(error)),
        "traceback": clip(text),
    }
    line = line_of(error, filename)
    if line is not None:
        message["line"] = line
    send(message)


def own_frames(traceback, filename=None):
    """The traceback from the user's code on, without frames of the kernel, wherever they stand."""
    entry = traceback
    while entry is not None:
        if entry.tb_frame.f_code.co_filename == filename:
            traceback = entry  # above it are the kernel and perhaps an event loop
            break
        entry = entry.tb_next
    while traceback is not None and is_kernel(traceback):
        traceback = traceback.tb_next
    entry = traceback
    while entry is not None and entry.tb_next is not None:
        if is_kernel(entry.tb_next):
            entry.tb_next = entry.tb_next.tb_next
        else:
            entry = entry.tb_next
    return traceback


def is_kernel(entry):
    return entry.tb_frame.f_code.co_filename.startswith("<llm_sandbox_kernel")


def formatted(error):
    try:
        import traceback

        return "".join(
            traceback.format_exception(type(error), error, error.__traceback__)
        )
    except Exception:
        return "%s: %s\n" % (type(error).__name__, text_of(error))


def call_hook(error):
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as second:
        second.__traceback__ = own_frames(second.__traceback__)
        sys.stderr.write("Error in sys.excepthook:\n%s\n" % formatted(second))
        sys.stderr.write("Original exception was:\n%s" % formatted(error))


def text_of(error):
    try:
        if isinstance(error, SyntaxError) and error.msg:
            return str(error.msg)
        return str(error)
    except Exception:
        return "<exception str() failed>"


def line_of(error, filename):
    """The line in the user's file that was running last."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno
    line = None
    entry = error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code.co_filename == filename:
            line = entry.tb_lineno
        entry = entry.tb_next
    return line
