"""What the script of the page finds in a table: the value that a cell is sorted by, the mechanism that a row is about.

Tables are of ready text. Where a table knows the exact value behind a cell that one is taken, else the number that the
cell begins with.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import slug

_UNITS = {
    "": 1.0,
    **{"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0},
    **{"B": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
    **{"B/s": 1.0, "KiB/s": 2.0**10, "MiB/s": 2.0**20, "GiB/s": 2.0**30},
    **{"/s": 1.0, "k/s": 1e3, "M/s": 1e6, "G/s": 1e9},
    **{"×": 1.0, "k×": 1e3, "M×": 1e6, "G×": 1e9, "%": 0.01},
}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_NUMBER = re.compile(rf"(?:≈ )?(-?\d{{1,3}}(?:,\d{{3}})+|-?\d{{1,15}}(?:\.\d{{1,9}})?) ?({_UNIT})(?![\w.])")
_NAME_ENDS = re.compile(r"/|, | \(")


@dataclass(frozen=True, slots=True)
class Marked:
    """A row of a table: its cells, what each is sorted by (empty for text) and the slug of its mechanism (or empty)."""

    cells: list[str]
    values: list[str]
    mechanism: str


def marked(table: Table, mechanisms: Collection[str]) -> list[Marked]:
    """The rows of a table; mechanisms are the names that a row can be about."""
    return [
        Marked(
            row,
            [sort_value(cell, table.values.get((place, column))) for column, cell in enumerate(row)],
            slug(name) if (name := mechanism_of(row, mechanisms)) else "",
        )
        for place, row in enumerate(table.rows)
    ]


def sort_value(cell: str, exact: float | None = None) -> str:
    """The number behind a cell, in seconds, bytes or as it stands; empty where it begins with none."""
    if exact is None:
        found = _NUMBER.match(cell)
        exact = float(found[1].replace(",", "")) * _UNITS[found[2]] if found else None
    return "" if exact is None or exact != exact else f"{exact:.7g}"


def mechanism_of(row: Sequence[str], mechanisms: Collection[str]) -> str:
    """The first mechanism that is named alone, or as a part of a case id, in the first cells of a row."""
    parts = (part for cell in row[:4] for part in (cell, *_NAME_ENDS.split(cell)))
    return next((part for part in parts if part in mechanisms), "")
