"""Describes a value by media type, within bounds."""

import sys

from llm_sandbox_kernel.bounded import bounded_repr, plain
from llm_sandbox_kernel.messages import clip, send

MAXIMUM_BYTES = 8388608
METHODS = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_latex_", "text/latex"),
    ("_repr_json_", "application/json"),
)


def send_value(value):
    """Sends the value of the last expression."""
    send({"type": "value", "data": describe(value)})


def display(*values):
    """Shows values on the way, in every form that they offer."""
    for value in values:
        send({"type": "display", "data": describe(value)})


def describe(value):
    """The value by media type; `text/plain` is always there."""
    data = {}
    if not isinstance(value, type):
        data.update(offered(value))
    if "application/json" not in data and plain(value):
        data["application/json"] = value
    data.setdefault("text/plain", bounded_repr(value))
    return data


def offered(value):
    """What the value says of itself by the methods that notebooks have made usual."""
    figures = sys.modules.get("llm_sandbox_kernel.figures")
    if figures is not None and figures.is_figure(value):
        return figures.picture(value)
    data = {}
    bundle = call(value, "_repr_mimebundle_", include=None, exclude=None)
    if isinstance(bundle, tuple):
        bundle = bundle[0]
    if isinstance(bundle, dict):
        for kind, content in bundle.items():
            add(data, kind, content)
    for method, kind in METHODS:
        if kind == "image/jpeg" and "image/png" in data:
            continue  # the same picture, with a loss
        if kind not in data:
            add(data, kind, call(value, method))
    return data


def call(value, method, **arguments):
    """The method's answer, or None when there is no such method or it fails."""
    if not callable(getattr(type(value), method, None)):
        return None
    try:
        return getattr(value, method)(**arguments)
    except Exception:
        return None


def add(data, kind, content):
    """Keeps what has the form the protocol wants and is not too long."""
    if isinstance(content, tuple):
        content = content[0] if content else None  # with metadata
    if not isinstance(kind, str) or content is None:
        return
    if kind == "application/json" or kind.endswith("+json"):
        if plain(content):
            data[kind] = content
        return
    if isinstance(content, (bytes, bytearray)):
        import binascii  # from a file, which a program without free descriptors could not open

        content = binascii.b2a_base64(content, newline=False).decode("ascii")
    if not isinstance(content, str):
        return
    if kind == "text/plain":
        data[kind] = clip(content)
    elif len(content) <= MAXIMUM_BYTES:
        data[kind] = content
