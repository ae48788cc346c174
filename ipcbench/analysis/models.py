"""Models of time against size and of throughput against workers, with intervals, and whether they fit.

Both are linear in parameters that cannot be negative, so both are fitted alike: non-negative least squares (Lawson &
Hanson, "Solving Least Squares Problems", 1974) on relative errors, that is, with weights of 1 / time². The fit is to
medians over rounds; intervals resample whole rounds and refit, and are Student's t with the spread of the refitted
parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ipcbench.analysis.difference import quantile
from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray, resampled_medians

LEAST_POINTS = 4  # sizes, or counts of workers
WORST_LINE, WORST_SCALING = 0.25, 0.15  # largest relative residual of a model that is shown
LEAST_EXPLAINED = 0.9  # R² on logarithms; a curve that hardly grows with the size says nothing about bandwidth
_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval, NaN below 3 rounds."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The best parameters, (k,), those of resampled rounds, (resamples, k), and how well they fit.

    worst is the largest relative residual, explained is R² on logarithms, freedom the degrees of freedom of intervals.
    """

    best: FloatArray
    drawn: FloatArray
    worst: float
    explained: float
    freedom: int

    def estimate(self, value: Callable[[FloatArray], FloatArray]) -> Estimate:
        """Return a value derived from the parameters by a function (..., k) -> (...), with its interval."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found, drawn = float(value(self.best)), value(self.drawn)
        if not len(drawn):
            return Estimate(found)
        if found > 0 and math.isfinite(found) and np.all(np.isfinite(drawn) & (drawn > 0)):
            reach = float(quantile(0.975, self.freedom) * np.std(np.log(drawn), ddof=1))
            return Estimate(found, found * math.exp(-reach), found * math.exp(reach))
        low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")  # a parameter at its bound is skewed
        return Estimate(found, min(float(low), found), max(float(high), found))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """time = start + size / bandwidth, in seconds and bytes.

    half_size is the size that reaches half the bandwidth (Hockney, "The communication challenge for MPP", Parallel
    Computing 20, 1994). `known` says whether the model may be shown.
    """

    fit: Fit

    @property
    def known(self) -> bool:
        """Whether it fits: no residual above 25 %, at least 90 % of the logarithms' variance explained."""
        return self.fit.worst <= WORST_LINE and self.fit.explained >= LEAST_EXPLAINED and bool(self.fit.best[1] > 0)

    @property
    def start(self) -> Estimate:
        """Time of an operation without a payload, in seconds."""
        return self.fit.estimate(lambda found: found[..., 0])

    @property
    def bandwidth(self) -> Estimate:
        """Bytes per second at which each further byte of payload is carried."""
        return self.fit.estimate(lambda found: 1 / found[..., 1])

    @property
    def half_size(self) -> Estimate:
        """The size, in bytes, at which start-up and carrying take equally long."""
        return self.fit.estimate(lambda found: found[..., 0] / found[..., 1])

    def at(self, size: float) -> Estimate:
        """Return the time for a size, in seconds."""
        return self.fit.estimate(lambda found: found[..., 0] + found[..., 1] * size)


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """The Universal Scalability Law: X(n) = rate · n / (1 + contention · (n - 1) + coherency · n · (n - 1)).

    Gunther, "Guerrilla Capacity Planning", 2007. Contention is the share done by one worker at a time, coherency
    the cost of agreement between each pair of workers. Times per operation of all workers together are 1 / X.
    """

    fit: Fit

    @property
    def known(self) -> bool:
        """Whether it fits: no residual above 15 %; a flat curve fits too, with a contention of 1."""
        return self.fit.worst <= WORST_SCALING and bool(self.fit.best[0] > 0)

    @property
    def rate(self) -> Estimate:
        """Operations per second of a single worker."""
        return self.fit.estimate(lambda found: 1 / found[..., 0])

    @property
    def contention(self) -> Estimate:
        """The share done by one worker at a time; above 1 even the second worker makes it slower."""
        return self.fit.estimate(lambda found: found[..., 1] / found[..., 0])

    @property
    def coherency(self) -> Estimate:
        """The cost of each pair of workers, as a share of one worker's operation."""
        return self.fit.estimate(lambda found: found[..., 2] / found[..., 0])

    @property
    def peak(self) -> Estimate:
        """The number of workers with the highest rate, sqrt((1 - contention) / coherency), at least 1, or infinite."""
        found = self.fit.estimate(_peak)
        return Estimate(found.value, max(1.0, found.low) if found.low == found.low else math.nan, found.high)

    def at(self, workers: float) -> Estimate:
        """Return the time per operation of this many workers together, in seconds."""
        row = _scaling_row(workers)
        return self.fit.estimate(lambda found: found @ row)


