"""latency-families: round-trip times inside each family, the best four by name."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts import matrix
from ipcbench.report.content.study import Study
from ipcbench.report.drawing.chart import BLOCKING, Chart, needs, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, size_ticks, spaced, ticks_at
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, Weight, fit, text_width
from ipcbench.report.drawing.theme import Theme, mark
from ipcbench.text import count
from ipcbench.units import format_size, format_time

TITLE = "Which mechanism is fastest in its family?"
NAMED = 4
COLUMNS = 2
LEFT = 54.0
LABELS = 92.0
PLOT = 104.0
ABOVE, BELOW = 22.0, 20.0
STEP = 13.0  # between labels
GAP = 10.0


def table(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases with a time of the mechanisms that block, by family, each from best to worst.

    Mechanisms are in the order of slowdown-matrix, families in the order of their best mechanism. Mechanisms measured
    at one size have no line and are left out, unless all mechanisms have one size only. named: whether a line has a
    name; the best four of each family have one.
    """
    cells = matrix.table(about)
    cells = cells[cells["seconds"].notna() & cells["wait"].isin(BLOCKING)].drop(columns=["word"])
    lines = cells[cells.duplicated("mechanism", keep=False)]
    cells = lines if len(lines) else cells
    families = {name: place for place, name in enumerate(dict.fromkeys(cells["family"]))}
    first = cells.drop_duplicates("mechanism")
    named = set(first.loc[first.groupby("family").cumcount() < NAMED, "mechanism"])
    found = cells.assign(named=cells["mechanism"].isin(named), place=cells["family"].map(families))
    return found.sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per family, two side by side on the same axes, names at the ends of the lines."""
    families = [rows for _, rows in cells.groupby("family", sort=False)]
    rows = [families[start : start + COLUMNS] for start in range(0, len(families), COLUMNS)]
    many = cells["mechanism"].nunique() > cells.loc[cells["named"], "mechanism"].nunique()
    subtitle = (
        "Round trips of mechanisms that block, by payload size; both axes logarithmic, shared in each row. Band: 95 % "
        "interval. Thick: the best of its family over all sizes"
        f"{f'; grey: not among its best {NAMED}' if many else ''}."
    )
    sheet = Sheet.new(theme, TITLE, subtitle, len(rows) * (ABOVE + PLOT + BELOW))
    width = (WIDTH - LEFT - COLUMNS * LABELS - (COLUMNS - 1) * GAP - MARGIN) / COLUMNS
    sizes = sorted(cells["size"].unique())
    x = log_limits(sizes[0], sizes[-1], 0.04)
    top = sheet.body + ABOVE
    for side_by_side in rows:
        shown = pd.concat(side_by_side)
        y = log_limits(shown["low"].fillna(shown["seconds"]).min(), shown["high"].fillna(shown["seconds"]).max())
        for number, family in enumerate(side_by_side):
            plot = Plot(sheet, LEFT + number * (width + LABELS + GAP), top, width, PLOT, x, y)
            plot.frame(size_ticks(sizes, x, width), ticks_at(log_ticks(*y, most=5), format_time), beside=number == 0)
            _panel(plot, family)
        top += PLOT + BELOW + ABOVE
    return sheet.figure


def _panel(plot: Plot, cells: pd.DataFrame) -> None:
    """Draw one family: the rest grey, the best thick, and names at the right."""
    sheet, theme, family = plot.sheet, plot.sheet.theme, str(cells["family"].iloc[0])
    colour, (marker, dash) = theme.family(family), mark(family)
    title = fit([family], plot.width, 9, "bold")
    sheet.text(plot.left, plot.top - 7, title, weight="bold", color=colour)
    lines = {str(name): rows for name, rows in cells.groupby("mechanism", sort=False)}
    plot.context([(rows["size"], rows["seconds"]) for rows in lines.values() if not rows["named"].iloc[0]])
    look: dict[str, Any] = {"color": colour, "linestyle": dash, "marker": marker, "markeredgewidth": 0, "zorder": 4}
    named = {name: rows for name, rows in lines.items() if rows["named"].iloc[0]}
    for place, (name, rows) in enumerate(named.items()):
        own, first = plot.of(name), place == 0
        own.band(rows["size"], rows["low"], rows["high"], colour)
        own.curve(rows["size"], rows["seconds"], **look, linewidth=2.2 if first else 1.0, markersize=5 if first else 3)
    _labels(plot, [rows.iloc[-1] for rows in named.values()], colour)


def _labels(plot: Plot, ends: list[pd.Series], colour: str) -> None:
    """Write names at the right of a panel, moved apart where lines end close together, with a leader from each end."""
    best = ends[0]["mechanism"]
    heights = [float(height) for height in plot.down([end["seconds"] for end in ends])]
    ordered = sorted(zip(heights, ends, strict=True), key=lambda pair: (pair[0], pair[1]["mechanism"]))
    places = spaced([height for height, _ in ordered], STEP, plot.top + 4, plot.top + plot.height - 4)
    x = plot.left + plot.width + 12
    for (height, end), place in zip(ordered, places, strict=True):
        sheet = plot.sheet.of(str(end["mechanism"]))
        start = float(plot.across([end["size"]])[0]) + 4
        sheet.line([start, x - 2], [height, place], color=colour, linewidth=0.6)
        weight: Weight = "bold" if end["mechanism"] == best else "normal"
        ways = [end["mechanism"], end["short"]]
        size = 9.0 if text_width(ways[0], 9, weight) <= LABELS - 14 else SMALLEST
        sheet.text(x, place + 3, fit(ways, LABELS - 14, size, weight), size=size, weight=weight, color=colour)


def _alt(cells: pd.DataFrame) -> str:
    families = cells["family"].nunique()
    first = cells.drop_duplicates("family")
    size = int(first["size"].iloc[0])
    there = cells[cells["size"] == size].sort_values("seconds").drop_duplicates("family")
    found = [f"{row['mechanism']} {format_time(row['seconds'])}" for _, row in there.iterrows()]
    said = f"Round trips in {count(families, 'family')}; best of each at {format_size(size)}"
    return told(*(f"{said}: {', '.join(found[:most])}." for most in range(len(found), 0, -1)), f"{found[0]}.")


def _lacks(about: Study) -> str:
    missing = _FIRST(about)
    if missing or len(table(about)):
        return missing
    return "Every mechanism that has a number here spins, and none of those blocks."


_FIRST = needs("ping-pong", sizes=2)
CHART = Chart(
    id="latency-families",
    topic="Round trips by family",
    title=TITLE,
    caption=(
        "Mechanisms of a family move bytes in the same way, so the gap between their lines is what each adds: "
        "pickling, locks, threads, copies. A mechanism measured at one size only has no line."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
    by_payload=True,
)
