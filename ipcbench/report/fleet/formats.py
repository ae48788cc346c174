"""A survey of many hosts as text for a terminal, as Markdown, as JSON and as CSV."""

from __future__ import annotations

import json

import pandas as pd

from ipcbench.analysis.difference import WORTH
from ipcbench.analysis.fleet.gather import CLASS, notes
from ipcbench.report.comparison.formats import as_records, picture, plain, written
from ipcbench.report.content.tables import csv
from ipcbench.report.content.words import markdown
from ipcbench.report.fleet.words import Survey, parts, sentences, worst_first
from ipcbench.report.page.markdown import within
from ipcbench.report.page.terminal import printed
from ipcbench.text import safe_text


def terminal(survey: Survey, everything: bool, width: int) -> str:
    """Return the survey as text of at most `width` characters a line."""
    return printed(parts(survey, everything), width)


def as_markdown(survey: Survey, everything: bool) -> str:
    """Return Markdown that fits a comment on a pull request; it says what is left out."""
    said, first = parts(survey, everything), sentences(survey)
    lines = [f"# ipcbench: {markdown(survey.title, 100)}", *map(written, first)]
    lines += [picture(chart, alt) for chart, alt in survey.charts]
    lines += [written(part) for part in said[len(first) :]]
    return within(lines, "The rest is too large for a comment: `--format json` has everything.")


def as_csv(survey: Survey) -> str:
    """Return a row per host as CSV, the farthest first, with full precision."""
    return csv(_clean(worst_first(survey.outliers.hosts)))


def cases_csv(survey: Survey) -> str:
    """Return a row per case as CSV: the fleet's centre in seconds, and the range of the hosts' ratios."""
    return csv(_clean(survey.outliers.cases))


def as_json(survey: Survey) -> str:
    """Return everything as JSON."""
    outliers = survey.outliers
    document = {
        "title": survey.title,
        "worth": WORTH,
        "spread": outliers.spread if outliers.spread == outliers.spread else None,
        "groups": outliers.groups,
        "groups_apart": outliers.factor if outliers.factor == outliers.factor else None,
        "notes": notes(survey.fleet),
        "left_out": survey.fleet.left_out,
        "classes": [dict(zip(("hosts", *CLASS), (many, *facts), strict=True)) for facts, many in outliers.classes],
        "hosts": as_records(worst_first(outliers.hosts)),
        "families": as_records(outliers.families),
        "odd": as_records(outliers.odd),
        "cases": as_records(outliers.cases),
        "winners": as_records(survey.winners.blocks),
        "changes": as_records(survey.winners.changes),
    }
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False, default=plain) + "\n"


def _clean(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(lambda cell: safe_text(cell, 300) if isinstance(cell, str) else cell)
