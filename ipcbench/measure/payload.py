"""What travels: distinct, incompressible payloads that can be made again from a nonce, and their digests.

Payload i of stream s opens with the 8-byte number nonce + (s << 40) + i and goes on with a slice of a random block that
starts further on for each i. Every payload differs, none compresses, and whoever knows nonce, stream and size can tell
exactly which bytes must arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

Carries = Literal["bytes", "objects", "number"]
Payload = bytes | int

# Enough different payloads that a receiver cannot find the last ones in a cache: the sum is beyond most L2 caches.
POOL_BYTES = 8 * 2**20
MOST_IN_POOL = 1024
LEAST_IN_POOL = 8

_STREAM_SHIFT = 40
_STEP = 61  # odd, so that neighbouring payloads are not aligned copies of each other


def make_payloads(carries: Carries, nonce: int, size: int, count: int, stream: int = 0) -> list[Payload]:
    """Make payloads 0 to count - 1 of a stream: `size` bytes each, or signed 64-bit numbers."""
    heads = [(nonce + (stream << _STREAM_SHIFT) + i) % 2**63 for i in range(count)]
    if carries == "number":
        return list(heads)
    block = hashlib.shake_128(nonce.to_bytes(8, "little")).digest(size + _STEP * count)
    return [
        head.to_bytes(8, "little")[:size] + block[i * _STEP : i * _STEP + max(size - 8, 0)]
        for i, head in enumerate(heads)
    ]


def pool_count(size: int, window: int) -> int:
    """How many different payloads a timed loop rotates over; always more than can be in flight."""
    return max(window + 2, LEAST_IN_POOL, min(MOST_IN_POOL, POOL_BYTES // size))


def proof_count(size: int) -> int:
    """How many messages a verification turn sends: 16, fewer where they would be over 2 MiB together, at least 3."""
    return max(3, min(16, 2 * 2**20 // size))


def window_for(size: int) -> int:
    """How many messages any mechanism may hold in flight: 64, fewer where they would be over 8 MiB, at least 4."""
    return max(4, min(64, 8 * 2**20 // size))


def digest(payload: object) -> str:
    """SHA-256 of a payload's bytes, in hex; of anything that is no payload, a word that matches none."""
    if isinstance(payload, int):
        return hashlib.sha256(payload.to_bytes(8, "little", signed=True)).hexdigest()
    if isinstance(payload, bytes):
        return hashlib.sha256(payload).hexdigest()
    return f"not a payload: {type(payload).__name__}"


def digests(payloads: Iterable[object]) -> list[str]:
    """The digest of each payload, in order."""
    return [digest(payload) for payload in payloads]
