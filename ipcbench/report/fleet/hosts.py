"""fleet-hosts: which hosts differ from the rest? One dot per host, the slowest at the top."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.comparison.ratios import NUMBERS, frame, ratio_dot, ratio_word, span
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, short_ratio
from ipcbench.report.drawing.chart import Chart, told
from ipcbench.report.drawing.ends import End, label_right
from ipcbench.report.drawing.plot import Plot
from ipcbench.report.drawing.sheet import LINE, MARGIN, SMALLEST, WIDTH, Sheet, fit
from ipcbench.report.drawing.theme import Theme
from ipcbench.report.fleet.words import Survey, where
from ipcbench.text import count, safe_text
from ipcbench.units import format_ratio

TITLE = "Which hosts differ from the rest?"
SUBTITLE = (
    "Time of each host relative to the fleet's centre, geometric mean over its cases, slowest at the top; logarithmic. "
    "Line: 95 % interval. Shaded: within 3 %. Filled: differs from the rest; hollow and grey: does not. Diamond: "
    "differs in some families only."
)
MOST_NAMED = 40  # hosts that each have a row
NAMES, PARTS = 124.0, 116.0  # room for names at the left, and at the right for the families in which a host differs
ROW = 14.0
STRIP, LABELS = 340.0, 216.0  # height of all hosts together, and room for the names of the farthest
FARTHEST = 20
DIFFERS = ("slower", "faster", "in part")


def table(survey: Survey) -> pd.DataFrame:
    """Return a row per host with a ratio, the slowest first: host, ratio, low, high, verdict, where, cases and class.

    verdict is slower, faster, 'in part' or empty; classes are numbered from 1, the largest class.
    """
    hosts = survey.outliers.hosts
    known = hosts[hosts["ratio"].notna()].sort_values(["ratio", "host"], ascending=[False, True], kind="stable")
    verdicts = np.where((known["verdict"] == "") & (known["families"] != ""), "in part", known["verdict"])
    differs = np.isin(verdicts, DIFFERS)
    words = [where(survey, row) if differ else "" for row, differ in zip(records(known), differs, strict=True)]
    return pd.DataFrame(
        {
            "host": [safe_text(name, 60) for name in known["host"]],
            "ratio": known["ratio"].to_numpy(),
            "low": known["low"].to_numpy(),
            "high": known["high"].to_numpy(),
            "verdict": verdicts,
            "where": [safe_text(text, 120) for text in words],
            "cases": known["cases"].to_numpy(),
            "class": known["kind"].to_numpy() + 1,
        }
    )


def draw(hosts: pd.DataFrame, theme: Theme) -> Figure:
    """Draw a row per host, or all hosts in one strip with the names of the farthest beside it."""
    low, high = hosts["low"].fillna(hosts["ratio"]), hosts["high"].fillna(hosts["ratio"])
    reach = span(float(low.min()), float(high.max()))
    named = len(hosts) <= MOST_NAMED
    height = ROW * len(hosts) if named else STRIP
    sheet = Sheet.new(theme, TITLE, SUBTITLE, 6 + height + 20 + LINE)
    top = sheet.body + 6
    if named:
        parts = PARTS if (hosts["where"] != "").any() else 0.0
        plot = Plot(
            sheet, MARGIN + NAMES, top, WIDTH - 2 * MARGIN - NAMES - NUMBERS - parts, height, (1 / reach, reach)
        )
        frame(plot, reach)
        for place, host in enumerate(records(hosts)):
            _row(plot, host, top + ROW * (place + 0.5))
    else:
        plot = Plot(sheet, MARGIN + 4, top, WIDTH - 2 * MARGIN - LABELS, height, (1 / reach, reach))
        frame(plot, reach)
        _strip(plot, hosts)
    foot, right = top + height + 26, plot.left + plot.width
    sheet.text(plot.left, foot, "◀ faster", size=SMALLEST, color=theme.faster)
    sheet.text(right, foot, "slower ▶", size=SMALLEST, color=theme.slower, ha="right")
    return sheet.figure


def _row(plot: Plot, host: Any, y: float) -> None:
    sheet, theme = plot.sheet, plot.sheet.theme
    sheet.text(plot.left - 8, y + 3, fit([host.host], NAMES - 8), ha="right")
    colour, marker = _look(host.verdict, theme)
    ratio_dot(plot, y, (host.ratio, host.low, host.high), colour, marker)
    if host.where:
        left = plot.left + plot.width + NUMBERS + 4
        sheet.text(left, y + 3, fit([host.where], WIDTH - MARGIN - left, SMALLEST), size=SMALLEST, color=theme.muted)


def _look(verdict: str, theme: Theme) -> tuple[str, str]:
    """Return the colour and marker of a host."""
    colours = {"slower": theme.slower, "faster": theme.faster, "in part": theme.ink}
    return colours.get(verdict, theme.muted), "D" if verdict == "in part" else "o"


def _strip(plot: Plot, hosts: pd.DataFrame) -> None:
    """Draw all hosts as dots above each other, one artist per verdict, with names for the farthest."""
    sheet, theme = plot.sheet, plot.sheet.theme
    y = plot.top + plot.height * (np.arange(len(hosts)) + 0.5) / len(hosts)
    ratio, low, high = (plot.across(hosts[name]) for name in ("ratio", "low", "high"))
    nan = np.full(len(hosts), np.nan)
    for verdict in ("", *DIFFERS):
        here = (hosts["verdict"] == verdict).to_numpy() if verdict else ~hosts["verdict"].isin(DIFFERS).to_numpy()
        colour, marker = _look(verdict, theme)
        if not here.any():
            continue
        strokes = np.column_stack([low, high, nan])[here].ravel(), np.column_stack([y, y, nan])[here].ravel()
        sheet.line(*strokes, color=theme.context if not verdict else colour, linewidth=0.7, zorder=2)
        look = {"marker": marker, "color": colour, "markerfacecolor": colour if verdict else theme.page}
        size = 4.0 if verdict else 2.0
        sheet.line(ratio[here], y[here], linestyle="none", markersize=size, markeredgewidth=0.6, zorder=4, **look)
    far = hosts.assign(x=ratio, y=y, far=hosts["ratio"].map(math.log).abs())[hosts["verdict"].isin(DIFFERS)]
    ends = []
    for host in records(far.sort_values("far", ascending=False, kind="stable").head(FARTHEST)):
        names = [f"{host.host} {host.where}", host.host]
        ends.append(End(host.x, host.y, host.host, names, ratio_word(host.ratio), _look(host.verdict, theme)[0]))
    label_right(plot, ends)


def _alt(hosts: pd.DataFrame) -> str:
    """Return the finding in words: how many hosts differ, and which is the farthest."""
    off = hosts[hosts["verdict"].isin(DIFFERS)]
    said = f"{len(off)} of {count(len(hosts), 'host')} {'differs' if len(off) == 1 else 'differ'} from the rest"
    if off.empty:
        ends = [short_ratio(float(hosts["ratio"].iloc[place])) for place in (-1, 0)]
        return told(f"Dots by host, sorted: {said}; all lie between {ends[0]} and {ends[1]} of the centre.", f"{said}.")
    far = max(records(off), key=lambda host: abs(math.log(host.ratio)))
    most = f"the farthest is {far.host} at {short_ratio(far.ratio)}"
    return told(f"Dots by host, sorted: {said}; {most}, {far.where}.", f"{said}; {most}.", f"{said}.")


def _details(hosts: pd.DataFrame, caption: str) -> Table:
    rows = [
        [
            host.host,
            format_ratio(host.ratio),
            interval(host.low, host.high, format_ratio),
            host.verdict or "like the rest",
            host.where,
            f"{host.cases:,}",
        ]
        for host in records(hosts)
    ]
    values = {(place, 1): float(ratio) for place, ratio in enumerate(hosts["ratio"])}
    return Table(caption, ["Host", "Ratio", "95 %", "Verdict", "Where", "Cases"], rows, values=values)


def _lacks(survey: Survey) -> str:
    known = survey.outliers.hosts["ratio"].notna().any()
    return "" if known else "No two hosts have a case of a ranked mechanism in common."


CHART: Chart[Survey] = Chart(
    id="fleet-hosts",
    topic="Who differs?",
    title=TITLE,
    caption="Each dot is a host: its time divided by the fleet's centre. Hollow and grey: like the rest.",
    lacks=_lacks,
    table=table,
    draw=draw,
    alt=_alt,
    details=_details,
)
