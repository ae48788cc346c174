"""`ipcbench doctor`: check this machine for settings that distort measurements."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ipcbench.cli.exit_codes import NOTHING
from ipcbench.cli.output import say_prose
from ipcbench.shell import pasted
from ipcbench.text import count, safe_text

if TYPE_CHECKING:
    from rich.table import Table

    from ipcbench.machine.finding import Finding
    from ipcbench.machine.waking import Waking
    from ipcbench.model import Capabilities

MOST_WARNED = 2  # lines before a run
NARROWEST, WIDEST, ROOMY = 60, 140, 100
_STYLES = {"warning": "bold", "note": "", "good": "dim"}


@click.command("doctor")
@click.option(
    "--format",
    "how",
    type=click.Choice(["table", "json"]),
    default="table",
    metavar="FORMAT",
    help="table (default) or json.",
)
def command(how: str) -> int:
    """Check this machine for settings that distort measurements.

    \b
    Examples:
      ipcbench doctor
      ipcbench doctor --format json

    For each setting the command shows its value, its effect on measurements and a remedy, warnings first. Then it
    measures what waking a sleeping CPU adds to a round trip. It takes about two seconds, needs no privileges and
    changes nothing. Results files keep the findings, and 'ipcbench run' and 'ipcbench all' print the warnings before
    they measure.

    The exit code is 0, even with warnings, or 8 if nothing can be measured on this machine.
    """
    from ipcbench.machine.doctor import examine
    from ipcbench.machine.facts import capabilities
    from ipcbench.machine.waking import waking

    offer = capabilities()
    findings, reason, price = examine(), why_nothing(offer), waking(offer)
    if how == "json":
        click.echo(json.dumps(document(findings, reason, price), indent=2))
    else:
        click.echo(table(findings, shutil.get_terminal_size((80, 24)).columns, sys.stdout.isatty()), nl=False)
        say_prose(price if isinstance(price, str) else price.sentence)
        say_prose(last_line(findings, reason))
    return NOTHING if reason else 0


def why_nothing(offer: Capabilities) -> str | None:
    """Return why no mechanism can be measured on a machine with these capabilities; None if one can."""
    from ipcbench.plan import catalog

    ranked = [found for found in catalog.mechanisms() if found.ranked]
    reasons = [found.missing() or (offer.semaphores if found.semaphores else None) for found in ranked]
    return None if None in reasons else reasons[0]


def document(findings: Sequence[Finding], reason: str | None, price: Waking | str) -> dict[str, object]:
    """Return the findings as `--format json` prints them; the price of waking is null if it was not measured."""
    return {
        "findings": [asdict(finding) for finding in findings],
        "warnings": _many(findings, "warning"),
        "notes": _many(findings, "note"),
        "waking": None if isinstance(price, str) else price._asdict(),
        "summary": last_line(findings, reason),
    }


def table(findings: Sequence[Finding], width: int, colour: bool) -> str:
    """Return the findings as a table of four columns, or three on a narrow terminal; width is in characters."""
    from rich.console import Console

    page = io.StringIO()  # rich ends the process on a closed pipe, so it writes to memory
    width = max(NARROWEST, min(width, WIDEST))
    console = Console(file=page, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(_grid(findings, width >= ROOMY))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _grid(findings: Sequence[Finding], roomy: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, show_edge=False)
    grid.add_column("setting", width=14)
    grid.add_column("value", ratio=4 if roomy else 5)
    if roomy:
        grid.add_column("effect on measurements", ratio=9)
        grid.add_column("remedy", ratio=7)
    else:
        grid.add_column("effect → remedy", ratio=11)
    for finding in findings:
        bad = finding.level != "good"
        effect, advice = (safe_text(text, 400) if bad else "" for text in (finding.effect, finding.advice))
        about = [effect, advice] if roomy else [f"{effect} → {advice}" if advice else effect]
        name = f"{'! ' if finding.level == 'warning' else ''}{safe_text(finding.name)}"
        cells = [name, safe_text(finding.value), *about]
        grid.add_row(*(Text(cell) for cell in cells), style=_STYLES[finding.level])
    return grid


def last_line(findings: Sequence[Finding], reason: str | None) -> str:
    """Return the numbers of warnings and notes, and their consequence."""
    warnings, notes = _many(findings, "warning"), _many(findings, "note")
    if reason:
        consequence = f"nothing can be measured: {safe_text(reason)}"
    elif warnings:
        consequence = "results vary more than they need to; follow the remedies of the warnings"
    elif notes:
        consequence = "results hold for the machine as it is configured now"
    else:
        consequence = "results are as stable as they can be"
    return f"{count(warnings, 'warning')}, {count(notes, 'note')}: {consequence}"


def warning_lines(findings: Sequence[Finding]) -> list[str]:
    """Return the warnings to print before a run: two lines, or one and a line that lists the others."""
    warned = [finding for finding in findings if finding.level == "warning"]
    shown = warned if len(warned) <= MOST_WARNED else warned[: MOST_WARNED - 1]
    lines = [f"warning: {finding.name}: {finding.value}. {finding.effect}" for finding in shown]
    left = warned[len(shown) :]
    if left:
        names = ", ".join(f"{finding.name}: {finding.value}" for finding in left)
        lines.append(f"warning: {names}; for details: {pasted('doctor')}")
    return lines


def _many(findings: Sequence[Finding], level: str) -> int:
    return sum(finding.level == level for finding in findings)
