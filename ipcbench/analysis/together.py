"""The mean difference of several cases: a geometric mean of ratios whose interval resamples all cases together.

What happens in a round happens to all its cases, and so does what happens to a machine between two repeats. So a
resample draws rounds, and repeats before them, once for all cases of a side; otherwise what they share would be taken
for independent evidence, and the interval of a mean over many cases would be far too short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ipcbench.analysis.compare import Difference, from_resamples
from ipcbench.analysis.stats import LEAST_ROUNDS, RESAMPLES, SEED, FloatArray, geometric_mean

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rounds:
    """Times of several cases of one file: seconds (cases, rounds), NaN where one is missing.

    repeats (rounds,) says in which of the times that the label was measured each round was, from 1.
    """

    seconds: FloatArray
    repeats: IntArray


def mean_paired(first: Rounds, second: Rounds) -> Difference:
    """Compare cases that were measured together, round by round: rows and columns of both belong to each other."""
    gone = np.isnan(first.seconds) | np.isnan(second.seconds)
    one, other = np.where(gone, np.nan, first.seconds), np.where(gone, np.nan, second.seconds)
    counts = (~gone).sum(axis=1)
    if not len(counts) or not counts.all():
        return Difference(math.nan)
    ratio = geometric_mean(np.nanmedian(one, axis=1) / np.nanmedian(other, axis=1))
    if counts.min() < LEAST_ROUNDS:
        return Difference(ratio)
    chosen = _draw(np.ones(one.shape[1], dtype=np.int64), np.random.default_rng(SEED))
    logs = _means(np.log(one), chosen) - _means(np.log(other), chosen)
    return from_resamples(ratio, logs, int(counts.max()) - 1)


def mean_unpaired(first: Rounds, second: Rounds, drift: float = 0.0) -> Difference:
    """Compare the same cases of two files: rows belong to each other, rounds do not; see `compare.unpaired`."""
    if not len(first.seconds) or any((~np.isnan(side.seconds)).sum(axis=1).min() == 0 for side in (first, second)):
        return Difference(math.nan)
    medians = [np.nanmedian(side.seconds, axis=1) for side in (first, second)]
    ratio = geometric_mean(medians[0] / medians[1])
    if min(int((~np.isnan(side.seconds)).sum(axis=1).min()) for side in (first, second)) < LEAST_ROUNDS:
        return Difference(ratio)
    chance = np.random.default_rng(SEED)
    one, other = (_side(side, chance, drift) for side in (first, second))
    return from_resamples(ratio, one - other, _freedom(first) + _freedom(second))


def _freedom(side: Rounds) -> int:
    repeats = len(np.unique(side.repeats))
    return repeats - 1 if repeats > 1 else side.seconds.shape[1] - 1


def _side(side: Rounds, chance: np.random.Generator, drift: float) -> FloatArray:
    """Mean over cases of the medians of resampled rounds, as logarithms: (resamples,)."""
    logs = np.log(side.seconds)
    several = len(np.unique(side.repeats)) > 1
    if several:
        logs = _spread(logs, side.repeats)
    means = _means(logs, _draw(side.repeats, chance))
    return means + chance.normal(0.0, drift, RESAMPLES) if drift and not several else means


def _spread(logs: FloatArray, repeats: IntArray) -> FloatArray:
    """Move the repeats of each case apart by what drawing k of k repeats hides of their spread, as `compare` does."""
    names = np.unique(repeats)
    moved = logs.copy()
    centres = np.array([[_middle(row[repeats == name]) for name in names] for row in logs])
    middles = np.nanmedian(centres, axis=1)
    for place, name in enumerate(names):
        further = (centres[:, place] - middles) * (math.sqrt(len(names) / (len(names) - 1)) - 1)
        moved[:, repeats == name] += np.nan_to_num(further)[:, None]
    return moved


def _middle(values: FloatArray) -> float:
    there = values[~np.isnan(values)]
    return float(np.median(there)) if len(there) else math.nan


def _draw(repeats: IntArray, chance: np.random.Generator) -> IntArray:
    """Which rounds each resample has, repeats drawn first: (resamples, n) of column numbers, -1 for none."""
    names, lengths = np.unique(repeats, return_counts=True)
    columns = np.full((len(names), lengths.max()), -1, dtype=np.int64)
    for place, name in enumerate(names):
        columns[place, : lengths[place]] = np.flatnonzero(repeats == name)
    chosen = chance.integers(len(names), size=(RESAMPLES, len(names), 1))
    within = (chance.random((RESAMPLES, len(names), lengths.max())) * lengths[chosen]).astype(np.int64)
    drawn = np.where(np.arange(lengths.max()) < lengths[chosen], columns[chosen, within], -1)
    found: IntArray = drawn.reshape(RESAMPLES, -1)
    return found


def _means(logs: FloatArray, chosen: IntArray) -> FloatArray:
    """For each resample the mean over cases of the median over its rounds: (resamples,).

    A resample may hold no round of a case that misses some; the median of all its rounds then stands in, so that the
    mean is always over the same cases.
    """
    medians = np.array([_medians(np.append(row, np.nan)[chosen]) for row in logs])  # column -1 is none
    gone = np.isnan(medians)
    if gone.any():
        medians = np.where(gone, np.nanmedian(logs, axis=1)[:, None], medians)
    means: FloatArray = medians.mean(axis=0)
    return means


def _medians(table: FloatArray) -> FloatArray:
    """Medians of rows as far as they are numbers, NaN for none. np.nanmedian is slow on many short rows."""
    there = (~np.isnan(table)).sum(axis=1)
    if (there == table.shape[1]).all():
        plain: FloatArray = np.median(table, axis=1)
        return plain
    ordered = np.sort(table, axis=1)  # NaN last
    rows = np.arange(len(table))
    low, high = np.maximum((there - 1) // 2, 0), np.maximum(there // 2, 0)
    medians: FloatArray = (ordered[rows, low] + ordered[rows, np.minimum(high, table.shape[1] - 1)]) / 2
    return medians
