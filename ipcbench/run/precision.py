"""Find, during a run, which medians are not known well enough and need more rounds.

The interval is that of order statistics (binomial; Conover, "Practical Nonparametric Statistics", 3.2). It needs no
resampling, so a decision costs no time between visits, and a run resumed from its journal decides in the same way.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from ipcbench.model import Case, Outcome

CONFIDENCE = 0.95
LEAST_KNOWN = 7  # rounds; the interval of six is their whole range, which one slow visit spoils


def half_width(seconds: Sequence[float]) -> float:
    """Return how far the 95 % interval reaches from the median, on its longer side: 0.05 for ±5 %.

    Infinite for fewer than six values, which have no 95 % interval.
    """
    rank = interval_rank(len(seconds))
    if not rank:
        return math.inf
    ordered = sorted(seconds)
    middle = statistics.median(ordered)
    return max(ordered[-rank] / middle - 1, 1 - ordered[rank - 1] / middle)


@cache
def interval_rank(count: int) -> int:
    """Return the rank k for which the k-th least and the k-th greatest of `count` values enclose the median at 95 %.

    0 if there is none. Each bound fails with the probability that fewer than k of `count` fair coins fall on one side.
    """
    rank, missed = 0, 0.0
    while rank < count // 2:
        missed += math.comb(count, rank) / 2**count
        if 2 * missed > 1 - CONFIDENCE:
            break
        rank += 1
    return rank


def wide(cases: Sequence[Case], outcomes: Mapping[tuple[Case, int], Outcome], precision: float) -> list[Case]:
    """Return the cases of all blocks that have a case not yet known to ±precision, in the order given.

    Equal rounds inside a block keep its comparisons paired, and a rule about widths alone favours no winner.
    """
    means: dict[Case, list[float]] = {}
    for (case, _), outcome in outcomes.items():
        means.setdefault(case, []).append(statistics.fmean(outcome.values))
    blocks = {case.block for case in still_wide(cases, means, precision)}
    return [case for case in cases if case.block in blocks]


def still_wide(cases: Iterable[Case], means: Mapping[Case, Sequence[float]], precision: float) -> list[Case]:
    """Return the cases not known to ±precision; means are those of their visits, in seconds."""
    return [case for case in cases if half_width(means.get(case, ())) > precision]