def _peak(found: FloatArray) -> FloatArray:
    """Return the number of workers with the highest rate.

    It is 1 if a second worker adds nothing, and infinite if every further worker adds some.
    """
    gain = found[..., 0] - found[..., 1]
    return np.where(gain > 0, np.maximum(1.0, np.sqrt(np.maximum(gain, 0.0) / found[..., 2])), 1.0)


def line(sizes: Sequence[float] | FloatArray, seconds: FloatArray) -> Line | None:
    """Fit time against size: sizes (n,) in bytes, seconds (n, rounds), NaN for a missing visit.

    Return None if fewer than 4 sizes have a time.
    """
    fit = _fitted([np.array([1.0, size]) for size in sizes], seconds)
    return Line(fit) if fit else None


def scaling(workers: Sequence[float] | FloatArray, seconds: FloatArray) -> Scaling | None:
    """Fit time per operation against workers: (n,) and (n, rounds) in seconds; return None below 4 counts."""
    fit = _fitted([_scaling_row(count) for count in workers], seconds)
    return Scaling(fit) if fit else None


def _scaling_row(count: float) -> FloatArray:
    """Return the factors of 1 / rate, contention / rate and coherency / rate in 1 / X(n)."""
    return np.array([1 / count, (count - 1) / count, count - 1])


def _fitted(rows: Sequence[FloatArray], seconds: FloatArray) -> Fit | None:
    """Fit medians over rounds, (n, k) and (n, rounds); intervals use the rounds that all points have."""
    there = ~np.isnan(seconds).all(axis=1)
    design, seconds = np.array(rows, dtype=float)[there], seconds[there]
    if len(design) < LEAST_POINTS:
        return None
    times = np.nanmedian(seconds, axis=1)
    scale = design.max(axis=0)
    best = _solved(design, scale, times)
    common = seconds[:, ~np.isnan(seconds).any(axis=0)]
    rounds = common.shape[1]
    drawn = np.empty((0, len(best)))
    if rounds >= LEAST_ROUNDS:
        medians = np.array([resampled_medians(row)[:_RESAMPLES] for row in common])
        drawn = np.array([_solved(design, scale, column) for column in medians.T])
    fitted = design @ best
    worst = float(np.max(np.abs(fitted / times - 1)))
    logs = np.log(times)
    unexplained = float(np.sum((np.log(np.maximum(fitted, times / 1e9)) - logs) ** 2))
    spread = float(np.sum((logs - logs.mean()) ** 2))
    return Fit(best, drawn, worst, 1 - unexplained / spread if spread > 0 else 0.0, max(rounds - 1, 1))


def _solved(design: FloatArray, scale: FloatArray, times: FloatArray) -> FloatArray:
    """Return the parameters with the least sum of squared relative errors; columns are scaled for the solver."""
    from scipy import optimize  # slow to import, and few commands fit a model

    unit = times.min()
    solved: FloatArray = optimize.nnls(design / scale * unit / times[:, None], np.ones(len(times)))[0]
    found: FloatArray = solved / scale * unit
    return found
