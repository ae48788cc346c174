"""Delays as a histogram with buckets of one percent, the layout of HdrHistogram at two digits (Tene, hdrhistogram.org).

A bucket keeps the eight leading bits of a delay in nanoseconds, so that its width is below 1/128 of its value, and is
named by its lower end. Merging is adding. A library would have to be imported where things are measured; this is less
than its import line costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

_BITS = 8


def bucket(nanoseconds: int) -> int:
    """The lower end of the bucket of a delay, in nanoseconds; below 256 ns each has its own."""
    shift = max(nanoseconds.bit_length() - _BITS, 0)
    return nanoseconds >> shift << shift


def histogram(delays: Iterable[float]) -> Counter[int]:
    """Count delays, in seconds, by bucket."""
    return Counter(bucket(max(round(delay * 1e9), 0)) for delay in delays)
