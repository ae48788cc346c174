"""Traps that a run shows: steps in size, crossovers, the price of a layer or a placement.

Pure functions from tables to statements with intervals; no trap depends on the name of a mechanism alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.difference import Difference, paired
from ipcbench.analysis.stats import LEAST_ROUNDS, SEED, FloatArray

STEP = 3.0  # a jump in time, beyond the growth of the size, that is worth a warning
SETTING = ["mechanism", "workers", "payload", "start_method", "placement", "cpus", "python"]
_RESAMPLES = 1000
_SURE = 0.95  # of the resamples
KNOWN = 16.0  # widest useful interval of a crossing size, as a factor: the distance of neighbouring measured sizes


@dataclass(frozen=True, slots=True)
class Step:
    """A jump in time between two neighbouring sizes of one mechanism, up or down; below and above are summary rows."""

    below: Any
    above: Any
    change: Difference

    @property
    def up(self) -> bool:
        """Whether the larger size is slower."""
        return self.change.ratio > 1


@dataclass(frozen=True, slots=True)
class Crossover:
    """The payload size from which the second mechanism is faster than the first, in bytes, with its 95 % interval.

    size is NaN if the curves do not cross between measured sizes; second_wins then says whether the second is faster
    at all sizes. known says whether resamples agree: all but 5 % of them cross between measured sizes and within a
    factor of KNOWN, or all but 5 % do not cross. Two curves that are not told apart cross somewhere by chance; such a
    crossing is not known.
    """

    size: float
    low: float
    high: float
    second_wins: bool
    known: bool = False


def steps(summary: pd.DataFrame, series: dict[str, FloatArray]) -> Iterator[Step]:
    """Yield the jumps of round trips between neighbouring sizes that hold over rounds.

    A step is a change of 3 times or more beyond the ratio of the two sizes, upwards, or of 3 times or more downwards;
    the whole interval of the paired ratio must lie beyond that. With fewer than 3 rounds there is no interval, and only
    a jump of 30 times counts.
    """
    trips = summary[(summary["pattern"] == "ping-pong") & summary["seconds"].notna()]
    for _, curve in trips.groupby(SETTING, sort=True):
        rows: list[Any] = list(curve.sort_values("size").itertuples(index=False))
        for below, above in itertools.pairwise(rows):
            change = paired(series[above.case], series[below.case])
            low, high = (
                (change.low, change.high) if change.low == change.low else (change.ratio / 10, change.ratio * 10)
            )
            if low >= STEP * max(1.0, above.size / below.size) or high <= 1 / STEP:
                yield Step(below, above, change)


def crossover(sizes: Sequence[float], first: FloatArray, second: FloatArray) -> Crossover:
    """Return where the second of two curves becomes faster: sizes (n,), times (n, rounds) of both in seconds.

    Medians over rounds are joined by straight lines on logarithms; the last crossing from slower to faster counts. The
    interval resamples rounds of both together; its ends are the nearest measured sizes where a resample never crosses.
    """
    together = ~(np.isnan(first).any(axis=0) | np.isnan(second).any(axis=0))
    first, second = np.log(first[:, together]), np.log(second[:, together])
    logs = np.log(np.asarray(sizes, dtype=float))
    rounds = first.shape[1]
    if not rounds:
        return Crossover(math.nan, math.nan, math.nan, False)
    difference = np.median(first, axis=1) - np.median(second, axis=1)
    size, wins = _crossing(logs, difference), bool((difference > 0).all())
    if rounds < LEAST_ROUNDS:
        return Crossover(math.exp(size), math.nan, math.nan, wins)
    drawn = np.random.default_rng(SEED).integers(rounds, size=(_RESAMPLES, rounds))
    differences = np.median(first[:, drawn], axis=2) - np.median(second[:, drawn], axis=2)
    if math.isnan(size):
        nowhere = sum(math.isnan(_crossing(logs, column)) for column in differences.T)
        return Crossover(math.nan, math.nan, math.nan, wins, nowhere >= _SURE * _RESAMPLES)
    found = [_crossing(logs, column, inside=True) for column in differences.T]
    low, high = np.quantile(found, [0.025, 0.975])
    known = logs[0] < low - 1e-9 and high + 1e-9 < logs[-1] and high - low <= math.log(KNOWN)
    return Crossover(math.exp(size), float(np.exp(low)), float(np.exp(high)), False, bool(known))


def _crossing(logs: FloatArray, difference: FloatArray, inside: bool = False) -> float:
    """Return where the difference last becomes positive, on the scale of logs; else NaN, or with `inside` an end."""
    places = np.flatnonzero((difference[:-1] <= 0) & (difference[1:] > 0))
    if not len(places):
        return float(logs[0] if difference[-1] > 0 else logs[-1]) if inside else math.nan
    i = places[-1]
    share = -difference[i] / (difference[i + 1] - difference[i])
    return float(logs[i] + share * (logs[i + 1] - logs[i]))


def matched(summary: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Return the rows with a time whose columns have these values."""
    chosen = summary["seconds"].notna()
    for column, value in where.items():
        chosen &= summary[column] == value
    return summary[chosen]
