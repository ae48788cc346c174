"""A histogram of delays with buckets of about 1 %, the layout of HdrHistogram at two digits (Tene, hdrhistogram.org).

A bucket keeps the eight leading bits of a delay in nanoseconds, so its width is below 1/128 of its value; its lower end
names it. Histograms merge by addition. No library is used, because a measured process would have to import it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

_BITS = 8


def bucket(nanoseconds: int) -> int:
    """Return the lower end of the bucket of a delay, in nanoseconds; below 256 ns each value has its own bucket."""
    shift = max(nanoseconds.bit_length() - _BITS, 0)
    return nanoseconds >> shift << shift


def histogram(delays: Iterable[float]) -> Counter[int]:
    """Count delays, in seconds, by bucket."""
    return Counter(bucket(max(round(delay * 1e9), 0)) for delay in delays)
