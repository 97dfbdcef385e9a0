"""Runs one program as `python3 main.py` would and ends the process as it does."""

import os
import sys

from llm_sandbox_kernel import failure
from llm_sandbox_kernel.source import VALUE, compile_source


def new_main(filename):
    """A fresh `__main__` module."""
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=sys.modules["builtins"], __file__=filename)
    sys.modules["__main__"] = main
    return main


def run_script(job):
    """Never returns: raises what makes the interpreter end as it would have ended by itself."""
    filename = os.path.join(os.getcwd(), sys.argv[0])
    main = new_main(filename)
    try:
        exec(compile_source(job["code"], filename), main.__dict__)
        send_value(main.__dict__.pop(VALUE, None))
    except SystemExit:
        send_figures()
        raise
    except BaseException as error:
        send_figures()
        failure.report(error, filename)
        if isinstance(error, KeyboardInterrupt):
            end_by_interrupt()
        sys.exit(1)
    sys.exit(0)


def send_value(value):
    if value is not None:
        from llm_sandbox_kernel.values import send_value as send

        send(value)
    send_figures()


def send_figures():
    """Sends the figures that the program has left open, if it has used matplotlib at all."""
    figures = sys.modules.get("llm_sandbox_kernel.figures")
    if figures is not None:
        figures.send_open()


def end_by_interrupt():
    sys.excepthook = lambda *_: None
    raise KeyboardInterrupt
