"""How well the median of a case is known while a run goes on, and which blocks want more rounds.

The interval is that of the order statistics (the binomial one; Conover, "Practical Nonparametric Statistics", 3.2): it
needs no resampling, so a decision costs nothing between visits and is the same whenever the same values are replayed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from ipcbench.model import Case, Outcome

CONFIDENCE = 0.95
LEAST_KNOWN = 7  # rounds; six have an interval only from the least to the greatest, which one slow visit spoils


def half_width(seconds: Sequence[float]) -> float:
    """How far the 95 % interval of the median reaches from it, as a share of it: 0.05 for ±5 %, the longer side.

    Infinite for fewer than six, of which not even the least and the greatest make such an interval.
    """
    rank = interval_rank(len(seconds))
    if not rank:
        return math.inf
    ordered = sorted(seconds)
    middle = statistics.median(ordered)
    return max(ordered[-rank] / middle - 1, 1 - ordered[rank - 1] / middle)


@cache
def interval_rank(count: int) -> int:
    """The rank k such that the k-th least and the k-th greatest of so many hold the median 95 % of the time; 0: none.

    Each misses it with the probability that fewer than k of `count` fair coins fall on one side.
    """
    rank, missed = 0, 0.0
    while rank < count // 2:
        missed += math.comb(count, rank) / 2**count
        if 2 * missed > 1 - CONFIDENCE:
            break
        rank += 1
    return rank


def wide(cases: Sequence[Case], outcomes: Mapping[tuple[Case, int], Outcome], precision: float) -> list[Case]:
    """The cases whose block holds one that is not known to ±precision yet: whole blocks, in the order given.

    Equal rounds inside a block keep its comparisons paired, and asking about width alone never favours a winner.
    """
    means: dict[Case, list[float]] = {}
    for (case, _), outcome in outcomes.items():
        means.setdefault(case, []).append(statistics.fmean(outcome.values))
    blocks = {case.block for case in still_wide(cases, means, precision)}
    return [case for case in cases if case.block in blocks]


def still_wide(cases: Iterable[Case], means: Mapping[Case, Sequence[float]], precision: float) -> list[Case]:
    """The cases that are not known to ±precision by the means of their visits, in seconds."""
    return [case for case in cases if half_width(means.get(case, ())) > precision]
