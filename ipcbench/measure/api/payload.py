"""Payloads: distinct, incompressible, reproducible from a nonce.

Payload i of stream s starts with the 8-byte number nonce + (s << 40) + i, followed by a slice of a random block, at a
higher offset for each i. Every payload differs, none compresses, and nonce, stream and size determine every byte. Each
kind of payload makes what it holds from these bytes, see `measure/payloads/`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Literal

from ipcbench.measure.api import own
from ipcbench.measure.api.kind import Kind, built_in
from ipcbench.model import PAYLOADS

Carries = Literal["bytes", "objects", "number", "reference", "nothing"]
Payload = Any
NUMBER = "number"  # the content of payloads that are signed 64-bit numbers

_STREAM_SHIFT = 40
_STEP = 61  # odd, so that neighbouring payloads are not aligned copies of each other


def content(carries: Carries, payload: str) -> str:
    """Return the content of a case's payloads: its kind of payload, or NUMBER if the mechanism carries only numbers."""
    return NUMBER if carries == "number" else payload


@cache
def load_kind(name: str) -> Kind:
    """Return a built-in kind of payload, or a payload of the user's as one; raises BadRequest if there is none."""
    return built_in(name) if name in PAYLOADS else own.kind(name)


def make_payloads(content: str, nonce: int, size: int, count: int, stream: int = 0) -> list[Payload]:
    """Make payloads 0 to count - 1 of a stream: of `size` bytes each, or signed 64-bit numbers.

    Payloads of the user's are repeated, from a place that nonce and stream determine.
    """
    if content != NUMBER and (messages := load_kind(content).messages):
        known = messages()
        return [known[place] for place in places(len(known), nonce, count, stream)]
    heads = [(nonce + (stream << _STREAM_SHIFT) + i) % 2**63 for i in range(count)]
    if content == NUMBER:
        return list(heads)
    block = hashlib.shake_128(nonce.to_bytes(8, "little")).digest(size + _STEP * count)
    plain = [
        head.to_bytes(8, "little")[:size] + block[i * _STEP : i * _STEP + max(size - 8, 0)]
        for i, head in enumerate(heads)
    ]
    return list(map(load_kind(content).make, plain))


def places(known: int, nonce: int, count: int, stream: int = 0) -> list[int]:
    """Return which of `known` messages of the user's are the payloads 0 to count - 1 of a stream."""
    return [(nonce + (stream << _STREAM_SHIFT) + i) % known for i in range(count)]
