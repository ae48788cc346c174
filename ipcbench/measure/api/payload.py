"""Payloads: distinct, incompressible, reproducible from a nonce; and their digests.

Payload i of stream s starts with the 8-byte number nonce + (s << 40) + i, followed by a slice of a random block, at a
higher offset for each i. Every payload differs, none compresses, and nonce, stream and size determine every byte. An
array holds these bytes as float64; an object is a nested dict of numbers and text made from them, whose pickle has the
given size.
"""

from __future__ import annotations

import hashlib
import pickle
from array import array
from collections.abc import Iterable
from typing import Any, Literal

from ipcbench.model import PayloadKind

Carries = Literal["bytes", "objects", "number", "reference", "nothing"]
Content = Literal["bytes", "object", "array", "number"]
Payload = Any
LEAST_OBJECT = 64  # bytes; an empty object takes about 50

# The payloads of a pool exceed most L2 caches, so that a receiver finds none of them there.
POOL_BYTES = 8 * 2**20
MOST_IN_POOL = 1024
LEAST_IN_POOL = 8
MOST_PROVED = 16  # messages of a verification turn

_STREAM_SHIFT = 40
_STEP = 61  # odd, so that neighbouring payloads are not aligned copies of each other


def content(carries: Carries, payload: PayloadKind) -> Content:
    """Return the content of a case's payloads: its payload kind, or "number" if the mechanism carries only numbers."""
    return "number" if carries == "number" else payload


def make_payloads(content: Content, nonce: int, size: int, count: int, stream: int = 0) -> list[Payload]:
    """Make payloads 0 to count - 1 of a stream: `size` bytes each, or signed 64-bit numbers."""
    heads = [(nonce + (stream << _STREAM_SHIFT) + i) % 2**63 for i in range(count)]
    if content == "number":
        return list(heads)
    block = hashlib.shake_128(nonce.to_bytes(8, "little")).digest(size + _STEP * count)
    plain = [
        head.to_bytes(8, "little")[:size] + block[i * _STEP : i * _STEP + max(size - 8, 0)]
        for i, head in enumerate(heads)
    ]
    if content == "object":
        return [_as_object(payload) for payload in plain]
    if content == "array":
        import numpy  # only cases of arrays pay for the import

        return [numpy.frombuffer(bytearray(payload), dtype=numpy.float64) for payload in plain]
    return plain


def _as_object(source: bytes) -> dict[str, Any]:
    """Return a nested dict made from `source`, whose pickle is as long as `source`.

    Most of it are 4-byte numbers, which take 5 bytes in a pickle; text fills the rest. The framing of a pickle depends
    on its length, so the text is fitted repeatedly.
    """
    size = len(source)
    numbers = array("i", source[: size // 5 // 8 * 8 * 4])
    text = source[-size:].hex()
    found = {"id": int.from_bytes(source[:8], "little"), "data": numbers.tolist(), "of": {"text": ""}}
    for _ in range(4):
        missing = size - len(pickle.dumps(found))
        if not missing:
            break
        if missing < 0 and not found["of"]["text"]:  # type: ignore[index]
            del found["data"][missing // 5 :]  # type: ignore[attr-defined]
            continue
        length = len(found["of"]["text"]) + missing  # type: ignore[index]
        found["of"] = {"text": text[: max(length, 0)]}
    return found


def pool_count(size: int, window: int) -> int:
    """Return how many different payloads a timed loop rotates over; always more than can be in flight."""
    return max(window + 2, LEAST_IN_POOL, min(MOST_IN_POOL, POOL_BYTES // max(size, 1)))


def proof_count(size: int, loops: int = MOST_PROVED) -> int:
    """Return how many messages a verification turn sends: 16 or fewer, and at least 3.

    Fewer if they exceed 2 MiB together, or if a timed turn has fewer loops, since then a message takes a millisecond.
    """
    return max(3, min(MOST_PROVED, loops, 2 * 2**20 // max(size, 1)))


def window_for(size: int) -> int:
    """Return how many messages a mechanism may hold in flight: 64, fewer if they exceed 8 MiB together, at least 4."""
    return max(4, min(64, 8 * 2**20 // max(size, 1)))


def own(payload: Any) -> Any:
    """Copy a payload that is lent, because a mechanism that lends its memory reuses it at the next receive."""
    if isinstance(payload, memoryview):
        return bytes(payload)
    return payload.copy() if type(payload).__name__ == "ndarray" else payload


def digest(payload: Any) -> str:
    """Return the SHA-256 of a payload's bytes, in hex; for any other object, a text that matches no digest."""
    if isinstance(payload, int):
        return hashlib.sha256(payload.to_bytes(8, "little", signed=True)).hexdigest()
    if isinstance(payload, bytes | bytearray | memoryview):
        return hashlib.sha256(payload).hexdigest()
    if isinstance(payload, dict):
        return hashlib.sha256(repr(payload).encode()).hexdigest()
    if type(payload).__name__ == "ndarray":
        return hashlib.sha256(payload.tobytes()).hexdigest()
    return f"not a payload: {type(payload).__name__}"


def digests(payloads: Iterable[object]) -> list[str]:
    """Return the digest of each payload, in order."""
    return [digest(payload) for payload in payloads]
