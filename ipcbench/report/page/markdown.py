"""Markdown: tables and texts that are small enough for a pull-request comment."""

from __future__ import annotations

from collections.abc import Sequence

from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import markdown
from ipcbench.text import count

LARGEST = 60_000  # bytes; a comment on GitHub takes 65,536 characters
MOST_ROWS = 40


def table(of: Table) -> str:
    """Write a table, with as many rows as fit a comment."""
    header = [markdown(name) or " " for name in of.header]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for place, row in enumerate(of.rows[:MOST_ROWS]):
        cells = [
            f"**{markdown(cell)}**" if (place, column) in of.strong else markdown(cell)
            for column, cell in enumerate(row)
        ]
        lines.append(f"| {' | '.join(cells)} |")
    left = len(of.rows) - MOST_ROWS
    rest = f"\n\n{count(left, 'more row')} in report.html." if left > 0 else ""
    return f"{markdown(of.caption)}\n\n" + "\n".join(lines) + rest


def within(parts: Sequence[str], rest: str) -> str:
    """Join the parts that fit a comment; if some do not, end with `rest`, which says where they are."""
    kept: list[str] = []
    room = LARGEST
    for part in parts:
        room -= len(part.encode()) + 2
        if room < 0:
            kept.append(rest)
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"
