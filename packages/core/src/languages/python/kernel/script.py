"""Runs one program as `python3 main.py` would and ends the process as it does."""

import gc
import os
import sys

from llm_sandbox_kernel.ending import end, status_of
from llm_sandbox_kernel.source import VALUE, compile_program


def new_main(filename):
    """The namespace of a fresh `__main__` module."""
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=sys.modules["builtins"], __file__=filename)
    sys.modules["__main__"] = main
    return main.__dict__


def run_script(job):
    """Never returns."""
    filename = os.path.join(os.getcwd(), sys.argv[0])
    code = job.pop("code")
    gc.freeze()  # what the kernel holds is looked through neither meanwhile nor at the end
    end(run(code, filename))


def run(code, filename):
    """The program's exit status; None when it was interrupted. Keeps nothing of the program alive."""
    try:
        namespace = new_main(filename)
        exec(compile_program(code, filename), namespace)
        send_value(namespace.pop(VALUE, None))
        return 0
    except SystemExit as exit_:
        send_figures()
        return status_of(exit_)
    except BaseException as error:
        try:
            from llm_sandbox_kernel.failure import report
        except Exception:  # The program has broken what imports need.
            sys.__excepthook__(type(error), error, error.__traceback__)
        else:
            send_figures()
            report(error, filename)
        return None if isinstance(error, KeyboardInterrupt) else 1


def send_value(value):
    """Sends the last expression's value, and what the program has left to be shown."""
    if value is not None:
        try:
            from llm_sandbox_kernel.values import send_value as send
        except Exception:
            return  # The program has broken what imports need: it still ended well.
        send(value)
    send_figures()


def send_figures():
    figures = sys.modules.get("llm_sandbox_kernel.figures")
    if figures is not None:
        figures.send_open()
