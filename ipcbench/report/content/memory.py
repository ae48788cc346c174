"""The memory that all processes of a case take together: which cases have one, and the table of it."""

from __future__ import annotations

import pandas as pd

from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.text import count
from ipcbench.units import format_size

MOST_QUESTIONS = 5


def about_memory(study: Study) -> pd.DataFrame:
    """Return the rows of the summary whose memory is known, under the setting shown, without controls."""
    summary = study.summary
    return summary[summary["memory"].notna() & summary["ranked"] & in_setting(summary, study.setting)]


def by_mechanisms(known: pd.DataFrame) -> list[str]:
    """Return the questions of these rows, those with most mechanisms first."""
    many = known.groupby("question")["mechanism"].nunique().sort_values(ascending=False, kind="stable")
    return [str(question) for question in many.index]


def memory(study: Study) -> Table | None:
    """Return a row for each mechanism and a column for each of the questions with most mechanisms; None without memory.

    A question is shown at its largest payload, and there with its most workers.
    """
    known = about_memory(study)
    if known.empty:
        return None
    columns: list[str] = []
    cells: dict[tuple[str, int], float] = {}
    for question in by_mechanisms(known)[:MOST_QUESTIONS]:
        cases = known[known["question"] == question]
        cases = cases[cases["size"] == cases["size"].max()]
        cases = cases[cases["workers"] == cases["workers"].max()]
        first = cases.iloc[0]
        columns.append(f"{question}, {format_size(first['size'])}, {count(int(first['workers']), 'worker')}")
        cells |= {(row.mechanism, len(columns)): row.memory for row in records(cases)}
    names = sorted({name for name, _ in cells}, key=lambda name: [cells.get((name, 1), 1e18), name])
    rows = [[name, *(_word(cells.get((name, column))) for column in range(1, len(columns) + 1))] for name in names]
    values = {(names.index(name), column): each for (name, column), each in cells.items()}
    caption = "Memory of all processes: private memory of each, and shared memory once, after the timed turns."
    return Table(caption, ["Mechanism", *columns], rows, values=values)


def _word(used: float | None) -> str:
    return format_size(used) if used else ""
