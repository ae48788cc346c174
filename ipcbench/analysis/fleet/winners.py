"""Find where the winner changes from host to host of a fleet: which mechanism wins where, and which hosts differ.

On each host the winner of a block is its fastest mechanism; the fleet's winner is the one that wins on most hosts.
Another mechanism wins for certain on a host only if the fleet's winner is behind there by more than 5 % and, paired by
round, by more than its rounds explain, with all hosts and blocks tested together. Less is a tie, and a tie changes no
advice.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ipcbench.analysis.difference import RATE, WORTH, adjusted
from ipcbench.analysis.fleet.gather import Fleet
from ipcbench.analysis.fleet.host import BoolArray, blocks_of
from ipcbench.analysis.stats import BLOCK, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Winners:
    """Winners by block, and the hosts where another mechanism wins.

    blocks has a row per block in which two hosts or more measured at least two mechanisms: the columns of BLOCK, hosts
    (how many these are), winner, short, family, seconds (the median of the winner's times over hosts), wins (on how
    many hosts it is the fastest), other (on how many another one wins for certain), lacking (on how many it has no
    number) and by (every winner with its number of hosts, 'pipe 36, os-pipe 4').

    changes has a row per block and host where another mechanism wins for certain: the columns of BLOCK, host, winner
    (on this host), family, was (the fleet's winner), and ratio, low and high: how many times as long the fleet's winner
    takes on this host.
    """

    blocks: pd.DataFrame
    changes: pd.DataFrame


def winners(fleet: Fleet) -> Winners:
    """Find the winners of every block on every host."""
    blocks, asked = [], []
    for key, columns in blocks_of(fleet.about).items():
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
    return Winners(
        pd.DataFrame(rows, columns=[*BLOCK, *about]),
        pd.DataFrame(changes, columns=[*BLOCK, *change]).sort_values("ratio", ascending=False, kind="stable"),
    )


def _block(fleet: Fleet, columns: IntArray) -> tuple[int, IntArray, FloatArray] | None:
    """Return the fleet's winner, each host's winner, and how far the fleet's winner is behind on each host.

    The winner of a host is -1 if it measured fewer than two mechanisms. The last array has the shape (3, hosts): log
    ratio, standard error, degrees of freedom. Return None if fewer than two hosts measured two mechanisms.
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
    """Return for each block the hosts on which its winner is behind for certain; all p-values are adjusted together."""
    if not asked:
        return []
    behind, error, freedom = np.array(asked).swapaxes(0, 1)
    known = ~(np.isnan(behind) | np.isnan(error))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(behind == 0, 0.0, behind / error)
    certain = np.zeros(behind.shape, dtype=bool)
    if known.any():
        certain[known] = adjusted(2 * special.stdtr(freedom[known], -t[known])) <= RATE
    return list(certain & (behind > math.log1p(WORTH)))


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
