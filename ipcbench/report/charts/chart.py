"""What a chart is: an id, a question, a table that computes and a drawing that only draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ipcbench.report.text import count, listing
from ipcbench.report.theme import Theme

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


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of the report.

    topic is the heading it stands under and title the question it answers; table takes the ranked summary
    (`analysis.stats.rank`) and gives exactly what is drawn, one row per case; draw opens no file and computes nothing
    but places; alt says the finding in words.
    patterns are the patterns it is about, and least_sizes how many payload sizes it takes to be worth drawing.
    """

    id: str
    topic: str
    title: str
    caption: str
    patterns: tuple[str, ...]
    table: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Theme], Figure]
    alt: Callable[[pd.DataFrame], str]
    least_sizes: int = 1

    def missing(self, summary: pd.DataFrame) -> str:
        """Say why this chart cannot be drawn from a summary; empty where it can."""
        asked = summary[summary["pattern"].isin(self.patterns)]
        what = listing(self.patterns)
        if asked.empty:
            return f"This run has no {what} case."
        measured = asked[asked["seconds"].notna()]
        if measured.empty:
            found = [f"{number} {verdict}" for verdict, number in asked["verdict"].value_counts().sort_index().items()]
            return f"None of {count(len(asked), f'{what} case')} has a number: {', '.join(found)}."
        sizes = measured["size"].nunique()
        if sizes < self.least_sizes:
            return f"A curve needs {self.least_sizes} payload sizes; this run has {count(sizes, 'size')}."
        return ""


def records(table: pd.DataFrame) -> list[Any]:
    """The rows of a table as tuples whose fields are the columns."""
    return list(table.itertuples(index=False))


def doubts(table: pd.DataFrame) -> str:
    """Say what the * at numbers of a chart stands for: all notes of its ok cases; empty where there are none."""
    notes = {note for text in table.loc[table["seconds"].notna(), "notes"] for note in text.split("; ") if note}
    return f"* {listing(sorted(notes), 4)}." if notes else ""


SETTING = ["payload", "start_method", "placement", "python"]


def main_setting(summary: pd.DataFrame) -> tuple[str, ...]:
    """The kind of payload, start method and placement that most cases of a run share; charts show this one."""
    found = Counter(settings(summary))
    return min(found, key=lambda setting: (-found[setting], setting), default=("",) * len(SETTING))


def settings(summary: pd.DataFrame) -> list[tuple[str, ...]]:
    """The setting of each row."""
    return list(zip(*(summary[column] for column in SETTING), strict=True))


def in_main_setting(summary: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are of the main setting."""
    main = main_setting(summary)
    return pd.Series([setting == main for setting in settings(summary)], summary.index, dtype=bool)


def select(summary: pd.DataFrame, *questions: str) -> pd.DataFrame:
    """The rows of some questions under the main setting, without controls and baselines, with the columns SHOWN."""
    chosen = summary["question"].isin(questions) & in_main_setting(summary) & summary["ranked"]
    return summary.loc[chosen, SHOWN].reset_index(drop=True)


def typical_size(table: pd.DataFrame) -> int:
    """The payload, in bytes, to stand for small messages: 64 B, or else the measured one nearest to it."""
    sizes = sorted(table.loc[table["seconds"].notna(), "size"].unique())
    return int(min(sizes, key=lambda size: abs(size - 64))) if sizes else 0
