"""Statistics of single cases, as pure functions from tables and arrays to numbers.

The unit is the visit: its values are averaged before anything else and never pooled, because processes differ more
than the values inside one (Kalibera & Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013). Intervals are
95 % percentile bootstrap intervals over rounds (Efron & Tibshirani, "An Introduction to the Bootstrap", ch. 13), taken
on logarithms, from one fixed seed: equal tables give equal numbers. They estimate the median of infinitely many rounds
under the conditions of the run, not the median of another run; `coverage` says how often they contain it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RESAMPLES = 2000
SEED = 20_260_115
LEAST_ROUNDS = 3  # resampled medians of two rounds say nothing about the spread
# How many of 100 intervals contain the true median, by simulation of independent rounds
# (tests/analysis/test_stats.py).
COVERED = {3: 75, 4: 86}  # by number of rounds
COVERED_FROM_FIVE = (88, 96)
COVERED_NEXT = (73, 85)  # how many hold the median of a second, equal run of as many rounds, from 5 rounds on
SUMMARY = ["seconds", "low", "high", "floor", "spread", "rounds", "cpu", "memory"]  # what `summarise` adds
BLOCK = ["question", "size", "workers", "payload", "start_method", "placement", "cpus", "python", "wait"]


def median_interval(seconds: FloatArray, repeats: npt.NDArray[np.int64] | None = None) -> tuple[float, float]:
    """Return the 95 % interval of the median of visit means, in seconds: (rounds,) -> low, high; NaN below 3 rounds.

    repeats says to which repeat each round belongs. With several repeats the interval includes the difference between
    them: repeats are resampled, and rounds inside them.
    """
    if len(seconds) < LEAST_ROUNDS:
        return math.nan, math.nan
    if repeats is not None and len(known := np.unique(repeats)) > 1:
        each = [seconds[repeats == repeat] for repeat in known]
        return _percentiles(_resampled_repeats(each))
    return _percentiles(np.log(resampled_medians(seconds)))


def coverage(rounds: int) -> str:
    """Return how many of 100 intervals over this number of rounds contain the true median: '75', '88 to 96'."""
    few, many = COVERED_FROM_FIVE
    return str(COVERED[rounds]) if rounds in COVERED else f"{few} to {many}"


def summarise(cases: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Add to each row of `case_frame` the statistics of its visits; one row per case, in the same order.

    New columns: seconds (median over rounds of the visit means, per operation), low and high (its 95 % interval, NaN
    below 3 rounds), floor (the least value, seconds), spread (interquartile range of the visit means over their
    median), rounds (how many visits have values), cpu (median CPU seconds per operation, all processes together) and
    memory (median bytes of all processes).
    A case that is not ok has NaN and 0 rounds.
    """
    by_case = {str(case): group for case, group in visits.groupby("case", sort=False)}
    ok = set(cases.loc[cases["verdict"] == "ok", "case"])
    rows = [_summary(by_case.get(case) if case in ok else None) for case in cases["case"]]
    return pd.concat([cases, pd.DataFrame(rows, columns=SUMMARY, index=cases.index)], axis=1)


