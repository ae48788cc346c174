"""Compare a file with itself: are its halves called different, and how far apart are they?

Two halves of a run differ by chance and by the time at which they were measured. *Interleaved* halves, every other
round, cover the same time; *contiguous* halves, the first and the last rounds, do not. Therefore interleaved halves
show errors of the statistics, and contiguous halves also show changes of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipcbench.analysis.difference import Difference, trimmed, unpaired, verdicts
from ipcbench.analysis.stats import LEAST_ROUNDS, FloatArray
from ipcbench.text import count

LEAST_FOR_HALVES = 4  # rounds: two in each half
MOST_CASES = 200  # to compare, evenly chosen, so that even the largest file takes only a second
MOST_DIFFERENT = 0.05  # of the cases may differ from themselves by chance
COARSE = 0.25  # a run in which only larger differences can be seen is too coarse to compare
_FLOOR = 0.95  # of the cases differ by less than the noise floor
_WILD = 0.05  # of the cases at either end cannot decide what drift is


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The result of comparing a file with itself.

    Of `cases` with a time in at least 4 rounds, `different` are called slower or faster between interleaved halves and
    `changed` between contiguous ones. floor is the 95th percentile of the distance between two whole files like this
    one, visible the difference between them that is detected four times out of five, both as shares: 0.05 for 5 %.
    drift is the standard deviation of log(time) between two moments, see `_drift`. The last three are NaN if cases is
    0.
    """

    rounds: int
    cases: int = 0
    different: int = 0
    changed: int = 0
    floor: float = math.nan
    visible: float = math.nan
    drift: float = math.nan

    @property
    def known(self) -> bool:
        """Whether there were enough rounds."""
        return self.cases > 0

    @property
    def distance(self) -> float:
        """The smallest difference between two such runs, as a share, that exceeds the noise and would be seen."""
        return max(self.floor, self.visible) if self.visible == self.visible else self.floor

    @property
    def doubts(self) -> list[str]:
        """What makes comparisons with the run doubtful; empty for a reliable run."""
        if not self.known:
            has = "no case has that many" if self.rounds >= LEAST_FOR_HALVES else f"this run has {self.rounds}"
            return [f"the self-check needs {LEAST_FOR_HALVES} rounds, and {has}"]
        found = []
        if self.different > MOST_DIFFERENT * self.cases:
            found.append(f"{self.different} of {count(self.cases, 'case')} differ between alternate rounds")
        if self.changed > MOST_DIFFERENT * self.cases:
            found.append(f"{self.changed} of {count(self.cases, 'case')} changed from the first half to the second")
        if self.distance > COARSE:
            found.append(
                f"only differences above {_rounded(self.distance)} from another run are real (inside the run, see the "
                "interval of each ratio)"
            )
        return found

    def words(self) -> str:
        """Return the verdict in one line: from which difference on the run is reliable, or why it is doubtful."""
        if self.doubts:
            return f"Doubtful: {'; '.join(self.doubts)}"
        return f"Reliable: differences above {_rounded(self.distance)} from another run are real"

    def details(self) -> str:
        """Return the figures behind the verdict, in sentences."""
        if not self.known:
            return f"The self-check compares halves of the run, so it needs cases with {LEAST_FOR_HALVES} rounds."
        seen = ""
        if self.visible == self.visible:
            seen = f" 4 of 5 comparisons would detect a difference of {_percent(self.visible)}."
        return (
            f"The self-check compares the run with itself: {self.different} of {count(self.cases, 'case')} differ "
            f"between alternate rounds, {self.changed} between the first half and the second. "
            f"Noise floor {_percent(self.floor)}: if nothing changes, 95 % of the cases of two such runs differ by "
            f"less.{seen}"
        )


