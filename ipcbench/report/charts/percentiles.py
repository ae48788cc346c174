"""percentiles: how slow the slow operations are, as curves over HdrHistogram's percentile axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.analysis.percentiles import LEAST_BEYOND, PERCENTILES, curves
from ipcbench.report.content.rows import delay_words
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import rate_word
from ipcbench.report.drawing.chart import Chart, doubt_lines
from ipcbench.report.drawing.ends import End, label_right
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, ticks_at
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, Sheet
from ipcbench.report.drawing.single import lacks_cases, offered, single_cases
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_size, format_time

TITLE = "How slow are the slowest messages?"
LABELLED = 6
LEFT = 54.0
RIGHT = 170.0
PLOT = 132.0
HEAD = 22.0
FOOT = 20.0
KEPT = ["case", "question", "mechanism", "short", "family", "wait", "size", "verdict", "notes", "seconds", "key"]
KEPT += ["samples", *PERCENTILES, "most"]  # facts of a case, repeated in every row of its curve
LEAST = 2 * LEAST_BEYOND  # operations that a curve needs for its first point, at 50 %


def lacks(about: Study) -> str:
    """Return a sentence that says why there is nothing to draw, or an empty string."""
    missing = lacks_cases(about, _is_asked, "This run has no tail case.")
    if missing:
        return missing
    cases = single_cases(about, _is_asked)
    if (cases["samples"] < LEAST).all():
        return f"A curve needs {LEAST} operations; no tail case of this run has as many."
    return ""


def _is_asked(question: str) -> bool:
    return question == "tail:closed" or offered(question) is not None


def table(about: Study) -> pd.DataFrame:
    """Return the points of the curves at the typical payload, of closed loops and of open loops at the lowest rate.

    Within a loop, mechanisms are sorted by their delay at the highest percentiles, the least first. New columns: loop,
    in words; labelled: whether the line has a name (queue and the best, six in each loop); samples, p50, p90, p99, p999
    and most of `analysis.percentiles.percentiles`; one_in, delay (seconds) and percentile, from 50, of the point.
    """
    cases = single_cases(about, _is_asked)
    rates = cases["question"].map(offered)
    cases = cases[(cases["samples"] >= LEAST) & (rates.isna() | (rates == rates.min()))]
    cases = cases.drop_duplicates(["question", "mechanism"])[KEPT]
    kept = []
    for question in sorted(cases["question"].unique()):
        rows = cases[cases["question"] == question].sort_values([*reversed([*PERCENTILES][:3]), "mechanism"])
        wanted = dict.fromkeys([*(["queue"] if "queue" in set(rows["mechanism"]) else []), *rows["mechanism"]])
        kept.append(rows.assign(loop=_loop(question), labelled=rows["mechanism"].isin(list(wanted)[:LABELLED])))
    ordered = pd.concat(kept, ignore_index=True)
    points = ordered.reset_index(names="place").merge(
        curves(about.delays).rename(columns={"case": "key"}), on="key", how="inner"
    )
    points = points.sort_values(["place", "one_in"]).drop(columns=["place", "key"])
    found: pd.DataFrame = points.assign(percentile=100 * (1 - 1 / points["one_in"])).reset_index(drop=True)
    return found


def _loop(question: str) -> str:
    rate = offered(question)
    return "closed loop" if rate is None else f"open loop at {rate_word(rate)}"


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per loop on shared axes, with names at the right; a curve ends where fewer than 10 are slower."""
    loops = [rows for _, rows in cells.groupby("loop", sort=False)]
    named = cells[cells["labelled"]].drop_duplicates("case")
    notes = doubt_lines(named)
    subtitle = (
        f"Lower is better: the delay within which the given share of messages of {format_size(cells['size'].iloc[0])} "
        f"arrived, each timed by itself. A curve ends where fewer than {LEAST_BEYOND} were slower. "
        + ("Named: queue and the best; grey: all others." if not cells["labelled"].all() else "")
    )
    height = len(loops) * (HEAD + PLOT + FOOT) + 14 + 11 * len(notes)
    sheet = Sheet.new(theme, TITLE, subtitle.strip(), height)
    x, y = (2.0, max(cells["one_in"].max(), 10.0)), log_limits(cells["delay"].min(), cells["delay"].max())
    for number, rows in enumerate(loops):
        top = sheet.body + number * (HEAD + PLOT + FOOT) + HEAD
        _draw_loop(Plot(sheet, LEFT, top, WIDTH - LEFT - RIGHT, PLOT, x, y), rows)
    bottom = sheet.body + len(loops) * (HEAD + PLOT + FOOT)
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    sheet.text(middle, bottom + 6, "share of messages", ha="center", size=SMALLEST, color=theme.muted)
    sheet.notes(bottom + 22, notes)
    return sheet.figure