def by_round(visits: pd.DataFrame) -> dict[str, FloatArray]:
    """Return visit means in seconds by case: one per round of the run, NaN if a case has no visit."""
    cases, names = pd.factorize(visits["case"], sort=True)
    rounds, numbers = pd.factorize(visits["round"], sort=True)
    places, shape = cases * len(numbers) + rounds, (len(names), len(numbers))  # pivot_table takes five times as long
    sums = np.bincount(places, visits["seconds"].to_numpy(dtype=float), minlength=shape[0] * shape[1])
    counts = np.bincount(places, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        table = (sums / counts).reshape(shape)
    return {str(case): row for case, row in zip(names, table, strict=True)}


def geometric_mean(ratios: FloatArray) -> float:
    """Return the geometric mean of positive ratios, (n,) -> number; the mean for ratios (Fleming & Wallace, 1986)."""
    return float(np.exp(np.mean(np.log(ratios))))


def _summary(visits: pd.DataFrame | None) -> tuple[float, float, float, float, float, int, float, float]:
    if visits is None or visits.empty:
        return (math.nan,) * 5 + (0, math.nan, math.nan)
    seconds = visits["seconds"].to_numpy(dtype=float)
    lower, middle, upper = np.quantile(seconds, [0.25, 0.5, 0.75])
    repeats = visits["repeat"].to_numpy() if "repeat" in visits else None
    low, high = median_interval(seconds, repeats)
    spread = float((upper - lower) / middle) if len(seconds) >= LEAST_ROUNDS else math.nan
    return (
        float(middle),
        low,
        high,
        float(visits["floor"].min()),
        spread,
        len(seconds),
        _median(visits["cpu"]),
        _median(visits["memory"]),
    )


def _median(numbers: pd.Series[float]) -> float:
    known = numbers.dropna()
    return float(known.median()) if len(known) else math.nan


@lru_cache(maxsize=64)
def _draws(rounds: int) -> npt.NDArray[np.int32]:
    """Return how often each round is drawn in each resample, with replacement: (rounds, resamples) of counts.

    Cases with equally many rounds share the draws, which pairs them: a resample takes the same rounds of both.
    """
    drawn = np.random.default_rng(SEED).integers(rounds, size=(RESAMPLES, rounds))
    places = drawn * RESAMPLES + np.arange(RESAMPLES)[:, None]
    counts = np.bincount(places.ravel(), minlength=rounds * RESAMPLES)
    return counts.reshape(rounds, RESAMPLES).astype(np.int16 if rounds < 2**15 else np.int32)


def resampled_medians(seconds: FloatArray) -> FloatArray:
    """Return medians of rounds drawn with replacement, (rounds,) -> (resamples,); equal counts share the draws."""
    return _medians(np.ascontiguousarray(seconds, dtype=np.float64).tobytes())


@lru_cache(maxsize=256)  # the interval of a case and the models of its curves share them
def _medians(data: bytes) -> FloatArray:
    """Return the medians of the draws; data are the bytes of float64.

    The counts of the draws, summed from the smallest round up, show where the median is without sorting each resample.
    """
    seconds = np.frombuffer(data)
    order = np.argsort(seconds)
    counts = _draws(len(seconds))
    below = np.cumsum(counts[order], axis=0, dtype=counts.dtype)
    middle, ordered = len(seconds) // 2, seconds[order]
    medians: FloatArray = ordered[(below <= middle).sum(axis=0)]
    if len(seconds) % 2 == 0:
        medians = (ordered[(below <= middle - 1).sum(axis=0)] + medians) / 2
    medians.flags.writeable = False
    return medians


def _resampled_repeats(side: Sequence[FloatArray]) -> FloatArray:
    """Return medians of resampled rounds, (resamples,), as logarithms: one array (rounds,) in seconds per repeat.

    k of k repeats are drawn with replacement, which shows only (k - 1) / k of the variance between them; spreading
    their centres adds the missing part (Davison & Hinkley, "Bootstrap Methods and their Application", 3.8).
    """
    chance, repeats = np.random.default_rng(SEED), [np.log(repeat) for repeat in side]
    centres = np.array([np.median(repeat) for repeat in repeats])
    further = (centres - np.median(centres)) * (math.sqrt(len(repeats) / (len(repeats) - 1)) - 1)
    repeats = [repeat + shift for repeat, shift in zip(repeats, further, strict=True)]
    lengths = np.array([len(repeat) for repeat in repeats])
    table = np.full((len(repeats), lengths.max()), np.nan)
    for place, repeat in enumerate(repeats):
        table[place, : len(repeat)] = repeat
    chosen = chance.integers(len(repeats), size=(RESAMPLES, len(repeats), 1))
    rounds = (chance.random((RESAMPLES, len(repeats), table.shape[1])) * lengths[chosen]).astype(int)
    drawn = np.where(np.arange(table.shape[1]) < lengths[chosen], table[chosen, rounds], np.nan)
    middles = np.nanmedian if len(set(lengths)) > 1 else np.median
    medians: FloatArray = middles(drawn.reshape(RESAMPLES, -1), axis=1)
    return medians


def _percentiles(logarithms: FloatArray) -> tuple[float, float]:
    low, high = np.exp(np.quantile(logarithms, [0.025, 0.975]))
    return float(low), float(high)
