"""Place ticks and direct labels so that they can be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ipcbench.report.content.words import plain
from ipcbench.report.drawing.sheet import SMALLEST, text_width
from ipcbench.units import format_size


def log_ticks(low: float, high: float, most: int = 6, base: int = 10) -> list[float]:
    """Return round numbers between positive low and high: powers of the base, and parts if those are too few."""
    first, last = math.floor(math.log(low, base)), math.ceil(math.log(high, base))
    parts = (1, 2, 5) if base == 10 else (1,)
    for chosen in ((1,), (1, 3) if base == 10 else (1,), parts):
        ticks = [part * float(base) ** power for power in range(first, last + 1) for part in chosen]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 3:
            break
    return ticks[:: math.ceil(len(ticks) / most)] if ticks else [low]


def log_limits(low: float, high: float, pad: float = 0.06, least: float = 4.0) -> tuple[float, float]:
    """Widen a range on a logarithmic axis by `pad` of its length, and to a factor of `least` so noise stays small."""
    middle, span = math.sqrt(low * high), max(high / low, least)
    half = math.sqrt(span) * span**pad
    return middle / half, middle * half


def ticks_at(values: Sequence[float], write: Callable[[float], str]) -> dict[float, str]:
    """Return ticks with their labels, without zeros after the point."""
    return {value: plain(write(value)) for value in values}


def size_ticks(sizes: Sequence[int], limits: tuple[float, float], width: float) -> dict[float, str]:
    """Return a tick for every payload size on an axis `width` points long, with labels where there is room."""
    places = [width * math.log(size / limits[0]) / math.log(limits[1] / limits[0]) for size in sizes]
    labelled = spread([text_width(format_size(size), SMALLEST) for size in sizes], places)
    return {size: format_size(size) if index in labelled else "" for index, size in enumerate(sizes)}


def spread(widths: Sequence[float], places: Sequence[float], gap: float = 5.0) -> set[int]:
    """Choose which of several centred labels to write so that none touches another: the last, the first, then others.

    widths and places are in points, places in rising order; gives positions in these sequences.
    """
    chosen: set[int] = set()
    for index in [len(widths) - 1, *range(len(widths) - 1)]:
        reach = [(places[other], (widths[other] + widths[index]) / 2 + gap) for other in chosen]
        if all(abs(places[index] - place) >= room for place, room in reach):
            chosen.add(index)
    return chosen


def spaced(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places as little as possible, in least squares, so that they keep their order and a gap, within low..high.

    The method is pool adjacent violators (Barlow et al., "Statistical Inference under Order Restrictions", 1972), on
    the places minus the gaps that must lie before them. places are in rising order.
    """
    pools: list[tuple[float, int]] = []
    for index, place in enumerate(places):
        total, members = place - index * gap, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / members:
            before, more = pools.pop()
            total, members = total + before, members + more
        pools.append((total, members))
    flat = [total / members for total, members in pools for _ in range(members)]
    ceiling = high - (len(places) - 1) * gap
    return [min(max(place, low), max(ceiling, low)) + index * gap for index, place in enumerate(flat)]
