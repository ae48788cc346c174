"""summary.md: the answers and the main tables, small enough for a pull-request comment."""

from __future__ import annotations

from collections.abc import Sequence

from ipcbench.report.content.absence import absent
from ipcbench.report.content.codecs import codecs
from ipcbench.report.content.findings import cautions, nothing, opening
from ipcbench.report.content.memory import memory
from ipcbench.report.content.rows import by_size, environment, pythons, tails, which_one
from ipcbench.report.content.study import Study
from ipcbench.report.content.words import markdown
from ipcbench.report.embed.snippets import snippet
from ipcbench.report.files.pictures import Picture
from ipcbench.report.page.markdown import table, within
from ipcbench.results.schema import LONGEST_TEXT
from ipcbench.text import safe_text

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
    parts.append(table(first) if first else nothing(study.summary))
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
    if coded := codecs(study):
        parts += ["## Codecs", table(coded)]
    if used := memory(study):
        parts += ["## Memory", table(used)]
    if versions:
        parts += ["## Pythons compared", table(versions)]
    missing = absent(study.summary)
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


def _fenced(*commands: str) -> str:
    """Return a code block, with a fence longer than any run of backticks in it."""
    lines = [safe_text(command, LONGEST_TEXT) for command in commands]
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return "\n".join([f"{fence}sh", *lines, fence])
