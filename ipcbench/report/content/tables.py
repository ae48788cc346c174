"""Tables of text, and tables as CSV for programs and spreadsheets: full precision, empty if unknown, no formulas."""

from __future__ import annotations

import itertools
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd

# Spreadsheets read a cell that begins with these signs as a formula (CWE-1236), some also with the wide forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide forms are meant

CASES = [
    "case",
    "verdict",
    "seconds",
    "low",
    "high",
    "slowdown",
    "slowdown_low",
    "slowdown_high",
    "best",
    "tied",
    "cpu",
    "memory",
    "rounds",
    "drift",
    "modes",
    "question",
    "mechanism",
    "family",
    "carries",
    "wait",
    "size",
    "workers",
    "payload",
    "start_method",
    "placement",
    "cpus",
    "reason",
    "notes",
]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    strong holds (row, column) of cells to print bold, muted those of cells with a word for a missing number. values
    are the exact numbers behind cells by (row, column), in seconds, bytes or as ratios, if known: a page sorts by them.
    """

    caption: str
    header: list[str]
    rows: list[list[str]]
    strong: frozenset[tuple[int, int]] = frozenset()
    muted: frozenset[tuple[int, int]] = frozenset()
    values: Mapping[tuple[int, int], float] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The topic of the table: its caption up to the first colon followed by a blank."""
        return self.caption.partition(": ")[0]


def records(table: pd.DataFrame) -> list[Any]:
    """Return the rows of a table as tuples whose fields are the columns.

    pandas' itertuples takes five times as long for the few rows and many columns that are usual here.
    """
    return list(itertools.starmap(_row(tuple(table.columns)), table.to_numpy(dtype=object).tolist()))


@lru_cache(maxsize=64)
def _row(columns: tuple[str, ...]) -> Callable[..., Any]:
    return namedtuple("Row", columns, rename=True)


def best_first(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by time, but put the best case of a block first, even if its median is not the least."""
    by = [name for name in ("best", "seconds", "mechanism") if name in table]
    return table.sort_values(by, ascending=[name != "best" for name in by])


def csv(table: pd.DataFrame) -> str:
    """Return a table as CSV: seconds and bytes, notes separated by ';', and ' before text that would be a formula.

    Numbers have 12 digits: the last digits of a logarithm depend on the version of numpy and on the CPU.
    """
    return table.map(_inert).to_csv(index=False, lineterminator="\n", float_format="%.12g")


def cases(summary: pd.DataFrame) -> str:
    """Return every case of a run as CSV, one per row: figures if it is ok, else verdict and reason."""
    return csv(summary[CASES])


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
