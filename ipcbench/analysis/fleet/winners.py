"""Where the winner changes from host to host of a fleet: who wins what on how many, and which hosts differ for sure.

On each host the winner of a block is its fastest mechanism; the fleet's is the one that wins on most hosts. A host
where another one wins differs for sure only where the fleet's winner lies behind by more than 5 % and, paired by round,
by more than its rounds explain, all hosts and blocks asked at once: less is a tie, and ties change no advice.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ipcbench.analysis.compare.difference import RATE, adjusted
from ipcbench.analysis.fleet.gather import Fleet
from ipcbench.analysis.fleet.host import BoolArray
from ipcbench.analysis.stats import BLOCK, PRACTICAL, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Champions:
    """Winners by block, and the hosts with another one.

    blocks has a row per block that two mechanisms answer on two hosts or more: the columns of BLOCK, hosts (that
    measured two or more of them), winner, short, family, seconds (the median of its times over hosts), wins (on how
    many hosts it is the fastest), other (on how many another one wins for sure), lacking (on how many it has no number)
    and by (every winner with its hosts, 'pipe 36, os-pipe 4').

    changes has a row per block and host where another one wins for sure: the columns of BLOCK, host, winner (there),
    family, was (the fleet's), and ratio, low and high: how many times as long that one takes there.
    """

    blocks: pd.DataFrame
    changes: pd.DataFrame


def champions(fleet: Fleet) -> Champions:
    """Find the winners of every block on every host."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, each in enumerate(fleet.about):
        if each.ranked and each.mechanism:
            places.setdefault(each.block, []).append(place)
    blocks, asked = [], []
    for key, columns in places.items():
        found = _block(fleet, np.array(columns))
        if found is not None:
            blocks.append((key, *found))
            asked.append(found[2])
    certain = _certain(asked)
    rows, changes = [], []
    for (key, winner, contests, behind), sure in zip(blocks, certain, strict=True):
        rows.append((*key, *_row(fleet, winner, contests, behind, sure)))
        changes += [
            (*key, *_change(fleet, host, winner, int(contests[host]))) for host in map(int, np.flatnonzero(sure))
        ]
    about = ["hosts", "winner", "short", "family", "seconds", "wins", "other", "lacking", "by"]
    change = ["host", "winner", "family", "was", "ratio", "low", "high"]
    return Champions(
        pd.DataFrame(rows, columns=[*BLOCK, *about]),
        pd.DataFrame(changes, columns=[*BLOCK, *change]).sort_values("ratio", ascending=False, kind="stable"),
    )


def _block(fleet: Fleet, columns: IntArray) -> tuple[int, IntArray, FloatArray] | None:
    """The fleet's winner, that of each host (-1 without a contest), and how far the first is behind there: (3, hosts).

    None where fewer than two hosts have two mechanisms to choose from.
    """
    numbers = fleet.numbers
    log = numbers.log[:, columns]
    contest = (~np.isnan(log)).sum(axis=1) > 1
    if contest.sum() < 2:
        return None
    first = np.array([fleet.about[column].mechanism for column in columns]).argsort(kind="stable")
    best = np.full(len(log), -1)
    best[contest] = columns[first][np.nanargmin(log[contest][:, first], axis=1)]
    counts = Counter(best[contest].tolist())
    winner = min(counts, key=lambda column: (-counts[column], fleet.about[column].mechanism))
    behind = np.array([table[:, winner] for table in (numbers.behind, numbers.behind_error, numbers.behind_freedom)])
    return winner, best, np.where(contest, behind, np.nan)


def _certain(asked: list[FloatArray]) -> list[BoolArray]:
    """For each block on which hosts its winner is behind for sure; all p-values are asked together."""
    if not asked:
        return []
    behind, error, freedom = np.array(asked).swapaxes(0, 1)
    known = ~(np.isnan(behind) | np.isnan(error))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(behind == 0, 0.0, behind / error)
    certain = np.zeros(behind.shape, dtype=bool)
    if known.any():
        certain[known] = adjusted(2 * special.stdtr(freedom[known], -t[known])) <= RATE
    return list(certain & (behind > math.log1p(PRACTICAL)))


def _row(fleet: Fleet, winner: int, best: IntArray, behind: FloatArray, sure: BoolArray) -> tuple[object, ...]:
    about, contest = fleet.about[winner], best >= 0
    counts = Counter(fleet.about[column].mechanism for column in best[contest])
    said = ", ".join(f"{name} {many:,}" for name, many in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    seconds = math.exp(float(np.nanmedian(fleet.numbers.log[:, winner])))
    lacking = int((contest & np.isnan(behind[0])).sum())
    names = about.mechanism, about.short, about.family
    return int(contest.sum()), *names, seconds, counts[about.mechanism], int(sure.sum()), lacking, said


def _change(fleet: Fleet, host: int, winner: int, best: int) -> tuple[object, ...]:
    numbers = fleet.numbers
    log, error = numbers.behind[host, winner], numbers.behind_error[host, winner]
    reach = special.stdtrit(numbers.behind_freedom[host, winner], 1 - RATE / 2) * error
    ratio = (math.exp(log + by) for by in (0.0, -reach, reach))
    there = fleet.about[best]
    return fleet.hosts[host].name, there.mechanism, there.family, fleet.about[winner].mechanism, *ratio
