"""Gives the program to processes that multiprocessing starts anew: they look for its file, and there is none.

This text is also run in those processes, where there is no kernel.
"""

import os
import sys

MAXIMUM_REPORT = 4096  # what a pipe takes at once, or not at all


class Program:
    """Pickled before all else that a child gets; unpickled there, it is `receive` that has run."""

    def __init__(self, path, source, text):
        self.handed = {"path": path, "source": source, "text": text}

    def __reduce__(self):
        from multiprocessing.reduction import DupFd

        handed = dict(self.handed, report=DupFd(failures().write))
        return exec, (handed["text"] + "\nreceive(handed)\n", {"__name__": "respawn", "handed": handed})


def hand_over(spawn, find):
    """From now on children get what `find` returns for a path: the program's source and this text, or None."""
    own = spawn.get_preparation_data

    def get_preparation_data(name):
        data = own(name)
        found = find(data.get("init_main_from_path"))
        if found is None:
            return data
        if name == "ignore":  # a fork server, whose children get the program each
            del data["init_main_from_path"]
            return data
        return {"respawn": Program(data["init_main_from_path"], *found), **data}

    spawn.get_preparation_data = get_preparation_data


def receive(handed):
    """In a child: makes what multiprocessing does with the program's file work without one."""
    from multiprocessing import spawn

    path = handed["path"]
    report = handed["report"].detach()
    own = spawn._fixup_main_from_path

    def fixup(main_path):
        if main_path != path:
            own(main_path)
        elif getattr(sys.modules["__main__"], "__file__", None) != path:
            run_program(spawn, path, handed["source"], report)

    spawn._fixup_main_from_path = fixup
    hand_over(spawn, lambda main_path: (handed["source"], handed["text"]) if main_path == path else None)
    sys.modules["builtins"].display = print  # the way to the host is not passed on


def run_program(spawn, path, source, report):
    import linecache

    main = type(sys)("__mp_main__")
    main.__file__ = path
    spawn.old_main_modules.append(sys.modules["__main__"])
    sys.modules["__main__"] = sys.modules["__mp_main__"] = main
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
    try:
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)
    except BaseException as error:
        text = str(error) if type(error) is RuntimeError else "%s: %s" % (type(error).__name__, error)
        os.write(report, text.encode("utf-8", "backslashreplace")[: MAXIMUM_REPORT - 1] + b"\0")
        raise


class Failures:
    """Children in which the program has failed before they could begin to work."""

    def __init__(self):
        self.read, self.write = os.pipe()
        os.set_blocking(self.read, False)
        os.set_blocking(self.write, False)
        self.text = None

    def first(self):
        """What the first of them has said; None when there is none."""
        if self.text is None:
            try:
                self.text = os.read(self.read, MAXIMUM_REPORT).partition(b"\0")[0].decode("utf-8", "replace")
            except BlockingIOError:
                pass
        return self.text


_failures = None


def failures():
    global _failures
    if _failures is None:
        _failures = Failures()
    return _failures


class Hopeless(BaseException):
    pass


def give_up_pools(module):
    """Makes a pool fail whose workers cannot begin. It would start others in their place, for ever."""
    own_maintain = module.Pool._maintain_pool
    own_handle = module.Pool._handle_workers.__func__

    def maintain(*arguments):
        if _failures is not None and _failures.first() is not None:
            raise Hopeless
        return own_maintain(*arguments)

    def handle(cls, cache, tasks, *rest):
        try:
            own_handle(cls, cache, tasks, *rest)
        except Hopeless:
            fail_jobs(cache, RuntimeError(_failures.first()))
            tasks.put(None)

    module.Pool._maintain_pool = staticmethod(maintain)
    module.Pool._handle_workers = classmethod(handle)


def fail_jobs(cache, error):
    """Until the pool is closed, for jobs may come after its workers have gone."""
    import threading
    import time

    thread = threading.current_thread()
    while thread._state == "RUN" or (cache and thread._state != "TERMINATE"):
        for job in list(cache.values()):
            if hasattr(job, "ready"):
                while not job.ready():
                    job._set(0, (False, error))
            elif not job._items:  # an iterator
                job._set(job._index, (False, error))
        time.sleep(0.05)
