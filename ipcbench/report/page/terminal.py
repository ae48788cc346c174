"""Sentences and tables as text for a terminal or a file: lines that are too long wrap at spaces, nothing is cut."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

from ipcbench.report.content.tables import Table
from ipcbench.text import safe_text

_GAP = 2  # characters between columns
_RIGHT = (
    *("ratio", "of the whole", "95 %", "cases", "missing", "blocks", "tau", "hosts", "level", "controls"),
    *("in its class", "centre"),
)


def printed(said: Sequence[str | Table], width: int) -> str:
    """Return sentences and tables with at most `width` characters a line, separated by empty lines."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file, width=width, color_system=None, highlight=False, markup=False, emoji=False, legacy_windows=False
    )
    for place, part in enumerate(said):
        if place:
            console.print()
        if isinstance(part, Table):
            _print(console, part, width)
        else:
            console.print(safe_text(part, 4000))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _print(console: object, part: Table, width: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    assert isinstance(console, Console)
    if part.caption:
        console.print(Text(part.caption))
    if not part.rows:
        return
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False)
    longest = max(len(name) for name in part.header)
    widths = _widths(part, width)
    for place, name in enumerate(part.header):
        numbers = name in _RIGHT or (place > 0 and part.header[-1] == "verdict" and name != "verdict" and longest > 0)
        grid.add_column(
            Text(name, overflow="fold"),
            justify="right" if numbers and name != "against base" else "left",
            overflow="fold",
            no_wrap=name in _RIGHT,
            width=widths[place] if widths else None,
        )
    for row in part.rows:
        grid.add_row(*(Text(cell, overflow="fold") for cell in row))
    console.print(grid)


def _widths(table: Table, width: int) -> list[int] | None:
    """Return the width of each column, so that words stay whole and few cells wrap; None if not even words fit.

    The first column and columns of numbers keep their width, so that names can be read and searched for.
    """
    from rich.cells import cell_len

    columns = [[name, *(row[place] for row in table.rows)] for place, name in enumerate(table.header)]
    lengths = [Counter(map(cell_len, cells)) for cells in columns]
    widths = [max(found) for found in lengths]
    least = [max((cell_len(word) for cell in cells for word in cell.split()), default=1) for cells in columns]
    for place, name in enumerate(table.header):
        if place == 0 or name in _RIGHT:
            least[place] = widths[place]
    room = width - _GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        wide = [place for place in range(len(widths)) if widths[place] > least[place]]
        narrower = min(wide, key=lambda place: (lengths[place][widths[place]], -widths[place]))
        widths[narrower] -= 1
    return widths
