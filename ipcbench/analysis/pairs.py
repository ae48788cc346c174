"""Cases of two columns that agree in all else, and how they differ."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ipcbench.analysis.compare import Difference, paired, unpaired
from ipcbench.analysis.projection import Gathered
from ipcbench.analysis.stats import FloatArray
from ipcbench.analysis.together import Together, mean_paired, mean_unpaired, resample

Where = tuple[str, str]  # label and case
Which = Literal["base", "other"]
SIDES: tuple[Which, ...] = ("base", "other")


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in two columns: where its number is in each, or None; about is a row of `contrast`'s cases."""

    about: Any
    base: Where | None
    other: Where | None

    @property
    def complete(self) -> bool:
        """Whether both have a number."""
        return self.base is not None and self.other is not None


@dataclass(frozen=True, slots=True)
class Lack:
    """A case that has a number in one of two columns only; column is where it is missing."""

    row: str
    case: str
    column: str
    verdict: str
    reason: str


def pairs(about: pd.DataFrame, gathered: Gathered, base: str, other: str) -> list[Pair]:
    """Every case of either column with its partner, in the order of the cases."""
    found: dict[object, list[Where | None]] = {}
    first: dict[object, Any] = {}
    for row in about[about["place"].isin([base, other])].itertuples(index=False):
        sides = found.setdefault(row.key, [None, None])
        known = first.setdefault(row.key, row)
        if known.family == "other":  # a plain pyperf file knows less of a case than ours does
            first[row.key] = row
        where = (str(row.label), str(row.case))
        if where in gathered.series:
            sides[0 if row.place == base else 1] = where
    return [Pair(first[key], *sides) for key, sides in found.items()]


def lacking(about: pd.DataFrame, found: Sequence[Pair], base: str, other: str) -> list[Lack]:
    """What has a number in one of the two columns only, and why not in the other."""
    there = {(row.key, row.place): row for row in about.itertuples(index=False)}
    lacks = []
    for pair in found:
        if pair.complete or pair.base is pair.other:
            continue
        column = other if pair.other is None else base
        row = there.get((pair.about.key, column))
        verdict, reason = (row.verdict, row.reason) if row else ("absent", "not among what was asked for")
        lacks.append(Lack(pair.about.row, pair.about.case, column, str(verdict), str(reason)))
    return lacks


def grouped(found: Iterable[Pair], name: Callable[[Pair], str]) -> Mapping[str, list[Pair]]:
    """Pairs by a name, in the order in which the names come."""
    groups: dict[str, list[Pair]] = {}
    for pair in found:
        groups.setdefault(name(pair), []).append(pair)
    return groups


@dataclass(frozen=True, slots=True)
class Scales:
    """Weighs pairs: what it takes beside them are all series, and the drift between two moments of a machine.

    known keeps what has been resampled, by label: the row of each case, and all of them.
    """

    gathered: Gathered
    drift: float
    known: dict[str, tuple[dict[str, int], Together]] = dataclasses.field(default_factory=dict)

    def weigh(self, complete: Sequence[Pair]) -> Difference:
        """How many times as long the other column takes as the base: of one pair, or on geometric mean of several."""
        if not complete:
            return Difference(math.nan)
        base, other = ([_where(pair, side) for pair in complete] for side in SIDES)
        if len(complete) == 1:
            return self._one(base[0], other[0])
        first, second = self._together(other), self._together(base)
        return mean_paired(first, second) if together(complete) else mean_unpaired(first, second)

    def seconds(self, complete: Sequence[Pair], side: Which) -> float:
        """The median time of one pair's side, or the geometric mean of those of several."""
        if not complete:
            return math.nan
        medians = [float(np.nanmedian(self.gathered.series[_where(pair, side)])) for pair in complete]
        return math.exp(math.fsum(map(math.log, medians)) / len(medians))

    def rounds(self, complete: Sequence[Pair]) -> tuple[int, int]:
        """The fewest rounds that any of the series has, and the fewest repeats those are in."""
        places = [_where(pair, side) for pair in complete for side in SIDES]
        counts = [int((~np.isnan(self.gathered.series[where])).sum()) for where in places]
        repeats = [len(np.unique(self.gathered.repeats[label])) for label, _ in places]
        return min(counts, default=0), min(repeats, default=0)

    def _one(self, base: Where, other: Where) -> Difference:
        if base[0] == other[0]:
            return paired(self.gathered.series[other], self.gathered.series[base])
        return unpaired(self._by_repeat(other), self._by_repeat(base), self.drift)

    def _by_repeat(self, where: Where) -> list[FloatArray]:
        repeats = self.gathered.repeats[where[0]]
        return [self.gathered.series[where][repeats == name] for name in np.unique(repeats)]

    def _together(self, places: Sequence[Where]) -> Together:
        """Cases of one file as they were resampled together, once for whatever asks."""
        label = places[0][0]
        if label not in self.known:
            cases = {case: row for row, case in enumerate(case for name, case in self.gathered.series if name == label)}
            seconds = np.array([self.gathered.series[label, case] for case in cases])
            stream = list(self.gathered.repeats).index(label)
            self.known[label] = cases, resample(seconds, self.gathered.repeats[label], self.drift, stream)
        cases, whole = self.known[label]
        return whole.some([cases[case] for _, case in places])


def _where(pair: Pair, side: Which) -> Where:
    found = pair.base if side == "base" else pair.other
    assert found is not None, "only complete pairs are weighed"
    return found


def together(complete: Sequence[Pair]) -> bool:
    """Whether both sides of these pairs were measured in the same rounds of one file."""
    return all(pair.base is not None and pair.other is not None and pair.base[0] == pair.other[0] for pair in complete)
