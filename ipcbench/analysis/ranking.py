"""Which case of a block is the best, how far the others are behind, and which of them tie with it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.difference import Difference, paired, told_apart
from ipcbench.analysis.stats import BLOCK, FloatArray, by_round


@dataclass(frozen=True, slots=True)
class Standings:
    """The cases of a block against the best of them.

    best is the place of the best case. For each case, behind says how many times as long it takes as the best, and tied
    whether it is another case that cannot be told apart from the best.
    """

    best: int
    behind: list[Difference]
    tied: list[bool]

    @property
    def order(self) -> list[int]:
        """The places of the cases, the best first, then the least ratio to it."""
        return sorted(range(len(self.behind)), key=lambda place: (place != self.best, self.behind[place].ratio))


def standings(times: Sequence[FloatArray]) -> Standings:
    """Rank cases that were measured together: visit means in seconds, (rounds,) each, NaN for a missing round.

    All pairs are compared, see `difference.paired`. The best case is the one to which no other has a ratio below 1.
    Trimmed means allow a circle, in which each of some near-equal cases is ahead of the next; then the best is the case
    that is behind by least. The verdicts on all pairs are given together, because the best is chosen by the same rounds
    that it is judged by: compared with its rivals alone, it would too often seem better.
    """
    pairs = list(itertools.combinations(range(len(times)), 2))
    found = [paired(times[one], times[other]) for one, other in pairs]
    logs, apart = np.zeros((len(times), len(times))), np.zeros((len(times), len(times)), dtype=bool)
    for (one, other), difference, clear in zip(pairs, found, told_apart(found), strict=True):
        logs[one, other], apart[one, other] = math.log(difference.ratio), clear
    logs -= logs.T
    apart |= apart.T
    best = int(np.argmin(logs.max(axis=1)))
    behind = [paired(each, times[best]) for each in times]
    behind[best] = Difference(1.0, 1.0, 1.0)
    return Standings(best, behind, [place != best and not apart[place, best] for place in range(len(times))])


def rank(summary: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Add to each row of `summarise` its rank among the mechanisms that answer the same question.

    A block agrees in the columns of BLOCK; only ok cases with a time take part, and neither controls nor baselines,
    which reach no other process.

    New columns: best, slowdown with slowdown_low and slowdown_high (how many times as long as the best, with its 95 %
    interval; exactly 1 for the best, NaN for what is not ranked), tied (see `standings`) and rivals (how many cases the
    block ranks).
    """
    columns = {column: dict.fromkeys(summary.index, default) for column, default in _UNRANKED.items()}
    eligible = summary[(summary["verdict"] == "ok") & summary["seconds"].notna() & summary["ranked"]]
    if len(eligible):
        series = by_round(visits)
        for _, block in eligible.groupby(BLOCK, sort=False):
            _rank_block(block.sort_values(["seconds", "mechanism"]), series, columns)
    return summary.assign(**{column: pd.Series(found) for column, found in columns.items()})


_UNRANKED: dict[str, bool | float | int] = {
    "best": False,
    "slowdown": math.nan,
    "slowdown_low": math.nan,
    "slowdown_high": math.nan,
    "tied": False,
    "rivals": 0,
}


def _rank_block(block: pd.DataFrame, series: dict[str, FloatArray], columns: dict[str, dict[Hashable, Any]]) -> None:
    """Fill in the columns of one block; of cases that are equally good, the first is the best."""
    found = standings([series[str(case)] for case in block["case"]])
    for place, row in enumerate(block.index):
        columns["best"][row] = place == found.best
        columns["slowdown"][row] = found.behind[place].ratio
        columns["slowdown_low"][row] = found.behind[place].low
        columns["slowdown_high"][row] = found.behind[place].high
        columns["tied"][row] = found.tied[place]
        columns["rivals"][row] = len(block)
