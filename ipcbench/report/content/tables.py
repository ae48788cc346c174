"""Tables of text; and as CSV, for spreadsheets too: full precision, empty where there is no number, never a formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

# Spreadsheets take a cell that begins so for a formula (CWE-1236), some also with the wide forms of these signs.
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
    "reason",
    "notes",
]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text. strong holds (row, column) of cells to print bold, muted those of words for absence.

    values are the exact numbers behind cells, in seconds, bytes or as ratios, by (row, column), as far as they are
    known: a page sorts by them.
    """

    caption: str
    header: list[str]
    rows: list[list[str]]
    strong: frozenset[tuple[int, int]] = frozenset()
    muted: frozenset[tuple[int, int]] = frozenset()
    values: Mapping[tuple[int, int], float] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """What the table is about, in a word: its caption up to the first colon that a blank follows."""
        return self.caption.partition(": ")[0]


def records(table: pd.DataFrame) -> list[Any]:
    """The rows of a table as tuples whose fields are the columns."""
    return list(table.itertuples(index=False))


def csv(table: pd.DataFrame) -> str:
    """A table as CSV: seconds and bytes, notes split by ';'; text that a spreadsheet would calculate gets a ' first."""
    return table.map(_inert).to_csv(index=False, lineterminator="\n")


def cases(summary: pd.DataFrame) -> str:
    """Every case of a run as CSV, one a row: with figures where it is ok, with verdict and reason where it is not."""
    return csv(summary[CASES])


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
