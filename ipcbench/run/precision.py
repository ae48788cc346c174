"""Find, during a run, which blocks need more rounds, by how wide the intervals of their numbers are.

The rule looks at widths alone and never at who is ahead, so it favours no winner. Intervals are those of reports and
comparisons, see `analysis.difference.trimmed`. Whole blocks go on, which keeps their comparisons paired. A decision
follows from what visits found, so a run that is resumed from its journal decides in the same way.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from ipcbench.model import Budget, Case, Outcome

CONFIDENCE = 0.95
FIRST = 5  # rounds of all blocks, before further ones go where they are needed
LEAST = 3  # values; fewer have no interval

Block = tuple[object, ...]  # `Case.block`
Means = Mapping[int, float]  # seconds by round


def half_width(values: Sequence[float]) -> float:
    """Return how far the 95 % interval reaches above the trimmed mean of seconds or ratios: 0.05 for ±5 %.

    Infinite for fewer than three values, which have no interval.
    """
    count = len(values)
    if count < LEAST:
        return math.inf
    cut = count // 7
    logs = sorted(map(math.log, values))
    drawn_in = [min(max(log, logs[cut]), logs[count - 1 - cut]) for log in logs]
    middle, kept = math.fsum(drawn_in) / count, count - 2 * cut
    error = math.sqrt(math.fsum((log - middle) ** 2 for log in drawn_in) / (kept * (kept - 1)))
    return math.expm1(_reach(kept - 1) * error)


@cache
def _reach(freedom: int) -> float:
    """Return how many standard errors the interval of Student's t reaches."""
    from scipy import special  # takes longer to import than a command that only prints needs

    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def wide(cases: Sequence[Case], outcomes: Mapping[tuple[Case, int], Outcome], budget: Budget) -> list[Case]:
    """Return the cases of the blocks that should have one more round, in the order given.

    With a precision these are the blocks with a case not known to it. With a budget in seconds alone, they are the
    half of the blocks whose ratios are known least, so that widths become alike. A number of rounds asks for no more.
    """
    means = _means(cases, outcomes)
    blocks: set[Block] = set()
    if budget.precision is not None:
        times = {case: list(rounds.values()) for case, rounds in means.items()}
        blocks = {case.block for case in still_wide(times, times, budget.precision)}
    elif budget.seconds is not None:
        widths = ratio_widths(means)
        middle = sorted(widths.values(), reverse=True)[(len(widths) - 1) // 2] if widths else 0.0
        blocks = {block for block, width in widths.items() if width >= middle}
    return [case for case in cases if case.block in blocks and len(means[case]) < budget.most_rounds]


def typical_width(cases: Sequence[Case], outcomes: Mapping[tuple[Case, int], Outcome]) -> float:
    """Return the median over blocks of how well their ratios are known; infinite before the third round."""
    return statistics.median(ratio_widths(_means(cases, outcomes)).values()) if cases else math.inf


def ratio_widths(means: Mapping[Case, Means]) -> dict[Block, float]:
    """Return for each block the half-width of the ratio of two of its cases, paired by round, as the median over pairs.

    Of a block with a single case it is the half-width of its time.
    """
    blocks: dict[Block, list[Means]] = {}
    for case, rounds in means.items():
        blocks.setdefault(case.block, []).append(rounds)
    return {
        block: statistics.median(
            [half_width(_ratios(one, other)) for one, other in itertools.combinations(each, 2)]
            or [half_width(list(each[0].values()))]
        )
        for block, each in blocks.items()
    }


def _ratios(one: Means, other: Means) -> list[float]:
    return [one[number] / other[number] for number in one.keys() & other.keys()]


def still_wide(cases: Iterable[Case], means: Mapping[Case, Sequence[float]], precision: float) -> list[Case]:
    """Return the cases not known to ±precision; means are those of their visits, in seconds."""
    return [case for case in cases if half_width(means.get(case, ())) > precision]


def _means(cases: Iterable[Case], outcomes: Mapping[tuple[Case, int], Outcome]) -> dict[Case, dict[int, float]]:
    """Return the visit means of these cases in seconds, by round."""
    means: dict[Case, dict[int, float]] = {case: {} for case in cases}
    for (case, number), outcome in outcomes.items():
        if case in means:
            means[case][number] = statistics.fmean(outcome.values)
    return means
