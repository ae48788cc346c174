"""`ipcbench conformance`: test whether a mechanism keeps the contract."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import click

from ipcbench.cli.output import say
from ipcbench.errors import NotSaved
from ipcbench.report.content.words import markdown
from ipcbench.results.writing import write_whole
from ipcbench.testing.conformance import MOST_NAMED, Judgement, Verdict, judge
from ipcbench.text import safe_text

BROKEN = 3
NARROWEST, WIDEST = 60, 120
_LONGEST = 400


@click.command("conformance")
@click.argument("name", metavar="MECHANISM")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the verdicts to this file as Markdown.",
)
def command(name: str, report: Path | None) -> int:
    """Test whether a mechanism keeps the contract, for authors of mechanisms.

    \b
    Examples:
      ipcbench conformance pipe
      ipcbench conformance my-ring --report conformance.md

    MECHANISM is built in or comes from an installed package. The command tests all nine rules of the contract with real
    processes, under every start method that the mechanism declares. It prints a verdict for each rule, the reason if
    the rule is broken, and a badge. A rule about something that the mechanism does not claim is skipped with the
    reason. The test takes 2 to 30 seconds.

    The exit code is 0 if every rule that applies is kept, 3 if one is broken, 2 if there is no such mechanism, and 8 if
    this machine lacks something that the mechanism needs.
    """
    found = judge(name)
    for line in lines(found, shutil.get_terminal_size((80, 24)).columns):
        click.echo(line)
    if report is not None:
        _write(report, document(found))
        say(f"written: {report}")
    return 0 if found.kept else BROKEN


def lines(found: Judgement, width: int) -> list[str]:
    """Return the verdicts in lines of at most `width` characters, then the badge as text and as Markdown."""
    width = max(NARROWEST, min(width, WIDEST)) - 1
    head = f"{safe_text(found.name)}: {safe_text(found.title)}" if found.title else safe_text(found.name)
    about = f"{safe_text(found.origin)}, Python {found.python}, {found.seconds:.0f} s"
    rows = textwrap.wrap(head, width) + textwrap.wrap(about, width) + [""]
    for verdict in found.verdicts:
        rows += _rows(verdict, width)
    return [*rows, "", safe_text(found.badge), badge_markdown(found)]


def document(found: Judgement) -> str:
    """Return the verdicts as a Markdown document."""
    rows = ["| rule | requires that | verdict |", "|---|---|---|"]
    for verdict in found.verdicts:
        rule = verdict.rule
        rows.append(f"| {rule.number} {rule.name} | {rule.says} | {verdict.state} |")
    details = [
        f"- rule {verdict.rule.number}, {verdict.state}: {markdown(safe_text(why, _LONGEST))}"
        for verdict in found.verdicts
        for why in verdict.why
    ]
    about = (
        f"{markdown(safe_text(found.title))}. Tested with {markdown(safe_text(found.origin))}, Python {found.python}."
    )
    parts = [f"# Conformance of {markdown(safe_text(found.name))}", badge_markdown(found), about, "\n".join(rows)]
    return "\n\n".join([*parts, *(["\n".join(details)] if details else [])]) + "\n"


def badge_markdown(found: Judgement) -> str:
    """Return the badge for a README as Markdown text, without an image from a server."""
    head, _, rest = safe_text(found.badge).partition(": ")
    return f"**{head}**: {markdown(rest)}"


def _rows(verdict: Verdict, width: int) -> list[str]:
    rule = verdict.rule
    start = f"{rule.number}  {verdict.state:8} {rule.name}: "
    rows = textwrap.wrap(rule.says, width, initial_indent=start, subsequent_indent=" " * 12)
    for why in verdict.why[:MOST_NAMED]:
        rows += textwrap.wrap(safe_text(why, _LONGEST), width, initial_indent=" " * 12, subsequent_indent=" " * 14)
    more = len(verdict.why) - MOST_NAMED
    return rows + ([f"{'':12}and {more} more"] if more > 0 else [])


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode(), replace=True)
    except OSError as error:
        raise NotSaved(f"{path}: cannot write: {error.strerror}; choose another --report") from error
