"""winner-map: the best mechanism for each question, number of workers and payload size."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.charts.winners import ROW, Winner, family_key, plain_cell, strength_key, winner_cell
from ipcbench.report.content.findings import too_few
from ipcbench.report.content.setting import brief
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, listing
from ipcbench.report.drawing.chart import BLOCKING, EVERY, Chart, doubts, select, told
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, Weight, fit, text_width, wrap
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

TITLE = "Which mechanism is fastest, and where?"
SUBTITLE = (
    "The fastest mechanism that blocks, by question, workers and payload size; below it, its lead over the next one, "
    "or ≈ and the mechanism that ties with it. Colour: its family; stronger colour: a larger lead."
)
QUESTIONS = (
    "ping-pong",
    "stream",
    "task-queue",
    "fan-in",
    "fan-out",
    "many-to-many",
    "pairs",
    "pipeline",
    "broadcast",
    "exchange",
)
HEADER = 18.0
GAP = 5.0  # between questions
NAMES = 84.0
LEAST_COLUMN, MOST_COLUMN = 66.0, 96.0
KEY = 36.0
SHOWN = ["case", "mechanism", "short", "family", "seconds", "low", "high", "rounds", "rivals", "notes"]


def table(about: Study) -> pd.DataFrame:
    """Return a row per cell: each question that at least two mechanisms answer, by workers and payload size.

    verdict is ok, 'no number' if all cases failed, 'not run', or for example '2 of 18 ran' if fewer than half as many
    mechanisms were ranked as elsewhere for that question: the fastest of so few is no answer. A cell that is ok has the
    winner's case, mechanism, short, family, seconds with low and high, rounds, rivals (how many mechanisms were ranked)
    and notes; ties (how many tie with the winner, by the rule of the whole report), next (the fastest of those, or else
    the second best), next_short, and lead with lead_low and lead_high: how many times as long `next` takes.
    """
    questions = [*QUESTIONS, *sorted(name for name in about.summary["question"].unique() if name.startswith("tasks:"))]
    cases = select(about, *questions)
    cases = cases[cases["wait"].isin(BLOCKING)]
    rows = []
    for question in questions:
        asked = cases[cases["question"] == question]
        if asked["rivals"].max() >= 2:
            most = int(asked["rivals"].max())
            rows += [_cell(question, workers, size, block, most) for (workers, size), block in _blocks(asked, cases)]
    found = pd.DataFrame(rows, columns=["question", "workers", "size", "verdict", *SHOWN, *_LEAD])
    had = found.loc[found["verdict"].isin(["ok", "no number"]), "size"].unique()
    return found[found["size"].isin(had)].reset_index(drop=True)


_LEAD = ["ties", "next", "next_short", "lead", "lead_low", "lead_high"]


def _blocks(asked: pd.DataFrame, cases: pd.DataFrame) -> list[tuple[tuple[int, int], pd.DataFrame]]:
    sizes = sorted(int(size) for size in cases["size"].unique())
    workers = sorted(int(number) for number in asked["workers"].unique())
    known = {key: block for key, block in asked.groupby(["workers", "size"])}
    return [((number, size), known.get((number, size), asked[:0])) for number in workers for size in sizes]


def _cell(question: str, workers: int, size: int, block: pd.DataFrame, most: int) -> dict[str, Any]:
    cell = {
        "question": question,
        "workers": workers,
        "size": size,
        "verdict": "not run" if block.empty else "no number",
    }
    empty: dict[str, Any] = dict.fromkeys(("case", "mechanism", "short", "family", "notes", "next", "next_short"), "")
    empty |= dict.fromkeys(("seconds", "low", "high", "lead", "lead_low", "lead_high"), math.nan)
    empty |= dict.fromkeys(("rounds", "rivals", "ties"), 0)
    ranked = block[block["slowdown"].notna()].sort_values(
        ["best", "slowdown", "mechanism"], ascending=[False, True, True]
    )
    if len(ranked) and too_few(len(ranked), most):
        return cell | empty | {"verdict": f"{len(ranked)} of {most} ran", "rivals": len(ranked)}
    if ranked.empty:
        return cell | empty
    best, others = ranked.iloc[0], ranked.iloc[1:]
    found = cell | empty | {"verdict": "ok"} | {name: best[name] for name in SHOWN}
    if others.empty:
        return found
    ties = others[others["tied"]]
    behind = (ties if len(ties) else others).iloc[0]
    lead = {"lead": behind["slowdown"], "lead_low": behind["slowdown_low"], "lead_high": behind["slowdown_high"]}
    return found | lead | {"ties": len(ties), "next": behind["mechanism"], "next_short": behind["short"]}


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw the map from rectangles and text, with a small gap between questions."""
    sizes = sorted(int(size) for size in cells["size"].unique())
    rows = [rows for _, rows in cells.groupby(["question", "workers"], sort=False)]
    column = min(max((WIDTH - 2 * MARGIN - NAMES) / len(sizes), LEAST_COLUMN), MOST_COLUMN)
    width = max(WIDTH, NAMES + 2 * MARGIN + column * len(sizes))
    notes = wrap(doubts(cells), width - 2 * MARGIN, SMALLEST)[:3] if doubts(cells) else []
    gaps = GAP * (cells["question"].nunique() - 1)
    sheet = Sheet.new(theme, TITLE, SUBTITLE, HEADER + ROW * len(rows) + gaps + KEY + 11 * len(notes), width)
    for place, size in enumerate(sizes):
        middle = MARGIN + NAMES + (place + 0.5) * column
        sheet.text(middle, sheet.body + 10, format_size(size), ha="center", weight="bold")
    top, before = sheet.body + HEADER, rows[0]["question"].iloc[0]
    for row in rows:
        question, workers = row["question"].iloc[0], int(row["workers"].iloc[0])
        top, before = top + GAP * (question != before), question
        _question(sheet, question, top)
        sheet.text(MARGIN, top + 22.5, count(workers, "worker"), size=SMALLEST, color=theme.muted)
        for place, cell in enumerate(records(row)):
            _draw_cell(sheet, cell, MARGIN + NAMES + place * column, top, column)
        top += ROW
    winners = cells.loc[cells["lead"].notna(), "family"]
    family_key(sheet, winners, top + 14)
    strength_key(sheet, winners, top + 28)
    for number, line in enumerate(notes):
        sheet.text(MARGIN, top + KEY + 5 + 11 * number, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _question(sheet: Sheet, question: str, top: float) -> None:
    ways: tuple[tuple[float, Weight], ...] = ((9, "bold"), (SMALLEST, "bold"), (SMALLEST, "normal"))
    room = NAMES - 4
    size, weight = next((way for way in ways if text_width(question, *way) <= room), ways[-1])
    sheet.text(MARGIN, top + 12, fit([question], room, size, weight), size=size, weight=weight)


def _draw_cell(sheet: Sheet, cell: Any, left: float, top: float, width: float) -> None:
    if not cell.mechanism:
        plain_cell(sheet, [[cell.verdict]], left, top, width)
    elif not cell.next:
        plain_cell(sheet.of(cell.mechanism), [[cell.mechanism, cell.short], ["no other"]], left, top, width)
    else:
        names = [f"{name}{'*' if cell.notes else ''}" for name in (cell.mechanism, cell.short)]
        winner = Winner(names, cell.family, cell.lead, [cell.next, cell.next_short], int(cell.ties))
        winner_cell(sheet.of(cell.mechanism), winner, winner.words, left, top, width)


def _alt(cells: pd.DataFrame) -> str:
    contests = cells[cells["lead"].notna()]
    ties = contests["ties"] > 0
    won = contests["mechanism"].value_counts()
    most = min(won.index, key=lambda name: (-won[name], name))
    what = count(int(ties.sum()), "tie") if ties.any() else "no tie"
    said = f"Fastest mechanism in {count(len(contests), 'situation')}: {most} in {won[most]}; {what}."
    if ties.all():
        return told(said)
    far = max(records(contests[~ties]), key=lambda cell: (cell.lead, cell.case))
    where = f"{far.question}, {format_size(far.size)}, {count(int(far.workers), 'worker')}"
    return told(f"{said} Largest lead: {far.mechanism}, {format_ratio(far.lead)} at {where}.", said)


def _details(cells: pd.DataFrame, caption: str) -> Table:
    """Return one row per cell that has a winner."""
    rows = []
    for cell in records(cells[cells["verdict"] == "ok"]):
        more = f" and {count(int(cell.ties) - 1, 'other')}" if cell.ties > 1 else ""
        lead = f"{format_ratio(cell.lead)} {interval(cell.lead_low, cell.lead_high, format_ratio)}".strip()
        rows.append(
            [
                f"{cell.question}, {format_size(cell.size)}, {count(int(cell.workers), 'worker')}",
                cell.mechanism,
                f"{format_time(cell.seconds)} {interval(cell.low, cell.high)}".strip(),
                f"{'≈ ' if cell.ties else ''}{cell.next or 'no other'}{more}",
                lead if cell.next else "",
                str(cell.rivals),
                cell.notes,
            ]
        )
    header = [
        "For",
        "Fastest",
        "Median, 95 % interval",
        "Next, or ≈ a tie",
        "It takes, 95 % interval",
        "Ranked",
        "Notes",
    ]
    return Table(caption, header, rows)


def _lacks(about: Study) -> str:
    if len(table(about)):
        return ""
    asked = listing(QUESTIONS, len(QUESTIONS))
    return f"No two mechanisms that block were ranked in one of {asked} under {listing(brief(about.setting))}."


CHART = Chart(
    id="winner-map",
    topic="Which mechanism?",
    title=TITLE,
    caption=(
        "Find the row of your question and the column of your payload: the mechanism named there was the fastest "
        "measured. ≈ is a tie: less than 3 % apart, or no clear difference in this run. Choose among ties by what the "
        "mechanisms promise."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern=EVERY,
    by_payload=True,
)
