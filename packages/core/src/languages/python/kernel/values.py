"""Describes a value by media type, within bounds."""

from llm_sandbox_kernel.messages import clip, send


def send_value(value):
    send({"type": "value", "data": {"text/plain": clip(repr(value))}})
