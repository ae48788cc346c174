"""What it changes to keep the CPUs awake, in a sentence: who wins on either side."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ipcbench.analysis.stats import BLOCK
from ipcbench.report.comparison.words import block_name
from ipcbench.report.content.tables import records
from ipcbench.text import count
from ipcbench.units import format_time

_WHERE = [column for column in BLOCK if column != "cpus"]


def waking(summary: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return a trap if sleeping CPUs change a winner, or else a remark; see `analysis.stats.rank`.

    Both are empty unless blocks were measured with idle and with awake CPUs.
    """
    pairs = list(_pairs(summary[summary["ranked"] & summary["seconds"].notna()]))
    if not pairs:
        return [], []
    changed = [pair for pair in pairs if not _leaders(*pair)]
    if changed:
        idle, awake = (records(rows[rows["best"]])[0] for rows in changed[0])
        return [
            f"Sleeping CPUs change the winner of {len(changed):,} of {count(len(pairs), 'block')} measured both ways. "
            f"In {block_name(idle)}, the fastest is {idle.mechanism} ({format_time(idle.seconds)}) while idle CPUs "
            f"sleep, and {awake.mechanism} ({format_time(awake.seconds)}) while they are kept awake."
        ], []
    idle, awake = (records(rows[rows["mechanism"] == min(_leaders(*pairs[0]))])[0] for rows in pairs[0])
    return [], [
        f"Sleeping CPUs change no winner in {count(len(pairs), 'block')} measured both ways, ties left out. In "
        f"{block_name(idle)}, {idle.mechanism} takes {format_time(idle.seconds)} while idle CPUs sleep, and "
        f"{format_time(awake.seconds)} while they are kept awake."
    ]


def _pairs(cases: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the idle and the awake cases of each block that has at least two mechanisms either way."""
    for _, block in cases.groupby(_WHERE, sort=False):
        idle, awake = block[block["cpus"] == "idle"], block[block["cpus"] == "awake"]
        if len(idle) > 1 and len(awake) > 1 and idle["best"].any() and awake["best"].any():
            yield idle, awake


def _leaders(idle: pd.DataFrame, awake: pd.DataFrame) -> set[str]:
    """Return the mechanisms that win, or tie with the winner, on both sides."""
    leads = [{row.mechanism for row in records(rows) if row.best or row.tied} for rows in (idle, awake)]
    return leads[0] & leads[1]
