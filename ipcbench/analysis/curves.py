"""The models of a run: times against size, throughput against workers, and where two curves cross."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from ipcbench.analysis.models import LEAST_POINTS, Line, Scaling, line, scaling
from ipcbench.analysis.stats import FloatArray
from ipcbench.analysis.traps import Crossover, crossover

BY_SIZE = ("ping-pong", "stream")
# Patterns that count the operations of all workers together, so that 1 / time is the rate of all workers.
BY_WORKERS = ("task-queue", "tasks", "fan-in", "fan-out", "many-to-many", "pairs", "counter", "access")
_SETTING = ["payload", "start_method", "placement", "cpus", "python"]
Model = TypeVar("Model", Line, Scaling)


@dataclass(frozen=True, slots=True, eq=False)
class Curve(Generic[Model]):
    """Cases that differ in size or in workers only, and the model of their times.

    first is the summary row of the first case; over are the sizes in bytes, or the counts of workers; seconds are the
    times by round, (n, rounds).
    """

    first: Any
    over: Sequence[float]
    seconds: FloatArray
    model: Model


def lines(summary: pd.DataFrame, series: dict[str, FloatArray]) -> list[Curve[Line]]:
    """Return the curves of round trips and streams with at least 4 sizes; column `key` of summary indexes series."""
    return list(_curves(summary, series, BY_SIZE, "size", line))


def scalings(summary: pd.DataFrame, series: dict[str, FloatArray]) -> list[Curve[Scaling]]:
    """Return the curves of throughput with at least 4 counts of workers."""
    return list(_curves(summary, series, BY_WORKERS, "workers", scaling))


def crossings(
    summary: pd.DataFrame, curves: Sequence[Curve[Line]]
) -> Iterator[tuple[Curve[Line], Curve[Line], Crossover]]:
    """Yield pairs of curves that cross between measured sizes; the first is faster below the crossing.

    Only mechanisms that are the best at some size take part.
    """
    winners = {(row.mechanism, *_about(row)) for row in summary[summary["best"]].itertuples(index=False)}
    chosen = [curve for curve in curves if (curve.first.mechanism, *_about(curve.first)) in winners]
    for one, other in itertools.permutations(chosen, 2):
        if _about(one.first) != _about(other.first):
            continue
        common = sorted(set(one.over) & set(other.over))
        if len(common) < 2:
            continue
        first, second = _at(one, common), _at(other, common)
        (below, *_, above) = np.nanmedian(first, axis=1) - np.nanmedian(second, axis=1)
        found = crossover(common, first, second)
        if below < 0 < above and found.size == found.size:
            yield one, other, found


def _about(row: Any) -> tuple[object, ...]:
    return (row.question, row.wait, row.workers, *(getattr(row, column) for column in _SETTING))


def _at(curve: Curve[Line], sizes: Sequence[float]) -> FloatArray:
    return curve.seconds[[list(curve.over).index(size) for size in sizes]]


def _curves(
    summary: pd.DataFrame,
    series: dict[str, FloatArray],
    patterns: Sequence[str],
    over: str,
    fit: Callable[[Sequence[float], FloatArray], Model | None],
) -> Iterator[Curve[Model]]:
    cases = summary[summary["pattern"].isin(patterns) & summary["seconds"].notna() & summary["ranked"]]
    fixed = "workers" if over == "size" else "size"
    for _, group in cases.groupby(["question", *_SETTING, fixed, "mechanism"], sort=False):
        ordered = group.sort_values(over)
        if ordered[over].nunique() < LEAST_POINTS or ordered[over].duplicated().any() or ordered[over].min() < 1:
            continue
        seconds = np.array([series[key] for key in ordered["key"]])
        found = fit([float(value) for value in ordered[over]], seconds)
        if found is not None:
            yield Curve(next(ordered.itertuples(index=False)), tuple(ordered[over]), seconds, found)
