"""What it changes to keep the CPUs awake, in a sentence: who wins on either side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from ipcbench.analysis.stats import BLOCK
from ipcbench.report.comparison.words import block_name
from ipcbench.report.content.tables import records
from ipcbench.text import count
from ipcbench.units import format_time

_WHERE = [column for column in BLOCK if column != "cpus"]


def waking(summary: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return a trap if sleeping CPUs change a winner, or else a remark; see `analysis.stats.rank`.

    Both are empty unless blocks were measured with idle and with awake CPUs. The sentence names a block with another
    winner on each side, if there is one.
    """
    pairs = list(_pairs(summary[summary["ranked"] & summary["seconds"].notna()]))
    if not pairs:
        return [], []
    changed = [pair for pair in pairs if _other_wins(*pair)]
    idle, awake = (records(rows[rows["best"]])[0] for rows in (changed or pairs)[0])
    much = f"{len(changed):,}" if changed else "none"
    said = (
        f"Sleeping CPUs change the winner of {much} of {count(len(pairs), 'block')} measured both ways. In "
        f"{block_name(idle)}, the fastest is {_time(idle)} while idle CPUs sleep, and {_time(awake)} while they are "
        "kept awake."
    )
    return ([said], []) if changed else ([], [said])


def _pairs(cases: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the idle and the awake cases of each block that has at least two mechanisms either way."""
    for _, block in cases.groupby(_WHERE, sort=False):
        idle, awake = block[block["cpus"] == "idle"], block[block["cpus"] == "awake"]
        if len(idle) > 1 and len(awake) > 1 and idle["best"].any() and awake["best"].any():
            yield idle, awake


def _other_wins(idle: pd.DataFrame, awake: pd.DataFrame) -> bool:
    """Return whether no mechanism wins, or ties with the winner, on both sides."""
    leads = [{row.mechanism for row in records(rows) if row.best or row.tied} for rows in (idle, awake)]
    return not leads[0] & leads[1]


def _time(row: Any) -> str:
    return f"{row.mechanism} ({format_time(row.seconds)})"
