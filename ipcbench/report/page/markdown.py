"""summary.md: the answers and the main tables, small enough for a pull-request comment."""

from __future__ import annotations

from collections.abc import Sequence

from ipcbench.report.content.findings import NOTHING, cautions, opening
from ipcbench.report.content.rows import by_size, environment, pythons, tails, which_one
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import markdown
from ipcbench.report.embed.snippets import snippet
from ipcbench.report.files.pictures import Picture
from ipcbench.report.page.html import absent
from ipcbench.results.schema import LONGEST_TEXT
from ipcbench.text import count, safe_text

LARGEST = 60_000  # bytes; a comment on GitHub takes 65,536 characters
MOST_ROWS = 40
MAIN = ("slowdown-matrix", "winner-map")


def summary(study: Study, drawn: Sequence[Picture]) -> str:
    """Return the summary, with the two main charts of those drawn; their files are in charts/ beside it."""
    counts = "; ".join(f"{number} {markdown(verdict)}" for verdict, number in study.badge)
    record = study.record
    parts = [
        f"# ipcbench: {markdown(record.label, 100)}",
        f"{counts} · {study.rounds} · {markdown(study.machine)}",
    ]
    if not record.complete:
        parts.append("**This run was interrupted:** it holds the complete rounds only.")
    if record.mixed:
        about = markdown("; ".join(record.mixed), 400)
        parts.append(f"**This run is mixed:** parts of it were measured under other conditions: {about}.")
    parts += [f"**{markdown(doubt, 1000)}**" for doubt in study.doubts]
    first = opening(study)
    parts.append(table(first) if first else NOTHING)
    parts += [markdown(caution, 300) for caution in cautions(study.summary)]
    parts.append(f"**{markdown(study.check.words(), 300)}.** {markdown(study.check.details(), 600)}")
    if study.warnings:
        parts += ["## Traps in this run", "\n".join(f"- {markdown(text, 1000)}" for text in study.warnings)]
    if study.remarks:
        parts += ["## Remarks", "\n".join(f"- {markdown(text, 1000)}" for text in study.remarks)]
    parts += [snippet(picture.id, picture.entry, "github", "") for picture in main_charts(drawn)]
    parts += ["## Which mechanism?", *(table(found) for found in which_one(study))]
    sizes = by_size(study)
    if sizes:
        parts += ["## Round trips by payload size", table(sizes)]
    single, versions = tails(study), pythons(study)
    if single:
        parts += ["## How slow are the slowest messages?", table(single)]
    if versions:
        parts += ["## Pythons compared", table(versions)]
    missing = absent(study)
    if missing.rows:
        parts += ["## Cases without a number", table(missing)]
    details = f"<details><summary>Machine and settings</summary>\n\n{table(environment(study))}\n\n</details>"
    parts += [details, "## Reproduce this run", _fenced(record.command)]
    return within(parts, "The rest is in report.html: this file would be too large with it.")


def main_charts(drawn: Sequence[Picture]) -> list[Picture]:
    """Return the two charts to look at first: those of MAIN, or the next that were drawn."""
    there = [picture for picture in drawn if not picture.missing]
    first = [picture for picture in there if picture.id in MAIN]
    return [*first, *(picture for picture in there if picture.id not in MAIN)][: len(MAIN)]


def table(of: Table) -> str:
    """Write a table, with as many rows as fit a comment."""
    header = [markdown(name) or " " for name in of.header]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for place, row in enumerate(of.rows[:MOST_ROWS]):
        cells = [
            f"**{markdown(cell)}**" if (place, column) in of.strong else markdown(cell)
            for column, cell in enumerate(row)
        ]
        lines.append(f"| {' | '.join(cells)} |")
    left = len(of.rows) - MOST_ROWS
    rest = f"\n\n{count(left, 'more row')} in report.html." if left > 0 else ""
    return f"{markdown(of.caption)}\n\n" + "\n".join(lines) + rest


def _fenced(*commands: str) -> str:
    """Return a code block, with a fence longer than any run of backticks in it."""
    lines = [safe_text(command, LONGEST_TEXT) for command in commands]
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return "\n".join([f"{fence}sh", *lines, fence])


def within(parts: Sequence[str], rest: str) -> str:
    """Join the parts that fit a comment; if some do not, end with `rest`, which says where they are."""
    kept: list[str] = []
    room = LARGEST
    for part in parts:
        room -= len(part.encode()) + 2
        if room < 0:
            kept.append(rest)
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"
