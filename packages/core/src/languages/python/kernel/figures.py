"""Matplotlib figures become pictures, however they are shown; imported when matplotlib is."""

import binascii
import io
import sys

from llm_sandbox_kernel.messages import send

MAXIMUM_PICTURES = 64  # of one run
WINDOWS = ("macosx", "nbagg", "notebook", "inline", "ipympl", "webagg")
TOOLKITS = ("tk", "qt", "gtk", "wx", "module://matplotlib_inline", "module://ipympl")
_shown = set()  # the ids of figures of this run that have been sent
_saved = []  # saved to a file and not yet sent


def hook_matplotlib(matplotlib):
    """Nothing can open a window: a backend that would is one that draws into memory."""
    import os

    matplotlib.rcParams["backend"] = windowless(os.environ.get("MPLBACKEND") or "agg")
    use = matplotlib.use
    matplotlib.use = lambda backend, **options: use(windowless(backend), **options)


def hook_pyplot(pyplot):
    switch_backend = pyplot.switch_backend
    pyplot.switch_backend = lambda backend: switch_backend(windowless(backend))
    pyplot.show = show


def windowless(backend):
    name = backend.lower() if isinstance(backend, str) else ""
    return "agg" if name in WINDOWS or name.startswith(TOOLKITS) else backend


def hook_figure(module):
    from functools import wraps

    module.Figure.show = lambda self, *_, **__: send_figure(self)
    save = module.Figure.savefig

    @wraps(save)  # pyplot copies it, and refuses what does not look like a method of Figure
    def savefig(self, fname, *arguments, **options):
        result = save(self, fname, *arguments, **options)
        if isinstance(fname, str) or hasattr(fname, "__fspath__"):
            remember(self)
        return result

    module.Figure.savefig = savefig


def remember(figure):
    if not any(figure is other for other in _saved) and len(_saved) < MAXIMUM_PICTURES:
        _saved.append(figure)


def show(*_arguments, **_options):
    """`pyplot.show()`: sends every open figure once and closes it."""
    pyplot = sys.modules["matplotlib.pyplot"]
    for number in pyplot.get_fignums():
        send_figure(pyplot.figure(number))
    pyplot.close("all")


def send_open():
    """At the end of a run: sends figures that were left open or only saved, and forgets them."""
    try:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and getattr(pyplot, "get_fignums", None):
            show()
        for figure in _saved:
            send_figure(figure)
    except Exception as error:
        sys.stderr.write("A figure could not be drawn: %s: %s\n" % (type(error).__name__, error))
    _saved.clear()
    _shown.clear()


def send_figure(figure):
    if id(figure) in _shown or len(_shown) >= MAXIMUM_PICTURES:
        return
    send({"type": "display", "data": picture(figure)})
    if not any(figure is other for other in _saved):
        _saved.append(figure)  # keeps the figure, and so its id


def is_figure(value):
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, getattr(module, "Figure", ()))


def picture(figure):
    """The figure as a picture; from now on it counts as sent."""
    _shown.add(id(figure))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return {
        "image/png": binascii.b2a_base64(buffer.getvalue(), newline=False).decode("ascii"),
        "text/plain": repr(figure),
    }
