"""Where a kernel begins: as a fork server, or with a job on descriptor 3."""

import os
import sys


def main():
    if os.environ.pop("LLM_SANDBOX_ROLE", None) == "server":
        from llm_sandbox_kernel.fork_server import serve

        serve()  # returns in a child that has become a run
        libraries = sys.modules.get("llm_sandbox_kernel.libraries")
        if libraries is not None:
            libraries.settle()
    else:
        os.set_inheritable(3, False)
        os.set_blocking(3, True)
    from llm_sandbox_kernel.jobs import read_job

    job = read_job()
    if job is None:
        sys.exit(0)
    prepare_process(job)
    if job["mode"] == "context":
        from llm_sandbox_kernel.context import run_context

        run_context(job)
    else:
        from llm_sandbox_kernel.script import run_script

        run_script(job)


def prepare_process(job):
    """Makes the process look as if it had been started for the user's program."""
    from llm_sandbox_kernel import import_hooks

    environment = job.get("env")
    if environment:
        os.environ.update(environment)
    cwd = job.get("cwd")
    if cwd:
        os.chdir(cwd)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # A run that is killed keeps the lines it has printed, and no text can fail to print.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    filename = job.get("filename") or "main.py"
    sys.argv = [filename, *job.get("argv", ())]
    sys.orig_argv = [sys.executable, *sys.argv]
    sys.path[0:0] = search_path()
    import_hooks.install()


def search_path():
    """What `python3 main.py` searches first: the folder, PYTHONPATH and the user's own packages."""
    folders = [os.getcwd()]
    folders += [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    own = "%s/.local/lib/python%d.%d/site-packages" % (
        os.environ.get("HOME", ""),
        sys.version_info[0],
        sys.version_info[1],
    )
    if os.path.isdir(own):
        sys.path.append(own)
    return folders
