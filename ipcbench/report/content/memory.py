"""The table of memory: what all processes of a case take together, at the largest payload of each question."""

from __future__ import annotations

from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.text import count
from ipcbench.units import format_size

MOST_QUESTIONS = 5


def memory(study: Study) -> Table | None:
    """Return a row for each mechanism and a column for each of the questions with most mechanisms; None without memory.

    A question is shown at its largest payload, and there with its most workers.
    """
    summary = study.summary
    known = summary[summary["memory"].notna() & summary["ranked"] & in_setting(summary, study.setting)]
    if known.empty:
        return None
    many = known.groupby("question")["mechanism"].nunique().sort_values(ascending=False, kind="stable")
    columns: list[str] = []
    cells: dict[tuple[str, int], float] = {}
    for question in many.index[:MOST_QUESTIONS]:
        cases = known[known["question"] == question]
        cases = cases[cases["size"] == cases["size"].max()]
        cases = cases[cases["workers"] == cases["workers"].max()]
        first = cases.iloc[0]
        columns.append(f"{question}, {format_size(first['size'])}, {count(int(first['workers']), 'worker')}")
        cells |= {(row.mechanism, len(columns)): row.memory for row in records(cases)}
    names = sorted({name for name, _ in cells}, key=lambda name: [cells.get((name, 1), 1e18), name])
    numbers = [[cells.get((name, column)) for column in range(1, len(columns) + 1)] for name in names]
    rows = [
        [name, *(format_size(each) if each else "" for each in row)] for name, row in zip(names, numbers, strict=True)
    ]
    values = {(place, column): each for place, row in enumerate(numbers) for column, each in enumerate(row, 1) if each}
    caption = "Memory of all processes: private memory of each, and shared memory once, after the timed turns."
    rows = [[name, *row] for name, row in zip(names, words, strict=True)]
    return Table(caption, ["Mechanism", *columns], rows, values=values)
