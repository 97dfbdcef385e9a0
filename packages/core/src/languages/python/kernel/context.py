"""A context: runs come one after the other and share one namespace."""

import _signal
import sys

from llm_sandbox_kernel.ending import end, flush_streams, status_of
from llm_sandbox_kernel.jobs import read_job
from llm_sandbox_kernel.messages import send
from llm_sandbox_kernel.script import new_main, send_figures, send_value
from llm_sandbox_kernel.source import TOP_LEVEL_AWAIT, VALUE, compile_source

COROUTINE = 0x80  # inspect.CO_COROUTINE
INTERRUPTED = 130


def run_context(job):
    """Serves until the host closes its side; never returns."""
    namespace = new_main("<context>")
    del namespace["__file__"]
    sys.argv = [""]
    while job is not None:
        _signal.signal(_signal.SIGINT, interrupt)
        status = run_guarded(job["code"], "<run %s>" % job["id"], namespace)
        flush_streams()
        send({"type": "done", "id": job["id"], "exitCode": status})
        job = read_job()
    end(0)


def interrupt(_signal_number, frame):
    """Raises KeyboardInterrupt in a run; between runs there is nothing to interrupt."""
    while frame is not None:
        if frame.f_code is run.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back


def run_guarded(code, filename, namespace):
    """The run's exit code; whatever the code does, the context goes on."""
    try:
        return run(code, filename, namespace)
    except SystemExit as exit_:
        return status_of(exit_)
    except BaseException as error:
        from llm_sandbox_kernel.failure import report

        namespace.pop(VALUE, None)
        report(error, filename)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    finally:
        send_figures()


def run(code, filename, namespace):
    """The only function in which an interrupt counts."""
    compiled = compile_source(code, filename, TOP_LEVEL_AWAIT)
    if compiled.co_flags & COROUTINE:
        wait_for(eval(compiled, namespace))
    else:
        exec(compiled, namespace)
    value = namespace.pop(VALUE, None)
    if value is not None:
        namespace["_"] = value
        send_value(value)
    return 0


_loop = None


def wait_for(coroutine):
    """Runs a coroutine on the loop that all runs of this context share."""
    global _loop
    import asyncio

    if _loop is None or _loop.is_closed():
        _loop = asyncio.new_event_loop()
    asyncio.set_event_loop(_loop)
    task = _loop.create_task(coroutine)
    try:
        _loop.run_until_complete(task)
    except KeyboardInterrupt:
        if task.done():  # it was running, not waiting
            raise
        task.cancel()
        try:
            _loop.run_until_complete(task)
        except BaseException as cancelled:  # its traceback says where the code was waiting
            raise KeyboardInterrupt().with_traceback(cancelled.__traceback__) from None
        raise
