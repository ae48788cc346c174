"""Find what a median hides about its visits: drift during the run, or two groups.

*Drift* is a rank correlation of the visit means with their rounds (Kendall, "Rank Correlation Methods", 4.6 and 4.10)
beside a change that matters (Theil & Sen's slope over the whole run; Sen, JASA 63, 1968). *Two groups* are
found by the split of the sorted logarithms that explains most of their variance; how much a split explains of one
normal group by chance alone is known (Engelman & Hartigan, "Percentage points of a test for clusters", JASA 64, 1969).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ipcbench.analysis.stats import FloatArray

DRIFT_ROUNDS = 6  # of five rounds even a perfect order has a p of 1/60
GROUP_ROUNDS = 7
CHANCE = 0.01  # share of steady cases that may be called drifting
RARE = 0.001  # nominal share of single groups called two; the real share is 1.6 % for 7 rounds, 0.6 % for 20, see tests
CHANGE = 0.05  # smaller changes and differences are not mentioned
LEAST_SHARE = 0.2  # of the visits must be in the smaller group, and at least two visits; fewer are outliers


@dataclass(frozen=True, slots=True)
class Shape:
    """Drift and groups of the visits of a case.

    drift is how much longer the operation took at the end of the run than at its beginning, as a share: 0.1 for 10 %,
    negative if it became faster; NaN if uncertain. groups is 2 if the visits form two groups, which then differ by the
    factor `factor`, 1 if they do not, and 0 if there are too few rounds to tell.
    """

    drift: float = math.nan
    groups: int = 0
    factor: float = math.nan


def shape(seconds: FloatArray) -> Shape:
    """Return the shape of the visit means of one case, by round: (rounds,) in seconds, NaN if missing."""
    rounds = np.flatnonzero(~np.isnan(seconds))
    logs = np.log(seconds[rounds])
    found, factor = groups(logs)
    return Shape(_drift(rounds.astype(float), logs), found, factor)


def _drift(rounds: FloatArray, logs: FloatArray) -> float:
    count = len(logs)
    if count < DRIFT_ROUNDS or np.ptp(logs) <= math.log1p(CHANGE):
        return math.nan
    early, late = np.triu_indices(count, 1)
    slopes = (logs[late] - logs[early]) / (rounds[late] - rounds[early])
    surplus = abs(float(np.sign(slopes).sum()))  # of pairs in one order over those in the other
    steps = (surplus - 1) / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    if not math.erfc(steps / math.sqrt(2)) < CHANCE:  # two-sided, by the normal distribution
        return math.nan
    change = math.expm1(float(np.median(slopes) * (rounds[-1] - rounds[0])))
    return change if abs(math.log1p(change)) > math.log1p(CHANGE) else math.nan


def groups(logs: FloatArray) -> tuple[int, float]:
    """Return the number of groups that logarithms (n,) form, 0 for too few to tell, and the ratio of two groups."""
    logs, count = np.sort(logs), len(logs)
    if count < GROUP_ROUNDS:
        return 0, math.nan
    least = max(2, math.ceil(LEAST_SHARE * count))
    total = float(np.sum((logs - logs.mean()) ** 2))
    below = np.arange(least, count - least + 1)
    sums = np.cumsum(logs)[below - 1]
    distance = (logs.sum() - sums) / (count - below) - sums / below  # of the two groups' means, at each split
    explained = distance**2 * below * (count - below) / count
    best = int(np.argmax(explained))
    factor = math.exp(float(distance[best]))
    if factor <= 1 + CHANGE or explained[best] < by_chance(count) * total:
        return 1, math.nan
    return 2, factor


def by_chance(count: int) -> float:
    """Return the share of the variance that the best split of one normal group of this size hardly ever explains.

    log(total / within) is nearly normal with mean -log(1 - 2/pi) + 2.4 / (n - 2) and variance 1 / (n - 2), the better
    the larger n is; what is left of false alarms for small n is found by simulation.
    """
    centre = -math.log(1 - 2 / math.pi) + 2.4 / (count - 2)
    return -math.expm1(-(centre + NormalDist().inv_cdf(1 - RARE) / math.sqrt(count - 2)))
