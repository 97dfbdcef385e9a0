"""Libraries that a fork server has imported for its runs, as if each run had imported them itself."""

import os
import sys

# What these say is read while the libraries are imported.
SETTINGS = ("MPLCONFIGDIR", "MATPLOTLIBRC", "PYTHONPATH", "PYTHONWARNINGS")
PREFIXES = ("OPENBLAS_", "OMP_", "MKL_", "NPY_", "NUMPY_", "PANDAS_")

_server_settings = {}
_ahead = set()  # names at the top that the libraries have brought


def import_libraries(names):
    """In the server, which has run no code of the user's."""
    before = set(sys.modules)
    _server_settings.update({name: os.environ.get(name) for name in SETTINGS})
    for name in names:
        try:
            if name != "matplotlib":
                __import__(name)
            elif os.environ.get("MPLCONFIGDIR"):
                import_matplotlib()
        except Exception:
            pass  # Not there, or not in working order: a run that wants it will be told.
    _ahead.update(name.partition(".")[0] for name in set(sys.modules) - before)
    _ahead.discard("llm_sandbox_kernel")


def import_matplotlib():
    import io

    import matplotlib.backends.backend_agg  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    from matplotlib.figure import Figure

    # The first picture reads the font and what writes pictures.
    figure = Figure(figsize=(1, 1))
    figure.subplots().set_title("1")
    figure.savefig(io.BytesIO(), format="png")


def settle():
    """In a run, before its job is read: starts anew where the run would import something else than the server has."""
    if is_different():
        os.set_inheritable(3, True)
        os.execv(sys.executable, [sys.executable, *command_line()[1:]])
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()  # as random does by itself; all runs would draw the same numbers


def is_different():
    if any(os.environ.get(name) != value for name, value in _server_settings.items()):
        return True
    if any(name.startswith(PREFIXES) for name in os.environ):
        return True
    try:
        beside = os.listdir()
    except OSError:
        return False
    return any(name == "matplotlibrc" or shadows(name) for name in beside)


def shadows(name):
    """Whether a file or folder beside the program would be imported in place of what the server has."""
    stem, _, ending = name.partition(".")
    if stem not in _ahead:
        return False
    return ending == "py" or ending.endswith("so") or os.path.isfile(name + "/__init__.py")


def command_line():
    with open("/proc/self/cmdline", "rb") as file:
        return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
