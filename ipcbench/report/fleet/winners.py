"""fleet-winners: the mechanism that wins on most hosts, by question and size, and where others win on some hosts."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts.winners import ROW, family_key, filled_cell, strength_key
from ipcbench.report.content.setting import in_setting, main_setting
from ipcbench.report.content.tables import Table, records
from ipcbench.report.drawing.chart import BLOCKING, Chart, told
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit
from ipcbench.report.drawing.theme import STRENGTHS, Theme
from ipcbench.report.fleet.words import Survey
from ipcbench.text import count, safe_text
from ipcbench.units import format_size, format_time

TITLE = "Which mechanism wins, and on how many hosts?"
SUBTITLE = (
    "The mechanism that blocks and is fastest on most hosts, by question and payload size; below it, on how many of "
    "the hosts that measured two or more. Outlined: on some hosts another one certainly wins, by more than 3 %."
)
HEADER, NAMES, KEY = 18.0, 112.0, 36.0
LEAST_COLUMN, MOST_COLUMN = 66.0, 96.0
MOST, HALF = 0.9, 0.5  # shares of hosts below which a colour becomes weaker
SHOWN = [
    "question",
    "workers",
    "size",
    "winner",
    "short",
    "family",
    "seconds",
    "hosts",
    "wins",
    "other",
    "lacking",
    "by",
]


def table(survey: Survey) -> pd.DataFrame:
    """Return a row per cell, for mechanisms that block, in the setting that most blocks share."""
    blocks = survey.winners.blocks
    blocks = blocks[blocks["wait"].isin(BLOCKING)]
    kept = blocks[in_setting(blocks, main_setting(blocks))]
    words = {name: [safe_text(each, 200) for each in kept[name]] for name in ("question", "winner", "short", "by")}
    return kept.assign(**words).reset_index(drop=True)[SHOWN]


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw the map from rectangles and text."""
    asks = list(dict.fromkeys((cell.question, int(cell.workers)) for cell in records(cells)))
    sizes = sorted(int(size) for size in cells["size"].unique())
    column = min(max((WIDTH - 2 * MARGIN - NAMES) / len(sizes), LEAST_COLUMN), MOST_COLUMN)
    width = max(WIDTH, NAMES + 2 * MARGIN + column * len(sizes))
    sheet = Sheet.new(theme, TITLE, SUBTITLE, HEADER + ROW * len(asks) + KEY, width)
    top = sheet.body + HEADER
    for place, size in enumerate(sizes):
        middle = MARGIN + NAMES + (place + 0.5) * column
        sheet.text(middle, sheet.body + 10, format_size(size), ha="center", weight="bold")
    for place, (question, workers) in enumerate(asks):
        y = top + place * ROW
        sheet.text(MARGIN, y + 12, fit([question], NAMES - 6))
        sheet.text(MARGIN, y + 22.5, count(workers, "worker"), size=SMALLEST, color=theme.muted)
    for cell in records(cells):
        y = top + asks.index((cell.question, int(cell.workers))) * ROW
        left = MARGIN + NAMES + sizes.index(int(cell.size)) * column
        fill = theme.tint(safe_text(cell.family, 60), strength(cell.wins / cell.hosts))
        words = [
            f"on {cell.wins:,} of {cell.hosts:,}",
            f"{cell.wins:,} of {cell.hosts:,}",
            f"{cell.wins:,}/{cell.hosts:,}",
        ]
        names = [cell.winner, cell.short]
        filled_cell(sheet.of(cell.winner), (names, words), fill, left, y, column, outlined=cell.other > 0)
    bottom = top + ROW * len(asks)
    family_key(sheet, cells["family"].map(safe_text), bottom + 14)
    shares = ("on 9 of 10 hosts or more", "on half or more", "on fewer")
    strength_key(sheet, cells["family"].map(safe_text), bottom + 28, shares)
    return sheet.figure


def strength(share: float) -> float:
    """Return the strength of the colour for a share of hosts."""
    return STRENGTHS[0] if share >= MOST else STRENGTHS[1] if share >= HALF else STRENGTHS[2]


def _alt(cells: pd.DataFrame) -> str:
    changed = cells[cells["other"] > 0]
    said = (
        f"Winners by question and size: another one wins for sure on some hosts in {len(changed)} of {len(cells)} cells"
    )
    if changed.empty:
        return told(f"{said}.")
    most = max(records(changed), key=lambda cell: cell.other / cell.hosts)
    such = f"most in {most.question} at {format_size(most.size)}: not {most.winner} on {most.other} of {most.hosts}"
    return told(f"{said}, {such}.", f"{such[0].upper()}{such[1:]}.", f"{said}.")


def _details(cells: pd.DataFrame, caption: str) -> Table:
    rows = [
        [
            f"{cell.question}, {format_size(cell.size)}, {count(int(cell.workers), 'worker')}",
            cell.winner,
            format_time(cell.seconds),
            f"{cell.hosts:,}",
            cell.by,
            f"{cell.other:,}",
        ]
        for cell in records(cells)
    ]
    header = ["For", "Wins on most", "Median of hosts", "Hosts", "Fastest on so many", "Another for sure on"]
    return Table(caption, header, rows)


def _lacks(survey: Survey) -> str:
    return "" if len(table(survey)) else "No two mechanisms that block answer one question on two hosts."


CHART: Chart[Survey] = Chart(
    id="fleet-winners",
    topic="Where does the winner change?",
    title=TITLE,
    caption="The mechanism that is the fastest on most hosts; outlined where another one certainly wins on some.",
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
)