_WHAT = {"closed": "each waits for the one before", "open": "sent when due, timed from then"}


def _draw_loop(plot: Plot, rows: pd.DataFrame) -> None:
    sheet, theme, loop = plot.sheet, plot.sheet.theme, str(rows["loop"].iloc[0])
    sheet.text(MARGIN, plot.top - 8, f"{loop}: {_WHAT[loop.split(' ')[0]]}", weight="bold")
    plot.frame(_percent_ticks(plot.x[1]), ticks_at(log_ticks(*plot.y, most=5), format_time))
    lines = [line for _, line in rows[rows["labelled"]].groupby("mechanism", sort=False)]
    grey = [line for _, line in rows[~rows["labelled"]].groupby("mechanism", sort=False)]
    plot.context([(line["one_in"], line["delay"]) for line in grey])
    common = _common([line.iloc[0] for line in lines])
    sheet.text(WIDTH - MARGIN, plot.top - 8, f"at {_written(common)}", ha="right", size=SMALLEST, color=theme.muted)
    ends = []
    for line in lines:
        last, mechanism, family = line.iloc[-1], str(line["mechanism"].iloc[0]), line["family"].iloc[0]
        own = plot.of(mechanism)
        marks = [place for place, one_in in enumerate(line["one_in"]) if _round(one_in) or place == len(line) - 1]
        own.family_curve(line["one_in"], line["delay"], family, markevery=marks)
        (x,), (y,) = plot.across([last["one_in"]]), plot.down([last["delay"]])
        value = f"{format_time(last[common])}{'*' if last['notes'] else ''}"
        ends.append(End(float(x), float(y), mechanism, [mechanism, str(last["short"])], value, theme.family(family)))
    label_right(plot, ends)


def _common(lines: Sequence[pd.Series[float]]) -> str:
    """Return the column of the highest percentile that all lines reach."""
    return [name for name in PERCENTILES if all(line[name] == line[name] for line in lines)][-1]


def _written(name: str) -> str:
    return f"{100 * PERCENTILES[name]:g} %"


def _round(one_in: float) -> bool:
    """Return whether a point is at a round percentile: 50, 90, 99, 99.9 and so on."""
    return one_in == 2 or math.isclose(math.log10(one_in) % 1, 0, abs_tol=1e-9)


def _percent_ticks(last: float) -> dict[float, str]:
    powers = [10.0**power for power in range(1, math.floor(math.log10(last) + 1e-9) + 1)]
    return {one_in: f"{100 - 100 / one_in:.10g} %" for one_in in [2.0, *powers]}


def _alt(cells: pd.DataFrame) -> str:
    lines = cells.drop_duplicates(["loop", "mechanism"])
    first = lines[lines["loop"] == lines["loop"].iloc[0]]
    common = _common([line for _, line in first.iterrows()])
    best, worst = (first.sort_values([common, "mechanism"]).iloc[place] for place in (0, -1))
    return (
        f"Delays in a {best['loop']}: {_written(common)} within {format_time(best[common])} for "
        f"{safe_text(best['mechanism'], 36)}, {format_time(worst[common])} for {safe_text(worst['mechanism'], 36)}."
        if len(first) > 1
        else f"Delays in a {best['loop']}: {_written(common)} of {safe_text(best['mechanism'], 36)} within "
        f"{format_time(best[common])}, of {count(int(best['samples']), 'message')}."
    )


def _details(cells: pd.DataFrame, caption: str) -> Table:
    """Return one row per curve, with the percentiles for which there are enough messages."""
    rows = [
        [line.case, line.loop, *delay_words(line), f"{line.samples:,}", line.notes]
        for line in records(cells.drop_duplicates(["loop", "mechanism"]))
    ]
    header = ["Case", "Loop", *(_written(name) for name in PERCENTILES), "Slowest", "Messages", "Notes"]
    return Table(caption, header, rows)


CHART = Chart(
    id="percentiles",
    topic="Slow messages",
    title=TITLE,
    caption=(
        "One message in 100 is slower than the delay at 99 %, one in 1,000 slower than that at 99.9 %. In a closed "
        "loop each message waits for the answer to the one before, so a stall delays only one; the delay is a round "
        "trip. In an open loop messages are due at a fixed rate, and each is timed from when it was due until it is "
        "received. The slowest is a single message, and is in the table only."
    ),
    lacks=lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern="tail",
)
