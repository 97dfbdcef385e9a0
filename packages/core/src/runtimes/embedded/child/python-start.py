# What makes an interpreter one process of a session. What stands at the end is done before its memory is kept, the rest in each process.
import gc
import os
import random
import sys
import time


def connect(given):
    """The first thing in each process: what the process around it does for Python."""
    for name in "exit sleep die out_of_memory pbkdf2 scrypt zones".split():
        setattr(host, name, getattr(given, name))


def get_ready():
    """Everything that is the same for all processes."""
    os._exit = lambda status: host.exit(int(status) & 0xFF)
    time.sleep = sleep
    sys.executable = "/usr/local/bin/python3"
    time.tzname = ("UTC", "UTC")  # as the process around it is told
    explain_limits()
    watch_memory()
    use_signals()


def become(spec):
    os.environ.clear()
    os.environ.update(spec["env"])
    random.seed()
    os.chdir(spec["cwd"])


def sleep(seconds):
    """time.sleep: the process really sleeps."""
    seconds = float(seconds)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    host.sleep(seconds * 1000)


def serve_jobs():
    from llm_sandbox_kernel.main import prepare_process
    from llm_sandbox_kernel.jobs import read_job

    job = read_job()
    if job is None:
        os._exit(0)
    prepare_process(job)
    if job["mode"] == "context":
        from llm_sandbox_kernel.context import run_context

        run_context(job)
    else:
        from llm_sandbox_kernel.script import run_script

        run_script(job)


def run_command(arguments):
    """`python3 …` as far as programs use it: -c, -m, a file, standard input."""
    from llm_sandbox_kernel.ending import end
    from llm_sandbox_kernel.main import search_path

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "-c", "-m"):
        option = rest.pop(0)
        if option in ("-V", "--version"):
            print("Python " + sys.version.split()[0])
            end(0)
        if option in ("-W", "-X") and rest:
            rest.pop(0)
    sys.path[0:0] = search_path()
    kind = rest.pop(0) if rest else "-"
    if kind == "-m":
        end(run_module(rest))
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        code, filename = (rest or [""])[0], "<string>"
    elif kind == "-":
        sys.argv = ["-", *rest]
        code, filename = sys.stdin.read(), "<stdin>"
    else:
        sys.argv = [kind, *rest]
        sys.path[0] = os.path.dirname(os.path.abspath(kind))
        try:
            with open(kind, "rb") as file:
                code = file.read()
        except OSError as error:
            message = "python3: can't open file %r: [Errno %d] %s\n"
            sys.stderr.write(message % (os.path.abspath(kind), error.errno, error.strerror))
            end(2)
        filename = kind
    end(run_source(code, filename))


def run_module(rest):
    import runpy

    def work():
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)

    return outcome(work, None)


def run_source(code, filename):
    from llm_sandbox_kernel.script import new_main

    def work():
        namespace = new_main(filename)
        if filename.startswith("<"):
            del namespace["__file__"]
        exec(compile(code, filename, "exec", 0, True), namespace)

    return outcome(work, filename)


def outcome(work, filename):
    from llm_sandbox_kernel.ending import status_of

    try:
        work()
        return 0
    except SystemExit as exit_:
        return status_of(exit_)
    except BaseException as error:
        from llm_sandbox_kernel.failure import formatted, own_frames

        error.__traceback__ = own_frames(error.__traceback__, filename)
        sys.stderr.write(formatted(error))
        if is_full(error):
            host.out_of_memory()
        return 130 if isinstance(error, KeyboardInterrupt) else 1


def is_full(error):
    """An allocation that failed has no message; the parser's own bound has one."""
    return isinstance(error, MemoryError) and not error.args


def end_by_signal(pid, number):
    if pid not in (os.getpid(), 0):
        raise ProcessLookupError(3, "No such process")
    flush_streams()
    host.die(int(number))


def flush_streams():
    from llm_sandbox_kernel.ending import flush_streams as flush

    flush()


def use_signals():
    import signal

    def raise_signal(number):
        handler = signal.getsignal(number)
        if callable(handler):
            handler(number, sys._getframe(1))
        elif handler == signal.SIG_DFL:
            end_by_signal(0, number)

    def kill(pid, number):
        if number == 0 and pid == os.getpid():
            return
        if pid == os.getpid() and callable(signal.getsignal(number)):
            raise_signal(number)
        else:
            end_by_signal(pid, number)

    os.kill = kill
    os.abort = lambda: host.die(6)
    signal.raise_signal = raise_signal


def watch_memory():
    from llm_sandbox_kernel import failure

    report = failure.report

    def watched(error, filename):
        explain(error)
        report(error, filename)
        if is_full(error):
            host.out_of_memory()

    failure.report = watched


def main(text):
    import json

    spec = json.loads(text)
    become(spec)
    if spec["kernel"]:
        serve_jobs()
    else:
        run_command(spec["argv"][1:])


def warm_up():
    """WebAssembly is compiled function by function when it is first called: does once what every program does, in steps."""
    import json

    from llm_sandbox_kernel import ending, failure, source, values
    from llm_sandbox_kernel.import_hooks import HookFinder

    lines = "def f(n):\n    return [str(i) for i in range(n)]\nx = {'a': f(3), 'b': 1.5, 'c': {1, 2}}\n'%s' % x"
    namespace = {"__builtins__": __builtins__}
    exec(source.compile_source(lines, "<warm>"), namespace)
    values.describe(namespace.pop(source.VALUE))
    yield True
    print(json.loads(json.dumps(namespace["x"], default=str)), flush=True)
    sys.stderr.reconfigure(errors="backslashreplace", line_buffering=True)
    random.seed()
    environment = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    yield True
    for attempt in (os.getcwd, lambda: os.listdir("/"), lambda: os.stat("/workspace/x"), lambda: open("/tmp/x")):
        try:
            attempt()
        except OSError:
            pass
    ending.flush_files()
    yield True
    try:
        exec(source.compile_source("def g():\n    return 1 / 0\ng()", "<warm>"), namespace)
    except ZeroDivisionError as error:
        failure.formatted(error)
    source._sources.clear()
    yield True
    import colorsys  # from the standard library's archive, as most are

    del sys.modules["colorsys"], namespace, colorsys
    HookFinder.find_spec("nothing")
    yield True
    gc.collect()
    gc.freeze()


warming = warm_up()
get_ready()
del get_ready, explain_limits, watch_memory, use_signals
gc.collect()
gc.freeze()
