"""Two machines compared by shape: not how fast each is, but whether the advice is the same on both.

Absolute times of two machines differ everywhere. What can be carried over is who wins where, in which order the
mechanisms stand, and from which size on another one is faster.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as distributions

from ipcbench.analysis.stats import BLOCK, FloatArray, by_round, rank, summarise
from ipcbench.analysis.traps import Crossover, crossover
from ipcbench.results.side import Side

CROSSING = ("queue", "simple-queue", "pipe", "shared-memory")  # the choices whose crossing sizes people ask for
LEAST_RANKS = 3  # of two mechanisms the order is told by the winner already
_CURVE = ["question", *BLOCK[2:7]]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the second mechanism becomes faster than the first, on two machines; moved if the intervals are apart."""

    where: str
    first: str
    second: str
    base: Crossover
    other: Crossover
    moved: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """How two machines advise differently; base and other are the names of two sides.

    winners has a row per block and side: the columns of BLOCK, side, winner, family, seconds, lead (how many times as
    long the next one takes, NaN if there is none), next (its name), tied (how many tie with the winner), was (the
    winner on the base) and changed. agreement has a row per question: blocks, and tau: Kendall's tau-b of the times of
    the mechanisms that both have, mean over blocks of three and more; 1 is the same order, -1 the opposite.
    """

    base: str
    other: str
    winners: pd.DataFrame
    agreement: pd.DataFrame
    crossings: list[Crossing]

    @property
    def changed(self) -> pd.DataFrame:
        """The blocks whose winner is another one on the other machine, ties apart."""
        return self.winners[self.winners["changed"]]


def shape(base: Side, other: Side, kept: set[str]) -> Shape:
    """Compare what two sides would advise, over the cases of `kept` that both have a number of."""
    sides = [_ranked(side, kept) for side in (base, other)]
    common = set(sides[0]["case"]) & set(sides[1]["case"])
    standings = [_rank(side, common) for side in (base, other)]
    series = [by_round(side.visits) for side in (base, other)]
    return Shape(
        base.name,
        other.name,
        _winners(base.name, other.name, *standings),
        _agreement(*standings),
        list(_crossings(standings[0], *series)),
    )


def _ranked(side: Side, kept: set[str]) -> pd.DataFrame:
    there = set(side.visits["case"])
    cases = side.cases
    found: pd.DataFrame = cases[
        (cases["verdict"] == "ok") & cases["ranked"] & cases["case"].isin(there & kept) & (cases["mechanism"] != "")
    ]
    return found


def _rank(side: Side, common: set[str]) -> pd.DataFrame:
    cases = side.cases[side.cases["case"].isin(common)].reset_index(drop=True)
    visits = side.visits[side.visits["case"].isin(common)]
    return rank(summarise(cases, visits), visits)


def _winners(base: str, other: str, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    rows = []
    blocks = {key: block for key, block in second.groupby(BLOCK, sort=False)}
    for key, block in first.groupby(BLOCK, sort=False):
        there = blocks[key]
        if len(block) < 2:
            continue
        old, new = _best(block), _best(there)
        rows.append((*key, base, *_lead(block), old, False))
        rows.append((*key, other, *_lead(there), old, not (_good(new, block) or _good(old, there))))
    columns = [*BLOCK, "side", "winner", "family", "seconds", "lead", "next", "tied", "was", "changed"]
    return pd.DataFrame(rows, columns=columns)


def _best(block: pd.DataFrame) -> str:
    return str(block.loc[block["best"], "mechanism"].iloc[0])


def _good(mechanism: str, block: pd.DataFrame) -> bool:
    """Whether a mechanism is the best of a block, or tied with it."""
    row = block[block["mechanism"] == mechanism].iloc[0]
    return bool(row["best"] or row["tied"])


def _lead(block: pd.DataFrame) -> tuple[str, str, float, float, str, int]:
    ordered = block.sort_values(["best", "seconds"], ascending=[False, True])
    best, behind = ordered.iloc[0], ordered.iloc[1]
    lead, tied = float(behind["slowdown"]), int(block["tied"].sum())
    return str(best["mechanism"]), str(best["family"]), float(best["seconds"]), lead, str(behind["mechanism"]), tied


def _agreement(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    times = dict(zip(second["case"], second["seconds"], strict=True))
    found: dict[str, list[float]] = {}
    for key, block in first.groupby(BLOCK, sort=False):
        if len(block) >= LEAST_RANKS:
            tau = distributions.kendalltau(block["seconds"], [times[case] for case in block["case"]]).statistic
            found.setdefault(str(key[0]), []).append(float(tau))
    rows = [(question, len(taus), float(np.nanmean(taus))) for question, taus in found.items() if not _all_nan(taus)]
    return pd.DataFrame(rows, columns=["question", "blocks", "tau"])


def _all_nan(values: list[float]) -> bool:
    return all(map(math.isnan, values))


def _crossings(cases: pd.DataFrame, base: dict[str, FloatArray], other: dict[str, FloatArray]) -> Iterator[Crossing]:
    """Crossing sizes of the pairs of CROSSING, in one setting each, where they cross on one machine at least."""
    asked = cases[cases["mechanism"].isin(CROSSING)]
    for key, curves in asked.groupby(_CURVE, sort=False):
        by_size = {
            str(name): dict(zip(rows["size"], rows["case"], strict=True)) for name, rows in curves.groupby("mechanism")
        }
        for one, two in itertools.permutations([name for name in CROSSING if name in by_size], 2):
            sizes = sorted(by_size[one].keys() & by_size[two].keys())
            if len(sizes) < 2:
                continue
            found = [
                crossover(sizes, *(np.array([series[by_size[name][size]] for size in sizes]) for name in (one, two)))
                for series in (base, other)
            ]
            if not all(math.isnan(each.size) for each in found):
                where = ", ".join(str(part) for part in [key[0], f"{key[1]}w", *key[2:]] if part not in _PLAIN)
                yield Crossing(where, one, two, *found, moved=_moved(*found, sizes))


_PLAIN = ("", "1w", "bytes", "fork", "spread")


def _moved(base: Crossover, other: Crossover, sizes: list[int]) -> bool:
    """Whether two crossings are apart for sure; what has no interval is not.

    Where one machine has none, the other's must lie between the sizes measured in all but 5 % of its resamples: two
    curves that cannot be told apart cross somewhere by chance.
    """
    if math.isnan(base.size) or math.isnan(other.size):
        there = other if math.isnan(base.size) else base
        return sizes[0] < there.low * (1 - 1e-9) and there.high * (1 + 1e-9) < sizes[-1]
    return base.high < other.low or other.high < base.low
