"""Is one thing slower than another? Differences with intervals, and verdicts over all that are asked at once.

Two series that were measured together, round by round, are *paired*: what slows both in one round cancels. Series of
two files are *unpaired*: rounds are resampled on each side, and where a label was measured several times, repeats
first and rounds inside them (hierarchical bootstrap; Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time",
ISMM 2013).

A verdict says "slower" or "faster" only if the interval leaves out 1, the p-value holds among all those asked at once
(Benjamini & Hochberg, 1995, at 5 %) and the difference is worth a choice: larger than a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import special  # scipy.stats would take longer to import than two files to compare

from ipcbench.analysis.stats import LEAST_ROUNDS, SEED, FloatArray, resampled_medians, resampled_repeats

Verdict = Literal["slower", "faster", "equivalent", "inconclusive"]

RATE = 0.05  # of false discoveries among all that are called different; the complement of every interval
MOST_MORE = 10_000  # rounds; what would take more is not to be found this way
WORTH = 0.03  # a difference below 3 % is not worth a choice, however certain


@dataclass(frozen=True, slots=True)
class Difference:
    """How many times as long the first takes as the second: the ratio of medians and its 95 % interval.

    error is the standard error of log(ratio), freedom its degrees of freedom. All but ratio are NaN where either side
    has fewer than 3 rounds.
    """

    ratio: float
    low: float = math.nan
    high: float = math.nan
    error: float = math.nan
    freedom: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there were rounds enough for an interval."""
        return self.error == self.error

    @property
    def p(self) -> float:
        """Two-sided p-value, of Student's t with the bootstrap's standard error; NaN without an interval."""
        if not self.known:
            return math.nan
        if self.error == 0:
            return 1.0 if self.ratio == 1 else 0.0
        return float(2 * special.stdtr(self.freedom, -abs(math.log(self.ratio)) / self.error))

    @property
    def visible(self) -> float:
        """The smallest difference that would have been seen four times out of five, as a share: 0.05 for 5 %."""
        if not self.known:
            return math.nan
        return math.expm1((quantile(1 - RATE / 2, self.freedom) + quantile(0.8, self.freedom)) * self.error)


def paired(first: FloatArray, second: FloatArray) -> Difference:
    """Compare two series measured together: (rounds,) and (rounds,) in seconds, NaN where a round is missing."""
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    if not len(first):
        return Difference(math.nan)
    ratio = float(np.median(first) / np.median(second))
    if len(first) < LEAST_ROUNDS:
        return Difference(ratio)
    return from_resamples(ratio, np.log(resampled_medians(first)) - np.log(resampled_medians(second)), len(first) - 1)


def unpaired(first: Sequence[FloatArray], second: Sequence[FloatArray], drift: float = 0.0) -> Difference:
    """Compare two series of different runs: for each, one array (rounds,) in seconds per repeat.

    drift is the standard deviation of log(time) between two moments of one machine, as far as the rounds of one repeat
    do not show it; it enters the interval where a side has a single repeat, which cannot show it by itself.
    """
    sides = [[repeat[~np.isnan(repeat)] for repeat in side] for side in (first, second)]
    one, other = ([repeat for repeat in side if len(repeat)] for side in sides)
    if not one or not other:
        return Difference(math.nan)
    ratio = float(np.median(np.concatenate(one)) / np.median(np.concatenate(other)))
    counts = [sum(map(len, side)) for side in (one, other)]
    if min(counts) < LEAST_ROUNDS:
        return Difference(ratio)
    chance = np.random.default_rng(SEED)
    logs = resampled_repeats(one, chance, drift) - resampled_repeats(other, chance, drift)
    return from_resamples(ratio, logs, _freedom(one) + _freedom(other))


def verdicts(differences: Sequence[Difference], worth: float = WORTH) -> list[Verdict]:
    """The verdict of each of the differences that are asked at once; below `worth`, a share, nothing is different.

    Equivalent is what certainly differs by less than `worth`; inconclusive all that might differ either way.
    """
    found: list[Verdict] = ["inconclusive"] * len(differences)
    known = [place for place, difference in enumerate(differences) if difference.known]
    if not known:
        return found
    adjusted = _adjusted(np.array([differences[place].p for place in known]))
    for place, p in zip(known, adjusted, strict=True):
        found[place] = _verdict(differences[place], float(p), worth)
    return found


def more_rounds(difference: Difference, rounds: int, worth: float = WORTH, drift: float = 0.0) -> int | None:
    """About how many more rounds an inconclusive difference takes to get a verdict; None where more would not do.

    A standard error shrinks with the square root of the rounds. A difference that is worth a choice asks for one that
    would be seen four times out of five, a smaller one for an interval that lies within `worth` on both sides. The
    part of the error that is drift stays, whatever the rounds.
    """
    if not difference.known:
        return max(LEAST_ROUNDS - rounds, 1)
    sure = quantile(1 - RATE / 2, difference.freedom)
    found, limit = abs(math.log(difference.ratio)), math.log1p(worth)
    to_see, to_exclude = found / (sure + quantile(0.8, difference.freedom)), (limit - found) / sure
    wanted = to_see if found > limit else to_exclude
    lasting = min(drift, difference.error) ** 2
    if wanted**2 <= lasting:
        return None
    times = (difference.error**2 - lasting) / (wanted**2 - lasting)
    more = math.ceil(rounds * times) - rounds
    return max(more, 1) if more <= MOST_MORE else None


def _adjusted(p: FloatArray) -> FloatArray:
    """p-values adjusted for being asked together (Benjamini & Hochberg, 1995), as scipy's false_discovery_control."""
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted


def _verdict(difference: Difference, p: float, worth: float) -> Verdict:
    ratio, low, high = difference.ratio, difference.low, difference.high
    if p <= RATE and low > 1 and ratio > 1 + worth:
        return "slower"
    if p <= RATE and high < 1 and ratio < 1 / (1 + worth):
        return "faster"
    return "equivalent" if 1 / (1 + worth) <= low and high <= 1 + worth else "inconclusive"


@lru_cache(maxsize=256)
def quantile(share: float, freedom: float) -> float:
    """A quantile of Student's t."""
    return float(special.stdtrit(freedom, share))


def from_resamples(ratio: float, logs: FloatArray, freedom: int) -> Difference:
    """A difference from resampled logarithms of its ratio: their spread is its error, the interval is Student's t.

    freedom is that of the error: what is independent, less one for each side.
    """
    error = float(np.std(logs, ddof=1))
    reach = quantile(1 - RATE / 2, freedom) * error
    return Difference(ratio, ratio * math.exp(-reach), ratio * math.exp(reach), error, freedom)


def _freedom(side: Sequence[FloatArray]) -> int:
    """What is independent on one side, less one: the repeats, or of a single one the rounds."""
    return len(side) - 1 if len(side) > 1 else len(side[0]) - 1
