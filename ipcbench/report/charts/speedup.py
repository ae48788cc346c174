"""speedup-vs-queue: how many times as fast as multiprocessing.Queue, one row per mechanism, one panel per size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ipcbench.analysis.difference import paired
from ipcbench.analysis.stats import geometric_mean
from ipcbench.report.comparison.ratios import NUMBERS, frame, ratio_dot, ratio_word, sides, span
from ipcbench.report.content.setting import brief, in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import absence, interval, listing
from ipcbench.report.drawing.chart import BLOCKING, Chart, common_sizes, doubts, needs, told
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet, fit, text_width, wrap
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count
from ipcbench.units import format_ratio, format_size, format_time

BASELINE = "queue"
TITLE = "How much faster than multiprocessing.Queue?"
SUBTITLE = (
    "Round trips of mechanisms that block: how many times as fast as queue; logarithmic. Line: 95 % interval, paired "
    "by round. Hollow and grey: no clear difference, or less than 3 %."
)
SIZES = (64, 2**16)  # bytes; the third panel is the largest size that queue and most others have
NAMES = 132.0
GAP = 10.0
HEAD = 20.0
ROW = 14.0
FOOT = 34.0
COLUMNS = ["mechanism", "short", "family", "size", "verdict", "seconds", "base_seconds", "ratio", "low", "high"]
COLUMNS += ["notes", "mean"]


def table(about: Study) -> pd.DataFrame:
    """Return a row per mechanism and panel, those with a number in every panel first, by geometric mean.

    ratio is the time of queue ÷ the time of the mechanism, paired by round (`analysis.difference.paired`), with low and
    high; more than 1 is faster. verdict is faster, slower or 'no clear difference', by the rule of the whole report,
    or says why there is no number. base_seconds is the time of queue, mean the geometric mean of the ratios of a
    mechanism, NaN if one is missing.
    """
    cases = _cases(about)
    known = {(str(case.mechanism), int(case.size)): case for case in records(cases)}
    sizes = _sizes(cases)
    rows = []
    for name in sorted({name for name, _ in known} - {BASELINE}):
        facts = next(case for (other, _), case in known.items() if other == name)
        carried = {size for (other, size), case in known.items() if other == name and case.seconds == case.seconds}
        found = [
            _row(about, facts, known.get((name, size)), known[BASELINE, size], carried) | {"size": size}
            for size in sizes
        ]
        ratios = np.array([row["ratio"] for row in found if row["ratio"] == row["ratio"]])
        if len(ratios):
            mean, gaps = geometric_mean(ratios), len(sizes) - len(ratios)
            rows += [((gaps, -mean, name), row | {"mean": math.nan if gaps else mean}) for row in found]
    return pd.DataFrame([row for _, row in sorted(rows, key=lambda each: each[0])], columns=COLUMNS)


def _cases(about: Study) -> pd.DataFrame:
    summary = about.summary
    chosen = (summary["question"] == "ping-pong") & summary["ranked"] & summary["wait"].isin(BLOCKING)
    cases = summary[chosen & in_setting(summary, about.setting)]
    alone: pd.DataFrame = cases[cases["workers"] == cases["workers"].min()]
    return alone.drop_duplicates(["mechanism", "size"])


def _sizes(cases: pd.DataFrame) -> list[int]:
    """Return the sizes nearest to SIZES, and the largest, of those that queue and most mechanisms have.

    Most: at least half of the mechanisms with several sizes.
    """
    measured = cases[cases["seconds"].notna()]
    based = measured.loc[measured["mechanism"] == BASELINE, "size"]
    others = measured[(measured["mechanism"] != BASELINE) & measured["size"].isin(based)]
    if others.empty:
        return []
    common = common_sizes(others)
    near = [min(common, key=lambda size: (abs(math.log(max(size, 1) / wanted)), size)) for wanted in SIZES]
    return sorted({*near, max(common)})


def _row(about: Study, facts: Any, case: Any | None, base: Any, carried: set[int]) -> dict[str, Any]:
    row = {"mechanism": facts.mechanism, "short": facts.short, "family": facts.family, "base_seconds": base.seconds}
    if case is None or case.seconds != case.seconds:
        word = absence(case.verdict, carried) if case is not None else "not run"
        return row | dict.fromkeys(("seconds", "ratio", "low", "high"), math.nan) | {"verdict": word, "notes": ""}
    found = paired(about.series[base.key], about.series[case.key])
    verdict = "no clear difference" if found.tied else "faster" if found.ratio > 1 else "slower"
    numbers = {"seconds": case.seconds, "ratio": found.ratio, "low": found.low, "high": found.high}
    return row | numbers | {"verdict": verdict, "notes": case.notes}


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per size on one axis, a dot with its interval for each mechanism."""
    names = list(dict.fromkeys(cells["mechanism"]))
    panels = [rows for _, rows in cells.groupby("size")]
    notes = wrap(doubts(cells), WIDTH - 2 * MARGIN, SMALLEST)[:3] if doubts(cells) else []
    height = ROW * len(names)
    sheet = Sheet.new(theme, TITLE, SUBTITLE, HEAD + height + FOOT + 11 * len(notes))
    reach = span(cells["low"].fillna(cells["ratio"]).min(), cells["high"].fillna(cells["ratio"]).max())
    width = (WIDTH - 2 * MARGIN - NAMES - GAP * (len(panels) - 1)) / len(panels)
    top = sheet.body + HEAD
    for place, row in enumerate(records(panels[0])):
        own, y = sheet.of(row.mechanism), top + ROW * (place + 0.5)
        own.dot(MARGIN + 4, y, row.family)
        own.text(MARGIN + 13, y + 3, fit([row.mechanism, row.short], NAMES - 21))
    for number, rows in enumerate(panels):
        plot = Plot(sheet, MARGIN + NAMES + number * (width + GAP), top, width - NUMBERS, height, (1 / reach, reach))
        base = f"queue {format_time(rows['base_seconds'].iloc[0])}"
        size = format_size(rows["size"].iloc[0])
        sheet.text(plot.left, top - 7, size, weight="bold")
        room = width - text_width(size, 9, "bold") - 8
        sheet.text(
            plot.left + width, top - 7, fit([base], room, SMALLEST), size=SMALLEST, color=theme.muted, ha="right"
        )
        frame(plot, reach)
        for place, cell in enumerate(records(rows)):
            _dot(plot.of(cell.mechanism), cell, top + ROW * (place + 0.5))
    sides(
        sheet,
        top + height + 25,
        NAMES,
        (["◀ slower than queue"], theme.slower),
        (["faster than queue ▶"], theme.faster),
    )
    for number, line in enumerate(notes):
        sheet.text(MARGIN, top + height + FOOT + 6 + 11 * number, line, size=SMALLEST, color=theme.muted)
    return sheet.figure


