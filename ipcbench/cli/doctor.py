"""`ipcbench doctor`: what about this machine decides the numbers, and what to do about it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ipcbench.shell import pasted
from ipcbench.text import safe_text

if TYPE_CHECKING:
    from rich.table import Table

    from ipcbench.machine.finding import Finding
    from ipcbench.model import Capabilities

NOTHING_HERE = 8
MOST_WARNED = 2  # lines before a run
NARROWEST, WIDEST, ROOMY = 60, 140, 100
_STYLES = {"warning": "bold", "note": "", "good": "dim"}


@click.command("doctor")
@click.option(
    "--format", "how", type=click.Choice(["table", "json"]), default="table", help="table (default), or json."
)
def command(how: str) -> int:
    """Say what about this machine decides the numbers, what it does to them, and what to do.

    Warnings come first; a note is worth knowing. Takes less than a second, needs no rights and changes nothing. What is
    found stands in every results file, and `run` and `all` print the warnings before they measure.

    Exit code 0, also with warnings; 8 if nothing can be measured here.
    """
    from ipcbench.machine.doctor import examine
    from ipcbench.machine.facts import capabilities

    findings, reason = examine(), why_nothing(capabilities())
    if how == "json":
        click.echo(json.dumps(document(findings, reason), indent=2))
    else:
        click.echo(table(findings, shutil.get_terminal_size((80, 24)).columns, sys.stdout.isatty()), nl=False)
        click.echo(last_line(findings, reason))
    return NOTHING_HERE if reason else 0


def why_nothing(offer: Capabilities) -> str | None:
    """Why no mechanism at all can be measured on a machine that offers this; None if one can."""
    from ipcbench.plan import catalog

    ranked = [found for found in catalog.mechanisms() if found.ranked]
    reasons = [found.missing() or (offer.semaphores if found.semaphores else None) for found in ranked]
    return None if None in reasons else reasons[0]


def document(findings: Sequence[Finding], reason: str | None) -> dict[str, object]:
    """What `--format json` prints."""
    return {
        "findings": [asdict(finding) for finding in findings],
        "warnings": _many(findings, "warning"),
        "notes": _many(findings, "note"),
        "summary": last_line(findings, reason),
    }


def table(findings: Sequence[Finding], width: int, colour: bool) -> str:
    """The findings for a terminal of this width: four columns, or where that is narrow three."""
    from rich.console import Console

    page = io.StringIO()  # rich would end the process itself where nobody reads
    width = max(NARROWEST, min(width, WIDEST))
    console = Console(file=page, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(_grid(findings, width >= ROOMY))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _grid(findings: Sequence[Finding], roomy: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, show_edge=False)
    grid.add_column("what", width=14)
    grid.add_column("value", ratio=4 if roomy else 5)
    if roomy:
        grid.add_column("what it does to numbers", ratio=9)
        grid.add_column("what to do", ratio=7)
    else:
        grid.add_column("what it does to numbers → what to do", ratio=11)
    for finding in findings:
        bad = finding.level != "good"
        effect, advice = (safe_text(text, 400) if bad else "" for text in (finding.effect, finding.advice))
        about = [effect, advice] if roomy else [f"{effect} → {advice}" if advice else effect]
        name = f"{'! ' if finding.level == 'warning' else ''}{safe_text(finding.name)}"
        cells = [name, safe_text(finding.value), *about]
        grid.add_row(*(Text(cell) for cell in cells), style=_STYLES[finding.level])
    return grid


def last_line(findings: Sequence[Finding], reason: str | None) -> str:
    """How much was found, and what it comes to."""
    warnings, notes = _many(findings, "warning"), _many(findings, "note")
    if reason:
        comes_to = f"there will be none: {safe_text(reason)}"
    elif warnings:
        comes_to = "vary more than they need to"
    elif notes:
        comes_to = "hold for the machine as it is set now"
    else:
        comes_to = "be as steady as they get"
    counted = f"{warnings} warning{'' if warnings == 1 else 's'}, {notes} note{'' if notes == 1 else 's'}"
    return f"{counted}: {comes_to}" if reason else f"{counted}: numbers here will {comes_to}"


def warning_lines(findings: Sequence[Finding]) -> list[str]:
    """What is said before a run: a line for each of the first two warnings, or one and how many more there are."""
    warned = [finding for finding in findings if finding.level == "warning"]
    shown = warned if len(warned) <= MOST_WARNED else warned[: MOST_WARNED - 1]
    lines = [f"warning: {finding.name}: {finding.value}. {finding.effect}" for finding in shown]
    left = warned[len(shown) :]
    if left:
        names = ", ".join(f"{finding.name}: {finding.value}" for finding in left)
        lines.append(f"warning: {names}; for more: {pasted('doctor')}")
    return lines


def _many(findings: Sequence[Finding], level: str) -> int:
    return sum(finding.level == level for finding in findings)
