"""The long description of a chart: its content in sentences, for readers who cannot see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from ipcbench.report.content.tables import best_first, records
from ipcbench.report.content.words import listing
from ipcbench.report.files.manifest import LONGEST_DESC
from ipcbench.text import count, safe_text
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_size, format_time

MOST_PANELS = 16
_AXES = ("question", "size", "workers", "wait")  # mechanisms that block and that spin are never ranked together


def describe(table: pd.DataFrame) -> str:
    """Describe a chart from the table that it draws: what is drawn, then the best and the last of each part.

    The rows of a part share question, payload size, number of workers and way of waiting; in a comparison, panel and
    column. For a table with neither `seconds` nor `ratio`, only the axes are described.
    """
    said = [*_drawn(table)]
    if "ratio" in table and "panel" in table:
        said += _compared(table)
    elif "seconds" in table and "mechanism" in table:
        said += _measured(table)
    return safe_text(" ".join(said), LONGEST_DESC)


def _drawn(table: pd.DataFrame) -> Iterator[str]:
    """Yield what the chart shows: its mechanisms, sizes, workers and so on."""
    parts = [count(len(table), "row")]
    if "mechanism" in table:
        names = sorted(set(table["mechanism"].astype(str)))
        parts = [f"{count(len(names), 'mechanism')} ({listing(names, 60)})"]
    if "size" in table:
        sizes = sorted(set(table["size"]))
        parts.append(f"{count(len(sizes), 'payload size')} ({listing((format_size(size) for size in sizes), 20)})")
    if "workers" in table and table["workers"].nunique() > 1:
        parts.append(f"{listing((str(number) for number in sorted(set(table['workers']))), 20)} workers")
    yield f"Drawn: {', '.join(parts)}."
    if "seconds" in table and "verdict" in table:
        missing = table.loc[table["seconds"].isna(), "verdict"].value_counts().sort_index()
        if len(missing):
            yield f"Without a number: {', '.join(f'{many} {verdict}' for verdict, many in missing.items())}."


def _measured(table: pd.DataFrame) -> Iterator[str]:
    known = table[table["seconds"].notna()]
    by = [name for name in _AXES if name in table and (name == "size" or known[name].nunique() > 1)]
    parts = list(known.groupby(by, sort=True)) if by and len(known) else [((), known)] if len(known) else []
    for place, rows in parts[:MOST_PANELS]:
        yield _best_and_last(dict(zip(by, place, strict=True)), rows)
    if len(parts) > MOST_PANELS:
        yield f"And {count(len(parts) - MOST_PANELS, 'further part')}, which the table has."


def _best_and_last(place: dict[str, object], rows: pd.DataFrame) -> str:
    ordered = records(best_first(rows))
    first, last = next((row for row in ordered if getattr(row, "best", False)), ordered[0]), ordered[-1]
    said = f"{_place(place)}: {first.mechanism} is best with {_value(first)}"
    if len(ordered) == 1:
        return f"{said}, the only one."
    behind = getattr(last, "slowdown", math.nan)
    times = behind if behind == behind else last.seconds / first.seconds
    return f"{said}; {last.mechanism} is last with {_value(last)}, {format_ratio(times)} as long."


def _place(place: dict[str, object]) -> str:
    words: dict[str, Callable[[Any], str]] = {
        "question": str,
        "size": format_size,
        "workers": lambda value: count(int(value), "worker"),
        "wait": lambda value: {"block": "blocking", "spin": "spinning"}.get(value, str(value)),
    }
    return ", ".join(words[name](value) for name, value in place.items()) or "Over all"


def _value(row: object) -> str:
    for name, write in (("bandwidth", format_bandwidth), ("rate", format_rate), ("seconds", format_time)):
        value = getattr(row, name, None)
        if value is not None:
            return write(value)
    return ""


def _compared(table: pd.DataFrame) -> Iterator[str]:
    known = table[table["ratio"].notna()]
    for (panel, other), rows in list(known.groupby(["panel", "other"], sort=False))[:MOST_PANELS]:
        ordered = records(rows.sort_values(["ratio", "mechanism"]))
        first, last = ordered[0], ordered[-1]
        yield (
            f"{panel}, {other} against {first.base}: {first.mechanism} takes {format_ratio(first.ratio)} as long, "
            f"{last.mechanism} {format_ratio(last.ratio)}."
        )
