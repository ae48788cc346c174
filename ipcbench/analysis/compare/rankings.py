"""Compare two machines by winners, order and crossing sizes: is the advice equal on both?

Absolute times of two machines differ everywhere. Winners, the order of mechanisms and the sizes from which another one
is faster can be compared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.compare.side import Side
from ipcbench.analysis.ranking import standings
from ipcbench.analysis.stats import BLOCK, FloatArray, by_round
from ipcbench.analysis.traps import Crossover, crossover

CROSSING = ("queue", "simple-queue", "pipe", "shared-memory")  # the choices whose crossing sizes people ask for
LEAST_RANKS = 3  # mechanisms; the winner already gives the order of two
Blocks = list[tuple[Any, pd.DataFrame]]
_CURVE = [name for name in BLOCK if name not in ("size", "wait")]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the second mechanism becomes faster than the first, on two machines.

    settled says whether both sizes are known well enough, see `Crossover.known`; moved says whether they then differ
    for certain.
    """

    where: str
    first: str
    second: str
    base: Crossover
    other: Crossover
    settled: bool
    moved: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """How two machines advise differently; base and other are the names of two sides.

    winners has a row per block and side: the columns of BLOCK, side, winner, short, family, seconds, lead (how many
    times as long the next one takes), next (its name), tied (whether that is no difference), was (the winner on the
    base) and changed (on the other side only: whether the winner differs).

    agreement has a row per question: blocks, and tau, Kendall's tau-b of the times of the mechanisms that both have,
    mean over blocks of three and more; 1 is the same order, -1 the opposite.
    """

    base: str
    other: str
    winners: pd.DataFrame
    agreement: pd.DataFrame
    crossings: list[Crossing]

    @property
    def changed(self) -> pd.DataFrame:
        """The blocks with another winner on the other machine, without ties."""
        return self.winners[self.winners["changed"]]


def shape(base: Side, other: Side, kept: set[str]) -> Shape:
    """Compare the advice of two sides, over the cases of `kept` that both have a number for."""
    series = [by_round(side.visits) for side in (base, other)]
    common = _measured(base) & _measured(other) & kept
    cases = base.cases[base.cases["case"].isin(common)]
    blocks = [(key, rows) for key, rows in cases.groupby(BLOCK, sort=False) if len(rows) > 1]
    return Shape(
        base.name,
        other.name,
        _winners((base.name, other.name), blocks, *series),
        _agreement(blocks, *series),
        list(_crossings(cases, *series)),
    )


Series = dict[str, FloatArray]


def _measured(side: Side) -> set[str]:
    """Return the cases of a side that are ranked and have a number."""
    cases = side.cases
    ok = cases[(cases["verdict"] == "ok") & cases["ranked"] & (cases["mechanism"] != "")]
    return set(ok["case"]) & set(side.visits["case"])


def _winners(names: tuple[str, str], blocks: Blocks, first: Series, second: Series) -> pd.DataFrame:
    rows = []
    for key, block in blocks:
        mechanisms: list[Any] = sorted(block.itertuples(index=False), key=lambda row: str(row.case))
        old, new = (standings([series[str(row.case)] for row in mechanisms]) for series in (first, second))
        # The old winner ties with the best on the other machine, or the new one did on the base: the advice holds.
        same = old.best == new.best or old.tied[new.best] or new.tied[old.best]
        for name, found, series in zip(names, (old, new), (first, second), strict=True):
            best, behind = (mechanisms[place] for place in found.order[:2])
            lead, tied = found.behind[found.order[1]].ratio, found.tied[found.order[1]]
            facts = best.mechanism, best.short, best.family, _middle(series[str(best.case)]), lead
            changed = name == names[1] and not same
            rows.append((*key, name, *facts, behind.mechanism, tied, mechanisms[old.best].mechanism, changed))
    columns = [*BLOCK, "side", "winner", "short", "family", "seconds", "lead", "next", "tied", "was", "changed"]
    return pd.DataFrame(rows, columns=columns)


def _middle(seconds: FloatArray) -> float:
    return float(np.median(seconds[~np.isnan(seconds)]))


def _agreement(blocks: Blocks, first: Series, second: Series) -> pd.DataFrame:
    from scipy import stats as distributions  # slow to import, and only two machines need it

    found: dict[str, list[float]] = {}
    for key, block in blocks:
        if len(block) >= LEAST_RANKS:
            times = [[_middle(series[case]) for case in block["case"]] for series in (first, second)]
            tau = float(distributions.kendalltau(*times).statistic)
            if tau == tau:  # all times equal: there is no order
                found.setdefault(str(key[0]), []).append(tau)
    rows = [(question, len(taus), sum(taus) / len(taus)) for question, taus in found.items()]
    return pd.DataFrame(rows, columns=["question", "blocks", "tau"])


def _crossings(cases: pd.DataFrame, base: dict[str, FloatArray], other: dict[str, FloatArray]) -> Iterator[Crossing]:
    """Yield the crossing sizes of the pairs of CROSSING, per setting, that cross on at least one machine."""
    asked = cases[cases["mechanism"].isin(CROSSING)]
    for key, curves in asked.groupby(_CURVE, sort=False):
        by_size = {
            str(name): dict(zip(rows["size"], rows["case"], strict=True)) for name, rows in curves.groupby("mechanism")
        }
        for one, two in itertools.permutations([name for name in CROSSING if name in by_size], 2):
            sizes = sorted(by_size[one].keys() & by_size[two].keys())
            if len(sizes) < 2:
                continue
            first, second = (
                crossover(sizes, *(np.array([series[by_size[name][size]] for size in sizes]) for name in (one, two)))
                for series in (base, other)
            )
            if not (math.isnan(first.size) and math.isnan(second.size)):
                where = ", ".join(str(part) for part in [key[0], f"{key[1]}w", *key[2:]] if part not in _PLAIN)
                settled = first.known and second.known
                yield Crossing(where, one, two, first, second, settled, settled and _apart(first, second))


_PLAIN = ("", "1w", "bytes", "fork", "spread")


def _apart(base: Crossover, other: Crossover) -> bool:
    """Return whether two known crossings differ; a machine without a crossing differs from a machine with one."""
    if math.isnan(base.size) or math.isnan(other.size):
        return True
    return base.high < other.low or other.high < base.low
