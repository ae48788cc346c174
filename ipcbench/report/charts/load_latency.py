"""load-latency: the delay of messages that are due at a fixed rate, over that rate, one panel per mechanism."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.measure.api.load import KEPT_UP
from ipcbench.report.content.rows import delay_words
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import rate_word
from ipcbench.report.drawing.chart import Chart, doubt_lines
from ipcbench.report.drawing.panels import ABOVE, GAP, head
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, spread, ticks_at
from ipcbench.report.drawing.sheet import SMALLEST, WIDTH, Sheet, fit, text_width
from ipcbench.report.drawing.single import lacks_cases, offered, single_cases
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text
from ipcbench.units import format_rate, format_size, format_time

TITLE = "How long do messages take as the load rises?"
LEFT = 54.0
RIGHT = 20.0
PLOT = 110.0
BELOW = 30.0
NAME = 70.0  # kept free for a name over a panel
DASHED = (0, (4, 2))


def lacks(about: Study) -> str:
    """Return a sentence that says why there is nothing to draw, or an empty string."""
    missing = lacks_cases(about, _is_open, "This run has no tail case with an open loop.")
    if missing:
        return missing
    rates = single_cases(about, _is_open)["question"].nunique()
    return f"A curve over the rate needs 2 rates; this run has {rates}." if rates < 2 else ""


def _is_open(question: str) -> bool:
    return offered(question) is not None


def table(about: Study) -> pd.DataFrame:
    """Return the open-loop cases at the typical payload that have a time, mechanisms that keep up best first.

    New columns: samples, p50, p90, p99, p999 and most of `analysis.percentiles.percentiles`; offered and achieved, in
    messages per second; and behind, whether less than 95 % of the offered rate was achieved.
    """
    cases = single_cases(about, _is_open).drop(columns="key").drop_duplicates(["question", "mechanism"])
    cases = cases.assign(offered=cases["question"].map(offered).astype(float), achieved=1 / cases["seconds"])
    cases = cases.assign(behind=cases["achieved"] < KEPT_UP * cases["offered"])
    cases = cases.sort_values(["mechanism", "offered"])
    standing = {str(name): _standing(rows) for name, rows in cases.groupby("mechanism")}
    places = {name: place for place, name in enumerate(sorted(standing, key=lambda each: (standing[each], each)))}
    ordered = cases.assign(place=cases["mechanism"].map(places)).sort_values(["place", "offered"])
    return ordered.drop(columns="place").reset_index(drop=True)


def _standing(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Return the sort key of a mechanism: the highest rate that it keeps up with, the rate it achieves, its median."""
    last = rows.iloc[-1]
    kept = rows.loc[~rows["behind"], "offered"].max()
    return (0.0 if math.isnan(kept) else -float(kept), -float(last["achieved"]) * last["behind"], float(last["p50"]))


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw one panel per mechanism on shared axes: median solid, 99 % dashed, hollow where it does not keep up."""
    groups = [rows for _, rows in cells.groupby("mechanism", sort=False)]
    columns = 2 if len(groups) <= 4 else 3
    lines = math.ceil(len(groups) / columns)
    notes = doubt_lines(cells)
    sheet = Sheet.new(theme, TITLE, _subtitle(cells), lines * (ABOVE + PLOT) + BELOW + 11 * len(notes))
    width = (WIDTH - LEFT - RIGHT - GAP * (columns - 1)) / columns
    rates = sorted(cells["offered"].unique())
    x = log_limits(rates[0], rates[-1], 0.05)
    y = log_limits(cells["p50"].min(), cells[["p50", "p99"]].max().max())
    y_ticks = ticks_at(log_ticks(*y, most=6), format_time)
    for number, rows in enumerate(groups):
        row, column = divmod(number, columns)
        left, top = LEFT + column * (width + GAP), sheet.body + row * (ABOVE + PLOT) + ABOVE
        plot = Plot(sheet, left, top, width, PLOT, x, y)
        plot.frame(_rate_ticks(plot, rates), y_ticks, below=number + columns >= len(groups), beside=column == 0)
        plot.context([(other["offered"], other["p99"]) for other in groups if other is not rows])
        _draw_curves(plot.of(str(rows["mechanism"].iloc[0])), rows)
    bottom = sheet.body + lines * (ABOVE + PLOT)
    sheet.text(WIDTH / 2, bottom + 26, "messages due per second", ha="center", size=SMALLEST, color=theme.muted)
    sheet.notes(bottom + 44, notes)
    return sheet.figure


def _subtitle(cells: pd.DataFrame) -> str:
    text = (
        f"Lower is better: delay of messages of {format_size(cells['size'].iloc[0])}, from when each was due. Solid: "
        f"median; dashed: 99 %{'; grey: 99 % of all others' if cells['mechanism'].nunique() > 1 else ''}. "
    )
    if cells["behind"].any():
        text += "Right of each name: what it achieved of the highest rate. "
        return f"{text}Hollow: less than 95 % of the rate was achieved."
    return f"{text}Every rate was achieved, within 5 %."


def _draw_curves(plot: Plot, rows: pd.DataFrame) -> None:
    family, last, behind = rows["family"].iloc[0], rows.iloc[-1], rows[rows["behind"]]
    for percentile, look in (("p50", {"linestyle": "solid"}), ("p99", {"linestyle": DASHED, "linewidth": 1.2})):
        plot.family_curve(rows["offered"], rows[percentile], family, **look)
        plot.hollow(behind["offered"], behind[percentile], family)
    rate, star = rate_word(last["offered"]), "*" if rows["notes"].any() else ""
    words = [f"keeps up with {rate}{star}", f"keeps {rate}{star}"]
    if last["behind"]:
        part = f"{_part(last['achieved'], rate)} of {rate}{star}"
        words = [f"achieved {part}", part, f"{format_rate(last['achieved'])}{star}"]
    head(plot.sheet, plot.left, plot.top, plot.width, rows, fit(words, plot.width - NAME, SMALLEST))


def _part(achieved: float, offered_word: str) -> str:
    """Format a rate, without its unit if the offered rate has the same unit."""
    number, unit = format_rate(achieved).split(" ")
    return number if offered_word.endswith(f" {unit}") else f"{number} {unit}"


def _rate_ticks(plot: Plot, rates: list[float]) -> dict[float, str]:
    words = [rate_word(rate) for rate in rates]
    written = spread([text_width(word, SMALLEST) for word in words], [float(each) for each in plot.across(rates)])
    return {rate: words[place] if place in written else "" for place, rate in enumerate(rates)}


def _alt(cells: pd.DataFrame) -> str:
    first = cells[cells["mechanism"] == cells["mechanism"].iloc[0]].iloc[-1]
    lines = count(cells["mechanism"].nunique(), "mechanism")
    return (
        f"Delay over offered rate, {lines}. Offered {rate_word(first['offered'])}, {safe_text(first['mechanism'], 36)} "
        f"achieves {format_rate(first['achieved'])} with a median of {format_time(first['p50'])}."
    )


def _details(cells: pd.DataFrame, caption: str) -> Table:
    """Return one row per case: offered and achieved rate, and the percentiles for which there are enough messages."""
    rows = []
    for cell in records(cells):
        rates = [rate_word(cell.offered), format_rate(cell.achieved)]
        rows.append([cell.case, *rates, *delay_words(cell), f"{cell.samples:,}", cell.notes])
    header = ["Case", "Offered", "Achieved", "50 %", "90 %", "99 %", "99.9 %", "Slowest", "Messages", "Notes"]
    return Table(caption, header, rows)


CHART = Chart(
    id="load-latency",
    topic="Under load",
    title=TITLE,
    caption=(
        "Messages are due at a fixed rate and are sent even if earlier ones are late. Each is timed from when it was "
        "due, so a stall delays all messages behind it: coordinated omission cannot hide it. Where a curve turns up, "
        "with hollow points, the mechanism no longer keeps up. The 99 % is drawn where 10 messages or more were "
        "slower."
    ),
    lacks=lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
    pattern="tail",
)
