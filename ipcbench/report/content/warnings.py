"""The traps that a run shows, in sentences with figures: slow sizes, lost updates, hidden costs.

A trap needs its cases in the run. Ratios come with 95 % intervals, paired by round.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.difference import paired
from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray
from ipcbench.analysis.traps import SETTING, STEP, Crossover, crossover, matched, steps
from ipcbench.report.content.tables import best_first, records
from ipcbench.report.content.words import interval, listing
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

HOLE = 0.02  # seconds: a delayed acknowledgement takes 40 ms
FAR = 10  # a hole takes at least this many times as long as another size or mechanism; 3 times more without intervals
SEGMENT = 65_536  # bytes: a loopback packet holds almost as many, and a full packet is sent at once
_LOST = re.compile(r"lost ([\d,]{1,15}) of ([\d,]{1,15}) increments")
_MOST_STEPS = 6
_CPUS = {"pack": "on one CPU (pack)", "spread": "on two CPUs (spread)"}


def warnings(
    summary: pd.DataFrame, series: dict[str, FloatArray], tails: pd.DataFrame, networked: Collection[str] = ()
) -> list[str]:
    """Return the traps, the most harmful first.

    tails is `analysis.percentiles.percentiles`; networked names the mechanisms that reach other hosts: their packets
    are acknowledged.
    """
    return [
        *_holes(summary, networked),
        *_steps(summary, series),
        *_lost(summary),
        *_early(summary, tails),
        *_layers(summary, series),
        *_placement(summary, series),
        *_arrays(summary, series),
        *_spinning(summary),
    ]


def _ratio(series: dict[str, FloatArray], slow: Any, fast: Any) -> str:
    """Write how many times as long the slow case takes, with its interval and whether the difference is clear."""
    found = paired(series[slow.case], series[fast.case])
    around = interval(found.low, found.high, format_ratio)
    told = ", no clear difference" if found.tied else ""
    return f"{format_ratio(found.ratio)} ({around}{told})" if around else format_ratio(found.ratio)


def _steps(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[str]:
    found = [step for step in steps(summary, series) if not (_in_hole(step.above) or _in_hole(step.below))]
    for step in found[:_MOST_STEPS]:
        below, above = (f"{format_time(row.seconds)} at {format_size(row.size)}" for row in (step.below, step.above))
        more = ", more than the size explains" if step.up else ""
        yield (
            f"A round trip with {step.above.mechanism} {'jumps' if step.up else 'falls'} from {below} to {above}{more}."
        )


def _in_hole(row: Any) -> bool:
    """Return whether a round trip takes as long as a delayed acknowledgement, at a size that can be delayed."""
    return bool(row.seconds >= HOLE and row.size < SEGMENT)


def _holes(summary: pd.DataFrame, networked: Collection[str]) -> Iterator[str]:
    """Yield the sizes at which every message waits for a delayed acknowledgement."""
    trips = matched(summary, pattern="ping-pong", wait="block", ranked=True)
    for _, curve in trips.groupby(SETTING, sort=True):
        rows = records(curve.sort_values("size"))
        slow = next((row for row in rows if _in_hole(row)), None)
        if slow is None:
            continue
        below = next((row for row in reversed(rows) if row.size < slow.size), None)
        above = next((row for row in rows if row.size > slow.size and not _in_hole(row)), None)
        rivals = matched(trips, size=slow.size, **{column: getattr(slow, column) for column in SETTING[1:]})
        best = records(rivals.sort_values("seconds"))[0]
        far = FAR if slow.rounds >= LEAST_ROUNDS else 3 * FAR
        beside = [row for row in (below, above, best) if row is not None and far * row.seconds <= slow.seconds]
        if beside or slow.mechanism in networked:
            yield _hole(slow, below, above if above in beside else None, rivals, rows[-1])


def _hole(slow: Any, below: Any | None, above: Any | None, rivals: pd.DataFrame, last: Any) -> str:
    """Say where the slow sizes begin and end, as far as they were measured, and which mechanism avoids them."""
    beside = [f"{format_time(row.seconds)} at {format_size(row.size)}" for row in (below, above) if row is not None]
    until = f", compared with {listing(beside)}" if beside else ""
    if last.size == slow.size:
        until += "; larger sizes were not measured"
    elif above is None and _in_hole(last):
        until += f"; still {format_time(last.seconds)} at {format_size(last.size)}; larger sizes were not measured"
    others = records(rivals[rivals["seconds"] < slow.seconds / STEP].sort_values("seconds"))
    spared = next((row for row in others if row.mechanism == "tcp-nodelay"), others[0] if others else None)
    without = f"; {spared.mechanism} takes {format_time(spared.seconds)}" if spared is not None else ""
    return (
        f"Avoid {slow.mechanism} at {format_size(slow.size)}: a round trip takes {format_time(slow.seconds)}{until}. "
        f"Without TCP_NODELAY its second write waits for a delayed acknowledgement{without}."
    )


def _lost(summary: pd.DataFrame) -> Iterator[str]:
    wrong = [(row, found) for row in records(summary[summary["verdict"] == "wrong"]) if (found := _share(row.reason))]
    if not wrong:
        return
    parts = [
        f"{row.mechanism} with {count(int(row.workers), 'worker')} lost {lost:,} of {all_:,} increments "
        f"({100 * lost / all_:.0f} %)"
        for row, (lost, all_) in wrong[:5]
    ]
    more = f"; and {count(len(wrong) - 5, 'more case')}" if len(wrong) > 5 else ""
    yield f"Without a lock, += 1 on shared state loses updates: {'; '.join(parts)}{more}. Hold the lock around it."


def _share(reason: str) -> tuple[int, int] | None:
    found = _LOST.search(reason)
    return (int(found[1].replace(",", "")), int(found[2].replace(",", ""))) if found else None


def _early(summary: pd.DataFrame, tails: pd.DataFrame) -> Iterator[str]:
    half = dict(zip(tails["case"], tails["p50"], strict=True))
    for row in records(matched(summary, question="tail:returned")):
        other = matched(summary, question="tail:delivered", mechanism=row.mechanism, size=row.size)
        returned = half.get(row.case, math.nan)
        delivered = half.get(records(other)[0].case, math.nan) if len(other) else math.nan
        if delivered >= 10 * returned:  # a smaller factor may be due to a buffer that holds a part of the message
            yield (
                f"Sending {format_size(row.size)} with {row.mechanism} returns after {format_time(returned)}, but "
                f"the message arrives after {format_time(delivered)} ({format_ratio(delivered / returned)} as long; "
                "both are medians of single messages)."
            )


def _layers(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[str]:
    trips = matched(summary, question="ping-pong", payload="bytes", workers=1, start_method="fork")
    spread = trips[trips["placement"] == "spread"] if (trips["placement"] == "spread").any() else trips
    pair = _pair(spread, 2**20, "pipe-simplex", "pipe")
    if pair:
        simplex, duplex = pair
        slow, fast = (simplex, duplex) if simplex.seconds > duplex.seconds else (duplex, simplex)
        yield (
            f"A duplex Pipe is a socket pair, a simplex Pipe an os.pipe: a round trip of {format_size(duplex.size)} "
            f"takes {format_time(fast.seconds)} with {fast.mechanism} and {format_time(slow.seconds)} with "
            f"{slow.mechanism}, {_ratio(series, slow, fast)} as long."
        )
    pair = _pair(spread, 64, "queue", "simple-queue")
    if pair and pair[0].seconds > pair[1].seconds:
        queue, simple = pair
        pipe = _pair(spread, 64, "queue", "pipe")
        beside = f" and {_ratio(series, *pipe)} as long as with pipe" if pipe else ""
        yield (
            f"A Queue sends through a feeder thread: a round trip of {format_size(queue.size)} takes "
            f"{format_time(queue.seconds)}, {_ratio(series, queue, simple)} as long as with simple-queue{beside}."
        )


def _pair(rows: pd.DataFrame, size: int, one: str, other: str) -> tuple[Any, Any] | None:
    """Return the rows of two mechanisms at the size nearest to `size` that both have."""
    sizes = set(rows.loc[rows["mechanism"] == one, "size"]) & set(rows.loc[rows["mechanism"] == other, "size"])
    if not sizes:
        return None
    nearest = min(sizes, key=lambda found: abs(math.log(found / size)))
    first, second = (records(rows[(rows["mechanism"] == name) & (rows["size"] == nearest)])[0] for name in (one, other))
    return first, second


def _placement(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[str]:
    found = []
    for packed in records(matched(summary, question="ping-pong", placement="pack", payload="bytes")):
        where = {column: getattr(packed, column) for column in ("mechanism", "size", "workers", "start_method")}
        spread = matched(summary, question="ping-pong", placement="spread", payload="bytes", **where)
        if len(spread):
            other = records(spread)[0]
            change = paired(series[other.case], series[packed.case])
            if not change.tied:
                found.append((abs(math.log(change.ratio)), packed, other))
    if found:
        _, packed, spread = max(found, key=lambda each: each[0])
        slow, fast = (spread, packed) if spread.seconds > packed.seconds else (packed, spread)
        yield (
            f"Placement matters: a round trip of {format_size(packed.size)} with {packed.mechanism} takes "
            f"{format_time(fast.seconds)} {_CPUS[fast.placement]} and {format_time(slow.seconds)} "
            f"{_CPUS[slow.placement]}, {_ratio(series, slow, fast)} as long."
        )


def _arrays(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[str]:
    arrays = matched(summary, question="ping-pong", payload="array")
    for rival, pickled in product(("shared-memory", "shared-memory-new", "pipe-oob"), ("pipe", "queue")):
        one, other = (arrays[arrays["mechanism"] == name] for name in (pickled, rival))
        sizes = sorted(set(one["size"]) & set(other["size"]))
        if len(sizes) < 2:
            continue
        times = [np.array([series[_at(rows, size)] for size in sizes]) for rows in (one, other)]
        found = crossover(sizes, *times)
        if rival == "shared-memory" or not math.isnan(found.size):
            yield _crossover(rival, pickled, sizes, found)


def _at(rows: pd.DataFrame, size: int) -> str:
    return str(rows.loc[rows["size"] == size, "case"].iloc[0])


def _crossover(rival: str, pickled: str, sizes: list[int], found: Crossover) -> str:
    beats = f"{rival} beats pickling through {pickled}"
    measured = f"from {format_size(sizes[0])} to {format_size(sizes[-1])}"
    if not math.isnan(found.size):
        around = interval(found.low, found.high, _about)
        return f"Arrays: {beats} from about {_about(found.size)}{f' (95 % interval {around})' if around else ''}."
    if found.second_wins:
        return f"Arrays: {beats} at every size {measured}."
    return f"Arrays: {beats} at no size {measured}."


def _about(size: float) -> str:
    """Write a crossing size, rounded to its known precision."""
    step = 2**20 if size >= 2**23 else 2**10 if size >= 2**13 else 1
    return format_size(round(size / step) * step)


def _spinning(summary: pd.DataFrame) -> Iterator[str]:
    """Compare the CPU time of round trips that spin with that of the fastest one that blocks."""
    trips = matched(summary, question="ping-pong", wait="spin")
    trips = trips[trips["cpu"].notna()].sort_values(["size", "seconds"]).drop_duplicates("mechanism")
    said = []
    for _, same in trips.groupby(["size", "placement", "payload"], sort=True):
        first, *others = records(same)
        parts = [f"{format_time(first.seconds)} ({format_time(first.cpu)} of CPU time) with {first.mechanism}"]
        parts += [_cost(row) for row in others]
        setting = {"size": first.size, "placement": first.placement, "payload": first.payload}
        calm = best_first(matched(summary, question="ping-pong", wait="block", ranked=True, **setting))
        beside = "".join(f"; {_cost(row)}, the fastest that blocks" for row in records(calm.head(1)))
        said.append(f" A round trip of {format_size(first.size)} takes {listing(parts, 4)}{beside}.")
    if said:
        yield f"Spinning keeps a CPU busy even while nothing arrives, so it is ranked separately.{''.join(said)}"


def _cost(row: Any) -> str:
    return f"{format_time(row.seconds)} ({format_time(row.cpu)}) with {row.mechanism}"
