"""throughput-roofline: bytes per second of a one-way stream against message size, next to one copy of the payload."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.drawing.chart import SHOWN, Chart, doubt_lines, needs, select
from ipcbench.report.drawing.ends import End, label_beside, label_right
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.scale import log_limits, log_ticks, size_ticks, ticks_at
from ipcbench.report.drawing.sheet import SMALLEST, WIDTH, Sheet
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import safe_text
from ipcbench.units import format_bandwidth, format_size

TITLE = "How fast do bytes stream, and how close to one memcpy?"
REFERENCE = "memcpy"
COPIES = 2  # copies of the payload in one operation of memcpy: one in, one out; see measure/mechanisms/memcpy.py
LABELLED = 6
LEFT = 70.0
RIGHT = 180.0
PLOT = 250.0


def table(about: Study) -> pd.DataFrame:
    """Return the stream cases that have a time, from most to least bandwidth over all sizes, then the rows of memcpy.

    New columns: bandwidth with bandwidth_low and bandwidth_high, in bytes per second (for memcpy: of one copy of the
    payload); reference, true only for memcpy; share of the reference at the same size, NaN if that was not measured;
    and labelled: whether the line has a name (the best of each size, `queue`, then the next best, six in all).
    """
    cases = select(about, "stream")
    cases = cases[cases["seconds"].notna() & (cases["workers"] == cases["workers"].min())]
    cases = _with_bandwidth(cases.drop_duplicates(["mechanism", "size"]), 1)
    standing = {
        str(name): (-len(rows), float(np.log(rows["slowdown"]).mean())) for name, rows in cases.groupby("mechanism")
    }
    order = sorted(standing, key=lambda name: (standing[name], name))
    winners = cases[cases["best"]].sort_values(["size", "mechanism"], ascending=[False, True])["mechanism"]
    wanted = dict.fromkeys([*winners, *(["queue"] if "queue" in standing else []), *order])
    places = {name: place for place, name in enumerate(order)}
    cases = cases.assign(labelled=cases["mechanism"].isin(list(wanted)[:LABELLED]), reference=False)
    cases = cases.sort_values("size").sort_values("mechanism", key=lambda names: names.map(places), kind="stable")
    copies = _copies(about)
    at_size = dict(zip(copies["size"], copies["bandwidth"], strict=True))
    found = pd.concat([cases, copies], ignore_index=True) if len(copies) else cases.reset_index(drop=True)
    share = found["bandwidth"] / found["size"].map(at_size).astype(float)
    return found.assign(share=share.where(~found["reference"].astype(bool)))


def _copies(about: Study) -> pd.DataFrame:
    """Return the rows of memcpy, the control that copies the payload, under the setting shown."""
    summary = about.summary
    chosen = (summary["mechanism"] == REFERENCE) & (summary["question"] == "ping-pong") & summary["seconds"].notna()
    rows = summary.loc[chosen & in_setting(summary, about.setting), SHOWN].drop_duplicates("size").sort_values("size")
    return _with_bandwidth(rows, COPIES).assign(labelled=True, reference=True)


def _with_bandwidth(cases: pd.DataFrame, payloads: int) -> pd.DataFrame:
    """Add the bandwidth in bytes per second; `payloads` is how many payloads one operation moves."""
    moved = payloads * cases["size"]
    rates = {"bandwidth": "seconds", "bandwidth_low": "high", "bandwidth_high": "low"}
    return cases.assign(**{rate: moved / cases[seconds] for rate, seconds in rates.items()})


def draw(cells: pd.DataFrame, theme: Theme) -> Figure:
    """Draw at most six named lines, the reference in thin ink, the others grey."""
    streams, copies = cells[~cells["reference"]], cells[cells["reference"]]
    lines = [rows for _, rows in cells[cells["labelled"]].groupby("mechanism", sort=False)]
    at, last = _common(streams), int(cells["size"].max())
    notes = doubt_lines(pd.concat([_said(rows, at) for rows in lines]))
    sheet = Sheet.new(theme, TITLE, _subtitle(streams, copies), PLOT + 40 + 11 * len(notes))
    width, sizes = WIDTH - LEFT - RIGHT, sorted(streams["size"].unique())
    low, high = cells["bandwidth_low"].fillna(cells["bandwidth"]), cells["bandwidth_high"].fillna(cells["bandwidth"])
    x, y = log_limits(cells["size"].min(), last, 0.04), log_limits(low.min(), high.max(), 0.03)
    plot = Plot(sheet, LEFT, sheet.body + 6, width, PLOT, x, y)
    plot.frame(size_ticks(sizes, x, width), ticks_at(log_ticks(*y, most=9, base=2), format_bandwidth))
    bottom = plot.top + PLOT
    sheet.text(LEFT + width / 2, bottom + 26, "payload of one message", ha="center", size=SMALLEST, color=theme.muted)
    sheet.notes(bottom + 42, notes)
    grey = [rows for _, rows in streams[~streams["labelled"]].groupby("mechanism", sort=False)]
    plot.context([(rows["size"], rows["bandwidth"]) for rows in grey])
    for rows in lines:
        _draw_line(plot.of(str(rows["mechanism"].iloc[0])), rows)
    drawn = [(plot.across(rows["size"]), plot.down(rows["bandwidth"])) for rows in [*grey, *lines]]
    early = label_beside(plot, [_end(plot, rows, at) for rows in lines if rows["size"].iloc[-1] < last], drawn)
    label_right(plot, [*early, *(_end(plot, rows, at) for rows in lines if rows["size"].iloc[-1] == last)])
    return sheet.figure


def _common(streams: pd.DataFrame) -> int:
    """Return the size at which labels give rates: the largest with a share of the reference, or else the largest."""
    shared = streams.loc[streams["share"].notna(), "size"]
    return int(shared.max() if len(shared) else streams["size"].max())


def _subtitle(streams: pd.DataFrame, copies: pd.DataFrame) -> str:
    at = format_size(_common(streams))
    text = (
        "Higher is better: payload size × messages delivered per second; strokes: 95 % interval. Named: the best at "
        f"each size, queue and the next best, with the rate at {at}; grey: all others. "
    )
    if copies.empty:
        return f"{text}This run has no memcpy, so there is no reference line."
    text += "Thin line: one copy of the payload (memcpy) in this run"
    if streams["share"].notna().any():
        text += f"; percentages: the share of it at {at}"
    if (streams.loc[streams["labelled"], "share"] > 1).any():
        return f"{text}; hollow: faster than memcpy."
    return f"{text}."


def _draw_line(plot: Plot, rows: pd.DataFrame) -> None:
    theme, family = plot.sheet.theme, rows["family"].iloc[0]
    if rows["reference"].iloc[0]:
        plot.curve(rows["size"], rows["bandwidth"], color=theme.ink, linewidth=0.9, zorder=3)
        if len(rows) == 1:  # a curve of one point would be invisible
            (x,), (y,) = plot.across(rows["size"]), plot.down(rows["bandwidth"])
            plot.sheet.line([x - 7, x + 3], [y, y], color=theme.ink, linewidth=0.9, zorder=3)
        return
    plot.strokes(rows["size"], rows["bandwidth_low"], rows["bandwidth_high"], theme.family(family))
    plot.family_curve(rows["size"], rows["bandwidth"], family)
    above = rows[rows["share"] > 1]
    plot.hollow(above["size"], above["bandwidth"], family)


def _said(rows: pd.DataFrame, at: int) -> pd.DataFrame:
    """Return the row whose rate the label of a line gives: that of size `at`, or else the last."""
    there = rows[rows["size"] == at]
    return there if len(there) else rows.tail(1)


def _end(plot: Plot, rows: pd.DataFrame, at: int) -> End:
    """Return the end of a line with the text of its label."""
    last, cell = rows.iloc[-1], _said(rows, at).iloc[0]
    theme, names = plot.sheet.theme, [str(last["mechanism"]), str(last["short"])]
    if last["reference"]:
        names = ["memcpy, reference", "memcpy"]
    elif cell["share"] == cell["share"]:
        names = [f"{name} {_percent(cell['share'])}" for name in names]
    value = f"{format_bandwidth(cell['bandwidth'])}{'*' if cell['notes'] else ''}"
    if cell["size"] != at:
        value += f" at {format_size(cell['size'])}"
    colour = theme.ink if last["reference"] else theme.family(last["family"])
    (x,), (y,) = plot.across([last["size"]]), plot.down([last["bandwidth"]])
    return End(float(x), float(y), str(last["mechanism"]), names, value, colour)


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if share < 0.0995 else f"{share:,.0%}".replace("%", " %")


def _alt(cells: pd.DataFrame) -> str:
    streams = cells[~cells["reference"]]
    top = streams.sort_values(["bandwidth", "mechanism"]).iloc[-1]
    share = f", {_percent(top['share'])} of one memcpy" if top["share"] == top["share"] else ""
    return (
        f"Stream bandwidth over payload, {streams['mechanism'].nunique()} mechanisms. Most: "
        f"{safe_text(top['mechanism'], 40)}, {format_bandwidth(top['bandwidth'])} at {format_size(top['size'])}{share}."
    )


CHART = Chart(
    id="throughput-roofline",
    topic="Streaming",
    title=TITLE,
    caption=(
        "One process sends, another receives; the clock stops when the receiver has the last message. Small messages "
        "pay the cost per message, large ones the cost of copying. The reference is one copy of the payload by Python "
        "in one process, call included: half the time of the memcpy control, which copies in and out. It is no upper "
        "bound: a mechanism that copies once, or from a warm cache, may lie above it. Between measured sizes the line "
        "is straight. Spinning is ranked separately from blocking; the best of each is named."
    ),
    lacks=needs("stream"),
    table=table,
    draw=draw,
    alt=_alt,
    pattern="stream",
)
