"""Pair cases that are equal except for the column, and find how they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ipcbench.analysis.compare.averages import mean_series
from ipcbench.analysis.compare.columns import Gathered
from ipcbench.analysis.difference import Difference, centre_of, paired, unpaired
from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray, geometric_mean

Where = tuple[str, str]  # label and case
Which = Literal["base", "other"]
SIDES: tuple[Which, ...] = ("base", "other")


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in two columns: the label and case of its number in each, or None; about is a row of the cases."""

    about: Any
    base: Where | None
    other: Where | None

    @property
    def complete(self) -> bool:
        """Whether both sides have a number."""
        return self.base is not None and self.other is not None


@dataclass(frozen=True, slots=True)
class Lack:
    """A case with a number in one of two columns only; column is the one where it is missing."""

    row: str
    case: str
    column: str
    verdict: str
    reason: str


def pairs(about: pd.DataFrame, gathered: Gathered, base: str, other: str) -> list[Pair]:
    """Return every case of either column with its partner, in the order of the cases."""
    found: dict[object, list[Where | None]] = {}
    first: dict[object, Any] = {}
    for row in about[about["place"].isin([base, other])].itertuples(index=False):
        sides = found.setdefault(row.key, [None, None])
        known = first.setdefault(row.key, row)
        if known.family == "other":  # a plain pyperf file knows less about a case than a results file
            first[row.key] = row
        where = (str(row.label), str(row.case))
        if where in gathered.series:
            sides[0 if row.place == base else 1] = where
    return [Pair(first[key], *sides) for key, sides in found.items()]


def lacking(about: pd.DataFrame, found: Sequence[Pair], base: str, other: str) -> list[Lack]:
    """Return the cases with a number in one of two columns only, with the reason for the other."""
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
    """Group pairs by a name, in the order of first appearance."""
    groups: dict[str, list[Pair]] = {}
    for pair in found:
        groups.setdefault(name(pair), []).append(pair)
    return groups


@dataclass(frozen=True, slots=True)
class Scales:
    """Weighs pairs, given all series and the drift between two moments by label."""

    gathered: Gathered
    drift: Mapping[str, float]

    def between(self, base: Where, other: Where) -> float:
        """Return the drift between two files: the larger of theirs."""
        return max(self.drift.get(label, 0.0) for label, _ in (base, other))

    def weigh(self, complete: Sequence[Pair]) -> Difference:
        """Return how many times as long the other column takes as the base, as a geometric mean over the pairs."""
        base, other = ([where_of(pair, side) for pair in complete] for side in SIDES)
        found = self._difference(other, base, together(complete))
        counts = [int((~np.isnan(self.gathered.series[where])).sum()) for where in (*base, *other)]
        if len(complete) > 1:  # the ratio is the mean of the pairs' ratios; only its error comes from the round means
            ratios = [
                self._difference([one], [two], together(complete)).ratio for one, two in zip(other, base, strict=True)
            ]
            found = _moved(found, geometric_mean(np.array(ratios)))
        return found if min(counts) >= LEAST_ROUNDS else Difference(found.ratio)

    def _difference(self, other: Sequence[Where], base: Sequence[Where], same_rounds: bool) -> Difference:
        """Compare the means over cases of both sides, round by round if they were measured together."""
        series = self.gathered.series
        if not same_rounds:
            return unpaired(self._by_repeat(other), self._by_repeat(base), self.between(base[0], other[0]))
        ratios = mean_series([series[one] / series[two] for one, two in zip(other, base, strict=True)])
        return paired(ratios, np.ones(len(ratios)))

    def seconds(self, complete: Sequence[Pair], side: Which) -> float:
        """Return the time of one side, see `compare.trimmed`, as a geometric mean over the pairs."""
        middles = [centre_of(self._by_repeat([where_of(pair, side)])) for pair in complete]
        return math.exp(math.fsum(middles) / len(middles))

    def memory(self, complete: Sequence[Pair], side: Which) -> float:
        """Return the bytes of all processes on one side, as a geometric mean over the pairs; NaN if one is unknown."""
        used = [self.gathered.memory.get(where_of(pair, side), math.nan) for pair in complete]
        return geometric_mean(np.array(used))

    def rounds(self, complete: Sequence[Pair]) -> tuple[int, int]:
        """Return the fewest rounds and the fewest repeats of any series."""
        places = [where_of(pair, side) for pair in complete for side in SIDES]
        counts = [int((~np.isnan(self.gathered.series[where])).sum()) for where in places]
        repeats = [len(np.unique(self.gathered.repeats[label])) for label, _ in places]
        return min(counts), min(repeats)

    def _by_repeat(self, places: Sequence[Where]) -> list[FloatArray]:
        """Return the mean over cases of one file, an array per repeat."""
        repeats = self.gathered.repeats[places[0][0]]
        means = mean_series([self.gathered.series[where] for where in places])
        return [means[repeats == name] for name in np.unique(repeats)]


def _moved(found: Difference, ratio: float) -> Difference:
    """Move a difference to another ratio."""
    by = ratio / found.ratio
    return Difference(ratio, found.low * by, found.high * by, found.error, found.freedom)


def where_of(pair: Pair, side: Which) -> Where:
    """Return where one side of a complete pair has its number."""
    found = pair.base if side == "base" else pair.other
    assert found is not None, "only complete pairs are weighed"
    return found


def together(complete: Sequence[Pair]) -> bool:
    """Return whether both sides of these pairs were measured in common rounds of one file."""
    return all(pair.base is not None and pair.other is not None and pair.base[0] == pair.other[0] for pair in complete)
