"""Data for the script of the page: the value by which a cell is sorted, and the mechanism that a row is about.

Tables consist of formatted text. A cell is sorted by its exact value if the table has it, else by the number at the
beginning of its text.
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
    """A row of a table: its cells, their sort values (empty for text) and the slug of its mechanism (or empty)."""

    cells: list[str]
    values: list[str]
    mechanism: str


def marked(table: Table, mechanisms: Collection[str]) -> list[Marked]:
    """Return the rows of a table; mechanisms are the names that a row can be about."""
    return [
        Marked(
            row,
            [sort_value(cell, table.values.get((place, column))) for column, cell in enumerate(row)],
            slug(name) if (name := mechanism_of(row, mechanisms)) else "",
        )
        for place, row in enumerate(table.rows)
    ]


def sort_value(cell: str, exact: float | None = None) -> str:
    """Return the number of a cell, in seconds, in bytes or as written; empty if the cell does not begin with one."""
    if exact is None:
        found = _NUMBER.match(cell)
        exact = float(found[1].replace(",", "")) * _UNITS[found[2]] if found else None
    return "" if exact is None or exact != exact else f"{exact:.7g}"


def mechanism_of(row: Sequence[str], mechanisms: Collection[str]) -> str:
    """Return the first mechanism that the first cells of a row name, alone or as a part of a case id."""
    parts = (part for cell in row[:4] for part in (cell, *_NAME_ENDS.split(cell)))
    return next((part for part in parts if part in mechanisms), "")
