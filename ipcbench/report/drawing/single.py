"""Select the cases of the tail pattern, which times each operation, for a chart."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ipcbench.measure.api import load
from ipcbench.report.content.setting import brief, in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.words import listing
from ipcbench.report.drawing.chart import SHOWN, typical_size
from ipcbench.text import count


def offered(question: str) -> float | None:
    """Return the rate at which messages of an open loop of `tail` are due, per second; None for other questions."""
    return (load.offered(question) or None) if question.startswith("tail:") else None


def single_cases(about: Study, asked: Callable[[str], bool]) -> pd.DataFrame:
    """Return the ranked cases with a time of the questions that `asked` accepts, at the typical payload.

    They are under the setting shown. Columns: SHOWN, `key` (the case in `about.delays`) and those of
    `analysis.percentiles.percentiles`.
    """
    cases = _planned(about, asked)
    cases = cases[cases["seconds"].notna()].merge(about.tails.rename(columns={"case": "key"}), on="key", how="inner")
    return cases[cases["size"] == typical_size(cases)].reset_index(drop=True)


def lacks_cases(about: Study, asked: Callable[[str], bool], none: str) -> str:
    """Return a sentence that says why there are no such cases: `none` if none was planned; empty if there are some."""
    planned = _planned(about, asked, about.summary["ranked"])
    if planned.empty:
        return none
    here = _planned(about, asked)
    if here.empty:
        return f"This run has no tail case under {listing(brief(about.setting))}."
    if single_cases(about, asked).empty:
        found = [f"{number} {verdict}" for verdict, number in here["verdict"].value_counts().sort_index().items()]
        return f"None of {count(len(here), 'tail case')} has a number: {', '.join(found)}."
    return ""


def _planned(about: Study, asked: Callable[[str], bool], where: pd.Series[bool] | None = None) -> pd.DataFrame:
    summary = about.summary
    chosen = in_setting(summary, about.setting) & summary["ranked"] if where is None else where
    return summary.loc[chosen & summary["question"].map(asked).astype(bool), [*SHOWN, "key"]]
