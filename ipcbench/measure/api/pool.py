"""How many payloads a turn rotates over, a verification proves, and a mechanism may hold in flight."""

from __future__ import annotations

import pickle
from typing import Any

# The payloads of a pool exceed most L2 caches, so that a receiver finds none of them there.
POOL_BYTES = 8 * 2**20
MOST_IN_POOL = 1024
LEAST_IN_POOL = 8
MOST_PROVED = 16  # messages of a verification turn


def how_many(first: Any) -> int:
    """Return how many messages a function of the user's makes, from its first."""
    size = len(pickle.dumps(first, protocol=5))
    return pool_count(size, window_for(size))


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
