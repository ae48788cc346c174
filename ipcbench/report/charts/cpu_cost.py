"""cpu-cost: CPU time of all processes per round trip beside the time it takes, one row per mechanism."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import absence
from ipcbench.report.drawing.chart import SHOWN, Chart, doubts, needs, select, told, typical_size
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, spread, ticks_at
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width, wrap
from ipcbench.report.drawing.theme import Theme, mark
from ipcbench.text import count
from ipcbench.units import format_size, format_time

TITLE = "What does a round trip cost in CPU?"
SUBTITLE = (
    "Further left is better; least CPU time first. Filled: CPU time of all processes together; hollow: time of the "
    "round trip. The column CPUs divides the first by the second: how many CPUs are busy on average. Logarithmic; each "
    "panel has its own axis."
)
RESTLESS = {"spin": "spins", "poll": "polls"}
ROW = 14.0
HEAD = 34.0
FOOT = 22.0
NAMES = 146.0
GAP = 14.0
COLUMNS = (44.0, 42.0, 30.0)  # CPU, time and CPUs, at the right of each panel


def table(about: Study) -> pd.DataFrame:
    """Return the ping-pong cases at a typical and at a large size, by CPU time at the typical size, the least first.

    The large size is the largest that at least half as many mechanisms have as the typical one. A mechanism is shown
    if it has a CPU time at one of the two; if it has no number at the other, `word` says why. busy is CPU time ÷ time:
    how many CPUs work on average.
    """
    cases = select(about, "ping-pong")
    cases = cases[cases["workers"] == cases["workers"].min()].drop_duplicates(["mechanism", "size"])
    told = _told(cases)
    first = typical_size(told)
    having = told.groupby("size")["mechanism"].nunique()
    last = int(max(size for size in having.index if 2 * having[size] >= having[first]))
    cpu = told[told["size"] == first].set_index("mechanism")["cpu"]
    chosen = told[told["size"].isin([first, last])]
    by_cpu = dict.fromkeys(chosen.sort_values(["size", "cpu", "mechanism"])["mechanism"])
    order = sorted(by_cpu, key=lambda name: name not in cpu.index)
    rows = []
    for name in order:
        own = cases[cases["mechanism"] == name]
        carried = set(own.loc[own["seconds"].notna(), "size"])
        for size in dict.fromkeys([first, last]):
            there = own[own["size"] == size].to_dict("records")
            row = there[0] if there else _absent(own.iloc[0], size)
            untold = not row["cpu"] > 0
            word = absence(str(row["verdict"]), carried) if row["seconds"] != row["seconds"] else "CPU unknown"
            rows.append(row | {"busy": row["cpu"] / row["seconds"], "word": word if untold else ""})
    return pd.DataFrame(rows, columns=[*SHOWN, "busy", "word"])


def _told(cases: pd.DataFrame) -> pd.DataFrame:
    return cases[cases["seconds"].notna() & (cases["cpu"] > 0)]


def _absent(row: pd.Series, size: int) -> dict[str, Any]:
    """Return a row for a case that the run does not have."""
    empty = dict.fromkeys(SHOWN, "") | {name: row[name] for name in ("question", "mechanism", "short", "family")}
    numbers = dict.fromkeys(
        ["seconds", "low", "high", "cpu", "slowdown", "slowdown_low", "slowdown_high"], float("nan")
    )
    facts = {"carries": row["carries"], "wait": row["wait"], "workers": row["workers"], "verdict": "not run"}
    return empty | numbers | facts | {"size": size, "rounds": 0, "rivals": 0, "best": False, "tied": False}


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per size, each with the same rows: two marks and three numbers per mechanism."""
    names = list(dict.fromkeys(cells["mechanism"]))
    sizes = sorted(cells["size"].unique())
    notes = wrap(doubts(cells), WIDTH - 2 * MARGIN, SMALLEST)[:3] if doubts(cells) else []
    sheet = Sheet.new(theme, TITLE, SUBTITLE, HEAD + ROW * len(names) + FOOT + 11 * len(notes))
    width = (WIDTH - 2 * MARGIN - NAMES - GAP * (len(sizes) - 1)) / len(sizes)
    top = sheet.body + HEAD
    for place, row in enumerate(records(cells.drop_duplicates("mechanism"))):
        restless = f" ({RESTLESS[row.wait]})" if row.wait in RESTLESS else ""
        name = fit([f"{each}{restless}" for each in (row.mechanism, row.short)], NAMES - 8)
        y = top + ROW * (place + 0.5)
        if place % 2 == 0:
            stripe = (MARGIN, y - ROW / 2), WIDTH - 2 * MARGIN, ROW
            sheet.patch(Rectangle(*stripe, facecolor=theme.panel, linewidth=0, zorder=0.05))
        sheet.of(row.mechanism).text(MARGIN + NAMES - 8, y + 3, name, ha="right")
    for number, size in enumerate(sizes):
        left = MARGIN + NAMES + number * (width + GAP)
        _draw_panel(sheet, cells[cells["size"] == size], names, left, top, width)
    for number, line in enumerate(notes):
        sheet.text(MARGIN, top + ROW * len(names) + FOOT + 4 + 11 * number, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _draw_panel(sheet: Sheet, rows: pd.DataFrame, names: list[str], left: float, top: float, width: float) -> None:
    theme, size = sheet.theme, int(rows["size"].iloc[0])
    sheet.text(left, top - 21, format_size(size), weight="bold")
    edge = left + width
    for title, column in zip(("CPU", "time", "CPUs"), _edges(edge), strict=True):
        sheet.text(column, top - 5, title, size=SMALLEST, color=theme.muted, ha="right")
    told = _told(rows)
    if told.empty:
        limits = (1e-6, 1e-3)
    else:
        both = pd.concat([told["cpu"], told["seconds"]])
        limits = log_limits(both.min(), both.max(), 0.05)
    plot = Plot(sheet, left, top, width - sum(COLUMNS), ROW * len(names), limits)
    ticks = ticks_at(log_ticks(*limits, most=12), format_time)
    kept = spread([text_width(label, SMALLEST) for label in ticks.values()], list(plot.across(list(ticks))))
    plot.frame({tick: label if place in kept else "" for place, (tick, label) in enumerate(ticks.items())}, {})
    for row in records(rows):
        y = top + ROW * (names.index(row.mechanism) + 0.5)
        _draw_row(plot.of(row.mechanism), row, y, edge)


def _edges(right: float) -> tuple[float, float, float]:
    """Return the right edges of the three columns of numbers."""
    return right - COLUMNS[2] - COLUMNS[1], right - COLUMNS[2], right


def _draw_row(plot: Plot, row: Any, y: float, edge: float) -> None:
    sheet, theme = plot.sheet, plot.sheet.theme
    columns = _edges(edge)
    if row.word:
        sheet.text(columns[0], y + 3, row.word, size=SMALLEST, color=theme.muted, ha="right")
        return
    colour = theme.family(row.family)
    cpu, time = plot.across([row.cpu, row.seconds])
    sheet.line([cpu, time], [y, y], color=colour, linewidth=0.9, zorder=2)
    marker, _ = mark(row.family)
    look = {"marker": marker, "markersize": 4.5, "markeredgecolor": colour, "markeredgewidth": 0.9}
    sheet.line([time], [y], linestyle="none", markerfacecolor=theme.page, zorder=3, **look)
    sheet.line([cpu], [y], linestyle="none", markerfacecolor=colour, zorder=4, **look)
    texts = (format_time(row.cpu) + ("*" if row.notes else ""), format_time(row.seconds), f"{row.busy:.2f}")
    for text, column, ink in zip(texts, columns, (theme.ink, theme.muted, theme.ink), strict=True):
        sheet.text(column, y + 3, text, size=SMALLEST, color=ink, ha="right")


def _alt(cells: pd.DataFrame) -> str:
    known = _told(cells)
    known = known[known["size"] == known["size"].min()].sort_values(["cpu", "mechanism"])
    calm = known[~known["wait"].isin(list(RESTLESS))]
    ends = [f"{row.mechanism} {format_time(row.cpu)}" for row in records((calm if len(calm) else known).iloc[[0, -1]])]
    most = records(known.sort_values(["busy", "mechanism"]).iloc[[-1]])[0]
    what = f"CPU per round trip of {format_size(int(known['size'].iloc[0]))}"
    found = f"{what}: {' to '.join(dict.fromkeys(ends))}"
    busy = f"{most.mechanism} keeps {most.busy:.1f} CPUs busy."
    return told(f"{found}; {busy}", f"{found}.", f"{what}, least: {ends[0]}.", busy)


_no_ping_pong = needs("ping-pong")


def _lacks(about: Study) -> str:
    missing = _no_ping_pong(about)
    if missing:
        return missing
    cases = select(about, "ping-pong")
    cases = cases[cases["seconds"].notna() & (cases["workers"] == cases["workers"].min())]
    return "" if len(_told(cases)) else f"None of {count(len(cases), 'ping-pong case')} has a CPU time."


CHART = Chart(
    id="cpu-cost",
    topic="CPU time",
    title=TITLE,
    caption=(
        "CPU time of all processes of a case, per round trip. Two processes that take turns and sleep in between keep "
        "less than one CPU busy; two that spin keep two busy, even while nothing arrives. Daemons and kernel threads "
        "that work for a mechanism are not counted."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    pattern="ping-pong",
)
