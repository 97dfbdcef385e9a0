"""Ends the process as the interpreter would, but without taking the whole interpreter apart (8 ms)."""

import os
import sys

EXCEPTION_IN_FLUSH = 120  # Python's own exit code


def end(status):
    """Waits for threads, calls exit handlers, drops the program's objects, flushes files, ends.

    The status None is for a program that an interrupt has ended.
    """
    interrupted = status is None
    try:
        threading = sys.modules.get("threading")
        if threading is not None:
            threading._shutdown()
        import atexit

        atexit._run_exitfuncs()
        flush_files()  # first: objects in a cycle are finalized in any order, a file's buffer perhaps after the file
        drop_program()
        flush_files()
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        pass
    if not flush_streams():
        status = EXCEPTION_IN_FLUSH
    if interrupted:
        end_by_interrupt()
    os._exit(status)


def end_by_interrupt():
    """What a shell expects of an interrupted program: that the signal ended it."""
    import _signal

    flush_streams()
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.kill(os.getpid(), _signal.SIGINT)
    os._exit(130)


def status_of(exit_):
    """The exit status of a SystemExit, whose text is printed if it has one."""
    code = exit_.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    flush_streams()
    try:
        print(code, file=sys.stderr)
    except Exception:
        pass
    return 1


def drop_program():
    """Finalizers run and files are closed, as when the interpreter ends."""
    main = sys.modules.pop("__main__", None)
    sys.last_type = sys.last_value = sys.last_traceback = sys.last_exc = None
    del main
    import gc

    gc.collect()


def flush_files():
    """Files that something still holds are flushed too."""
    import gc
    from _io import BufferedRandom, BufferedWriter, TextIOWrapper

    files = [item for item in gc.get_objects() if type(item) in (TextIOWrapper, BufferedWriter, BufferedRandom)]
    # A text file hands its text to the buffer below it, which must come after it.
    for file in sorted(files, key=lambda file: type(file) is not TextIOWrapper):
        try:
            file.flush()
        except Exception:
            pass
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None:
        ctypes.CDLL(None).fflush(None)


def flush_streams():
    """False when standard output could not be written."""
    written = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            written = written and stream is not sys.stdout
    return written
