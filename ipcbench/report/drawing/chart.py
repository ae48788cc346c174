"""A chart: an id, a question, a function that computes its table and one that draws it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.measure.api.load import is_loaded
from ipcbench.report.content.rows import exact
from ipcbench.report.content.setting import brief, in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import listing
from ipcbench.report.drawing.sheet import MARGIN, SMALLEST, WIDTH, wrap
from ipcbench.report.drawing.theme import Theme
from ipcbench.text import count, safe_text

SHOWN = [
    "case",
    "question",
    "mechanism",
    "short",
    "family",
    "carries",
    "wait",
    "size",
    "workers",
    "verdict",
    "reason",
    "notes",
    "seconds",
    "low",
    "high",
    "cpu",
    "rounds",
    "best",
    "slowdown",
    "slowdown_low",
    "slowdown_high",
    "tied",
    "rivals",
    "shape",
]

BLOCKING = ("block", "")  # the values of `wait` in charts of blocking mechanisms; empty if undeclared
EVERY = "all"  # the pattern of a chart that shows all patterns
LONGEST_ALT = 150  # characters, for screen readers

_SOME_VISITS = re.compile(r" in \d+ of \d+ visits\Z")

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True)
class Chart(Generic[Source]):
    """A chart of the Study of a run, or of a comparison.

    topic is the heading of the chart and title the question it answers. lacks returns a sentence that says why there is
    nothing to draw, or an empty string; table returns exactly what is drawn; draw opens no file and computes nothing
    but positions; alt returns the finding in words, with a figure, in at most 150 characters; details returns the table
    for readers of a page, as formatted text, under a caption. pattern names what was measured, or is EVERY. by_payload
    says whether the chart is drawn again for each other kind of payload of a run; payload is then the name of the kind.
    """

    id: str
    topic: str
    title: str
    caption: str
    lacks: Callable[[Source], str]
    table: Callable[[Source], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Theme], Figure]
    alt: Callable[[pd.DataFrame], str]
    details: Callable[[pd.DataFrame, str], Table] | None = exact
    pattern: str = ""
    by_payload: bool = False
    payload: str = ""


def needs(*patterns: str, sizes: int = 1, workers: int = 1) -> Callable[[Study], str]:
    """Return what a chart of some patterns lacks: a case, a number, or enough payload sizes or workers for a curve.

    Cases with work or at a rate do not count.
    """
    what = listing(patterns)

    def lacks(about: Study) -> str:
        cases = about.summary[about.summary["pattern"].isin(patterns) & ~about.summary["operation"].map(is_loaded)]
        asked = cases[in_setting(cases, about.setting)]
        if asked.empty:
            return f"This run has no {what} case{'' if cases.empty else f' under {listing(brief(about.setting))}'}."
        measured = asked[asked["seconds"].notna()]
        if measured.empty:
            found = [f"{number} {verdict}" for verdict, number in asked["verdict"].value_counts().sort_index().items()]
            return f"None of {count(len(asked), f'{what} case')} has a number: {', '.join(found)}."
        if measured["size"].nunique() < sizes:
            return f"A curve needs {sizes} payload sizes; this run has {count(measured['size'].nunique(), 'size')}."
        if measured["workers"].nunique() < workers:
            return f"A curve needs {workers} numbers of workers; this run has one of {what}."
        return ""

    return lacks


def doubts(table: pd.DataFrame) -> str:
    """Return the explanation of the * at numbers of a chart: all notes of its ok cases; empty if there are none.

    In how many visits a note was found is left out: it differs from case to case, and the tables say it.
    """
    found = (note for text in table.loc[table["seconds"].notna(), "notes"] for note in text.split("; ") if note)
    notes = {_SOME_VISITS.sub("", note) for note in found}
    return f"* {listing(sorted(notes), 4)}." if notes else ""


def doubt_lines(table: pd.DataFrame) -> list[str]:
    """Return `doubts` in at most three lines that fit under a chart in the smallest letters."""
    said = doubts(table)
    return wrap(said, WIDTH - 2 * MARGIN, SMALLEST)[:3] if said else []


def select(about: Study, *questions: str) -> pd.DataFrame:
    """Return the rows of these questions under the setting shown, without controls, with the columns SHOWN."""
    summary = about.summary
    chosen = summary["question"].isin(questions) & in_setting(summary, about.setting) & summary["ranked"]
    return summary.loc[chosen, SHOWN].reset_index(drop=True)


def told(*ways: str) -> str:
    """Return an alt text: the first of several texts, from long to short, that is short enough; the last is cut."""
    return next((way for way in ways if len(way) <= LONGEST_ALT), safe_text(ways[-1], LONGEST_ALT))


def common_sizes(measured: pd.DataFrame) -> list[int]:
    """Return the sizes, in bytes, that at least half of the mechanisms measured at several sizes have.

    measured has a row per mechanism and size. Mechanisms measured at one size count only if all have one size.
    """
    several = measured[measured.duplicated("mechanism", keep=False)]
    asked = several if len(several) else measured
    counts = asked.groupby("size")["mechanism"].nunique()
    return [int(size) for size in counts.index[2 * counts >= asked["mechanism"].nunique()]]


def typical_size(table: pd.DataFrame) -> int:
    """Return the payload, in bytes, for small messages: 64 B, or the nearest one measured."""
    sizes = sorted(table.loc[table["seconds"].notna(), "size"].unique())
    return int(min(sizes, key=lambda size: abs(size - 64))) if sizes else 0
