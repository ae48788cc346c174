"""The mean difference of several cases: a geometric mean of ratios whose interval resamples all cases together.

What happens in a round happens to all its cases, and so does what happens to a machine between two repeats. So a
resample draws rounds, and repeats before them, once for all cases of a file; otherwise what they share would be taken
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
class Together:
    """Cases of one file, resampled together; rows of `seconds` and `logs` belong to each other.

    seconds (cases, rounds) are visit means, NaN where one is missing. logs (cases, resamples) are the logarithms of
    the medians of resampled rounds. freedom is what is independent, less one: repeats, or of a single one rounds.
    """

    seconds: FloatArray
    logs: FloatArray
    freedom: int

    def some(self, rows: list[int]) -> Together:
        """Some of the cases, in the order given; what was drawn for them stays."""
        return Together(self.seconds[rows], self.logs[rows], self.freedom)


def resample(seconds: FloatArray, repeats: IntArray, drift: float = 0.0, stream: int = 0) -> Together:
    """Resample all cases of a file: seconds (cases, rounds) in seconds, and for each round the repeat it was in.

    drift is that of `compare.unpaired`; one number is drawn for all cases of a resample. Files with another stream
    have other draws.
    """
    chance = np.random.default_rng([SEED, stream])
    names = np.unique(repeats)
    logs = np.log(seconds)
    if len(names) > 1:
        logs = _spread(logs, repeats)
    medians = _medians(logs, _draw(repeats, chance))
    if drift and len(names) == 1:
        medians = medians + chance.normal(0.0, drift, RESAMPLES)
    return Together(seconds, medians, len(names) - 1 if len(names) > 1 else len(repeats) - 1)


def mean_paired(first: Together, second: Together) -> Difference:
    """Compare cases that were measured together: two choices of `some` from one file's."""
    gone = np.isnan(first.seconds) | np.isnan(second.seconds)
    one, other = (np.where(gone, np.nan, side.seconds) for side in (first, second))
    return _mean(one, other, first.logs - second.logs, first.freedom)


def mean_unpaired(first: Together, second: Together) -> Difference:
    """Compare the same cases of two files, which were resampled with different streams."""
    return _mean(first.seconds, second.seconds, first.logs - second.logs, first.freedom + second.freedom)


def _mean(first: FloatArray, second: FloatArray, logs: FloatArray, freedom: int) -> Difference:
    counts = [(~np.isnan(side)).sum(axis=1) for side in (first, second)]
    if not len(first) or not all(count.all() for count in counts):
        return Difference(math.nan)
    ratio = geometric_mean(np.nanmedian(first, axis=1) / np.nanmedian(second, axis=1))
    if min(int(count.min()) for count in counts) < LEAST_ROUNDS:
        return Difference(ratio)
    return from_resamples(ratio, logs.mean(axis=0), freedom)


def _spread(logs: FloatArray, repeats: IntArray) -> FloatArray:
    """Move the repeats of each case apart by what drawing k of k repeats hides of their spread, as `compare` does."""
    names = np.unique(repeats)
    centres = np.array([[_middle(row[repeats == name]) for name in names] for row in logs])
    further = (centres - _row_medians(centres)[:, None]) * (math.sqrt(len(names) / (len(names) - 1)) - 1)
    moved: FloatArray = logs + np.nan_to_num(further)[:, np.searchsorted(names, repeats)]
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


def _medians(logs: FloatArray, chosen: IntArray) -> FloatArray:
    """The median of each case's rounds in each resample: (cases, resamples).

    A resample may hold no round of a case that misses some; the median of all its rounds then stands in, so that a
    mean is always over the same cases. A case without any round is NaN.
    """
    found = np.empty((len(logs), len(chosen)))
    for row, into in zip(logs, found, strict=True):
        medians = _row_medians(np.append(row, np.nan)[chosen])  # column -1 is none
        into[:] = np.where(np.isnan(medians), _middle(row), medians)
    return found


def _row_medians(table: FloatArray) -> FloatArray:
    """Medians of rows as far as they are numbers, NaN for none. np.nanmedian is slow on many short rows."""
    there = (~np.isnan(table)).sum(axis=1)
    if (there == table.shape[1]).all():
        plain: FloatArray = np.median(table, axis=1)
        return plain
    ordered = np.sort(table, axis=1)  # NaN last
    rows = np.arange(len(table))
    low, high = np.maximum(there - 1, 0) // 2, np.minimum(there // 2, table.shape[1] - 1)
    medians: FloatArray = (ordered[rows, low] + ordered[rows, high]) / 2
    return medians
