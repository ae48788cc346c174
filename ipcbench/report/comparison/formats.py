"""A comparison as text for a terminal, as Markdown, as JSON and as CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from ipcbench.analysis.compare.comparability import facts, notes
from ipcbench.analysis.difference import WORTH
from ipcbench.report.comparison.words import Comparison, Part, conclusion, doubts, ordered, parts
from ipcbench.report.content.tables import csv
from ipcbench.report.content.words import markdown
from ipcbench.report.page.markdown import within
from ipcbench.report.page.terminal import printed
from ipcbench.text import count, safe_text

MOST_ROWS = 60


def terminal(comparison: Comparison, everything: bool, width: int) -> str:
    """Return the comparison as text of at most `width` characters a line."""
    return printed(parts(comparison, everything), width)


def as_markdown(comparison: Comparison, everything: bool) -> str:
    """Return Markdown that fits a comment on a pull request; it says what is left out."""
    columns = [markdown(name, 60) for name in comparison.contrast.columns]
    said, summary = parts(comparison, everything), conclusion(comparison)
    lines = [f"# ipcbench: {', '.join(columns[1:])} against {columns[0]}"]
    lines += [written(sentence) for sentence in [*summary, *doubts(comparison)]]
    lines += [picture(chart, alt) for chart, alt in comparison.charts]
    lines += [written(part) for part in said if part not in [*summary, *doubts(comparison)]]
    return within(lines, "The rest is too large for a comment: `--format json` has everything.")


def picture(chart: str, alt: str) -> str:
    """Return a chart beside a Markdown file as HTML, for both themes."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="charts/{chart}-dark.svg">'
        f'<img alt="{_quoted(alt)}" src="charts/{chart}-light.svg"></picture>'
    )


def _quoted(text: str) -> str:
    """Escape untrusted text for an HTML attribute inside Markdown."""
    return markdown(text).replace('"', "&#34;")


def written(part: Part) -> str:
    """Return a sentence or a table as Markdown."""
    if isinstance(part, str):
        return markdown(part, 4000)
    lines = [f"| {' | '.join(markdown(name) or ' ' for name in part.header)} |", f"|{'---|' * len(part.header)}"]
    lines += [f"| {' | '.join(markdown(cell, 300) for cell in row)} |" for row in part.rows[:MOST_ROWS]]
    left = len(part.rows) - MOST_ROWS
    rest = f"\n\n{count(left, 'more row')}: `--format csv` has all." if left > 0 else ""
    return f"**{markdown(part.caption)}**\n\n" + "\n".join(lines) + rest


def as_csv(comparison: Comparison) -> str:
    """Return every row as CSV with full precision; times in seconds."""
    rows = ordered(comparison.contrast.table)
    return csv(rows.map(lambda cell: safe_text(cell, 300) if isinstance(cell, str) else cell))


def as_json(comparison: Comparison, failed: Mapping[str, Sequence[str]]) -> str:
    """Return everything as JSON; failed has the rows for which each condition of --fail-if is true."""
    contrast = comparison.contrast
    document = {
        "base": contrast.base,
        "columns": contrast.columns,
        "column": contrast.projection.column,
        "rows": list(contrast.projection.rows),
        "filters": [[name, list(values)] for name, values in contrast.projection.filters],
        "worth": WORTH,
        "drift": contrast.drift,
        "noise_floor": contrast.floors,
        "touched": {side.name: side.touched for side in comparison.sides},
        "sides": [{"name": side.name, "plain": side.plain, "facts": dict(side.facts)} for side in comparison.sides],
        "differing": [fact.name for fact in facts(comparison.sides) if not fact.same],
        "notes": notes(comparison.sides),
        "cases": as_records(ordered(contrast.table)),
        "families": as_records(contrast.families),
        "controls": as_records(contrast.controls),
        "missing": as_records(contrast.missing),
        "shapes": [
            {
                "base": shape.base,
                "other": shape.other,
                "winners": as_records(shape.winners),
                "agreement": as_records(shape.agreement),
                "crossings": [
                    {
                        "where": each.where,
                        "first": each.first,
                        "second": each.second,
                        "base": _numbers(each.base.size, each.base.low, each.base.high),
                        "other": _numbers(each.other.size, each.other.low, each.other.high),
                        "moved": each.moved,
                        "settled": each.settled,
                    }
                    for each in shape.crossings
                ],
            }
            for shape in comparison.shapes
        ],
        "failed": {condition: list(rows) for condition, rows in failed.items()},
    }
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False, default=plain) + "\n"


def plain(value: object) -> object:
    """Convert a NumPy number to a Python number."""
    item: Callable[[], object] = value.item  # type: ignore[attr-defined]
    return item()


def as_records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table for JSON, with null for NaN and infinity."""
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _numbers(*values: float) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