def self_check(series: Sequence[FloatArray], rounds: int) -> SelfCheck:
    """Compare a file with itself: the visit means of each case by round, (rounds,) in seconds, NaN if missing.

    The noise floor is about two whole files, but halves have half the rounds: in them chance is larger by the square
    root of 2, drift is not. The difference of two contiguous halves is therefore scaled by
    sqrt((drift² · 2 + chance² / 2) / (drift² · 2 + chance²)). chance² is the part of the variance of their difference
    that the rounds inside the halves explain: without drift the difference is divided by the square root of 2, with
    drift alone by 1.
    """
    kept = _looked_at(series)
    if not kept:
        return SelfCheck(rounds)
    interleaved = [unpaired([row[::2]], [row[1::2]]) for row in kept]
    contiguous = [unpaired([row[: len(row) // 2]], [row[len(row) // 2 :]]) for row in kept]
    moved, chance = _moves(kept)
    drift = _drift(moved, chance)
    between = 2 * drift**2
    with np.errstate(invalid="ignore"):
        scale = np.nan_to_num(np.sqrt((between + chance / 2) / (between + chance)))
    distances = np.abs(np.log([found.ratio for found in contiguous])) * scale
    return SelfCheck(
        rounds=rounds,
        cases=len(kept),
        different=_called(interleaved),
        changed=_called(contiguous),
        floor=math.expm1(float(np.quantile(distances, _FLOOR))),
        visible=float(np.median([_visible(row, drift) for row in kept])),
        drift=drift,
    )


def drift_of(checks: Sequence[SelfCheck]) -> float:
    """Return the drift to use when these files are compared, see `compare.unpaired`: the largest of theirs.

    A file with too few rounds adds nothing. The noise floor is not used as a threshold: it comes from the noisiest
    cases, and each case has its own interval.
    """
    return max([0.0, *(check.drift for check in checks if check.known)])


def drift_between(series: Sequence[FloatArray]) -> float:
    """Return the drift of one file, as `self_check` and `drift_of` find it; 0 if there are too few rounds."""
    kept = _looked_at(series)
    return _drift(*_moves(kept)) if kept else 0.0


def _looked_at(series: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the rounds of at most MOST_CASES cases that have enough rounds for halves."""
    kept = [row[~np.isnan(row)] for row in series]
    kept = [row for row in kept if len(row) >= LEAST_FOR_HALVES]
    if len(kept) > MOST_CASES:
        kept = [kept[place] for place in np.linspace(0, len(kept) - 1, MOST_CASES).astype(int)]
    return kept


def _called(differences: Sequence[Difference]) -> int:
    return sum(verdict in ("slower", "faster") for verdict in verdicts(differences))


def _moves(rows: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the distance of the mean logarithms of the halves of each row, and its variance by the rounds inside.

    That variance is chance; the rest of the distance is drift.
    """
    lengths = np.array([len(row) for row in rows])
    moved, chance = np.empty((2, len(rows)))
    for rounds in map(int, np.unique(lengths)):
        alike = np.flatnonzero(lengths == rounds)
        logs = np.log([rows[int(place)] for place in alike])
        halves = logs[:, : rounds // 2], logs[:, rounds // 2 :]
        first, second = (half.mean(axis=1) for half in halves)
        squares = sum((np.square(half - half.mean(axis=1, keepdims=True))).sum(axis=1) for half in halves)
        moved[alike] = first - second
        chance[alike] = squares / (rounds - 2) * sum(1 / half.shape[1] for half in halves)
    return moved, chance


def _drift(moved: FloatArray, chance: FloatArray) -> float:
    """Return the standard deviation of log(time) between two moments, beyond chance, pooled over cases.

    It is the root of the variance between groups of a one-way analysis (Searle, Casella & McCulloch, "Variance
    Components", 1992, ch. 3), where the groups are the two halves: (difference² - chance) / 2, since both halves drift.
    The mean over cases is winsorised by 5 % at either end, so that a few extreme cases do not decide; never below 0.
    """
    found = (moved**2 - chance) / 2
    return math.sqrt(max(0.0, float(np.mean(np.clip(found, *np.quantile(found, [_WILD, 1 - _WILD]))))))


def _visible(row: FloatArray, drift: float) -> float:
    """Return the smallest difference that two files of these rounds would show, see `Difference.visible`."""
    if len(row) < LEAST_ROUNDS:
        return math.nan
    centre = trimmed(np.log(row))
    error = math.sqrt(2 * (centre.variance + drift**2))
    return Difference(1.0, error=error, freedom=2 * centre.freedom).visible


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _rounded(share: float) -> str:
    """Write a share as a percentage of two digits, rounded up: '7.9 %', '11 %'."""
    percent = 100 * share
    return f"{math.ceil(10 * percent) / 10:.1f} %" if percent < 9.95 else f"{math.ceil(percent)} %"
