"""Answers outside the rankings, in sentences with figures: scaling, pools, set-up, threads, sustained rates.

A remark needs its cases in the run. Ratios come with 95 % intervals, paired by round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ipcbench.analysis.break_even import gains, pays_from
from ipcbench.analysis.difference import paired
from ipcbench.analysis.stats import FloatArray
from ipcbench.analysis.traps import matched
from ipcbench.measure.api.load import KEPT_UP, offered, without_rate
from ipcbench.report.content.tables import best_first, records
from ipcbench.report.content.words import interval, listing
from ipcbench.text import count
from ipcbench.units import format_rate, format_ratio, format_size, format_time

_MOST = 5


def remarks(summary: pd.DataFrame, series: dict[str, FloatArray], tails: pd.DataFrame, cpus: int = 1) -> list[str]:
    """Return the remarks.

    tails is `analysis.percentiles.percentiles`, series the visit means of each case by round, cpus the number of usable
    CPUs.
    """
    return [
        *_scaling(summary, series),
        *_paying(summary, series, cpus),
        *_pools(summary),
        *_beginning(summary),
        *_threads(summary),
        *_keeping_up(summary, tails),
    ]


def _scaling(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[str]:
    """Compare the rate of tasks with one worker and with the most workers measured."""
    tasks = matched(summary, question="task-queue", placement="spread", payload="bytes")
    tasks = tasks[tasks["ranked"] & (tasks["size"] == tasks["size"].min())]
    parts = []
    for name, rows in tasks.groupby("mechanism", sort=True):
        one, most = records(rows.sort_values("workers"))[0], records(rows.sort_values("workers"))[-1]
        if one.workers == 1 and most.workers > 1:
            gain = paired(series[one.case], series[most.case])
            around = interval(gain.low, gain.high, format_ratio)
            more = f"{format_ratio(gain.ratio)}{f' ({around})' if around else ''}"
            parts.append((gain.ratio, int(most.workers), f"{name} {more}"))
    if parts:
        workers = {number for _, number, _ in parts}
        best_first = [f"{text} with {n}" if len(workers) > 1 else text for _, n, text in sorted(parts, reverse=True)]
        many = f"{workers.pop()} workers" if len(workers) == 1 else "more workers"
        yield f"Empty tasks per second with {many}, relative to 1 worker: {listing(best_first, _MOST)}."


def _paying(summary: pd.DataFrame, series: dict[str, FloatArray], cpus: int) -> Iterator[str]:
    """Say from which work for each message on several workers are faster than a plain loop."""
    cells = gains(summary, series, cpus)
    for base, rows in cells.groupby("base", sort=False):
        workers = count(int(rows["workers"].iloc[0]), "worker")
        parts = []
        for name, own in rows.groupby("mechanism", sort=False):
            least = pays_from(own)
            if least is None:
                parts.append((math.inf, f"{name} with no work up to {format_time(own['work'].max())}"))
            else:
                gain = own.loc[own["work"] == least, "gain"].iloc[0]
                parts.append((least, f"{name} from {format_time(least)} on ({format_ratio(gain)})"))
        said = listing([text for _, text in sorted(parts)], _MOST)
        yield f"{base} on {workers} is faster than a plain loop, by the work for each message: {said}."


def _pools(summary: pd.DataFrame) -> Iterator[str]:
    """Say how long a pool takes for an empty task, which limits its rate of tasks."""
    rows = summary[(summary["pattern"] == "tasks") & summary["ranked"] & summary["seconds"].notna()]
    rows = rows[(rows["size"] == rows["size"].min()) & (rows["workers"] > 1) & (rows["operation"] != "map-chunked")]
    rows = rows.sort_values("seconds")
    parts = [
        f"{format_time(row.seconds)} with {row.mechanism} ({row.operation}, {count(row.workers, 'worker')})"
        for row in records(rows.drop_duplicates("mechanism"))
    ]
    if parts:
        best = listing(parts, _MOST)
        yield f"An empty task in a pool takes at best {best}. If your tasks are shorter, send them in chunks."


def _beginning(summary: pd.DataFrame) -> Iterator[str]:
    rows = matched(summary, question="set-up", placement="spread")
    rows = rows[(rows["workers"] == rows["workers"].min()) & (rows["size"] == rows["size"].min())]
    parts = []
    for name, same in rows.groupby("mechanism", sort=True):
        by_method = records(same.sort_values("seconds").drop_duplicates("start_method"))
        if len(by_method) > 1:
            times = listing([f"{format_time(row.seconds)} under {row.start_method}" for row in by_method])
            parts.append((by_method[0].seconds, f"{name} takes {times}"))
    if parts:
        workers = count(int(rows["workers"].min()), "worker")
        said = "; ".join(text for _, text in sorted(parts)[:_MOST])
        yield f"Set-up (create, start {workers}, close): {said}."


def _threads(summary: pd.DataFrame) -> Iterator[str]:
    for row in records(matched(summary, question="ping-pong", mechanism="thread-queue").sort_values("size").head(1)):
        same = matched(summary, question="ping-pong", size=row.size, placement=row.placement, wait="block")
        ranked = records(best_first(same[same["ranked"] & (same["payload"] == row.payload)]))
        if ranked:
            yield (
                f"A round trip of {format_size(row.size)} takes {format_time(row.seconds)} between threads "
                f"(queue.Queue) and at best {format_time(ranked[0].seconds)} between processes ({ranked[0].mechanism})."
            )


def _keeping_up(summary: pd.DataFrame, tails: pd.DataFrame) -> Iterator[str]:
    """Say which of the rates tried each mechanism keeps up with, in messages per second."""
    delays = {row.case: row for row in records(tails)}
    cases = summary.assign(rate=summary["question"].map(offered), base=summary["question"].map(without_rate))
    cases = cases[(cases["rate"] > 0) & cases["seconds"].notna()].sort_values("rate")
    for (base, *_), rows in cases.groupby(["base", "size", "workers"], sort=False):
        parts = []
        for name, same in rows.groupby("mechanism", sort=True):
            rates = [(row.rate, row) for row in records(same)]
            kept = [(rate, row) for rate, row in rates if 1 / row.seconds >= KEPT_UP * rate]
            behind = [(rate, row) for rate, row in rates if 1 / row.seconds < KEPT_UP * rate]
            parts.append(f"{name} {_kept(kept, delays)}{_behind(behind)}")
        size, workers = format_size(rows["size"].iloc[0]), int(rows["workers"].iloc[0])
        where = "" if base == "tail" else f"{base} of {size} on {count(workers, 'worker')}: "
        yield f"Messages at a fixed rate: {where}{'; '.join(parts[:_MOST])}."


def _kept(kept: list[tuple[float, Any]], delays: dict[str, Any]) -> str:
    if not kept:
        return "keeps up with no rate tried"
    rate, row = kept[-1]
    known = delays.get(row.case)
    shares = [("99 %", known.p99), ("half", known.p50)] if known else []  # of few messages 99 % is unknown
    delay = next((f", {share} of them within {format_time(late)}" for share, late in shares if late == late), "")
    return f"keeps up with {format_rate(rate)}{delay}"


def _behind(behind: list[tuple[float, Any]]) -> str:
    if not behind:
        return ""
    rate, row = behind[0]
    return f", but achieves {format_rate(1 / row.seconds)} of {format_rate(rate)}"