def _dot(plot: Plot, cell: Any, y: float) -> None:
    theme = plot.sheet.theme
    if cell.ratio != cell.ratio:
        word = fit([cell.verdict], plot.width / 2 - 6, SMALLEST)
        place = plot.left + plot.width * 0.75
        plot.sheet.text(place, y + 3, word, size=SMALLEST, color=theme.muted, ha="center", ground=theme.page)
        return
    colour = {"faster": theme.faster, "slower": theme.slower}.get(cell.verdict, theme.muted)
    ratio_dot(plot, y, (cell.ratio, cell.low, cell.high), colour, sign="*" if cell.notes else "")


def _alt(cells: pd.DataFrame) -> str:
    measured = cells[cells["ratio"].notna()]
    better = int((measured["verdict"] == "faster").sum())
    said = f"Faster than multiprocessing.Queue in {better} of {count(len(measured), 'case')}."
    far = max(records(measured), key=lambda cell: cell.ratio)
    most = f"At best: {far.mechanism}, {ratio_word(far.ratio)} at {format_size(far.size)}."
    return told(f"{said} {most}", most)


def _details(cells: pd.DataFrame, caption: str) -> Table:
    """Return one row per mechanism and size."""
    rows, muted = [], set()
    for place, cell in enumerate(records(cells)):
        there = cell.ratio == cell.ratio
        rows.append(
            [
                f"{cell.mechanism}, {format_size(cell.size)}",
                format_time(cell.seconds) if there else cell.verdict,
                format_time(cell.base_seconds),
                f"{ratio_word(cell.ratio)} {interval(cell.low, cell.high, format_ratio)}".strip() if there else "",
                cell.verdict if there else "",
                cell.notes,
            ]
        )
        muted |= set() if there else {(place, 1)}
    header = ["Case", "Median", "queue", "Times as fast, 95 % interval", "Verdict", "Notes"]
    return Table(caption, header, rows, muted=frozenset(muted))


_FIRST = needs("ping-pong")


def _lacks(about: Study) -> str:
    missing = _FIRST(about)
    if missing:
        return missing
    cases = _cases(about)
    setting = listing(brief(about.setting))
    if not cases.loc[cases["mechanism"] == BASELINE, "seconds"].notna().any():
        return f"There is no ping-pong number of {BASELINE} under {setting}, so nothing to compare with."
    return "" if len(table(about)) else f"No other mechanism that blocks has a size in common with {BASELINE}."


CHART = Chart(
    id="speedup-vs-queue",
    topic="Compared with multiprocessing.Queue",
    title=TITLE,
    caption=(
        "Each dot is the round trip of a queue divided by that of the mechanism: at 2× it takes half as long. A queue "
        "also allows many senders and receivers and any number of waiting messages; other mechanisms may not."
    ),
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern="ping-pong",
    by_payload=True,
)
